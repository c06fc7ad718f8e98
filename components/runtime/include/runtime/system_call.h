/* SPDX-License-Identifier: BSD-2-Clause */
/* The one place where a client enters the server, and the invocation of objects on top of it. */
#ifndef RUNTIME_SYSTEM_CALL_H
#define RUNTIME_SYSTEM_CALL_H

#include <nacelle/error.h>
#include <nacelle/message.h>
#include <stdint.h>

/* A message as it goes through the registers; words 4 and up lie in the IPC buffer. */
struct nacelle_message {
    uint64_t badge; /* of the sender, after a receive */
    uint64_t tag;
    uint64_t words[NACELLE_MESSAGE_REGISTERS];
};

/* The thread's IPC buffer. Set at start-up. */
extern struct nacelle_ipc_buffer *nacelle_ipc_buffer;

/* How this processor is entered: 0 by SYSENTER, 1 by SYSCALL. */
extern uint8_t nacelle_by_syscall;

/* Sets it, before the first system call, from the information page that the program starts with. */
void nacelle_choose_system_call(const void *info);

/*
 * The instructions of a system call. SYSENTER saves nothing (SDM vol 2, SYSENTER): the server
 * returns to rdx with the stack pointer in rcx. SYSCALL keeps the return address in rcx (APM vol 3,
 * SYSCALL). The branch always goes the same way. What the compiler has in the registers that are
 * lost it saves where it needs it again; but no compiler lets one name a frame pointer.
 */
#if NACELLE_DEBUG
#define NACELLE_KEEP_FRAME(instruction) instruction " %%rbp\n\t"
#define NACELLE_LOST_FRAME
#else
#define NACELLE_KEEP_FRAME(instruction)
#define NACELLE_LOST_FRAME "rbp",
#endif
#define NACELLE_ENTER_SERVER                 \
    NACELLE_KEEP_FRAME("push")               \
    "cmpb $0, nacelle_by_syscall(%%rip)\n\t" \
    "jne 1f\n\t"                             \
    "mov %%rsp, %%rcx\n\t"                   \
    "lea 2f(%%rip), %%rdx\n\t"               \
    "sysenter\n"                             \
    "1:\n\t"                                 \
    "syscall\n"                              \
    "2:\n\t" NACELLE_KEEP_FRAME("pop")
#define NACELLE_LOST_REGISTERS \
    "rbx", NACELLE_LOST_FRAME "rcx", "rdx", "r11", "r12", "r13", "r14", "r15", "memory", "cc"

/* The tag as it goes in. */
static inline uint64_t nacelle_entry_tag(unsigned number, uint64_t tag)
{
    return (tag & ~(0xffull << NACELLE_TAG_SYSTEM_CALL_SHIFT)) |
           (uint64_t)number << NACELLE_TAG_SYSTEM_CALL_SHIFT;
}

/*
 * System call `number` (NACELLE_CALL ...) on capability `slot`. message->tag carries label and
 * length on the way in; the whole message is replaced by what comes back.
 */
static inline __attribute__((always_inline)) void
nacelle_system_call(unsigned number, uint64_t slot, struct nacelle_message *message)
{
    uint64_t rdi = slot;
    uint64_t rsi = nacelle_entry_tag(number, message->tag);
    register uint64_t r8 __asm__("r8") = message->words[0];
    register uint64_t r9 __asm__("r9") = message->words[1];
    register uint64_t r10 __asm__("r10") = message->words[2];
    uint64_t rax = message->words[3];

    __asm__ volatile(NACELLE_ENTER_SERVER
                     : "+D"(rdi), "+S"(rsi), "+r"(r8), "+r"(r9), "+r"(r10), "+a"(rax)
                     :
                     : NACELLE_LOST_REGISTERS);

    *message = (struct nacelle_message){rdi, rsi, {r8, r9, r10, rax}};
}

/* The same with a message of no words, of which there is none to be loaded. */
static inline __attribute__((always_inline)) void
nacelle_system_call_empty(unsigned number, uint64_t slot, uint64_t tag,
                          struct nacelle_message *message)
{
    uint64_t rdi = slot;
    uint64_t rsi = nacelle_entry_tag(number, tag);
    register uint64_t r8 __asm__("r8");
    register uint64_t r9 __asm__("r9");
    register uint64_t r10 __asm__("r10");
    uint64_t rax;

    __asm__ volatile(NACELLE_ENTER_SERVER
                     : "+D"(rdi), "+S"(rsi), "=r"(r8), "=r"(r9), "=r"(r10), "=a"(rax)
                     :
                     : NACELLE_LOST_REGISTERS);

    *message = (struct nacelle_message){rdi, rsi, {r8, r9, r10, rax}};
}

/* The error that a returned message carries; NACELLE_ERROR_OK if it carries none. */
static inline enum nacelle_error nacelle_message_error(const struct nacelle_message *message)
{
    if (message->tag & NACELLE_TAG_ERROR)
        return (enum nacelle_error)nacelle_tag_label(message->tag);
    return NACELLE_ERROR_OK;
}

/* Invokes `operation` with the first `length` words; on failure words[0] is the culprit. */
static inline enum nacelle_error nacelle_invoke(uint64_t slot, uint32_t operation, unsigned length,
                                                struct nacelle_message *message)
{
    message->tag = nacelle_tag(operation, length);
    nacelle_system_call(NACELLE_CALL, slot, message);
    return nacelle_message_error(message);
}

/* The same for operations with up to four words and no result of interest. */
static inline enum nacelle_error nacelle_invoke0(uint64_t slot, uint32_t operation)
{
    struct nacelle_message message = {0};

    return nacelle_invoke(slot, operation, 0, &message);
}

static inline enum nacelle_error nacelle_invoke1(uint64_t slot, uint32_t operation, uint64_t w0)
{
    struct nacelle_message message = {.words = {w0}};

    return nacelle_invoke(slot, operation, 1, &message);
}

static inline enum nacelle_error nacelle_invoke2(uint64_t slot, uint32_t operation, uint64_t w0,
                                                 uint64_t w1)
{
    struct nacelle_message message = {.words = {w0, w1}};

    return nacelle_invoke(slot, operation, 2, &message);
}

static inline enum nacelle_error nacelle_invoke3(uint64_t slot, uint32_t operation, uint64_t w0,
                                                 uint64_t w1, uint64_t w2)
{
    struct nacelle_message message = {.words = {w0, w1, w2}};

    return nacelle_invoke(slot, operation, 3, &message);
}

static inline enum nacelle_error nacelle_invoke4(uint64_t slot, uint32_t operation, uint64_t w0,
                                                 uint64_t w1, uint64_t w2, uint64_t w3)
{
    struct nacelle_message message = {.words = {w0, w1, w2, w3}};

    return nacelle_invoke(slot, operation, 4, &message);
}

#endif
