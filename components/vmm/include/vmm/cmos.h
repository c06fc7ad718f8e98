/* SPDX-License-Identifier: BSD-2-Clause */
/* MC146818 real-time clock and CMOS memory of a PC, ports 70h and 71h. */
#ifndef VMM_CMOS_H
#define VMM_CMOS_H

#include <stdbool.h>
#include <stdint.h>
#include <vmm/clock.h>
#include <vmm/line.h>
#include <vmm/ports.h>

#define VMM_CMOS_SIZE 128

struct vmm_cmos {
    uint8_t bytes[VMM_CMOS_SIZE];
    uint8_t index;
    struct vmm_clock *clock;
    struct vmm_line irq;
    uint64_t epoch; /* Unix time, seconds, at TSC 0 */
    struct vmm_timer timer;
    uint64_t flags_count; /* periods that were reported in register C */
};

/* `memory`: bytes of RAM below 4 GiB, from address 0 on; `unix_time`: of clock->now. */
void vmm_cmos_init(struct vmm_cmos *cmos, struct vmm_clock *clock, struct vmm_line irq,
                   uint64_t memory, uint64_t unix_time);

bool vmm_cmos_add_ports(struct vmm_cmos *cmos, struct vmm_ports *ports);

#endif
