/* SPDX-License-Identifier: BSD-2-Clause */
/* The script is carried out here as the firmware does it (QEMU, hw/acpi/bios-linker-loader.c: the
 * layout of the commands); what comes out must be true by the ACPI specification 6.4, chapter 5. */
#include "device_test.h"

#include <vmm/acpi_loader.h>
#include <vmm/pc.h>

#define FILES 2

static struct vmm_fw_cfg fw_cfg;
static struct vmm_memory memory;
static struct vmm_acpi_loader loader;
static struct vmm_acpi_board board;

/* Where this firmware puts them: offset in `memory_bytes` is the address. */
static uint8_t memory_bytes[0x8000];
static const uint32_t places[FILES] = {0x230, 0x1040};
static const char *placed[FILES];
static unsigned placed_count;

static int make(void **state)
{
    (void)state;
    memset(memory_bytes, 0xcc, sizeof(memory_bytes));
    placed_count = 0;
    vmm_fw_cfg_init(&fw_cfg, &memory, 1);
    board = vmm_pc_acpi_board(2);
    return 0;
}

static uint32_t get(const uint8_t *bytes, unsigned at)
{
    uint32_t value;

    memcpy(&value, bytes + at, sizeof(value));
    return value;
}

static const struct vmm_fw_cfg_file *find(const char *name)
{
    for (unsigned i = 0; i < fw_cfg.file_count; i++)
        if (!strcmp(fw_cfg.files[i].name, name))
            return &fw_cfg.files[i];
    fail_msg("there is no file %s", name);
    return NULL;
}

static uint32_t place_of(const char *name)
{
    for (unsigned i = 0; i < placed_count && i < FILES; i++)
        if (!strcmp(placed[i], name))
            return places[i];
    fail_msg("%s has no memory yet", name);
    return 0;
}

static void allocate(const uint8_t *command)
{
    const struct vmm_fw_cfg_file *file = find((const char *)command + 4);
    uint32_t alignment = get(command, 60);

    assert_true(placed_count < FILES);
    assert_true(alignment && !(alignment & (alignment - 1)));
    assert_int_equal(places[placed_count] % alignment, 0);
    /* 5.2.5.1: only the root pointer has to be below 1 MiB, where there is little room */
    assert_int_equal(command[64], strcmp(file->name, "etc/acpi/rsdp") ? 1 : 2);
    assert_true(places[placed_count] + file->size <= sizeof(memory_bytes));
    memcpy(memory_bytes + places[placed_count], file->data, file->size);
    placed[placed_count++] = file->name;
}

static void add_pointer(const uint8_t *command)
{
    uint32_t at = place_of((const char *)command + 4) + get(command, 116);
    uint64_t value = 0;

    assert_true(get(command, 116) + command[120] <= find((const char *)command + 4)->size);
    memcpy(&value, memory_bytes + at, command[120]);
    value += place_of((const char *)command + 60);
    memcpy(memory_bytes + at, &value, command[120]);
}

static uint8_t sum(uint32_t start, uint32_t length)
{
    uint8_t bytes = 0;

    assert_true(start + length <= sizeof(memory_bytes));
    for (uint32_t i = 0; i < length; i++)
        bytes = (uint8_t)(bytes + memory_bytes[start + i]);
    return bytes;
}

static void add_checksum(const uint8_t *command)
{
    uint32_t place = place_of((const char *)command + 4);
    uint8_t bytes = sum(place + get(command, 64), get(command, 68));

    memory_bytes[place + get(command, 60)] =
        (uint8_t)(memory_bytes[place + get(command, 60)] - bytes);
}

static void carry_out(void)
{
    static void (*const commands[])(const uint8_t *) = {NULL, allocate, add_pointer, add_checksum};
    const struct vmm_fw_cfg_file *script;

    assert_true(vmm_acpi_offer(&loader, &board, &fw_cfg));
    script = find("etc/table-loader");
    assert_int_equal(script->size % 128, 0);
    for (uint32_t at = 0; at < script->size; at += 128) {
        const uint8_t *command = (const uint8_t *)script->data + at;

        assert_in_range(get(command, 0), 1, 3);
        commands[get(command, 0)](command);
    }
}

static void check(uint32_t table, const char *signature)
{
    assert_in_range(table, places[1], sizeof(memory_bytes) - 64);
    assert_memory_equal(memory_bytes + table, signature, 4);
    assert_int_equal(sum(table, get(memory_bytes, table + 4)), 0);
}

static void the_tables_are_in_order_wherever_they_are_put(void **state)
{
    static const char *const names[] = {"FACP", "APIC", "MCFG"};
    uint32_t root = places[0], xsdt, fadt, facs;

    (void)state;
    carry_out();
    assert_memory_equal(memory_bytes + root, "RSD PTR ", 8);
    assert_int_equal(sum(root, 20), 0);
    assert_int_equal(sum(root, 36), 0);
    xsdt = get(memory_bytes, root + 24);
    assert_int_equal(get(memory_bytes, root + 28), 0);
    check(xsdt, "XSDT");
    assert_int_equal(get(memory_bytes, xsdt + 4), 36 + 8 * 3);
    for (unsigned i = 0; i < 3; i++) {
        check(get(memory_bytes, xsdt + 36 + i * 8), names[i]);
        assert_int_equal(get(memory_bytes, xsdt + 40 + i * 8), 0);
    }
    fadt = get(memory_bytes, xsdt + 36);
    check(get(memory_bytes, fadt + 40), "DSDT");
    facs = get(memory_bytes, fadt + 36);
    assert_int_equal(facs % 64, 0);
    assert_memory_equal(memory_bytes + facs, "FACS", 4);
}

static void nothing_else_in_memory_is_touched(void **state)
{
    (void)state;
    carry_out();
    for (uint32_t at = 0; at < sizeof(memory_bytes); at++)
        if ((at < places[0] || at >= places[0] + 36) &&
            (at < places[1] || at >= places[1] + find("etc/acpi/tables")->size))
            assert_int_equal(memory_bytes[at], 0xcc);
}

static void a_board_with_too_many_processors_is_refused(void **state)
{
    (void)state;
    board.cpus = VMM_ACPI_CPUS_MAX;
    assert_true(vmm_acpi_offer(&loader, &board, &fw_cfg));
    make(NULL);
    board.cpus = VMM_ACPI_CPUS_MAX + 1;
    assert_false(vmm_acpi_offer(&loader, &board, &fw_cfg));
    assert_int_equal(fw_cfg.file_count, 0);
}

static void tables_need_room(void **state)
{
    static uint8_t bytes[8192];
    uint32_t size = vmm_acpi_write(&board, bytes, sizeof(bytes), 0);

    (void)state;
    assert_true(size && size <= sizeof(bytes));
    for (uint32_t less = 0; less < size; less += 64)
        assert_int_equal(vmm_acpi_write(&board, bytes, less, 0), 0);
    assert_int_equal(vmm_acpi_write(&board, bytes, size, 0), size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_tables_are_in_order_wherever_they_are_put, make),
        cmocka_unit_test_setup(nothing_else_in_memory_is_touched, make),
        cmocka_unit_test_setup(a_board_with_too_many_processors_is_refused, make),
        cmocka_unit_test_setup(tables_need_room, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
