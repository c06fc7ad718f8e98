/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How long guests and user level have run, in TSC ticks: the sum of the ends less that of the
 * beginnings, of each vCPU and of each CPU. Option NacelleAccounting; without it nothing is counted
 * and no instruction spent. What is answered from a table counts as the guest's.
 *
 * The engine counts its vCPUs, entries by vcpu_direct_sysenter and vcpu_direct_syscall, and its own
 * ways to the client; the host its other ways to user level and back.
 */
#ifndef VCPU_ACCOUNTING_H
#define VCPU_ACCOUNTING_H

#ifndef NACELLE_ACCOUNTING
#define NACELLE_ACCOUNTING 0
#endif

#ifdef __ASSEMBLER__

#include <vcpu/direct.h>

/* clang-format off */

/* The counter, at base + offset, goes on from here, or ends here. rax and rdx are lost. */
.macro ACCOUNT_BEGIN offset, base
#if NACELLE_ACCOUNTING
    rdtsc
    subl %eax, \offset(\base)
    sbbl %edx, \offset + 4(\base)
#endif
.endm

.macro ACCOUNT_END offset, base
#if NACELLE_ACCOUNTING
    rdtsc
    addl %eax, \offset(\base)
    adcl %edx, \offset + 4(\base)
#endif
.endm

/* Where a client enters: rsp is the pair, and also a stack; no register is lost. */
.macro ACCOUNT_USER_END
#if NACELLE_ACCOUNTING
    push %rax
    push %rdx
    ACCOUNT_END VCPU_PAIR_USER_TICKS + 16, %rsp
    pop %rdx
    pop %rax
#endif
.endm

/* clang-format on */

#else

#include <stdint.h>
#include <x86/insn.h>

#if NACELLE_ACCOUNTING
static inline void account_begin(uint64_t *counter)
{
    *counter -= x86_rdtsc();
}

static inline void account_end(uint64_t *counter)
{
    *counter += x86_rdtsc();
}
#else
static inline void account_begin(const uint64_t *counter)
{
    (void)counter;
}

static inline void account_end(const uint64_t *counter)
{
    (void)counter;
}
#endif

#endif
#endif
