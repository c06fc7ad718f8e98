/* SPDX-License-Identifier: BSD-2-Clause */
/* ACPI's fixed hardware (ACPI specification 6.4, chapter 4.8.3). */
#include <vmm/acpi_pm.h>

#define STATUS          0 /* of the event registers */
#define ENABLE          2

#define TIMER_EVENT     0x0001 /* TMR_STS, TMR_EN */
#define ENABLE_WRITABLE 0x0521 /* timer, global lock, power button, clock: 4.8.3.1.2 */

#define SCI_EN          0x0001
#define SLP_TYP_SHIFT   10
#define SLP_TYP_MASK    7u
#define SLP_EN          0x2000 /* reads 0 */
#define WRITABLE        0x1c02 /* SLP_TYP, BM_RLD: 4.8.3.2.1 */

#define TIMER_HIGHEST   31 /* bit: the timer has 32, as the flag TMR_VAL_EXT says */

/* How often the timer's highest bit has changed. */
static uint64_t changes(const struct vmm_acpi_pm *pm)
{
    return vmm_clock_count(pm->clock, VMM_ACPI_TIMER_HZ) >> TIMER_HIGHEST;
}

static uint16_t status(const struct vmm_acpi_pm *pm)
{
    return changes(pm) != pm->acknowledged ? TIMER_EVENT : 0;
}

/* Level of the interrupt, and when it will change by itself. */
static void update(struct vmm_acpi_pm *pm)
{
    uint64_t deadline = VMM_NEVER;

    vmm_line_set(&pm->sci, status(pm) & pm->enable);
    if ((pm->enable & TIMER_EVENT) && !status(pm))
        deadline =
            vmm_clock_when(pm->clock, VMM_ACPI_TIMER_HZ, (pm->acknowledged + 1) << TIMER_HIGHEST);
    vmm_timer_set(pm->clock, &pm->timer, deadline);
}

static void expired(void *context)
{
    update(context);
}

static uint32_t event_read(void *device, uint16_t port, unsigned size)
{
    const struct vmm_acpi_pm *pm = device;
    uint32_t both = status(pm) | (uint32_t)pm->enable << ENABLE * 8;

    (void)size;
    return both >> (port - pm->first - VMM_ACPI_PM_EVENT) * 8;
}

/* Bytes, of which wider accesses are made: each register has two. */
static void event_write(void *device, uint16_t port, unsigned size, uint32_t value)
{
    struct vmm_acpi_pm *pm = device;
    unsigned offset = port - pm->first - VMM_ACPI_PM_EVENT, shift = (offset & 1) * 8;

    (void)size;
    if (offset == STATUS && (value & TIMER_EVENT))
        pm->acknowledged = changes(pm);
    else if (offset >= ENABLE)
        pm->enable = (uint16_t)(((pm->enable & ~(0xffu << shift)) | (value & 0xff) << shift) &
                                ENABLE_WRITABLE);
    update(pm);
}

static uint32_t control_read(void *device, uint16_t port, unsigned size)
{
    const struct vmm_acpi_pm *pm = device;

    (void)size;
    return (uint32_t)pm->control >> (port - pm->first - VMM_ACPI_PM_CONTROL) * 8;
}

static void control_write(void *device, uint16_t port, unsigned size, uint32_t value)
{
    struct vmm_acpi_pm *pm = device;
    unsigned shift = (port - pm->first - VMM_ACPI_PM_CONTROL) * 8u;
    uint32_t mask = (size == 1 ? 0xffu : 0xffffu) << shift, written = value << shift & mask;

    pm->control = (uint16_t)(((pm->control & ~mask) | written) & WRITABLE) | SCI_EN;
    if ((written & SLP_EN) && (pm->control >> SLP_TYP_SHIFT & SLP_TYP_MASK) == VMM_ACPI_SLEEP_OFF)
        pm->reset->power_off = true;
}

static uint32_t timer_read(void *device, uint16_t port, unsigned size)
{
    const struct vmm_acpi_pm *pm = device;
    uint32_t value = (uint32_t)vmm_clock_count(pm->clock, VMM_ACPI_TIMER_HZ);

    (void)size;
    return value >> (port - pm->first - VMM_ACPI_PM_TIMER) * 8;
}

void vmm_acpi_pm_init(struct vmm_acpi_pm *pm, struct vmm_clock *clock, struct vmm_line sci,
                      struct vmm_reset *reset)
{
    *pm = (struct vmm_acpi_pm){.clock = clock, .sci = sci, .reset = reset, .control = SCI_EN};
    pm->timer = (struct vmm_timer){.deadline = VMM_NEVER, .expired = expired, .context = pm};
    pm->acknowledged = changes(pm);
}

bool vmm_acpi_pm_add_ports(struct vmm_acpi_pm *pm, struct vmm_ports *ports, uint16_t first)
{
    const uint16_t event = first + VMM_ACPI_PM_EVENT, control = first + VMM_ACPI_PM_CONTROL,
                   timer = first + VMM_ACPI_PM_TIMER;
    const struct vmm_port_range ranges[] = {
        {event, (uint16_t)(event + 3), 1, event_read, event_write, pm},
        {control, (uint16_t)(control + 1), 2, control_read, control_write, pm},
        {timer, (uint16_t)(timer + 3), 4, timer_read, NULL, pm},
    };

    pm->first = first;
    for (unsigned i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (!vmm_ports_add(ports, &ranges[i]))
            return false;
    return true;
}
