/* SPDX-License-Identifier: BSD-2-Clause */
/* The local APIC against SDM vol. 3, chapter 10. */
#include "device_test.h"

#include <vmm/lapic.h>

#define BASE  0xfee00000ull
#define X2    0xfee00d00ull /* IA32_APIC_BASE: x2APIC mode, BSP */
#define XAPIC 0xfee00900ull

static struct vmm_clock clock;
static struct vmm_apic_bus bus;
static struct vmm_lapic lapics[2];
static struct vmm_mmio mmio;
static struct vmm_msrs msrs;
static unsigned ended_count;
static uint8_t ended_vector;

static void ended(void *context, uint8_t vector)
{
    (void)context;
    ended_count++;
    ended_vector = vector;
}

static int make(void **state)
{
    (void)state;
    clock = (struct vmm_clock){.now = 1000000, .hz = HZ};
    bus = (struct vmm_apic_bus){.ended = ended};
    mmio = (struct vmm_mmio){0};
    msrs = (struct vmm_msrs){0};
    ended_count = 0;
    assert_true(vmm_lapic_init(&lapics[0], &bus, &clock, 0));
    assert_true(vmm_lapic_init(&lapics[1], &bus, &clock, 1));
    assert_true(vmm_lapic_add(&bus, &mmio, &msrs));
    return 0;
}

static uint32_t get(uint32_t offset)
{
    return (uint32_t)vmm_mmio_read_at(&mmio, BASE + offset, 4);
}

static void set(uint32_t offset, uint32_t value)
{
    vmm_mmio_write_at(&mmio, BASE + offset, 4, value);
}

static bool wrmsr(uint32_t msr, uint64_t value)
{
    return vmm_msr_write(&msrs, msr, value);
}

static uint64_t rdmsr(uint32_t msr)
{
    uint64_t value = 0;

    assert_true(vmm_msr_read(&msrs, msr, &value));
    return value;
}

static bool rdmsr_faults(uint32_t msr)
{
    uint64_t value;

    return !vmm_msr_read(&msrs, msr, &value);
}

static int enable(void **state)
{
    make(state);
    set(0xf0, 0x1ff);
    return 0;
}

static int enable_x2apic(void **state)
{
    enable(state);
    assert_true(wrmsr(0x1b, X2));
    return 0;
}

static void fixed(uint8_t vector, bool level)
{
    const struct vmm_apic_message message = {.vector = vector, .level = level};

    (void)vmm_lapic_accept(&lapics[0], &message);
}

/* 10.4.7.1 */
static void state_after_reset(void **state)
{
    (void)state;
    assert_int_equal(rdmsr(0x1b), XAPIC);
    assert_int_equal(get(0x20), 0);
    assert_int_equal(get(0x30), 0x00050014);
    assert_int_equal(get(0x80), 0);
    assert_int_equal(get(0xa0), 0);
    assert_int_equal(get(0xd0), 0);
    assert_int_equal(get(0xe0), 0xffffffff);
    assert_int_equal(get(0xf0), 0xff);
    for (uint32_t offset = 0x100; offset <= 0x270; offset += 0x10)
        assert_int_equal(get(offset), 0);
    assert_int_equal(get(0x280), 0);
    assert_int_equal(get(0x320), 0x10000);
    assert_int_equal(get(0x350), 0x700); /* as firmware sets it on the bootstrap processor */
    assert_int_equal(get(0x360), 0x10000);
    assert_int_equal(get(0x370), 0x10000);
    assert_int_equal(get(0x380), 0);
    assert_int_equal(get(0x390), 0);
    assert_int_equal(*vmm_lapic_lvt(&lapics[1], VMM_LVT_LINT0), 0x10000);
    bus.current = &lapics[1];
    assert_int_equal(get(0x20), 1u << 24);
    assert_int_equal(rdmsr(0x1b), 0xfee00800);
}

