/* SPDX-License-Identifier: BSD-2-Clause */
#include "rows.h"

#include <harness/check.h>
#include <harness/memory.h>
#include <runtime/ipc.h>
#include <runtime/notification.h>

#include "objects.h"

struct answer invoke_raw(uint64_t object, uint64_t label, unsigned length, const uint64_t *words)
{
    struct nacelle_message message = {.tag = nacelle_tag((uint32_t)label, length)};

    for (unsigned i = 0; i < NACELLE_MESSAGE_REGISTERS; i++)
        message.words[i] = words[i];
    for (unsigned i = NACELLE_MESSAGE_REGISTERS; i < ROW_WORDS_MAX; i++)
        nacelle_ipc_buffer->words[i] = words[i];
    nacelle_system_call(NACELLE_CALL, object, &message);
    return (struct answer){nacelle_message_error(&message), message.words[0]};
}

/* The server still does what it should. */
static void check_alive(const char *what)
{
    struct nacelle_message message = {0};

    check_error(what, NACELLE_ERROR_OK, nacelle_notification_signal(NOTIFICATION));
    check_error(what, NACELLE_ERROR_OK, nacelle_poll(NOTIFICATION, &message));
}

void run_row(const struct row *row)
{
    uint64_t before = objects_fingerprint();
    struct answer answer = invoke_raw(row->object, row->operation, row->length, row->words);

    if (check_error(row->what, row->error, answer.error))
        check_number(row->what, row->culprit, answer.culprit);
    if (!check_number("objects after it", before, objects_fingerprint()))
        print("... after %s\n", row->what);
    check_alive(row->what);
}

static void run_rows(const struct rows *rows)
{
    for (unsigned i = 0; i < rows->count; i++)
        run_row(&rows->rows[i]);
}

void test_rows(void)
{
    objects_make();
    run_rows(&memory_rows);
    run_rows(&space_rows);
    run_rows(&thread_rows);
    run_rows(&vm_rows);
    run_rows(&vcpu_rows);
    run_rows(&port_rows);
    objects_drop();
}
