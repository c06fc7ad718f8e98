/* SPDX-License-Identifier: BSD-2-Clause */
/* Exit decoding: AMD APM vol. 2, 15.7 to 15.14, 15.25.6 and appendix C. */

#include "exit.h"

#include <x86/control.h>
#include <x86/event.h>
#include <x86/general_registers.h>
#include <x86/svm_exit.h>

#include "../record.h"

/* How the rest of a record is made; everything simple is in the table. */
enum shape {
    SHAPE_PLAIN, /* kind and number */
    SHAPE_CPUID,
    SHAPE_COUNTER, /* number from ecx */
    SHAPE_HYPERCALL,
    SHAPE_PORT,
    SHAPE_MSR,
    SHAPE_TASK_SWITCH,
    SHAPE_INVLPG,
    SHAPE_INVPCID,
    SHAPE_XSETBV,
    SHAPE_TABLE,
    SHAPE_NESTED_FAULT
};

struct rule {
    uint16_t code;
    uint8_t kind;
    uint8_t shape;
    uint8_t number;
    bool instruction; /* NRIP, where there is one, is that of the next instruction */
};

#define RULE(code, kind, shape, number)                                     \
    {                                                                       \
        SVM_EXIT_##code, NACELLE_EXIT_##kind, SHAPE_##shape, (number), true \
    }
#define EVENT(code, kind)                                           \
    {                                                               \
        SVM_EXIT_##code, NACELLE_EXIT_##kind, SHAPE_PLAIN, 0, false \
    }
#define VIRT(instruction) RULE(instruction, VIRTUALIZATION, PLAIN, NACELLE_VIRT_##instruction)

static const struct rule rules[] = {
    RULE(IO, PORT, PORT, 0),
    RULE(MSR, MSR, MSR, 0),
    RULE(CPUID, CPUID, CPUID, 0),
    RULE(HLT, HLT, PLAIN, 0),
    RULE(IDLE_HLT, HLT, PLAIN, 0),
    {SVM_EXIT_NESTED_PAGE_FAULT, NACELLE_EXIT_MEMORY, SHAPE_NESTED_FAULT, 0, false},
    EVENT(INIT, INIT),
    EVENT(VINTR, INTERRUPT_WINDOW),
    RULE(IDTR_READ, DESCRIPTOR_TABLE, TABLE, 1),
    RULE(GDTR_READ, DESCRIPTOR_TABLE, TABLE, 0),
    RULE(LDTR_READ, DESCRIPTOR_TABLE, TABLE, 4),
    RULE(TR_READ, DESCRIPTOR_TABLE, TABLE, 5),
    RULE(IDTR_WRITE, DESCRIPTOR_TABLE, TABLE, 3),
    RULE(GDTR_WRITE, DESCRIPTOR_TABLE, TABLE, 2),
    RULE(LDTR_WRITE, DESCRIPTOR_TABLE, TABLE, 6),
    RULE(TR_WRITE, DESCRIPTOR_TABLE, TABLE, 7),
    RULE(RDTSC, TSC, PLAIN, 0),
    RULE(RDTSCP, TSC, PLAIN, 1),
    RULE(RDPMC, RDPMC, COUNTER, 0),
    RULE(RSM, RSM, PLAIN, 0),
    RULE(ICEBP, EXCEPTION, PLAIN, 1),
    RULE(INVD, CACHE, PLAIN, 0),
    RULE(WBINVD, CACHE, PLAIN, 1),
    RULE(PAUSE, PAUSE, PLAIN, 0),
    RULE(INVLPG, INVLPG, INVLPG, 0),
    VIRT(INVLPGA),
    RULE(TASK_SWITCH, TASK_SWITCH, TASK_SWITCH, 0),
    EVENT(SHUTDOWN, SHUTDOWN),
    VIRT(VMRUN),
    RULE(VMMCALL, HYPERCALL, HYPERCALL, 0),
    VIRT(VMLOAD),
    VIRT(VMSAVE),
    VIRT(STGI),
    VIRT(CLGI),
    VIRT(SKINIT),
    RULE(MONITOR, MONITOR, PLAIN, 0),
    RULE(MWAIT, MWAIT, PLAIN, 0),
    RULE(MWAIT_ARMED, MWAIT, PLAIN, 0),
    RULE(XSETBV, XSETBV, XSETBV, 0),
    RULE(INVPCID, INVPCID, INVPCID, 0),
    RULE(RDPRU, UNKNOWN, PLAIN, 0),
};

