/* SPDX-License-Identifier: BSD-2-Clause */
#include "touch.h"

#include "access.h"

#define RSI 6
#define RDI 7

/* Does the instruction write operand `index`, does it read it? */
static bool writes(enum vmm_operation operation, unsigned index)
{
    switch (operation) {
    case VMM_OP_CMP:
    case VMM_OP_TEST:
    case VMM_OP_BT:
        return false;
    case VMM_OP_XCHG:
    case VMM_OP_XADD:
        return true;
    default:
        return index == 0;
    }
}

static bool reads(enum vmm_operation operation, unsigned index)
{
    switch (operation) {
    case VMM_OP_MOV:
    case VMM_OP_MOVZX:
    case VMM_OP_MOVSX:
    case VMM_OP_MOVBE:
        return index == 1;
    default:
        return true;
    }
}

/* BT and the like reach bits beyond the operand that is named, by the register with the number of
 * the bit: in units of the operand's size (SDM vol 2, BT). */
static uint64_t bit_offset(const struct nacelle_vcpu_state *state,
                           const struct vmm_instruction *instruction)
{
    const struct vmm_operand *bit = &instruction->operands[1];
    unsigned unused = 64 - bit->size * 8u;
    int64_t number;

    if (instruction->operation < VMM_OP_BT || instruction->operation > VMM_OP_BTC ||
        bit->kind != VMM_OPERAND_REGISTER)
        return 0;
    number = (int64_t)(vmm_register_read(state, bit->number) << unused) >> unused;
    return (uint64_t)(number >> 3) & ~(uint64_t)(bit->size - 1u);
}

static unsigned string_touches(const struct nacelle_vcpu_state *state,
                               const struct vmm_instruction *instruction, struct vmm_touch *touches)
{
    uint64_t mask = vmm_mask(instruction->address_size);
    struct vmm_touch source = {.segment = instruction->segment,
                               .size = instruction->operand_size,
                               .read = true,
                               .offset = state->general[RSI] & mask};
    struct vmm_touch target = {.segment = NACELLE_ES,
                               .size = instruction->operand_size,
                               .write = true,
                               .offset = state->general[RDI] & mask};

    touches[0] = instruction->operation == VMM_OP_LODS ? source : target;
    touches[1] = source;
    return instruction->operation == VMM_OP_MOVS ? 2 : 1;
}

unsigned vmm_touches(const struct nacelle_vcpu_state *state,
                     const struct vmm_instruction *instruction,
                     struct vmm_touch touches[VMM_TOUCHES_MAX])
{
    enum vmm_operation operation = instruction->operation;
    bool known = operation >= VMM_OP_MOV && operation < VMM_OP_STOS;

    if (operation >= VMM_OP_STOS && operation <= VMM_OP_MOVS)
        return string_touches(state, instruction, touches);
    for (unsigned i = 0; i < instruction->operand_count; i++) {
        const struct vmm_operand *operand = &instruction->operands[i];
        uint64_t offset;

        if (operand->kind != VMM_OPERAND_MEMORY)
            continue;
        offset =
            vmm_effective_address(state, instruction, operand) + bit_offset(state, instruction);
        touches[0] = (struct vmm_touch){.segment = operand->segment,
                                        .size = operand->size,
                                        .read = known && reads(operation, i),
                                        .write = known && writes(operation, i),
                                        .offset = offset & vmm_mask(instruction->address_size)};
        return 1;
    }
    return 0;
}
