/* SPDX-License-Identifier: BSD-2-Clause */
/* What the processor did not tell of an exit, from the instruction that caused it. */
#include "access.h"
#include "touch.h"

#include <vmm/translate.h>

#define RCX       1
#define RSI       6
#define RDI       7

#define PAGE_MASK 0xfffull

#define MISSING   (NACELLE_EXIT_UNDECODED | NACELLE_EXIT_LENGTH_ASSUMED)

/* What may cause an exit of this kind; VMM_OP_OTHER: anything. The numbers of table accesses are in
 * the order of the operations. */
static bool may_cause(const struct nacelle_exit *record, enum vmm_operation operation)
{
    bool write = record->flags & NACELLE_EXIT_WRITE;

    switch (record->kind) {
    case NACELLE_EXIT_PORT:
        if (record->flags & NACELLE_EXIT_STRING)
            return operation == (write ? VMM_OP_OUTS : VMM_OP_INS);
        return operation == (write ? VMM_OP_OUT : VMM_OP_IN);
    case NACELLE_EXIT_CPUID:
        return operation == VMM_OP_CPUID;
    case NACELLE_EXIT_MSR:
        return operation == (write ? VMM_OP_WRMSR : VMM_OP_RDMSR);
    case NACELLE_EXIT_CONTROL_REGISTER:
        return operation == VMM_OP_MOV ||
               (record->number == 0 && (write ? operation == VMM_OP_CLTS || operation == VMM_OP_LMSW
                                              : operation == VMM_OP_SMSW));
    case NACELLE_EXIT_DEBUG_REGISTER:
        return operation == VMM_OP_MOV;
    case NACELLE_EXIT_HLT:
        return operation == VMM_OP_HLT;
    case NACELLE_EXIT_HYPERCALL:
        return operation == VMM_OP_HYPERCALL;
    case NACELLE_EXIT_DESCRIPTOR_TABLE:
        return operation == VMM_OP_SGDT + record->number;
    case NACELLE_EXIT_INVLPG:
        return operation == VMM_OP_INVLPG;
    case NACELLE_EXIT_TSC:
        return operation == VMM_OP_RDTSC || operation == VMM_OP_RDTSCP;
    case NACELLE_EXIT_RDPMC:
        return operation == VMM_OP_RDPMC;
    case NACELLE_EXIT_XSETBV:
        return operation == VMM_OP_XSETBV;
    case NACELLE_EXIT_CACHE:
        return operation == VMM_OP_INVD || operation == VMM_OP_WBINVD;
    case NACELLE_EXIT_MONITOR:
        return operation == VMM_OP_MONITOR;
    case NACELLE_EXIT_MWAIT:
        return operation == VMM_OP_MWAIT;
    case NACELLE_EXIT_PAUSE:
        return operation == VMM_OP_PAUSE;
    case NACELLE_EXIT_INVPCID:
        return operation == VMM_OP_INVPCID;
    case NACELLE_EXIT_RSM:
        return operation == VMM_OP_RSM;
    default:
        return operation == VMM_OP_OTHER;
    }
}

/* Is it always an instruction that causes exits of this kind? */
static bool by_instruction(const struct nacelle_exit *record)
{
    uint32_t type = record->vectoring & NACELLE_EVENT_TYPE_MASK;

    switch (record->kind) {
    case NACELLE_EXIT_PORT:
    case NACELLE_EXIT_CPUID:
    case NACELLE_EXIT_MSR:
    case NACELLE_EXIT_CONTROL_REGISTER:
    case NACELLE_EXIT_DEBUG_REGISTER:
    case NACELLE_EXIT_HLT:
    case NACELLE_EXIT_HYPERCALL:
    case NACELLE_EXIT_DESCRIPTOR_TABLE:
    case NACELLE_EXIT_INVLPG:
    case NACELLE_EXIT_TSC:
    case NACELLE_EXIT_RDPMC:
    case NACELLE_EXIT_XSETBV:
    case NACELLE_EXIT_CACHE:
    case NACELLE_EXIT_MONITOR:
    case NACELLE_EXIT_MWAIT:
    case NACELLE_EXIT_PAUSE:
    case NACELLE_EXIT_VIRTUALIZATION:
    case NACELLE_EXIT_INVPCID:
    case NACELLE_EXIT_RSM:
        return true;
    case NACELLE_EXIT_TASK_SWITCH: /* events switch tasks too */
        return !(record->flags & NACELLE_EXIT_VECTORING) ||
               type == NACELLE_EVENT_SOFTWARE_INTERRUPT;
    default:
        return false;
    }
}

static void set_gva(const struct vmm_emulator *emulator, const struct vmm_instruction *instruction,
                    const struct vmm_operand *operand, struct nacelle_exit *record)
{
    const struct nacelle_vcpu_state *state = emulator->state;

    record->gva = vmm_linear_address(state, operand->segment,
                                     vmm_effective_address(state, instruction, operand));
    record->flags |= NACELLE_EXIT_GVA_VALID;
}