/* 10.8.3, 10.8.4 */
static void interrupts_go_by_priority(void **state)
{
    (void)state;
    assert_int_equal(vmm_lapic_due(&lapics[0]), -1);
    fixed(0x31, false);
    fixed(0x52, false);
    fixed(0x53, false);
    assert_int_equal(get(0x210), 1u << 0x11);
    assert_int_equal(get(0x220), 3u << 0x12);
    assert_int_equal(vmm_lapic_due(&lapics[0]), 0x53);
    vmm_lapic_acknowledge(&lapics[0], 0x53);
    assert_int_equal(get(0x120), 1u << 0x13);
    assert_int_equal(get(0xa0), 0x50);
    assert_int_equal(vmm_lapic_due(&lapics[0]), -1); /* the same class waits */
    fixed(0x60, false);
    assert_int_equal(vmm_lapic_due(&lapics[0]), 0x60);
    vmm_lapic_acknowledge(&lapics[0], 0x60);
    set(0xb0, 0);
    assert_int_equal(vmm_lapic_due(&lapics[0]), -1);
    set(0xb0, 0);
    assert_int_equal(vmm_lapic_due(&lapics[0]), 0x52);
    set(0x80, 0x5a);
    assert_int_equal(get(0xa0), 0x5a);
    assert_int_equal(vmm_lapic_due(&lapics[0]), -1);
    set(0x80, 0x4f);
    assert_int_equal(vmm_lapic_due(&lapics[0]), 0x52);
    assert_int_equal(vmm_lapic_cr8(&lapics[0]), 4);
    set(0xb0, 0); /* nothing is in service */
    assert_int_equal(ended_count, 0);
}

static void the_end_of_level_triggered_ones_is_told(void **state)
{
    (void)state;
    fixed(0x40, true);
    assert_int_equal(get(0x1a0), 1);
    vmm_lapic_acknowledge(&lapics[0], 0x40);
    set(0xb0, 0);
    assert_int_equal(ended_count, 1);
    assert_int_equal(ended_vector, 0x40);
    fixed(0x40, false); /* the same vector by an edge */
    assert_int_equal(get(0x1a0), 0);
    vmm_lapic_acknowledge(&lapics[0], 0x40);
    set(0xb0, 0);
    assert_int_equal(ended_count, 1);
}

/* 10.4.7.2 */
static void a_software_disabled_apic(void **state)
{
    (void)state;
    set(0x320, 0x40);
    assert_int_equal(get(0x320), 0x40);
    set(0xf0, 0xff);
    assert_int_equal(get(0x320), 0x10040);
    set(0x320, 0x40);
    assert_int_equal(get(0x320), 0x10040); /* the mask cannot be taken away */
    fixed(0x40, false);
    assert_int_equal(vmm_lapic_due(&lapics[0]), -1);
}

/* 10.5.2, 10.5.3, 10.8.2: vectors below 16 */
static void errors(void **state)
{
    (void)state;
    set(0x370, 0xfe);
    fixed(15, false);
    assert_int_equal(get(0x280), 0);
    assert_int_equal(vmm_lapic_due(&lapics[0]), 0xfe);
    set(0x280, 0);
    assert_int_equal(get(0x280), 0x40);
    set(0x300, 0x4000f); /* IPI to self */
    (void)get(0x3a0);    /* reserved */
    set(0x280, 0);
    assert_int_equal(get(0x280), 0xa0);
    set(0x280, 0);
    assert_int_equal(get(0x280), 0);
}

static void accesses_of_other_widths(void **state)
{
    (void)state;
    assert_int_equal(vmm_mmio_read_at(&mmio, BASE + 0x32, 1), 0x05);
    assert_int_equal(vmm_mmio_read_at(&mmio, BASE + 0x30, 2), 0x14);
    assert_int_equal(vmm_mmio_read_at(&mmio, BASE + 0x34, 4), 0);
    assert_int_equal(vmm_mmio_read_at(&mmio, BASE + 0x30, 8), 0);
    vmm_mmio_write_at(&mmio, BASE + 0x80, 1, 0x20);
    vmm_mmio_write_at(&mmio, BASE + 0x82, 4, 0x20);
    assert_int_equal(get(0x80), 0);
}

