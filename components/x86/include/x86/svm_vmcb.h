/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The virtual machine control block.
 *
 * AMD APM vol. 2, appendix B, tables B-1 (control area) and B-2 (state save area); the meaning of
 * the fields: chapter 15 under the section given.
 */

#ifndef X86_SVM_VMCB_H
#define X86_SVM_VMCB_H

#include <x86/bits.h>

/* Offsets for assembly. */
#define SVM_VMCB_SIZE            4096
#define SVM_VMCB_SAVE            0x400
#define SVM_VMCB_TLB_CONTROL     0x5c
#define SVM_VMCB_SHADOW          0x68
#define SVM_VMCB_EXIT_CODE       0x70
#define SVM_VMCB_EXIT_INFO1      0x78
#define SVM_VMCB_EXIT_INFO2      0x80
#define SVM_VMCB_EVENT_INJECTION 0xa8
#define SVM_VMCB_NEXT_RIP        0xc8
#define SVM_VMCB_RFLAGS          0x570
#define SVM_VMCB_RIP             0x578
#define SVM_VMCB_RSP             0x5d8
#define SVM_VMCB_RAX             0x5f8

/* Intercepts at 00CH: 15.9 to 15.14. Bit n exits with code 60H + n. */
#define SVM_INTERCEPT_INTR         X86_BIT32(0)
#define SVM_INTERCEPT_NMI          X86_BIT32(1)
#define SVM_INTERCEPT_SMI          X86_BIT32(2)
#define SVM_INTERCEPT_INIT         X86_BIT32(3)
#define SVM_INTERCEPT_VINTR        X86_BIT32(4)
#define SVM_INTERCEPT_CR0_SELECTED X86_BIT32(5) /* writes of bits other than TS and MP */
#define SVM_INTERCEPT_IDTR_READ    X86_BIT32(6)
#define SVM_INTERCEPT_GDTR_READ    X86_BIT32(7)
#define SVM_INTERCEPT_LDTR_READ    X86_BIT32(8)
#define SVM_INTERCEPT_TR_READ      X86_BIT32(9)
#define SVM_INTERCEPT_IDTR_WRITE   X86_BIT32(10)
#define SVM_INTERCEPT_GDTR_WRITE   X86_BIT32(11)
#define SVM_INTERCEPT_LDTR_WRITE   X86_BIT32(12)
#define SVM_INTERCEPT_TR_WRITE     X86_BIT32(13)
#define SVM_INTERCEPT_RDTSC        X86_BIT32(14)
#define SVM_INTERCEPT_RDPMC        X86_BIT32(15)
#define SVM_INTERCEPT_PUSHF        X86_BIT32(16)
#define SVM_INTERCEPT_POPF         X86_BIT32(17)
#define SVM_INTERCEPT_CPUID        X86_BIT32(18)
#define SVM_INTERCEPT_RSM          X86_BIT32(19)
#define SVM_INTERCEPT_IRET         X86_BIT32(20)
#define SVM_INTERCEPT_INT_N        X86_BIT32(21)
#define SVM_INTERCEPT_INVD         X86_BIT32(22)
#define SVM_INTERCEPT_PAUSE        X86_BIT32(23)
#define SVM_INTERCEPT_HLT          X86_BIT32(24)
#define SVM_INTERCEPT_INVLPG       X86_BIT32(25)
#define SVM_INTERCEPT_INVLPGA      X86_BIT32(26)
#define SVM_INTERCEPT_IO           X86_BIT32(27) /* by the I/O permission map */
#define SVM_INTERCEPT_MSR          X86_BIT32(28) /* by the MSR permission map */
#define SVM_INTERCEPT_TASK_SWITCH  X86_BIT32(29)
#define SVM_INTERCEPT_FERR_FREEZE  X86_BIT32(30)
#define SVM_INTERCEPT_SHUTDOWN     X86_BIT32(31)

