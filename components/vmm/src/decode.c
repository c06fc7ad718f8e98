/* SPDX-License-Identifier: BSD-2-Clause */
/* From the decoder's idea of an instruction to ours. Nothing else here knows Zydis. */
#include <Zydis/Zydis.h>
#include <nacelle/vcpu_state.h>
#include <runtime/string.h>
#include <vmm/decode.h>

#define LOCK_PREFIX 0xf0
#define REPNE       0xf2
#define REP         0xf3

static enum vmm_operation operation_of(ZydisMnemonic mnemonic)
{
    static const struct {
        ZydisMnemonic mnemonic;
        enum vmm_operation operation;
    } operations[] = {
        {ZYDIS_MNEMONIC_MOV, VMM_OP_MOV},
        {ZYDIS_MNEMONIC_MOVNTI, VMM_OP_MOV},
        {ZYDIS_MNEMONIC_MOVZX, VMM_OP_MOVZX},
        {ZYDIS_MNEMONIC_MOVSX, VMM_OP_MOVSX},
        {ZYDIS_MNEMONIC_MOVSXD, VMM_OP_MOVSX},
        {ZYDIS_MNEMONIC_MOVBE, VMM_OP_MOVBE},
        {ZYDIS_MNEMONIC_ADD, VMM_OP_ADD},
        {ZYDIS_MNEMONIC_OR, VMM_OP_OR},
        {ZYDIS_MNEMONIC_ADC, VMM_OP_ADC},
        {ZYDIS_MNEMONIC_SBB, VMM_OP_SBB},
        {ZYDIS_MNEMONIC_AND, VMM_OP_AND},
        {ZYDIS_MNEMONIC_SUB, VMM_OP_SUB},
        {ZYDIS_MNEMONIC_XOR, VMM_OP_XOR},
        {ZYDIS_MNEMONIC_CMP, VMM_OP_CMP},
        {ZYDIS_MNEMONIC_TEST, VMM_OP_TEST},
        {ZYDIS_MNEMONIC_INC, VMM_OP_INC},
        {ZYDIS_MNEMONIC_DEC, VMM_OP_DEC},
        {ZYDIS_MNEMONIC_NOT, VMM_OP_NOT},
        {ZYDIS_MNEMONIC_NEG, VMM_OP_NEG},
        {ZYDIS_MNEMONIC_XCHG, VMM_OP_XCHG},
        {ZYDIS_MNEMONIC_XADD, VMM_OP_XADD},
        {ZYDIS_MNEMONIC_CMPXCHG, VMM_OP_CMPXCHG},
        {ZYDIS_MNEMONIC_BT, VMM_OP_BT},
        {ZYDIS_MNEMONIC_BTS, VMM_OP_BTS},
        {ZYDIS_MNEMONIC_BTR, VMM_OP_BTR},
        {ZYDIS_MNEMONIC_BTC, VMM_OP_BTC},
        {ZYDIS_MNEMONIC_STOSB, VMM_OP_STOS},
        {ZYDIS_MNEMONIC_STOSW, VMM_OP_STOS},
        {ZYDIS_MNEMONIC_STOSD, VMM_OP_STOS},
        {ZYDIS_MNEMONIC_STOSQ, VMM_OP_STOS},
        {ZYDIS_MNEMONIC_LODSB, VMM_OP_LODS},
        {ZYDIS_MNEMONIC_LODSW, VMM_OP_LODS},
        {ZYDIS_MNEMONIC_LODSD, VMM_OP_LODS},
        {ZYDIS_MNEMONIC_LODSQ, VMM_OP_LODS},
        {ZYDIS_MNEMONIC_MOVSB, VMM_OP_MOVS},
        {ZYDIS_MNEMONIC_MOVSW, VMM_OP_MOVS},
        {ZYDIS_MNEMONIC_MOVSD, VMM_OP_MOVS},
        {ZYDIS_MNEMONIC_MOVSQ, VMM_OP_MOVS},
        {ZYDIS_MNEMONIC_IN, VMM_OP_IN},
        {ZYDIS_MNEMONIC_OUT, VMM_OP_OUT},
        {ZYDIS_MNEMONIC_INSB, VMM_OP_INS},
        {ZYDIS_MNEMONIC_INSW, VMM_OP_INS},
        {ZYDIS_MNEMONIC_INSD, VMM_OP_INS},
        {ZYDIS_MNEMONIC_OUTSB, VMM_OP_OUTS},
        {ZYDIS_MNEMONIC_OUTSW, VMM_OP_OUTS},
        {ZYDIS_MNEMONIC_OUTSD, VMM_OP_OUTS},
        {ZYDIS_MNEMONIC_CPUID, VMM_OP_CPUID},
        {ZYDIS_MNEMONIC_RDMSR, VMM_OP_RDMSR},
        {ZYDIS_MNEMONIC_WRMSR, VMM_OP_WRMSR},
        {ZYDIS_MNEMONIC_CLTS, VMM_OP_CLTS},
        {ZYDIS_MNEMONIC_LMSW, VMM_OP_LMSW},
        {ZYDIS_MNEMONIC_SMSW, VMM_OP_SMSW},
        {ZYDIS_MNEMONIC_HLT, VMM_OP_HLT},
        {ZYDIS_MNEMONIC_VMCALL, VMM_OP_HYPERCALL},
        {ZYDIS_MNEMONIC_VMMCALL, VMM_OP_HYPERCALL},
        {ZYDIS_MNEMONIC_SGDT, VMM_OP_SGDT},
        {ZYDIS_MNEMONIC_SIDT, VMM_OP_SIDT},
        {ZYDIS_MNEMONIC_LGDT, VMM_OP_LGDT},
        {ZYDIS_MNEMONIC_LIDT, VMM_OP_LIDT},
        {ZYDIS_MNEMONIC_SLDT, VMM_OP_SLDT},
        {ZYDIS_MNEMONIC_STR, VMM_OP_STR},
        {ZYDIS_MNEMONIC_LLDT, VMM_OP_LLDT},
        {ZYDIS_MNEMONIC_LTR, VMM_OP_LTR},
        {ZYDIS_MNEMONIC_INVLPG, VMM_OP_INVLPG},
        {ZYDIS_MNEMONIC_RDTSC, VMM_OP_RDTSC},
        {ZYDIS_MNEMONIC_RDTSCP, VMM_OP_RDTSCP},
        {ZYDIS_MNEMONIC_RDPMC, VMM_OP_RDPMC},
        {ZYDIS_MNEMONIC_XSETBV, VMM_OP_XSETBV},
        {ZYDIS_MNEMONIC_INVD, VMM_OP_INVD},
        {ZYDIS_MNEMONIC_WBINVD, VMM_OP_WBINVD},
        {ZYDIS_MNEMONIC_MONITOR, VMM_OP_MONITOR},
        {ZYDIS_MNEMONIC_MWAIT, VMM_OP_MWAIT},
        {ZYDIS_MNEMONIC_PAUSE, VMM_OP_PAUSE},
        {ZYDIS_MNEMONIC_INVPCID, VMM_OP_INVPCID},
        {ZYDIS_MNEMONIC_RSM, VMM_OP_RSM},
    };

