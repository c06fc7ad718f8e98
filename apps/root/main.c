/* SPDX-License-Identifier: BSD-2-Clause */
/* The root task: starts the clients among the boot modules, is their console, and notes their
 * ends. When all have ended it says whether all went as expected, and switches the machine off. */
#include "channel.h"
#include "client.h"
#include "commands.h"
#include "console.h"
#include "line.h"
#include "resources.h"
#include "terminal.h"

#include <nacelle/exit.h>
#include <runtime/client.h>
#include <runtime/console_line.h>
#include <runtime/format.h>
#include <runtime/ipc.h>
#include <runtime/names.h>
#include <runtime/string.h>

static const struct nacelle_boot_info *info;
static char scenario[NACELLE_BOOT_NAME_MAX] = "?";
static struct client clients[CLIENTS_MAX];
static unsigned client_count;
static char first_problem[192];

/* Keeps the first problem for the last line. */
static void note_problem(const struct client *client, const char *what)
{
    if (!first_problem[0])
        nacelle_snprintf(first_problem, sizeof(first_problem), "client %s: %s", client->config.name,
                         what);
}

static void read_scenario(void)
{
    struct nacelle_word word;
    const char *line = info->command_line;

    /* the first word of the kernel's line may be scenario= itself, or the kernel's name */
    while (nacelle_next_word(&line, &word))
        if (word.length > 9 && !strncmp(word.text, "scenario=", 9))
            nacelle_word_copy((struct nacelle_word){word.text + 9, word.length - 9}, scenario,
                              sizeof(scenario));
}

static void print_machine(void)
{
    uint64_t memory = 0;
    unsigned pieces = 0;

    console_print("root: binary interface %u.%u, %s, TSC at %lu MHz\n", info->abi_major,
                  info->abi_minor, info->cpu_name, info->tsc_hz / 1000000);
    for (uint32_t i = 0; i < info->untyped_count; i++) {
        if (info->untyped[i].device)
            continue;
        memory += info->untyped[i].size;
        pieces++;
    }
    console_print("root: memory %lu KiB in %u pieces, boot modules %u\n", memory / 1024, pieces,
                  info->module_count);
}

static void print_client(const struct client *client)
{
    const struct client_config *config = &client->config;

    console_print("root: client %s: program %s, memory %lu KiB and %lu KiB for its objects, "
                  "%lu slots, priority %lu%s%.*s\n",
                  config->name, client->module->name, config->memory / 1024,
                  client->home_size / 1024, config->slots, config->priority,
                  config->files.length ? ", files " : "", (int)config->files.length,
                  config->files.text);
}

/* What the client's command line asks for. Should that make no sense, it is not started. */
static void read_client(const struct module *module)
{
    struct client *client = &clients[client_count++];

    client->module = module;
    client->badge = client_count;
    client->problem = config_read(module->boot->command_line, &client->config);
    if (!client->problem)
        client->problem = channels_note(client);
}

static void start_client(struct client *client, uint64_t endpoint)
{
    const struct module *module = client->module;
    const char *problem = client->problem;

    if (!problem)
        problem = client_start(client, info, endpoint);
    if (!problem) {
        print_client(client);
        if (client->config.expectation == EXPECT_REFUSED)
            note_problem(client, "started, against expectation");
        return;
    }
    channels_leave(client);
    console_print("root: client %s: cannot start module %s: %s\n", client->config.name,
                  module->name, problem);
    if (client->config.expectation != EXPECT_REFUSED)
        note_problem(client, problem);
}

/* Takes an ended client apart. */
static void end_client(struct client *client, bool expected, const char *what)
{
    uint64_t lost;

    terminal_close(client);
    lost = client_stop(client);
    channels_leave(client);
    if (!expected)
        note_problem(client, what);
    if (lost) {
        console_print("root: client %s: %lu bytes did not come back\n", client->config.name, lost);
        note_problem(client, "memory lost");
    } else {
        console_print("root: client %s: all %lu KiB came back\n", client->config.name,
                      (client->config.memory + client->home_size) / 1024);
    }
}

static void handle_fault(struct client *client, const struct nacelle_message *message)
{
    char what[128];
    uint32_t vector = (uint32_t)message->words[0];

    nacelle_snprintf(what, sizeof(what),
                     "stopped: %s (vector %u, error code 0x%lx) at 0x%lx, address 0x%lx",
                     nacelle_exception_name(vector), vector, message->words[1], message->words[2],
                     message->words[3]);
    console_print("root: client %s %s\n", client->config.name, what);
    end_client(client, client->config.expectation == EXPECT_FAULT, what);
}

static void handle_exit(struct client *client, const struct nacelle_message *message)
{
    const struct client_config *config = &client->config;
    uint32_t status = (uint32_t)message->words[0];
    char what[64];

    nacelle_snprintf(what, sizeof(what), "exited with status %u", status);
    console_print("root: client %s %s\n", config->name, what);
    end_client(client, config->expectation == EXPECT_STATUS && status == config->expected_status,
               what);
}

