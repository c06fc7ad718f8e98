/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The exception table: where execution goes on when an instruction that may fault did.
 *
 * X86_EXTABLE("1b", "2b") inside an asm statement adds the pair (fault_ip, fixup_ip) to the section
 * __ex_table, as 64-bit absolute addresses. The program's linker script gathers the section between
 * the symbols __ex_table_start and __ex_table_end; its #GP handler (every handler of a fault that a
 * marked instruction may raise) must look the faulting instruction pointer up and, when found,
 * return to fixup_ip with all else unchanged.
 */

#ifndef X86_EXTABLE_H
#define X86_EXTABLE_H

#include <stddef.h>
#include <stdint.h>

struct x86_extable_entry {
    uint64_t fault_ip; /* address of the instruction that may fault */
    uint64_t fixup_ip; /* where to continue when it did */
};

_Static_assert(sizeof(struct x86_extable_entry) == 16, "the asm below emits two quadwords");

#define X86_EXTABLE(fault, fixup)        \
    ".pushsection __ex_table, \"a\"\n\t" \
    ".balign 8\n\t"                      \
    ".quad " fault ", " fixup "\n\t"     \
    ".popsection\n\t"

/*
 * The fixup address for a fault at ip in the table [begin, end), or 0 when it has none. The table
 * is in link order, not sorted, and a few entries long: a linear search.
 */
uint64_t x86_extable_fixup(const struct x86_extable_entry *begin,
                           const struct x86_extable_entry *end, uint64_t ip);

#endif
