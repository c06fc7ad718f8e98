/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of names. */
#include <nacelle/error.h>
#include <nacelle/exit.h>
#include <nacelle/object.h>
#include <runtime/names.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *look_up(const char *const *table, uint64_t count, uint64_t index)
{
    return index < count && table[index] ? table[index] : "?";
}

const char *nacelle_error_name(uint32_t error)
{
    static const char *const names[] = {
#define ENTRY(name, number, text) [number] = #name,
        NACELLE_ERRORS(ENTRY)
#undef ENTRY
    };

    return look_up(names, COUNT(names), error);
}

const char *nacelle_error_text(uint32_t error)
{
    static const char *const texts[] = {
#define ENTRY(name, number, text) [number] = (text),
        NACELLE_ERRORS(ENTRY)
#undef ENTRY
    };

    return look_up(texts, COUNT(texts), error);
}

const char *nacelle_exit_text(uint32_t kind)
{
    static const char *const texts[] = {
#define ENTRY(name, number, text) [number] = (text),
        NACELLE_EXITS(ENTRY)
#undef ENTRY
    };

    return look_up(texts, COUNT(texts), kind);
}

const char *nacelle_type_name(uint32_t type)
{
    static const char *const names[NACELLE_TYPE_COUNT] = {
        [NACELLE_TYPE_NULL] = "empty",
        [NACELLE_TYPE_UNTYPED] = "untyped",
        [NACELLE_TYPE_FRAME] = "frame",
        [NACELLE_TYPE_CSPACE] = "capability space",
        [NACELLE_TYPE_ASPACE] = "address space",
        [NACELLE_TYPE_THREAD] = "thread",
        [NACELLE_TYPE_ENDPOINT] = "endpoint",
        [NACELLE_TYPE_NOTIFICATION] = "notification",
        [NACELLE_TYPE_VM] = "VM",
        [NACELLE_TYPE_VCPU] = "vCPU",
        [NACELLE_TYPE_IOPORT] = "I/O ports",
        [NACELLE_TYPE_INTERRUPT] = "interrupt",
    };

    return look_up(names, COUNT(names), type);
}

const char *nacelle_register_name(unsigned index)
{
    static const char *const names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                        "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};

    return look_up(names, COUNT(names), index);
}

const char *nacelle_exception_name(uint32_t vector)
{
    /* SDM vol 3, table 6-1 */
    static const char *const names[] = {
        [0] = "divide error",
        [1] = "debug exception",
        [2] = "NMI",
        [3] = "breakpoint",
        [4] = "overflow",
        [5] = "bound range exceeded",
        [6] = "invalid opcode",
        [7] = "device not available",
        [8] = "double fault",
        [10] = "invalid TSS",
        [11] = "segment not present",
        [12] = "stack fault",
        [13] = "general protection fault",
        [14] = "page fault",
        [16] = "x87 floating-point error",
        [17] = "alignment check",
        [18] = "machine check",
        [19] = "SIMD floating-point exception",
        [20] = "virtualization exception",
        [21] = "control protection exception",
    };

    return look_up(names, COUNT(names), vector);
}
