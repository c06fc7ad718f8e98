/* SPDX-License-Identifier: BSD-2-Clause */
/* ACPI's fixed hardware (ACPI specification 6.4, chapter 4.8.3): PM1a event and control registers,
 * power management timer. It is always in ACPI mode; nothing wakes or sleeps, but it goes off. */
#ifndef VMM_ACPI_PM_H
#define VMM_ACPI_PM_H

#include <stdbool.h>
#include <stdint.h>
#include <vmm/clock.h>
#include <vmm/line.h>
#include <vmm/ports.h>
#include <vmm/reset.h>

/* Ports behind the first one. */
#define VMM_ACPI_PM_EVENT   0 /* status and enable registers, 2 bytes each */
#define VMM_ACPI_PM_CONTROL 4 /* 2 bytes */
#define VMM_ACPI_PM_TIMER   8 /* 4 bytes */
#define VMM_ACPI_PM_PORTS   16

#define VMM_ACPI_TIMER_HZ   3579545u /* 4.8.3.3 */
#define VMM_ACPI_SLEEP_OFF  5        /* SLP_TYP of the soft-off state S5 (src/board.asl) */

struct vmm_acpi_pm {
    struct vmm_clock *clock;
    struct vmm_line sci;
    struct vmm_reset *reset; /* its power_off is set when the guest switches the machine off */
    uint16_t first;          /* port */
    uint16_t enable, control;
    uint64_t acknowledged;  /* changes of the timer's highest bit when TMR_STS was reset */
    struct vmm_timer timer; /* the next change, while the guest wants an interrupt of it */
};

void vmm_acpi_pm_init(struct vmm_acpi_pm *pm, struct vmm_clock *clock, struct vmm_line sci,
                      struct vmm_reset *reset);

/* VMM_ACPI_PM_PORTS ports from `first` on, a multiple of that. False like vmm_ports_add(). */
bool vmm_acpi_pm_add_ports(struct vmm_acpi_pm *pm, struct vmm_ports *ports, uint16_t first);

#endif
