/* SPDX-License-Identifier: BSD-2-Clause */
/* The binary interface, version 1, as docs/interface.md has it: what is tested here cannot be
 * changed without another major version. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <nacelle/boot_info.h>
#include <nacelle/check.h>
#include <nacelle/error.h>
#include <nacelle/exit.h>
#include <nacelle/message.h>
#include <nacelle/object.h>
#include <nacelle/vcpu_state.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

struct member {
    const char *name;
    size_t offset, documented;
};

#define MEMBER(type, member, documented)                   \
    {                                                      \
#member, offsetof(struct type, member), documented \
    }

static void check_members(const struct member *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (members[i].offset != members[i].documented) {
            print_error("%s\n", members[i].name);
        }
        assert_int_equal(members[i].offset, members[i].documented);
    }
}

static void state_page(void **state)
{
    static const struct member members[] = {
        MEMBER(nacelle_vcpu_state, exit, 0x000),
        MEMBER(nacelle_vcpu_state, general, 0x080),
        MEMBER(nacelle_vcpu_state, valid, 0x100),
        MEMBER(nacelle_vcpu_state, dirty, 0x104),
        MEMBER(nacelle_vcpu_state, rip, 0x110),
        MEMBER(nacelle_vcpu_state, rsp, 0x118),
        MEMBER(nacelle_vcpu_state, rflags, 0x120),
        MEMBER(nacelle_vcpu_state, segments, 0x130),
        MEMBER(nacelle_vcpu_state, segments[NACELLE_TR], 0x1d8),
        MEMBER(nacelle_vcpu_state, cr0, 0x1f0),
        MEMBER(nacelle_vcpu_state, cr2, 0x1f8),
        MEMBER(nacelle_vcpu_state, cr3, 0x200),
        MEMBER(nacelle_vcpu_state, cr4, 0x208),
        MEMBER(nacelle_vcpu_state, cr0_shadow, 0x210),
        MEMBER(nacelle_vcpu_state, cr4_shadow, 0x218),
        MEMBER(nacelle_vcpu_state, efer, 0x220),
        MEMBER(nacelle_vcpu_state, xcr0, 0x228),
        MEMBER(nacelle_vcpu_state, xss, 0x230),
        MEMBER(nacelle_vcpu_state, pdpte, 0x238),
        MEMBER(nacelle_vcpu_state, gdtr, 0x258),
        MEMBER(nacelle_vcpu_state, idtr, 0x268),
        MEMBER(nacelle_vcpu_state, star, 0x278),
        MEMBER(nacelle_vcpu_state, lstar, 0x280),
        MEMBER(nacelle_vcpu_state, cstar, 0x288),
        MEMBER(nacelle_vcpu_state, fmask, 0x290),
        MEMBER(nacelle_vcpu_state, kernel_gs_base, 0x298),
        MEMBER(nacelle_vcpu_state, sysenter_cs, 0x2a0),
        MEMBER(nacelle_vcpu_state, sysenter_esp, 0x2a8),
        MEMBER(nacelle_vcpu_state, sysenter_eip, 0x2b0),
        MEMBER(nacelle_vcpu_state, tsc_aux, 0x2b8),
        MEMBER(nacelle_vcpu_state, pat, 0x2c0),
        MEMBER(nacelle_vcpu_state, blocking, 0x2c8),
        MEMBER(nacelle_vcpu_state, activity, 0x2cc),
        MEMBER(nacelle_vcpu_state, pending_debug, 0x2d0),
        MEMBER(nacelle_vcpu_state, interrupt, 0x2d8),
        MEMBER(nacelle_vcpu_state, nmi, 0x2dc),
        MEMBER(nacelle_vcpu_state, exception, 0x2e0),
        MEMBER(nacelle_vcpu_state, exception_error, 0x2e4),
        MEMBER(nacelle_vcpu_state, exception_length, 0x2e8),
        MEMBER(nacelle_vcpu_state, vectoring, 0x2ec),
        MEMBER(nacelle_vcpu_state, vectoring_error, 0x2f0),
        MEMBER(nacelle_vcpu_state, vectoring_length, 0x2f4),
        MEMBER(nacelle_vcpu_state, windows, 0x2f8),
        MEMBER(nacelle_vcpu_state, deferred, 0x2fc),
        MEMBER(nacelle_vcpu_state, dr, 0x300),
        MEMBER(nacelle_vcpu_state, dr6, 0x320),
        MEMBER(nacelle_vcpu_state, dr7, 0x328),
        MEMBER(nacelle_vcpu_state, debugctl, 0x330),
        MEMBER(nacelle_vcpu_state, fpu, 0x400),
    };

    (void)state;
    check_members(members, ARRAY_SIZE(members));
    assert_int_equal(sizeof(struct nacelle_vcpu_state), 4096);
    assert_int_equal(sizeof(struct nacelle_segment), 24);
    assert_int_equal(offsetof(struct nacelle_segment, rights), 4);
    assert_int_equal(offsetof(struct nacelle_segment, base), 8);
    assert_int_equal(offsetof(struct nacelle_segment, limit), 16);
    assert_int_equal(sizeof(struct nacelle_table), 16);
    assert_int_equal(offsetof(struct nacelle_table, limit), 8);
}

static void exit_record(void **state)
{
    static const struct member members[] = {
        MEMBER(nacelle_exit, kind, 0x00),
        MEMBER(nacelle_exit, instruction_length, 0x04),
        MEMBER(nacelle_exit, number, 0x08),
        MEMBER(nacelle_exit, flags, 0x0c),
        MEMBER(nacelle_exit, detail, 0x10),
        MEMBER(nacelle_exit, size, 0x14),
        MEMBER(nacelle_exit, value, 0x18),
        MEMBER(nacelle_exit, gpa, 0x20),
        MEMBER(nacelle_exit, gva, 0x28),
        MEMBER(nacelle_exit, count, 0x30),
        MEMBER(nacelle_exit, vectoring, 0x38),
        MEMBER(nacelle_exit, vectoring_error, 0x3c),
        MEMBER(nacelle_exit, vendor, 0x40),
        MEMBER(nacelle_exit, raw_instruction, 0x44),
        MEMBER(nacelle_exit, raw_reason, 0x48),
        MEMBER(nacelle_exit, raw_qualification, 0x50),
        MEMBER(nacelle_exit, raw_information, 0x58),
        MEMBER(nacelle_exit, reserved, 0x60),
    };

    (void)state;
    check_members(members, ARRAY_SIZE(members));
    assert_int_equal(sizeof(struct nacelle_exit), 128);
}

static void boot_information(void **state)
{
    static const struct member members[] = {
        MEMBER(nacelle_boot_info, magic, 0),
        MEMBER(nacelle_boot_info, abi_major, 8),
        MEMBER(nacelle_boot_info, abi_minor, 10),
        MEMBER(nacelle_boot_info, vendor, 12),
        MEMBER(nacelle_boot_info, tsc_hz, 16),
        MEMBER(nacelle_boot_info, server_text, 24),
        MEMBER(nacelle_boot_info, first_free_slot, 32),
        MEMBER(nacelle_boot_info, untyped_count, 40),
        MEMBER(nacelle_boot_info, module_count, 44),
        MEMBER(nacelle_boot_info, command_line, 48),
        MEMBER(nacelle_boot_info, cpu_name, 1072),
        MEMBER(nacelle_boot_info, untyped, 1136),
        MEMBER(nacelle_boot_info, modules, 3184),
        MEMBER(nacelle_boot_untyped, slot, 0),
        MEMBER(nacelle_boot_untyped, physical, 8),
        MEMBER(nacelle_boot_untyped, size, 16),
        MEMBER(nacelle_boot_untyped, device, 24),
        MEMBER(nacelle_boot_module, slot, 0),
        MEMBER(nacelle_boot_module, physical, 8),
        MEMBER(nacelle_boot_module, size, 16),
        MEMBER(nacelle_boot_module, command_line, 24),
    };
    const uint64_t magic = NACELLE_BOOT_INFO_MAGIC;

    (void)state;
    check_members(members, ARRAY_SIZE(members));
    assert_int_equal(sizeof(struct nacelle_boot_info), 19952);
    assert_int_equal(sizeof(struct nacelle_boot_untyped), 32);
    assert_int_equal(sizeof(struct nacelle_boot_module), 1048);
    assert_memory_equal(&magic, "!nacelle", 8);
    /* what the server maps does not overlap */
    assert_true(NACELLE_ROOT_BOOT_INFO + NACELLE_BOOT_INFO_PAGES * 4096ull <=
                NACELLE_ROOT_IPC_BUFFER);
    assert_true(NACELLE_ROOT_IPC_BUFFER + 4096 <= NACELLE_ROOT_STACK_TOP - NACELLE_ROOT_STACK_SIZE);
    assert_true(NACELLE_ROOT_STACK_TOP <= NACELLE_USER_END);
    assert_true(NACELLE_SLOT_UNTYPED + NACELLE_BOOT_UNTYPED_MAX <= NACELLE_ROOT_CSPACE_SLOTS);
}