/* Intercepts at 010H. Bit n exits with code 80H + n. */
#define SVM_INTERCEPT2_VMRUN           X86_BIT32(0) /* must be set */
#define SVM_INTERCEPT2_VMMCALL         X86_BIT32(1)
#define SVM_INTERCEPT2_VMLOAD          X86_BIT32(2)
#define SVM_INTERCEPT2_VMSAVE          X86_BIT32(3)
#define SVM_INTERCEPT2_STGI            X86_BIT32(4)
#define SVM_INTERCEPT2_CLGI            X86_BIT32(5)
#define SVM_INTERCEPT2_SKINIT          X86_BIT32(6)
#define SVM_INTERCEPT2_RDTSCP          X86_BIT32(7)
#define SVM_INTERCEPT2_ICEBP           X86_BIT32(8)
#define SVM_INTERCEPT2_WBINVD          X86_BIT32(9)
#define SVM_INTERCEPT2_MONITOR         X86_BIT32(10)
#define SVM_INTERCEPT2_MWAIT           X86_BIT32(11)
#define SVM_INTERCEPT2_MWAIT_ARMED     X86_BIT32(12)
#define SVM_INTERCEPT2_XSETBV          X86_BIT32(13)
#define SVM_INTERCEPT2_RDPRU           X86_BIT32(14)
#define SVM_INTERCEPT2_EFER_WRITE_TRAP X86_BIT32(15)
#define SVM_INTERCEPT2_CR_WRITE_TRAP   0xffff0000 /* bit 16 + n: after a write to CRn */

/* Intercepts at 014H. Bit n exits with code A0H + n. */
#define SVM_INTERCEPT3_INVLPGB         X86_BIT32(0)
#define SVM_INTERCEPT3_INVLPGB_ILLEGAL X86_BIT32(1)
#define SVM_INTERCEPT3_INVPCID         X86_BIT32(2)
#define SVM_INTERCEPT3_MCOMMIT         X86_BIT32(3)
#define SVM_INTERCEPT3_TLBSYNC         X86_BIT32(4)
#define SVM_INTERCEPT3_BUS_LOCK        X86_BIT32(5)
#define SVM_INTERCEPT3_IDLE_HLT        X86_BIT32(6)

/* Virtual interrupts at 060H: 15.21. V_TPR is bits 7:0. */
#define SVM_V_TPR_MASK        0xff
#define SVM_V_IRQ             X86_BIT32(8)
#define SVM_V_GIF             X86_BIT32(9)
#define SVM_V_NMI             X86_BIT32(11)
#define SVM_V_NMI_MASK        X86_BIT32(12)
#define SVM_V_INTR_PRIO_SHIFT 16
#define SVM_V_INTR_PRIO_MASK  0x000f0000
#define SVM_V_IGN_TPR         X86_BIT32(20)
#define SVM_V_INTR_MASKING    X86_BIT32(24)
#define SVM_V_GIF_ENABLE      X86_BIT32(25)
#define SVM_V_NMI_ENABLE      X86_BIT32(26)
#define SVM_V_X2AVIC_ENABLE   X86_BIT32(30)
#define SVM_V_AVIC_ENABLE     X86_BIT32(31)

/* At 068H: 15.21.5. */
#define SVM_INTERRUPT_SHADOW X86_BIT32(0)

/* At 090H: 15.25.3, 15.34, 15.35. */
#define SVM_NESTED_PAGING  X86_BIT(0)
#define SVM_NESTED_SEV     X86_BIT(1)
#define SVM_NESTED_SEV_ES  X86_BIT(2)
#define SVM_NESTED_GMET    X86_BIT(3)
#define SVM_NESTED_SSS     X86_BIT(4)
#define SVM_NESTED_VTE     X86_BIT(5)
#define SVM_NESTED_ROGPT   X86_BIT(6)
#define SVM_NESTED_INVLPGB X86_BIT(7)

/* At 0B8H: 15.23.2, 15.33.1. */
#define SVM_VIRTUAL_LBR    X86_BIT(0)
#define SVM_VIRTUAL_VMSAVE X86_BIT(1)
#define SVM_VIRTUAL_IBS    X86_BIT(2)

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

