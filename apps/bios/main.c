/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VMM client that runs VMs on SeaBIOS, prints their firmware's log up to its last word, and then
 * how often each guest exited and why. Arguments:
 *   ram=SIZE    of each guest, a multiple of 2M; default 32M
 *   vms=COUNT   1 to 4; default 1. All are served by one thread.
 *   wait=MS     how long SeaBIOS waits before it gives up for good; default 0. It spends that time
 *               in HLT, woken by the timer.
 */
#include <runtime/arguments.h>
#include <runtime/client.h>
#include <runtime/notification.h>
#include <runtime/string.h>
#include <runtime/vcpu.h>
#include <vmm/guest.h>
#include <vmm/loop.h>

#define FIRMWARE      "bios.bin"
#define VMS_MAX       4
#define RAM_DEFAULT   (32ull << 20)
#define WAIT_MAX      1000000
#define NEW_YEAR_2026 1767225600ull /* the guests' clocks start here: runs are repeatable */

/* SeaBIOS, src/boot.c: boot_fail() */
#define LAST_WORD            "No bootable device."
#define LAST_WORD_AFTER_WAIT "Rebooting."

struct vm {
    struct vmm_guest guest;
    unsigned number;
};

static struct vm vms[VMS_MAX];
static uint64_t vm_count, ram, wait;
static struct vmm_loop loop;
static struct nacelle_pool pool;

/* Begins a line that is about a VM: its number, if there are several. */
static void print_number(const struct vm *vm)
{
    if (vm_count > 1)
        nacelle_print("%u: ", vm->number);
}

static void print_log(void *context, const char *line)
{
    const char *last_word = wait ? LAST_WORD_AFTER_WAIT : LAST_WORD;
    struct vm *vm = context;

    print_number(vm);
    nacelle_print("%s\n", line);
    if (!strncmp(line, last_word, strlen(last_word)))
        vm->guest.vcpu.done = true;
}

static void print_count(void *context, const char *text, uint64_t client, uint64_t server)
{
    print_number(context);
    nacelle_print("  %-32s %10lu %10lu\n", text, client, server);
}

static void print_statistics(struct vm *vm)
{
    const struct vmm_vcpu *vcpu = &vm->guest.vcpu;
    struct nacelle_vcpu_statistics counts = vmm_guest_statistics(&vm->guest);

    print_number(vm);
    nacelle_print("  %-32s %10s %10s\n", "exits by kind, and who answered", "client", "server");
    vmm_statistics_table(&vcpu->statistics, print_count, vm);
    print_number(vm);
    nacelle_print("%lu entries, %lu preemptions, %lu events injected, %lu timer notifications\n",
                  counts.entries, counts.preemptions, counts.injections,
                  vcpu->statistics.notifications);
}

static bool read_arguments(const struct nacelle_client_info *info)
{
    return nacelle_argument_number(info->command_line, "ram", RAM_DEFAULT, &ram) &&
           nacelle_argument_number(info->command_line, "vms", 1, &vm_count) &&
           nacelle_argument_number(info->command_line, "wait", 0, &wait) && vm_count >= 1 &&
           vm_count <= VMS_MAX && wait <= WAIT_MAX;
}

static void make(struct vm *vm, const struct nacelle_client_info *info,
                 const struct nacelle_client_file *firmware)
{
    const struct vmm_pc_config config = {.memory = ram,
                                         .tsc_hz = info->tsc_hz,
                                         .tsc = nacelle_tsc(),
                                         .unix_time = NEW_YEAR_2026,
                                         .cpus = 1,
                                         .boot_fail_wait = wait ? (uint32_t)wait : UINT32_MAX,
                                         .print = print_log,
                                         .context = vm,
                                         .cpuid = vmm_cpuid_host};

    vmm_guest_make(&vm->guest, &pool, info, &config);
    vmm_guest_load_firmware(&vm->guest, &pool, firmware);
    vmm_loop_add(&loop, &pool, &vm->guest.vcpu, vm->guest.vm);
}

int main(const struct nacelle_client_info *info)
{
    const struct nacelle_client_file *firmware = nacelle_find_file(info, FIRMWARE);
    int status = 0;

    if (!firmware || !read_arguments(info)) {
        nacelle_print("needs files=" FIRMWARE "; ram=, vms= (1 to 4), wait= (0 to 1000000)\n");
        return 1;
    }
    nacelle_pool_init(&pool, info);
    vmm_loop_init(&loop, &pool);
    for (unsigned i = 0; i < vm_count; i++) {
        vms[i].number = i;
        make(&vms[i], info, firmware);
    }
    vmm_loop_run(&loop);
    for (unsigned i = 0; i < vm_count; i++) {
        const struct vmm_vcpu *vcpu = &vms[i].guest.vcpu;

        if (vcpu->problem[0]) {
            print_number(&vms[i]);
            nacelle_print("stopped: %s\n", vcpu->problem);
            status = 1;
        }
        print_statistics(&vms[i]);
    }
    return status;
}