/* 10.6.1 */
static void interrupt_commands(void **state)
{
    (void)state;
    *vmm_lapic_register(&lapics[1], X86_APIC_SVR) = 0x1ff;
    set(0x310, 1u << 24);
    set(0x300, 0x4041);
    assert_int_equal(vmm_lapic_due(&lapics[1]), 0x41);
    assert_int_equal(vmm_lapic_due(&lapics[0]), -1);
    assert_int_equal(get(0x300), 0x4041); /* delivered: idle */
    assert_int_equal(get(0x310), 1u << 24);
    set(0x300, 0x80042); /* all */
    assert_int_equal(vmm_lapic_due(&lapics[0]), 0x42);
    assert_int_equal(vmm_lapic_due(&lapics[1]), 0x42);
    set(0x300, 0xc0043); /* all but self */
    assert_int_equal(vmm_lapic_due(&lapics[0]), 0x42);
    assert_int_equal(vmm_lapic_due(&lapics[1]), 0x43);
    set(0x300, 0x40044); /* self */
    assert_int_equal(vmm_lapic_due(&lapics[0]), 0x44);
    set(0x310, 0xffu << 24);
    set(0x300, 0x45); /* broadcast */
    assert_int_equal(vmm_lapic_due(&lapics[0]), 0x45);
    assert_int_equal(vmm_lapic_due(&lapics[1]), 0x45);
    set(0x310, 1u << 24);
    set(0x300, 0x400); /* NMI */
    assert_true(lapics[1].nmi);
    assert_false(lapics[0].nmi);
    set(0x310, 5u << 24);
    set(0x300, 0x4046); /* nobody */
    set(0x310, 0);
    set(0x300, 0x500); /* INIT and STARTUP of one that runs */
    set(0x300, 0x610);
    assert_int_equal(vmm_lapic_due(&lapics[0]), 0x45);
}

/* 10.6.2.2 */
static void logical_destinations(void **state)
{
    (void)state;
    *vmm_lapic_register(&lapics[1], X86_APIC_SVR) = 0x1ff;
    set(0xd0, 0x01ffffff);
    assert_int_equal(get(0xd0), 0x01000000);
    *vmm_lapic_register(&lapics[1], X86_APIC_LDR) = 0x02000000;
    set(0x310, 3u << 24);
    set(0x300, 0x841); /* flat */
    assert_int_equal(vmm_lapic_due(&lapics[0]), 0x41);
    assert_int_equal(vmm_lapic_due(&lapics[1]), 0x41);
    set(0xe0, 0);
    assert_int_equal(get(0xe0), 0x0fffffff);
    *vmm_lapic_register(&lapics[1], X86_APIC_DFR) = 0x0fffffff;
    set(0xd0, 0x11000000);
    *vmm_lapic_register(&lapics[1], X86_APIC_LDR) = 0x21000000;
    set(0x310, 0x21u << 24);
    set(0x300, 0x842); /* cluster 2, its first */
    assert_int_equal(vmm_lapic_due(&lapics[0]), 0x41);
    assert_int_equal(vmm_lapic_due(&lapics[1]), 0x42);
}

/* 10.6.2.4 */
static void lowest_priority(void **state)
{
    (void)state;
    *vmm_lapic_register(&lapics[1], X86_APIC_SVR) = 0x1ff;
    set(0xd0, 1u << 24);
    *vmm_lapic_register(&lapics[1], X86_APIC_LDR) = 2u << 24;
    set(0x80, 0x30);
    set(0x310, 3u << 24);
    set(0x300, 0x951);
    assert_int_equal(vmm_lapic_due(&lapics[0]), -1);
    assert_int_equal(vmm_lapic_due(&lapics[1]), 0x51);
    set(0x310, 4u << 24);
    set(0x300, 0x952); /* nobody */
    assert_int_equal(vmm_lapic_due(&lapics[1]), 0x51);
}

