/* SPDX-License-Identifier: BSD-2-Clause */
/* Exit decoding: Intel SDM vol. 3, 27.2 and appendix C. */

#include "exit.h"

#include <x86/event.h>
#include <x86/general_registers.h>
#include <x86/vmx_exit.h>
#include <x86/vmx_qualification.h>

#include "../record.h"

#define Q       VMX_NEEDS_QUALIFICATION
#define L       VMX_NEEDS_LENGTH
#define I       VMX_NEEDS_INSTRUCTION
#define V       VMX_NEEDS_VECTORING
#define OPERAND (Q | L | I | VMX_NEEDS_OPERAND)

/* How the rest of a record is made; everything simple is in the table. */
enum shape {
    SHAPE_PLAIN, /* kind and number */
    SHAPE_EXCEPTION,
    SHAPE_SIPI,
    SHAPE_TASK_SWITCH,
    SHAPE_CPUID,
    SHAPE_INVLPG,
    SHAPE_COUNTER, /* number from ecx */
    SHAPE_HYPERCALL,
    SHAPE_CONTROL_REGISTER,
    SHAPE_DEBUG_REGISTER,
    SHAPE_PORT,
    SHAPE_MSR_READ,
    SHAPE_MSR_WRITE,
    SHAPE_TABLE,
    SHAPE_SELECTOR,
    SHAPE_EPT_VIOLATION,
    SHAPE_MISCONFIGURATION,
    SHAPE_XSETBV,
    SHAPE_RANDOM,
    SHAPE_INVPCID,
    SHAPE_APIC
};

struct rule {
    uint8_t kind; /* NACELLE_EXIT_*; 0: unknown */
    uint8_t shape;
    uint8_t number;
    uint8_t needs; /* VMX_NEEDS_* */
};