/* A general register, or the address of a memory operand. */
static void set_place(const struct vmm_emulator *emulator,
                      const struct vmm_instruction *instruction, struct nacelle_exit *record)
{
    const struct vmm_operand *operand = &instruction->operands[0];

    if (operand->kind == VMM_OPERAND_MEMORY)
        set_gva(emulator, instruction, operand, record);
    else
        record->detail = operand->number;
}

/* MOV to and from CR and DR: one operand is that, the other is a general register. */
static enum vmm_decode_status complete_move(const struct vmm_emulator *emulator,
                                            const struct vmm_instruction *instruction,
                                            enum vmm_operand_kind kind, struct nacelle_exit *record)
{
    const struct nacelle_vcpu_state *state = emulator->state;
    bool write = record->flags & NACELLE_EXIT_WRITE;
    const struct vmm_operand *special = &instruction->operands[write ? 0 : 1];
    const struct vmm_operand *general = &instruction->operands[write ? 1 : 0];

    if (special->kind != kind || special->number != record->number)
        return VMM_DECODE_MISMATCH;
    record->detail = general->number;
    if (write)
        record->value = vmm_register_read(state, general->number) &
                        vmm_mask(vmm_long_64(state) ? 8 : 4);
    return VMM_DECODE_OK;
}

static bool read_word(const struct vmm_emulator *emulator, uint64_t linear, uint64_t *value)
{
    const struct vmm_paging paging = vmm_paging_of(emulator->state);
    uint8_t bytes[2];
    uint64_t gpa, left;

    for (unsigned i = 0; i < 2; i++)
        if (!vmm_translate(emulator->memory, &paging, linear + i, &gpa, &left) ||
            !vmm_memory_read(emulator->memory, gpa, &bytes[i], 1))
            return false;
    *value = bytes[0] | (uint64_t)bytes[1] << 8;
    return true;
}

static enum vmm_decode_status complete_control(const struct vmm_emulator *emulator,
                                               const struct vmm_instruction *instruction,
                                               struct nacelle_exit *record)
{
    const struct vmm_operand *operand = &instruction->operands[0];

    switch (instruction->operation) {
    case VMM_OP_CLTS:
        record->flags |= NACELLE_EXIT_CR_CLTS;
        return VMM_DECODE_OK;
    case VMM_OP_LMSW:
        record->flags |= NACELLE_EXIT_CR_LMSW;
        if (operand->kind == VMM_OPERAND_MEMORY) {
            set_gva(emulator, instruction, operand, record);
            return read_word(emulator, record->gva, &record->value) ? VMM_DECODE_OK
                                                                    : VMM_DECODE_UNSUPPORTED;
        }
        record->value = vmm_register_read(emulator->state, operand->number) & vmm_mask(2);
        return VMM_DECODE_OK;
    case VMM_OP_SMSW:
        record->flags |= NACELLE_EXIT_CR_LMSW;
        record->size = operand->size;
        set_place(emulator, instruction, record);
        return VMM_DECODE_OK;
    default:
        return complete_move(emulator, instruction, VMM_OPERAND_CONTROL, record);
    }
}

static void complete_port(const struct vmm_emulator *emulator,
                          const struct vmm_instruction *instruction, struct nacelle_exit *record)
{
    const struct nacelle_vcpu_state *state = emulator->state;
    bool in = record->flags & NACELLE_EXIT_READ;
    unsigned segment = in ? NACELLE_ES : instruction->segment;
    uint64_t mask = vmm_mask(instruction->address_size);

    if (instruction->immediate)
        record->flags |= NACELLE_EXIT_IMMEDIATE;
    if (!(record->flags & NACELLE_EXIT_STRING))
        return;
    record->detail = segment | (uint32_t)instruction->address_size << 8;
    record->gva = vmm_linear_address(state, segment, state->general[in ? RDI : RSI] & mask);
    record->flags |= NACELLE_EXIT_GVA_VALID;
    record->count = instruction->repeat ? state->general[RCX] & mask : 1;
}

static enum vmm_decode_status complete_operands(const struct vmm_emulator *emulator,
                                                const struct vmm_instruction *instruction,
                                                struct nacelle_exit *record)
{
    switch (record->kind) {
    case NACELLE_EXIT_PORT:
        complete_port(emulator, instruction, record);
        return VMM_DECODE_OK;
    case NACELLE_EXIT_CONTROL_REGISTER:
        return complete_control(emulator, instruction, record);
    case NACELLE_EXIT_DEBUG_REGISTER:
        return complete_move(emulator, instruction, VMM_OPERAND_DEBUG, record);
    case NACELLE_EXIT_DESCRIPTOR_TABLE:
    case NACELLE_EXIT_INVLPG:
        set_place(emulator, instruction, record);
        return VMM_DECODE_OK;
    case NACELLE_EXIT_INVPCID:
        record->detail = instruction->operands[0].number;
        set_gva(emulator, instruction, &instruction->operands[1], record);
        return VMM_DECODE_OK;
    /* QEMU's translator takes RDTSCP for RDTSC, and INVD for WBINVD. */
    case NACELLE_EXIT_TSC:
        record->number = instruction->operation == VMM_OP_RDTSCP;
        return VMM_DECODE_OK;
    case NACELLE_EXIT_CACHE:
        record->number = instruction->operation == VMM_OP_WBINVD;
        return VMM_DECODE_OK;
    default:
        return VMM_DECODE_OK;
    }
}

