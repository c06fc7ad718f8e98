/* SPDX-License-Identifier: BSD-2-Clause */
/* What must be true is in Linux, Documentation/x86/boot.rst and zero-page.rst. */
#include "boot_test.h"

static int make(void **state)
{
    (void)state;
    boot_make(0x800);
    memset(kernel, 0x11, 0x800);
    put(0x1f1, 1, 3); /* 4 sectors in front of the kernel proper */
    put(0x1fe, 2, 0xaa55);
    put(0x200, 2, 0x6aeb);     /* the header ends at 26ch */
    put(0x202, 4, 0x53726448); /* "HdrS" */
    put(0x206, 2, 0x020f);
    put(0x218, 8, 0); /* initial RAM disk: none */
    put(0x22c, 4, 0x7fffffff);
    put(0x236, 2, 1);
    put(0x238, 4, 255);
    put(0x258, 8, 4 * MIB);
    put(0x260, 4, MIB);
    return 0;
}

static const char *load(void)
{
    return vmm_linux_load(&boot, &memory, &entry, problem);
}

static void parameters_say_where_everything_is(void **state)
{
    uint64_t at, line, disk;

    (void)state;
    assert_null(load());
    at = entry.parameters;
    line = get(at + 0x228, 4);
    disk = get(at + 0x218, 4);
    assert_string_equal(ram + line, boot.command_line);
    assert_int_equal(get(at + 0x21c, 4), sizeof(initrd));
    assert_int_equal(disk % 4096, 0);
    assert_true(disk >= 5 * MIB && disk + sizeof(initrd) <= RAM);
    assert_memory_equal(ram + disk, initrd, sizeof(initrd));
    assert_int_equal(get(at + 0x70, 8), 0xe0000);
    assert_int_equal(get(at + 0x210, 1), 0xff);
    /* the header as it is in the file, all else 0, the sentinel above all */
    assert_int_equal(get(at + 0x1ef, 1), 0);
    assert_memory_equal(ram + at + 0x230, kernel + 0x230, 0x26c - 0x230);
    assert_int_equal(get(at + 0x26c, 4), 0);
}

static void the_kernel_lies_where_it_prefers_to(void **state)
{
    (void)state;
    assert_null(load());
    assert_int_equal(entry.rip, 4 * MIB + 0x200);
    assert_memory_equal(ram + 4 * MIB, kernel + 0x800, sizeof(kernel) - 0x800);
}

static void the_memory_map_leaves_out_what_is_no_memory(void **state)
{
    uint64_t table;

    (void)state;
    assert_null(load());
    table = entry.parameters + 0x2d0;
    assert_int_equal(get(entry.parameters + 0x1e8, 1), 3);
    assert_int_equal(get(table, 8), 0);
    assert_true(get(table + 8, 8) <= 0xa0000);
    assert_int_equal(get(table + 16, 4), 1);
    assert_int_equal(get(table + 20, 8), 0xe0000);
    assert_int_equal(get(table + 28, 8), 0x20000);
    assert_int_equal(get(table + 36, 4), 2);
    assert_int_equal(get(table + 40, 8), MIB);
    assert_int_equal(get(table + 48, 8), RAM - MIB);
    assert_int_equal(get(table + 56, 4), 1);
}

/* Follows the page tables of the entry state. */
static uint64_t translate(uint64_t cr3, uint64_t linear)
{
    uint64_t pml4e = get(cr3 + (linear >> 39 & 511) * 8, 8);
    uint64_t pdpte = get((pml4e & ~0xfffull) + (linear >> 30 & 511) * 8, 8);
    uint64_t pde = get((pdpte & ~0xfffull) + (linear >> 21 & 511) * 8, 8);

    assert_int_equal(pml4e & 1, 1);
    assert_int_equal(pdpte & 1, 1);
    assert_int_equal(pde & 0x83, 0x83);
    return (pde & ~0x1fffffull) | (linear & 0x1fffff);
}

