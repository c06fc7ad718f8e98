/* SPDX-License-Identifier: BSD-2-Clause */
/* How a guest reaches the registers of its local APIC: a page of memory, or MSRs. */
#include <vmm/lapic.h>
#include <x86/apic.h>
#include <x86/msr.h>

#define PAGE      0x1000u
#define HIGH_BYTE 0xff000000u /* where xAPIC mode has IDs */
#define DFR_BITS  0xf0000000u

/* The bits that WRMSR can set; others, and all registers that are not here, raise #GP (SDM vol. 3,
 * 10.12.1.2). */
static const struct writable {
    uint32_t offset;
    uint64_t bits;
} writables[] = {
    {X86_APIC_TPR, 0xff},
    {X86_APIC_EOI, 0},
    {X86_APIC_SVR, 0x13ff},
    {X86_APIC_ESR, 0},
    {X86_APIC_ICR_LOW, 0xffffffff000ccfffull},
    {X86_APIC_LVT_TIMER, 0x710ff},
    {X86_APIC_LVT_THERMAL, 0x117ff},
    {X86_APIC_LVT_PMI, 0x117ff},
    {X86_APIC_LVT_LINT0, 0x1f7ff},
    {X86_APIC_LVT_LINT1, 0x1f7ff},
    {X86_APIC_LVT_ERROR, 0x110ff},
    {X86_APIC_INIT_COUNT, UINT32_MAX},
    {X86_APIC_DIV_CONF, 0xb},
};

static bool may_write(uint32_t offset, uint64_t value)
{
    for (unsigned i = 0; i < sizeof(writables) / sizeof(writables[0]); i++)
        if (writables[i].offset == offset)
            return !(value & ~writables[i].bits);
    return false;
}

static bool x2apic_read(void *device, uint32_t msr, uint64_t *value)
{
    struct vmm_lapic *lapic = ((struct vmm_apic_bus *)device)->current;

    return vmm_lapic_is_x2apic(lapic) &&
           vmm_lapic_get(lapic, (msr - X86_MSR_X2APIC_FIRST) << 4, value);
}

/* An edge-triggered fixed interrupt; the ICR keeps what it has (10.12.11). */
static void self_ipi(struct vmm_lapic *lapic, uint8_t vector)
{
    const struct vmm_apic_message message = {.mode = X86_APIC_DELIVERY_FIXED, .vector = vector};

    (void)vmm_lapic_accept(lapic, &message);
}

bool vmm_lapic_written(struct vmm_lapic *lapic, uint32_t offset)
{
    if (offset != X86_APIC_SELF_IPI)
        return false;
    self_ipi(lapic, (uint8_t)*vmm_lapic_register(lapic, offset));
    return true;
}

static bool x2apic_write(void *device, uint32_t msr, uint64_t value)
{
    struct vmm_lapic *lapic = ((struct vmm_apic_bus *)device)->current;
    uint32_t offset = (msr - X86_MSR_X2APIC_FIRST) << 4;

    if (!vmm_lapic_is_x2apic(lapic))
        return false;
    if (offset == X86_APIC_SELF_IPI) {
        if (value > 0xff)
            return false;
        self_ipi(lapic, (uint8_t)value);
        return true;
    }
    return may_write(offset, value) && vmm_lapic_set(lapic, offset, value);
}

static bool base_read(void *device, uint32_t msr, uint64_t *value)
{
    (void)msr;
    *value = ((struct vmm_apic_bus *)device)->current->base;
    return true;
}

static bool base_write(void *device, uint32_t msr, uint64_t value)
{
    (void)msr;
    return vmm_lapic_set_base(((struct vmm_apic_bus *)device)->current, value);
}

static bool deadline_read(void *device, uint32_t msr, uint64_t *value)
{
    (void)msr;
    *value = vmm_lapic_tsc_deadline(((struct vmm_apic_bus *)device)->current);
    return true;
}

static bool deadline_write(void *device, uint32_t msr, uint64_t value)
{
    (void)msr;
    vmm_lapic_set_tsc_deadline(((struct vmm_apic_bus *)device)->current, value);
    return true;
}

static bool answers_in_memory(const struct vmm_lapic *lapic)
{
    return (lapic->base & VMM_LAPIC_BASE_ENABLE) && !vmm_lapic_is_x2apic(lapic);
}

/* Registers that only xAPIC mode has, and the rest. */
static uint32_t read_register(struct vmm_lapic *lapic, uint32_t offset)
{
    uint64_t value = 0;

    switch (offset) {
    case X86_APIC_DFR:
    case X86_APIC_ICR_HIGH:
        return *vmm_lapic_register(lapic, offset);
    case X86_APIC_APR: /* reads of what can only be written, or is not built any more, are 0 */
    case X86_APIC_EOI:
    case X86_APIC_RRD:
        return 0;
    default:
        if (!vmm_lapic_get(lapic, offset, &value))
            vmm_lapic_illegal_register(lapic);
        return (uint32_t)value;
    }
}

static void write_register(struct vmm_lapic *lapic, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case X86_APIC_ID: /* it stays what the firmware would make it */
        break;
    case X86_APIC_LDR:
    case X86_APIC_ICR_HIGH:
        *vmm_lapic_register(lapic, offset) = value & HIGH_BYTE;
        break;
    case X86_APIC_DFR:
        *vmm_lapic_register(lapic, offset) = value | ~DFR_BITS;
        break;
    default:
        if (!vmm_lapic_set(lapic, offset, value))
            vmm_lapic_illegal_register(lapic);
        break;
    }
}

/* Registers are 32 bits wide at multiples of 16, and read and written as a whole (SDM vol. 3,
 * 10.4.1). Narrower reads give their part; all else is undefined, and here without effect. */
static uint64_t page_read(void *device, uint64_t offset, unsigned size)
{
    struct vmm_lapic *lapic = ((struct vmm_apic_bus *)device)->current;
    uint32_t within = (uint32_t)offset & 0xf;

    if (!answers_in_memory(lapic))
        return UINT64_MAX;
    if (within + size > 4)
        return 0;
    return read_register(lapic, (uint32_t)offset & ~0xfu) >> within * 8;
}

static void page_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    struct vmm_lapic *lapic = ((struct vmm_apic_bus *)device)->current;

    if (answers_in_memory(lapic) && size == 4 && !(offset & 0xf))
        write_register(lapic, (uint32_t)offset, (uint32_t)value);
}

bool vmm_lapic_add(struct vmm_apic_bus *bus, struct vmm_mmio *mmio, struct vmm_msrs *msrs)
{
    const struct vmm_mmio_range page = {VMM_LAPIC_ADDRESS, PAGE, page_read, page_write, bus};
    const struct vmm_msr_range ranges[] = {
        {.first = X86_MSR_X2APIC_FIRST,
         .last = X86_MSR_X2APIC_LAST,
         .get = x2apic_read,
         .set = x2apic_write,
         .device = bus},
        {.first = X86_MSR_APIC_BASE,
         .last = X86_MSR_APIC_BASE,
         .get = base_read,
         .set = base_write,
         .device = bus},
        {.first = X86_MSR_TSC_DEADLINE,
         .last = X86_MSR_TSC_DEADLINE,
         .get = deadline_read,
         .set = deadline_write,
         .device = bus},
    };

    for (unsigned i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (!vmm_msr_add(msrs, &ranges[i]))
            return false;
    return vmm_mmio_add(mmio, &page);
}
