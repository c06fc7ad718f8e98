/* SPDX-License-Identifier: BSD-2-Clause */
/* Exits of a vCPU, decoded: kinds, the exit record, the message, the reply. */
#ifndef NACELLE_EXIT_H
#define NACELLE_EXIT_H

/*
 * Kinds, the same on VMX and SVM. Each line: name, number, text, and what number, detail, value
 * and gpa of the record mean (number, detail and size are 0 where they are not named). All values
 * are the guest's own, unmasked.
 */
#define NACELLE_EXITS(X)                                                                           \
    X(NONE, 0, "none")                                                                             \
    /* number: port, size: 1 2 4, READ or WRITE, STRING, REPEAT, IMMEDIATE; value: what is      */ \
    /* written (OUT); for strings count: iterations left, gva: linear address of the first      */ \
    /* element, detail: segment register 0-5 | address size in bytes << 8                       */ \
    X(PORT, 1, "port I/O")                                                                         \
    /* READ WRITE EXECUTE: access; gpa; gva with GVA_VALID; WALK: the access was one to a guest */ \
    /* page table; detail: rights of the mapping found there, as NACELLE_RIGHT_*                */ \
    X(MEMORY, 2, "second-level fault")                                                             \
    X(CPUID, 3, "CPUID")    /* number: leaf (eax), detail: subleaf (ecx) */                        \
    X(MSR, 4, "MSR access") /* number: MSR; READ or WRITE; value: what is written */               \
    /* number: 0 3 4 8, READ: MOV from, WRITE: MOV to; detail: general register; value: what is */ \
    /* written. CLTS and LMSW are WRITEs to 0 with CR_CLTS or CR_LMSW set (LMSW: value = source */ \
    /* word, gva: address of a memory operand with GVA_VALID). SMSW, which exits on SVM alone,  */ \
    /* is a READ that is UNDECODED; completed it has CR_LMSW, size, and detail or gva           */ \
    X(CONTROL_REGISTER, 5, "control register access")                                              \
    /* number: 0-7, READ or WRITE, detail: general register, value: what is written             */ \
    X(DEBUG_REGISTER, 6, "debug register access")                                                  \
    X(HLT, 7, "HLT")                                                                               \
    X(HYPERCALL, 8, "hypercall") /* VMCALL or VMMCALL; number: eax; arguments in registers */      \
    /* number: vector, detail: error code with ERROR_CODE, value: fault address (#PF) or the    */ \
    /* DR6 bits (#DB)                                                                           */ \
    X(EXCEPTION, 9, "exception")                                                                   \
    X(INTERRUPT_WINDOW, 10, "interrupt window")                                                    \
    X(NMI_WINDOW, 11, "NMI window")                                                                \
    X(SHUTDOWN, 12, "shutdown (triple fault)")                                                     \
    /* number: the check that failed, NACELLE_CHECK_*; detail: group whose value was refused    */ \
    X(ENTRY_REFUSED, 13, "entry refused")                                                          \
    X(POKE, 14, "poke")                                                                            \
    /* number: selector, detail: source 0 CALL 1 IRET 2 JMP 3 task gate, ERROR_CODE and value   */ \
    /* when an exception with error code went through the task gate                             */ \
    X(TASK_SWITCH, 15, "task switch")                                                              \
    /* number: 0 SGDT 1 SIDT 2 LGDT 3 LIDT 4 SLDT 5 STR 6 LLDT 7 LTR; READ: stores, WRITE:      */ \
    /* loads; detail: general register, or gva: address of the memory operand with GVA_VALID    */ \
    X(DESCRIPTOR_TABLE, 16, "descriptor-table access")                                             \
    X(INVLPG, 17, "INVLPG")        /* gva: linear address */                                       \
    X(TSC, 18, "RDTSC or RDTSCP")  /* number: 0 RDTSC, 1 RDTSCP */                                 \
    X(RDPMC, 19, "RDPMC")          /* number: counter (ecx) */                                     \
    X(XSETBV, 20, "XSETBV")        /* number: register (ecx), value: edx:eax */                    \
    X(CACHE, 21, "INVD or WBINVD") /* number: 0 INVD, 1 WBINVD */                                  \
    X(MONITOR, 22, "MONITOR")                                                                      \
    X(MWAIT, 23, "MWAIT")                                                                          \
    X(PAUSE, 24, "PAUSE")                                                                          \
    /* an instruction of VMX or SVM other than the hypercall; number: NACELLE_VIRT_*            */ \
    X(VIRTUALIZATION, 25, "virtualization instruction")                                            \
    X(INIT, 26, "INIT signal")                                                                     \
    X(SIPI, 27, "start-up IPI")       /* number: vector */                                         \
    X(RANDOM, 28, "RDRAND or RDSEED") /* number: 0 RDRAND, 1 RDSEED; detail: general register */   \
    X(INVPCID, 29, "INVPCID") /* detail: register of the type; gva: descriptor's address */        \
    X(XSAVES, 30, "XSAVES or XRSTORS") /* number: 0 XSAVES, 1 XRSTORS */                           \
    X(SINGLE_STEP, 31, "single step")                                                              \
    X(GETSEC, 32, "GETSEC")                                                                        \
    X(RSM, 33, "RSM")                                                                              \
    X(MISCONFIGURATION, 34, "second-level misconfiguration") /* gpa */                             \
    X(MACHINE_CHECK, 35, "machine check at entry")                                                 \
    X(UNKNOWN, 36, "unknown") /* the raw codes say what the processor reported */                  \
    /* of a vCPU with a virtual-APIC page, after the instruction: an interrupt that TMR calls   */ \
    /* level-triggered has ended, number: vector; the processor has written a register into the */ \
    /* page and does not know what comes of it, number: offset                                  */ \
    X(APIC_EOI, 37, "end of a virtual interrupt")                                                  \
    X(APIC_WRITE, 38, "write to the virtual APIC")

