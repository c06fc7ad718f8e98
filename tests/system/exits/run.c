/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs table-driven cases. */
#include "cases.h"
#include "rig.h"
#include "tables.h"
#include "verdict.h"

#include <runtime/client.h>
#include <runtime/string.h>
#include <runtime/vcpu.h>
#include <runtime/vm.h>
#include <x86/cpuid.h>
#include <x86/descriptor.h>
#include <x86/msr.h>
#include <x86/vmx_exit.h>

#define HLT_INSTRUCTION 0xf4
#define RUBBISH         0x5a5a5a5a5a5a5a5aull

static uint64_t mask(unsigned bytes)
{
    return bytes >= 8 ? ~0ull : (1ull << 8 * bytes) - 1;
}

static unsigned address_size(enum mode mode, bool alternate)
{
    static const uint8_t sizes[2][3] = {{2, 4, 8}, {4, 2, 4}};

    return sizes[alternate][modes[mode].bits / 32];
}

/* --- The state that a case begins with --- */

static uint64_t register_value(enum mode mode, const struct exits_case *test,
                               const struct exits_register *reg,
                               const struct nacelle_vcpu_state *state)
{
    uint64_t rubbish = RUBBISH & ~mask(address_size(mode, test->alternate));

    switch (reg->meaning) {
    case AS_IT_IS:
        return reg->value;
    case COUNT:
        return reg->value | rubbish;
    case CR0_CHANGED:
        return state->cr0 ^ reg->value;
    case CR4_CHANGED:
        return state->cr4 ^ reg->value;
    default:
        return (mode_offset(mode, reg->meaning - LINEAR_ES, reg->value) &
                mask(address_size(mode, test->alternate))) |
               rubbish;
    }
}

static void set_registers(enum mode mode, const struct exits_case *test,
                          struct nacelle_vcpu_state *state)
{
    for (unsigned i = 0; i < 16; i++)
        state->general[i] = REGISTER(i);
    for (unsigned i = 0; i < 4; i++) {
        const struct exits_register *reg = &test->registers[i];

        if (reg->meaning != AS_IT_IS || reg->value != 0 || reg->index != 0)
            state->general[reg->index] = register_value(mode, test, reg, state);
    }
}

void exits_set_user(volatile struct nacelle_vcpu_state *state)
{
    const uint32_t user = 3u << X86_AR_DPL_SHIFT;

    for (unsigned i = NACELLE_ES; i <= NACELLE_GS; i++)
        state->segments[i].rights |= user;
    state->segments[NACELLE_CS].selector = SELECTOR_USER_CODE | 3;
    state->segments[NACELLE_SS].selector = SELECTOR_USER_DATA | 3;
}

static void store(const struct nacelle_vcpu_state *state)
{
    volatile struct nacelle_vcpu_state *to = rig_state;
    const size_t from = offsetof(struct nacelle_vcpu_state, rip);

    for (unsigned i = 0; i < 16; i++)
        to->general[i] = state->general[i];
    memcpy((char *)(uintptr_t)to + from, (const char *)state + from,
           offsetof(struct nacelle_vcpu_state, reserved3) - from);
    to->dirty = NACELLE_GROUPS_ALL & ~NACELLE_GROUP_FPU;
}

static void place_code(const uint8_t *code, size_t size)
{
    uint8_t *at = rig_ram(RIG_CODE);

    memcpy(at, code, size);
    nacelle_choose_hypercalls(at, size);
    at[size] = HLT_INSTRUCTION;
    at[size + 1] = HLT_INSTRUCTION; /* the end of a snippet that ends with HLT itself */
}

void exits_begin(enum mode mode, const uint8_t *code, unsigned size, uint64_t rflags)
{
    static struct nacelle_vcpu_state state;

    mode_set(mode, &state);
    state.rflags |= rflags;
    for (unsigned i = 0; i < 16; i++)
        state.general[i] = REGISTER(i);
    place_code(code, size);
    store(&state);
}

static void begin(enum mode mode, const struct exits_case *test)
{
    static struct nacelle_vcpu_state state;

    mode_set(mode, &state);
    state.cr0 |= test->cr0;
    state.cr4 |= test->cr4;
    state.cr0_shadow |= test->cr0 | test->cr0_shadow;
    state.cr4_shadow |= test->cr4 | test->cr4_shadow;
    state.rflags |= test->rflags;
    state.dr[0] = test->dr[0];
    state.dr[1] = test->dr[1];
    state.dr7 |= test->dr7;
    if (test->no_idt)
        state.idtr.limit = 0;
    if (test->user)
        exits_set_user(&state);
    if (test->task_gate)
        tables_task_gate(test->task_gate, SELECTOR_OTHER_TSS);
    if (test->back_link)
        *(uint16_t *)rig_ram(RIG_TSS) = test->back_link;
    if (test->memory_at)
        *(uint64_t *)rig_ram((uint32_t)test->memory_at) = test->memory;
    set_registers(mode, test, &state);
    place_code(test->begin, (size_t)(test->end - test->begin));
    store(&state);
}

