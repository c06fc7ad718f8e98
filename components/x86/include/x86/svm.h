/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * SVM: capabilities, TLB control, clean bits, permission maps.
 *
 * AMD APM vol. 2, chapter 15; vol. 3, E.4 (CPUID leaf 8000000AH). The VMCB is in svm_vmcb.h, exits
 * are in svm_exit.h, the MSRs and VM_CR in msr.h. Nested page tables are ordinary page tables
 * (15.25.5): paging.h.
 */

#ifndef X86_SVM_H
#define X86_SVM_H

#include <x86/bits.h>

/* EDX of leaf 8000000AH. */
#define SVM_FEATURE_NESTED_PAGING   X86_BIT32(0)
#define SVM_FEATURE_LBR             X86_BIT32(1)
#define SVM_FEATURE_LOCK            X86_BIT32(2)
#define SVM_FEATURE_NRIP_SAVE       X86_BIT32(3)
#define SVM_FEATURE_TSC_RATE        X86_BIT32(4)
#define SVM_FEATURE_VMCB_CLEAN      X86_BIT32(5)
#define SVM_FEATURE_FLUSH_BY_ASID   X86_BIT32(6)
#define SVM_FEATURE_DECODE_ASSISTS  X86_BIT32(7)
#define SVM_FEATURE_PAUSE_FILTER    X86_BIT32(10)
#define SVM_FEATURE_PAUSE_THRESHOLD X86_BIT32(12)
#define SVM_FEATURE_AVIC            X86_BIT32(13)
#define SVM_FEATURE_VMSAVE_VIRTUAL  X86_BIT32(15)
#define SVM_FEATURE_VGIF            X86_BIT32(16)
#define SVM_FEATURE_GMET            X86_BIT32(17)
#define SVM_FEATURE_X2AVIC          X86_BIT32(18)
#define SVM_FEATURE_SSS_CHECK       X86_BIT32(19)
#define SVM_FEATURE_SPEC_CTRL       X86_BIT32(20)
#define SVM_FEATURE_ROGPT           X86_BIT32(21)
#define SVM_FEATURE_HOST_MCE        X86_BIT32(23)
#define SVM_FEATURE_INVLPGB         X86_BIT32(24)
#define SVM_FEATURE_VNMI            X86_BIT32(25)
#define SVM_FEATURE_IBS_VIRTUAL     X86_BIT32(26)
#define SVM_FEATURE_BUS_LOCK        X86_BIT32(29)
#define SVM_FEATURE_IDLE_HLT        X86_BIT32(30)

/* TLB_CONTROL of the VMCB: 15.16.2. The last two need flush by ASID. */
#define SVM_TLB_NOTHING          0
#define SVM_TLB_FLUSH_ALL        1 /* all entries, all ASIDs, the host's and global ones too */
#define SVM_TLB_FLUSH_ASID       3 /* all entries of this guest */
#define SVM_TLB_FLUSH_NON_GLOBAL 7 /* the non-global entries of this guest */

/* VMCB clean bits: 15.15.3. 1: the processor may use what it kept of the field. */
#define SVM_CLEAN_INTERCEPTS X86_BIT32(0) /* also TSC offset and pause filter */
#define SVM_CLEAN_MAPS       X86_BIT32(1) /* base addresses of the permission maps */
#define SVM_CLEAN_ASID       X86_BIT32(2)
#define SVM_CLEAN_TPR        X86_BIT32(3) /* V_TPR, V_IRQ and the rest at 060h */
#define SVM_CLEAN_NESTED     X86_BIT32(4) /* NCR3, G_PAT, bits at 090h */
#define SVM_CLEAN_CR         X86_BIT32(5) /* CR0, CR3, CR4, EFER */
#define SVM_CLEAN_DR         X86_BIT32(6) /* DR6, DR7 */
#define SVM_CLEAN_TABLES     X86_BIT32(7) /* GDTR, IDTR */
#define SVM_CLEAN_SEGMENTS   X86_BIT32(8) /* CS, DS, SS, ES, CPL */
#define SVM_CLEAN_CR2        X86_BIT32(9)
#define SVM_CLEAN_LBR        X86_BIT32(10) /* DBGCTL and the last-branch addresses */
#define SVM_CLEAN_AVIC       X86_BIT32(11)
#define SVM_CLEAN_CET        X86_BIT32(12)
#define SVM_CLEAN_ALL        0x1fff

/* Permission maps: 15.10.1 and 15.11. Physically contiguous, page aligned; a set bit intercepts. */
#define SVM_IO_MAP_BYTES  12288
#define SVM_MSR_MAP_BYTES 8192

#ifndef __ASSEMBLER__

/* What leaf 8000000AH says. */
struct svm_capability {
    uint8_t revision;
    uint32_t asids;    /* how many there are, ASID 0 (the host's) included */
    uint32_t features; /* SVM_FEATURE_* */
};

struct svm_capability svm_capability_decode(uint32_t eax, uint32_t ebx, uint32_t edx);

/* The name of bit 0-31 of SVM_FEATURE_*; NULL for a reserved one. */
const char *svm_feature_name(unsigned bit);

/* Bit number of a port in the I/O permission map; an access to several bytes looks at several. */
static inline uint32_t svm_io_map_bit(uint16_t port)
{
    return port;
}

/*
 * Bit number of reads of an MSR in the MSR permission map, writes are the next bit; false for an
 * MSR that the map does not cover, accesses to which are intercepted always.
 */
bool svm_msr_map_bit(uint32_t msr, uint32_t *bit);

#endif /* __ASSEMBLER__ */

#endif