/* 10.11 */
static void message_signalled_interrupts(void **state)
{
    (void)state;
    vmm_apic_bus_msi(&bus, 0xfee00000, 0x4061);
    assert_int_equal(vmm_lapic_due(&lapics[0]), 0x61);
    vmm_apic_bus_msi(&bus, 0xfee01000, 0x62); /* to APIC ID 1, which is disabled */
    assert_int_equal(vmm_lapic_due(&lapics[1]), -1);
    vmm_apic_bus_msi(&bus, 0xfeeff00c, 0xc063); /* broadcast, level */
    assert_int_equal(vmm_lapic_due(&lapics[0]), 0x63);
    assert_int_equal(get(0x1b0), 1u << 3);
    vmm_apic_bus_msi(&bus, 0x1fee00000, 0x71); /* other addresses */
    vmm_apic_bus_msi(&bus, 0xfed00000, 0x71);
    vmm_apic_bus_msi(&bus, 0, 0x71);
    assert_int_equal(vmm_lapic_due(&lapics[0]), 0x63);
}

/* 10.12.5, figure 10-27 */
static void transitions_of_apic_base(void **state)
{
    (void)state;
    assert_false(wrmsr(0x1b, 0xfee00500)); /* x2APIC without enable */
    assert_false(wrmsr(0x1b, 0xfee00901)); /* reserved bit */
    assert_false(wrmsr(0x1b, 0xfed00900)); /* elsewhere: not offered */
    assert_true(rdmsr_faults(0x802));
    assert_false(wrmsr(0x80b, 0));
    assert_true(wrmsr(0x1b, X2));
    assert_int_equal(rdmsr(0x802), 0);
    assert_int_equal(get(0x30), 0xffffffff); /* the page is nobody's now */
    set(0x80, 0xff);
    assert_int_equal(rdmsr(0x808), 0);
    assert_false(wrmsr(0x1b, XAPIC));
    assert_true(wrmsr(0x808, 0x20));
    assert_true(wrmsr(0x1b, 0xfee00100));
    assert_true(rdmsr_faults(0x802));
    assert_int_equal(get(0x30), 0xffffffff);
    assert_false(wrmsr(0x1b, X2));
    assert_true(wrmsr(0x1b, XAPIC));
    assert_int_equal(get(0x80), 0); /* as after reset */
    assert_int_equal(get(0xf0), 0xff);
}

/* 10.12.1.2, table 10-6 */
static void x2apic_registers(void **state)
{
    (void)state;
    assert_int_equal(rdmsr(0x803), 0x00050014);
    assert_int_equal(rdmsr(0x80d), 1);
    bus.current = &lapics[1];
    assert_true(wrmsr(0x1b, 0xfee00c00));
    assert_int_equal(rdmsr(0x80d), 2);
    assert_int_equal(rdmsr(0x802), 1);
    bus.current = &lapics[0];
    assert_true(rdmsr_faults(0x80b)); /* write only */
    assert_true(rdmsr_faults(0x83f));
    assert_true(rdmsr_faults(0x80e)); /* DFR, ICR high: none */
    assert_true(rdmsr_faults(0x831));
    assert_true(rdmsr_faults(0x800));
    assert_true(rdmsr_faults(0x8ff));
    assert_false(wrmsr(0x802, 0)); /* read only */
    assert_false(wrmsr(0x803, 0));
    assert_false(wrmsr(0x80d, 0));
    assert_false(wrmsr(0x810, 0));
    assert_false(wrmsr(0x839, 0));
    assert_false(wrmsr(0x80b, 1)); /* reserved bits */
    assert_false(wrmsr(0x828, 1));
    assert_false(wrmsr(0x808, 0x100));
    assert_false(wrmsr(0x832, 1ull << 32));
    assert_false(wrmsr(0x83e, 4));
    assert_false(wrmsr(0x83f, 0x100));
    assert_true(wrmsr(0x83f, 0x77));
    assert_int_equal(vmm_lapic_due(&lapics[0]), 0x77);
    assert_int_equal(rdmsr(0x823), 1u << 23);
    vmm_lapic_acknowledge(&lapics[0], 0x77);
    assert_int_equal(rdmsr(0x80a), 0x70);
    assert_true(wrmsr(0x80b, 0));
    assert_int_equal(rdmsr(0x80a), 0);
}

