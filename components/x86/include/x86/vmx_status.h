/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Outcome of a VMX instruction: Intel SDM vol. 3, 30.2 (conventions), from CF and ZF.
 */

#ifndef X86_VMX_STATUS_H
#define X86_VMX_STATUS_H

#include <stdbool.h>
#include <stdint.h>

enum vmx_status {
    VMX_SUCCEED = 0,      /* CF = 0 and ZF = 0 */
    VMX_FAIL_INVALID = 1, /* CF = 1: there is no current VMCS, so no error number */
    VMX_FAIL_VALID = 2    /* ZF = 1: VMCS_VM_INSTRUCTION_ERROR of the current VMCS says why */
};

/* The outcome for the two flags; CF is looked at first. */
static inline enum vmx_status vmx_status_from_cf_zf(bool cf, bool zf)
{
    if (cf)
        return VMX_FAIL_INVALID;
    return zf ? VMX_FAIL_VALID : VMX_SUCCEED;
}

/* The outcome for a saved RFLAGS (CF is bit 0, ZF bit 6): for VMLAUNCH and VMRESUME that failed. */
static inline enum vmx_status vmx_status_from_flags(uint64_t rflags)
{
    return vmx_status_from_cf_zf((rflags & 0x01U) != 0, (rflags & 0x40U) != 0);
}

/* "VMsucceed", "VMfailInvalid", "VMfailValid"; "unknown" for any other number. */
const char *vmx_status_name(enum vmx_status status);

#endif
