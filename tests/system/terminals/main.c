/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client with a terminal that does what is typed at it, line by line:
 *   flood N  writes N numbered lines, which is more than the line takes at once
 *   bytes    writes all 256 bytes, as they are
 *   quit     ends
 *   else     says it again
 * Ends of lines are CR; what is typed is echoed.
 */
#include <runtime/arguments.h>
#include <runtime/client.h>
#include <runtime/format.h>
#include <runtime/ipc.h>
#include <runtime/notification.h>
#include <runtime/pool.h>
#include <runtime/string.h>
#include <runtime/terminal.h>

static uint64_t notification;
static char line[256];
static unsigned length;

/* All of it; the notification tells when there is room. */
static void write_all(const void *bytes, size_t count)
{
    const uint8_t *next = bytes;
    size_t taken;

    while ((taken = nacelle_terminal_write(next, count)) < count) {
        struct nacelle_message message;

        next += taken;
        count -= taken;
        nacelle_check(nacelle_receive(notification, &message), "waiting for room");
    }
}

static void write_text(const char *text)
{
    write_all(text, strlen(text));
}

static void flood(void)
{
    uint64_t count = 0;
    char text[80];

    (void)nacelle_word_number((struct nacelle_word){line + 6, length - 6}, &count);
    for (uint64_t i = 0; i < count; i++) {
        nacelle_snprintf(text, sizeof(text), "line %lu of many, which all have to arrive\r\n", i);
        write_text(text);
    }
}

static void write_bytes(void)
{
    uint8_t bytes[256];

    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    write_all(bytes, sizeof(bytes));
    write_text("\r\nthese were all bytes\r\n");
}

static void do_line(const struct nacelle_client_info *info)
{
    line[length] = 0;
    write_text("\r\n");
    if (!strcmp(line, "quit")) {
        write_text("good bye\r\n");
        nacelle_exit(0);
    } else if (!strcmp(line, "bytes")) {
        write_bytes();
    } else if (!strncmp(line, "flood ", 6)) {
        flood();
    } else {
        write_text(info->name);
        write_text(" heard: ");
        write_text(line);
        write_text("\r\n");
        nacelle_print("heard %u characters\n", length);
    }
    length = 0;
    write_text("> ");
}

int main(const struct nacelle_client_info *info)
{
    struct nacelle_pool pool;

    nacelle_pool_init(&pool, info);
    notification = nacelle_pool_need(&pool, NACELLE_TYPE_NOTIFICATION, NACELLE_SIZE_NOTIFICATION);
    /* an endpoint is refused: to signal it would be a call that nobody answers */
    if (nacelle_terminal_attach(
            nacelle_pool_need(&pool, NACELLE_TYPE_ENDPOINT, NACELLE_SIZE_ENDPOINT)))
        return 2;
    if (!nacelle_terminal_attach(notification))
        return 1;
    write_text("> ");
    for (;;) {
        uint8_t typed[NACELLE_CONSOLE_LINE_MAX];
        size_t count = nacelle_terminal_read(typed);
        struct nacelle_message message;

        if (!count)
            nacelle_check(nacelle_receive(notification, &message), "waiting for input");
        for (size_t i = 0; i < count; i++) {
            if (typed[i] == '\r') {
                do_line(info);
            } else if (length < sizeof(line) - 1) {
                write_all(&typed[i], 1);
                line[length++] = (char)typed[i];
            }
        }
    }
}
