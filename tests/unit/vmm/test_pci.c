/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_test.h"

#include <vmm/pci.h>

static struct vmm_pci pci;
static struct vmm_pci_function bridge;
static struct vmm_ports ports;
static struct vmm_reset reset;

static int make(void **state)
{
    (void)state;
    ports = (struct vmm_ports){0};
    reset.requested = false;
    vmm_pci_init(&pci, &reset);
    vmm_pci_host_bridge(&bridge);
    assert_true(vmm_pci_add(&pci, &bridge));
    assert_true(vmm_pci_add_ports(&pci, &ports));
    return 0;
}

static void address(uint32_t value)
{
    vmm_ports_write(&ports, 0xcf8, 4, value);
}

static void the_host_bridge_is_there(void **state)
{
    (void)state;
    address(0x80000000);
    assert_int_equal(vmm_ports_read(&ports, 0xcfc, 4), 0x12378086);
    assert_int_equal(vmm_ports_read(&ports, 0xcfe, 2), 0x1237);
    assert_int_equal(vmm_ports_read(&ports, 0xcfd, 1), 0x80);
    address(0x80000008);
    assert_int_equal(vmm_ports_read(&ports, 0xcfe, 2), 0x0600);
    address(0x8000002c);
    assert_int_equal(vmm_ports_read(&ports, 0xcfc, 4), 0x11001af4);
}

static void nobody_else_is(void **state)
{
    static const uint32_t addresses[] = {0x80000800, 0x80000100, 0x80010000, 0x00000000};

    (void)state;
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        address(addresses[i]);
        assert_int_equal(vmm_ports_read(&ports, 0xcfc, 4), 0xffffffff);
        vmm_ports_write(&ports, 0xcfc, 4, 0);
    }
    address(0x80000000);
    assert_int_equal(vmm_ports_read(&ports, 0xcfc, 4), 0x12378086);
}

static void only_writable_bits_change(void **state)
{
    (void)state;
    address(0x80000000);
    vmm_ports_write(&ports, 0xcfc, 4, 0);
    assert_int_equal(vmm_ports_read(&ports, 0xcfc, 4), 0x12378086);
    address(0x80000058);
    assert_int_equal(vmm_ports_read(&ports, 0xcfd, 1), 0x30); /* shadow memory is open */
    assert_int_equal(vmm_ports_read(&ports, 0xcfe, 2), 0x3333);
    vmm_ports_write(&ports, 0xcfd, 1, 0x10);
    assert_int_equal(vmm_ports_read(&ports, 0xcfd, 1), 0x10);
}

static void the_address_register_takes_words_of_32_bits(void **state)
{
    (void)state;
    address(0xffffffff);
    assert_int_equal(vmm_ports_read(&ports, 0xcf8, 4), 0x80fffffc);
    vmm_ports_write(&ports, 0xcf8, 1, 0);
    vmm_ports_write(&ports, 0xcf8, 2, 0);
    assert_int_equal(vmm_ports_read(&ports, 0xcf8, 4), 0x80fffffc);
    assert_int_equal(vmm_ports_read(&ports, 0xcf8, 1), 0xff);
    /* the last bytes of a configuration space */
    address(0x800000fc);
    assert_int_equal(vmm_ports_read(&ports, 0xcff, 1), 0x00);
    assert_int_equal(vmm_ports_read(&ports, 0xcff, 4), 0xffffff00);
}

static void the_reset_control_register(void **state)
{
    (void)state;
    vmm_ports_write(&ports, 0xcf9, 1, 0x02);
    assert_false(reset.requested);
    assert_int_equal(vmm_ports_read(&ports, 0xcf9, 1), 0x02);
    vmm_ports_write(&ports, 0xcf9, 1, 0x06);
    assert_true(reset.requested);
}

static void places_are_given_once(void **state)
{
    struct vmm_pci_function others[VMM_PCI_FUNCTIONS_MAX] = {0};

    (void)state;
    assert_false(vmm_pci_add(&pci, &others[0]));
    for (uint8_t i = 1; i < VMM_PCI_FUNCTIONS_MAX; i++) {
        others[i].device = i;
        assert_true(vmm_pci_add(&pci, &others[i]));
    }
    others[0].device = 30;
    assert_false(vmm_pci_add(&pci, &others[0]));
}

static void configuration_space_is_in_memory_too(void **state)
{
    static struct vmm_mmio mmio;

    (void)state;
    mmio = (struct vmm_mmio){0};
    assert_true(vmm_pci_add_window(&pci, &mmio));
    bridge.device = 3;
    bridge.function = 1;
    assert_int_equal(vmm_mmio_read_at(&mmio, 0xfe019000, 4), 0x12378086);
    assert_int_equal(vmm_mmio_read_at(&mmio, 0xfe019002, 2), 0x1237);
    assert_true(vmm_mmio_read_at(&mmio, 0xfe019000, 8) >> 32 ==
                vmm_mmio_read_at(&mmio, 0xfe019004, 4));
    vmm_mmio_write_at(&mmio, 0xfe01903c, 1, 0x5a);
    assert_int_equal(vmm_mmio_read_at(&mmio, 0xfe01903c, 1), 0x5a);
    /* across the end of a register, behind 256 bytes, and where no function is */
    assert_int_equal(vmm_mmio_read_at(&mmio, 0xfe019001, 2), 0xffff);
    vmm_mmio_write_at(&mmio, 0xfe01903b, 2, 0);
    assert_int_equal(vmm_mmio_read_at(&mmio, 0xfe01903c, 1), 0x5a);
    assert_int_equal(vmm_mmio_read_at(&mmio, 0xfe019100, 4), 0xffffffff);
    assert_int_equal(vmm_mmio_read_at(&mmio, 0xfe018000, 4), 0xffffffff);
    assert_true(vmm_mmio_read_at(&mmio, 0xfebffff8, 8) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_host_bridge_is_there, make),
        cmocka_unit_test_setup(nobody_else_is, make),
        cmocka_unit_test_setup(only_writable_bits_change, make),
        cmocka_unit_test_setup(the_address_register_takes_words_of_32_bits, make),
        cmocka_unit_test_setup(the_reset_control_register, make),
        cmocka_unit_test_setup(places_are_given_once, make),
        cmocka_unit_test_setup(configuration_space_is_in_memory_too, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