#ifndef __ASSEMBLER__

/* Exit kinds: the label of an exit message (below NACELLE_EXIT_COUNT; NACELLE_TAG_KERNEL set). */
enum nacelle_exit_kind {
#define NACELLE_EXIT_ENUM(name, number, text) NACELLE_EXIT_##name = (number),
    NACELLE_EXITS(NACELLE_EXIT_ENUM)
#undef NACELLE_EXIT_ENUM
    NACELLE_EXIT_COUNT
};

/* Instructions of NACELLE_EXIT_VIRTUALIZATION, both vendors'. */
enum nacelle_virtualization_instruction {
    NACELLE_VIRT_VMCLEAR,
    NACELLE_VIRT_VMLAUNCH,
    NACELLE_VIRT_VMPTRLD,
    NACELLE_VIRT_VMPTRST,
    NACELLE_VIRT_VMREAD,
    NACELLE_VIRT_VMRESUME,
    NACELLE_VIRT_VMWRITE,
    NACELLE_VIRT_VMXOFF,
    NACELLE_VIRT_VMXON,
    NACELLE_VIRT_INVEPT,
    NACELLE_VIRT_INVVPID,
    NACELLE_VIRT_VMFUNC,
    NACELLE_VIRT_VMRUN,
    NACELLE_VIRT_VMLOAD,
    NACELLE_VIRT_VMSAVE,
    NACELLE_VIRT_STGI,
    NACELLE_VIRT_CLGI,
    NACELLE_VIRT_SKINIT,
    NACELLE_VIRT_INVLPGA,
};

#endif

/* Flags of the exit record. */
#define NACELLE_EXIT_READ       (1u << 0)
#define NACELLE_EXIT_WRITE      (1u << 1)
#define NACELLE_EXIT_EXECUTE    (1u << 2)
#define NACELLE_EXIT_STRING     (1u << 3)
#define NACELLE_EXIT_REPEAT     (1u << 4)
#define NACELLE_EXIT_IMMEDIATE  (1u << 5)
#define NACELLE_EXIT_GVA_VALID  (1u << 6)
#define NACELLE_EXIT_WALK       (1u << 7)
#define NACELLE_EXIT_ERROR_CODE (1u << 8)
#define NACELLE_EXIT_CR_CLTS    (1u << 9)
#define NACELLE_EXIT_CR_LMSW    (1u << 10)
/* The exit came while an event was being delivered; the engine delivers it again at the next entry
 * unless the client cancels it. vectoring and vectoring_error describe it. */
#define NACELLE_EXIT_VECTORING (1u << 11)
/* An injected interrupt, NMI or exception still waits for its delivery. INJECT and CANCEL change
 * it, so that it holds for an exit whose message was not received yet. */
#define NACELLE_EXIT_EVENT_PENDING (1u << 12)
/* VMX: the entry failed, bit 31 of the exit reason (SDM vol 3 24.9.1). */
#define NACELLE_EXIT_ENTRY_FAILED (1u << 13)
/* The processor does not tell the operands of the instruction (SVM without decode assists):
 * detail, value and gva may hold nothing, and the instruction at rip must be decoded for them. */
