/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The general registers of a vCPU in the architecture's index order.
 *
 * Index order and sized access: Intel SDM vol. 1, 3.4.1 and 3.4.1.1; vol. 2, 2.2.1.2 (REX).
 * The stack pointer (index 4) is not among them: a guest's RSP lives in the VMCS or VMCB, so here
 * index 4 is an error like every index above 15, and its 8 bytes are a gap of the layout.
 */

#ifndef X86_GENERAL_REGISTERS_H
#define X86_GENERAL_REGISTERS_H

/* Register indices as instructions and exit qualifications encode them. */
#define X86_RAX       0
#define X86_RCX       1
#define X86_RDX       2
#define X86_RBX       3
#define X86_RSP       4
#define X86_RBP       5
#define X86_RSI       6
#define X86_RDI       7
#define X86_R8        8
#define X86_R9        9
#define X86_R10       10
#define X86_R11       11
#define X86_R12       12
#define X86_R13       13
#define X86_R14       14
#define X86_R15       15
#define X86_GPR_COUNT 16

/* Size in bytes of struct x86_general_registers, for assembly. */
#define X86_GENERAL_REGISTERS_SIZE 128

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All sixteen slots, 64 bits each; r[X86_RSP] has no meaning. */
struct x86_general_registers {
    uint64_t r[X86_GPR_COUNT];
};

_Static_assert(sizeof(struct x86_general_registers) == X86_GENERAL_REGISTERS_SIZE,
               "assembly relies on the layout");

/* Does the index name a register of this structure: 0-15 without 4? */
bool x86_gpr_index_valid(unsigned index);

/* Reads 64 bits. False, with *out untouched, for index 4 and above 15. */
bool x86_gpr_get(const struct x86_general_registers *regs, unsigned index, uint64_t *out);

/* Writes 64 bits. False, with nothing changed, for index 4 and above 15. */
bool x86_gpr_set(struct x86_general_registers *regs, unsigned index, uint64_t value);

/*
 * Reads a register as an operand of size bytes (1, 2, 4 or 8), zero-extended into *out.
 *
 * rex tells whether the instruction has a REX prefix and counts for size 1 only: without it byte
 * registers 4-7 are AH, CH, DH, BH and 8-15 do not exist; with it they are SPL, BPL, SIL, DIL.
 * False, with *out untouched: bad size, bad index, or an operand that lies in RSP.
 */
bool x86_gpr_read_sized(const struct x86_general_registers *regs, unsigned index, unsigned size,
                        bool rex, uint64_t *out);

/*
 * Writes the low size bytes of value as an instruction with that operand size does: 4 bytes clear
 * the upper half of the register, 1 and 2 bytes keep the rest. Operands and errors as above; on
 * an error nothing changes.
 */
bool x86_gpr_write_sized(struct x86_general_registers *regs, unsigned index, unsigned size,
                         bool rex, uint64_t value);

/*
 * The assembler's name of an operand, as "rax", "eax", "ax", "al", "ah". RSP's names are known as
 * well. NULL for an index or size that does not exist.
 */
const char *x86_gpr_name(unsigned index, unsigned size, bool rex);

/* The pair EDX:EAX, as RDMSR, RDTSC and XGETBV return it. */
uint64_t x86_gpr_get_edx_eax(const struct x86_general_registers *regs);

/* Sets EDX:EAX; the upper halves of RDX and RAX become 0, as these instructions leave them. */
void x86_gpr_set_edx_eax(struct x86_general_registers *regs, uint64_t value);

/* Bit n is set where register n differs between a and b; bit 4 never is. For tracing. */
uint32_t x86_gpr_diff(const struct x86_general_registers *a, const struct x86_general_registers *b);

#endif /* __ASSEMBLER__ */

#endif
