/* SPDX-License-Identifier: BSD-2-Clause */
/* What must be true is in the ACPI specification 6.4, chapter 5. */
#include "device_test.h"

#include <vmm/pc.h>

static uint8_t ram[1 << 20];
static struct vmm_memory memory;
static struct vmm_acpi_board board;

static int make(void **state)
{
    (void)state;
    memset(ram, 0xcc, sizeof(ram));
    memory = (struct vmm_memory){0};
    assert_true(vmm_memory_add(&memory, 0, sizeof(ram), ram, true));
    board = vmm_pc_acpi_board(2);
    return 0;
}

static uint64_t get(uint64_t gpa, unsigned size)
{
    uint64_t value = 0;

    assert_true(gpa + size <= sizeof(ram));
    memcpy(&value, ram + gpa, size);
    return value;
}

static unsigned sum(uint64_t gpa, uint64_t size)
{
    unsigned bytes = 0;

    for (uint64_t i = 0; i < size; i++)
        bytes += (unsigned)get(gpa + i, 1);
    return bytes & 0xff;
}

/* A table with a header (5.2.6), which has to be in order. */
static uint64_t check(uint64_t gpa, const char *signature)
{
    assert_true(gpa >= VMM_ACPI_TABLES);
    assert_true(gpa + get(gpa + 4, 4) <= VMM_ACPI_TABLES + VMM_ACPI_TABLES_SIZE);
    assert_memory_equal(ram + gpa, signature, 4);
    assert_int_equal(sum(gpa, get(gpa + 4, 4)), 0);
    return gpa;
}

/* XSDT's entry of this name. */
static uint64_t find(const char *signature)
{
    uint64_t rsdp = vmm_acpi_build(&board, &memory);
    uint64_t xsdt = check(get(rsdp + 24, 8), "XSDT");

    for (uint64_t at = xsdt + 36; at < xsdt + get(xsdt + 4, 4); at += 8)
        if (!memcmp(ram + get(at, 8), signature, 4))
            return check(get(at, 8), signature);
    fail_msg("there is no table %s", signature);
    return 0;
}

static void the_root_pointer_is_found_by_a_search(void **state)
{
    uint64_t rsdp = vmm_acpi_build(&board, &memory);

    (void)state;
    assert_true(rsdp >= 0xe0000 && rsdp < 0x100000 && rsdp % 16 == 0); /* 5.2.5.1 */
    assert_memory_equal(ram + rsdp, "RSD PTR ", 8);
    assert_int_equal(sum(rsdp, 20), 0);
    assert_int_equal(get(rsdp + 15, 1), 2);
    assert_int_equal(get(rsdp + 20, 4), 36);
    assert_int_equal(sum(rsdp, 36), 0);
}

static void the_fixed_hardware_is_where_the_board_has_it(void **state)
{
    uint64_t fadt = find("FACP");

    (void)state;
    assert_int_equal(get(fadt + 4, 4), 276);
    assert_int_equal(get(fadt + 46, 2), 9); /* SCI */
    assert_int_equal(get(fadt + 48, 4), 0); /* no SMI command: always in ACPI mode */
    assert_int_equal(get(fadt + 56, 4), board.pm_event);
    assert_int_equal(get(fadt + 64, 4), board.pm_control);
    assert_int_equal(get(fadt + 76, 4), board.pm_timer);
    assert_int_equal(get(fadt + 88, 1), 4);
    assert_int_equal(get(fadt + 89, 1), 2);
    assert_int_equal(get(fadt + 91, 1), 4);
    assert_int_equal(get(fadt + 109, 2), 1 | 4);       /* no 8042, no VGA */
    assert_int_equal(get(fadt + 112, 4) & 1 << 20, 0); /* not hardware-reduced */
    /* generic address of the reset register: 8 bits at a port */
    assert_int_equal(get(fadt + 116, 4), 0x01000801);
    assert_int_equal(get(fadt + 120, 8), board.reset_port);
    assert_int_equal(get(fadt + 128, 1), board.reset_value);
    check(get(fadt + 40, 4), "DSDT");
}

static void there_is_a_firmware_control_structure(void **state)
{
    uint64_t facs = get(find("FACP") + 36, 4);

    (void)state;
    assert_int_equal(facs % 64, 0); /* 5.2.10 */
    assert_memory_equal(ram + facs, "FACS", 4);
    assert_int_equal(get(facs + 4, 4), 64);
}

static void interrupt_controllers_are_told(void **state)
{
    /* 5.2.12: type and length of each entry, then what it says */
    static const uint8_t entries[] = {
        0, 8,  0,    0, 1, 0, 0,    0,                   /* local APICs */
        0, 8,  1,    1, 1, 0, 0,    0,                   /* */
        1, 12, 0,    0, 0, 0, 0xc0, 0xfe, 0,    0, 0, 0, /* I/O APIC at FEC00000h, GSI 0 on */
        2, 10, 0,    0, 2, 0, 0,    0,    0,    0,       /* IRQ 0 is GSI 2 */
        2, 10, 0,    9, 9, 0, 0,    0,    0x0d, 0,       /* IRQ 9: level-triggered, high */
        4, 6,  0xff, 0, 0, 1,                            /* NMI at LINT1 of all */
    };
    uint64_t madt = find("APIC");

    (void)state;
    assert_int_equal(get(madt + 36, 4), 0xfee00000);
    assert_int_equal(get(madt + 40, 4), 1); /* 8259s too */
    assert_int_equal(get(madt + 4, 4), 44 + sizeof(entries));
    assert_memory_equal(ram + madt + 44, entries, sizeof(entries));
}

static void configuration_space_is_in_memory_too(void **state)
{
    uint64_t mcfg = find("MCFG");

    (void)state;
    assert_int_equal(get(mcfg + 4, 4), 60);
    assert_int_equal(get(mcfg + 44, 8), VMM_PCI_WINDOW);
    assert_int_equal(get(mcfg + 52, 4), 0); /* segment 0, bus 0 alone */
}

static void what_does_not_fit_is_refused(void **state)
{
    static struct vmm_memory none;

    (void)state;
    assert_int_equal(vmm_acpi_build(&board, &none), 0);
    board.cpus = VMM_ACPI_CPUS_MAX;
    assert_int_not_equal(vmm_acpi_build(&board, &memory), 0);
    board.cpus++;
    assert_int_equal(vmm_acpi_build(&board, &memory), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_root_pointer_is_found_by_a_search, make),
        cmocka_unit_test_setup(the_fixed_hardware_is_where_the_board_has_it, make),
        cmocka_unit_test_setup(there_is_a_firmware_control_structure, make),
        cmocka_unit_test_setup(interrupt_controllers_are_told, make),
        cmocka_unit_test_setup(configuration_space_is_in_memory_too, make),
        cmocka_unit_test_setup(what_does_not_fit_is_refused, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
