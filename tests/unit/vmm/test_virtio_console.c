/* SPDX-License-Identifier: BSD-2-Clause */
/* The virtio console: VIRTIO 1.2, 5.3. */
#include "virtio_test.h"

#include <stdio.h>
#include <vmm/virtio_console.h>

static struct vmm_virtio_console console;
static char printed[100];
static unsigned printed_size, ready_count;

static void output(void *context, const uint8_t *bytes, uint32_t size)
{
    (void)context;
    assert_true(printed_size + size <= sizeof(printed));
    memcpy(printed + printed_size, bytes, size);
    printed_size += size;
}

static void ready(void *context)
{
    (void)context;
    ready_count++;
}

static int make(void **state)
{
    const struct vmm_console_line line = {.output = output, .ready = ready};

    (void)state;
    make_bus();
    vmm_virtio_console_init(&console, &memory, 1, &line);
    plug_in(&console.virtio);
    start(&console.virtio, VMM_VIRTIO_F_VERSION_1 | VMM_VIRTIO_CONSOLE_F_SIZE);
    printed_size = ready_count = 0;
    return 0;
}

static void text_goes_out(void **state)
{
    static const struct piece pieces[] = {{BUFFERS, 6, false}, {BUFFERS + 100, 5, false}};

    (void)state;
    assert_int_equal(config_get(1, 2, 2), 0x1043);
    snprintf((char *)ram + BUFFERS, 7, "hello ");
    snprintf((char *)ram + BUFFERS + 100, 6, "world");
    put_chain(1, pieces, 2);
    kick(&console.virtio, 1);
    assert_int_equal(printed_size, 11);
    assert_memory_equal(printed, "hello world", 11);
    assert_int_equal(came_back(1), 1);
}

static void text_comes_in(void **state)
{
    static const struct piece first = {BUFFERS, 4, true}, second = {BUFFERS + 4, 4, true};
    uint32_t written;

    (void)state;
    assert_int_equal(vmm_virtio_console_input(&console, "lost", 4), 0);
    put_chain(0, &first, 1);
    put_chain(0, &second, 1);
    kick(&console.virtio, 0);
    assert_true(ready_count >= 1);
    assert_int_equal(vmm_virtio_console_input(&console, "abcdef", 6), 6);
    assert_int_equal(messages.count, 1);
    assert_int_equal(messages.data, 0x41);
    take_used(0, &written);
    assert_int_equal(written, 4);
    take_used(0, &written);
    assert_int_equal(written, 2);
    assert_memory_equal(ram + BUFFERS, "abcdef\0", 7);
    put_chain(0, &first, 1);
    assert_int_equal(vmm_virtio_console_input(&console, "abcdef", 6), 4);
}

static void the_size_of_the_window(void **state)
{
    (void)state;
    vmm_virtio_console_resize(&console, 132, 43);
    assert_int_equal(reg_get(&console.virtio, VMM_VIRTIO_CONFIG, 4), 43u << 16 | 132);
    assert_int_equal(messages.count, 1);
    assert_int_equal(messages.data, 0x40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(text_goes_out, make),
        cmocka_unit_test_setup(text_comes_in, make),
        cmocka_unit_test_setup(the_size_of_the_window, make),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