#define NACELLE_EXIT_UNDECODED (1u << 14)
/* instruction_length is that of the instruction without prefixes: the processor does not tell it
 * (SVM without next-RIP save). */
#define NACELLE_EXIT_LENGTH_ASSUMED (1u << 15)

/*
 * An event, to inject and as reported: bits 7-0 vector, 10-8 type, 11 has an error code, 31 valid.
 * The layout is that of SDM vol 3 24.8.3 and APM vol 2 15.20, which agree.
 */
#define NACELLE_EVENT_INTERRUPT                     (0u << 8)
#define NACELLE_EVENT_NMI                           (2u << 8)
#define NACELLE_EVENT_EXCEPTION                     (3u << 8)
#define NACELLE_EVENT_SOFTWARE_INTERRUPT            (4u << 8)
#define NACELLE_EVENT_PRIVILEGED_SOFTWARE_EXCEPTION (5u << 8)
#define NACELLE_EVENT_SOFTWARE_EXCEPTION            (6u << 8)
#define NACELLE_EVENT_TYPE_MASK                     (7u << 8)
#define NACELLE_EVENT_ERROR_CODE                    (1u << 11)
#define NACELLE_EVENT_VALID                         (1u << 31)

/* Vendors of the raw codes. */
#define NACELLE_VENDOR_VMX 1
#define NACELLE_VENDOR_SVM 2

/*
 * Exit message: badge of the endpoint capability, tag with the kind as label and length 4,
 *   word 0: number | flags << 32
 *   word 1: gpa when the kind has one, else value
 *   word 2: detail | size << 32
 *   word 3: rip
 *
 * Reply: label = NACELLE_RESUME_* flags. Dirty groups of the state page are taken over first. A
 * reply with ADVANCE (LENGTH perhaps) or 0, no words and no dirty group is the fast one.
 */
#define NACELLE_RESUME_ADVANCE 1 /* go on after the instruction; else execute it again */
#define NACELLE_RESUME_STAY    2 /* then stay stopped until NACELLE_VCPU_RESUME */
/* With ADVANCE: the instruction has so many bytes, 1 to 15, which the client found out. Without, it
 * is instruction_length, and where that is 0 RIP stays as it is. */
#define NACELLE_RESUME_LENGTH(bytes) ((uint32_t)(bytes) << NACELLE_RESUME_LENGTH_SHIFT)
#define NACELLE_RESUME_LENGTH_SHIFT  8
#define NACELLE_RESUME_LENGTH_MASK   0xf

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

/*
 * The exit record: first in the state page, written by the engine at each exit, 128 bytes. Always
 * written are kind, instruction_length, number, flags, detail, size and raw_reason; the rest where
 * the kind or a flag names it (vectoring with VECTORING, gva with GVA_VALID), else it may be what
 * an earlier exit left.
 */
struct nacelle_exit {
    uint32_t kind;               /* NACELLE_EXIT_* */
    uint32_t instruction_length; /* bytes; 0 when the processor does not tell */
    uint32_t number;             /* see the kinds */
    uint32_t flags;              /* NACELLE_EXIT_READ ... */
    uint32_t detail;             /* see the kinds */
    uint32_t size;               /* operand size in bytes */
    uint64_t value;              /* see the kinds */
    uint64_t gpa;                /* guest-physical address */
    uint64_t gva;                /* guest-linear address */
    uint64_t count;              /* iterations left of a repeated string instruction */
    uint32_t vectoring;          /* event whose delivery was interrupted, or 0 */
    uint32_t vectoring_error;    /* its error code */
    uint32_t vendor;             /* NACELLE_VENDOR_*, of the raw codes */
    uint32_t raw_instruction;    /* VMX: VM-exit instruction information */
    uint64_t raw_reason;         /* VMX: exit reason; SVM: EXITCODE */
    uint64_t raw_qualification;  /* VMX: exit qualification; SVM: EXITINFO1 */
    uint64_t raw_information;    /* VMX: VM-exit interruption information; SVM: EXITINFO2 */
    uint64_t reserved[4];        /* 0 */
};

_Static_assert(sizeof(struct nacelle_exit) == 128, "layout of the exit record");
_Static_assert(offsetof(struct nacelle_exit, value) == 24, "layout of the exit record");
_Static_assert(offsetof(struct nacelle_exit, vectoring) == 56, "layout of the exit record");
_Static_assert(offsetof(struct nacelle_exit, raw_reason) == 72, "layout of the exit record");

#endif
#endif