/* --- What is expected --- */

/* The basic exit reason that a kind has: SDM vol. 3, appendix C. */
static uint32_t reason_of(const struct nacelle_exit *exit)
{
    static const uint8_t simple[NACELLE_EXIT_COUNT] = {
        [NACELLE_EXIT_PORT] = VMX_EXIT_REASON_IO_INSTRUCTION,
        [NACELLE_EXIT_MEMORY] = VMX_EXIT_REASON_EPT_VIOLATION,
        [NACELLE_EXIT_CPUID] = VMX_EXIT_REASON_CPUID,
        [NACELLE_EXIT_CONTROL_REGISTER] = VMX_EXIT_REASON_CR_ACCESS,
        [NACELLE_EXIT_DEBUG_REGISTER] = VMX_EXIT_REASON_MOV_DR,
        [NACELLE_EXIT_HLT] = VMX_EXIT_REASON_HLT,
        [NACELLE_EXIT_HYPERCALL] = VMX_EXIT_REASON_VMCALL,
        [NACELLE_EXIT_EXCEPTION] = VMX_EXIT_REASON_EXCEPTION_OR_NMI,
        [NACELLE_EXIT_INTERRUPT_WINDOW] = VMX_EXIT_REASON_INTERRUPT_WINDOW,
        [NACELLE_EXIT_NMI_WINDOW] = VMX_EXIT_REASON_NMI_WINDOW,
        [NACELLE_EXIT_SHUTDOWN] = VMX_EXIT_REASON_TRIPLE_FAULT,
        [NACELLE_EXIT_TASK_SWITCH] = VMX_EXIT_REASON_TASK_SWITCH,
        [NACELLE_EXIT_INVLPG] = VMX_EXIT_REASON_INVLPG,
        [NACELLE_EXIT_RDPMC] = VMX_EXIT_REASON_RDPMC,
        [NACELLE_EXIT_XSETBV] = VMX_EXIT_REASON_XSETBV,
        [NACELLE_EXIT_MONITOR] = VMX_EXIT_REASON_MONITOR,
        [NACELLE_EXIT_MWAIT] = VMX_EXIT_REASON_MWAIT,
        [NACELLE_EXIT_PAUSE] = VMX_EXIT_REASON_PAUSE,
        [NACELLE_EXIT_INVPCID] = VMX_EXIT_REASON_INVPCID,
        [NACELLE_EXIT_SINGLE_STEP] = VMX_EXIT_REASON_MONITOR_TRAP_FLAG,
        [NACELLE_EXIT_GETSEC] = VMX_EXIT_REASON_GETSEC,
    };

    switch (exit->kind) {
    case NACELLE_EXIT_MSR:
        return exit->flags & NACELLE_EXIT_READ ? VMX_EXIT_REASON_RDMSR : VMX_EXIT_REASON_WRMSR;
    case NACELLE_EXIT_DESCRIPTOR_TABLE:
        return exit->number < 4 ? VMX_EXIT_REASON_GDTR_IDTR_ACCESS : VMX_EXIT_REASON_LDTR_TR_ACCESS;
    case NACELLE_EXIT_TSC:
        return exit->number == 0 ? VMX_EXIT_REASON_RDTSC : VMX_EXIT_REASON_RDTSCP;
    case NACELLE_EXIT_CACHE:
        return exit->number == 0 ? VMX_EXIT_REASON_INVD : VMX_EXIT_REASON_WBINVD;
    case NACELLE_EXIT_VIRTUALIZATION:
        if (exit->number == NACELLE_VIRT_INVEPT)
            return VMX_EXIT_REASON_INVEPT;
        if (exit->number == NACELLE_VIRT_INVVPID)
            return VMX_EXIT_REASON_INVVPID;
        return VMX_EXIT_REASON_VMCLEAR + exit->number; /* 19 to 27, in the same order */
    default:
        return simple[exit->kind];
    }
}

