/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls, message registers, the message tag and the IPC buffer. */
#ifndef NACELLE_MESSAGE_H
#define NACELLE_MESSAGE_H

/*
 * Version of the binary interface: the root task finds it in its boot information. The major
 * number changes when a client must be changed, the minor one when something is added.
 */
#define NACELLE_ABI_MAJOR 1
#define NACELLE_ABI_MINOR 0

/*
 * Registers of a system call, the same for entry and return:
 *
 *   rdi  in: slot of the invoked capability       out: badge of the sender (receive), else 0
 *   rsi  in: tag, with the system call on top     out: tag
 *   r8, r9, r10, rax   words 0 to 3 of the message
 *   words 4 and up lie in the IPC buffer, at their own index
 *
 * With SYSENTER (Intel) the caller puts its stack pointer into rcx and the address to return to
 * into rdx; with SYSCALL (AMD) the processor uses rcx and r11. All other general registers and the
 * flags are lost; only the stack pointer is kept.
 */
#define NACELLE_MESSAGE_REGISTERS 4
#define NACELLE_MESSAGE_WORDS     64

/* System calls: bits 63-56 of the tag on entry. */
#define NACELLE_CALL          0 /* send to an endpoint, wait for the reply; or invoke an object */
#define NACELLE_SEND          1 /* send to an endpoint, wait until received; or signal */
#define NACELLE_RECEIVE       2 /* wait for a message at an endpoint, or for a notification */
#define NACELLE_REPLY         3 /* reply to the caller whose message was received last */
#define NACELLE_REPLY_RECEIVE 4 /* reply, then receive, as one step; without a caller: receive */
#define NACELLE_POLL          5 /* receive, or NACELLE_ERROR_WOULD_BLOCK at once */
#define NACELLE_YIELD         6 /* give up the rest of the time slice */
#define NACELLE_SYSTEM_CALLS  7

/*
 * Tag of a message:
 *   bits  6-0   length in words, 0 to NACELLE_MESSAGE_WORDS
 *   bit   7     a capability goes with the message (NACELLE_TAG_CAPABILITY)
 *   bit   8     the kernel's reply to an operation that failed (out only)
 *   bit   9     a message that the kernel made: exit, fault, notification (out only)
 *   bit  10     the sender waits for a reply (out only)
 *   bits 47-16  label: operation, error, exit kind, or what the peers agreed on
 *   bits 63-56  system call (in only)
 * Other bits are ignored on entry and 0 on return.
 */
#define NACELLE_TAG_LENGTH_MASK       0x7f
#define NACELLE_TAG_CAPABILITY        (1ull << 7)
#define NACELLE_TAG_ERROR             (1ull << 8)
#define NACELLE_TAG_KERNEL            (1ull << 9)
#define NACELLE_TAG_CALL              (1ull << 10)
#define NACELLE_TAG_LABEL_SHIFT       16
#define NACELLE_TAG_LABEL_MASK        0xffffffffull
#define NACELLE_TAG_SYSTEM_CALL_SHIFT 56

/* Labels of messages that the kernel makes (NACELLE_TAG_KERNEL set). Exit kinds are below 0x100. */
#define NACELLE_LABEL_NOTIFICATION 0x100 /* word 0: the bits signalled since the last receive */
#define NACELLE_LABEL_FAULT        0x101 /* word 0: vector, 1: error code, 2: rip, 3: cr2 */

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

/*
 * The IPC buffer: the first 528 bytes of a page that belongs to the thread object and is mapped
 * into the thread's address space by NACELLE_ASPACE_MAP with the thread's capability.
 */
struct nacelle_ipc_buffer {
    uint64_t words[NACELLE_MESSAGE_WORDS]; /* words 4 and up; 0 to 3 go in registers */
    uint64_t send_slot;    /* slot of the capability that NACELLE_TAG_CAPABILITY sends (copies) */
    uint64_t receive_slot; /* empty slot for a capability received; 0: accept none */
};

_Static_assert(sizeof(struct nacelle_ipc_buffer) == 528, "layout of the IPC buffer");
_Static_assert(offsetof(struct nacelle_ipc_buffer, send_slot) == 512, "layout of the IPC buffer");

static inline uint64_t nacelle_tag(uint32_t label, unsigned length)
{
    return (uint64_t)label << NACELLE_TAG_LABEL_SHIFT | (length & NACELLE_TAG_LENGTH_MASK);
}

static inline uint32_t nacelle_tag_label(uint64_t tag)
{
    return (uint32_t)(tag >> NACELLE_TAG_LABEL_SHIFT & NACELLE_TAG_LABEL_MASK);
}

static inline unsigned nacelle_tag_length(uint64_t tag)
{
    return (unsigned)(tag & NACELLE_TAG_LENGTH_MASK);
}

static inline unsigned nacelle_tag_system_call(uint64_t tag)
{
    return (unsigned)(tag >> NACELLE_TAG_SYSTEM_CALL_SHIFT);
}

#endif
#endif
