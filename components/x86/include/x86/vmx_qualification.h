/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Exit qualifications and VM-exit instruction information, decoded into plain values.
 *
 * Intel SDM vol. 3, 27.2.1 (tables 27-1 to 27-7) and 27.2.5 (tables 27-8 to 27-14). Decoders take
 * any 64-bit (32-bit) value; bits that the manual leaves undefined or reserved do not matter, and
 * encodings that it reserves come out as said at each structure, never out of range.
 */

#ifndef X86_VMX_QUALIFICATION_H
#define X86_VMX_QUALIFICATION_H

#include <x86/bits.h>

/* For code that needs a few bits and no more: I/O instructions (table 27-5) ... */
#define VMX_QUALIFICATION_IO_SIZE_MASK  0x7 /* bytes, less 1 */
#define VMX_QUALIFICATION_IO_IN         X86_BIT32(3)
#define VMX_QUALIFICATION_IO_STRING     X86_BIT32(4)
#define VMX_QUALIFICATION_IO_IMMEDIATE  X86_BIT32(6)
#define VMX_QUALIFICATION_IO_PORT_SHIFT 16

/* ... and EPT violations (table 27-7). */
#define VMX_QUALIFICATION_EPT_ACCESS_MASK    0x7 /* read 1, write 2, fetch 4 */
#define VMX_QUALIFICATION_EPT_RIGHTS_SHIFT   3   /* what the entries allow, three bits likewise */
#define VMX_QUALIFICATION_EPT_LINEAR_VALID   X86_BIT32(7)
#define VMX_QUALIFICATION_EPT_FINAL          X86_BIT32(8)
#define VMX_QUALIFICATION_EPT_NMI_UNBLOCKING X86_BIT32(12)

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stdint.h>

/* --- Control-register access: table 27-3 --- */

enum vmx_cr_access_kind {
    VMX_CR_MOV_TO = 0,
    VMX_CR_MOV_FROM = 1,
    VMX_CR_CLTS = 2,
    VMX_CR_LMSW = 3
};

struct vmx_cr_access {
    enum vmx_cr_access_kind kind;
    uint8_t cr;            /* 0, 3, 4 or 8; 0 for CLTS and LMSW */
    uint8_t gpr;           /* index of the operand of MOV, 0-15; 4 is RSP */
    bool lmsw_memory;      /* the operand of LMSW is memory (then the linear address is given) */
    uint16_t lmsw_operand; /* what LMSW loads */
};

struct vmx_cr_access vmx_decode_cr_access(uint64_t qualification);

/* --- Debug-register access: table 27-4 --- */

struct vmx_dr_access {
    uint8_t dr;   /* 0-7; 4 and 5 as the instruction names them */
    bool from_dr; /* MOV from DR, else MOV to DR */
    uint8_t gpr;  /* index of the operand, 0-15; 4 is RSP */
};

struct vmx_dr_access vmx_decode_dr_access(uint64_t qualification);

/* --- Debug exception: table 27-1 (exit for #DB) --- */

struct vmx_debug_exception {
    uint8_t breakpoints; /* bit n: the condition of DRn was met */
    bool bus_lock;       /* BLD */
    bool dr_access;      /* BD: debug-register access with DR7.GD */
    bool single_step;    /* BS: single step or branch */
    bool rtm;            /* within an RTM region */
};

struct vmx_debug_exception vmx_decode_debug_exception(uint64_t qualification);

/* --- I/O instruction: table 27-5 --- */

struct vmx_io_access {
    uint16_t port;
    uint8_t size;   /* bytes: 1, 2 or 4; 0 for a reserved encoding */
    bool in;        /* IN or INS, else OUT or OUTS */
    bool string;    /* INS or OUTS: the instruction information says more */
    bool rep;       /* has a REP prefix */
    bool immediate; /* the port is an immediate, else DX */
};

struct vmx_io_access vmx_decode_io(uint64_t qualification);

/* --- Task switch: table 27-2 --- */

enum vmx_task_switch_source {
    VMX_TASK_CALL = 0,
    VMX_TASK_IRET = 1,
    VMX_TASK_JMP = 2,
    VMX_TASK_GATE = 3 /* task gate in the IDT */
};

struct vmx_task_switch {
    uint16_t selector; /* of the TSS to switch to */
    enum vmx_task_switch_source source;
};

struct vmx_task_switch vmx_decode_task_switch(uint64_t qualification);

/* --- APIC access: table 27-6 --- */

enum vmx_apic_access_kind {
    VMX_APIC_LINEAR_READ = 0,
    VMX_APIC_LINEAR_WRITE = 1,
    VMX_APIC_LINEAR_FETCH = 2,
    VMX_APIC_LINEAR_EVENT = 3,    /* read or write during event delivery */
    VMX_APIC_PHYSICAL_EVENT = 10, /* guest-physical access during event delivery */
    VMX_APIC_PHYSICAL = 15        /* guest-physical access of an instruction or its fetch */
};

struct vmx_apic_access {
    uint16_t offset; /* 0-0xfff in the APIC-access page; only for linear accesses */
    uint8_t kind;    /* enum vmx_apic_access_kind; other values 4-14 are reserved */
    bool asynchronous;
};

