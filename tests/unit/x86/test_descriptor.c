/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/descriptor.h>

#include "test_main.h"

/* Well-known flat descriptors. */
static void known_descriptors(void **state)
{
    (void)state;
    assert_int_equal(x86_descriptor(0, UINT32_MAX, X86_AR_CODE64), 0x00af9b000000ffff);
    assert_int_equal(x86_descriptor(0, UINT32_MAX, X86_AR_CODE32), 0x00cf9b000000ffff);
    assert_int_equal(x86_descriptor(0, UINT32_MAX, X86_AR_DATA32), 0x00cf93000000ffff);
    assert_int_equal(x86_descriptor(0x12345678, 0xabcde, 0x0093), 0x120a93345678bcde);
    assert_int_equal(x86_descriptor(0x12345678, 0xabcde, X86_AR_UNUSABLE | 0x93), 0);
    assert_int_equal(x86_descriptor(0, 0xffff, X86_AR_DATA32 | (3U << X86_AR_DPL_SHIFT)),
                     0x00c0f3000000000f);
    /* Without granularity a limit has 20 bits. */
    assert_int_equal(x86_descriptor(0, 0xfff12345, 0x0093), 0x0001930000002345);
    assert_int_equal(x86_descriptor_base(0x00ffff000000ffff), 0);
    assert_int_equal(x86_descriptor_limit(0xff70ffffffff0000), 0);
    assert_int_equal(x86_descriptor_access_rights(0xff0f00ffffffffff), 0);
}

/* Every access-rights word that a descriptor can hold, and back. */
static void round_trip(void **state)
{
    (void)state;
    for (uint32_t rights = 0; rights < 0x10000; rights++) {
        uint32_t base = rights * 0x9e3779b9;
        bool pages = (rights & X86_AR_G) != 0;
        uint32_t limit = pages ? (base << 12) | 0xfff : base & 0xfffff;
        uint64_t descriptor;

        if ((rights & 0x0f00) != 0)
            continue;
        descriptor = x86_descriptor(base, limit, rights);
        assert_int_equal(x86_descriptor_base(descriptor), base);
        assert_int_equal(x86_descriptor_limit(descriptor), limit);
        assert_int_equal(x86_descriptor_access_rights(descriptor), rights);
        assert_int_equal(x86_ar_dpl(rights), (rights >> 5) & 3);
    }
}

static void system_descriptor(void **state)
{
    struct x86_system_descriptor tss =
        x86_system_descriptor(0xffffffff80123456, X86_TSS64_SIZE - 1, X86_AR_P | X86_TYPE_TSS);

    (void)state;
    assert_int_equal(tss.low, 0x8000891234560067);
    assert_int_equal(tss.high, 0xffffffff);
}

static void real_mode_segment(void **state)
{
    struct x86_segment segment = x86_segment_real(0xf000, X86_AR_REAL_CODE);

    (void)state;
    assert_int_equal(segment.base, 0xf0000);
    assert_int_equal(segment.limit, 0xffff);
    assert_int_equal(segment.access_rights, 0x9b);
    assert_int_equal(segment.selector, 0xf000);
    assert_int_equal(x86_segment_real(0xffff, 0x93).base, 0xffff0);
}

static void vmcb_attributes(void **state)
{
    (void)state;
    assert_int_equal(x86_ar_to_vmcb(X86_AR_CODE64), 0xa9b);
    assert_int_equal(x86_ar_from_vmcb(0xa9b), X86_AR_CODE64);
    assert_int_equal(x86_ar_to_vmcb(X86_AR_UNUSABLE | 0x93), 0x13);
    assert_int_equal(x86_ar_from_vmcb(0x13), X86_AR_UNUSABLE | 0x13);
    for (uint32_t attributes = 0x80; attributes < 0x1000; attributes++) {
        if ((attributes & X86_AR_P) != 0)
            assert_int_equal(x86_ar_to_vmcb(x86_ar_from_vmcb((uint16_t)attributes)), attributes);
    }
}

static void gate(void **state)
{
    struct x86_gate64 gate = x86_gate64(0xffffffff81234567, 0x08, X86_TYPE_INTERRUPT_GATE, 3, 2);

    (void)state;
    assert_int_equal(gate.offset_15_0, 0x4567);
    assert_int_equal(gate.offset_31_16, 0x8123);
    assert_int_equal(gate.offset_63_32, 0xffffffff);
    assert_int_equal(gate.selector, 0x08);
    assert_int_equal(gate.attributes, 0xee);
    assert_int_equal(gate.ist, 2);
    assert_int_equal(gate.reserved, 0);
    assert_int_equal(x86_gate64_offset(&gate), 0xffffffff81234567);
    assert_int_equal(x86_gate64(0, 8, X86_TYPE_TRAP_GATE, 0, 0).attributes, 0x8f);
}

static void selectors(void **state)
{
    (void)state;
    assert_int_equal(X86_SELECTOR_GDT(5, 3), 0x2b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_descriptors), cmocka_unit_test(round_trip),
        cmocka_unit_test(system_descriptor), cmocka_unit_test(real_mode_segment),
        cmocka_unit_test(vmcb_attributes),   cmocka_unit_test(gate),
        cmocka_unit_test(selectors),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
