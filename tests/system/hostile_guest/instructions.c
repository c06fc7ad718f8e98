/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every instruction of instructions.S with registers and memory of many kinds. What becomes of the
 * guest is its own affair; it must end in an exit that makes sense, or be stopped. VMX instructions
 * must be reported as what they are.
 */
#include <runtime/client.h>
#include <runtime/string.h>

#include "machine.h"

#define SLOT_SIZE  16u
#define PATTERNS   20u
#define EXITS_MAX  12u
#define EXCEPTIONS 0xfffbfffbu /* all but NMI and #MC, which are the host's */

extern const uint8_t instructions_begin[], instructions_end[];
extern const uint32_t instruction_count;

/* The first slots, in order: how an exit names them. */
static const uint8_t virtualization[] = {
    NACELLE_VIRT_VMCLEAR, NACELLE_VIRT_VMLAUNCH, NACELLE_VIRT_VMPTRLD,  NACELLE_VIRT_VMPTRST,
    NACELLE_VIRT_VMREAD,  NACELLE_VIRT_VMREAD,   NACELLE_VIRT_VMRESUME, NACELLE_VIRT_VMWRITE,
    NACELLE_VIRT_VMWRITE, NACELLE_VIRT_VMXOFF,   NACELLE_VIRT_VMXON,    NACELLE_VIRT_INVEPT,
    NACELLE_VIRT_INVVPID,
};

static uint64_t seed = 0x123456789abcdef1ull;

/* xorshift64*, Vigna 2016. */
static uint64_t random(void)
{
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return seed * 0x2545f4914f6cdd1dull;
}

/* Pattern 0: zeros, 1: ones, 2: addresses of data, then random ones of different widths. */
static uint64_t value(unsigned pattern)
{
    switch (pattern) {
    case 0:
        return 0;
    case 1:
        return ~0ull;
    case 2:
        return DATA;
    default:
        return random() >> (pattern % 4 * 16);
    }
}

static void prepare(unsigned slot, unsigned pattern)
{
    machine_load(instructions_begin, instructions_end);
    nacelle_check(nacelle_vcpu_set_control(vcpu, NACELLE_CONTROL_EXCEPTIONS, EXCEPTIONS),
                  "exceptions");
    state->rip = CODE + slot * SLOT_SIZE;
    for (unsigned i = 0; i < 16; i++)
        state->general[i] = i == RBX ? DATA + 64 * (random() % 8) : value(pattern);
    state->general[RCX] &= 0xff; /* of repeated ones */
    for (unsigned i = 0; i < 4096 / 8; i++)
        ((uint64_t *)data)[i] = value(pattern);
}

/* Runs until the VMCALL behind the instruction, an exception, or no exit at all. */
static uint32_t run_slot(uint32_t *number)
{
    uint32_t first = machine_start();
    uint32_t kind = first;

    *number = state->exit.number; /* of the first exit */
    for (unsigned i = 0; i < EXITS_MAX; i++) {
        if (kind == NACELLE_EXIT_NONE || kind == NACELLE_EXIT_HYPERCALL ||
            kind == NACELLE_EXIT_EXCEPTION || kind == NACELLE_EXIT_SHUTDOWN ||
            kind == NACELLE_EXIT_ENTRY_REFUSED || kind == NACELLE_EXIT_MEMORY)
            break;
        expect("a kind of exit", 1, kind < NACELLE_EXIT_COUNT);
        kind = machine_continue(NACELLE_RESUME_ADVANCE);
    }
    machine_stop();
    return first;
}

void test_instructions(void)
{
    uint32_t seen[NACELLE_EXIT_COUNT] = {0};

    for (unsigned slot = 0; slot < instruction_count; slot++) {
        for (unsigned pattern = 0; pattern < PATTERNS; pattern++) {
            uint64_t before = failed;
            uint32_t kind;
            uint32_t number = 0;

            prepare(slot, pattern);
            kind = run_slot(&number);
            if (kind < NACELLE_EXIT_COUNT)
                seen[kind]++;
            expect("not unknown", 1, kind != NACELLE_EXIT_UNKNOWN);
            if (slot < sizeof(virtualization) && kind != NACELLE_EXIT_EXCEPTION) {
                expect("VMX instruction", NACELLE_EXIT_VIRTUALIZATION, kind);
                expect("which one", virtualization[slot], number);
            }
            if (failed != before)
                nacelle_print("... slot %u, pattern %u\n", slot, pattern);
        }
    }
    /* AMD's processors know no such instructions. */
    if (!nacelle_by_syscall)
        expect("VMX instructions were reported", 1,
               seen[NACELLE_EXIT_VIRTUALIZATION] >= sizeof(virtualization) * (PATTERNS - 1));
}
