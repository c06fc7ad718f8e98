/* SPDX-License-Identifier: BSD-2-Clause */
/* What each kind of exit does. */
#include <runtime/format.h>
#include <runtime/names.h>
#include <vmm/emulator.h>
#include <vmm/string_io.h>
#include <vmm/vcpu.h>
#include <vmm/vcpu_msr.h>

#define RAX                0
#define RCX                1
#define RDX                2
#define RBX                3
#define RSP                4

#define INVALID_OPCODE     6
#define GENERAL_PROTECTION 13

typedef enum vmm_action exit_handler(struct vmm_vcpu *vcpu);

static uint64_t low_half(uint64_t value)
{
    return value & UINT32_MAX;
}

/* What IN does to rax: 8 and 16 bits leave the rest, 32 bits clear it. */
static uint64_t merge(uint64_t reg, unsigned size, uint32_t value)
{
    switch (size) {
    case 1:
        return (reg & ~0xffull) | (value & 0xff);
    case 2:
        return (reg & ~0xffffull) | (value & 0xffff);
    default:
        return value;
    }
}

static enum vmm_action stop(struct vmm_vcpu *vcpu, const char *why)
{
    const struct nacelle_exit *exit = &vcpu->state->exit;

    nacelle_snprintf(vcpu->problem, sizeof(vcpu->problem),
                     "%s at rip 0x%lx (number 0x%x, detail 0x%x, address 0x%lx)", why,
                     vcpu->state->rip, exit->number, exit->detail, exit->gpa);
    return VMM_STOP;
}

static enum vmm_action inject(struct vmm_vcpu *vcpu, uint32_t event)
{
    vcpu->exception = NACELLE_EVENT_EXCEPTION | NACELLE_EVENT_VALID | event;
    vcpu->exception_error = 0;
    return VMM_AGAIN;
}

/* An instruction that the processor which CPUID describes does not have. */
static enum vmm_action invalid_opcode(struct vmm_vcpu *vcpu)
{
    return inject(vcpu, INVALID_OPCODE);
}

static enum vmm_action general_protection(struct vmm_vcpu *vcpu)
{
    return inject(vcpu, GENERAL_PROTECTION | NACELLE_EVENT_ERROR_CODE);
}

static enum vmm_action go_on(struct vmm_vcpu *vcpu)
{
    (void)vcpu;
    return VMM_ADVANCE;
}

static enum vmm_action again(struct vmm_vcpu *vcpu)
{
    (void)vcpu;
    return VMM_AGAIN;
}

static enum vmm_action halt(struct vmm_vcpu *vcpu)
{
    (void)vcpu;
    return VMM_HALT;
}

static enum vmm_action port(struct vmm_vcpu *vcpu)
{
    const struct nacelle_exit *exit = &vcpu->state->exit;
    uint64_t *rax = &vcpu->state->general[RAX];
    uint16_t number = (uint16_t)exit->number;

    if (exit->size != 1 && exit->size != 2 && exit->size != 4)
        return stop(vcpu, "port access of a size that does not exist");
    if (exit->flags & NACELLE_EXIT_STRING)
        return vmm_string_io(vcpu);
    if (exit->flags & NACELLE_EXIT_READ)
        *rax = merge(*rax, exit->size, vmm_ports_read(&vcpu->pc->ports, number, exit->size));
    else
        vmm_ports_write(&vcpu->pc->ports, number, exit->size, (uint32_t)exit->value);
    return VMM_ADVANCE;
}

static enum vmm_action cpuid(struct vmm_vcpu *vcpu)
{
    const struct nacelle_exit *exit = &vcpu->state->exit;
    uint64_t *general = vcpu->state->general;
    struct vmm_cpuid_values values = vmm_cpuid_get(&vcpu->pc->cpuid, exit->number, exit->detail);

    if (vmm_cpuid_depends(exit->number, exit->detail)) {
        vcpu->fetch(vcpu, NACELLE_GROUP_CONTROL);
        vmm_cpuid_depend(&values, exit->number, exit->detail, vcpu->state->cr4, vcpu->state->xcr0);
    }
    general[RAX] = values.eax;
    general[RBX] = values.ebx;
    general[RCX] = values.ecx;
    general[RDX] = values.edx;
    return VMM_ADVANCE;
}

