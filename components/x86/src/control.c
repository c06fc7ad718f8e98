/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/control.h>

#define XCR0_AVX512 (X86_XCR0_OPMASK | X86_XCR0_ZMM_HI256 | X86_XCR0_HI16_ZMM)
#define XCR0_MPX    (X86_XCR0_BNDREGS | X86_XCR0_BNDCSR)
#define XCR0_AMX    (X86_XCR0_TILECFG | X86_XCR0_TILEDATA)

/* Are the bits of set all in value, or none? */
static bool all_or_none(uint64_t value, uint64_t set)
{
    return (value & set) == 0 || (value & set) == set;
}

/* Does any bit of dependent imply that all bits of needed are set? */
static bool needs(uint64_t value, uint64_t dependent, uint64_t needed)
{
    return (value & dependent) == 0 || (value & needed) == needed;
}

bool x86_xcr0_valid(uint64_t value, uint64_t supported)
{
    return (value & ~supported) == 0 && (value & X86_XCR0_X87) != 0 &&
           needs(value, X86_XCR0_AVX, X86_XCR0_SSE) && needs(value, XCR0_AVX512, X86_XCR0_AVX) &&
           all_or_none(value, XCR0_AVX512) && all_or_none(value, XCR0_MPX) &&
           all_or_none(value, XCR0_AMX) && ((value & X86_XCR0_APX) == 0 || (value & XCR0_MPX) == 0);
}

uint64_t x86_efer_with_lma(uint64_t efer, uint64_t cr0)
{
    bool active = (efer & X86_EFER_LME) != 0 && (cr0 & X86_CR0_PG) != 0;

    return (efer & ~X86_EFER_LMA) | (active ? X86_EFER_LMA : 0);
}

enum x86_mode x86_mode(uint64_t cr0, uint64_t efer, uint64_t rflags, bool cs_l, bool cs_d)
{
    if ((cr0 & X86_CR0_PE) == 0)
        return X86_MODE_REAL;
    if ((efer & X86_EFER_LMA) != 0) {
        if (cs_l)
            return X86_MODE_LONG_64;
        return cs_d ? X86_MODE_COMPATIBILITY_32 : X86_MODE_COMPATIBILITY_16;
    }
    if ((rflags & X86_RFLAGS_VM) != 0)
        return X86_MODE_VIRTUAL_8086;
    return cs_d ? X86_MODE_PROTECTED_32 : X86_MODE_PROTECTED_16;
}

const char *x86_mode_name(enum x86_mode mode)
{
    static const char *const names[] = {
        [X86_MODE_REAL] = "real",
        [X86_MODE_VIRTUAL_8086] = "virtual-8086",
        [X86_MODE_PROTECTED_16] = "16-bit protected",
        [X86_MODE_PROTECTED_32] = "32-bit protected",
        [X86_MODE_COMPATIBILITY_16] = "16-bit compatibility",
        [X86_MODE_COMPATIBILITY_32] = "32-bit compatibility",
        [X86_MODE_LONG_64] = "64-bit",
    };

    return (unsigned)mode < sizeof(names) / sizeof(names[0]) ? names[mode] : "unknown";
}

enum x86_paging_mode x86_paging_mode(uint64_t cr0, uint64_t cr4, uint64_t efer)
{
    if ((cr0 & X86_CR0_PG) == 0)
        return X86_PAGING_NONE;
    if ((cr4 & X86_CR4_PAE) == 0)
        return X86_PAGING_32;
    if ((efer & X86_EFER_LME) == 0)
        return X86_PAGING_PAE;
    return (cr4 & X86_CR4_LA57) != 0 ? X86_PAGING_5_LEVEL : X86_PAGING_4_LEVEL;
}

const char *x86_paging_mode_name(enum x86_paging_mode mode)
{
    static const char *const names[] = {
        [X86_PAGING_NONE] = "none",       [X86_PAGING_32] = "32-bit",
        [X86_PAGING_PAE] = "PAE",         [X86_PAGING_4_LEVEL] = "4-level",
        [X86_PAGING_5_LEVEL] = "5-level",
    };

    return (unsigned)mode < sizeof(names) / sizeof(names[0]) ? names[mode] : "unknown";
}

bool x86_cr0_valid(uint64_t cr0, uint64_t cr4, uint64_t efer)
{
    bool paging = (cr0 & X86_CR0_PG) != 0;

    if ((cr0 >> 32) != 0 || !needs(cr0, X86_CR0_PG, X86_CR0_PE) ||
        !needs(cr0, X86_CR0_NW, X86_CR0_CD))
        return false;
    if (paging && (efer & X86_EFER_LME) != 0 && (cr4 & X86_CR4_PAE) == 0)
        return false;
    return paging || (cr4 & X86_CR4_PCIDE) == 0;
}
