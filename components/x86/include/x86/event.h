/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Events: vectors, the interruption-information word, and the rules about them.
 *
 * Word: Intel SDM vol. 3, 24.8.3 (VM entry), 24.9.2 (exit), 24.9.3 (IDT vectoring). AMD's EVENTINJ
 * and EXITINTINFO (APM vol. 2, 15.20) have the same bits with the error code in bits 63:32, and
 * know the types external, NMI, exception (3) and software interrupt (4) alone.
 * Vectors: SDM vol. 3, 6.3.1 and 6.15; APM vol. 2, 8.2.
 */

#ifndef X86_EVENT_H
#define X86_EVENT_H

#include <x86/bits.h>

/* Bytes of the longest instruction: SDM vol. 2, 2.3.11; APM vol. 3, 1.1. */
#define X86_INSTRUCTION_LENGTH_MAX 15

/* Vectors of exceptions. */
#define X86_VECTOR_DE       0
#define X86_VECTOR_DB       1
#define X86_VECTOR_NMI      2
#define X86_VECTOR_BP       3
#define X86_VECTOR_OF       4
#define X86_VECTOR_BR       5
#define X86_VECTOR_UD       6
#define X86_VECTOR_NM       7
#define X86_VECTOR_DF       8
#define X86_VECTOR_TS       10
#define X86_VECTOR_NP       11
#define X86_VECTOR_SS       12
#define X86_VECTOR_GP       13
#define X86_VECTOR_PF       14
#define X86_VECTOR_MF       16
#define X86_VECTOR_AC       17
#define X86_VECTOR_MC       18
#define X86_VECTOR_XM       19
#define X86_VECTOR_VE       20
#define X86_VECTOR_CP       21
#define X86_VECTOR_HV       28 /* AMD */
#define X86_VECTOR_VC       29 /* AMD */
#define X86_VECTOR_SX       30 /* AMD */
#define X86_EXCEPTION_COUNT 32

/* Interruption types: bits 10:8 of the word. */
#define X86_EVENT_EXTERNAL                      0
#define X86_EVENT_RESERVED                      1
#define X86_EVENT_NMI                           2
#define X86_EVENT_HARDWARE_EXCEPTION            3
#define X86_EVENT_SOFTWARE_INTERRUPT            4 /* INT n */
#define X86_EVENT_PRIVILEGED_SOFTWARE_EXCEPTION 5 /* INT1 */
#define X86_EVENT_SOFTWARE_EXCEPTION            6 /* INT3 and INTO */
#define X86_EVENT_OTHER                         7 /* pending MTF exit; at an exit SYSCALL (FRED) */

/* Bits of the word. */
#define X86_EVENT_ERROR_CODE     X86_BIT32(11)
#define X86_EVENT_NMI_UNBLOCKING X86_BIT32(12) /* at an exit: NMI unblocking due to IRET */
#define X86_EVENT_VALID          X86_BIT32(31)

/* Guest interruptibility state: SDM vol. 3, 24.4.2. */
#define VMX_INTERRUPTIBILITY_STI     X86_BIT32(0)
#define VMX_INTERRUPTIBILITY_MOV_SS  X86_BIT32(1)
#define VMX_INTERRUPTIBILITY_SMI     X86_BIT32(2)
#define VMX_INTERRUPTIBILITY_NMI     X86_BIT32(3)
#define VMX_INTERRUPTIBILITY_ENCLAVE X86_BIT32(4)

/* Guest activity state: SDM vol. 3, 24.4.2. */
#define VMX_ACTIVITY_ACTIVE        0
#define VMX_ACTIVITY_HLT           1
#define VMX_ACTIVITY_SHUTDOWN      2
#define VMX_ACTIVITY_WAIT_FOR_SIPI 3

/* Pending debug exceptions: SDM vol. 3, 24.4.2. */
#define VMX_PENDING_DEBUG_B0                 X86_BIT(0)
#define VMX_PENDING_DEBUG_B1                 X86_BIT(1)
#define VMX_PENDING_DEBUG_B2                 X86_BIT(2)
#define VMX_PENDING_DEBUG_B3                 X86_BIT(3)
#define VMX_PENDING_DEBUG_ENABLED_BREAKPOINT X86_BIT(12)
#define VMX_PENDING_DEBUG_BS                 X86_BIT(14)
#define VMX_PENDING_DEBUG_RTM                X86_BIT(16)

/* Page-fault error code: SDM vol. 3, 4.7. */
#define X86_PF_PRESENT        X86_BIT32(0)
#define X86_PF_WRITE          X86_BIT32(1)
#define X86_PF_USER           X86_BIT32(2)
#define X86_PF_RESERVED       X86_BIT32(3)
#define X86_PF_FETCH          X86_BIT32(4)
#define X86_PF_PROTECTION_KEY X86_BIT32(5)
#define X86_PF_SHADOW_STACK   X86_BIT32(6)
#define X86_PF_SGX            X86_BIT32(15)

#ifndef __ASSEMBLER__