static bool write_msr(struct vmm_vcpu *vcpu, uint32_t number, uint64_t value)
{
    enum vmm_msr_result result = vmm_vcpu_msr_write(vcpu, number, value);

    return result == VMM_MSR_OTHER ? vmm_msr_write(&vcpu->pc->msrs, number, value)
                                   : result == VMM_MSR_DONE;
}

static bool read_msr(struct vmm_vcpu *vcpu, uint32_t number, uint64_t *value)
{
    enum vmm_msr_result result = vmm_vcpu_msr_read(vcpu, number, value);

    return result == VMM_MSR_OTHER ? vmm_msr_read(&vcpu->pc->msrs, number, value)
                                   : result == VMM_MSR_DONE;
}

static enum vmm_action msr(struct vmm_vcpu *vcpu)
{
    const struct nacelle_exit *exit = &vcpu->state->exit;
    uint64_t *general = vcpu->state->general;
    uint64_t value = 0;

    if (exit->flags & NACELLE_EXIT_WRITE)
        return write_msr(vcpu, exit->number, exit->value) ? VMM_ADVANCE : general_protection(vcpu);
    if (!read_msr(vcpu, exit->number, &value))
        return general_protection(vcpu);
    general[RAX] = low_half(value);
    general[RDX] = value >> 32;
    return VMM_ADVANCE;
}

static enum vmm_action xsetbv(struct vmm_vcpu *vcpu)
{
    const struct nacelle_exit *exit = &vcpu->state->exit;

    return vmm_vcpu_set_xcr(vcpu, exit->number, exit->value) ? VMM_ADVANCE
                                                             : general_protection(vcpu);
}

/* Sets general register `index`; rsp has a place and a group of its own. */
static void set_general(struct vmm_vcpu *vcpu, unsigned index, uint64_t value)
{
    if (index != RSP) {
        vcpu->state->general[index & 15] = value;
        return;
    }
    vcpu->state->rsp = value;
    vcpu->state->dirty |= NACELLE_GROUP_RSP;
}

/* CR8 alone exits for this library: it is the task priority of the local APIC. */
static enum vmm_action control_register(struct vmm_vcpu *vcpu)
{
    const struct nacelle_exit *exit = &vcpu->state->exit;

    if (exit->number != 8)
        return stop(vcpu, "access to a control register that the client does not own");
    if (exit->flags & NACELLE_EXIT_WRITE) {
        if (exit->value > 0xf)
            return general_protection(vcpu);
        vmm_lapic_set_cr8(vcpu->lapic, exit->value);
    } else {
        set_general(vcpu, exit->detail, vmm_lapic_cr8(vcpu->lapic));
    }
    return VMM_ADVANCE;
}

static enum vmm_action tsc(struct vmm_vcpu *vcpu)
{
    uint64_t now = vcpu->pc->clock.now + vcpu->lapic->tsc_offset;

    vcpu->state->general[RAX] = low_half(now);
    vcpu->state->general[RDX] = now >> 32;
    return VMM_ADVANCE;
}

static struct vmm_emulator emulator_of(struct vmm_vcpu *vcpu)
{
    vcpu->fetch(vcpu, VMM_EMULATOR_GROUPS);
    return (struct vmm_emulator){.state = vcpu->state,
                                 .memory = &vcpu->pc->memory,
                                 .mmio = &vcpu->pc->mmio,
                                 .decoded = &vcpu->decoded};
}

/* An access to what is no memory of the guest's, or to memory that it may only read. */
static enum vmm_action memory(struct vmm_vcpu *vcpu)
{
    struct vmm_emulator emulator = emulator_of(vcpu);
    uint32_t length = 0;
    enum vmm_decode_status status = vmm_emulate(&emulator, &length);

    switch (status) {
    case VMM_DECODE_OK:
        vmm_correct_rip(vcpu->state, vcpu->state->exit.instruction_length, length);
        return VMM_ADVANCE;
    case VMM_DECODE_AGAIN:
        return VMM_AGAIN;
    case VMM_DECODE_FAULT:
        vcpu->exception = emulator.fault;
        vcpu->exception_error = emulator.fault_error;
        return VMM_AGAIN;
    default:
        return stop(vcpu, vmm_decode_text(status));
    }
}