#define LOW_32 0xffffffffu

static struct rule rule_of(uint32_t code)
{
    for (unsigned i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (rules[i].code == code)
            return rules[i];
    }
    return (struct rule){.code = 0, .kind = NACELLE_EXIT_UNKNOWN, .shape = SHAPE_PLAIN};
}

/* A register as an operand: rsp is not among the general ones, 32 bits outside 64-bit mode. */
static uint64_t operand(const struct svm_exit_info *info, const uint64_t general[16],
                        unsigned index)
{
    uint64_t value = index == X86_RSP ? info->rsp : general[index & 15u];

    return info->long_64 ? value : (uint32_t)value;
}

/* --- Instruction length --- */

static uint32_t plausible(uint64_t length)
{
    return length <= X86_INSTRUCTION_LENGTH_MAX ? (uint32_t)length : 0;
}

/* RIP to the next one, both as the mode has them. */
static uint32_t distance(const struct svm_exit_info *info, uint64_t next)
{
    uint64_t length = next - info->rip;

    return plausible(info->long_64 ? length : (uint32_t)length);
}

static uint32_t length_of(const struct svm_exit_info *info, const struct rule *rule, bool *assumed)
{
    uint32_t length = 0;

    if (!rule->instruction)
        return 0;
    if (rule->code == SVM_EXIT_IO) /* next RIP, on all processors (15.10.2) */
        return distance(info, info->info2);
    /* By an event no instruction ends. */
    if (rule->code == SVM_EXIT_TASK_SWITCH && info->vectoring != 0 &&
        (info->vectoring & NACELLE_EVENT_TYPE_MASK) != NACELLE_EVENT_SOFTWARE_INTERRUPT)
        return 0;
    if (info->next_rip != 0)
        length = distance(info, info->next_rip);
    if (length != 0)
        return length;
    length = svm_exit_instruction_length(rule->code);
    *assumed = length != 0;
    return length;
}

/* --- Shapes --- */

static void undecoded(struct nacelle_exit *out)
{
    out->flags |= NACELLE_EXIT_UNDECODED;
}

/* That of the mode, where the processor does not tell (QEMU's translator): no prefix is assumed. */
static unsigned address_size(const struct svm_exit_info *info, const struct svm_io *io)
{
    if (io->address_size != 0)
        return io->address_size;
    return info->long_64 ? 8 : info->code_32 ? 4 : 2;
}

static void shape_port_string(struct nacelle_exit *out, const struct svm_exit_info *info,
                              const uint64_t general[16], const struct svm_io *io)
{
    /* ES cannot be overridden; which segment OUTS uses only decode assists tell. */
    unsigned segment = io->in ? 0u : info->decode_assists ? io->segment : 3u;
    unsigned bytes = address_size(info, io);
    uint64_t mask = vcpu_mask_of_size(bytes);
    uint64_t address = (io->in ? general[X86_RDI] : general[X86_RSI]) & mask;

    address += info->long_64 && segment < 4 ? 0 : info->segment_base[segment];
    out->flags |= NACELLE_EXIT_STRING | NACELLE_EXIT_GVA_VALID;
    out->gva = info->long_64 ? address : (uint32_t)address;
    out->detail = segment | bytes << 8;
    out->count = 1;
    if (io->address_size == 0 || (!io->in && !info->decode_assists))
        undecoded(out);
    if (io->rep) {
        out->flags |= NACELLE_EXIT_REPEAT;
        out->count = general[X86_RCX] & mask;
    }
}

