/* SPDX-License-Identifier: BSD-2-Clause */

#include <stddef.h>

#include <x86/svm_exit.h>

#include <x86/event.h>

/* Ranges of sixteen codes, and the one of exceptions. */
static const char *range_name(uint32_t code)
{
    static const char *const names[] = {
        "read of CR", "write of CR", "read of DR", "write of DR", "exception", "exception",
    };

    if (code < SVM_EXIT_INTR)
        return names[code / 16];
    if (code >= SVM_EXIT_CR_WRITE_TRAP && code < SVM_EXIT_CR_WRITE_TRAP + 16)
        return "after a write of CR";
    return NULL;
}

const char *svm_exit_name(uint64_t code)
{
    uint32_t low = (uint32_t)code;
    const char *name = range_name(low);

    if (name != NULL)
        return name;
    switch (low) {
#define SVM_EXIT_CASE(which, number, text) \
    case (number):                         \
        return (text);
        SVM_EXITS(SVM_EXIT_CASE)
#undef SVM_EXIT_CASE
    case SVM_EXIT_INVALID:
        return "invalid guest state";
    case SVM_EXIT_BUSY:
        return "VMSA busy";
    case SVM_EXIT_IDLE_REQUIRED:
        return "sibling thread not idle";
    default:
        return "unknown";
    }
}

/* Which of three neighbouring bits is set: 1, 2 or 4; 0 when not just one is. */
static uint8_t size_of(uint64_t info1, unsigned low)
{
    uint64_t bits = x86_bits(info1, low + 2, low);

    return bits == 1 || bits == 2 || bits == 4 ? (uint8_t)bits : 0;
}

struct svm_io svm_decode_io(uint64_t info1)
{
    uint64_t segment = x86_bits(info1, 12, 10);

    return (struct svm_io){
        .port = (uint16_t)x86_bits(info1, 31, 16),
        .size = size_of(info1, 4),
        .address_size = (uint8_t)(2 * size_of(info1, 7)),
        .segment = segment <= 5 ? (uint8_t)segment : 3, /* DS for what cannot be */
        .in = x86_bit(info1, 0),
        .string = x86_bit(info1, 2),
        .rep = x86_bit(info1, 3),
    };
}

struct svm_task_switch svm_decode_task_switch(uint64_t info1, uint64_t info2)
{
    struct svm_task_switch task = {
        .selector = (uint16_t)info1,
        .source = SVM_TASK_CALL_OR_GATE,
        .has_error_code = x86_bit(info2, 44),
        .rf = x86_bit(info2, 48),
    };

    if (x86_bit(info2, 36))
        task.source = SVM_TASK_IRET;
    else if (x86_bit(info2, 38))
        task.source = SVM_TASK_JMP;
    if (task.has_error_code)
        task.error_code = (uint32_t)info2;
    return task;
}

struct svm_nested_fault svm_decode_nested_fault(uint64_t info1)
{
    return (struct svm_nested_fault){
        .present = (info1 & X86_PF_PRESENT) != 0,
        .write = (info1 & X86_PF_WRITE) != 0,
        .user = (info1 & X86_PF_USER) != 0,
        .reserved = (info1 & X86_PF_RESERVED) != 0,
        .fetch = (info1 & X86_PF_FETCH) != 0,
        .walk = (info1 & SVM_NPF_WALK) != 0,
    };
}

unsigned svm_exit_instruction_length(uint64_t code)
{
    static const struct {
        uint8_t code;
        uint8_t length;
    } lengths[] = {
        {SVM_EXIT_RDTSC, 2},
        {SVM_EXIT_RDPMC, 2},
        {SVM_EXIT_PUSHF, 1},
        {SVM_EXIT_POPF, 1},
        {SVM_EXIT_CPUID, 2},
        {SVM_EXIT_RSM, 2},
        {SVM_EXIT_IRET, 1},
        {SVM_EXIT_INVD, 2},
        {SVM_EXIT_PAUSE, 2},
        {SVM_EXIT_HLT, 1},
        {SVM_EXIT_INVLPGA, 3},
        {SVM_EXIT_MSR, 2},
        {SVM_EXIT_VMRUN, 3},
        {SVM_EXIT_VMMCALL, 3},
        {SVM_EXIT_VMLOAD, 3},
        {SVM_EXIT_VMSAVE, 3},
        {SVM_EXIT_STGI, 3},
        {SVM_EXIT_CLGI, 3},
        {SVM_EXIT_SKINIT, 3},
        {SVM_EXIT_RDTSCP, 3},
        {SVM_EXIT_ICEBP, 1},
        {SVM_EXIT_WBINVD, 2},
        {SVM_EXIT_MONITOR, 3},
        {SVM_EXIT_MWAIT, 3},
        {SVM_EXIT_MWAIT_ARMED, 3},
        {SVM_EXIT_XSETBV, 3},
        {SVM_EXIT_RDPRU, 3},
        {SVM_EXIT_INVLPGB, 3},
        {SVM_EXIT_INVLPGB_ILLEGAL, 3},
        {SVM_EXIT_TLBSYNC, 3},
        {SVM_EXIT_IDLE_HLT, 1},
    };

    for (unsigned i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        if ((uint32_t)code == lengths[i].code)
            return lengths[i].length;
    }
    return 0;
}
