/* SPDX-License-Identifier: BSD-2-Clause */

#include <stddef.h>

#include <x86/vmx_exit.h>
#include <x86/vmx_status.h>

static const char *const reason_names[VMX_EXIT_REASON_COUNT] = {
    [VMX_EXIT_REASON_EXCEPTION_OR_NMI] = "exception or NMI",
    [VMX_EXIT_REASON_EXTERNAL_INTERRUPT] = "external interrupt",
    [VMX_EXIT_REASON_TRIPLE_FAULT] = "triple fault",
    [VMX_EXIT_REASON_INIT_SIGNAL] = "INIT signal",
    [VMX_EXIT_REASON_STARTUP_IPI] = "start-up IPI",
    [VMX_EXIT_REASON_IO_SMI] = "I/O SMI",
    [VMX_EXIT_REASON_OTHER_SMI] = "other SMI",
    [VMX_EXIT_REASON_INTERRUPT_WINDOW] = "interrupt window",
    [VMX_EXIT_REASON_NMI_WINDOW] = "NMI window",
    [VMX_EXIT_REASON_TASK_SWITCH] = "task switch",
    [VMX_EXIT_REASON_CPUID] = "CPUID",
    [VMX_EXIT_REASON_GETSEC] = "GETSEC",
    [VMX_EXIT_REASON_HLT] = "HLT",
    [VMX_EXIT_REASON_INVD] = "INVD",
    [VMX_EXIT_REASON_INVLPG] = "INVLPG",
    [VMX_EXIT_REASON_RDPMC] = "RDPMC",
    [VMX_EXIT_REASON_RDTSC] = "RDTSC",
    [VMX_EXIT_REASON_RSM] = "RSM",
    [VMX_EXIT_REASON_VMCALL] = "VMCALL",
    [VMX_EXIT_REASON_VMCLEAR] = "VMCLEAR",
    [VMX_EXIT_REASON_VMLAUNCH] = "VMLAUNCH",
    [VMX_EXIT_REASON_VMPTRLD] = "VMPTRLD",
    [VMX_EXIT_REASON_VMPTRST] = "VMPTRST",
    [VMX_EXIT_REASON_VMREAD] = "VMREAD",
    [VMX_EXIT_REASON_VMRESUME] = "VMRESUME",
    [VMX_EXIT_REASON_VMWRITE] = "VMWRITE",
    [VMX_EXIT_REASON_VMXOFF] = "VMXOFF",
    [VMX_EXIT_REASON_VMXON] = "VMXON",
    [VMX_EXIT_REASON_CR_ACCESS] = "control-register access",
    [VMX_EXIT_REASON_MOV_DR] = "MOV DR",
    [VMX_EXIT_REASON_IO_INSTRUCTION] = "I/O instruction",
    [VMX_EXIT_REASON_RDMSR] = "RDMSR",
    [VMX_EXIT_REASON_WRMSR] = "WRMSR",
    [VMX_EXIT_REASON_ENTRY_FAILURE_GUEST_STATE] = "VM-entry failure due to invalid guest state",
    [VMX_EXIT_REASON_ENTRY_FAILURE_MSR_LOADING] = "VM-entry failure due to MSR loading",
    [VMX_EXIT_REASON_MWAIT] = "MWAIT",
    [VMX_EXIT_REASON_MONITOR_TRAP_FLAG] = "monitor trap flag",
    [VMX_EXIT_REASON_MONITOR] = "MONITOR",
    [VMX_EXIT_REASON_PAUSE] = "PAUSE",
    [VMX_EXIT_REASON_ENTRY_FAILURE_MACHINE_CHECK] = "VM-entry failure due to machine-check event",
    [VMX_EXIT_REASON_TPR_BELOW_THRESHOLD] = "TPR below threshold",
    [VMX_EXIT_REASON_APIC_ACCESS] = "APIC access",
    [VMX_EXIT_REASON_VIRTUALIZED_EOI] = "virtualized EOI",
    [VMX_EXIT_REASON_GDTR_IDTR_ACCESS] = "access to GDTR or IDTR",
    [VMX_EXIT_REASON_LDTR_TR_ACCESS] = "access to LDTR or TR",
    [VMX_EXIT_REASON_EPT_VIOLATION] = "EPT violation",
    [VMX_EXIT_REASON_EPT_MISCONFIGURATION] = "EPT misconfiguration",
    [VMX_EXIT_REASON_INVEPT] = "INVEPT",
    [VMX_EXIT_REASON_RDTSCP] = "RDTSCP",
    [VMX_EXIT_REASON_PREEMPTION_TIMER] = "VMX-preemption timer expired",
    [VMX_EXIT_REASON_INVVPID] = "INVVPID",
    [VMX_EXIT_REASON_WBINVD] = "WBINVD or WBNOINVD",
    [VMX_EXIT_REASON_XSETBV] = "XSETBV",
    [VMX_EXIT_REASON_APIC_WRITE] = "APIC write",
    [VMX_EXIT_REASON_RDRAND] = "RDRAND",
    [VMX_EXIT_REASON_INVPCID] = "INVPCID",
    [VMX_EXIT_REASON_VMFUNC] = "VMFUNC",
    [VMX_EXIT_REASON_ENCLS] = "ENCLS",
    [VMX_EXIT_REASON_RDSEED] = "RDSEED",
    [VMX_EXIT_REASON_PML_FULL] = "page-modification log full",
    [VMX_EXIT_REASON_XSAVES] = "XSAVES",
    [VMX_EXIT_REASON_XRSTORS] = "XRSTORS",
    [VMX_EXIT_REASON_PCONFIG] = "PCONFIG",
    [VMX_EXIT_REASON_SPP_EVENT] = "SPP-related event",
    [VMX_EXIT_REASON_UMWAIT] = "UMWAIT",
    [VMX_EXIT_REASON_TPAUSE] = "TPAUSE",
    [VMX_EXIT_REASON_LOADIWKEY] = "LOADIWKEY",
    [VMX_EXIT_REASON_ENCLV] = "ENCLV",
    [VMX_EXIT_REASON_ENQCMD_PASID] = "ENQCMD PASID translation failure",
    [VMX_EXIT_REASON_ENQCMDS_PASID] = "ENQCMDS PASID translation failure",
    [VMX_EXIT_REASON_BUS_LOCK] = "bus lock",
    [VMX_EXIT_REASON_INSTRUCTION_TIMEOUT] = "instruction timeout",
};