static void shape_port(struct nacelle_exit *out, const struct svm_exit_info *info,
                       const uint64_t general[16])
{
    struct svm_io io = svm_decode_io(info->info1);

    out->number = io.port;
    out->size = io.size;
    out->flags |= io.in ? NACELLE_EXIT_READ : NACELLE_EXIT_WRITE;
    if (io.string)
        shape_port_string(out, info, general, &io);
    else if (!io.in)
        out->value = general[X86_RAX] & vcpu_mask_of_size(io.size);
}

static void shape_task_switch(struct nacelle_exit *out, const struct svm_exit_info *info)
{
    struct svm_task_switch task = svm_decode_task_switch(info->info1, info->info2);

    out->number = task.selector;
    if (task.source == SVM_TASK_IRET)
        out->detail = 1;
    else if (task.source == SVM_TASK_JMP)
        out->detail = 2;
    else if (info->vectoring != 0)
        out->detail = 3;
    if (task.has_error_code) {
        out->flags |= NACELLE_EXIT_ERROR_CODE;
        out->value = task.error_code;
    }
}

static void shape_invlpg(struct nacelle_exit *out, const struct svm_exit_info *info)
{
    if (!info->decode_assists) {
        undecoded(out);
        return;
    }
    out->flags |= NACELLE_EXIT_GVA_VALID;
    out->gva = info->info1;
}

/* The type comes as a value, not as the register that has it. */
static void shape_invpcid(struct nacelle_exit *out, const struct svm_exit_info *info)
{
    out->flags |= NACELLE_EXIT_GVA_VALID;
    out->gva = info->info1;
    out->value = info->info2;
    undecoded(out);
}

/* Numbers 2, 3, 6 and 7 load. */
static void shape_table(struct nacelle_exit *out)
{
    out->flags |= (out->number & 2u) != 0 ? NACELLE_EXIT_WRITE : NACELLE_EXIT_READ;
    undecoded(out);
}

static void shape_nested_fault(struct nacelle_exit *out, const struct svm_exit_info *info)
{
    struct svm_nested_fault fault = svm_decode_nested_fault(info->info1);

    out->gpa = info->info2;
    if (fault.reserved) {
        out->kind = NACELLE_EXIT_MISCONFIGURATION;
        return;
    }
    if (fault.fetch)
        out->flags |= NACELLE_EXIT_EXECUTE;
    else
        out->flags |= fault.write ? NACELLE_EXIT_WRITE : NACELLE_EXIT_READ;
    if (fault.walk)
        out->flags |= NACELLE_EXIT_WALK;
    if (fault.present)
        out->detail = info->mapping_rights;
}

/* --- The ranges --- */

/* The register of a MOV to or from CR or DR. */
static void operand_register(struct nacelle_exit *out, const struct svm_exit_info *info,
                             const uint64_t general[16])
{
    unsigned gpr = (unsigned)(info->info1 & SVM_INFO1_GPR_MASK);

    out->detail = gpr;
    if ((out->flags & NACELLE_EXIT_WRITE) != 0)
        out->value = operand(info, general, gpr);
}

static void access_control_register(struct nacelle_exit *out, const struct svm_exit_info *info,
                                    const uint64_t general[16], bool write)
{
    out->kind = NACELLE_EXIT_CONTROL_REGISTER;
    out->flags |= write ? NACELLE_EXIT_WRITE : NACELLE_EXIT_READ;
    /* CLTS, LMSW and SMSW tell no operand (15.8.1). */
    if (info->decode_assists && (info->info1 & SVM_INFO1_MOV_CR) != 0)
        operand_register(out, info, general);
    else
        undecoded(out);
}

static void access_debug_register(struct nacelle_exit *out, const struct svm_exit_info *info,
                                  const uint64_t general[16], bool write)
{
    out->kind = NACELLE_EXIT_DEBUG_REGISTER;
    out->flags |= write ? NACELLE_EXIT_WRITE : NACELLE_EXIT_READ;
    if (info->decode_assists)
        operand_register(out, info, general);
    else
        undecoded(out);
}

