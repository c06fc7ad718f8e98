/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * #VMEXIT: exit codes, and EXITINFO1 and EXITINFO2 decoded.
 *
 * AMD APM vol. 2, appendix C (codes), 15.8 (decode assists), 15.10.2 (I/O), 15.11 (MSRs), 15.14.1
 * (task switches), 15.25.6 (nested page faults). EVENTINJ and EXITINTINFO: event.h.
 */

#ifndef X86_SVM_EXIT_H
#define X86_SVM_EXIT_H

#include <x86/bits.h>

/* Codes of accesses to CRn and DRn, and of exceptions: the first of each range, add n. */
#define SVM_EXIT_CR_READ       0x00
#define SVM_EXIT_CR_WRITE      0x10
#define SVM_EXIT_DR_READ       0x20
#define SVM_EXIT_DR_WRITE      0x30
#define SVM_EXIT_EXCEPTION     0x40
#define SVM_EXIT_CR_WRITE_TRAP 0x90

/* X(name, code, text) of all other codes. */
#define SVM_EXITS(X)                                                        \
    X(INTR, 0x60, "physical interrupt")                                     \
    X(NMI, 0x61, "NMI")                                                     \
    X(SMI, 0x62, "SMI")                                                     \
    X(INIT, 0x63, "INIT")                                                   \
    X(VINTR, 0x64, "virtual interrupt")                                     \
    X(CR0_SELECTED_WRITE, 0x65, "write of CR0 bits other than TS and MP")   \
    X(IDTR_READ, 0x66, "read of IDTR")                                      \
    X(GDTR_READ, 0x67, "read of GDTR")                                      \
    X(LDTR_READ, 0x68, "read of LDTR")                                      \
    X(TR_READ, 0x69, "read of TR")                                          \
    X(IDTR_WRITE, 0x6a, "write of IDTR")                                    \
    X(GDTR_WRITE, 0x6b, "write of GDTR")                                    \
    X(LDTR_WRITE, 0x6c, "write of LDTR")                                    \
    X(TR_WRITE, 0x6d, "write of TR")                                        \
    X(RDTSC, 0x6e, "RDTSC")                                                 \
    X(RDPMC, 0x6f, "RDPMC")                                                 \
    X(PUSHF, 0x70, "PUSHF")                                                 \
    X(POPF, 0x71, "POPF")                                                   \
    X(CPUID, 0x72, "CPUID")                                                 \
    X(RSM, 0x73, "RSM")                                                     \
    X(IRET, 0x74, "IRET")                                                   \
    X(INT_N, 0x75, "INT n")                                                 \
    X(INVD, 0x76, "INVD")                                                   \
    X(PAUSE, 0x77, "PAUSE")                                                 \
    X(HLT, 0x78, "HLT")                                                     \
    X(INVLPG, 0x79, "INVLPG")                                               \
    X(INVLPGA, 0x7a, "INVLPGA")                                             \
    X(IO, 0x7b, "I/O instruction")                                          \
    X(MSR, 0x7c, "RDMSR or WRMSR")                                          \
    X(TASK_SWITCH, 0x7d, "task switch")                                     \
    X(FERR_FREEZE, 0x7e, "FPU error freeze")                                \
    X(SHUTDOWN, 0x7f, "shutdown")                                           \
    X(VMRUN, 0x80, "VMRUN")                                                 \
    X(VMMCALL, 0x81, "VMMCALL")                                             \
    X(VMLOAD, 0x82, "VMLOAD")                                               \
    X(VMSAVE, 0x83, "VMSAVE")                                               \
    X(STGI, 0x84, "STGI")                                                   \
    X(CLGI, 0x85, "CLGI")                                                   \
    X(SKINIT, 0x86, "SKINIT")                                               \
    X(RDTSCP, 0x87, "RDTSCP")                                               \
    X(ICEBP, 0x88, "ICEBP")                                                 \
    X(WBINVD, 0x89, "WBINVD or WBNOINVD")                                   \
    X(MONITOR, 0x8a, "MONITOR or MONITORX")                                 \
    X(MWAIT, 0x8b, "MWAIT or MWAITX")                                       \
    X(MWAIT_ARMED, 0x8c, "MWAIT or MWAITX, monitor armed")                  \
    X(XSETBV, 0x8d, "XSETBV")                                               \
    X(RDPRU, 0x8e, "RDPRU")                                                 \
    X(EFER_WRITE_TRAP, 0x8f, "after a write of EFER")                       \
    X(INVLPGB, 0xa0, "INVLPGB")                                             \
    X(INVLPGB_ILLEGAL, 0xa1, "illegal INVLPGB")                             \
    X(INVPCID, 0xa2, "INVPCID")                                             \
    X(MCOMMIT, 0xa3, "MCOMMIT")                                             \
    X(TLBSYNC, 0xa4, "TLBSYNC")                                             \
    X(BUS_LOCK, 0xa5, "bus lock")                                           \
    X(IDLE_HLT, 0xa6, "HLT without a pending virtual interrupt")            \
    X(NESTED_PAGE_FAULT, 0x400, "nested page fault")                        \
    X(AVIC_INCOMPLETE_IPI, 0x401, "IPI that AVIC cannot deliver")           \
    X(AVIC_NO_ACCELERATION, 0x402, "APIC access that AVIC does not handle") \
    X(VMGEXIT, 0x403, "VMGEXIT")

