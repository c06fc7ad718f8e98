/* SPDX-License-Identifier: BSD-2-Clause */
/* The I/O APIC against its data sheet (82093AA, 290566). */
#include "device_test.h"

#include <vmm/ioapic.h>
#include <vmm/lapic.h>

#define BASE 0xfec00000ull

static struct vmm_clock clock;
static struct vmm_apic_bus bus;
static struct vmm_lapic lapic;
static struct vmm_mmio mmio;
static struct vmm_msrs msrs;
static struct vmm_ioapic ioapic;

static int make(void **state)
{
    (void)state;
    clock = (struct vmm_clock){.hz = HZ};
    bus = (struct vmm_apic_bus){0};
    mmio = (struct vmm_mmio){0};
    msrs = (struct vmm_msrs){0};
    vmm_ioapic_init(&ioapic, &bus);
    assert_true(vmm_lapic_init(&lapic, &bus, &clock, 0));
    assert_true(vmm_lapic_add(&bus, &mmio, &msrs) && vmm_ioapic_add(&ioapic, &mmio));
    vmm_mmio_write_at(&mmio, 0xfee000f0, 4, 0x1ff);
    return 0;
}

static uint32_t get(uint8_t reg)
{
    vmm_mmio_write_at(&mmio, BASE, 4, reg);
    return (uint32_t)vmm_mmio_read_at(&mmio, BASE + 0x10, 4);
}

static void set(uint8_t reg, uint32_t value)
{
    vmm_mmio_write_at(&mmio, BASE, 4, reg);
    vmm_mmio_write_at(&mmio, BASE + 0x10, 4, value);
}

/* Takes what is due, and ends it; returns its vector or -1. */
static int take(void)
{
    int vector = vmm_lapic_due(&lapic);

    if (vector >= 0)
        vmm_lapic_acknowledge(&lapic, (uint8_t)vector);
    return vector;
}

static void end(void)
{
    vmm_mmio_write_at(&mmio, 0xfee000b0, 4, 0);
}

static void registers(void **state)
{
    (void)state;
    assert_int_equal(get(0), 0);
    assert_int_equal(get(1), 0x00170011);
    set(1, 0);
    assert_int_equal(get(1), 0x00170011);
    set(0, 0xffffffff);
    assert_int_equal(get(0), 0x0f000000);
    assert_int_equal(get(2), 0x0f000000);
    for (uint8_t pin = 0; pin < 24; pin++)
        assert_int_equal(get((uint8_t)(0x10 + 2 * pin)), 0x10000);
    set(0x3e, 0xffffffff);
    set(0x3f, 0xffffffff);
    assert_int_equal(get(0x3e), 0x1afff); /* not the read-only bits 12 and 14 */
    assert_int_equal(get(0x3f), 0xff000000);
    set(0x40, 0xffffffff); /* beyond the table */
    set(0xff, 0xffffffff);
    assert_int_equal(get(0x40), 0);
    assert_int_equal(get(0xff), 0);
    assert_int_equal(vmm_mmio_read_at(&mmio, BASE, 4), 0xff);
    assert_int_equal(vmm_mmio_read_at(&mmio, BASE + 0x20, 4), 0);
}

static void edges(void **state)
{
    (void)state;
    vmm_ioapic_set(&ioapic, 4, true); /* masked: lost */
    vmm_ioapic_set(&ioapic, 4, false);
    set(0x18, 0x34);
    assert_int_equal(take(), -1);
    vmm_ioapic_set(&ioapic, 4, true);
    vmm_ioapic_set(&ioapic, 4, true);
    assert_int_equal(take(), 0x34);
    end();
    assert_int_equal(take(), -1);
    vmm_ioapic_set(&ioapic, 4, false);
    vmm_ioapic_set(&ioapic, 4, true);
    assert_int_equal(take(), 0x34);
    assert_int_equal(get(0x18), 0x34);
    vmm_ioapic_set(&ioapic, 24, true); /* no such pin */
}

static void levels(void **state)
{
    (void)state;
    vmm_ioapic_set(&ioapic, 16, true);
    set(0x30, 0x1a044);
    assert_int_equal(take(), -1);
    set(0x30, 0x0a044); /* is asserted when its mask goes */
    assert_int_equal(get(0x30), 0xe044);
    assert_int_equal(take(), 0x44);
    vmm_ioapic_set(&ioapic, 16, false);
    vmm_ioapic_set(&ioapic, 16, true); /* remote IRR: not again before its end */
    assert_int_equal(vmm_lapic_due(&lapic), -1);
    end();
    assert_int_equal(take(), 0x44); /* it was still there */
    vmm_ioapic_set(&ioapic, 16, false);
    end();
    assert_int_equal(take(), -1);
    assert_int_equal(get(0x30), 0xa044);
}

/* What Linux does to an interrupt whose end nobody told of. */
static void an_edge_in_between_clears_remote_irr(void **state)
{
    (void)state;
    set(0x30, 0x0a044);
    vmm_ioapic_set(&ioapic, 16, true);
    assert_int_equal(take(), 0x44);
    set(0x30, 0x12044);
    assert_int_equal(get(0x30), 0x12044);
    set(0x30, 0x1a044);
    set(0x30, 0x0a044);
    assert_int_equal(get(0x30), 0xe044);
}

static void destinations(void **state)
{
    (void)state;
    set(0x19, 5u << 24); /* nobody has this ID */
    set(0x18, 0xa034);
    vmm_ioapic_set(&ioapic, 4, true);
    assert_int_equal(take(), -1);
    assert_int_equal(get(0x18), 0xa034);
    set(0x19, 0xffu << 24);
    assert_int_equal(take(), 0x34);
    end();
    vmm_mmio_write_at(&mmio, 0xfee000d0, 4, 1u << 24);
    set(0x1b, 1u << 24);
    set(0x1a, 0x935); /* logical, lowest priority */
    vmm_ioapic_set(&ioapic, 5, true);
    assert_int_equal(take(), 0x35);
    set(0x1c, 0x400); /* NMI */
    vmm_ioapic_set(&ioapic, 6, true);
    assert_true(lapic.nmi);
}

static void pin_0_can_pass_the_8259_on(void **state)
{
    (void)state;
    assert_false(vmm_ioapic_passes_extint(&ioapic));
    set(0x10, 0x10700);
    assert_false(vmm_ioapic_passes_extint(&ioapic));
    set(0x10, 0x700);
    assert_true(vmm_ioapic_passes_extint(&ioapic));
}

static void any_access_is_survived(void **state)
{
    uint64_t random = 88172645463325252ull; /* xorshift64 */

    (void)state;
    for (unsigned i = 0; i < 200000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        set((uint8_t)(random >> 8), (uint32_t)(random >> 16));
        (void)vmm_mmio_read_at(&mmio, BASE + (random >> 20 & 0xff0), 1u << (random & 3) % 4);
        vmm_ioapic_set(&ioapic, (unsigned)(random >> 30 & 31), random >> 40 & 1);
        if (take() >= 0 && random & 4)
            end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(registers, make),
        cmocka_unit_test_setup(edges, make),
        cmocka_unit_test_setup(levels, make),
        cmocka_unit_test_setup(an_edge_in_between_clears_remote_irr, make),
        cmocka_unit_test_setup(destinations, make),
        cmocka_unit_test_setup(pin_0_can_pass_the_8259_on, make),
        cmocka_unit_test_setup(any_access_is_survived, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
