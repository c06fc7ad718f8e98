/* SPDX-License-Identifier: BSD-2-Clause */
#include "vcpu_test.h"

static void the_timer_interrupts_through_the_controller(void **state)
{
    static const uint8_t words[][2] = {{0x20, 0x11}, {0x21, 0x08}, {0x21, 0x04}, {0x21, 0x01},
                                       {0x21, 0x00}, {0x43, 0x34}, {0x40, 0xa9}, {0x40, 0x04}};

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        vmm_ports_write(&pc.ports, words[i][0], 1, words[i][1]);
    vmm_pic_acknowledge(&pc.pic, 0);
    vmm_ports_write(&pc.ports, 0x20, 1, 0x20);
    assert_int_equal(vmm_pic_due(&pc.pic), -1);
    test_advance(&pc.clock, HZ / 1000 + 1000); /* 1193 clocks: 1 ms */
    assert_int_equal(vmm_pic_due(&pc.pic), 0);
}

static void firmware_finds_its_files(void **state)
{
    static const char expected[] = "\0\0\0\3";

    (void)state;
    vmm_ports_write(&pc.ports, 0x510, 2, 0x19);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(vmm_ports_read(&pc.ports, 0x511, 1), expected[i]);
    vmm_ports_write(&pc.ports, 0x510, 2, 0x20); /* etc/e820 */
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(vmm_ports_read(&pc.ports, 0x511, 1), 0);
    assert_int_equal(vmm_ports_read(&pc.ports, 0x511, 1), 0);
    assert_int_equal(vmm_ports_read(&pc.ports, 0x511, 1), 0);
    assert_int_equal(vmm_ports_read(&pc.ports, 0x511, 1), sizeof(ram) >> 16);
}

static void port_92(void **state)
{
    (void)state;
    assert_int_equal(vmm_ports_read(&pc.ports, 0x92, 1), 0x02);
    vmm_ports_write(&pc.ports, 0x92, 1, 0x00);
    assert_int_equal(vmm_ports_read(&pc.ports, 0x92, 1), 0x00);
    assert_false(pc.reset.requested);
    vmm_ports_write(&pc.ports, 0x92, 1, 0x03);
    assert_true(pc.reset.requested);
}

/* Whatever a guest does to the ports, nothing breaks: the sanitizers watch. */
static void any_access_is_survived(void **state)
{
    uint64_t random = 88172645463325252ull; /* xorshift64 */

    (void)state;
    for (unsigned i = 0; i < 300000; i++) {
        uint16_t port;
        unsigned size;

        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        /* mostly ports that exist */
        port = i % 8 ? pc.ports.ranges[(random >> 20) % pc.ports.count].first : (uint16_t)random;
        port += (uint16_t)(random >> 32 & 3);
        size = 1u << (random >> 36 & 3) % 3;
        if (random >> 40 & 1)
            vmm_ports_write(&pc.ports, port, size, (uint32_t)(random >> 8));
        else
            vmm_ports_read(&pc.ports, port, size);
        if (i % 16 == 0)
            test_advance(&pc.clock, random >> 44);
        if (vmm_pic_due(&pc.pic) >= 0 && random >> 41 & 1)
            vmm_pic_acknowledge(&pc.pic, (unsigned)vmm_pic_due(&pc.pic));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_timer_interrupts_through_the_controller, make_vcpu),
        cmocka_unit_test_setup(firmware_finds_its_files, make_vcpu),
        cmocka_unit_test_setup(port_92, make_vcpu),
        cmocka_unit_test_setup(any_access_is_survived, make_vcpu),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