/* Faults of instructions by 27.2.5; reasons that depend on the case are left out. */
static const bool reports_length[VMX_EXIT_REASON_COUNT] = {
    [VMX_EXIT_REASON_CPUID] = true,
    [VMX_EXIT_REASON_GETSEC] = true,
    [VMX_EXIT_REASON_HLT] = true,
    [VMX_EXIT_REASON_INVD] = true,
    [VMX_EXIT_REASON_INVLPG] = true,
    [VMX_EXIT_REASON_RDPMC] = true,
    [VMX_EXIT_REASON_RDTSC] = true,
    [VMX_EXIT_REASON_RSM] = true,
    [VMX_EXIT_REASON_VMCALL] = true,
    [VMX_EXIT_REASON_VMCLEAR] = true,
    [VMX_EXIT_REASON_VMLAUNCH] = true,
    [VMX_EXIT_REASON_VMPTRLD] = true,
    [VMX_EXIT_REASON_VMPTRST] = true,
    [VMX_EXIT_REASON_VMREAD] = true,
    [VMX_EXIT_REASON_VMRESUME] = true,
    [VMX_EXIT_REASON_VMWRITE] = true,
    [VMX_EXIT_REASON_VMXOFF] = true,
    [VMX_EXIT_REASON_VMXON] = true,
    [VMX_EXIT_REASON_CR_ACCESS] = true,
    [VMX_EXIT_REASON_MOV_DR] = true,
    [VMX_EXIT_REASON_IO_INSTRUCTION] = true,
    [VMX_EXIT_REASON_RDMSR] = true,
    [VMX_EXIT_REASON_WRMSR] = true,
    [VMX_EXIT_REASON_MWAIT] = true,
    [VMX_EXIT_REASON_MONITOR] = true,
    [VMX_EXIT_REASON_PAUSE] = true,
    [VMX_EXIT_REASON_GDTR_IDTR_ACCESS] = true,
    [VMX_EXIT_REASON_LDTR_TR_ACCESS] = true,
    [VMX_EXIT_REASON_INVEPT] = true,
    [VMX_EXIT_REASON_RDTSCP] = true,
    [VMX_EXIT_REASON_INVVPID] = true,
    [VMX_EXIT_REASON_WBINVD] = true,
    [VMX_EXIT_REASON_XSETBV] = true,
    [VMX_EXIT_REASON_RDRAND] = true,
    [VMX_EXIT_REASON_INVPCID] = true,
    [VMX_EXIT_REASON_VMFUNC] = true,
    [VMX_EXIT_REASON_ENCLS] = true,
    [VMX_EXIT_REASON_RDSEED] = true,
    [VMX_EXIT_REASON_XSAVES] = true,
    [VMX_EXIT_REASON_XRSTORS] = true,
    [VMX_EXIT_REASON_PCONFIG] = true,
    [VMX_EXIT_REASON_UMWAIT] = true,
    [VMX_EXIT_REASON_TPAUSE] = true,
    [VMX_EXIT_REASON_LOADIWKEY] = true,
    [VMX_EXIT_REASON_ENCLV] = true,
    [VMX_EXIT_REASON_ENQCMD_PASID] = true,
    [VMX_EXIT_REASON_ENQCMDS_PASID] = true,
};