static enum vmm_action apic_eoi(struct vmm_vcpu *vcpu)
{
    vmm_lapic_ended(vcpu->lapic, (uint8_t)vcpu->state->exit.number);
    return VMM_AGAIN;
}

static enum vmm_action apic_write(struct vmm_vcpu *vcpu)
{
    return vmm_lapic_written(vcpu->lapic, vcpu->state->exit.number)
               ? VMM_AGAIN
               : stop(vcpu, "write to the virtual APIC");
}

/* Kinds without a handler end the VM: the client asked for none of them. */
static exit_handler *const handlers[NACELLE_EXIT_COUNT] = {
    [NACELLE_EXIT_PORT] = port,
    [NACELLE_EXIT_MEMORY] = memory,
    [NACELLE_EXIT_CONTROL_REGISTER] = control_register,
    [NACELLE_EXIT_CPUID] = cpuid,
    [NACELLE_EXIT_MSR] = msr,
    [NACELLE_EXIT_HLT] = halt,
    [NACELLE_EXIT_HYPERCALL] = invalid_opcode,
    [NACELLE_EXIT_INTERRUPT_WINDOW] = again,
    [NACELLE_EXIT_NMI_WINDOW] = again,
    [NACELLE_EXIT_POKE] = again,
    [NACELLE_EXIT_TSC] = tsc,
    [NACELLE_EXIT_RDPMC] = general_protection,
    [NACELLE_EXIT_XSETBV] = xsetbv,
    [NACELLE_EXIT_CACHE] = go_on,
    [NACELLE_EXIT_MONITOR] = invalid_opcode,
    [NACELLE_EXIT_MWAIT] = invalid_opcode,
    [NACELLE_EXIT_PAUSE] = go_on,
    [NACELLE_EXIT_VIRTUALIZATION] = invalid_opcode,
    [NACELLE_EXIT_RANDOM] = invalid_opcode,
    [NACELLE_EXIT_INVPCID] = invalid_opcode,
    [NACELLE_EXIT_XSAVES] = invalid_opcode,
    [NACELLE_EXIT_GETSEC] = invalid_opcode,
    [NACELLE_EXIT_RSM] = invalid_opcode,
    [NACELLE_EXIT_APIC_EOI] = apic_eoi,
    [NACELLE_EXIT_APIC_WRITE] = apic_write,
};

/* What the processor did not tell of the exit: handlers find it in the record. Without a decoder
 * they have to do with what the engine has assumed. */
static enum vmm_decode_status complete(struct vmm_vcpu *vcpu)
{
    struct vmm_emulator emulator;
    enum vmm_decode_status status;

    if (vcpu->state->exit.kind == NACELLE_EXIT_MEMORY || vmm_exit_is_complete(&vcpu->state->exit))
        return VMM_DECODE_OK;
    emulator = emulator_of(vcpu);
    status = vmm_complete_exit(&emulator, &vcpu->state->exit);
    return status == VMM_DECODE_NO_DECODER ? VMM_DECODE_OK : status;
}

enum vmm_action vmm_handle_exit(struct vmm_vcpu *vcpu)
{
    uint32_t kind = vcpu->state->exit.kind, told = vcpu->state->exit.instruction_length;
    enum vmm_decode_status status;
    enum vmm_action action;

    vcpu->pc->apic_bus.current = vcpu->lapic;
    vmm_statistics_count(&vcpu->statistics, kind);
    if (kind >= NACELLE_EXIT_COUNT || !handlers[kind])
        return stop(vcpu, nacelle_exit_text(kind));
    status = complete(vcpu);
    if (status != VMM_DECODE_OK)
        return stop(vcpu, vmm_decode_text(status));
    action = handlers[kind](vcpu);
    if (vcpu->done || vcpu->pc->reset.power_off)
        return VMM_STOP;
    if (vcpu->pc->reset.requested)
        return stop(vcpu, "reset");
    if ((action == VMM_ADVANCE || action == VMM_HALT) && kind != NACELLE_EXIT_MEMORY)
        vmm_correct_rip(vcpu->state, told, vcpu->state->exit.instruction_length);
    return action;
}