/* 10.12.9, 10.12.10 */
static void x2apic_commands(void **state)
{
    (void)state;
    bus.current = &lapics[1];
    assert_true(wrmsr(0x1b, 0xfee00c00));
    assert_true(wrmsr(0x80f, 0x1ff));
    bus.current = &lapics[0];
    assert_true(wrmsr(0x830, 0x100004051ull));
    assert_int_equal(rdmsr(0x830), 0x100004051ull);
    assert_int_equal(vmm_lapic_due(&lapics[1]), 0x51);
    assert_true(wrmsr(0x830, 0x300000852ull)); /* logical: cluster 0, both */
    assert_int_equal(vmm_lapic_due(&lapics[0]), 0x52);
    assert_int_equal(vmm_lapic_due(&lapics[1]), 0x52);
    assert_true(wrmsr(0x830, 0x1000300000853ull << 4)); /* another cluster */
    assert_true(wrmsr(0x830, 0xffffffff00000054ull));   /* broadcast */
    assert_int_equal(vmm_lapic_due(&lapics[0]), 0x54);
    assert_int_equal(vmm_lapic_due(&lapics[1]), 0x54);
    assert_true(wrmsr(0x830, 0xff00000055ull)); /* APIC ID 255: nobody */
    assert_int_equal(vmm_lapic_due(&lapics[0]), 0x54);
    assert_false(wrmsr(0x830, 0x1000)); /* delivery status is reserved */
}

/* What a guest with a virtual-APIC page reads without us (29.5): the page has what WRMSR and RDMSR
 * have, in the layout of 10.4.1 and with the ICR's upper half at 304h. */
static void the_page_has_the_registers(void **state)
{
    static uint32_t page[1024];
    static const uint16_t readable[] = {0x802, 0x803, 0x808, 0x80d, 0x80f, 0x817, 0x81f, 0x827,
                                        0x828, 0x830, 0x832, 0x835, 0x837, 0x838, 0x83e};

    (void)state;
    bus.current = &lapics[1];
    set(0xf0, 0x1ff);
    assert_false(vmm_lapic_can_be_virtual(&lapics[1])); /* xAPIC mode */
    set(0x310, 5u << 24);
    assert_true(wrmsr(0x1b, 0xfee00c00));
    assert_true(vmm_lapic_can_be_virtual(&lapics[1]));
    assert_true(wrmsr(0x808, 0x21));
    vmm_lapic_use_page(&lapics[1], page);
    assert_int_equal(page[0x80 / 4], 0x21);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < sizeof(readable) / sizeof(readable[0]); i++) {
            uint32_t word = (readable[i] - 0x800u) * 4;

            assert_int_equal(page[word] | (uint64_t)page[word + 1] << 32, rdmsr(readable[i]));
        }
        assert_true(wrmsr(0x830, 0x700004051ull));
        assert_true(wrmsr(0x832, 0x20045));
        assert_true(wrmsr(0x83e, 0x3));
        assert_true(wrmsr(0x838, 12345));
        assert_true(wrmsr(0x837, 0xfe));
        assert_true(wrmsr(0x830, 0x40003)); /* an error, which is an interrupt */
        assert_true(wrmsr(0x828, 0));
    }
    assert_int_equal(page[0x304 / 4], 0);
    assert_true(wrmsr(0x80f, 0xff));
    assert_false(vmm_lapic_can_be_virtual(&lapics[1])); /* it takes no interrupts */
}