#define RULE(reason, exit_kind, exit_shape, exit_number, exit_needs) \
    [VMX_EXIT_REASON_##                                              \
        reason] = {NACELLE_EXIT_##exit_kind, SHAPE_##exit_shape, (exit_number), (exit_needs)}
#define VIRT(reason, instruction) \
    RULE(reason, VIRTUALIZATION, PLAIN, NACELLE_VIRT_##instruction, Q | L | I)

static const struct rule rules[VMX_EXIT_REASON_COUNT] = {
    RULE(EXCEPTION_OR_NMI, EXCEPTION, EXCEPTION, 0, Q | V | VMX_NEEDS_INTERRUPTION),
    RULE(EXTERNAL_INTERRUPT, UNKNOWN, PLAIN, 0, VMX_NEEDS_INTERRUPTION),
    RULE(TRIPLE_FAULT, SHUTDOWN, PLAIN, 0, 0),
    RULE(INIT_SIGNAL, INIT, PLAIN, 0, V),
    RULE(STARTUP_IPI, SIPI, SIPI, 0, Q),
    RULE(INTERRUPT_WINDOW, INTERRUPT_WINDOW, PLAIN, 0, 0),
    RULE(NMI_WINDOW, NMI_WINDOW, PLAIN, 0, 0),
    RULE(TASK_SWITCH, TASK_SWITCH, TASK_SWITCH, 0, Q | L | V),
    RULE(CPUID, CPUID, CPUID, 0, L),
    RULE(GETSEC, GETSEC, PLAIN, 0, L),
    RULE(HLT, HLT, PLAIN, 0, L),
    RULE(INVD, CACHE, PLAIN, 0, L),
    RULE(INVLPG, INVLPG, INVLPG, 0, Q | L),
    RULE(RDPMC, RDPMC, COUNTER, 0, L),
    RULE(RDTSC, TSC, PLAIN, 0, L),
    RULE(RSM, RSM, PLAIN, 0, L),
    RULE(VMCALL, HYPERCALL, HYPERCALL, 0, L),
    VIRT(VMCLEAR, VMCLEAR),
    VIRT(VMLAUNCH, VMLAUNCH),
    VIRT(VMPTRLD, VMPTRLD),
    VIRT(VMPTRST, VMPTRST),
    VIRT(VMREAD, VMREAD),
    VIRT(VMRESUME, VMRESUME),
    VIRT(VMWRITE, VMWRITE),
    VIRT(VMXOFF, VMXOFF),
    VIRT(VMXON, VMXON),
    RULE(CR_ACCESS, CONTROL_REGISTER, CONTROL_REGISTER, 0, Q | L | VMX_NEEDS_GVA),
    RULE(MOV_DR, DEBUG_REGISTER, DEBUG_REGISTER, 0, Q | L),
    RULE(IO_INSTRUCTION, PORT, PORT, 0, Q | L | I | VMX_NEEDS_GVA),
    RULE(RDMSR, MSR, MSR_READ, 0, L),
    RULE(WRMSR, MSR, MSR_WRITE, 0, L),
    RULE(ENTRY_FAILURE_GUEST_STATE, ENTRY_REFUSED, PLAIN, 0, Q),
    RULE(ENTRY_FAILURE_MSR_LOADING, ENTRY_REFUSED, PLAIN, 0, Q),
    RULE(MWAIT, MWAIT, PLAIN, 0, Q | L),
    RULE(MONITOR_TRAP_FLAG, SINGLE_STEP, PLAIN, 0, 0),
    RULE(MONITOR, MONITOR, PLAIN, 0, L),
    RULE(PAUSE, PAUSE, PLAIN, 0, L),
    RULE(ENTRY_FAILURE_MACHINE_CHECK, MACHINE_CHECK, PLAIN, 0, 0),
    RULE(APIC_ACCESS, UNKNOWN, PLAIN, 0, Q | V),
    RULE(VIRTUALIZED_EOI, APIC_EOI, APIC, 0, Q),
    RULE(GDTR_IDTR_ACCESS, DESCRIPTOR_TABLE, TABLE, 0, OPERAND),
    RULE(LDTR_TR_ACCESS, DESCRIPTOR_TABLE, SELECTOR, 0, OPERAND),
    RULE(EPT_VIOLATION, MEMORY, EPT_VIOLATION, 0, Q | V | VMX_NEEDS_GPA | VMX_NEEDS_GVA),
    RULE(EPT_MISCONFIGURATION, MISCONFIGURATION, MISCONFIGURATION, 0, V | VMX_NEEDS_GPA),
    VIRT(INVEPT, INVEPT),
    RULE(RDTSCP, TSC, PLAIN, 1, L),
    VIRT(INVVPID, INVVPID),
    RULE(WBINVD, CACHE, PLAIN, 1, L),
    RULE(XSETBV, XSETBV, XSETBV, 0, L),
    RULE(APIC_WRITE, APIC_WRITE, APIC, 0, Q),
    RULE(RDRAND, RANDOM, RANDOM, 0, L | I),
    RULE(INVPCID, INVPCID, INVPCID, 0, OPERAND),
    VIRT(VMFUNC, VMFUNC),
    RULE(RDSEED, RANDOM, RANDOM, 1, L | I),
    RULE(PML_FULL, UNKNOWN, PLAIN, 0, Q | V),
    RULE(XSAVES, XSAVES, PLAIN, 0, L | I),
    RULE(XRSTORS, XSAVES, PLAIN, 1, L | I),
    RULE(SPP_EVENT, UNKNOWN, PLAIN, 0, Q | V),
};

#define LOW_32 0xffffffffu

/* The rule of a reason; unknown ones have a rule of their own, as index 0 is a reason. */
static struct rule rule_of(uint32_t reason)
{
    static const struct rule unknown = {NACELLE_EXIT_UNKNOWN, SHAPE_PLAIN, 0, Q};
    uint32_t basic = vmx_exit_basic(reason);

    if (basic >= VMX_EXIT_REASON_COUNT || rules[basic].kind == NACELLE_EXIT_NONE)
        return unknown;
    return rules[basic];
}

uint32_t vmx_exit_needs(uint32_t reason)
{
    return rule_of(reason).needs;
}

/* A register as an operand of 64 bits: rsp is not among the general ones. */
static uint64_t operand(const struct vmx_exit_info *info, const uint64_t general[16],
                        unsigned index)
{
    return index == X86_RSP ? info->rsp : general[index & 15u];
}

static struct vmx_memory_operand memory_operand(uint32_t reason, uint32_t instruction)
{
    switch (vmx_exit_basic(reason)) {
    case VMX_EXIT_REASON_GDTR_IDTR_ACCESS:
        return vmx_decode_table_info(instruction).memory;
    case VMX_EXIT_REASON_LDTR_TR_ACCESS:
        return vmx_decode_selector_info(instruction).memory;
    default:
        return vmx_decode_invalidate_info(instruction).memory;
    }
}

unsigned vmx_operand_segment(uint32_t reason, uint32_t instruction)
{
    unsigned segment = memory_operand(reason, instruction).segment;

    return segment <= VMX_SEGMENT_GS ? segment : VMX_SEGMENT_DS;
}

/* Linear address of a memory operand: displacement, registers, segment (27.2.5). */
static uint64_t operand_address(const struct vmx_exit_info *info, const uint64_t general[16])
{
    struct vmx_memory_operand memory = memory_operand(info->reason, info->instruction);
    unsigned segment = vmx_operand_segment(info->reason, info->instruction);
    uint64_t address = info->qualification;

    if (memory.has_base)
        address += operand(info, general, memory.base);
    if (memory.has_index)
        address += operand(info, general, memory.index) << memory.scale;
    address &= vcpu_mask_of_size(memory.address_size);
    if (info->long_64)
        return segment >= VMX_SEGMENT_FS ? address + info->segment_base : address;
    return (address + info->segment_base) & LOW_32;
}

static void shape_exception(struct nacelle_exit *out, const struct vmx_exit_info *info)
{
    struct x86_event event = x86_event_unpack(info->information, info->error);

    out->number = event.vector;
    if (event.has_error_code) {
        out->flags |= NACELLE_EXIT_ERROR_CODE;
        out->detail = event.error_code;
    }
    if (event.vector == X86_VECTOR_DB || event.vector == X86_VECTOR_PF)
        out->value = info->qualification;
    /* Other exceptions have no length (27.2.5). */
    if (x86_event_is_soft(event.type))
        out->instruction_length = info->length;
}

static void shape_task_switch(struct nacelle_exit *out, const struct vmx_exit_info *info)
{
    struct vmx_task_switch task = vmx_decode_task_switch(info->qualification);
    struct x86_event event = x86_event_unpack(info->vectoring, info->vectoring_error);

    out->number = task.selector;
    out->detail = (uint32_t)task.source;
    if (task.source == VMX_TASK_GATE && event.has_error_code) {
        out->flags |= NACELLE_EXIT_ERROR_CODE;
        out->value = event.error_code;
    }
    /* By an exception or interrupt no instruction ends. */
    if (task.source == VMX_TASK_GATE && !(event.valid && x86_event_is_soft(event.type)))
        out->instruction_length = 0;
}

static void shape_control_register(struct nacelle_exit *out, const struct vmx_exit_info *info,
                                   const uint64_t general[16])
{
    struct vmx_cr_access access = vmx_decode_cr_access(info->qualification);

    out->number = access.cr;
    out->gva = 0;
    switch (access.kind) {
    case VMX_CR_MOV_TO:
        out->flags |= NACELLE_EXIT_WRITE;
        out->detail = access.gpr;
        out->value = operand(info, general, access.gpr);
        break;
    case VMX_CR_MOV_FROM:
        out->flags |= NACELLE_EXIT_READ;
        out->detail = access.gpr;
        break;
    case VMX_CR_CLTS:
        out->flags |= NACELLE_EXIT_WRITE | NACELLE_EXIT_CR_CLTS;
        break;
    default:
        out->flags |= NACELLE_EXIT_WRITE | NACELLE_EXIT_CR_LMSW;
        out->value = access.lmsw_operand;
        if (access.lmsw_memory) {
            out->flags |= NACELLE_EXIT_GVA_VALID;
            out->gva = info->gva;
        }
        break;
    }
}

static void shape_debug_register(struct nacelle_exit *out, const struct vmx_exit_info *info,
                                 const uint64_t general[16])
{
    struct vmx_dr_access access = vmx_decode_dr_access(info->qualification);

    out->number = access.dr;
    out->detail = access.gpr;
    if (access.from_dr) {
        out->flags |= NACELLE_EXIT_READ;
    } else {
        out->flags |= NACELLE_EXIT_WRITE;
        out->value = operand(info, general, access.gpr);
    }
}

static void shape_port_string(struct nacelle_exit *out, const struct vmx_exit_info *info,
                              const uint64_t general[16], bool in, bool repeat)
{
    struct vmx_string_io_info string = {0};

    if (info->string_info)
        string = vmx_decode_string_io_info(info->instruction);
    out->flags |= NACELLE_EXIT_STRING | NACELLE_EXIT_GVA_VALID;
    out->gva = info->gva;
    out->detail = (in ? (uint32_t)VMX_SEGMENT_ES : string.segment) | (uint32_t)string.address_size
                                                                         << 8;
    out->count = 1;
    if (repeat) {
        out->flags |= NACELLE_EXIT_REPEAT;
        out->count = general[X86_RCX] & vcpu_mask_of_size(string.address_size);
    }
}

static void shape_port(struct nacelle_exit *out, const struct vmx_exit_info *info,
                       const uint64_t general[16])
{
    struct vmx_io_access io = vmx_decode_io(info->qualification);

    out->number = io.port;
    out->size = io.size;
    out->gva = 0;
    out->flags |= io.in ? NACELLE_EXIT_READ : NACELLE_EXIT_WRITE;
    if (io.immediate)
        out->flags |= NACELLE_EXIT_IMMEDIATE;
    if (io.string)
        shape_port_string(out, info, general, io.in, io.rep);
    else if (!io.in)
        out->value = general[X86_RAX] & vcpu_mask_of_size(io.size);
}

static void operand_into(struct nacelle_exit *out, const struct vmx_exit_info *info,
                         const uint64_t general[16])
{
    out->flags |= NACELLE_EXIT_GVA_VALID;
    out->gva = operand_address(info, general);
}

/* Instructions 2 and 3 of both tables load, 0 and 1 store. */
static uint32_t table_direction(uint32_t instruction)
{
    return instruction >= VMX_LGDT ? NACELLE_EXIT_WRITE : NACELLE_EXIT_READ;
}

static void shape_table(struct nacelle_exit *out, const struct vmx_exit_info *info,
                        const uint64_t general[16])
{
    struct vmx_table_info table = vmx_decode_table_info(info->instruction);

    out->number = (uint32_t)table.instruction;
    out->flags |= table_direction((uint32_t)table.instruction);
    operand_into(out, info, general);
}

#define TABLE_INSTRUCTIONS 4u /* SLDT is number 4 of the interface */

static void shape_selector(struct nacelle_exit *out, const struct vmx_exit_info *info,
                           const uint64_t general[16])
{
    struct vmx_selector_info selector = vmx_decode_selector_info(info->instruction);

    out->number = TABLE_INSTRUCTIONS + (uint32_t)selector.instruction;
    out->flags |= table_direction((uint32_t)selector.instruction);
    if (selector.in_register)
        out->detail = selector.reg;
    else
        operand_into(out, info, general);
}

static void shape_ept_violation(struct nacelle_exit *out, const struct vmx_exit_info *info)
{
    struct vmx_ept_violation violation = vmx_decode_ept_violation(info->qualification);

    out->gva = 0;
    if (violation.read)
        out->flags |= NACELLE_EXIT_READ;
    if (violation.write)
        out->flags |= NACELLE_EXIT_WRITE;
    if (violation.fetch)
        out->flags |= NACELLE_EXIT_EXECUTE;
    if (violation.linear_valid) {
        out->flags |= NACELLE_EXIT_GVA_VALID;
        out->gva = info->gva;
        if (!violation.final)
            out->flags |= NACELLE_EXIT_WALK;
    }
    /* NACELLE_RIGHT_READ 1, WRITE 2, EXECUTE 4. */
    out->detail = (violation.readable ? 1u : 0u) | (violation.writable ? 2u : 0u) |
                  (violation.executable ? 4u : 0u);
}

static void shape_random(struct nacelle_exit *out, const struct vmx_exit_info *info)
{
    struct vmx_random_info random = vmx_decode_random_info(info->instruction);

    out->detail = random.reg;
    out->size = random.operand_size;
}

static void fill_in(struct nacelle_exit *out, enum shape shape, const struct vmx_exit_info *info,
                    const uint64_t general[16])
{
    switch (shape) {
    case SHAPE_PLAIN:
    case SHAPE_MISCONFIGURATION:
        break;
    case SHAPE_EXCEPTION:
        shape_exception(out, info);
        break;
    case SHAPE_SIPI:
        out->number = (uint32_t)(info->qualification & 0xff);
        break;
    case SHAPE_TASK_SWITCH:
        shape_task_switch(out, info);
        break;
    case SHAPE_CPUID:
        vcpu_record_cpuid(out, general);
        break;
    case SHAPE_INVLPG:
        out->gva = info->qualification;
        out->flags |= NACELLE_EXIT_GVA_VALID;
        break;
    case SHAPE_COUNTER:
        vcpu_record_counter(out, general);
        break;
    case SHAPE_HYPERCALL:
        vcpu_record_hypercall(out, general);
        break;
    case SHAPE_CONTROL_REGISTER:
        shape_control_register(out, info, general);
        break;
    case SHAPE_DEBUG_REGISTER:
        shape_debug_register(out, info, general);
        break;
    case SHAPE_PORT:
        shape_port(out, info, general);
        break;
    case SHAPE_MSR_READ:
        vcpu_record_msr(out, general, false);
        break;
    case SHAPE_MSR_WRITE:
        vcpu_record_msr(out, general, true);
        break;
    case SHAPE_TABLE:
        shape_table(out, info, general);
        break;
    case SHAPE_SELECTOR:
        shape_selector(out, info, general);
        break;
    case SHAPE_EPT_VIOLATION:
        shape_ept_violation(out, info);
        break;
    case SHAPE_XSETBV:
        vcpu_record_xsetbv(out, general);
        break;
    case SHAPE_RANDOM:
        shape_random(out, info);
        break;
    case SHAPE_INVPCID:
        out->detail = vmx_decode_invalidate_info(info->instruction).reg2;
        operand_into(out, info, general);
        break;
    case SHAPE_APIC: /* a vector in bits 7:0, an offset in bits 11:0 (27.2.1) */
        out->number = (uint32_t)(info->qualification & 0xfff);
        break;
    }
}

struct nacelle_exit vmx_decode_exit(const struct vmx_exit_info *info, const uint64_t general[16])
{
    struct rule rule = rule_of(info->reason);
    struct nacelle_exit out = {
        .kind = rule.kind,
        .number = rule.number,
        .instruction_length = (rule.needs & L) != 0 ? info->length : 0,
        .gpa = (rule.needs & VMX_NEEDS_GPA) != 0 ? info->gpa : 0,
        .vendor = NACELLE_VENDOR_VMX,
        .raw_instruction = info->instruction,
        .raw_reason = info->reason,
        .raw_qualification = info->qualification,
        .raw_information = info->information,
    };

    vcpu_record_vectoring(&out, info->vectoring, info->vectoring_error);
    if (vmx_exit_is_entry_failure(info->reason))
        out.flags |= NACELLE_EXIT_ENTRY_FAILED;
    fill_in(&out, (enum shape)rule.shape, info, general);
    return out;
}
