/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VMM client that boots Linux in a VM, or what is on its disk, and tells at its end how often the
 * guest exited and why.
 * Arguments:
 *   mem=SIZE     of the guest, a multiple of 2M; default 128M
 *   kernel=NAME  the file that is the kernel, a bzImage or an ELF file; default vmlinuz
 *   initrd=NAME  the file that is its initial RAM disk; default initrd.gz, or none without it
 *   firmware=NAME  the file that is its firmware, which boots what is on the disk; no kernel then
 *   disk=NAME    the file that is its disk; what it writes is gone at the end
 *   overlay=SIZE memory for what it writes to the disk; default 8M; 0: the disk is read-only
 *   net=NAME,... the channels, each to a switch, that it has network devices at
 *   console=virtio  it has a virtio console, too, and what is typed goes there
 *   offloads=0   network devices that leave no checksums and segments to others; default 1
 *   -- ...       the kernel's command line
 */
#include "account.h"
#include "devices.h"
#include "progress.h"

#include <runtime/arguments.h>
#include <runtime/client.h>
#include <runtime/format.h>
#include <runtime/notification.h>
#include <runtime/string.h>
#include <runtime/vcpu.h>
#include <vmm/guest.h>
#include <vmm/loop.h>
#include <vmm/terminal.h>

#define RAM_DEFAULT   (128ull << 20)
#define NEW_YEAR_2026 1767225600ull /* the guests' clocks start here: runs are repeatable */

static struct vmm_guest guest;
static struct vmm_loop loop;
static struct nacelle_pool pool;
static struct vmm_terminal terminal;
static struct progress progress;

static void print_log(void *context, const char *line)
{
    (void)context;
    nacelle_print("%s\n", line);
}

/* Ends the VM, unless the guest deals with its panic itself. */
static void hear_panic(void *context, uint8_t events)
{
    (void)context;
    if (!(events & VMM_PVPANIC_PANICKED))
        return;
    nacelle_snprintf(guest.vcpu.problem, sizeof(guest.vcpu.problem), "the guest has panicked");
    guest.vcpu.done = true;
}

/* A key that nobody reads is most likely one that was misspelt. */
static bool keys_are_known(const char *line)
{
    static const char *const keys[] = {
        "client", "memory", "slots", "priority", "slice", "files",    "expect",  "channel", "mem",
        "kernel", "initrd", "disk",  "overlay",  "net",   "firmware", "console", "offloads"};
    struct nacelle_word word;

    if (!nacelle_next_word(&line, &word)) /* the module's name */
        return true;
    while (nacelle_next_word(&line, &word) && !nacelle_word_is(word, "--")) {
        struct nacelle_word key = {word.text, 0};
        bool known = false;

        while (key.length < word.length && key.text[key.length] != '=')
            key.length++;
        for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
            known = known || (key.length < word.length && nacelle_word_is(key, keys[i]));
        if (!known) {
            nacelle_print("unknown option %.*s\n", (int)word.length, word.text);
            return false;
        }
    }
    return true;
}

/* Linux measures the TSC against the 8254 where CPUID does not tell its frequency, as on AMD: while
 * other VMs run in between that takes many exits and fails. So the frequency is told first; what
 * follows overrides it. */
static const char *command_line(const struct nacelle_client_info *info)
{
    static char line[NACELLE_CLIENT_LINE_MAX + 32];

    nacelle_snprintf(line, sizeof(line), "tsc_early_khz=%lu %s", info->tsc_hz / 1000,
                     nacelle_rest_of_line(info->command_line));
    return line;
}

/* The file that key= names, else the one called `otherwise`. False, after a message, when it is
 * missing, unless it is neither asked for nor needed; then *file is NULL. */
static bool find_file(const struct nacelle_client_info *info, const char *key,
                      const char *otherwise, bool needed, const struct nacelle_client_file **file)
{
    struct nacelle_word word = {otherwise, strlen(otherwise)};
    char name[NACELLE_CLIENT_NAME_MAX];

    if (nacelle_argument(info->command_line, key, &word))
        needed = true;
    (void)nacelle_word_copy(word, name, sizeof(name));
    *file = nacelle_find_file(info, name);
    if (!*file && needed)
        nacelle_print("there is no file %s; files= has to name it\n", name);
    return *file || !needed;
}

int main(const struct nacelle_client_info *info)
{
    const struct nacelle_client_file *firmware = NULL, *kernel = NULL, *initrd = NULL;
    struct nacelle_word word;
    struct vmm_pc_config config = {.tsc_hz = info->tsc_hz,
                                   .tsc = nacelle_tsc(),
                                   .unix_time = NEW_YEAR_2026,
                                   .cpus = 1,
                                   .boot_fail_wait = UINT32_MAX,
                                   .print = print_log,
                                   .com1 = vmm_terminal_host(&terminal),
                                   .pvpanic = {.events = hear_panic},
                                   .cpuid = vmm_cpuid_host};
    struct account begin;
    struct vmm_linux boot = {.command_line = command_line(info)};

    if (!keys_are_known(info->command_line))
        return 1;
    if (nacelle_argument(info->command_line, "firmware", &word)
            ? !find_file(info, "firmware", "", true, &firmware)
            : !find_file(info, "kernel", "vmlinuz", true, &kernel) ||
                  !find_file(info, "initrd", "initrd.gz", false, &initrd))
        return 1;
    if (!nacelle_argument_number(info->command_line, "mem", RAM_DEFAULT, &config.memory)) {
        nacelle_print("mem= is not a size\n");
        return 1;
    }
    if (kernel) {
        boot.kernel = (const uint8_t *)kernel->address;
        boot.kernel_size = kernel->size;
    }
    if (initrd) {
        boot.initrd = (const uint8_t *)initrd->address;
        boot.initrd_size = initrd->size;
    }
    progress_begin(&progress);
    nacelle_print("0 million ticks: loading the %s\n", firmware ? "firmware" : "kernel");
    nacelle_pool_init(&pool, info);
    vmm_loop_init(&loop, &pool);
    vmm_loop_use_channels(&loop, info);
    vmm_guest_make(&guest, &pool, info, &config);
    if (!devices_add(&guest, &loop, &pool, info, &terminal, firmware))
        return 1;
    vmm_loop_add(&loop, &pool, &guest.vcpu, guest.vm);
    if (firmware)
        vmm_guest_load_firmware(&guest, &pool, firmware);
    else
        vmm_guest_load_linux(&guest, &boot);
    if (!vmm_terminal_open(&terminal, &loop, &pool, &guest.pc.com1, &guest.pc.clock))
        nacelle_print("there is no terminal for the guest\n");
    nacelle_print("%lu million ticks: the guest starts at TSC %lu\n", progress_ticks(&progress),
                  nacelle_tsc());
    progress_watch(&progress, &guest, &terminal);
    begin = account_begin();
    vmm_loop_run(&loop);
    vmm_terminal_flush(&terminal);
    if (guest.vcpu.problem[0])
        nacelle_print("stopped: %s\n", guest.vcpu.problem);
    account_print(&begin, &guest);
    devices_print();
    return guest.vcpu.problem[0] != 0;
}