/* Exits that come with or after an instruction, which then has a length (27.2.5). */
static bool has_length(const struct exits_case *test)
{
    switch (test->expected.kind) {
    case NACELLE_EXIT_EXCEPTION:
    case NACELLE_EXIT_TASK_SWITCH:
        return test->soft;
    case NACELLE_EXIT_MEMORY:
    case NACELLE_EXIT_SHUTDOWN:
    case NACELLE_EXIT_INTERRUPT_WINDOW:
    case NACELLE_EXIT_NMI_WINDOW:
    case NACELLE_EXIT_SINGLE_STEP:
        return false;
    default:
        return true;
    }
}

static uint64_t end_of(const struct exits_case *test)
{
    return RIG_CODE + (uint64_t)(test->end - test->begin);
}

static void expect(enum mode mode, const struct exits_case *test, struct nacelle_exit *expected)
{
    *expected = test->expected;
    expected->raw_reason = reason_of(expected);
    if (has_length(test))
        expected->instruction_length = (uint32_t)(test->end - test->at);
    if (test->string)
        expected->detail = (test->string - 1u) | address_size(mode, test->alternate) << 8;
    if (test->value_of) {
        unsigned index = test->value_of - 1u;
        unsigned size = test->value_size ? test->value_size : mode == LONG ? 8 : 4;

        expected->value = index == X86_RSP ? mode_offset(mode, NACELLE_SS, RIG_STACK)
                                           : rig_state->general[index];
        expected->value &= mask(size);
    }
    if (test->rip_relative)
        expected->gva += end_of(test);
    /* In real mode there is no error code (27.2.2), but Bochs 2.7 says that there is one. */
    if (mode == REAL && expected->kind == NACELLE_EXIT_EXCEPTION)
        expected->flags |= rig_state->exit.flags & NACELLE_EXIT_ERROR_CODE;
    if (test->any_access)
        expected->flags |= rig_state->exit.flags & NACELLE_EXIT_READ;
}

/* --- Running --- */

/* After ADVANCE the vCPU goes on with what follows, and the next exit is the HLT there. */
static void check_advance(const struct exits_case *test)
{
    const struct nacelle_exit hlt = {
        .kind = NACELLE_EXIT_HLT, .instruction_length = 1, .raw_reason = VMX_EXIT_REASON_HLT};

    if (!rig_run(NACELLE_RESUME_ADVANCE))
        verdict_equal("exit in time after the instruction", 1, 0);
    else if (verdict_exit(&hlt, &rig_state->exit))
        verdict_equal("rip after the instruction", end_of(test), rig_state->rip);
}

static void check(enum mode mode, const struct exits_case *test)
{
    struct nacelle_exit expected;
    uint64_t rip = test->at_end         ? end_of(test)
                   : test->handler != 0 ? tables_handler(test->handler)
                                        : RIG_CODE + (uint64_t)(test->at - test->begin);

    begin(mode, test);
    if (!rig_run(0)) {
        verdict_equal("exit in time", 1, 0);
        return;
    }
    expect(mode, test, &expected);
    if (!verdict_exit(&expected, &rig_state->exit))
        return;
    if (!test->anywhere)
        verdict_equal("rip", rip, rig_state->rip);
    if (test->result)
        verdict_equal("result", test->result_value,
                      rig_state->general[test->result - 1] & test->result_mask);
    if (has_length(test) && !test->stop)
        check_advance(test);
}

static uint64_t control_default(enum nacelle_control control)
{
    return control == NACELLE_CONTROL_HLT || control == NACELLE_CONTROL_DEBUG_REGISTERS;
}

static void run_case(enum mode mode, const struct exits_case *test)
{
    verdict_case(modes[mode].name, test->name);
    if (test->open_msr)
        nacelle_check(nacelle_vm_open_msr(rig_vm, 0xc0000080u + test->open_msr,
                                          NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE),
                      "open MSR");
    for (unsigned i = 0; i < 2; i++)
        if (test->controls[i].set)
            rig_control(test->controls[i].control, test->controls[i].value);
    check(mode, test);
    for (unsigned i = 0; i < 2; i++)
        if (test->controls[i].set)
            rig_control(test->controls[i].control, control_default(test->controls[i].control));
    if (test->open_msr)
        nacelle_check(nacelle_vm_close_msr(rig_vm, 0xc0000080u + test->open_msr), "close MSR");
}

void exits_run_group(const struct exits_group *group, uint32_t features)
{
    for (unsigned mode = REAL; mode < MODES; mode++) {
        unsigned size = modes[mode].bits / 32;

        for (unsigned i = 0; i < group->counts[size]; i++) {
            const struct exits_case *test = &group->cases[size][i];

            if ((test->not_in & ONLY(mode)) == 0 && (test->features & ~features) == 0)
                run_case((enum mode)mode, test);
        }
    }
}