static void tags(void **state)
{
    (void)state;
    assert_int_equal(nacelle_tag(0, 0), 0);
    assert_int_equal(nacelle_tag(1, 2), 0x10002);
    assert_true(nacelle_tag(0xffffffff, 64) == 0x0000ffffffff0040);
    assert_int_equal(nacelle_tag(0, 255) & ~(uint64_t)NACELLE_TAG_LENGTH_MASK, 0);
    for (uint64_t i = 0; i < 64; i++) {
        uint64_t tag = 1ull << i;

        assert_int_equal(nacelle_tag_length(tag), i < 7 ? 1u << i : 0);
        assert_int_equal(nacelle_tag_label(tag), i >= 16 && i < 48 ? 1u << (i - 16) : 0);
        assert_int_equal(nacelle_tag_system_call(tag), i >= 56 ? 1u << (i - 56) : 0);
    }
    assert_true(NACELLE_MESSAGE_WORDS <= NACELLE_TAG_LENGTH_MASK);
    assert_int_equal(NACELLE_TAG_CAPABILITY, 0x80);
    assert_int_equal(NACELLE_TAG_ERROR, 0x100);
    assert_int_equal(NACELLE_TAG_KERNEL, 0x200);
    assert_int_equal(NACELLE_TAG_CALL, 0x400);
    assert_int_equal(sizeof(struct nacelle_ipc_buffer), 528);
    assert_int_equal(offsetof(struct nacelle_ipc_buffer, receive_slot), 520);
}