/* What table 30-1 says, in our words; 14, 21 and 27 are not assigned. */
static const char *const instruction_errors[VMX_ERROR_COUNT] = {
    [1] = "VMCALL in VMX root operation",
    [2] = "VMCLEAR with an invalid physical address",
    [3] = "VMCLEAR with the VMXON pointer",
    [4] = "VMLAUNCH with a VMCS that is not clear",
    [5] = "VMRESUME with a VMCS that is not launched",
    [6] = "VMRESUME after VMXOFF and VMXON since the launch",
    [7] = "VM entry with invalid control fields",
    [8] = "VM entry with invalid host-state fields",
    [9] = "VMPTRLD with an invalid physical address",
    [10] = "VMPTRLD with the VMXON pointer",
    [11] = "VMPTRLD with a wrong VMCS revision identifier",
    [12] = "VMREAD or VMWRITE of an unsupported VMCS field",
    [13] = "VMWRITE to a read-only VMCS field",
    [15] = "VMXON in VMX root operation",
    [16] = "VM entry with an invalid executive-VMCS pointer",
    [17] = "VM entry with an executive VMCS that is not launched",
    [18] = "VM entry with an executive-VMCS pointer that is not the VMXON pointer",
    [19] = "VMCALL with a VMCS that is not clear",
    [20] = "VMCALL with invalid VM-exit control fields",
    [22] = "VMCALL with a wrong MSEG revision identifier",
    [23] = "VMXOFF under dual-monitor treatment of SMIs and SMM",
    [24] = "VMCALL with invalid SMM-monitor features",
    [25] = "VM entry with invalid VM-execution control fields in the executive VMCS",
    [26] = "VM entry with events blocked by MOV SS",
    [28] = "INVEPT or INVVPID with an invalid operand",
};

const char *vmx_exit_reason_name(uint16_t basic_reason)
{
    if (basic_reason >= VMX_EXIT_REASON_COUNT || reason_names[basic_reason] == NULL)
        return "unknown";
    return reason_names[basic_reason];
}

bool vmx_exit_reports_length(uint16_t basic_reason)
{
    return basic_reason < VMX_EXIT_REASON_COUNT && reports_length[basic_reason];
}

const char *vmx_instruction_error_text(uint32_t error)
{
    if (error >= VMX_ERROR_COUNT || instruction_errors[error] == NULL)
        return "unknown error";
    return instruction_errors[error];
}

const char *vmx_entry_failure_text(uint64_t qualification)
{
    switch (qualification) {
    case VMX_ENTRY_FAILURE_PDPTE:
        return "loading the PDPTEs failed";
    case VMX_ENTRY_FAILURE_NMI_BLOCKED:
        return "injection of an NMI while events are blocked by STI or MOV SS";
    case VMX_ENTRY_FAILURE_LINK_POINTER:
        return "invalid VMCS link pointer";
    default:
        return "invalid guest state";
    }
}

const char *vmx_status_name(enum vmx_status status)
{
    switch (status) {
    case VMX_SUCCEED:
        return "VMsucceed";
    case VMX_FAIL_INVALID:
        return "VMfailInvalid";
    case VMX_FAIL_VALID:
        return "VMfailValid";
    default:
        return "unknown";
    }
}
