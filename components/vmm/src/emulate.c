/* SPDX-License-Identifier: BSD-2-Clause */
/* Carrying out an instruction that accesses memory (SDM vol 2). */
#include "access.h"
#include "arithmetic.h"
#include "touch.h"

#define RAX            0
#define RCX            1
#define RSI            6
#define RDI            7

#define RFLAGS_CF      (1ull << 0)
#define RFLAGS_ZF      (1ull << 6)
#define RFLAGS_DF      (1ull << 10)

#define ITERATIONS_MAX 4096 /* of one exit; the rest comes with the next one */

/* An instruction with one memory operand, which has been checked. */
struct work {
    struct vmm_emulator *emulator;
    const struct vmm_instruction *instruction;
    struct vmm_span span;
};

static uint64_t read_operand(const struct work *work, unsigned index)
{
    const struct nacelle_vcpu_state *state = work->emulator->state;
    const struct vmm_operand *operand = &work->instruction->operands[index];

    switch (operand->kind) {
    case VMM_OPERAND_MEMORY:
        return vmm_span_read(work->emulator, &work->span);
    case VMM_OPERAND_HIGH_BYTE:
        return state->general[operand->number & 3] >> 8 & 0xff;
    case VMM_OPERAND_IMMEDIATE:
        return operand->value;
    default:
        return vmm_register_read(state, operand->number) & vmm_mask(operand->size);
    }
}

static void write_operand(const struct work *work, unsigned index, uint64_t value)
{
    struct nacelle_vcpu_state *state = work->emulator->state;
    const struct vmm_operand *operand = &work->instruction->operands[index];
    uint64_t *general = &state->general[operand->number & 15];

    if (operand->kind == VMM_OPERAND_MEMORY)
        vmm_span_write(work->emulator, &work->span, value & vmm_mask(operand->size));
    else if (operand->kind == VMM_OPERAND_HIGH_BYTE)
        *general = (*general & ~0xff00ull) | (value & 0xff) << 8;
    else
        vmm_register_write(state, operand->number, operand->size, value);
}

static uint64_t sign_extend(uint64_t value, unsigned size)
{
    unsigned unused = 64 - size * 8;

    return (uint64_t)((int64_t)(value << unused) >> unused);
}

static uint64_t swap_bytes(uint64_t value, unsigned size)
{
    return __builtin_bswap64(value) >> (64 - size * 8);
}

static void set_rflags(const struct work *work, uint64_t rflags)
{
    work->emulator->state->rflags = rflags;
    work->emulator->state->dirty |= NACELLE_GROUP_IP;
}

static void arithmetic(const struct work *work, bool keep)
{
    enum vmm_operation operation = work->instruction->operation;
    unsigned size = work->instruction->operands[0].size;
    bool unary = work->instruction->operand_count == 1;
    uint64_t rflags = work->emulator->state->rflags;
    uint64_t a = read_operand(work, 0);
    uint64_t b = unary ? 0 : read_operand(work, 1) & vmm_mask(size);
    uint64_t result = vmm_arithmetic(operation, size, a, b, &rflags);

    if (keep)
        write_operand(work, 0, result);
    set_rflags(work, rflags);
}

static void exchange(const struct work *work)
{
    enum vmm_operation operation = work->instruction->operation;
    /* XCHG may name memory first or second */
    unsigned memory = work->instruction->operands[0].kind == VMM_OPERAND_MEMORY ? 0 : 1;
    uint64_t rflags = work->emulator->state->rflags;
    uint64_t old = read_operand(work, memory), new = read_operand(work, 1 - memory);

    if (operation == VMM_OP_XADD) {
        new = vmm_arithmetic(operation, work->instruction->operands[0].size, old, new, &rflags);
        set_rflags(work, rflags);
    }
    write_operand(work, memory, new);
    write_operand(work, 1 - memory, old);
}

/* The destination is written in both cases, as a processor does. */
static void compare_exchange(const struct work *work)
{
    struct nacelle_vcpu_state *state = work->emulator->state;
    unsigned size = work->instruction->operands[0].size;
    uint64_t rflags = state->rflags, old = read_operand(work, 0);
    uint64_t expected = state->general[RAX] & vmm_mask(size);

    (void)vmm_arithmetic(VMM_OP_CMP, size, expected, old, &rflags);
    if (rflags & RFLAGS_ZF) {
        write_operand(work, 0, read_operand(work, 1));
    } else {
        write_operand(work, 0, old);
        vmm_register_write(state, RAX, size, old);
    }
    set_rflags(work, rflags);
}

static void bit(const struct work *work)
{
    enum vmm_operation operation = work->instruction->operation;
    unsigned number = (unsigned)read_operand(work, 1) &
                      (work->instruction->operands[0].size * 8u - 1);
    uint64_t value = read_operand(work, 0), mask = 1ull << number;
    uint64_t rflags = work->emulator->state->rflags & ~RFLAGS_CF;

    if (value & mask)
        rflags |= RFLAGS_CF;
    if (operation == VMM_OP_BTS)
        write_operand(work, 0, value | mask);
    else if (operation == VMM_OP_BTR)
        write_operand(work, 0, value & ~mask);
    else if (operation == VMM_OP_BTC)
        write_operand(work, 0, value ^ mask);
    set_rflags(work, rflags);
}