/* One event, unpacked. */
struct x86_event {
    bool valid;
    uint8_t vector;
    uint8_t type; /* X86_EVENT_*, 0-7 */
    bool has_error_code;
    bool nmi_unblocking; /* only in what an exit reports */
    uint32_t error_code; /* 0 without one */
};

/* Takes an information word and its error code apart. A word that is not valid gives all zero. */
struct x86_event x86_event_unpack(uint32_t info, uint32_t error_code);

/*
 * The information word of an event; 0 when it is not valid. nmi_unblocking is left out: the bit is
 * reserved at VM entry.
 */
uint32_t x86_event_pack(const struct x86_event *event);

/*
 * Does an exception with this vector push an error code? 8, 10-14, 17, 21, 29, 30 do, in real mode
 * none does. 29 and 30 are AMD's; Intel processors take them for vectors without.
 */
bool x86_vector_has_error_code(uint8_t vector, bool real_mode);

/* Is the type one of a software event (4, 5, 6), whose delivery needs the instruction length? */
bool x86_event_is_soft(uint8_t type);

/*
 * The type with which the processor itself reports vector when it is delivered as an exception or
 * interrupt: NMI for 2, software exception for 3 and 4 (INT3, INTO), hardware exception for all
 * others below 32 (#DB too: privileged software exception is INT1 alone), external above.
 */
uint8_t x86_event_type_of_vector(uint8_t vector);

/* Fault: the saved instruction pointer is that of the instruction; trap: of the next (6.5). */
enum x86_exception_kind {
    X86_KIND_NONE, /* reserved vector, or above 31 */
    X86_KIND_FAULT,
    X86_KIND_TRAP,
    X86_KIND_FAULT_OR_TRAP, /* #DB: by its cause */
    X86_KIND_ABORT,
    X86_KIND_INTERRUPT /* NMI and #HV */
};

enum x86_exception_kind x86_exception_kind(uint8_t vector);

/* Classes of the double-fault rules: SDM vol. 3, table 6-4. */
enum x86_exception_class {
    X86_CLASS_BENIGN, /* also every interrupt, whatever its vector */
    X86_CLASS_CONTRIBUTORY,
    X86_CLASS_PAGE_FAULT, /* #PF and #VE */
    X86_CLASS_DOUBLE_FAULT
};

enum x86_exception_class x86_exception_class(uint8_t vector);

enum x86_combination {
    X86_COMBINE_SECOND, /* deliver the second; the first happens again or is lost, as for any */
    X86_COMBINE_DOUBLE_FAULT,
    X86_COMBINE_TRIPLE_FAULT /* shutdown */
};

/*
 * What becomes of a second exception that came up while the first was being delivered: SDM vol. 3,
 * table 6-5. Both are exceptions; an interrupt or INT n that was being delivered is benign, so ask
 * with a benign vector (X86_VECTOR_NMI) for it.
 */
enum x86_combination x86_exception_combine(uint8_t first, uint8_t second);

/* "#PF" and the like; "NMI" for 2; NULL for reserved vectors and those above 31. */
const char *x86_exception_name(uint8_t vector);

/* The name of a type 0-7, as "hardware exception"; "unknown" above. */
const char *x86_event_type_name(uint8_t type);

/* What the processor and the guest's mode have to do with an event check. */
#define X86_EVENT_CHECK_REAL_MODE      0x1U  /* guest CR0.PE = 0 (unrestricted guest) */
#define X86_EVENT_CHECK_ANY_ERROR_CODE 0x2U  /* VMX_BASIC_ANY_ERROR_CODE */
#define X86_EVENT_CHECK_MTF            0x4U  /* "monitor trap flag" is supported */
#define X86_EVENT_CHECK_LENGTH_0       0x8U  /* VMX_MISC_INJECT_LENGTH_0 */
#define X86_EVENT_CHECK_NO_CET         0x10U /* no CET: #CP (21) has no error code */

enum x86_event_error {
    X86_EVENT_OK = 0,
    X86_EVENT_BAD_TYPE,           /* type reserved or not supported */
    X86_EVENT_BAD_VECTOR,         /* vector does not fit type */
    X86_EVENT_ERROR_CODE_MISSING, /* the vector demands an error code */
    X86_EVENT_ERROR_CODE_EXTRA,   /* type, vector or mode forbids an error code */
    X86_EVENT_BAD_ERROR_CODE,     /* error-code bits 31:16 are not 0 */
    X86_EVENT_BAD_LENGTH          /* instruction length of a software event outside 1-15 */
};

/*
 * Would VM entry accept this event for injection? The checks of SDM vol. 3, 26.2.1.3, in its order.
 * flags: X86_EVENT_CHECK_*. length: instruction length in bytes, looked at for software events. An
 * event that is not valid passes. Vectors 29 and 30 never take an error code here: Intel's rules.
 */
enum x86_event_error x86_event_check(const struct x86_event *event, uint32_t length,
                                     uint32_t flags);

/* One line of text for a result of x86_event_check. */
const char *x86_event_error_text(enum x86_event_error error);

#endif /* __ASSEMBLER__ */

#endif
