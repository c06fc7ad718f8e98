/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the SVM back end share: the VMCB, the CPU's part. */
#ifndef VCPU_SVM_SVM_H
#define VCPU_SVM_SVM_H

#include <x86/control.h>
#include <x86/descriptor.h>
#include <x86/event.h>
#include <x86/insn.h>
#include <x86/msr.h>
#include <x86/svm.h>
#include <x86/svm_vmcb.h>

#include "../vendor.h"

/* entry.S */
_Noreturn void svm_entry(struct vcpu *vcpu);
extern const char svm_late_trap[];
/* Goes on as after an exit, on the host's stack. */
_Noreturn void svm_leave(struct vcpu *vcpu);

/* State that VMLOAD and VMSAVE handle, in the order of the VMCB. */
struct svm_hidden {
    struct svm_segment fs, gs, ldtr, tr;
    uint64_t star, lstar, cstar, fmask, kernel_gs_base;
    uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
};

/* The back end's part of struct vcpu_cpu. */
struct __attribute__((may_alias)) svm_cpu {
    uint64_t asid_generation;
    uint32_t asids; /* ASIDs 1 to asids - 1 are for guests */
    uint32_t next_asid;
    uint32_t features; /* SVM_FEATURE_* */
    bool flush_all;    /* the next entry drops the translations of all ASIDs */
    bool rdpru;
    bool keeps_lme;          /* lme.c */
    bool repeats_interrupts; /* run.c: present_as_virtual */
    bool late_traps;         /* a guest's single-step trap comes to the host; entries are guarded */
    struct x86_gate64 guard_idt[X86_VECTOR_DB + 1]; /* loaded in a guarded entry */
    struct x86_table_pointer guard;
    struct svm_hidden host; /* as VMSAVE found it when the CPU was enabled */
};

_Static_assert(sizeof(struct svm_cpu) <= sizeof(((struct vcpu_cpu *)0)->vendor), "CPU's part");

static inline struct svm_cpu *svm_cpu_of(struct vcpu_cpu *cpu)
{
    return (struct svm_cpu *)cpu->vendor;
}

static inline bool svm_has(struct vcpu_cpu *cpu, uint32_t feature)
{
    return (svm_cpu_of(cpu)->features & feature) != 0;
}

static inline struct svm_vmcb *svm_vmcb_of(struct vcpu *vcpu)
{
    return vcpu_control_page(vcpu);
}

/*
 * The host's part of VMLOAD has a VMCB of its own: struct vcpu's page, of which it uses the bytes
 * that struct vcpu leaves free. So the exit code finds it without a look at the CPU.
 */
static inline struct svm_vmcb_save *svm_host_area(struct vcpu *vcpu)
{
    return (struct svm_vmcb_save *)((char *)vcpu + SVM_VMCB_SAVE);
}

_Static_assert(sizeof(struct vcpu) <= SVM_VMCB_SAVE + offsetof(struct svm_vmcb_save, fs),
               "struct vcpu ends before the first field of VMLOAD");
_Static_assert(SVM_VMCB_SAVE + offsetof(struct svm_vmcb_save, cr2) <= VCPU_STRUCT_SIZE,
               "the last field of VMLOAD is before the host's part");

/* Fields were written: the processor must not use what it kept of them. */
static inline void svm_changed(struct svm_vmcb *vmcb, uint32_t clean_bits)
{
    vmcb->control.clean &= ~clean_bits;
}

/* Bits of EFER that a guest can have. SVME is set besides, and never seen by it. */
#define SVM_EFER_ALLOWED (X86_EFER_SCE | X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE)

/*
 * Exceptions that exit always: #DB and #AC can make the processor deliver exceptions for ever
 * (CVE-2015-8104, CVE-2015-5307), #MC is the host's. #DF, because while that is delivered those
 * that would make a triple fault exit too: the state in the VMCB is undefined after a shutdown
 * (15.14.3), and Bochs 2.7 knows no intercept of it.
 */
#define SVM_EXCEPTIONS_ALWAYS ((1u << 1) | (1u << 8) | (1u << 17) | (1u << 18))
#define SVM_EXCEPTIONS_FATAL \
    ((1u << 0) | (1u << 10) | (1u << 11) | (1u << 12) | (1u << 13) | (1u << 14))

/* The busy bit of TR: set in what clients see, and not in the VMCB. */
#define SVM_TR_BUSY 2u

/* vmcb.c: gives the vCPU an ASID of the present generation. */
void svm_assign_asid(struct vcpu *vcpu, struct vcpu_cpu *cpu);
/* 64-bit mode: IA-32e mode with CS.L. */
bool svm_in_64_bit_mode(struct vcpu *vcpu);

/* vm.c: answers a read of EFER that was opened. */
bool svm_answer_efer(struct vcpu *vcpu);

/* run.c */
/* NACELLE_BLOCKING_*. */
uint32_t svm_blocking(struct vcpu *vcpu);
/* An entry took place, or did not; what was to be injected is the guest's, or pending again. */
void svm_injection_done(struct vcpu *vcpu);
void svm_cancel_injection(struct vcpu *vcpu);
/* After an exit: what became of an interrupt that was injected as a virtual one. */
void svm_virtual_interrupt_ended(struct vcpu *vcpu);

/* nmi.c: blocking of NMIs, which the processor does not track for a guest. */
void svm_nmi_set_blocked(struct vcpu *vcpu, bool blocked);
/* IRET was intercepted: it ends the blocking, but is yet to be executed. */
void svm_nmi_iret(struct vcpu *vcpu);
/* Control is wanted after the next instruction. */
void svm_step(struct vcpu *vcpu);
/* After every exit: was IRET executed? Ends stepping. true: the exit is a #DB of the engine's own.
 * */
bool svm_nmi_after_exit(struct vcpu *vcpu, uint32_t exit_code);

/* lme.c */
/* EFER as the guest has it, without SVME; to be set after CR0. */
uint64_t svm_efer(struct vcpu *vcpu);
void svm_set_efer(struct vcpu *vcpu, uint64_t efer);
/* A write of CR0 exited; the next entry lets it through; there was an exit after that. */
void svm_cr0_write(struct vcpu *vcpu);
void svm_let_cr0_write(struct vcpu *vcpu);
void svm_cr0_written(struct vcpu *vcpu);

/* refuse.c */
/* The check that fails, NACELLE_CHECK_*, or 0. */
uint32_t svm_failing_check(struct vcpu *vcpu);
/* Fills in the exit record of an entry that was or would be refused. */
void svm_entry_refused(struct vcpu *vcpu, uint32_t check, bool by_processor);

#endif
