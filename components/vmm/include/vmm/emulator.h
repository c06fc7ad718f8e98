/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Guest instructions: reading them, completing exits by them, carrying them out. Nothing here
 * makes a system call. Groups VMM_EMULATOR_GROUPS of the state page must be valid.
 */
#ifndef VMM_EMULATOR_H
#define VMM_EMULATOR_H

#include <nacelle/vcpu_state.h>
#include <vmm/decode.h>
#include <vmm/memory.h>
#include <vmm/mmio.h>

#define VMM_EMULATOR_GROUPS \
    (NACELLE_GROUP_IP | NACELLE_GROUP_RSP | NACELLE_GROUP_SEGMENTS | NACELLE_GROUP_CONTROL)

#define VMM_DECODED_MAX 16

/*
 * Instructions that were decoded lately, by the address where they lay. They are looked up by their
 * bytes, which are read anew each time: code that was changed is decoded again. All zeroes: empty.
 */
struct vmm_decoded {
    struct {
        uint8_t bytes[VMM_INSTRUCTION_MAX];
        uint8_t mode;
        struct vmm_instruction instruction; /* length 0: none */
    } entries[VMM_DECODED_MAX];
};

struct vmm_emulator {
    struct nacelle_vcpu_state *state;
    const struct vmm_memory *memory; /* all that the guest's instructions and tables may lie in */
    const struct vmm_mmio *mmio;     /* who answers elsewhere */
    struct vmm_decoded *decoded;     /* of this vCPU, or NULL: decode each time */
    /* With VMM_DECODE_FAULT: NACELLE_EVENT_* to inject, and its error code. cr2 is set. */
    uint32_t fault, fault_error;
};

/* --- fetch.c --- */

enum vmm_decode_mode vmm_decode_mode(const struct nacelle_vcpu_state *state);

/* Reads and decodes the instruction at rip. */
enum vmm_decode_status vmm_fetch(const struct vmm_emulator *emulator,
                                 struct vmm_instruction *instruction);

/* --- complete.c --- */

/* Does the record lack nothing that the instruction tells? */
bool vmm_exit_is_complete(const struct nacelle_exit *record);

/*
 * Fills in what the processor did not tell of an exit (NACELLE_EXIT_UNDECODED and
 * NACELLE_EXIT_LENGTH_ASSUMED, whose flags go): members as docs/interface.md says, and the
 * instruction length. For MEMORY: gva, size, and instruction_length. `record` is a copy, or that of
 * the state page. Complete records stay as they are.
 */
enum vmm_decode_status vmm_complete_exit(const struct vmm_emulator *emulator,
                                         struct nacelle_exit *record);

/* Before a reply with ADVANCE, which adds the length that the engine knows (`told`): moves rip so
 * that it ends up after the instruction, whose length is `length`. */
void vmm_correct_rip(struct nacelle_vcpu_state *state, uint32_t told, uint32_t length);

/* --- emulate.c --- */

/*
 * Carries out the instruction at rip, which accessed guest-physical memory that is not mapped:
 * what lies in emulator->memory is accessed there, all else by emulator->mmio; writes to read-only
 * memory are ignored. `gpa` of the record must be part of what the instruction accesses, or the
 * guest has changed it (VMM_DECODE_MISMATCH). `length`: of the instruction, for vmm_correct_rip().
 * With VMM_DECODE_OK the vCPU is to go on after it; with AGAIN and FAULT at it. Otherwise nothing
 * has happened.
 */
enum vmm_decode_status vmm_emulate(struct vmm_emulator *emulator, uint32_t *length);

#endif
