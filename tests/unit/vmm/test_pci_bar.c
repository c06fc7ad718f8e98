/* SPDX-License-Identifier: BSD-2-Clause */
/* Base address registers, capabilities, the pin, and MSI-X: what a guest sees of them. */
#include "device_test.h"

#include <vmm/pci_msix.h>

#define COMMAND 0x04
#define BAR(i)  (0x10 + (i)*4)

static struct vmm_pci pci;
static struct vmm_ports ports;
static struct vmm_mmio mmio;
static struct vmm_reset reset;
static struct vmm_pci_function functions[2];
static struct vmm_msix msix[2];
static struct test_line lines[2];
static uint32_t last_offset, last_value, messages;
static uint64_t last_address;

static uint32_t bar_read(void *device, uint32_t offset, unsigned size)
{
    (void)device;
    (void)size;
    return 0x1000 + offset;
}

static void bar_write(void *device, uint32_t offset, unsigned size, uint32_t value)
{
    (void)device;
    (void)size;
    last_offset = offset;
    last_value = value;
}

static void message(void *context, uint64_t address, uint32_t data)
{
    (void)context;
    messages++;
    last_address = address;
    last_value = data;
}

static const struct vmm_pci_bar io_bar = {64, true, bar_read, bar_write, NULL, 0};
static const struct vmm_pci_bar memory_bar = {0x2000, false, bar_read, bar_write, NULL, 0};

/* Two functions, at 1.0 and 5.0, whose pins share PIRQA. */
static int make(void **state)
{
    (void)state;
    ports = (struct vmm_ports){0};
    mmio = (struct vmm_mmio){0};
    vmm_pci_init(&pci, &reset);
    assert_true(vmm_pci_add_ports(&pci, &ports));
    pci.mmio = &mmio;
    pci.message = message;
    messages = 0;
    pci.lines[0] = test_line(&lines[0]);
    pci.lines[1] = test_line(&lines[1]);
    pci.lines[0].input = 3;
    pci.irqs[0] = 10;
    for (unsigned i = 0; i < 2; i++) {
        functions[i] = (struct vmm_pci_function){.device = (uint8_t)(1 + 4 * i)};
        vmm_pci_set(&functions[i], VMM_PCI_VENDOR_ID, 4, 0x12345678);
        vmm_pci_use_pin(&functions[i]);
        assert_true(vmm_pci_add_bar(&functions[i], 0, &io_bar));
        assert_true(vmm_pci_add_bar(&functions[i], 2, &memory_bar));
        assert_true(vmm_msix_init(&msix[i], &functions[i], 3, 1));
        assert_true(vmm_pci_add(&pci, &functions[i]));
    }
    return 0;
}

static uint32_t get(unsigned device, unsigned offset, unsigned size)
{
    vmm_ports_write(&ports, 0xcf8, 4, 0x80000000u | device << 11 | (offset & 0xfcu));
    return vmm_ports_read(&ports, (uint16_t)(0xcfc + offset % 4), size);
}

static void set(unsigned device, unsigned offset, unsigned size, uint32_t value)
{
    vmm_ports_write(&ports, 0xcf8, 4, 0x80000000u | device << 11 | (offset & 0xfcu));
    vmm_ports_write(&ports, (uint16_t)(0xcfc + offset % 4), size, value);
}

/* PCI 3.0, 6.2.5.1: all ones are written, and what reads back tells the size. */
static void sizes_are_found(void **state)
{
    (void)state;
    set(1, BAR(0), 4, 0xffffffff);
    assert_int_equal(get(1, BAR(0), 4), 0xffffffc1);
    set(1, BAR(2), 4, 0xffffffff);
    assert_int_equal(get(1, BAR(2), 4), 0xffffe000);
    set(1, BAR(3), 4, 0xffffffff);
    assert_int_equal(get(1, BAR(3), 4), 0);
    assert_int_equal(vmm_ports_read(&ports, 0xffc0, 4), 0xffffffff); /* not decoded */
}

static void bars_answer_where_they_are(void **state)
{
    (void)state;
    set(1, BAR(0), 4, 0x1000);
    set(1, BAR(2), 4, 0xd0002000);
    assert_int_equal(vmm_ports_read(&ports, 0x1004, 4), 0xffffffff);
    set(1, COMMAND, 2, 3);
    assert_int_equal(vmm_ports_read(&ports, 0x1004, 4), 0x1004);
    assert_int_equal(vmm_mmio_read_at(&mmio, 0xd0002010, 4), 0x1010);
    assert_int_equal(vmm_mmio_read_at(&mmio, 0xd0002010, 8), 0x0000101400001010);
    vmm_mmio_write_at(&mmio, 0xd0003ff8, 8, 0x1111111122222222);
    assert_int_equal(last_offset, 0x1ffc);
    assert_int_equal(last_value, 0x11111111);
    set(1, BAR(0), 4, 0x2000);
    assert_int_equal(vmm_ports_read(&ports, 0x1004, 4), 0xffffffff);
    vmm_ports_write(&ports, 0x203f, 1, 0x5a);
    assert_int_equal(last_offset, 0x3f);
    set(1, COMMAND, 2, 2);
    assert_int_equal(vmm_ports_read(&ports, 0x2004, 4), 0xffffffff);
    assert_int_equal(vmm_mmio_read_at(&mmio, 0xd0002010, 4), 0x1010);
    set(1, COMMAND, 2, 0);
    assert_int_equal(ports.count, 2); /* those of configuration space */
    assert_int_equal(mmio.count, 0);
}