struct vmx_apic_access vmx_decode_apic_access(uint64_t qualification);

/* --- EPT violation: table 27-7 --- */

struct vmx_ept_violation {
    bool read; /* the access; a read-modify-write may report both */
    bool write;
    bool fetch;
    bool readable; /* what the EPT entries on the way allow, all together */
    bool writable;
    bool executable;
    bool user_executable; /* only with mode-based execute control */
    bool linear_valid;    /* VMCS_GUEST_LINEAR_ADDRESS is valid */
    bool final;           /* with linear_valid: the final access, not a paging-structure one */
    bool linear_user;     /* these three only with advanced exit information, linear_valid */
    bool linear_writable; /* and final: rights that guest paging gives */
    bool linear_no_execute;
    bool nmi_unblocking;          /* NMI unblocking due to IRET */
    bool shadow_stack;            /* shadow-stack access */
    bool supervisor_shadow_stack; /* the EPT entry says supervisor shadow stack */
    bool paging_verification;     /* guest-paging verification failed */
    bool asynchronous;            /* not caused by an instruction: PT or user-interrupt delivery */
};

struct vmx_ept_violation vmx_decode_ept_violation(uint64_t qualification);

/* --- Instruction information: tables 27-8 to 27-14 --- */

/* Segment registers as instruction information numbers them. */
enum vmx_segment {
    VMX_SEGMENT_ES = 0,
    VMX_SEGMENT_CS = 1,
    VMX_SEGMENT_SS = 2,
    VMX_SEGMENT_DS = 3,
    VMX_SEGMENT_FS = 4,
    VMX_SEGMENT_GS = 5
};

/* INS and OUTS: table 27-8. Only where VMX_BASIC_INS_OUTS_INFO is set. */
struct vmx_string_io_info {
    uint8_t address_size; /* bytes: 2, 4 or 8; 0 for a reserved encoding */
    uint8_t segment;      /* enum vmx_segment, of OUTS; INS always uses ES; 6 and 7 are reserved */
};

struct vmx_string_io_info vmx_decode_string_io_info(uint32_t information);

/*
 * A memory operand, as most of the tables have it. The exit qualification holds the displacement:
 * effective address = displacement + base + (index << scale), cut to address_size.
 */
struct vmx_memory_operand {
    uint8_t scale;        /* 0-3: index is shifted left by this */
    uint8_t address_size; /* bytes: 2, 4 or 8; 0 for a reserved encoding */
    uint8_t segment;      /* enum vmx_segment; 6 and 7 are reserved */
    bool has_index;
    uint8_t index; /* register index 0-15; 0 without */
    bool has_base;
    uint8_t base; /* register index 0-15, 4 is RSP; 0 without */
};

/* LGDT and its kin: table 27-10, bits 29:28. */
enum vmx_table_instruction {
    VMX_SGDT = 0,
    VMX_SIDT = 1,
    VMX_LGDT = 2,
    VMX_LIDT = 3
};

struct vmx_table_info {
    enum vmx_table_instruction instruction;
    struct vmx_memory_operand memory;
    bool operand_32; /* 32-bit operand size; no meaning in 64-bit mode */
};

struct vmx_table_info vmx_decode_table_info(uint32_t information);

/* LLDT and its kin: table 27-11, bits 29:28. */
enum vmx_selector_instruction {
    VMX_SLDT = 0,
    VMX_STR = 1,
    VMX_LLDT = 2,
    VMX_LTR = 3
};

struct vmx_selector_info {
    enum vmx_selector_instruction instruction;
    bool in_register;                 /* the operand is reg, else memory */
    uint8_t reg;                      /* register index 0-15; 0 when in memory */
    struct vmx_memory_operand memory; /* all zero when in a register */
};

struct vmx_selector_info vmx_decode_selector_info(uint32_t information);

/*
 * INVEPT, INVPCID, INVVPID: table 27-9. VMCLEAR, VMPTRLD, VMPTRST, VMXON, XRSTORS, XSAVES: table
 * 27-13, which has no reg2. VMREAD and VMWRITE: table 27-14, the only one with in_register.
 */
struct vmx_operand_info {
    bool in_register;                 /* VMREAD, VMWRITE: the operand is reg1, else memory */
    uint8_t reg1;                     /* register index 0-15; 0 when in memory */
    uint8_t reg2;                     /* INV*: type register; VMREAD, VMWRITE: field register */
    struct vmx_memory_operand memory; /* all zero when in a register */
};

struct vmx_operand_info vmx_decode_invalidate_info(uint32_t information);
struct vmx_operand_info vmx_decode_memory_info(uint32_t information);
struct vmx_operand_info vmx_decode_vmread_info(uint32_t information);

/* RDRAND, RDSEED, TPAUSE, UMWAIT: table 27-12. */
struct vmx_random_info {
    uint8_t reg;          /* register index of the operand, 0-15 */
    uint8_t operand_size; /* bytes: 2, 4 or 8; 0 for a reserved encoding */
};

struct vmx_random_info vmx_decode_random_info(uint32_t information);

#endif /* __ASSEMBLER__ */

#endif
