/* SPDX-License-Identifier: BSD-2-Clause */
/* A VMM client that runs one VM on SeaBIOS, prints the firmware's log up to its last word, and then
 * how often the guest exited and why. Arguments: ram=SIZE of the guest, default 32M. */
#include <runtime/arguments.h>
#include <runtime/client.h>
#include <runtime/notification.h>
#include <runtime/string.h>
#include <runtime/vcpu.h>
#include <vmm/guest.h>
#include <vmm/loop.h>

#define FIRMWARE      "bios.bin"
#define LAST_WORD     "No bootable device." /* SeaBIOS, src/boot.c: boot_fail() */
#define RAM_DEFAULT   (32ull << 20)
#define LOCAL_APIC    0xfee00000ull
#define NEW_YEAR_2026 1767225600ull /* a clock of the machine is nobody's business yet */

static struct vmm_guest guest;
static struct vmm_loop loop;
static struct nacelle_pool pool;

static void print_log(void *context, const char *line)
{
    struct vmm_guest *of = context;

    nacelle_print("%s\n", line);
    if (!strncmp(line, LAST_WORD, strlen(LAST_WORD)))
        of->vcpu.done = true;
}

static void print_count(void *context, const char *text, uint64_t count)
{
    (void)context;
    nacelle_print("  %-32s %10lu\n", text, count);
}

static void print_statistics(void)
{
    struct nacelle_vcpu_statistics counts = {0};

    nacelle_print("exits by kind:\n");
    vmm_statistics_table(&guest.vcpu.statistics, print_count, NULL);
    if (nacelle_vcpu_statistics(guest.vcpu.capability, &counts) != NACELLE_ERROR_OK)
        return;
    nacelle_print("%lu entries, %lu preemptions, %lu events injected, %lu timer notifications\n",
                  counts.entries, counts.preemptions, counts.injections,
                  guest.vcpu.statistics.notifications);
}

int main(const struct nacelle_client_info *info)
{
    const struct nacelle_client_file *firmware = nacelle_find_file(info, FIRMWARE);
    struct vmm_pc_config config = {.tsc_hz = info->tsc_hz,
                                   .tsc = nacelle_tsc(),
                                   .unix_time = NEW_YEAR_2026,
                                   .cpus = 1,
                                   .print = print_log,
                                   .context = &guest,
                                   .cpuid = vmm_cpuid_host};

    if (!firmware ||
        !nacelle_argument_number(info->command_line, "ram", RAM_DEFAULT, &config.memory)) {
        nacelle_print("needs files=" FIRMWARE ", and ram= a number\n");
        return 1;
    }
    nacelle_pool_init(&pool, info);
    vmm_guest_make(&guest, &pool, info, &config);
    vmm_guest_load_firmware(&guest, firmware);
    /* SeaBIOS reads the version of the local APIC even where CPUID says that there is none. */
    vmm_guest_open_bus(&guest, &pool, LOCAL_APIC);
    vmm_loop_init(&loop, &pool);
    vmm_loop_add(&loop, &pool, &guest.vcpu, guest.vm);
    vmm_loop_run(&loop);
    if (guest.vcpu.problem[0])
        nacelle_print("stopped: %s\n", guest.vcpu.problem);
    print_statistics();
    return guest.vcpu.problem[0] ? 1 : 0;
}