static void carry_out(const struct work *work)
{
    const struct vmm_instruction *instruction = work->instruction;

    switch (instruction->operation) {
    case VMM_OP_MOV:
    case VMM_OP_MOVZX:
        write_operand(work, 0, read_operand(work, 1));
        break;
    case VMM_OP_MOVSX:
        write_operand(work, 0, sign_extend(read_operand(work, 1), instruction->operands[1].size));
        break;
    case VMM_OP_MOVBE:
        write_operand(work, 0, swap_bytes(read_operand(work, 1), instruction->operands[1].size));
        break;
    case VMM_OP_NOT:
        write_operand(work, 0, ~read_operand(work, 0));
        break;
    case VMM_OP_CMP:
    case VMM_OP_TEST:
        arithmetic(work, false);
        break;
    case VMM_OP_XCHG:
    case VMM_OP_XADD:
        exchange(work);
        break;
    case VMM_OP_CMPXCHG:
        compare_exchange(work);
        break;
    case VMM_OP_BT:
    case VMM_OP_BTS:
    case VMM_OP_BTR:
    case VMM_OP_BTC:
        bit(work);
        break;
    default:
        arithmetic(work, true);
        break;
    }
}

/* Is each operand one that can be read and written here? */
static bool operands_known(const struct vmm_instruction *instruction)
{
    for (unsigned i = 0; i < instruction->operand_count; i++)
        if (instruction->operands[i].kind < VMM_OPERAND_REGISTER ||
            instruction->operands[i].kind > VMM_OPERAND_IMMEDIATE ||
            instruction->operands[i].size > 8)
            return false;
    return true;
}

static enum vmm_decode_status emulate_one(struct vmm_emulator *emulator,
                                          const struct vmm_instruction *instruction)
{
    struct vmm_touch touches[VMM_TOUCHES_MAX] = {0};
    struct work work = {.emulator = emulator, .instruction = instruction};

    if (!vmm_touches(emulator->state, instruction, touches) ||
        (!touches[0].read && !touches[0].write) || !operands_known(instruction))
        return VMM_DECODE_UNSUPPORTED;
    if (!vmm_span(emulator, touches[0].segment, touches[0].offset, touches[0].size,
                  touches[0].write, &work.span))
        return VMM_DECODE_FAULT;
    if (!vmm_span_has(&work.span, emulator->state->exit.gpa))
        return VMM_DECODE_MISMATCH;
    carry_out(&work);
    return VMM_DECODE_OK;
}

/* --- String instructions --- */

/* Moves an index register on by one element; the address size says how much of it. */
static void move_on(struct nacelle_vcpu_state *state, const struct vmm_instruction *instruction,
                    unsigned number)
{
    uint64_t step = instruction->operand_size;

    if (state->rflags & RFLAGS_DF)
        step = -step;
    vmm_register_write(state, number, instruction->address_size, state->general[number] + step);
}

/* One element. `first`: the exit's address must be among those accessed. */
static enum vmm_decode_status element(struct vmm_emulator *emulator,
                                      const struct vmm_instruction *instruction, bool first)
{
    struct nacelle_vcpu_state *state = emulator->state;
    struct vmm_touch touches[VMM_TOUCHES_MAX] = {0};
    struct vmm_span spans[VMM_TOUCHES_MAX];
    unsigned count = vmm_touches(state, instruction, touches);
    bool accessed = !first;

    for (unsigned i = 0; i < count; i++) {
        if (!vmm_span(emulator, touches[i].segment, touches[i].offset, touches[i].size,
                      touches[i].write, &spans[i]))
            return VMM_DECODE_FAULT;
        accessed = accessed || vmm_span_has(&spans[i], state->exit.gpa);
    }
    if (!accessed)
        return VMM_DECODE_MISMATCH;
    if (instruction->operation == VMM_OP_STOS)
        vmm_span_write(emulator, &spans[0], state->general[RAX]);
    else if (instruction->operation == VMM_OP_LODS)
        vmm_register_write(state, RAX, instruction->operand_size,
                           vmm_span_read(emulator, &spans[0]));
    else
        vmm_span_write(emulator, &spans[0], vmm_span_read(emulator, &spans[1]));
    if (instruction->operation != VMM_OP_STOS)
        move_on(state, instruction, RSI);
    if (instruction->operation != VMM_OP_LODS)
        move_on(state, instruction, RDI);
    return VMM_DECODE_OK;
}

static enum vmm_decode_status emulate_string(struct vmm_emulator *emulator,
                                             const struct vmm_instruction *instruction)
{
    struct nacelle_vcpu_state *state = emulator->state;
    uint64_t mask = vmm_mask(instruction->address_size);
    uint64_t count = instruction->repeat ? state->general[RCX] & mask : 1;

    for (unsigned done = 0; count && done < ITERATIONS_MAX; done++, count--) {
        enum vmm_decode_status status = element(emulator, instruction, done == 0);

        if (status != VMM_DECODE_OK)
            return status;
        if (instruction->repeat)
            vmm_register_write(state, RCX, instruction->address_size, state->general[RCX] - 1);
    }
    return count ? VMM_DECODE_AGAIN : VMM_DECODE_OK;
}

enum vmm_decode_status vmm_emulate(struct vmm_emulator *emulator, uint32_t *length)
{
    const struct nacelle_exit *record = &emulator->state->exit;
    struct vmm_instruction instruction;
    enum vmm_decode_status status;

    if (record->flags & (NACELLE_EXIT_EXECUTE | NACELLE_EXIT_WALK | NACELLE_EXIT_VECTORING))
        return VMM_DECODE_UNSUPPORTED;
    status = vmm_fetch(emulator, &instruction);
    if (status != VMM_DECODE_OK)
        return status;
    *length = instruction.length;
    if (instruction.operation >= VMM_OP_STOS && instruction.operation <= VMM_OP_MOVS)
        return emulate_string(emulator, &instruction);
    return emulate_one(emulator, &instruction);
}
