/* SPDX-License-Identifier: BSD-2-Clause */
#include "vcpu_test.h"

#include <vmm/interrupts.h>

static void out(uint16_t port, uint8_t value)
{
    vmm_ports_write(&pc.ports, port, 1, value);
}

static int make(void **state)
{
    make_vcpu(state);
    out(0x20, 0x11);
    out(0x21, 0x08);
    out(0x21, 0x04);
    out(0x21, 0x01);
    out(0x21, 0x00);
    return 0;
}

static void pulse(unsigned input)
{
    vmm_pic_set(&pc.pic, input, true);
    vmm_pic_set(&pc.pic, input, false);
}

static uint8_t in_service(void)
{
    out(0x20, 0x0b);
    return (uint8_t)vmm_ports_read(&pc.ports, 0x20, 1);
}

/* An exit at which the offered interrupt still waits, or was taken. */
static void leave(bool pending)
{
    state_page.exit.flags = pending ? NACELLE_EXIT_EVENT_PENDING : 0;
    vmm_interrupts_settle(&vcpu);
}

static void an_interrupt_is_acknowledged_when_it_is_taken(void **state)
{
    (void)state;
    leave(false);
    assert_int_equal(vmm_interrupts_offer(&vcpu), VMM_OFFER_NOTHING);
    pulse(0);
    assert_int_equal(vmm_interrupts_offer(&vcpu), VMM_OFFER_INJECT);
    assert_int_equal(vmm_interrupts_vector(&vcpu), 0x08);
    assert_int_equal(in_service(), 0);
    leave(true);
    assert_int_equal(in_service(), 0);
    assert_int_equal(vmm_interrupts_offer(&vcpu), VMM_OFFER_NOTHING);
    leave(false);
    assert_int_equal(in_service(), 1);
    assert_int_equal(vmm_interrupts_offer(&vcpu), VMM_OFFER_NOTHING);
    assert_int_equal(vcpu.statistics.injections, 1);
}

static void a_waiting_interrupt_is_withdrawn_or_replaced(void **state)
{
    (void)state;
    pulse(5);
    assert_int_equal(vmm_interrupts_offer(&vcpu), VMM_OFFER_INJECT);
    leave(true);
    pulse(1);
    assert_int_equal(vmm_interrupts_offer(&vcpu), VMM_OFFER_INJECT);
    assert_int_equal(vmm_interrupts_vector(&vcpu), 0x09);
    leave(true);
    out(0x21, 0xff); /* the guest masks all */
    assert_int_equal(vmm_interrupts_offer(&vcpu), VMM_OFFER_CANCEL);
    assert_int_equal(vcpu.offered, -1);
    leave(false);
    assert_int_equal(in_service(), 0);
}

static void a_running_vcpu_is_poked_when_the_offer_changes(void **state)
{
    (void)state;
    vcpu.runs = true;
    pulse(5);
    assert_int_equal(vmm_interrupts_offer(&vcpu), VMM_OFFER_INJECT);
    pulse(1);
    assert_int_equal(vmm_interrupts_offer(&vcpu), VMM_OFFER_POKE);
    vcpu.runs = false; /* the poke's exit: input 5 was taken in the meantime */
    leave(false);
    assert_int_equal(in_service(), 0x20);
    assert_int_equal(vmm_interrupts_offer(&vcpu), VMM_OFFER_INJECT);
    assert_int_equal(vmm_interrupts_vector(&vcpu), 0x09);
}

static void an_interrupted_delivery_counts_as_taken(void **state)
{
    (void)state;
    pulse(5);
    assert_int_equal(vmm_interrupts_offer(&vcpu), VMM_OFFER_INJECT);
    state_page.exit.flags = NACELLE_EXIT_EVENT_PENDING | NACELLE_EXIT_VECTORING;
    state_page.exit.vectoring = 0x80000306; /* of an exception: the interrupt still waits */
    vmm_interrupts_settle(&vcpu);
    assert_int_equal(vcpu.offered, 5);
    state_page.exit.vectoring = 0x8000000d; /* of the interrupt: vector 8 + 5 */
    vmm_interrupts_settle(&vcpu);
    assert_int_equal(vcpu.offered, -1);
    assert_int_equal(in_service(), 0x20);
}

static void lapic(uint32_t offset, uint32_t value)
{
    vmm_mmio_write_at(&pc.mmio, 0xfee00000 + offset, 4, value);
}

static void the_apic_is_acknowledged_when_it_is_taken(void **state)
{
    (void)state;
    lapic(0xf0, 0x1ff);
    vmm_apic_bus_msi(&pc.apic_bus, 0xfee00000, 0x51);
    assert_int_equal(vmm_interrupts_offer(&vcpu), VMM_OFFER_INJECT);
    assert_int_equal(vmm_interrupts_vector(&vcpu), 0x51);
    leave(true);
    assert_int_equal(vmm_lapic_due(vcpu.lapic), 0x51);
    vmm_apic_bus_msi(&pc.apic_bus, 0xfee00000, 0x61); /* a more important one replaces it */
    assert_int_equal(vmm_interrupts_offer(&vcpu), VMM_OFFER_INJECT);
    assert_int_equal(vmm_interrupts_vector(&vcpu), 0x61);
    leave(false);
    assert_int_equal(*vmm_lapic_register(vcpu.lapic, 0x130), 1u << 1);
    assert_int_equal(vmm_interrupts_offer(&vcpu), VMM_OFFER_NOTHING);
    lapic(0xb0, 0);
    assert_int_equal(vmm_interrupts_offer(&vcpu), VMM_OFFER_INJECT);
    lapic(0x80, 0x50); /* the guest raises its task priority before it takes it */
    assert_int_equal(vmm_interrupts_offer(&vcpu), VMM_OFFER_CANCEL);
    leave(false);
    assert_int_equal(*vmm_lapic_register(vcpu.lapic, 0x120), 0);
}

