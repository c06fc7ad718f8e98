/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Control registers, RFLAGS, XCR0, debug registers; and the mode that follows from them.
 *
 * Intel SDM vol. 3, 2.5 (CR0, CR4), 2.6 (XCR0), 17.2 (DR6, DR7); vol. 1, 3.4.3 (RFLAGS), 13.3
 * (XCR0 rules). EFER is in msr.h, CR3 in paging.h.
 */

#ifndef X86_CONTROL_H
#define X86_CONTROL_H

#include <x86/bits.h>
#include <x86/msr.h>

#define X86_CR0_PE            X86_BIT(0)
#define X86_CR0_MP            X86_BIT(1)
#define X86_CR0_EM            X86_BIT(2)
#define X86_CR0_TS            X86_BIT(3)
#define X86_CR0_ET            X86_BIT(4)
#define X86_CR0_NE            X86_BIT(5)
#define X86_CR0_WP            X86_BIT(16)
#define X86_CR0_AM            X86_BIT(18)
#define X86_CR0_NW            X86_BIT(29)
#define X86_CR0_CD            X86_BIT(30)
#define X86_CR0_PG            X86_BIT(31)

#define X86_CR4_VME           X86_BIT(0)
#define X86_CR4_PVI           X86_BIT(1)
#define X86_CR4_TSD           X86_BIT(2)
#define X86_CR4_DE            X86_BIT(3)
#define X86_CR4_PSE           X86_BIT(4)
#define X86_CR4_PAE           X86_BIT(5)
#define X86_CR4_MCE           X86_BIT(6)
#define X86_CR4_PGE           X86_BIT(7)
#define X86_CR4_PCE           X86_BIT(8)
#define X86_CR4_OSFXSR        X86_BIT(9)
#define X86_CR4_OSXMMEXCPT    X86_BIT(10)
#define X86_CR4_UMIP          X86_BIT(11)
#define X86_CR4_LA57          X86_BIT(12)
#define X86_CR4_VMXE          X86_BIT(13)
#define X86_CR4_SMXE          X86_BIT(14)
#define X86_CR4_FSGSBASE      X86_BIT(16)
#define X86_CR4_PCIDE         X86_BIT(17)
#define X86_CR4_OSXSAVE       X86_BIT(18)
#define X86_CR4_KL            X86_BIT(19)
#define X86_CR4_SMEP          X86_BIT(20)
#define X86_CR4_SMAP          X86_BIT(21)
#define X86_CR4_PKE           X86_BIT(22)
#define X86_CR4_CET           X86_BIT(23)
#define X86_CR4_PKS           X86_BIT(24)
#define X86_CR4_UINTR         X86_BIT(25)
#define X86_CR4_LAM_SUP       X86_BIT(28)
#define X86_CR4_FRED          X86_BIT(32)

#define X86_RFLAGS_CF         X86_BIT(0)
#define X86_RFLAGS_FIXED      X86_BIT(1) /* always 1 */
#define X86_RFLAGS_PF         X86_BIT(2)
#define X86_RFLAGS_AF         X86_BIT(4)
#define X86_RFLAGS_ZF         X86_BIT(6)
#define X86_RFLAGS_SF         X86_BIT(7)
#define X86_RFLAGS_TF         X86_BIT(8)
#define X86_RFLAGS_IF         X86_BIT(9)
#define X86_RFLAGS_DF         X86_BIT(10)
#define X86_RFLAGS_OF         X86_BIT(11)
#define X86_RFLAGS_IOPL_SHIFT 12
#define X86_RFLAGS_IOPL       X86_U64(0x3000)
#define X86_RFLAGS_NT         X86_BIT(14)
#define X86_RFLAGS_RF         X86_BIT(16)
#define X86_RFLAGS_VM         X86_BIT(17)
#define X86_RFLAGS_AC         X86_BIT(18)
#define X86_RFLAGS_VIF        X86_BIT(19)
#define X86_RFLAGS_VIP        X86_BIT(20)
#define X86_RFLAGS_ID         X86_BIT(21)
#define X86_RFLAGS_RESERVED   X86_U64(0xffffffffffc08028) /* must be 0: 63:22, 15, 5, 3 */

#define X86_XCR0_X87          X86_BIT(0)
#define X86_XCR0_SSE          X86_BIT(1)
#define X86_XCR0_AVX          X86_BIT(2)
#define X86_XCR0_BNDREGS      X86_BIT(3)
#define X86_XCR0_BNDCSR       X86_BIT(4)
#define X86_XCR0_OPMASK       X86_BIT(5)
#define X86_XCR0_ZMM_HI256    X86_BIT(6)
#define X86_XCR0_HI16_ZMM     X86_BIT(7)
#define X86_XCR0_PKRU         X86_BIT(9)
#define X86_XCR0_TILECFG      X86_BIT(17)
#define X86_XCR0_TILEDATA     X86_BIT(18)
#define X86_XCR0_APX          X86_BIT(19)

/* Supervisor components, of IA32_XSS: vol. 1, 13.4.3 and 13.5. */
#define X86_XSS_PT        X86_BIT(8)
#define X86_XSS_PASID     X86_BIT(10)
#define X86_XSS_CET_U     X86_BIT(11)
#define X86_XSS_CET_S     X86_BIT(12)
#define X86_XSS_HDC       X86_BIT(13)
#define X86_XSS_UINTR     X86_BIT(14)
#define X86_XSS_LBR       X86_BIT(15)
#define X86_XSS_HWP       X86_BIT(16)