static void two_bars_change_places(void **state)
{
    (void)state;
    set(1, BAR(0), 4, 0x1000);
    set(5, BAR(0), 4, 0x2000);
    set(1, COMMAND, 2, 1);
    set(5, COMMAND, 2, 1);
    assert_int_equal(ports.count, 4);
    set(1, BAR(0), 4, 0x2000); /* over the other: it waits */
    assert_int_equal(functions[0].bars[0].address, 0);
    assert_int_equal(functions[1].bars[0].address, 0x2000);
    set(5, BAR(0), 4, 0x1000);
    assert_int_equal(functions[0].bars[0].address, 0x2000);
    assert_int_equal(functions[1].bars[0].address, 0x1000);
    set(1, BAR(0), 4, 0xcf8); /* over configuration space itself: it stays */
    assert_int_equal(get(1, 0, 4), 0x12345678);
    set(1, BAR(0), 4, 0x12340000); /* no port */
    assert_int_equal(functions[0].bars[0].address, 0);
}

static void addresses_are_given(void **state)
{
    (void)state;
    assert_true(vmm_pci_assign(&pci));
    assert_int_equal(get(1, BAR(0), 4), 0xc001);
    assert_int_equal(get(5, BAR(0), 4), 0xc041);
    assert_int_equal(get(1, BAR(1), 4), 0xc0000000);
    assert_int_equal(get(1, BAR(2), 4), 0xc0002000);
    assert_int_equal(get(5, BAR(1), 4), 0xc0004000);
    assert_int_equal(get(5, BAR(2), 4), 0xc0006000);
    assert_int_equal(get(5, COMMAND, 2), 3);
    assert_int_equal(get(5, 0x3c, 2), 0x010a);
    assert_int_equal(vmm_mmio_read_at(&mmio, 0xc0006000, 4), 0x1000);
}

static void bad_bars_are_refused(void **state)
{
    struct vmm_pci_bar bar = memory_bar;

    (void)state;
    assert_false(vmm_pci_add_bar(&functions[0], 0, &bar)); /* taken */
    assert_false(vmm_pci_add_bar(&functions[0], 6, &bar));
    bar.size = 0x1800;
    assert_false(vmm_pci_add_bar(&functions[0], 3, &bar));
    bar.size = 8;
    assert_false(vmm_pci_add_bar(&functions[0], 3, &bar));
    bar = io_bar;
    bar.size = 512;
    assert_false(vmm_pci_add_bar(&functions[0], 3, &bar));
    assert_false(vmm_msix_init(&msix[0], &functions[0], 33, 3));
}

static void windows_stay_within(void **state)
{
    (void)state;
    assert_int_equal(vmm_pci_bar_read_at(&functions[0], 0, 60, 4), 0x103c);
    assert_int_equal(vmm_pci_bar_read_at(&functions[0], 0, 61, 4), 0xffffffff);
    assert_int_equal(vmm_pci_bar_read_at(&functions[0], 0, 0xfffffffe, 4), 0xffffffff);
    assert_int_equal(vmm_pci_bar_read_at(&functions[0], 0, 0, 3), 0xffffffff);
    assert_int_equal(vmm_pci_bar_read_at(&functions[0], 5, 0, 4), 0xffffffff);
    assert_int_equal(vmm_pci_bar_read_at(&functions[0], 255, 0, 4), 0xffffffff);
}

/* 6.2.4 and 6.2.2: level, shared, and off by a bit of COMMAND. */
static void pins_share_lines(void **state)
{
    (void)state;
    vmm_pci_interrupt(&functions[0], true);
    assert_true(lines[0].level);
    vmm_pci_interrupt(&functions[1], true);
    vmm_pci_interrupt(&functions[0], false);
    assert_true(lines[0].level);
    assert_int_equal(get(5, 0x06, 2) & 8, 8);
    set(5, COMMAND, 2, 0x400);
    assert_false(lines[0].level);
    assert_int_equal(get(5, 0x06, 2) & 8, 8); /* still asks */
    set(5, COMMAND, 2, 0);
    assert_true(lines[0].level);
    vmm_pci_interrupt(&functions[1], false);
    assert_false(lines[0].level);
    assert_false(lines[1].level);
    functions[0].device = 2;
    assert_int_equal(vmm_pci_line(&functions[0]), 1);
    vmm_pci_interrupt(&functions[0], true);
    assert_true(lines[1].level);
}

