/* SPDX-License-Identifier: BSD-2-Clause */
#include "bystander.h"

#include <cpuid.h>
#include <runtime/client.h>
#include <runtime/string.h>

#define SPIN                  3000
#define FXSAVE_MXCSR          24
#define FXSAVE_REGISTERS      32
#define FXSAVE_REGISTERS_SIZE (416 - 32)

struct fxsave {
    _Alignas(16) uint8_t bytes[512];
};

static unsigned long rounds_done;

/* Nothing here may use the registers between loading and saving, so it is one piece of assembly.
 * The compiler's own values, and the control words, come back at the end. */
static void load_wait_save(const struct fxsave *load, struct fxsave *save, unsigned spin)
{
    struct fxsave own;

    __asm__ volatile("fxsave64 %[own]\n\t"
                     "fxrstor64 %[load]\n\t"
                     "jmp 2f\n"
                     "1:\tdec %[spin]\n"
                     "2:\ttest %[spin], %[spin]\n\t"
                     "jnz 1b\n\t"
                     "fxsave64 %[save]\n\t"
                     "fxrstor64 %[own]"
                     : [own] "=m"(own), [save] "=m"(*save), [spin] "+r"(spin)
                     : [load] "m"(*load)
                     : "memory", "cc");
}

unsigned bystander_round(unsigned seed, unsigned spin)
{
    static struct fxsave load, save;

    load.bytes[0] = 0x7f; /* FCW 037fh */
    load.bytes[1] = 0x03;
    load.bytes[4] = 0xff; /* no register empty */
    *(uint32_t *)(void *)(load.bytes + FXSAVE_MXCSR) = 0x1f80 | (seed & 3) << 13;
    for (unsigned i = 0; i < FXSAVE_REGISTERS_SIZE; i++)
        load.bytes[FXSAVE_REGISTERS + i] = i < 128 && i % 16 >= 10 ? 0
                                                                   : (uint8_t)((i + seed * 7) | 1);
    load_wait_save(&load, &save, spin);
    rounds_done++;
    if (!memcmp(load.bytes, save.bytes, 6) &&
        !memcmp(load.bytes + FXSAVE_MXCSR, save.bytes + FXSAVE_MXCSR, 4) &&
        !memcmp(load.bytes + FXSAVE_REGISTERS, save.bytes + FXSAVE_REGISTERS,
                FXSAVE_REGISTERS_SIZE))
        return 0;
    nacelle_print("MISMATCH the client's own FPU registers, in round %lu\n", rounds_done);
    return 1;
}

/* XCR0 and TSC_AUX as user level sees them; 0 where the processor has none. */
static uint64_t read_xcr0(void)
{
    uint32_t eax, ebx, ecx, edx, low, high;

    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & bit_OSXSAVE))
        return 0;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

static uint32_t read_tsc_aux(void)
{
    uint32_t eax, ebx, ecx, edx, aux;

    if (!__get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) || !(edx >> 27 & 1))
        return 0;
    __asm__ volatile("rdtscp" : "=a"(eax), "=d"(edx), "=c"(aux));
    return aux;
}

int bystander_run(unsigned long rounds)
{
    unsigned long mismatches = 0;
    uint64_t xcr0 = read_xcr0();

    for (unsigned long i = 0; i < rounds && mismatches < 10; i++) {
        mismatches += bystander_round((unsigned)i, SPIN);
        if (read_xcr0() != xcr0 || read_tsc_aux() != 0) {
            mismatches++;
            nacelle_print("MISMATCH XCR0 0x%lx, TSC_AUX 0x%x of a program without a VM\n",
                          read_xcr0(), read_tsc_aux());
        }
    }
    nacelle_print("isolation: a bystander's %lu rounds, %lu mismatches\n", rounds, mismatches);
    return mismatches != 0;
}