/* Control area: table B-1. Not all fields of encrypted guests have a name here. */
struct svm_vmcb_control {
    uint16_t intercept_cr_read; /* bit n: CRn */
    uint16_t intercept_cr_write;
    uint16_t intercept_dr_read; /* bit n: DRn */
    uint16_t intercept_dr_write;
    uint32_t intercept_exceptions; /* bit n: vector n */
    uint32_t intercept;            /* SVM_INTERCEPT_* */
    uint32_t intercept2;           /* SVM_INTERCEPT2_* */
    uint32_t intercept3;           /* SVM_INTERCEPT3_* */
    uint8_t reserved_018[0x3c - 0x18];
    uint16_t pause_filter_threshold;
    uint16_t pause_filter_count;
    uint64_t io_map; /* physical addresses */
    uint64_t msr_map;
    uint64_t tsc_offset;
    uint32_t asid;
    uint8_t tlb_control; /* SVM_TLB_* */
    uint8_t reserved_05d[3];
    uint32_t v_interrupt;        /* SVM_V_* */
    uint32_t v_interrupt_vector; /* 7:0 */
    uint64_t interrupt_shadow;   /* SVM_INTERRUPT_SHADOW; bit 1: guest interrupt mask */
    uint64_t exit_code;
    uint64_t exit_info1;
    uint64_t exit_info2;
    uint32_t exit_int_info; /* as EVENTINJ: event.h */
    uint32_t exit_int_error;
    uint64_t nested_control; /* SVM_NESTED_* */
    uint64_t avic_apic_bar;
    uint64_t ghcb;
    uint32_t event_injection;
    uint32_t event_error;
    uint64_t nested_cr3;
    uint64_t virtual_extensions; /* SVM_VIRTUAL_* */
    uint32_t clean;              /* SVM_CLEAN_* */
    uint32_t reserved_0c4;
    uint64_t next_rip;
    uint8_t fetched_bytes; /* how many of the following are valid: 15.8.4 */
    uint8_t instruction_bytes[15];
    uint64_t avic_backing_page;
    uint64_t reserved_0e8;
    uint64_t avic_logical_table;
    uint64_t avic_physical_table;
    uint64_t reserved_100;
    uint64_t vmsa;
    uint64_t vmgexit_rax;
    uint8_t vmgexit_cpl;
    uint8_t reserved_119[7];
    uint16_t bus_lock_threshold;
    uint8_t reserved_122[0x400 - 0x122];
};

/* A segment register. Of GDTR and IDTR only base and the low 16 bits of limit count. */
struct svm_segment {
    uint16_t selector;
    uint16_t attributes; /* descriptor.h: x86_ar_from_vmcb */
    uint32_t limit;
    uint64_t base;
};

/* State save area: table B-2. Marked V: VMLOAD and VMSAVE, not VMRUN and #VMEXIT, handle it. */
struct svm_vmcb_save {
    struct svm_segment es, cs, ss, ds;
    struct svm_segment fs, gs; /* V */
    struct svm_segment gdtr;
    struct svm_segment ldtr; /* V */
    struct svm_segment idtr;
    struct svm_segment tr; /* V */
    uint8_t reserved_0a0[0xcb - 0xa0];
    uint8_t cpl;
    uint32_t reserved_0cc;
    uint64_t efer;
    uint8_t reserved_0d8[0x148 - 0xd8];
    uint64_t cr4, cr3, cr0, dr7, dr6, rflags, rip;
    uint8_t reserved_180[0x1d8 - 0x180];
    uint64_t rsp;
    uint64_t s_cet, ssp, isst_addr;
    uint64_t rax;
    uint64_t star, lstar, cstar, fmask, kernel_gs_base; /* V */
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip;   /* V */
    uint64_t cr2;
    uint8_t reserved_248[0x268 - 0x248];
    uint64_t pat; /* with nested paging */
    uint64_t debugctl, last_branch_from, last_branch_to, last_exception_from, last_exception_to;
    uint8_t reserved_298[0x2e0 - 0x298];
    uint64_t spec_ctrl;
    uint8_t reserved_2e8[0xc00 - 0x2e8];
};

struct svm_vmcb {
    struct svm_vmcb_control control;
    struct svm_vmcb_save save;
};

