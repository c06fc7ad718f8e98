/* SPDX-License-Identifier: BSD-2-Clause */
/* End of a client, and its console. */
#include <runtime/client.h>
#include <runtime/console_line.h>
#include <runtime/format.h>
#include <runtime/ipc.h>
#include <runtime/names.h>
#include <runtime/string.h>

static struct {
    char text[NACELLE_CONSOLE_LINE_MAX];
    size_t length;
} line;

static void send_line(void)
{
    uint64_t words[NACELLE_MESSAGE_WORDS];
    unsigned count = nacelle_console_pack(words, line.text, line.length);
    struct nacelle_message message = {.tag = nacelle_tag(NACELLE_CONSOLE_LINE, count)};

    nacelle_message_set_words(&message, words, count);
    /* without a console there is nobody to tell */
    (void)nacelle_send(NACELLE_CLIENT_CONSOLE, &message);
    line.length = 0;
}

static void put(void *context, char character)
{
    (void)context;
    if (character != '\n' && line.length < sizeof(line.text))
        line.text[line.length++] = character;
    if (character == '\n' || line.length == sizeof(line.text))
        send_line();
}

void nacelle_print(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    nacelle_format(put, NULL, format, arguments);
    va_end(arguments);
}

_Noreturn void nacelle_exit(int status)
{
    struct nacelle_message message = {.tag = nacelle_tag(NACELLE_CONSOLE_EXIT, 1),
                                      .words = {(uint32_t)status}};

    if (line.length)
        send_line();
    (void)nacelle_call(NACELLE_CLIENT_CONSOLE, &message);
    /* No console, or one that replied against the protocol: stop by a fault. */
    for (;;)
        __asm__ volatile("ud2");
}

void nacelle_check(uint32_t error, const char *what)
{
    if (error == NACELLE_ERROR_OK)
        return;
    nacelle_print("%s: %s\n", what, nacelle_error_text(error));
    nacelle_exit(1);
}

const struct nacelle_client_file *nacelle_find_file(const struct nacelle_client_info *info,
                                                    const char *name)
{
    for (uint32_t i = 0; i < info->file_count; i++)
        if (!strcmp(info->files[i].name, name))
            return &info->files[i];
    return NULL;
}
