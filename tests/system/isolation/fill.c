/* SPDX-License-Identifier: BSD-2-Clause */
/* The values of a VM: different for every seed, and such as the processor takes. */
#include "vm.h"

#include <cpuid.h>
#include <harness/platform.h>
#include <runtime/client.h>
#include <runtime/string.h>
#include <runtime/vcpu.h>
#include <runtime/vm.h>
#include <x86/control.h>
#include <x86/descriptor.h>
#include <x86/msr.h>

#define XSAVE_LEGACY       512
#define XSAVE_EXTENDED     576
#define CANONICAL          0x00007fffffffffffull
#define FIELD(value, mask) ((value) & (mask))

uint64_t pattern(uint64_t seed, unsigned index)
{
    uint64_t x = (seed * 64 + index) * 0x9e3779b97f4a7c15ull;

    x ^= x >> 29;
    x *= 0xbf58476d1ce4e5b9ull;
    return x | 0x0101010101010101ull;
}

static bool has(uint32_t leaf, unsigned word, unsigned bit)
{
    uint32_t words[4];

    return __get_cpuid_count(leaf, 0, &words[0], &words[1], &words[2], &words[3]) &&
           (words[word] >> bit & 1);
}

/* The components of a VM depend on its seed, so that XCR0 differs. */
uint64_t vm_xcr0(uint64_t seed)
{
    static const uint64_t wanted[] = {
        X86_XCR0_X87 | X86_XCR0_SSE | X86_XCR0_AVX | X86_XCR0_OPMASK | X86_XCR0_ZMM_HI256 |
            X86_XCR0_HI16_ZMM,
        X86_XCR0_X87 | X86_XCR0_SSE,
        X86_XCR0_X87 | X86_XCR0_SSE | X86_XCR0_AVX,
    };
    const uint64_t avx512 = X86_XCR0_OPMASK | X86_XCR0_ZMM_HI256 | X86_XCR0_HI16_ZMM;
    uint64_t xcr0 = wanted[seed % (sizeof(wanted) / sizeof(wanted[0]))];
    uint32_t low = 0, ebx, ecx, edx;

    if (!has(1, 2, 26))
        return X86_XCR0_X87;
    __cpuid_count(0xd, 0, low, ebx, ecx, edx);
    xcr0 &= low;
    if ((xcr0 & avx512) != avx512)
        xcr0 &= ~avx512;
    return xcr0;
}

/* The XSAVE area that the guest loads. SDM vol. 1, 10.5.1, 13.4. */
static void fill_fpu(uint64_t seed)
{
    uint64_t xcr0 = vm_data->items[ITEM_XCR0], end = XSAVE_EXTENDED;
    bool sse = !vm_data->has_xsave || (xcr0 & X86_XCR0_SSE);

    *(uint16_t *)(void *)vm_xsave = (uint16_t)(0x037f | (seed & 3) << 10); /* FCW: rounding */
    *(uint16_t *)(void *)(vm_xsave + 2) = (uint16_t)((seed & 7) << 11);    /* FSW: TOP */
    vm_xsave[4] = 0xff;                                                    /* no register empty */
    for (unsigned i = 0; i < 8; i++)
        for (unsigned byte = 0; byte < 10; byte++)
            vm_xsave[32 + 16 * i + byte] = (uint8_t)(pattern(seed, 64 + i) >> 5 * byte | 1);
    for (unsigned i = 0; sse && i < 32; i++)
        ((uint64_t *)(void *)(vm_xsave + 160))[i] = pattern(seed, 80 + i);
    vm_data->items[ITEM_MXCSR] = sse ? 0x1f80 | (seed & 3) << 13 : 0x1f80;
    *(uint32_t *)(void *)(vm_xsave + 24) = (uint32_t)vm_data->items[ITEM_MXCSR];
    *(uint64_t *)(void *)(vm_xsave + XSAVE_LEGACY) = xcr0;
    for (unsigned i = 2; i < 63; i++) {
        uint32_t size, offset, ecx, edx;

        if (!(xcr0 >> i & 1))
            continue;
        __cpuid_count(0xd, i, size, offset, ecx, edx);
        for (uint32_t at = 0; at < size; at += 8)
            *(uint64_t *)(void *)(vm_xsave + offset + at) = pattern(seed, 128 + i * 64 + at / 8);
        if (offset + size > end)
            end = offset + size;
    }
    vm_data->extended = (end - XSAVE_EXTENDED) / 8;
}