/* What the processor delivers is not offered; it is due all the same, for a guest that halts. */
static void the_processor_delivers(void **state)
{
    (void)state;
    lapic(0xf0, 0x1ff);
    vmm_apic_bus_msi(&pc.apic_bus, 0xfee00000, 0x51);
    assert_int_equal(vmm_interrupts_offer(&vcpu), VMM_OFFER_INJECT);
    vcpu.virtual_apic = true;
    assert_int_equal(vmm_interrupts_offer(&vcpu), VMM_OFFER_CANCEL);
    assert_int_equal(vmm_interrupts_due(&vcpu), VMM_OFFERED_BY_APIC | 0x51);
    assert_int_equal(vmm_interrupts_offer(&vcpu), VMM_OFFER_NOTHING);
    pulse(3); /* the 8259's go by the engine all the same */
    assert_int_equal(vmm_interrupts_offer(&vcpu), VMM_OFFER_INJECT);
    leave(false);
    assert_int_equal(in_service(), 8);
    assert_int_equal(*vmm_lapic_register(vcpu.lapic, 0x220), 1u << 0x11);
    vcpu.virtual_apic = false;
    assert_int_equal(vmm_interrupts_offer(&vcpu), VMM_OFFER_INJECT);
    assert_int_equal(vmm_interrupts_vector(&vcpu), 0x51);
}

/* The 8259 behind LINT0 (ExtINT), beside a disabled APIC, by the I/O APIC, and not at all. */
static void the_ways_of_the_8259(void **state)
{
    (void)state;
    pulse(3);
    assert_int_equal(vmm_interrupts_due(&vcpu), 3);
    lapic(0xf0, 0x1ff);
    lapic(0x350, 0x10700);
    assert_int_equal(vmm_interrupts_due(&vcpu), -1);
    vmm_mmio_write_at(&pc.mmio, 0xfec00000, 4, 0x10);
    vmm_mmio_write_at(&pc.mmio, 0xfec00010, 4, 0x700);
    assert_int_equal(vmm_interrupts_due(&vcpu), 3);
    vmm_mmio_write_at(&pc.mmio, 0xfec00010, 4, 0x10000);
    assert_int_equal(vmm_interrupts_due(&vcpu), -1);
    assert_true(vmm_lapic_set_base(vcpu.lapic, 0xfee00100));
    assert_int_equal(vmm_interrupts_due(&vcpu), 3);
}

/* "Virtual wire" by a fixed interrupt, one of the ways in which Linux tries the timer. */
static void the_8259_as_a_fixed_interrupt(void **state)
{
    (void)state;
    lapic(0xf0, 0x1ff);
    lapic(0x350, 0x31);
    assert_int_equal(vmm_interrupts_due(&vcpu), -1);
    pulse(0);
    assert_int_equal(vmm_interrupts_due(&vcpu), VMM_OFFERED_BY_APIC | 0x31);
}

static void isa_interrupts_reach_both_controllers(void **state)
{
    struct vmm_line timer = vmm_pc_line(&pc, 0), disk = vmm_pc_line(&pc, 14);
    struct vmm_line pci = vmm_pc_line(&pc, 17);

    (void)state;
    vmm_line_set(&timer, true);
    vmm_line_set(&disk, true);
    vmm_line_set(&pci, true);
    assert_int_equal(pc.ioapic.levels, 1u << 2 | 1u << 14 | 1u << 17);
    assert_int_equal(vmm_pic_due(&pc.pic), 0);
    vmm_line_set(&disk, false);
    assert_int_equal(pc.ioapic.levels, 1u << 2 | 1u << 17);
}

static void an_nmi_is_injected_once(void **state)
{
    (void)state;
    assert_false(vmm_interrupts_take_nmi(&vcpu));
    vmm_apic_bus_msi(&pc.apic_bus, 0xfee00000, 0x400);
    vmm_apic_bus_msi(&pc.apic_bus, 0xfee00000, 0x400);
    assert_true(vmm_interrupts_take_nmi(&vcpu));
    assert_false(vmm_interrupts_take_nmi(&vcpu));
}

static void a_stopped_vcpu_gets_nothing(void **state)
{
    (void)state;
    vcpu.stopped = true;
    pulse(0);
    assert_int_equal(vmm_interrupts_offer(&vcpu), VMM_OFFER_NOTHING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_interrupt_is_acknowledged_when_it_is_taken, make),
        cmocka_unit_test_setup(a_waiting_interrupt_is_withdrawn_or_replaced, make),
        cmocka_unit_test_setup(a_running_vcpu_is_poked_when_the_offer_changes, make),
        cmocka_unit_test_setup(an_interrupted_delivery_counts_as_taken, make),
        cmocka_unit_test_setup(the_apic_is_acknowledged_when_it_is_taken, make),
        cmocka_unit_test_setup(the_processor_delivers, make),
        cmocka_unit_test_setup(the_ways_of_the_8259, make),
        cmocka_unit_test_setup(the_8259_as_a_fixed_interrupt, make),
        cmocka_unit_test_setup(isa_interrupts_reach_both_controllers, make),
        cmocka_unit_test_setup(an_nmi_is_injected_once, make),
        cmocka_unit_test_setup(a_stopped_vcpu_gets_nothing, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
