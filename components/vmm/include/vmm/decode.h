/* SPDX-License-Identifier: BSD-2-Clause */
/* One instruction, decoded from its bytes: what of it exit handling needs. */
#ifndef VMM_DECODE_H
#define VMM_DECODE_H

#include <stdbool.h>
#include <stdint.h>

#define VMM_INSTRUCTION_MAX 15 /* bytes */
#define VMM_OPERANDS_MAX    3

/* How decoding, completing an exit or emulation ended. */
enum vmm_decode_status {
    VMM_DECODE_OK,
    VMM_DECODE_AGAIN,       /* a repeated string instruction has iterations left */
    VMM_DECODE_FAULT,       /* the guest gets an exception instead (vmm_emulator.fault) */
    VMM_DECODE_NO_CODE,     /* the bytes of the instruction are not in the guest's memory */
    VMM_DECODE_INVALID,     /* they are no instruction of this mode */
    VMM_DECODE_UNSUPPORTED, /* an instruction that is not emulated */
    VMM_DECODE_MISMATCH,    /* one that does not cause this exit: the guest changed its code */
    VMM_DECODE_NO_DECODER,  /* this library was built without one (NacelleZydis=OFF) */
};

const char *vmm_decode_text(enum vmm_decode_status status);

enum vmm_operation {
    VMM_OP_OTHER, /* none of these */
    /* Those that access memory, for emulation. */
    VMM_OP_MOV, /* also MOVNTI, and MOV to and from CR and DR */
    VMM_OP_MOVZX,
    VMM_OP_MOVSX, /* and MOVSXD */
    VMM_OP_MOVBE,
    VMM_OP_ADD,
    VMM_OP_OR,
    VMM_OP_ADC,
    VMM_OP_SBB,
    VMM_OP_AND,
    VMM_OP_SUB,
    VMM_OP_XOR,
    VMM_OP_CMP,
    VMM_OP_TEST,
    VMM_OP_INC,
    VMM_OP_DEC,
    VMM_OP_NOT,
    VMM_OP_NEG,
    VMM_OP_XCHG,
    VMM_OP_XADD,
    VMM_OP_CMPXCHG,
    VMM_OP_BT,
    VMM_OP_BTS,
    VMM_OP_BTR,
    VMM_OP_BTC,
    VMM_OP_STOS,
    VMM_OP_LODS,
    VMM_OP_MOVS,
    /* Those that exit by themselves. */
    VMM_OP_IN,
    VMM_OP_OUT,
    VMM_OP_INS,
    VMM_OP_OUTS,
    VMM_OP_CPUID,
    VMM_OP_RDMSR,
    VMM_OP_WRMSR,
    VMM_OP_CLTS,
    VMM_OP_LMSW,
    VMM_OP_SMSW,
    VMM_OP_HLT,
    VMM_OP_HYPERCALL,
    VMM_OP_SGDT,
    VMM_OP_SIDT,
    VMM_OP_LGDT,
    VMM_OP_LIDT,
    VMM_OP_SLDT,
    VMM_OP_STR,
    VMM_OP_LLDT,
    VMM_OP_LTR,
    VMM_OP_INVLPG,
    VMM_OP_RDTSC,
    VMM_OP_RDTSCP,
    VMM_OP_RDPMC,
    VMM_OP_XSETBV,
    VMM_OP_INVD,
    VMM_OP_WBINVD,
    VMM_OP_MONITOR,
    VMM_OP_MWAIT,
    VMM_OP_PAUSE,
    VMM_OP_INVPCID,
    VMM_OP_RSM,
};

/* VMM_DECODE_NO_REGISTER: without base or index. Registers are in index order. */
#define VMM_DECODE_NO_REGISTER 0xff
#define VMM_DECODE_RIP         0x10 /* as a base: of the next instruction */

enum vmm_operand_kind {
    VMM_OPERAND_NONE,
    VMM_OPERAND_REGISTER,
    VMM_OPERAND_HIGH_BYTE, /* AH, CH, DH, BH: bits 15-8 of register `number` */
    VMM_OPERAND_MEMORY,
    VMM_OPERAND_IMMEDIATE, /* sign-extended where the instruction does that */
    VMM_OPERAND_CONTROL,   /* CR */
    VMM_OPERAND_DEBUG,     /* DR */
    VMM_OPERAND_OTHER,     /* a segment or vector register... */
};

struct vmm_operand {
    enum vmm_operand_kind kind;
    uint8_t size; /* bytes */
    uint8_t number;
    /* memory */
    uint8_t segment; /* NACELLE_ES ... NACELLE_GS */
    uint8_t base, index;
    uint8_t scale;  /* 1, 2, 4, 8 */
    uint64_t value; /* immediate, or sign-extended displacement */
};

struct vmm_instruction {
    enum vmm_operation operation;
    uint8_t length;       /* bytes, with all prefixes */
    uint8_t operand_size; /* bytes; of string instructions: of an element */
    uint8_t address_size; /* bytes */
    bool repeat;          /* REP before a string instruction */
    bool immediate;       /* has an immediate operand */
    uint8_t segment;      /* of the source of a string instruction */
    uint8_t operand_count;
    struct vmm_operand operands[VMM_OPERANDS_MAX]; /* those that assembly code names */
};

/* What decides how bytes are read. */
enum vmm_decode_mode {
    VMM_MODE_REAL, /* 16 bits: real-address or virtual-8086 mode */
    VMM_MODE_16,   /* protected or compatibility mode */
    VMM_MODE_32,
    VMM_MODE_64,
};

/* Decodes the first instruction of up to VMM_INSTRUCTION_MAX bytes. VMM_DECODE_NO_CODE: it does not
 * end within them. */
enum vmm_decode_status vmm_decode(enum vmm_decode_mode mode, const uint8_t *bytes, unsigned count,
                                  struct vmm_instruction *instruction);

#endif