struct named {
    const char *name;
    unsigned number;
    const char *text;
};

#define NAMED(name, number, text) {#name, number, text},

/* Numbers go up, one by one if there are to be no gaps; no name or text is there twice. */
static void check_names(const struct named *list, size_t count, int gaps)
{
    for (size_t i = 0; i < count; i++) {
        assert_true(list[i].text[0] != 0);
        if (i > 0 && gaps) {
            assert_true(list[i].number > list[i - 1].number);
        } else {
            assert_true(gaps || list[i].number == i);
        }
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(list[i].name, list[k].name);
            assert_string_not_equal(list[i].text, list[k].text);
        }
    }
}

static void lists(void **state)
{
    static const struct named errors[] = {NACELLE_ERRORS(NAMED)};
    static const struct named exits[] = {NACELLE_EXITS(NAMED)};
    static const struct named checks[] = {NACELLE_CHECKS(NAMED)};

    (void)state;
    check_names(errors, ARRAY_SIZE(errors), 0);
    check_names(exits, ARRAY_SIZE(exits), 0);
    check_names(checks, ARRAY_SIZE(checks), 1);
    assert_int_equal(ARRAY_SIZE(errors), NACELLE_ERROR_COUNT);
    assert_int_equal(ARRAY_SIZE(exits), NACELLE_EXIT_COUNT);
    assert_true(NACELLE_EXIT_COUNT <= NACELLE_LABEL_NOTIFICATION);
    assert_int_equal(NACELLE_ERROR_INVALID_SYSTEM_CALL, 26);
    assert_int_equal(NACELLE_EXIT_UNKNOWN, 36);
}

static void operations(void **state)
{
    (void)state;
    assert_int_equal(NACELLE_UNTYPED_RETYPE, 0x100);
    assert_int_equal(NACELLE_CSPACE_IDENTIFY, 0x303);
    assert_int_equal(NACELLE_THREAD_WRITE_REGISTER, 0x506);
    assert_int_equal(NACELLE_THREAD_STATISTICS, 0x507);
    assert_int_equal(NACELLE_VM_CLOSE_MSR, 0x805);
    assert_int_equal(NACELLE_VCPU_STATISTICS, 0x90e);
    assert_int_equal(NACELLE_VCPU_SET_APIC, 0x90f);
    assert_int_equal(NACELLE_INTERRUPT_ACKNOWLEDGE, 0xb01);
    assert_int_equal(NACELLE_CONTROL_COUNT, 12);
    assert_int_equal(NACELLE_GROUPS_ALL, (1u << NACELLE_GROUPS) - 1);
    assert_int_equal(NACELLE_TYPE_COUNT, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(state_page),
        cmocka_unit_test(exit_record),
        cmocka_unit_test(boot_information),
        cmocka_unit_test(tags),
        cmocka_unit_test(lists),
        cmocka_unit_test(operations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