/* 6.7: a list that begins at 34h and ends with 0. */
static void capabilities_are_a_list(void **state)
{
    unsigned at, vendor = vmm_pci_add_capability(&functions[0], 9, 18);

    (void)state;
    assert_int_equal(get(1, 0x06, 2) & 0x10, 0x10);
    at = get(1, 0x34, 1);
    assert_int_equal(at, vendor);
    assert_int_equal(get(1, at, 1), 9);
    at = get(1, at + 1, 1);
    assert_int_equal(get(1, at, 1), 0x11);
    assert_int_equal(get(1, at + 1, 1), 0);
    assert_int_equal(vmm_pci_add_capability(&functions[0], 9, 250), 0);
    assert_true(vmm_pci_add_capability(&functions[0], 9, 4) % 4 == 0);
}

static void set_entry(unsigned vector, uint32_t address, uint32_t data, uint32_t control)
{
    uint64_t at = functions[0].bars[1].address + vector * 16ull;

    vmm_mmio_write_at(&mmio, at, 4, address);
    vmm_mmio_write_at(&mmio, at + 8, 4, data);
    vmm_mmio_write_at(&mmio, at + 12, 4, control);
}

/* 6.8.2: off and all masked after reset; the table and the pending bits are in the BAR. */
static void messages_are_masked_and_kept(void **state)
{
    unsigned control = msix[0].capability + 2;

    (void)state;
    assert_true(vmm_pci_assign(&pci));
    assert_int_equal(get(1, control, 2), 2); /* count - 1 */
    assert_int_equal(get(1, control + 2, 4), 1);
    assert_int_equal(get(1, control + 6, 4), 0x801);
    assert_int_equal(vmm_mmio_read_at(&mmio, 0xc000000c, 4), 1);
    vmm_msix_raise(&msix[0], 0);
    assert_int_equal(messages, 0);
    set(1, control, 2, 0xc000);
    assert_int_equal(get(1, control, 2), 0xc002);
    set(1, COMMAND, 2, 7);
    set_entry(0, 0xfee01003, 0x4041, 0); /* the two lowest bits of an address are 0 */
    set_entry(1, 0xfee02000, 0x4042, 1);
    vmm_msix_raise(&msix[0], 0);
    vmm_msix_raise(&msix[0], 1);
    vmm_msix_raise(&msix[0], 3); /* no such vector */
    assert_int_equal(messages, 0);
    assert_int_equal(vmm_mmio_read_at(&mmio, 0xc0000800, 8), 3);
    set(1, control, 2, 0x8000);
    assert_int_equal(messages, 1);
    assert_int_equal(last_address, 0xfee01000);
    assert_int_equal(last_value, 0x4041);
    set_entry(1, 0xfee02000, 0x4042, 0);
    assert_int_equal(messages, 2);
    assert_int_equal(last_address, 0xfee02000);
    assert_int_equal(vmm_mmio_read_at(&mmio, 0xc0000800, 8), 0);
}

static void only_masters_send_messages(void **state)
{
    (void)state;
    assert_true(vmm_pci_assign(&pci));
    set(1, msix[0].capability + 2, 2, 0x8000);
    set_entry(0, 0xfee00000, 0x41, 0);
    vmm_msix_raise(&msix[0], 0);
    assert_int_equal(messages, 0);
    set(1, COMMAND, 2, 7);
    assert_int_equal(messages, 1);
}

static void the_pin_is_silent_with_messages(void **state)
{
    (void)state;
    vmm_pci_interrupt(&functions[0], true);
    set(1, msix[0].capability + 2, 2, 0x8000);
    assert_false(lines[0].level);
    set(1, msix[0].capability + 2, 2, 0);
    assert_true(lines[0].level);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sizes_are_found, make),
        cmocka_unit_test_setup(bars_answer_where_they_are, make),
        cmocka_unit_test_setup(two_bars_change_places, make),
        cmocka_unit_test_setup(addresses_are_given, make),
        cmocka_unit_test_setup(bad_bars_are_refused, make),
        cmocka_unit_test_setup(windows_stay_within, make),
        cmocka_unit_test_setup(pins_share_lines, make),
        cmocka_unit_test_setup(capabilities_are_a_list, make),
        cmocka_unit_test_setup(messages_are_masked_and_kept, make),
        cmocka_unit_test_setup(only_masters_send_messages, make),
        cmocka_unit_test_setup(the_pin_is_silent_with_messages, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
