/* SPDX-License-Identifier: BSD-2-Clause */
/* Checks of guest state: what an entry or a value taken from the state page failed. */
#ifndef NACELLE_CHECK_H
#define NACELLE_CHECK_H

/*
 * X(name, number, text). The text begins with the section of Intel's SDM vol. 3 that demands it.
 * NACELLE_EXIT_ENTRY_REFUSED has the number in its record, NACELLE_VCPU_STORE in its reply.
 */
#define NACELLE_CHECKS(X)                                                                          \
    X(UNKNOWN, 0, "26: the processor refused the entry, and no check known to the engine fails")   \
    X(CONTROLS, 1, "26.2.1: a control has a value that the processor does not allow")              \
    X(EVENT_TYPE, 2, "26.2.1.3: type of the injected event")                                       \
    X(EVENT_VECTOR, 3, "26.2.1.3: vector of the injected event does not fit its type")             \
    X(EVENT_ERROR_CODE, 4, "26.2.1.3: error code of the injected event missing, extra or too big") \
    X(EVENT_LENGTH, 5, "26.2.1.3: instruction length of the injected software event")              \
    X(HOST_STATE, 6, "26.2.2 to 26.2.4: host state")                                               \
    X(HOST_MOV_SS, 7, "26.1: entry right after the host loaded SS")                                \
    X(LAUNCH_STATE, 8, "26.1: launch state of the VMCS")                                           \
    X(MSR_LOADING, 9, "26.4: loading of MSRs")                                                     \
    X(CR0, 16, "26.3.1.1: CR0 has a forbidden bit, PG without PE, or NW without CD")               \
    X(CR3, 17, "26.3.1.1: CR3 has a bit beyond the physical-address width")                        \
    X(CR4, 18, "26.3.1.1: CR4 has a bit that the processor lacks or the engine does not switch")   \
    X(LONG_MODE_PAGING, 19, "26.3.1.1: IA-32e mode without CR0.PG or CR4.PAE")                     \
    X(PCIDE, 20, "26.3.1.1: CR4.PCIDE outside IA-32e mode")                                        \
    X(DEBUGCTL, 21, "26.3.1.1: IA32_DEBUGCTL")                                                     \
    X(DR7, 22, "26.3.1.1: DR7 has a bit above 31")                                                 \
    X(SYSENTER, 23, "26.3.1.1: IA32_SYSENTER_ESP or IA32_SYSENTER_EIP is not canonical")           \
    X(PAT, 24, "26.3.1.1: IA32_PAT has a reserved memory type")                                    \
    X(EFER, 25, "26.3.1.1: IA32_EFER has a reserved bit")                                          \
    X(EFER_LMA, 26, "26.3.1.1: IA32_EFER.LMA is not IA-32e mode, or not LME with CR0.PG")          \
    X(TR_SELECTOR, 32, "26.3.1.2: TR selector names the LDT")                                      \
    X(LDTR_SELECTOR, 33, "26.3.1.2: LDTR selector names the LDT")                                  \
    X(SS_RPL, 34, "26.3.1.2: RPL of SS is not that of CS")                                         \
    X(SEGMENT_BASE, 35, "26.3.1.2: segment base not canonical, above 4 GiB, or not selector * 16") \
    X(V86_LIMIT, 36, "26.3.1.2: segment limit in virtual-8086 mode is not FFFFH")                  \
    X(V86_RIGHTS, 37, "26.3.1.2: segment rights in virtual-8086 mode are not F3H")                 \
    X(CS_TYPE, 38, "26.3.1.2: CS is no accessed code segment (or data of type 3)")                 \
    X(SS_TYPE, 39, "26.3.1.2: SS is no accessed writable data segment")                            \
    X(DATA_TYPE, 40, "26.3.1.2: DS, ES, FS or GS is no accessed readable segment")                 \
    X(SEGMENT_S, 41, "26.3.1.2: CS, SS, DS, ES, FS or GS is a system segment")                     \
    X(CS_DPL, 42, "26.3.1.2: DPL of CS does not fit its type and that of SS")                      \
    X(SS_DPL, 43, "26.3.1.2: DPL of SS is not its RPL, or not 0 where it must be")                 \
    X(DATA_DPL, 44, "26.3.1.2: DPL of DS, ES, FS or GS is below its RPL")                          \
    X(SEGMENT_PRESENT, 45, "26.3.1.2: usable segment is not present")                              \
    X(SEGMENT_RESERVED, 46, "26.3.1.2: reserved bits of the segment rights are set")               \
    X(CS_DB, 47, "26.3.1.2: CS has both L and D set in IA-32e mode")                               \
    X(SEGMENT_GRANULARITY, 48, "26.3.1.2: G does not fit the limit")                               \
    X(TR_RIGHTS, 49, "26.3.1.2: TR is not a busy, present, usable TSS")                            \
    X(LDTR_RIGHTS, 50, "26.3.1.2: LDTR is usable and not a present LDT")                           \
    X(TABLE_BASE, 51, "26.3.1.3: base of GDTR or IDTR is not canonical")                           \
    X(RIP, 52, "26.3.1.4: RIP has upper bits that CS does not allow")                              \
    X(RFLAGS, 53, "26.3.1.4: reserved bits of RFLAGS")                                             \
    X(RFLAGS_VM, 54, "26.3.1.4: RFLAGS.VM in IA-32e mode or without CR0.PE")                       \
    X(RFLAGS_IF, 55, "26.3.1.4: RFLAGS.IF is 0 and an external interrupt is injected")             \
    X(ACTIVITY, 64, "26.3.1.5: activity state that the processor lacks")                           \
    X(ACTIVITY_DPL, 65, "26.3.1.5: HLT state with SS.DPL above 0")                                 \
    X(ACTIVITY_BLOCKING, 66, "26.3.1.5: not active while STI or MOV SS blocks")                    \
    X(ACTIVITY_EVENT, 67, "26.3.1.5: injected event that the activity state does not take")        \
    X(BLOCKING_RESERVED, 68, "26.3.1.5: reserved bits of the interruptibility state")              \
    X(BLOCKING_BOTH, 69, "26.3.1.5: blocking by STI and by MOV SS at once")                        \
    X(BLOCKING_STI, 70, "26.3.1.5: blocking by STI while RFLAGS.IF is 0")                          \
    X(BLOCKING_INTERRUPT, 71, "26.3.1.5: blocking by STI or MOV SS and an interrupt is injected")  \
    X(BLOCKING_NMI, 72, "26.3.1.5: blocking by MOV SS or NMI and an NMI is injected")              \
    X(BLOCKING_SMI, 73, "26.3.1.5: blocking by SMI outside SMM")                                   \
    X(PENDING_DEBUG, 74, "26.3.1.5: reserved bits of the pending debug exceptions")                \
    X(PENDING_DEBUG_BS, 75, "26.3.1.5: pending single step does not fit RFLAGS.TF and the shadow") \
    X(LINK_POINTER, 76, "26.3.1.5: VMCS link pointer")                                             \
    X(PDPTE, 77, "26.3.1.6: reserved bits of a PDPTE")                                             \
    /* Values that no entry checks, refused when they are taken from the state page. */            \
    X(XCR0, 96, "vol. 2, XSETBV: value that XCR0 does not take")                                   \
    X(XSS, 97, "13.8 of vol. 1: component of IA32_XSS that the engine does not switch")            \
    X(SYSTEM_CALL_ADDRESS, 98, "5.8.8: IA32_LSTAR, CSTAR or KERNEL_GS_BASE is not canonical")      \
    X(FMASK, 99, "5.8.8: IA32_FMASK has a bit above 31")                                           \
    X(TSC_AUX, 100, "17.17.2: IA32_TSC_AUX has a bit above 31, or the processor lacks it")         \
    X(DR6, 101, "17.2.3: DR6 has a bit above 31")                                                  \
    X(MXCSR, 102, "10.2.3 of vol. 1: reserved bits of MXCSR")                                      \
    X(XSTATE, 103, "13.4.2 of vol. 1: XSAVE header has bits beyond XCR0, or is not standard form") \
    X(WINDOWS, 104, "unknown bits of the windows asked for")                                       \
    X(RESERVED, 105, "a reserved member of the state page is not 0")

enum nacelle_check {
#define NACELLE_CHECK_ENUM(name, number, text) NACELLE_CHECK_##name = (number),
    NACELLE_CHECKS(NACELLE_CHECK_ENUM)
#undef NACELLE_CHECK_ENUM
    NACELLE_CHECK_END
};

#endif