    for (unsigned i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
        if (operations[i].mnemonic == mnemonic)
            return operations[i].operation;
    return VMM_OP_OTHER;
}

/* The 16 registers of a width follow each other. False: not one of them. */
static bool in_row(ZydisRegister reg, ZydisRegister first, uint8_t *number)
{
    if (reg < first || reg > first + 15)
        return false;
    *number = (uint8_t)(reg - first);
    return true;
}

static bool general(ZydisRegister reg, uint8_t *number)
{
    return in_row(reg, ZYDIS_REGISTER_RAX, number) || in_row(reg, ZYDIS_REGISTER_EAX, number) ||
           in_row(reg, ZYDIS_REGISTER_AX, number);
}

static void take_register(ZydisRegister reg, struct vmm_operand *to)
{
    to->kind = VMM_OPERAND_REGISTER;
    if (general(reg, &to->number))
        return;
    if (reg >= ZYDIS_REGISTER_AL && reg <= ZYDIS_REGISTER_BL) {
        to->number = (uint8_t)(reg - ZYDIS_REGISTER_AL);
    } else if (reg >= ZYDIS_REGISTER_SPL && reg <= ZYDIS_REGISTER_R15B) {
        to->number = (uint8_t)(4 + reg - ZYDIS_REGISTER_SPL);
    } else if (reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH) {
        to->kind = VMM_OPERAND_HIGH_BYTE;
        to->number = (uint8_t)(reg - ZYDIS_REGISTER_AH);
    } else if (in_row(reg, ZYDIS_REGISTER_CR0, &to->number)) {
        to->kind = VMM_OPERAND_CONTROL;
    } else if (in_row(reg, ZYDIS_REGISTER_DR0, &to->number)) {
        to->kind = VMM_OPERAND_DEBUG;
    } else {
        to->kind = VMM_OPERAND_OTHER;
    }
}

/* ES to GS follow each other in the order of the architecture. */
static uint8_t segment(ZydisRegister reg)
{
    return reg >= ZYDIS_REGISTER_ES && reg <= ZYDIS_REGISTER_GS
               ? (uint8_t)(NACELLE_ES + reg - ZYDIS_REGISTER_ES)
               : NACELLE_DS;
}

static uint8_t base_or_index(ZydisRegister reg)
{
    uint8_t number = VMM_DECODE_NO_REGISTER;

    if (reg == ZYDIS_REGISTER_RIP || reg == ZYDIS_REGISTER_EIP)
        return VMM_DECODE_RIP;
    (void)general(reg, &number);
    return number;
}

static void take_memory(const ZydisDecodedOperandMem *from, struct vmm_operand *to)
{
    to->kind = from->type == ZYDIS_MEMOP_TYPE_MEM || from->type == ZYDIS_MEMOP_TYPE_AGEN
                   ? VMM_OPERAND_MEMORY
                   : VMM_OPERAND_OTHER;
    to->segment = segment(from->segment);
    to->base = base_or_index(from->base);
    to->index = base_or_index(from->index);
    to->scale = from->scale;
    to->value = from->disp.has_displacement ? (uint64_t)from->disp.value : 0;
}

static void take_operand(const ZydisDecodedOperand *from, struct vmm_operand *to)
{
    *to = (struct vmm_operand){.size = (uint8_t)(from->size / 8), .kind = VMM_OPERAND_OTHER};
    if (from->type == ZYDIS_OPERAND_TYPE_REGISTER) {
        take_register(from->reg.value, to);
    } else if (from->type == ZYDIS_OPERAND_TYPE_MEMORY) {
        take_memory(&from->mem, to);
    } else if (from->type == ZYDIS_OPERAND_TYPE_IMMEDIATE) {
        to->kind = VMM_OPERAND_IMMEDIATE;
        to->value = from->imm.value.u;
    }
}

/* The segment of DS:rSI. */
static uint8_t source_segment(const ZydisDecodedInstruction *from,
                              const ZydisDecodedOperand *operands)
{
    for (unsigned i = 0; i < from->operand_count; i++)
        if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY &&
            (operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_READ))
            return segment(operands[i].mem.segment);
    return NACELLE_ES;
}

