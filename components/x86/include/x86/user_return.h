/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The last instructions before user level, for assembly (GNU as, AT&T syntax) and, by X86_STRING,
 * for asm statements in C. selector is an operand: a word in memory that selects a writable data
 * segment (mitigations_asm.h).
 */

#ifndef X86_USER_RETURN_H
#define X86_USER_RETURN_H

#include <x86/mitigations.h>

/* clang-format off */

#if NACELLE_MITIGATE_MDS
#define X86_RETURN_CLEAR_BUFFERS(selector) verw selector;
#else
#define X86_RETURN_CLEAR_BUFFERS(selector)
#endif

/*
 * By SYSEXIT, rcx the stack pointer and rdx the address at user level. Interrupts come from there
 * on. Neither need be canonical: a fault on the instruction comes in ring 0, on the stack in use
 * until then. An NMI may end the shadow of STI (SDM vol. 2 STI), so an interrupt may come there as
 * well. Both are to be taken as if they came from user level: x86_is_sysexit.
 */
#define X86_RETURN_BY_SYSEXIT(selector) \
    X86_RETURN_CLEAR_BUFFERS(selector)  \
    sti;                                \
    sysexitq

/*
 * By SYSRET, rsp the stack pointer at user level already, rcx the address there and r11 RFLAGS. On
 * processors where SYSRET faults in ring 0 it would do so on that stack (SDM vol. 2 SYSRET; the
 * APM's fault in ring 3): rcx must be canonical.
 */
#define X86_RETURN_BY_SYSRET(selector) \
    X86_RETURN_CLEAR_BUFFERS(selector) \
    sysretq

/* clang-format on */

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stdint.h>

/* Instructions as the text of an asm statement. */
#define X86_STRING(...)  X86_STRING_(__VA_ARGS__)
#define X86_STRING_(...) #__VA_ARGS__

/* The 64-bit SYSEXIT, in bytes. */
#define X86_SYSEXITQ_SIZE 3

/* It is the instruction there; its bytes can be read. */
static inline bool x86_is_sysexit(const uint8_t *instruction)
{
    return instruction[0] == 0x48 && instruction[1] == 0x0f && instruction[2] == 0x35;
}

#endif /* __ASSEMBLER__ */

#endif
