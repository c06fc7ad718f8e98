/* SPDX-License-Identifier: BSD-2-Clause */
#include "device_test.h"

#include <vmm/debug_port.h>

static char lines[8][VMM_DEBUG_LINE_MAX + 1];
static unsigned count;

static void keep(void *context, const char *line)
{
    (void)context;
    strncpy(lines[count++], line, VMM_DEBUG_LINE_MAX);
}

static void write_text(struct vmm_ports *ports, const char *text)
{
    for (; *text; text++)
        vmm_ports_write(ports, 0x402, 1, (uint8_t)*text);
}

static void lines_are_put_together(void **state)
{
    struct vmm_ports ports = {0};
    struct vmm_debug_port debug;

    (void)state;
    vmm_debug_port_init(&debug, keep, NULL);
    assert_true(vmm_debug_port_add(&debug, &ports));
    assert_int_equal(vmm_ports_read(&ports, 0x402, 1), 0xe9);
    write_text(&ports, "one\r\n\ntwo");
    assert_int_equal(count, 2);
    assert_string_equal(lines[0], "one");
    assert_string_equal(lines[1], "");
    vmm_debug_port_flush(&debug);
    vmm_debug_port_flush(&debug);
    assert_int_equal(count, 3);
    assert_string_equal(lines[2], "two");
}

static void a_line_without_end_is_cut(void **state)
{
    struct vmm_ports ports = {0};
    struct vmm_debug_port debug;

    (void)state;
    count = 0;
    vmm_debug_port_init(&debug, keep, NULL);
    vmm_debug_port_add(&debug, &ports);
    for (unsigned i = 0; i < 2 * VMM_DEBUG_LINE_MAX + 1; i++)
        write_text(&ports, "x");
    assert_int_equal(count, 2);
    assert_int_equal(strlen(lines[0]), VMM_DEBUG_LINE_MAX);
}

static void nobody_need_read_it(void **state)
{
    struct vmm_ports ports = {0};
    struct vmm_debug_port debug;

    (void)state;
    vmm_debug_port_init(&debug, NULL, NULL);
    vmm_debug_port_add(&debug, &ports);
    for (unsigned i = 0; i < 2 * VMM_DEBUG_LINE_MAX + 1; i++)
        write_text(&ports, "x");
    write_text(&ports, "\n");
    vmm_debug_port_flush(&debug);
    assert_int_equal(debug.length, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_put_together),
        cmocka_unit_test(a_line_without_end_is_cut),
        cmocka_unit_test(nobody_need_read_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
