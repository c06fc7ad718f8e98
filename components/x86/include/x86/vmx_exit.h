/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * VM exits: reasons, and the text of VM-instruction errors. Exit qualifications and instruction
 * information are in vmx_qualification.h, which this header includes.
 *
 * Intel SDM vol. 3, 24.9.1 (exit reason), appendix C (basic exit reasons), 30.4 (error numbers).
 */

#ifndef X86_VMX_EXIT_H
#define X86_VMX_EXIT_H

#include <x86/bits.h>
#include <x86/vmx_qualification.h>

/* Basic exit reasons: appendix C. 35, 38, 42 and 71 are not assigned. */
#define VMX_EXIT_REASON_EXCEPTION_OR_NMI            0
#define VMX_EXIT_REASON_EXTERNAL_INTERRUPT          1
#define VMX_EXIT_REASON_TRIPLE_FAULT                2
#define VMX_EXIT_REASON_INIT_SIGNAL                 3
#define VMX_EXIT_REASON_STARTUP_IPI                 4
#define VMX_EXIT_REASON_IO_SMI                      5
#define VMX_EXIT_REASON_OTHER_SMI                   6
#define VMX_EXIT_REASON_INTERRUPT_WINDOW            7
#define VMX_EXIT_REASON_NMI_WINDOW                  8
#define VMX_EXIT_REASON_TASK_SWITCH                 9
#define VMX_EXIT_REASON_CPUID                       10
#define VMX_EXIT_REASON_GETSEC                      11
#define VMX_EXIT_REASON_HLT                         12
#define VMX_EXIT_REASON_INVD                        13
#define VMX_EXIT_REASON_INVLPG                      14
#define VMX_EXIT_REASON_RDPMC                       15
#define VMX_EXIT_REASON_RDTSC                       16
#define VMX_EXIT_REASON_RSM                         17
#define VMX_EXIT_REASON_VMCALL                      18
#define VMX_EXIT_REASON_VMCLEAR                     19
#define VMX_EXIT_REASON_VMLAUNCH                    20
#define VMX_EXIT_REASON_VMPTRLD                     21
#define VMX_EXIT_REASON_VMPTRST                     22
#define VMX_EXIT_REASON_VMREAD                      23
#define VMX_EXIT_REASON_VMRESUME                    24
#define VMX_EXIT_REASON_VMWRITE                     25
#define VMX_EXIT_REASON_VMXOFF                      26
#define VMX_EXIT_REASON_VMXON                       27
#define VMX_EXIT_REASON_CR_ACCESS                   28
#define VMX_EXIT_REASON_MOV_DR                      29
#define VMX_EXIT_REASON_IO_INSTRUCTION              30
#define VMX_EXIT_REASON_RDMSR                       31
#define VMX_EXIT_REASON_WRMSR                       32
#define VMX_EXIT_REASON_ENTRY_FAILURE_GUEST_STATE   33
#define VMX_EXIT_REASON_ENTRY_FAILURE_MSR_LOADING   34
#define VMX_EXIT_REASON_MWAIT                       36
#define VMX_EXIT_REASON_MONITOR_TRAP_FLAG           37
#define VMX_EXIT_REASON_MONITOR                     39
#define VMX_EXIT_REASON_PAUSE                       40
#define VMX_EXIT_REASON_ENTRY_FAILURE_MACHINE_CHECK 41
#define VMX_EXIT_REASON_TPR_BELOW_THRESHOLD         43
#define VMX_EXIT_REASON_APIC_ACCESS                 44
#define VMX_EXIT_REASON_VIRTUALIZED_EOI             45
#define VMX_EXIT_REASON_GDTR_IDTR_ACCESS            46
#define VMX_EXIT_REASON_LDTR_TR_ACCESS              47
#define VMX_EXIT_REASON_EPT_VIOLATION               48
#define VMX_EXIT_REASON_EPT_MISCONFIGURATION        49
#define VMX_EXIT_REASON_INVEPT                      50
#define VMX_EXIT_REASON_RDTSCP                      51
#define VMX_EXIT_REASON_PREEMPTION_TIMER            52
#define VMX_EXIT_REASON_INVVPID                     53
#define VMX_EXIT_REASON_WBINVD                      54
#define VMX_EXIT_REASON_XSETBV                      55
#define VMX_EXIT_REASON_APIC_WRITE                  56
#define VMX_EXIT_REASON_RDRAND                      57
#define VMX_EXIT_REASON_INVPCID                     58
#define VMX_EXIT_REASON_VMFUNC                      59
#define VMX_EXIT_REASON_ENCLS                       60
#define VMX_EXIT_REASON_RDSEED                      61
#define VMX_EXIT_REASON_PML_FULL                    62
#define VMX_EXIT_REASON_XSAVES                      63
#define VMX_EXIT_REASON_XRSTORS                     64
#define VMX_EXIT_REASON_PCONFIG                     65
#define VMX_EXIT_REASON_SPP_EVENT                   66
#define VMX_EXIT_REASON_UMWAIT                      67
#define VMX_EXIT_REASON_TPAUSE                      68
#define VMX_EXIT_REASON_LOADIWKEY                   69
#define VMX_EXIT_REASON_ENCLV                       70
#define VMX_EXIT_REASON_ENQCMD_PASID                72
#define VMX_EXIT_REASON_ENQCMDS_PASID               73
#define VMX_EXIT_REASON_BUS_LOCK                    74
#define VMX_EXIT_REASON_INSTRUCTION_TIMEOUT         75
#define VMX_EXIT_REASON_COUNT                       76