static void handle_line(const struct client *client, const struct nacelle_message *message)
{
    char text[NACELLE_CONSOLE_LINE_MAX + 1];
    uint64_t words[NACELLE_MESSAGE_WORDS];
    unsigned length = nacelle_tag_length(message->tag);

    nacelle_message_words(message, words);
    if (nacelle_console_unpack(words, length, text) < 0)
        console_print("root: client %s: a line that makes no sense\n", client->config.name);
    else
        console_print("[%s] %s\n", client->config.name, text);
}

/* A client's request. Fills in the reply, should it have been a call. */
static void handle_request(struct client *client, const struct nacelle_message *message,
                           struct nacelle_message *reply)
{
    if (terminal_handle(client, message, reply))
        return;
    if (nacelle_tag_label(message->tag) == NACELLE_CONSOLE_LINE)
        handle_line(client, message);
    else if (nacelle_tag_label(message->tag) == NACELLE_CONSOLE_EXIT)
        handle_exit(client, message);
    else
        console_print("root: client %s: unknown request %u\n", client->config.name,
                      nacelle_tag_label(message->tag));
}

/* kill NAME: as if the client had faulted, but that is no failure of the scenario. */
static void kill_client(const char *name)
{
    for (unsigned i = 0; i < client_count; i++) {
        if (strcmp(clients[i].config.name, name) != 0)
            continue;
        if (clients[i].running) {
            console_print("root: client %s is killed\n", name);
            end_client(&clients[i], true, "");
        } else {
            console_print("root: client %s has ended already\n", name);
        }
        return;
    }
    console_print("root: there is no client %s\n", name);
}

static void list_clients(void)
{
    for (unsigned i = 0; i < client_count; i++)
        console_print("root: client %s %s\n", clients[i].config.name,
                      clients[i].running ? "runs" : "has ended");
}

static void explain_commands(void)
{
    console_print("root: commands: list, kill CLIENT\n");
}

/* What was typed at the log. */
static void read_commands(void)
{
    static struct commands commands = {
        .kill = kill_client, .list = list_clients, .explain = explain_commands};
    char bytes[COMMANDS_LINE_MAX];
    size_t count;

    while ((count = line_read(0, bytes, sizeof(bytes))) != 0)
        commands_take(&commands, bytes, count);
}

static void handle(const struct nacelle_message *message, struct nacelle_message *reply)
{
    struct client *client;

    if (nacelle_from_kernel(message, NACELLE_LABEL_NOTIFICATION) && terminals_interrupt())
        read_commands();
    if (message->badge < 1 || message->badge > client_count)
        return;
    client = &clients[message->badge - 1];
    if (!client->running)
        return;
    if (nacelle_from_kernel(message, NACELLE_LABEL_FAULT))
        handle_fault(client, message);
    else if (message->tag & NACELLE_TAG_KERNEL)
        console_print("root: client %s: unexpected message\n", client->config.name);
    else
        handle_request(client, message, reply);
}

/* Nobody is kept waiting for a reply that the protocol does not have. The caller of EXIT is gone
 * by now. */
static void answer_call(const struct nacelle_message *message, struct nacelle_message *reply)
{
    if ((message->tag & NACELLE_TAG_CALL) && !(message->tag & NACELLE_TAG_KERNEL))
        (void)nacelle_reply(reply);
}

/* True while there is anybody who does not run for the others alone. */
static bool running(void)
{
    for (unsigned i = 0; i < client_count; i++)
        if (clients[i].running && clients[i].config.expectation != EXPECT_RUNNING)
            return true;
    return false;
}

/* Ends those that ran for the others. */
static void stop_rest(void)
{
    for (unsigned i = 0; i < client_count; i++) {
        if (!clients[i].running)
            continue;
        console_print("root: client %s is stopped, all others have ended\n",
                      clients[i].config.name);
        end_client(&clients[i], true, "");
    }
}

_Noreturn void nacelle_start(const void *boot_info, struct nacelle_ipc_buffer *buffer)
{
    struct nacelle_message message = {0}, reply;
    uint64_t endpoint;
    enum nacelle_error error;

    nacelle_ipc_buffer = buffer;
    info = boot_info;
    console_init();
    read_scenario();
    if (info->magic != NACELLE_BOOT_INFO_MAGIC || info->abi_major != NACELLE_ABI_MAJOR)
        console_finish(scenario, "the server speaks another binary interface");
    print_machine();
    resources_init(info);

    endpoint = resources_slots(1);
    error = resources_make(NACELLE_TYPE_ENDPOINT, NACELLE_SIZE_ENDPOINT, endpoint);
    if (error != NACELLE_ERROR_OK)
        console_finish(scenario, nacelle_error_text(error));
    terminals_init(endpoint);
    for (unsigned i = 1; i < resources_module_count(); i++)
        if (config_is_client(resources_module(i)->boot->command_line))
            read_client(resources_module(i));
    for (unsigned i = 0; i < client_count; i++)
        start_client(&clients[i], endpoint);
    if (!client_count)
        console_finish(scenario, "no client among the boot modules");

    while (running()) {
        error = nacelle_receive(endpoint, &message);
        if (error != NACELLE_ERROR_OK)
            console_finish(scenario, nacelle_error_text(error));
        reply = (struct nacelle_message){0};
        handle(&message, &reply);
        answer_call(&message, &reply);
    }
    stop_rest();
    console_finish(scenario, first_problem[0] ? first_problem : NULL);
}