/*
 * Codes of entries that did not take place. The field is 64 bits wide and -1, -2 and -3 fill it,
 * but some implementations write 32 bits: compare these.
 */
#define SVM_EXIT_INVALID       0xffffffff
#define SVM_EXIT_BUSY          0xfffffffe
#define SVM_EXIT_IDLE_REQUIRED 0xfffffffd

/* Decode assists for MOV CR: the instruction was MOV, bits 3:0 name the register (15.8.1). */
#define SVM_INFO1_MOV_CR   X86_BIT(63)
#define SVM_INFO1_GPR_MASK 0xf

/* EXITINFO1 of a nested page fault: as of a page fault, and these. */
#define SVM_NPF_PRESENT  X86_BIT(0)
#define SVM_NPF_WRITE    X86_BIT(1)
#define SVM_NPF_RESERVED X86_BIT(3)
#define SVM_NPF_FETCH    X86_BIT(4)
#define SVM_NPF_FINAL    X86_BIT(32) /* translating the guest's final address */
#define SVM_NPF_WALK     X86_BIT(33) /* walking the guest's page tables */

/* EXITINFO1 of IN and OUT, for code that needs a few bits and no more: 15.10.2. */
#define SVM_INFO1_IO_IN         X86_BIT(0)
#define SVM_INFO1_IO_STRING     X86_BIT(2)
#define SVM_INFO1_IO_SIZE_SHIFT 4 /* three bits: 1, 2 or 4 bytes */
#define SVM_INFO1_IO_PORT_SHIFT 16

/* Codes for assembly, checked below. */
#define SVM_CODE_CPUID 0x72
#define SVM_CODE_IO    0x7b
#define SVM_CODE_MSR   0x7c

#ifndef __ASSEMBLER__

enum svm_exit_code {
#define SVM_EXIT_ENUM(name, code, text) SVM_EXIT_##name = (code),
    SVM_EXITS(SVM_EXIT_ENUM)
#undef SVM_EXIT_ENUM
};

_Static_assert(SVM_CODE_CPUID == SVM_EXIT_CPUID && SVM_CODE_IO == SVM_EXIT_IO &&
                   SVM_CODE_MSR == SVM_EXIT_MSR,
               "for assembly");

/* The name of an exit code, in the low 32 bits; "unknown" for one that is not assigned. For ranges
 * the name of the range: "read of CR", "exception". */
const char *svm_exit_name(uint64_t code);

/* IN, OUT, INS, OUTS: EXITINFO1. */
struct svm_io {
    uint16_t port;
    uint8_t size;         /* 1, 2, 4; 0 when the processor reports nonsense */
    uint8_t address_size; /* 2, 4, 8; 0 likewise */
    uint8_t segment;      /* 0-5 in the architecture's order, with decode assists, for OUTS */
    bool in;
    bool string;
    bool rep;
};

struct svm_io svm_decode_io(uint64_t info1);

/* EXITINFO1 of an MSR exit: is it WRMSR? */
static inline bool svm_msr_is_write(uint64_t info1)
{
    return (info1 & 1) != 0;
}

enum svm_task_switch_source {
    SVM_TASK_CALL_OR_GATE, /* CALL, or an event through a task gate: EXITINTINFO tells */
    SVM_TASK_IRET,
    SVM_TASK_JMP
};

struct svm_task_switch {
    uint16_t selector;
    enum svm_task_switch_source source;
    bool has_error_code;
    bool rf; /* RFLAGS.RF as the outgoing TSS would get it */
    uint32_t error_code;
};

struct svm_task_switch svm_decode_task_switch(uint64_t info1, uint64_t info2);

/* A nested page fault: EXITINFO1. The guest-physical address is EXITINFO2. */
struct svm_nested_fault {
    bool present; /* else: not mapped */
    bool write;
    bool user;
    bool reserved; /* a reserved bit of a nested entry is set */
    bool fetch;
    bool walk; /* the access was one of the walk of the guest's page tables */
};

struct svm_nested_fault svm_decode_nested_fault(uint64_t info1);

/* The bytes of an instruction whose length its exit code tells, without prefixes; 0 for others. */
unsigned svm_exit_instruction_length(uint64_t code);

#endif /* __ASSEMBLER__ */

#endif
