/* SPDX-License-Identifier: BSD-2-Clause */
/* Reading the instruction at rip. */
#include "access.h"

#include <runtime/string.h>
#include <vmm/translate.h>

#define CR0_PE      (1ull << 0)
#define RFLAGS_VM   (1ull << 17)
#define SEGMENT_BIG (1u << 14)

const char *vmm_decode_text(enum vmm_decode_status status)
{
    static const char *const texts[] = {
        [VMM_DECODE_OK] = "decoded",
        [VMM_DECODE_AGAIN] = "not at its end yet",
        [VMM_DECODE_FAULT] = "an exception",
        [VMM_DECODE_NO_CODE] = "the instruction is not in the guest's memory",
        [VMM_DECODE_INVALID] = "no valid instruction",
        [VMM_DECODE_UNSUPPORTED] = "an instruction that is not emulated",
        [VMM_DECODE_MISMATCH] = "an instruction that does not cause this exit",
        [VMM_DECODE_NO_DECODER] = "built without an instruction decoder",
    };

    return (unsigned)status < sizeof(texts) / sizeof(texts[0]) ? texts[status] : "?";
}

enum vmm_decode_mode vmm_decode_mode(const struct nacelle_vcpu_state *state)
{
    if (vmm_long_64(state))
        return VMM_MODE_64;
    /* a code segment that was loaded in protected mode keeps its size in real-address mode */
    if (state->segments[NACELLE_CS].rights & SEGMENT_BIG)
        return VMM_MODE_32;
    return !(state->cr0 & CR0_PE) || (state->rflags & RFLAGS_VM) ? VMM_MODE_REAL : VMM_MODE_16;
}

/* As many bytes as there are: the page after the one of the last byte may not be there. */
static unsigned read_code(const struct vmm_emulator *emulator, uint8_t *bytes)
{
    const struct nacelle_vcpu_state *state = emulator->state;
    const struct vmm_paging paging = vmm_paging_of(state);
    uint64_t linear = vmm_linear_address(state, NACELLE_CS, state->rip);
    unsigned count = 0;

    while (count < VMM_INSTRUCTION_MAX) {
        uint64_t at = vmm_long_64(state) ? linear + count : (uint32_t)(linear + count);
        unsigned part = VMM_INSTRUCTION_MAX - count;
        uint64_t gpa, left;

        if (!vmm_translate(emulator->memory, &paging, at, &gpa, &left))
            break;
        if (left < part)
            part = (unsigned)left;
        if (!vmm_memory_read(emulator->memory, gpa, bytes + count, part))
            break;
        count += part;
    }
    return count;
}

/* What the first instruction in `bytes` is depends on its own bytes alone. */
static bool decode_again(struct vmm_decoded *decoded, unsigned slot, enum vmm_decode_mode mode,
                         const uint8_t *bytes, unsigned count, struct vmm_instruction *instruction)
{
    unsigned length = decoded->entries[slot].instruction.length;

    if (!length || length > count || decoded->entries[slot].mode != mode ||
        memcmp(decoded->entries[slot].bytes, bytes, length) != 0)
        return false;
    *instruction = decoded->entries[slot].instruction;
    return true;
}

enum vmm_decode_status vmm_fetch(const struct vmm_emulator *emulator,
                                 struct vmm_instruction *instruction)
{
    uint8_t bytes[VMM_INSTRUCTION_MAX] = {0};
    unsigned count = read_code(emulator, bytes), slot = emulator->state->rip % VMM_DECODED_MAX;
    enum vmm_decode_mode mode = vmm_decode_mode(emulator->state);
    struct vmm_decoded *decoded = emulator->decoded;
    enum vmm_decode_status status;

    if (decoded && decode_again(decoded, slot, mode, bytes, count, instruction))
        return VMM_DECODE_OK;
    status = vmm_decode(mode, bytes, count, instruction);
    if (decoded && status == VMM_DECODE_OK) {
        memcpy(decoded->entries[slot].bytes, bytes, sizeof(bytes));
        decoded->entries[slot].mode = (uint8_t)mode;
        decoded->entries[slot].instruction = *instruction;
    }
    return status;
}