#define X86_DR6_B0        X86_BIT(0)
#define X86_DR6_B1        X86_BIT(1)
#define X86_DR6_B2        X86_BIT(2)
#define X86_DR6_B3        X86_BIT(3)
#define X86_DR6_BLD       X86_BIT(11) /* 0 means that it happened */
#define X86_DR6_BD        X86_BIT(13)
#define X86_DR6_BS        X86_BIT(14)
#define X86_DR6_BT        X86_BIT(15)
#define X86_DR6_RTM       X86_BIT(16) /* 0 means that it happened */
#define X86_DR6_RESET     X86_U64(0xffff0ff0)

#define X86_DR7_L0        X86_BIT(0)
#define X86_DR7_G0        X86_BIT(1)
#define X86_DR7_L1        X86_BIT(2)
#define X86_DR7_G1        X86_BIT(3)
#define X86_DR7_L2        X86_BIT(4)
#define X86_DR7_G2        X86_BIT(5)
#define X86_DR7_L3        X86_BIT(6)
#define X86_DR7_G3        X86_BIT(7)
#define X86_DR7_LE        X86_BIT(8)
#define X86_DR7_GE        X86_BIT(9)
#define X86_DR7_RTM       X86_BIT(11)
#define X86_DR7_GD        X86_BIT(13)
#define X86_DR7_RW_SHIFT  16 /* R/Wn is 2 bits at 16 + 4n, LENn 2 bits at 18 + 4n */
#define X86_DR7_LEN_SHIFT 18
#define X86_DR7_RESET     X86_U64(0x400)

/* State after power-up, RESET and INIT: SDM vol. 3, table 9-1. */
#define X86_RESET_CR0         X86_U64(0x60000010)
#define X86_RESET_RFLAGS      X86_U64(0x2)
#define X86_RESET_RIP         X86_U64(0xfff0)
#define X86_RESET_CS_SELECTOR 0xf000
#define X86_RESET_CS_BASE     X86_U64(0xffff0000)

#ifndef __ASSEMBLER__

/*
 * Would XSETBV accept this value for XCR0 where CPUID leaf 0DH reports the supported bits?
 * x87 is always on; AVX needs SSE; AVX-512 needs AVX and comes as three; MPX comes as two, AMX as
 * two; APX excludes MPX. SDM vol. 2, XSETBV; vol. 1, 13.3.
 */
bool x86_xcr0_valid(uint64_t value, uint64_t supported);

/* EFER with LMA as the processor keeps it: set exactly when LME and CR0.PG are (10.8.5). */
uint64_t x86_efer_with_lma(uint64_t efer, uint64_t cr0);

/* Operating modes: SDM vol. 3, 2.2 and vol. 1, 3.1. */
enum x86_mode {
    X86_MODE_REAL,
    X86_MODE_VIRTUAL_8086,
    X86_MODE_PROTECTED_16,
    X86_MODE_PROTECTED_32,
    X86_MODE_COMPATIBILITY_16, /* IA-32e mode, code segment of 16 bits */
    X86_MODE_COMPATIBILITY_32,
    X86_MODE_LONG_64
};

/*
 * The mode by CR0.PE, RFLAGS.VM, EFER.LMA and the bits L and D of the code segment. RFLAGS.VM
 * counts outside IA-32e mode only. In IA-32e mode CS.L wins over CS.D.
 */
enum x86_mode x86_mode(uint64_t cr0, uint64_t efer, uint64_t rflags, bool cs_l, bool cs_d);

/* "real", "virtual-8086", "16-bit protected", ...; "unknown" for any other number. */
const char *x86_mode_name(enum x86_mode mode);

/* Paging modes: SDM vol. 3, 4.1.1. */
enum x86_paging_mode {
    X86_PAGING_NONE,
    X86_PAGING_32,
    X86_PAGING_PAE,
    X86_PAGING_4_LEVEL,
    X86_PAGING_5_LEVEL
};

/* The paging mode by CR0.PG, CR4.PAE, EFER.LME and CR4.LA57. */
enum x86_paging_mode x86_paging_mode(uint64_t cr0, uint64_t cr4, uint64_t efer);

/* "none", "32-bit", "PAE", "4-level", "5-level"; "unknown" for any other number. */
const char *x86_paging_mode_name(enum x86_paging_mode mode);

/*
 * Would MOV to CR0 accept this value? PG needs PE, NW needs CD, bits 63:32 are 0; PG in a processor
 * with EFER.LME needs CR4.PAE; PG cannot be cleared under CR4.PCIDE while in 64-bit mode. Reserved
 * bits below 32 are ignored by the processor. SDM vol. 2, MOV (control registers).
 */
bool x86_cr0_valid(uint64_t cr0, uint64_t cr4, uint64_t efer);

/* Linear-address bits that must be canonical under this CR4 in 64-bit mode: 57 with LA57, 48. */
static inline unsigned x86_linear_bits(uint64_t cr4)
{
    return (cr4 & X86_CR4_LA57) != 0 ? 57 : 48;
}

#endif /* __ASSEMBLER__ */

#endif