/* What the processor moved in the page is what the APIC goes on with. */
static void the_page_comes_back(void **state)
{
    static uint32_t page[1024];

    (void)state;
    vmm_lapic_use_page(&lapics[0], page);
    assert_false(lapics[0].changed);
    fixed(0x52, true);
    assert_true(lapics[0].changed);
    assert_int_equal(page[0x220 / 4], 1u << 0x12);
    assert_int_equal(page[0x1a0 / 4], 1u << 0x12);
    page[0x220 / 4] = 0; /* delivered (29.2.2) */
    page[0x120 / 4] = 1u << 0x12;
    fixed(0x51, false);
    assert_int_equal(vmm_lapic_due(&lapics[0]), -1);
    assert_int_equal(rdmsr(0x80a), 0x50);
    page[0x120 / 4] = 0; /* ended (29.1.4), with an exit */
    vmm_lapic_ended(&lapics[0], 0x52);
    assert_int_equal(ended_count, 1);
    assert_int_equal(ended_vector, 0x52);
    assert_int_equal(vmm_lapic_due(&lapics[0]), 0x51);
    page[0x3f0 / 4] = 5; /* SELF IPI that the processor left (29.1.5) */
    assert_true(vmm_lapic_written(&lapics[0], 0x3f0));
    assert_true(wrmsr(0x828, 0));
    assert_int_equal(rdmsr(0x828), 0x40);
    assert_false(vmm_lapic_written(&lapics[0], 0xb0));
}

static unsigned expirations(uint64_t ticks)
{
    unsigned count = 0;
    uint64_t end = clock.now + ticks;

    while (vmm_clock_deadline(&clock) <= end) {
        clock.now = vmm_clock_deadline(&clock);
        vmm_clock_run(&clock);
        while (vmm_lapic_due(&lapics[0]) >= 0) {
            vmm_lapic_acknowledge(&lapics[0], (uint8_t)vmm_lapic_due(&lapics[0]));
            set(0xb0, 0);
            count++;
        }
    }
    clock.now = end;
    return count;
}

/* 10.5.4 */
static void one_shot(void **state)
{
    (void)state;
    set(0x320, 0x40);
    set(0x3e0, 0x3); /* by 16 */
    set(0x380, 1000);
    assert_int_equal(get(0x390), 1000);
    assert_int_equal(expirations(15999), 0);
    assert_int_equal(get(0x390), 1);
    assert_int_equal(expirations(1), 1);
    assert_int_equal(get(0x390), 0);
    assert_int_equal(expirations(1000000), 0);
    assert_int_equal(get(0x380), 1000);
    set(0x380, 1000);
    assert_int_equal(expirations(8000), 0);
    assert_int_equal(get(0x390), 500);
    set(0x380, 0); /* stops it */
    assert_int_equal(get(0x390), 0);
    assert_int_equal(expirations(1000000), 0);
    set(0x320, 0x10040); /* masked: it runs, unheard */
    set(0x380, 100);
    assert_int_equal(expirations(800), 0);
    assert_int_equal(get(0x390), 50);
    assert_int_equal(expirations(800), 0);
    assert_int_equal(get(0x390), 0);
}

