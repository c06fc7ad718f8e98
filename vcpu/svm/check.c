/* SPDX-License-Identifier: BSD-2-Clause */
/* Which check fails at an entry: AMD APM vol. 2, 15.5.1, 15.20, 15.25.3. */

#include "check.h"

#include <x86/control.h>
#include <x86/descriptor.h>
#include <x86/event.h>
#include <x86/msr.h>
#include <x86/paging.h>
#include <x86/svm.h>

#define UPPER_32 UINT64_C(0xffffffff00000000)

static uint32_t check_cs(const struct svm_vmcb_save *save)
{
    uint32_t rights = x86_ar_from_vmcb(save->cs.attributes);
    bool long_mode = (save->efer & X86_EFER_LME) != 0 && (save->cr0 & X86_CR0_PG) != 0 &&
                     (save->cr4 & X86_CR4_PAE) != 0;

    if (long_mode && (rights & X86_AR_L) != 0 && (rights & X86_AR_DB) != 0)
        return NACELLE_CHECK_CS_DB;
    return 0;
}

static uint32_t check_save(const struct svm_vmcb_save *save, const struct svm_check_limits *limits)
{
    bool paging = (save->cr0 & X86_CR0_PG) != 0;
    bool lme = (save->efer & X86_EFER_LME) != 0;

    if ((save->efer & X86_EFER_SVME) == 0 ||
        (save->efer & ~(limits->efer_allowed | X86_EFER_SVME)) != 0)
        return NACELLE_CHECK_EFER;
    if (((save->cr0 & X86_CR0_CD) == 0 && (save->cr0 & X86_CR0_NW) != 0) ||
        (save->cr0 & UPPER_32) != 0)
        return NACELLE_CHECK_CR0;
    if ((save->cr3 >> limits->physical_bits) != 0)
        return NACELLE_CHECK_CR3;
    if ((save->cr4 & ~limits->cr4_allowed) != 0)
        return NACELLE_CHECK_CR4;
    if ((save->dr6 & UPPER_32) != 0)
        return NACELLE_CHECK_DR6;
    if ((save->dr7 & UPPER_32) != 0)
        return NACELLE_CHECK_DR7;
    if (lme && paging && ((save->cr4 & X86_CR4_PAE) == 0 || (save->cr0 & X86_CR0_PE) == 0))
        return NACELLE_CHECK_LONG_MODE_PAGING;
    if (!x86_pat_valid(save->pat))
        return NACELLE_CHECK_PAT;
    return check_cs(save);
}

static uint32_t check_control(const struct svm_vmcb_control *control,
                              const struct svm_check_limits *limits)
{
    uint64_t end = UINT64_C(1) << limits->physical_bits;

    if ((control->intercept2 & SVM_INTERCEPT2_VMRUN) == 0 || control->asid == 0)
        return NACELLE_CHECK_CONTROLS;
    if (control->io_map > end - SVM_IO_MAP_BYTES || control->msr_map > end - SVM_MSR_MAP_BYTES ||
        control->nested_cr3 >= end)
        return NACELLE_CHECK_CONTROLS;
    return 0;
}

/* 15.20: what can be injected, in the mode that the guest is in. */
static uint32_t check_event(const struct svm_vmcb *vmcb)
{
    struct x86_event event = x86_event_unpack(vmcb->control.event_injection, 0);
    bool long_64 = (vmcb->save.efer & X86_EFER_LMA) != 0 &&
                   (x86_ar_from_vmcb(vmcb->save.cs.attributes) & X86_AR_L) != 0;

    if (!event.valid)
        return 0;
    if (event.type == X86_EVENT_RESERVED || event.type > X86_EVENT_SOFTWARE_INTERRUPT)
        return NACELLE_CHECK_EVENT_TYPE;
    if (event.type != X86_EVENT_HARDWARE_EXCEPTION)
        return 0;
    if (event.vector == X86_VECTOR_NMI || event.vector >= X86_EXCEPTION_COUNT)
        return NACELLE_CHECK_EVENT_VECTOR;
    if (long_64 && (event.vector == X86_VECTOR_OF || event.vector == X86_VECTOR_BR))
        return NACELLE_CHECK_EVENT_VECTOR;
    return 0;
}

uint32_t svm_check(const struct svm_vmcb *vmcb, const struct svm_check_limits *limits)
{
    uint32_t check = check_save(&vmcb->save, limits);

    if (check == 0)
        check = check_control(&vmcb->control, limits);
    return check != 0 ? check : check_event(vmcb);
}
