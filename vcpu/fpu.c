/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * State that user level sees: x87, SSE, AVX and the like, XCR0, TSC_AUX. After an exit it stays the
 * guest's, behind CR0.TS, until somebody other than the vCPU's own client is to run.
 */

#include <vcpu_host.h>
#include <x86/control.h>
#include <x86/insn.h>

#include "internal.h"

/* The legacy area and the header of XSAVE: SDM vol. 1, 13.4.1, 13.4.2. */
#define XSAVE_FCW   0   /* 2 bytes */
#define XSAVE_FTW   4   /* abridged, 1 byte */
#define XSAVE_MXCSR 24  /* 4 bytes */
#define XSAVE_BV    512 /* XSTATE_BV, 8 bytes */
/* After RESET: table 9-1 of vol. 3. */
#define FCW_RESET   0x0040u
#define FTW_RESET   0xffu /* 5555h in full: eight zeroes, none empty */
#define MXCSR_RESET 0x1f80u

static void store_le(uint8_t *bytes, unsigned size, uint64_t value)
{
    for (unsigned i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
}

void vcpu_fpu_reset(struct vcpu *vcpu)
{
    uint8_t *area = vcpu_xsave_area(vcpu);

    for (unsigned i = 0; i < NACELLE_STATE_PAGE_SIZE; i++)
        area[i] = 0;
    store_le(area + XSAVE_FCW, 2, FCW_RESET);
    area[XSAVE_FTW] = FTW_RESET;
    store_le(area + XSAVE_MXCSR, 4, MXCSR_RESET);
    store_le(area + XSAVE_BV, 8, X86_XCR0_X87 | X86_XCR0_SSE);
    vcpu->xcr0 = X86_XCR0_X87;
}

/*
 * XCR0 is all that the CPU has while states are exchanged: components that the guest's leaves out
 * now may hold what the guest put there before.
 */
static void set_xcr0(uint64_t old, uint64_t value)
{
    if (old != value)
        x86_xsetbv(0, value);
}

/* Out of the registers; then XCR0, if there is one, is all that is supported. */
static void save_registers(struct vcpu *vcpu, const struct vcpu_cpu *cpu)
{
    if ((cpu->features & VCPU_FEATURE_XSAVE) == 0) {
        x86_fxsave(vcpu_xsave_area(vcpu));
        return;
    }
    if ((cpu->features & VCPU_FEATURE_XCR0_CHANGES) != 0)
        vcpu_xcr0_refresh(vcpu);
    set_xcr0(vcpu->xcr0, cpu->xcr0_supported);
    x86_xsave(vcpu_xsave_area(vcpu), cpu->xcr0_supported);
}

/* From one guest to the next, or from the host to a guest; no XSAVE. */
static __attribute__((noinline)) void exchange_legacy(struct vcpu *old, struct vcpu *vcpu)
{
    if (old != NULL)
        x86_fxsave(vcpu_xsave_area(old));
    x86_fxrstor(vcpu_xsave_area(vcpu));
}

/* The components that a guest can have (cpu.c) are all in the lower half. */
static void exchange(struct vcpu *old, struct vcpu *vcpu, const struct vcpu_cpu *cpu)
{
    uint32_t all = (uint32_t)cpu->xcr0_supported;

    if (old == NULL) {
        set_xcr0((uint32_t)cpu->host.xcr0, all);
    } else {
        if ((cpu->features & VCPU_FEATURE_XCR0_CHANGES) != 0)
            vcpu_xcr0_refresh(old);
        set_xcr0((uint32_t)old->xcr0, all);
        x86_xsave(vcpu_xsave_area(old), all);
    }
    x86_xrstor(vcpu_xsave_area(vcpu), all);
    set_xcr0(all, (uint32_t)vcpu->xcr0);
}

void vcpu_fpu_load(struct vcpu *vcpu, struct vcpu_cpu *cpu)
{
    struct vcpu *old = cpu->fpu_owner;

    /* From one guest to the next, without the host's in between. */
    x86_clts();
    if ((cpu->features & VCPU_FEATURE_XSAVE) != 0)
        exchange(old, vcpu, cpu);
    else
        exchange_legacy(old, vcpu);
    vcpu_tsc_aux_exchange(old, vcpu);
    x86_write_cr0(cpu->host_cr0); /* TS: what is loaded is not the host's to use */
    cpu->fpu_owner = vcpu;
}

void vcpu_xcr0_refresh(struct vcpu *vcpu)
{
    const uint32_t both = VCPU_FEATURE_XSAVE | VCPU_FEATURE_XCR0_CHANGES;
    const struct vcpu_cpu *cpu = vcpu_host_cpu();

    if (cpu->fpu_owner == vcpu && (cpu->features & both) == both)
        vcpu->xcr0 = x86_xgetbv(0);
}

void vcpu_fpu_save(struct vcpu *vcpu)
{
    struct vcpu_cpu *cpu = vcpu_host_cpu();

    if (cpu->fpu_owner != vcpu || vcpu == NULL)
        return;
    x86_clts();
    save_registers(vcpu, cpu);
    if ((cpu->features & VCPU_FEATURE_XSAVE) != 0)
        set_xcr0(cpu->xcr0_supported, cpu->host.xcr0);
    vcpu_tsc_aux_save(vcpu);
    x86_write_cr0(cpu->host_cr0);
    cpu->fpu_owner = NULL;
}

void vcpu_fpu_fetch(struct vcpu *vcpu)
{
    const uint8_t *area = vcpu_xsave_area(vcpu);
    uint8_t *out = vcpu_state(vcpu)->fpu;

    for (unsigned i = 0; i < NACELLE_STATE_FPU_SIZE; i++)
        out[i] = area[i];
    if ((vcpu_host_cpu()->features & VCPU_FEATURE_XSAVE) == 0)
        store_le(out + XSAVE_BV, 8, X86_XCR0_X87 | X86_XCR0_SSE);
}

void vcpu_fpu_store(struct vcpu *vcpu, const struct vcpu_image *image)
{
    const volatile uint8_t *from = vcpu_state(vcpu)->fpu;
    uint8_t *area = vcpu_xsave_area(vcpu);

    /* The client may write to the page meanwhile: what was checked comes from the private copy. */
    for (unsigned i = 0; i < NACELLE_STATE_FPU_SIZE; i++)
        area[i] = from[i];
    for (unsigned i = 0; i < VCPU_IMAGE_XSAVE_HEADER_SIZE; i++)
        area[VCPU_IMAGE_XSAVE_HEADER + i] = image->fpu.header[i];
    store_le(area + XSAVE_MXCSR, 4, image->fpu.mxcsr);
}

void vcpu_xcr0_set(struct vcpu *vcpu, uint64_t value)
{
    const struct vcpu_cpu *cpu = vcpu_host_cpu();

    vcpu->xcr0 = value;
    if (cpu->fpu_owner == vcpu && (cpu->features & VCPU_FEATURE_XSAVE) != 0)
        x86_xsetbv(0, value);
}
