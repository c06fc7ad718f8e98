/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_test.h"

#include <vmm/fw_cfg.h>

static uint8_t ram[0x2000];
static struct vmm_memory memory;
static struct vmm_fw_cfg fw_cfg;
static struct vmm_ports ports;

static int make(void **state)
{
    (void)state;
    memset(ram, 0, sizeof(ram));
    memory = (struct vmm_memory){0};
    ports = (struct vmm_ports){0};
    assert_true(vmm_memory_add(&memory, 0, sizeof(ram), ram, true));
    vmm_fw_cfg_init(&fw_cfg, &memory, 3);
    assert_true(vmm_fw_cfg_add_ports(&fw_cfg, &ports));
    return 0;
}

static uint8_t next(void)
{
    return (uint8_t)vmm_ports_read(&ports, 0x511, 1);
}

static void select(uint16_t item)
{
    vmm_ports_write(&ports, 0x510, 2, item);
}

static void put_big_endian(uint64_t gpa, unsigned size, uint64_t value)
{
    for (unsigned i = 0; i < size; i++)
        ram[gpa + i] = (uint8_t)(value >> (size - 1 - i) * 8);
}

/* A request at 100h. */
static uint32_t dma(uint32_t control, uint32_t length, uint64_t address)
{
    put_big_endian(0x100, 4, control);
    put_big_endian(0x104, 4, length);
    put_big_endian(0x108, 8, address);
    vmm_ports_write(&ports, 0x514, 4, 0);
    vmm_ports_write(&ports, 0x518, 4, 0x00010000); /* 100h, big endian */
    return (uint32_t)ram[0x100] << 24 | ram[0x103];
}

static void the_signature_is_read_byte_by_byte(void **state)
{
    (void)state;
    select(0);
    assert_int_equal(next(), 'Q');
    assert_int_equal(next(), 'E');
    assert_int_equal(next(), 'M');
    assert_int_equal(next(), 'U');
    assert_int_equal(next(), 0); /* and no end */
    select(0);
    assert_int_equal(next(), 'Q');
    select(1);
    assert_int_equal(next(), 0x03);
    select(5);
    assert_int_equal(next(), 3);
    select(0x1234);
    assert_int_equal(next(), 0);
}

static void the_directory_lists_the_files(void **state)
{
    static const char data[] = "hello";
    uint8_t bytes[4 + 64];

    (void)state;
    assert_true(vmm_fw_cfg_add(&fw_cfg, "etc/test", data, 5));
    select(0x19);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = next();
    assert_memory_equal(bytes, "\0\0\0\1\0\0\0\5\0\x20\0\0etc/test\0", 21);
    assert_int_equal(next(), 0);
    select(0x20);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(next(), data[i]);
    assert_int_equal(next(), 0);
    select(0x21);
    assert_int_equal(next(), 0);
}

static void numbers_are_files(void **state)
{
    (void)state;
    assert_true(vmm_fw_cfg_add_number(&fw_cfg, "etc/a", 0x0807060504030201ull));
    select(0x20);
    for (unsigned i = 1; i <= 8; i++)
        assert_int_equal(next(), i);
}

static void dma_reads(void **state)
{
    (void)state;
    assert_int_equal(vmm_ports_read(&ports, 0x514, 4), 0x554d4551); /* "QEMU" */
    assert_int_equal(vmm_ports_read(&ports, 0x518, 4), 0x47464320); /* " CFG" */
    assert_int_equal(dma(0x0000000a, 4, 0x200), 0);                 /* select 0, read */
    assert_memory_equal(ram + 0x200, "QEMU", 4);
    assert_int_equal(dma(0x00000008, 0, 0), 0);
    assert_int_equal(dma(0x00000004, 2, 0), 0); /* skip */
    assert_int_equal(dma(0x00000002, 1, 0x300), 0);
    assert_int_equal(ram[0x300], 'M');
}

static void dma_stays_in_the_guests_memory(void **state)
{
    (void)state;
    assert_int_equal(dma(0x0000000a, 4, 0x1ffe), 1);
    assert_int_equal(dma(0x0000000a, 4, UINT64_MAX), 1);
    assert_int_equal(dma(0x0000000a, UINT32_MAX, 0), 1);
    assert_int_equal(dma(0x00000010, 4, 0x200), 1); /* nothing is writable */
    /* a request that lies nowhere */
    vmm_ports_write(&ports, 0x514, 4, 0xffffffff);
    vmm_ports_write(&ports, 0x518, 4, 0xffffffff);
    /* skipping far beyond the end, twice */
    assert_int_equal(dma(0x0000000c, UINT32_MAX, 0), 0);
    assert_int_equal(dma(0x00000004, UINT32_MAX, 0), 0);
    assert_int_equal(dma(0x00000002, 1, 0x300), 0);
    assert_int_equal(ram[0x300], 0);
}

static void files_that_do_not_fit_are_refused(void **state)
{
    char name[] = "etc/a";

    (void)state;
    assert_true(vmm_fw_cfg_add_number(&fw_cfg, name, 0));
    assert_false(vmm_fw_cfg_add_number(&fw_cfg, name, 0));
    assert_false(vmm_fw_cfg_add_number(
        &fw_cfg, "a-name-that-is-longer-than-the-fifty-five-characters-allowed", 0));
    for (unsigned i = 1; i < VMM_FW_CFG_FILES_MAX; i++) {
        name[4] = (char)('a' + i);
        assert_true(vmm_fw_cfg_add(&fw_cfg, name, "", 0));
    }
    assert_false(vmm_fw_cfg_add(&fw_cfg, "etc/z", "", 0));
    assert_false(vmm_fw_cfg_add_number(&fw_cfg, "etc/z", 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_signature_is_read_byte_by_byte, make),
        cmocka_unit_test_setup(the_directory_lists_the_files, make),
        cmocka_unit_test_setup(numbers_are_files, make),
        cmocka_unit_test_setup(dma_reads, make),
        cmocka_unit_test_setup(dma_stays_in_the_guests_memory, make),
        cmocka_unit_test_setup(files_that_do_not_fit_are_refused, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