/* REPNE before MOVS and the like repeats them too. */
static bool has_repeat(const ZydisDecodedInstruction *from)
{
    for (unsigned i = 0; i < from->raw.prefix_count; i++)
        if (from->raw.prefixes[i].value == REPNE || from->raw.prefixes[i].value == REP)
            return true;
    return false;
}

static void take(const ZydisDecodedInstruction *from, const ZydisDecodedOperand *operands,
                 struct vmm_instruction *to)
{
    *to = (struct vmm_instruction){
        .operation = operation_of(from->mnemonic),
        .length = from->length,
        .operand_size = (uint8_t)(from->operand_width / 8),
        .address_size = (uint8_t)(from->address_width / 8),
    };
    for (unsigned i = 0; i < from->operand_count_visible && i < VMM_OPERANDS_MAX; i++) {
        take_operand(&operands[i], &to->operands[to->operand_count++]);
        if (operands[i].type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
            to->immediate = true;
    }
    if (from->meta.category == ZYDIS_CATEGORY_STRINGOP ||
        from->meta.category == ZYDIS_CATEGORY_IOSTRINGOP) {
        to->segment = source_segment(from, operands);
        to->repeat = has_repeat(from);
    } else if (to->operation == VMM_OP_MOVS) {
        to->operation = VMM_OP_OTHER; /* MOVSD of vector registers */
    }
}

/* AMD's way to name CR8 outside 64-bit mode: LOCK before MOV CR0 (APM vol 3, MOV CRn). */
static bool decode_locked_mov(const ZydisDecoder *decoder, const uint8_t *bytes, unsigned count,
                              struct vmm_instruction *instruction)
{
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    uint8_t rest[VMM_INSTRUCTION_MAX];
    ZydisDecodedInstruction decoded;
    unsigned at = 0;