#define SVM_VMCB_CHECK(area, field, offset) \
    _Static_assert(offsetof(struct svm_vmcb_##area, field) == (offset), "APM vol. 2, appendix B")

SVM_VMCB_CHECK(control, intercept_dr_read, 0x004);
SVM_VMCB_CHECK(control, intercept_exceptions, 0x008);
SVM_VMCB_CHECK(control, intercept, 0x00c);
SVM_VMCB_CHECK(control, intercept3, 0x014);
SVM_VMCB_CHECK(control, pause_filter_threshold, 0x03c);
SVM_VMCB_CHECK(control, pause_filter_count, 0x03e);
SVM_VMCB_CHECK(control, io_map, 0x040);
SVM_VMCB_CHECK(control, msr_map, 0x048);
SVM_VMCB_CHECK(control, tsc_offset, 0x050);
SVM_VMCB_CHECK(control, asid, 0x058);
SVM_VMCB_CHECK(control, tlb_control, 0x05c);
SVM_VMCB_CHECK(control, v_interrupt, 0x060);
SVM_VMCB_CHECK(control, v_interrupt_vector, 0x064);
SVM_VMCB_CHECK(control, interrupt_shadow, 0x068);
SVM_VMCB_CHECK(control, exit_code, 0x070);
SVM_VMCB_CHECK(control, exit_info1, 0x078);
SVM_VMCB_CHECK(control, exit_info2, 0x080);
SVM_VMCB_CHECK(control, exit_int_info, 0x088);
SVM_VMCB_CHECK(control, nested_control, 0x090);
SVM_VMCB_CHECK(control, avic_apic_bar, 0x098);
SVM_VMCB_CHECK(control, ghcb, 0x0a0);
SVM_VMCB_CHECK(control, event_injection, 0x0a8);
SVM_VMCB_CHECK(control, nested_cr3, 0x0b0);
SVM_VMCB_CHECK(control, virtual_extensions, 0x0b8);
SVM_VMCB_CHECK(control, clean, 0x0c0);
SVM_VMCB_CHECK(control, next_rip, 0x0c8);
SVM_VMCB_CHECK(control, fetched_bytes, 0x0d0);
SVM_VMCB_CHECK(control, avic_backing_page, 0x0e0);
SVM_VMCB_CHECK(control, avic_logical_table, 0x0f0);
SVM_VMCB_CHECK(control, avic_physical_table, 0x0f8);
SVM_VMCB_CHECK(control, vmsa, 0x108);
SVM_VMCB_CHECK(control, bus_lock_threshold, 0x120);
SVM_VMCB_CHECK(save, cs, 0x010);
SVM_VMCB_CHECK(save, fs, 0x040);
SVM_VMCB_CHECK(save, gs, 0x050);
SVM_VMCB_CHECK(save, gdtr, 0x060);
SVM_VMCB_CHECK(save, ldtr, 0x070);
SVM_VMCB_CHECK(save, idtr, 0x080);
SVM_VMCB_CHECK(save, tr, 0x090);
SVM_VMCB_CHECK(save, cpl, 0x0cb);
SVM_VMCB_CHECK(save, efer, 0x0d0);
SVM_VMCB_CHECK(save, cr4, 0x148);
SVM_VMCB_CHECK(save, cr3, 0x150);
SVM_VMCB_CHECK(save, cr0, 0x158);
SVM_VMCB_CHECK(save, dr7, 0x160);
SVM_VMCB_CHECK(save, dr6, 0x168);
SVM_VMCB_CHECK(control, tlb_control, SVM_VMCB_TLB_CONTROL);
SVM_VMCB_CHECK(control, interrupt_shadow, SVM_VMCB_SHADOW);
SVM_VMCB_CHECK(control, exit_code, SVM_VMCB_EXIT_CODE);
SVM_VMCB_CHECK(control, exit_info1, SVM_VMCB_EXIT_INFO1);
SVM_VMCB_CHECK(control, exit_info2, SVM_VMCB_EXIT_INFO2);
SVM_VMCB_CHECK(control, event_injection, SVM_VMCB_EVENT_INJECTION);
SVM_VMCB_CHECK(control, next_rip, SVM_VMCB_NEXT_RIP);
SVM_VMCB_CHECK(save, rflags, 0x170);
SVM_VMCB_CHECK(save, rflags, SVM_VMCB_RFLAGS - SVM_VMCB_SAVE);
SVM_VMCB_CHECK(save, rip, SVM_VMCB_RIP - SVM_VMCB_SAVE);
SVM_VMCB_CHECK(save, rsp, 0x1d8);
SVM_VMCB_CHECK(save, s_cet, 0x1e0);
SVM_VMCB_CHECK(save, rsp, SVM_VMCB_RSP - SVM_VMCB_SAVE);
SVM_VMCB_CHECK(save, rax, SVM_VMCB_RAX - SVM_VMCB_SAVE);
SVM_VMCB_CHECK(save, star, 0x200);
SVM_VMCB_CHECK(save, kernel_gs_base, 0x220);
SVM_VMCB_CHECK(save, sysenter_cs, 0x228);
SVM_VMCB_CHECK(save, sysenter_eip, 0x238);
SVM_VMCB_CHECK(save, cr2, 0x240);
SVM_VMCB_CHECK(save, pat, 0x268);
SVM_VMCB_CHECK(save, debugctl, 0x270);
SVM_VMCB_CHECK(save, last_exception_to, 0x290);
SVM_VMCB_CHECK(save, spec_ctrl, 0x2e0);
_Static_assert(offsetof(struct svm_vmcb, save) == SVM_VMCB_SAVE, "APM vol. 2, appendix B");
_Static_assert(sizeof(struct svm_vmcb) == SVM_VMCB_SIZE, "APM vol. 2, 15.5.1");

/* The names of the words at 00CH, 010H, 014H; index 0-2. NULL for a reserved bit. */
const char *svm_intercept_name(unsigned word, unsigned bit);

#endif /* __ASSEMBLER__ */

#endif