/* Does the page of `linear` lie in that of `gpa`? */
static bool is_page_of(const struct vmm_emulator *emulator, uint64_t linear, uint64_t gpa)
{
    const struct vmm_paging paging = vmm_paging_of(emulator->state);
    uint64_t found, left;

    return vmm_translate(emulator->memory, &paging, linear, &found, &left) &&
           found >> 12 == gpa >> 12;
}

/* The linear address of record->gpa, which lies in the page of one of the `size` bytes at `linear`.
 * False: it does not. */
static bool find_gva(const struct vmm_emulator *emulator, uint64_t linear, unsigned size,
                     struct nacelle_exit *record)
{
    uint64_t last = linear + size - 1;

    if (is_page_of(emulator, linear, record->gpa))
        last = linear;
    else if (!is_page_of(emulator, last, record->gpa))
        return false;
    record->gva = (last & ~PAGE_MASK) | (record->gpa & PAGE_MASK);
    record->flags |= NACELLE_EXIT_GVA_VALID;
    return true;
}

/* Accesses of an instruction. Those of an event's delivery and to page tables are none. */
static enum vmm_decode_status complete_memory(const struct vmm_emulator *emulator,
                                              struct nacelle_exit *record)
{
    const struct nacelle_vcpu_state *state = emulator->state;
    struct vmm_touch touches[VMM_TOUCHES_MAX] = {0};
    struct vmm_instruction instruction;
    enum vmm_decode_status status;
    unsigned count;

    if (record->flags & (NACELLE_EXIT_WALK | NACELLE_EXIT_VECTORING))
        return VMM_DECODE_OK;
    if (record->flags & NACELLE_EXIT_EXECUTE) {
        (void)find_gva(emulator, vmm_linear_address(state, NACELLE_CS, state->rip),
                       VMM_INSTRUCTION_MAX, record);
        return VMM_DECODE_OK;
    }
    status = vmm_fetch(emulator, &instruction);
    if (status != VMM_DECODE_OK)
        return status;
    record->instruction_length = instruction.length;
    count = vmm_touches(state, &instruction, touches);
    for (unsigned i = 0; i < count; i++) {
        uint64_t linear = vmm_linear_address(state, touches[i].segment, touches[i].offset);

        if (!find_gva(emulator, linear, touches[i].size, record))
            continue;
        record->size = touches[i].size;
        if (touches[i].read)
            record->flags |= NACELLE_EXIT_READ;
        if (touches[i].write)
            record->flags |= NACELLE_EXIT_WRITE;
        return VMM_DECODE_OK;
    }
    /* stack and descriptor tables are accessed without being named */
    return !count || instruction.operation == VMM_OP_OTHER ? VMM_DECODE_UNSUPPORTED
                                                           : VMM_DECODE_MISMATCH;
}

bool vmm_exit_is_complete(const struct nacelle_exit *record)
{
    return record->kind != NACELLE_EXIT_MEMORY && !(record->flags & MISSING) &&
           (record->instruction_length || !by_instruction(record));
}

enum vmm_decode_status vmm_complete_exit(const struct vmm_emulator *emulator,
                                         struct nacelle_exit *record)
{
    struct nacelle_exit completed = *record;
    struct vmm_instruction instruction;
    enum vmm_decode_status status;

    if (vmm_exit_is_complete(record))
        return VMM_DECODE_OK;
    if (record->kind == NACELLE_EXIT_MEMORY) {
        status = complete_memory(emulator, &completed);
    } else {
        status = vmm_fetch(emulator, &instruction);
        if (status != VMM_DECODE_OK)
            return status;
        if (!may_cause(record, instruction.operation))
            return VMM_DECODE_MISMATCH;
        completed.instruction_length = instruction.length;
        completed.flags &= ~MISSING;
        status = complete_operands(emulator, &instruction, &completed);
    }
    if (status == VMM_DECODE_OK)
        *record = completed;
    return status;
}

void vmm_correct_rip(struct nacelle_vcpu_state *state, uint32_t told, uint32_t length)
{
    if (told == length)
        return;
    state->rip += (uint64_t)length - told;
    if (!vmm_long_64(state))
        state->rip = (uint32_t)state->rip;
    state->dirty |= NACELLE_GROUP_IP;
}
