/* SPDX-License-Identifier: BSD-2-Clause */
/* Which check of the guest's state fails at an entry. Pure. */
#ifndef VCPU_VMX_CHECK_H
#define VCPU_VMX_CHECK_H

#include <nacelle/check.h>
#include <nacelle/vcpu_state.h>
#include <stdbool.h>
#include <stdint.h>

/* The guest area and the event to inject, as the VMCS has them, and what the processor can. */
struct vmx_entry_state {
    uint64_t cr0, cr3, cr4, efer, dr7, debugctl;
    uint64_t sysenter_esp, sysenter_eip, pat;
    uint64_t rip, rflags;
    uint64_t gdtr_base, idtr_base;
    uint64_t pending_debug;
    uint64_t link_pointer;
    uint64_t pdpte[4];
    struct nacelle_segment segments[NACELLE_SEGMENTS];
    uint32_t blocking, activity;
    uint32_t event, event_error, event_length;
    bool ia32e; /* the entry control "IA-32e mode guest" */

    uint64_t cr0_fixed0, cr0_fixed1; /* without what unrestricted guest sets free */
    uint64_t cr4_fixed0, cr4_fixed1;
    uint32_t physical_bits;
    uint32_t activities; /* bit n: activity state n exists */
    bool any_error_code;
    bool length_0;
};

/* NACELLE_CHECK_* of the first check that fails, in the order of the manual; 0 when none does. */
uint32_t vmx_check_controls(const struct vmx_entry_state *state); /* 26.2.1.3 */
uint32_t vmx_check_guest(const struct vmx_entry_state *state);    /* 26.3.1 */

#endif