/* Figure 10-10. */
static void divide_configuration(void **state)
{
    static const struct {
        uint32_t value, divisor;
    } rows[] = {{0x0, 2},  {0x1, 4},   {0x2, 8}, {0x3, 16}, {0x8, 32},
                {0x9, 64}, {0xa, 128}, {0xb, 1}, {0xf4, 2}};

    (void)state;
    set(0x320, 0x40);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        set(0x3e0, rows[i].value);
        set(0x380, 100000);
        assert_int_equal(expirations(UINT64_C(100000) * rows[i].divisor - 1), 0);
        assert_int_equal(expirations(1), 1);
    }
    set(0x3e0, 0xb); /* while it runs: the count goes on at the new rate */
    set(0x380, 1000);
    assert_int_equal(expirations(400), 0);
    set(0x3e0, 0x0);
    assert_int_equal(get(0x390), 600);
    assert_int_equal(expirations(1199), 0);
    assert_int_equal(expirations(1), 1);
}

static void periodic(void **state)
{
    (void)state;
    set(0x320, 0x20040);
    set(0x3e0, 0xb);
    set(0x380, 1000000);
    assert_int_equal(expirations(10000000), 10);
    assert_int_equal(get(0x390), 1000000);
    assert_int_equal(expirations(300000), 0);
    assert_int_equal(get(0x390), 700000);
    clock.now += 5000000; /* nobody ran for a while: they are one, and the beat stays */
    vmm_clock_run(&clock);
    assert_int_equal(vmm_lapic_due(&lapics[0]), 0x40);
    assert_int_equal(get(0x390), 700000);
    assert_int_equal(expirations(700000), 1);
}

/* A period that is shorter than any handler leaves time for others. */
static void periods_that_are_too_short(void **state)
{
    (void)state;
    set(0x320, 0x20040);
    set(0x3e0, 0xb);
    for (uint32_t count = 1; count < 100000; count = 3 * count + 1) {
        unsigned n;

        set(0x380, count);
        n = expirations(HZ / 100);
        assert_in_range(n, 50, 102);
    }
}

/* 10.5.4.1 */
static void tsc_deadline(void **state)
{
    uint64_t start = clock.now;

    (void)state;
    assert_true(wrmsr(0x6e0, start + 1000)); /* ignored in other modes */
    assert_int_equal(rdmsr(0x6e0), 0);
    set(0x320, 0x40040);
    assert_true(wrmsr(0x6e0, start + 1000));
    assert_int_equal(rdmsr(0x6e0), start + 1000);
    assert_int_equal(vmm_clock_deadline(&clock), start + 1000);
    set(0x380, 5); /* ignored */
    assert_int_equal(get(0x390), 0);
    assert_int_equal(expirations(999), 0);
    assert_int_equal(expirations(1), 1);
    assert_int_equal(rdmsr(0x6e0), 0);
    assert_true(wrmsr(0x6e0, clock.now + 1000));
    assert_true(wrmsr(0x6e0, 0)); /* disarms */
    assert_int_equal(expirations(1000000), 0);
    assert_true(wrmsr(0x6e0, 1)); /* has passed */
    assert_int_equal(expirations(0), 1);
    assert_true(wrmsr(0x6e0, UINT64_MAX)); /* never comes */
    assert_int_equal(expirations(1000000), 0);
    assert_true(wrmsr(0x6e0, clock.now + 1000));
    set(0x320, 0x40); /* another mode disarms */
    assert_int_equal(expirations(1000000), 0);
    assert_int_equal(rdmsr(0x6e0), 0);
}

/* The guest counts from elsewhere: its deadlines are its own. */
static void tsc_deadline_with_an_offset(void **state)
{
    uint64_t start = clock.now;

    (void)state;
    set(0x320, 0x40040);
    vmm_lapic_set_tsc_offset(&lapics[0], (uint64_t)0 - start);
    assert_true(wrmsr(0x6e0, 500));
    assert_int_equal(vmm_clock_deadline(&clock), start + 500);
    vmm_lapic_set_tsc_offset(&lapics[0], 100 - start); /* moved on by 100 */
    assert_int_equal(vmm_clock_deadline(&clock), start + 400);
}