/* Bits of the exit-reason field beside the basic reason in 15:0: 24.9.1. */
#define VMX_EXIT_BASIC_MASK        0xffff
#define VMX_EXIT_BUSY_SHADOW_STACK X86_BIT32(25)
#define VMX_EXIT_BUS_LOCK          X86_BIT32(26)
#define VMX_EXIT_ENCLAVE           X86_BIT32(27)
#define VMX_EXIT_PENDING_MTF       X86_BIT32(28)
#define VMX_EXIT_FROM_ROOT         X86_BIT32(29)
#define VMX_EXIT_ENTRY_FAILURE     X86_BIT32(31)

/* Exit qualification of an entry failure for guest state, reason 33: 26.8. */
#define VMX_ENTRY_FAILURE_PDPTE        2
#define VMX_ENTRY_FAILURE_NMI_BLOCKED  3
#define VMX_ENTRY_FAILURE_LINK_POINTER 4

/* VM-instruction error numbers that software acts upon: 30.4. */
#define VMX_ERROR_VMLAUNCH_NOT_CLEAR    4
#define VMX_ERROR_VMRESUME_NOT_LAUNCHED 5
#define VMX_ERROR_ENTRY_CONTROLS        7
#define VMX_ERROR_ENTRY_HOST_STATE      8
#define VMX_ERROR_UNSUPPORTED_FIELD     12
#define VMX_ERROR_READ_ONLY_FIELD       13
#define VMX_ERROR_ENTRY_MOV_SS          26
#define VMX_ERROR_COUNT                 29

#ifndef __ASSEMBLER__

/* The basic exit reason in an exit-reason field: compare this, or the field with all its bits. */
static inline uint16_t vmx_exit_basic(uint32_t exit_reason)
{
    return (uint16_t)(exit_reason & VMX_EXIT_BASIC_MASK);
}

/* Was this no exit of a running guest but an entry that failed after it began (26.8)? */
static inline bool vmx_exit_is_entry_failure(uint32_t exit_reason)
{
    return (exit_reason & VMX_EXIT_ENTRY_FAILURE) != 0;
}

/* The name of a basic exit reason; "unknown" for one that is not assigned. */
const char *vmx_exit_reason_name(uint16_t basic_reason);

/*
 * Do exits with this reason report the length of the instruction that caused them, so that it
 * may be skipped (27.2.5)? False for events, windows, entry failures and the like, and for reasons
 * where that depends on the case: exceptions, task switches, APIC accesses, EPT violations.
 */
bool vmx_exit_reports_length(uint16_t basic_reason);

/* The text of a VM-instruction error, 1-28; "unknown error" for numbers without a meaning. */
const char *vmx_instruction_error_text(uint32_t error);

/* What an entry failure for guest state means by its exit qualification; never NULL. */
const char *vmx_entry_failure_text(uint64_t qualification);

#endif /* __ASSEMBLER__ */

#endif