static void fill_items(const struct vm_options *options)
{
    uint64_t seed = options->seed, *items = vm_data->items;

    for (unsigned i = 0; i < 16; i++)
        vm_data->registers[i] = pattern(seed, i);
    items[ITEM_STAR] = pattern(seed, 20);
    for (unsigned i = ITEM_LSTAR; i <= ITEM_SYSENTER_EIP; i++)
        items[i] = FIELD(pattern(seed, 20 + i), CANONICAL >> 1);
    items[ITEM_FMASK] = FIELD(pattern(seed, 33), 0x3fffffff);
    items[ITEM_SYSENTER_CS] = FIELD(pattern(seed, 34), 0xfff);
    items[ITEM_TSC_AUX] = FIELD(pattern(seed, 35), 0x3fffffff);
    /* QEMU's translator has one PAT for all. */
    items[ITEM_PAT] = seed & 1 || platform_is_tcg() ? 0x0007040600070406ull : 0x0606060604040001ull;
    items[ITEM_XCR0] = vm_xcr0(seed);
    items[ITEM_CR2] = pattern(seed, 36);
    /* Breakpoints for execution at addresses where nothing is executed. */
    for (unsigned i = ITEM_DR0; i <= ITEM_DR3; i++)
        items[i] = FIELD(pattern(seed, 40 + i), CANONICAL >> 1) | 1ull << 45;
    items[ITEM_DR6] = X86_DR6_RESET | (pattern(seed, 44) & 0xf) |
                      (seed & 1 ? X86_DR6_BS : X86_DR6_BD);
    items[ITEM_DR7] = X86_DR7_RESET | (seed & 0xff);
    vm_data->has_xsave = has(1, 2, 26);
    vm_data->has_tsc_aux = has(0x80000001, 3, 27);
    vm_data->fixed_if = options->interrupts != 2;
}

/* KERNEL_GS_BASE, which SWAPGS changes without a permission, not for writing in every VM. */
static void open_msrs(uint64_t seed)
{
    static const uint32_t msrs[] = {
#define MSR(name, number, msr) msr,
        GUEST_MSRS(MSR)
#undef MSR
    };

    for (unsigned i = 0; i < sizeof(msrs) / sizeof(msrs[0]); i++) {
        unsigned rights = NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE;

        if (i == ITEM_TSC_AUX && !vm_data->has_tsc_aux)
            continue;
        if (i == ITEM_KERNEL_GS_BASE && (seed & 1))
            rights = NACELLE_RIGHT_READ;
        nacelle_check(nacelle_vm_open_msr(vm_vm, msrs[i], rights), "open MSR");
    }
}

static void fill_state(const struct vm_options *options)
{
    const uint64_t *items = vm_data->items;
    volatile struct nacelle_vcpu_state *state = vm_state;

    nacelle_check(nacelle_vcpu_fetch(vm_vcpu, NACELLE_GROUPS_ALL), "fetch");
    state->rip = GUEST_CODE;
    state->rflags = X86_RFLAGS_FIXED | (options->interrupts == 1 ? X86_RFLAGS_IF : 0);
    for (unsigned i = NACELLE_ES; i <= NACELLE_GS; i++) {
        state->segments[i].rights = X86_AR_DATA32;
        state->segments[i].limit = 0xffffffff;
        state->segments[i].base = 0;
    }
    state->segments[NACELLE_CS].rights = X86_AR_CODE64;
    state->segments[NACELLE_FS].base = items[ITEM_FS_BASE];
    state->segments[NACELLE_GS].base = items[ITEM_GS_BASE];
    state->cr0 = X86_CR0_PE | X86_CR0_PG | X86_CR0_ET | X86_CR0_NE;
    state->cr2 = items[ITEM_CR2];
    state->cr3 = GUEST_TABLES;
    state->cr4 = X86_CR4_PAE | X86_CR4_OSFXSR | (vm_data->has_xsave ? X86_CR4_OSXSAVE : 0);
    state->cr0_shadow = state->cr0;
    state->cr4_shadow = state->cr4;
    state->efer = X86_EFER_LME | X86_EFER_LMA;
    state->xcr0 = items[ITEM_XCR0];
    state->star = items[ITEM_STAR];
    state->lstar = items[ITEM_LSTAR];
    state->cstar = items[ITEM_CSTAR];
    state->fmask = items[ITEM_FMASK];
    state->kernel_gs_base = items[ITEM_KERNEL_GS_BASE];
    state->sysenter_cs = items[ITEM_SYSENTER_CS];
    state->sysenter_esp = items[ITEM_SYSENTER_ESP];
    state->sysenter_eip = items[ITEM_SYSENTER_EIP];
    state->tsc_aux = vm_data->has_tsc_aux ? items[ITEM_TSC_AUX] : 0;
    state->pat = items[ITEM_PAT];
    for (unsigned i = 0; i < 4; i++)
        state->dr[i] = items[ITEM_DR0 + i];
    state->dr6 = items[ITEM_DR6];
    state->dr7 = items[ITEM_DR7];
    nacelle_check(nacelle_vcpu_store(vm_vcpu, NACELLE_GROUPS_ALL), "store");
}

void vm_fill(const struct vm_options *options)
{
    fill_items(options);
    fill_fpu(options->seed);
    open_msrs(options->seed);
    nacelle_check(nacelle_vcpu_set_control(vm_vcpu, NACELLE_CONTROL_DEBUG_REGISTERS, 0),
                  "debug registers");
    fill_state(options);
}