    while (at < count && bytes[at] != LOCK_PREFIX)
        at++;
    if (at == count)
        return false;
    memcpy(rest, bytes, at);
    memcpy(rest + at, bytes + at + 1, count - at - 1);
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(decoder, rest, count - 1, &decoded, operands)))
        return false;
    take(&decoded, operands, instruction);
    instruction->length++;
    for (unsigned i = 0; i < instruction->operand_count; i++) {
        struct vmm_operand *operand = &instruction->operands[i];

        if (operand->kind == VMM_OPERAND_CONTROL && operand->number == 0) {
            operand->number = 8;
            return instruction->operation == VMM_OP_MOV;
        }
    }
    return false;
}

enum vmm_decode_status vmm_decode(enum vmm_decode_mode mode, const uint8_t *bytes, unsigned count,
                                  struct vmm_instruction *instruction)
{
    static const struct {
        ZydisMachineMode machine;
        ZydisStackWidth stack;
    } modes[] = {
        [VMM_MODE_REAL] = {ZYDIS_MACHINE_MODE_REAL_16, ZYDIS_STACK_WIDTH_16},
        [VMM_MODE_16] = {ZYDIS_MACHINE_MODE_LEGACY_16, ZYDIS_STACK_WIDTH_16},
        [VMM_MODE_32] = {ZYDIS_MACHINE_MODE_LEGACY_32, ZYDIS_STACK_WIDTH_32},
        [VMM_MODE_64] = {ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64},
    };
    ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
    ZydisDecodedInstruction decoded;
    ZydisDecoder decoder;
    ZyanStatus status;

    if (count > VMM_INSTRUCTION_MAX)
        count = VMM_INSTRUCTION_MAX;
    if (!count)
        return VMM_DECODE_NO_CODE;
    if (!ZYAN_SUCCESS(ZydisDecoderInit(&decoder, modes[mode].machine, modes[mode].stack)))
        return VMM_DECODE_INVALID;
    status = ZydisDecoderDecodeFull(&decoder, bytes, count, &decoded, operands);
    if (ZYAN_SUCCESS(status)) {
        take(&decoded, operands, instruction);
        return VMM_DECODE_OK;
    }
    if (status == ZYDIS_STATUS_ILLEGAL_LOCK &&
        decode_locked_mov(&decoder, bytes, count, instruction))
        return VMM_DECODE_OK;
    return status == ZYDIS_STATUS_NO_MORE_DATA && count < VMM_INSTRUCTION_MAX ? VMM_DECODE_NO_CODE
                                                                              : VMM_DECODE_INVALID;
}
