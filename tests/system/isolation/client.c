/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client of the isolation test. role=vm: runs the guest, uses SSE registers itself at each of its
 * exits, compares what the server says of the vCPU's state, and ends after preemptions= of them.
 * role=bystander: has no VM, and looks after its own registers (bystander.c).
 */
#include "bystander.h"
#include "vm.h"

#include <runtime/arguments.h>
#include <runtime/client.h>
#include <runtime/ipc.h>
#include <runtime/string.h>
#include <runtime/vcpu.h>

#define BOCHS_TSC_KHZ     99000

#define FPU_COMPARED_FROM 32 /* x87 and SSE registers */
#define FPU_COMPARED_SIZE (416 - 32)

static unsigned long mismatches;

static void compare(const char *what, uint64_t expected, uint64_t found)
{
    if (expected == found)
        return;
    mismatches++;
    nacelle_print("MISMATCH %s, as the server has it: expected 0x%lx, found 0x%lx\n", what,
                  expected, found);
}

/* What the state page has is what the guest has. */
static void compare_state(void)
{
    const volatile struct nacelle_vcpu_state *state = vm_state;
    const uint64_t *items = vm_data->items;
    const struct {
        unsigned item;
        uint64_t found;
    } fields[] = {
        {ITEM_STAR, state->star},
        {ITEM_LSTAR, state->lstar},
        {ITEM_CSTAR, state->cstar},
        {ITEM_FMASK, state->fmask},
        {ITEM_KERNEL_GS_BASE, state->kernel_gs_base},
        {ITEM_SYSENTER_CS, state->sysenter_cs},
        {ITEM_SYSENTER_ESP, state->sysenter_esp},
        {ITEM_SYSENTER_EIP, state->sysenter_eip},
        {ITEM_PAT, state->pat},
        {ITEM_FS_BASE, state->segments[NACELLE_FS].base},
        {ITEM_GS_BASE, state->segments[NACELLE_GS].base},
        {ITEM_XCR0, state->xcr0},
        {ITEM_CR2, state->cr2},
        {ITEM_DR0, state->dr[0]},
        {ITEM_DR1, state->dr[1]},
        {ITEM_DR2, state->dr[2]},
        {ITEM_DR3, state->dr[3]},
        {ITEM_DR6, state->dr6},
        {ITEM_DR7, state->dr7},
    };

    for (unsigned i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        compare(mismatch_name(MISMATCH_ITEM + fields[i].item), items[fields[i].item],
                fields[i].found);
    for (unsigned i = 0; i < 16; i++)
        compare(mismatch_name(MISMATCH_REGISTER + i), vm_data->registers[i],
                i == 4 ? state->rsp : state->general[i]);
    if (vm_data->has_tsc_aux)
        compare("TSC_AUX", items[ITEM_TSC_AUX], state->tsc_aux);
    if (memcmp((const char *)(uintptr_t)state->fpu + FPU_COMPARED_FROM,
               vm_xsave + FPU_COMPARED_FROM, FPU_COMPARED_SIZE) != 0) {
        mismatches++;
        nacelle_print("MISMATCH FPU registers, as the server has them\n");
    }
}

static void report(void)
{
    uint64_t mismatch = vm_data->mismatch, expected = 0;

    if (mismatch >= MISMATCH_REGISTER && mismatch < MISMATCH_REGISTER + 16)
        expected = vm_data->registers[mismatch - MISMATCH_REGISTER];
    else if (mismatch >= MISMATCH_ITEM && mismatch < MISMATCH_ITEM + DATA_ITEM_COUNT)
        expected = vm_data->items[mismatch - MISMATCH_ITEM];
    mismatches++;
    nacelle_print("MISMATCH %s: expected 0x%lx, found 0x%lx, in round %lu\n",
                  mismatch_name(vm_data->mismatch), expected, vm_data->value, vm_data->rounds);
}

static int run_vm(const struct nacelle_client_info *info, const struct vm_options *options)
{
    struct nacelle_message message = {0};
    struct nacelle_vcpu_statistics statistics = {0};
    unsigned long heartbeats = 0;

    vm_init(info);
    vm_fill(options);
    nacelle_check(nacelle_vcpu_set_priority(vm_vcpu, info->priority,
                                            options->slice * (info->tsc_hz / 1000) / BOCHS_TSC_KHZ),
                  "priority");
    nacelle_check(nacelle_vcpu_resume(vm_vcpu), "resume");
    nacelle_check(nacelle_receive(vm_endpoint, &message), "receive");
    while (nacelle_from_kernel(&message, NACELLE_EXIT_HYPERCALL) && !vm_data->mismatch) {
        heartbeats++;
        /* First the client's own registers, while the guest's are still in the processor. */
        mismatches += bystander_round((unsigned)heartbeats, 0);
        nacelle_check(nacelle_vcpu_statistics(vm_vcpu, &statistics), "statistics");
        if (statistics.preemptions >= options->preemptions || mismatches > 10)
            break;
        if (heartbeats % 4 == 0) {
            nacelle_check(nacelle_vcpu_fetch(vm_vcpu, NACELLE_GROUPS_ALL), "fetch");
            compare_state();
        }
        if (heartbeats % 8 == 0) /* and all of it back again */
            vm_state->dirty = NACELLE_GROUPS_ALL;
        message.tag = nacelle_tag(NACELLE_RESUME_ADVANCE, 0);
        nacelle_check(nacelle_reply_receive(vm_endpoint, &message), "reply");
    }
    if (!nacelle_from_kernel(&message, NACELLE_EXIT_HYPERCALL)) {
        mismatches++;
        nacelle_print("MISMATCH: exit kind %u number 0x%x value 0x%lx at 0x%lx\n",
                      vm_state->exit.kind, vm_state->exit.number, vm_state->exit.value,
                      vm_state->rip);
    } else if (vm_data->mismatch) {
        report();
    }
    nacelle_print("isolation: %lu preemptions, %lu rounds, %lu exits, XCR0 0x%lx, %lu mismatches\n",
                  statistics.preemptions, vm_data->rounds, heartbeats, vm_data->items[ITEM_XCR0],
                  mismatches);
    return mismatches != 0;
}

int main(const struct nacelle_client_info *info)
{
    const char *line = info->command_line;
    struct vm_options options;
    struct nacelle_word role;

    if (!nacelle_argument(line, "role", &role) ||
        !nacelle_argument_number(line, "seed", 1, &options.seed) ||
        !nacelle_argument_number(line, "ticks", 10000, &options.slice) ||
        !nacelle_argument_number(line, "if", 0, &options.interrupts) ||
        !nacelle_argument_number(line, "preemptions", 1000, &options.preemptions)) {
        nacelle_print("the command line makes no sense\n");
        return 1;
    }
    if (nacelle_word_is(role, "bystander"))
        return bystander_run(options.preemptions);
    return run_vm(info, &options);
}