static void exception(struct nacelle_exit *out, const struct svm_exit_info *info)
{
    const uint64_t causes = X86_DR6_B0 | X86_DR6_B1 | X86_DR6_B2 | X86_DR6_B3 | X86_DR6_BD |
                            X86_DR6_BS;

    out->kind = NACELLE_EXIT_EXCEPTION;
    if (x86_vector_has_error_code((uint8_t)out->number, false)) {
        out->flags |= NACELLE_EXIT_ERROR_CODE;
        out->detail = (uint32_t)info->info1;
    }
    if (out->number == X86_VECTOR_PF)
        out->value = info->info2;
    if (out->number == X86_VECTOR_DB)
        out->value = info->dr6 & causes;
    /* INT3 and INTO: RIP is theirs. */
    if (out->number == X86_VECTOR_BP || out->number == X86_VECTOR_OF)
        out->instruction_length = 1;
}

/* The codes whose low bits are a number. false: not one of them. */
static bool decode_range(struct nacelle_exit *out, const struct svm_exit_info *info,
                         const uint64_t general[16])
{
    uint32_t code = (uint32_t)info->code;

    if (code >= SVM_EXIT_INTR)
        return false;
    out->number = code & (code < SVM_EXIT_EXCEPTION ? 15u : 31u);
    if (code >= SVM_EXIT_EXCEPTION)
        exception(out, info);
    else if (code >= SVM_EXIT_DR_READ)
        access_debug_register(out, info, general, code >= SVM_EXIT_DR_WRITE);
    else
        access_control_register(out, info, general, code >= SVM_EXIT_CR_WRITE);
    if (code < SVM_EXIT_EXCEPTION && info->next_rip != 0)
        out->instruction_length = distance(info, info->next_rip);
    return true;
}

static void fill_in(struct nacelle_exit *out, enum shape shape, const struct svm_exit_info *info,
                    const uint64_t general[16])
{
    switch (shape) {
    case SHAPE_PLAIN:
        break;
    case SHAPE_CPUID:
        vcpu_record_cpuid(out, general);
        break;
    case SHAPE_COUNTER:
        vcpu_record_counter(out, general);
        break;
    case SHAPE_HYPERCALL:
        vcpu_record_hypercall(out, general);
        break;
    case SHAPE_PORT:
        shape_port(out, info, general);
        break;
    case SHAPE_MSR:
        vcpu_record_msr(out, general, svm_msr_is_write(info->info1));
        break;
    case SHAPE_TASK_SWITCH:
        shape_task_switch(out, info);
        break;
    case SHAPE_INVLPG:
        shape_invlpg(out, info);
        break;
    case SHAPE_INVPCID:
        shape_invpcid(out, info);
        break;
    case SHAPE_XSETBV:
        vcpu_record_xsetbv(out, general);
        break;
    case SHAPE_TABLE:
        shape_table(out);
        break;
    case SHAPE_NESTED_FAULT:
        shape_nested_fault(out, info);
        break;
    }
}

struct nacelle_exit svm_decode_exit(const struct svm_exit_info *info, const uint64_t general[16])
{
    struct rule rule = rule_of((uint32_t)info->code);
    struct nacelle_exit out = {
        .kind = rule.kind,
        .number = rule.number,
        .vendor = NACELLE_VENDOR_SVM,
        .raw_reason = info->code,
        .raw_qualification = info->info1,
        .raw_information = info->info2,
    };
    bool assumed = false;

    vcpu_record_vectoring(&out, info->vectoring, info->vectoring_error);
    if (decode_range(&out, info, general))
        return out;
    out.instruction_length = length_of(info, &rule, &assumed);
    if (assumed)
        out.flags |= NACELLE_EXIT_LENGTH_ASSUMED;
    fill_in(&out, (enum shape)rule.shape, info, general);
    return out;
}