static void the_processor_is_in_long_mode(void **state)
{
    static struct nacelle_vcpu_state vcpu;
    const uint64_t addresses[] = {0, 0x8000, 4 * MIB + 0x200, RAM - 1, 0xffffffff};

    (void)state;
    memset(&vcpu, 0xee, sizeof(vcpu));
    vcpu.dirty = 0;
    assert_null(load());
    vmm_linux_enter(&entry, &vcpu);
    assert_int_equal(vcpu.dirty, VMM_LINUX_GROUPS);
    assert_int_equal(vcpu.rip, entry.rip);
    assert_int_equal(vcpu.general[6], entry.parameters);
    assert_int_equal(vcpu.rflags, 2); /* interrupts are off */
    assert_int_equal(vcpu.cr0 & 0x80000001, 0x80000001);
    assert_int_equal(vcpu.cr4 & 0x20, 0x20);
    assert_int_equal(vcpu.efer & 0x100, 0x100);
    for (unsigned i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
        assert_int_equal(translate(vcpu.cr3, addresses[i]), addresses[i]);
    /* __BOOT_CS and __BOOT_DS, and the descriptors that they name */
    assert_int_equal(vcpu.segments[NACELLE_CS].selector, 0x10);
    assert_int_equal(vcpu.segments[NACELLE_SS].selector, 0x18);
    assert_int_equal(vcpu.segments[NACELLE_DS].selector, 0x18);
    assert_int_equal(vcpu.segments[NACELLE_ES].selector, 0x18);
    assert_true(get(vcpu.gdtr.base + 0x10, 8) == 0x00af9b000000ffff);
    assert_true(get(vcpu.gdtr.base + 0x18, 8) == 0x00cf93000000ffff);
    assert_true(vcpu.gdtr.limit >= 0x1f);
}

static void what_is_no_kernel_is_refused(void **state)
{
    (void)state;
    put(0x202, 4, 0);
    assert_string_equal(load(), "the kernel is not a bzImage");
    make(state);
    boot.kernel_size = 0x200;
    assert_string_equal(load(), "the kernel is not a bzImage");
    make(state);
    put(0x206, 2, 0x020b);
    assert_string_equal(load(), "the kernel is too old: its boot protocol is before 2.12");
    make(state);
    put(0x236, 2, 0);
    assert_string_equal(load(), "the kernel is not a 64-bit one");
    make(state);
    boot.kernel_size = 0x700;
    assert_string_equal(load(), "the kernel's file is cut off");
}

static void memory_has_to_hold_it(void **state)
{
    static char line[300];

    (void)state;
    put(0x260, 4, 30 * MIB);
    assert_string_equal(load(),
                        "the guest's memory is too small: the kernel needs 34 MiB of 32 MiB");
    put(0x260, 4, UINT32_MAX);
    assert_non_null(load());
    put(0x258, 8, UINT64_MAX - 4096);
    assert_non_null(load());
    make(state);
    put(0x260, 4, 28 * MIB);
    assert_string_equal(load(), "the initial RAM disk is too large: 5 KiB, room for 0 KiB");
    make(state);
    put(0x22c, 4, 5 * MIB + 4095); /* the last byte that it may have */
    assert_string_equal(load(), "the initial RAM disk is too large: 5 KiB, room for 4 KiB");
    make(state);
    memset(line, 'x', 256);
    boot.command_line = line;
    assert_string_equal(load(),
                        "the command line is too long: 256 characters, the kernel takes 255");
    line[255] = 0;
    assert_null(load());
}

static void an_initial_ram_disk_may_be_missing(void **state)
{
    (void)state;
    boot.initrd = NULL;
    assert_null(load());
    assert_int_equal(get(entry.parameters + 0x218, 8), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(parameters_say_where_everything_is, make),
        cmocka_unit_test_setup(the_kernel_lies_where_it_prefers_to, make),
        cmocka_unit_test_setup(the_memory_map_leaves_out_what_is_no_memory, make),
        cmocka_unit_test_setup(the_processor_is_in_long_mode, make),
        cmocka_unit_test_setup(what_is_no_kernel_is_refused, make),
        cmocka_unit_test_setup(memory_has_to_hold_it, make),
        cmocka_unit_test_setup(an_initial_ram_disk_may_be_missing, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