/* 10.5.1 */
static void local_pins(void **state)
{
    (void)state;
    assert_true(vmm_lapic_passes_extint(&lapics[0]));
    set(0x350, 0x10700);
    assert_false(vmm_lapic_passes_extint(&lapics[0]));
    set(0x350, 0x48);
    assert_false(vmm_lapic_passes_extint(&lapics[0]));
    vmm_lapic_set_lint(&lapics[0], 0, true);
    vmm_lapic_set_lint(&lapics[0], 0, true);
    assert_int_equal(vmm_lapic_due(&lapics[0]), 0x48);
    set(0x360, 0x400);
    vmm_lapic_set_lint(&lapics[0], 1, true);
    assert_true(lapics[0].nmi);
    assert_true(wrmsr(0x1b, 0xfee00100));
    assert_true(vmm_lapic_passes_extint(&lapics[0])); /* INTR is the processor's own */
    assert_int_equal(vmm_lapic_due(&lapics[0]), -1);
}

/* Whatever a guest does, nothing breaks: the sanitizers watch. */
static void any_access_is_survived(void **state)
{
    uint64_t random = 88172645463325252ull; /* xorshift64 */

    (void)state;
    for (unsigned i = 0; i < 300000; i++) {
        uint64_t value;
        uint32_t msr = 0x800 + (uint32_t)(random >> 8 & 0xff);

        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        if (random & 1)
            vmm_mmio_write_at(&mmio, BASE + (random >> 12 & 0x3f0), 4, random >> 20);
        else
            vmm_mmio_read_at(&mmio, BASE + (random >> 12 & 0xfff), 1u << (random >> 9 & 3));
        if (i % 4 == 0) {
            (void)wrmsr(msr, random >> 16 & 0x7ffff);
            (void)vmm_msr_read(&msrs, msr, &value);
            (void)wrmsr(0x6e0, random);
        }
        if (i % 64 == 0)
            (void)wrmsr(0x1b, BASE | (random >> 30 & 0xd00));
        if (i % 16 == 0)
            test_advance(&clock, random >> 44);
        if (vmm_lapic_due(&lapics[0]) >= 0)
            vmm_lapic_acknowledge(&lapics[0], (uint8_t)vmm_lapic_due(&lapics[0]));
        vmm_apic_bus_msi(&bus, 0xfee00000 | (random >> 8 & 0xfffff), (uint32_t)random);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(state_after_reset, make),
        cmocka_unit_test_setup(interrupts_go_by_priority, enable),
        cmocka_unit_test_setup(the_end_of_level_triggered_ones_is_told, enable),
        cmocka_unit_test_setup(a_software_disabled_apic, enable),
        cmocka_unit_test_setup(errors, enable),
        cmocka_unit_test_setup(accesses_of_other_widths, enable),
        cmocka_unit_test_setup(interrupt_commands, enable),
        cmocka_unit_test_setup(logical_destinations, enable),
        cmocka_unit_test_setup(lowest_priority, enable),
        cmocka_unit_test_setup(message_signalled_interrupts, enable),
        cmocka_unit_test_setup(transitions_of_apic_base, make),
        cmocka_unit_test_setup(x2apic_registers, enable_x2apic),
        cmocka_unit_test_setup(x2apic_commands, enable_x2apic),
        cmocka_unit_test_setup(the_page_has_the_registers, enable_x2apic),
        cmocka_unit_test_setup(the_page_comes_back, enable_x2apic),
        cmocka_unit_test_setup(one_shot, enable),
        cmocka_unit_test_setup(divide_configuration, enable),
        cmocka_unit_test_setup(periodic, enable),
        cmocka_unit_test_setup(periods_that_are_too_short, enable),
        cmocka_unit_test_setup(tsc_deadline, enable),
        cmocka_unit_test_setup(tsc_deadline_with_an_offset, enable),
        cmocka_unit_test_setup(local_pins, enable),
        cmocka_unit_test_setup(any_access_is_survived, enable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
