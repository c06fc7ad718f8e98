/* SPDX-License-Identifier: BSD-2-Clause */
/* What the guest of the isolation test and its client share: addresses, and the table of all the
 * values that must survive. */
#ifndef ISOLATION_GUEST_H
#define ISOLATION_GUEST_H

/* Guest-physical addresses, mapped to themselves. */
#define GUEST_TABLES 0x1000 /* three pages */
#define GUEST_CODE   0x10000
#define GUEST_DATA   0x20000 /* struct guest_data */
#define GUEST_XSAVE  0x21000 /* what the FPU registers are to hold */
#define GUEST_FOUND  0x23000 /* what they held */
#define GUEST_SIZE   0x200000

/* Offsets in struct guest_data. */
#define DATA_REGISTERS   0
#define DATA_ITEMS       128
#define DATA_ITEM_COUNT  32
#define DATA_MISMATCH    384
#define DATA_VALUE       392
#define DATA_ROUNDS      400
#define DATA_SPIN        408
#define DATA_HAS_XSAVE   416
#define DATA_HAS_TSC_AUX 420
#define DATA_EXTENDED    424
#define DATA_FIXED_IF    432

/* MSRs: ITEM(name, number, MSR). They are opened, read and changed by the guest. */
#define GUEST_MSRS(ITEM)                \
    ITEM(STAR, 0, 0xc0000081)           \
    ITEM(LSTAR, 1, 0xc0000082)          \
    ITEM(CSTAR, 2, 0xc0000083)          \
    ITEM(FMASK, 3, 0xc0000084)          \
    ITEM(KERNEL_GS_BASE, 4, 0xc0000102) \
    ITEM(FS_BASE, 5, 0xc0000100)        \
    ITEM(GS_BASE, 6, 0xc0000101)        \
    ITEM(SYSENTER_CS, 7, 0x174)         \
    ITEM(SYSENTER_ESP, 8, 0x175)        \
    ITEM(SYSENTER_EIP, 9, 0x176)        \
    ITEM(PAT, 10, 0x277)                \
    ITEM(TSC_AUX, 11, 0xc0000103)
#define ITEM_STAR           0
#define ITEM_LSTAR          1
#define ITEM_CSTAR          2
#define ITEM_FMASK          3
#define ITEM_KERNEL_GS_BASE 4
#define ITEM_FS_BASE        5
#define ITEM_GS_BASE        6
#define ITEM_SYSENTER_CS    7
#define ITEM_SYSENTER_ESP   8
#define ITEM_SYSENTER_EIP   9
#define ITEM_PAT            10
#define ITEM_TSC_AUX        11
#define ITEM_XCR0           12
#define ITEM_CR2            13
#define ITEM_DR0            14
#define ITEM_DR1            15
#define ITEM_DR2            16
#define ITEM_DR3            17
#define ITEM_DR6            18
#define ITEM_DR7            19
#define ITEM_X87_CONTROL    20
#define ITEM_MXCSR          21
#define ITEM_X87            22
#define ITEM_SSE            23
#define ITEM_EXTENDED       24
#define ITEMS               25

/* Numbers of general registers in DATA_MISMATCH begin here; 0 there is no mismatch. */
#define MISMATCH_ITEM     1
#define MISMATCH_REGISTER 64

#define HEARTBEAT         32     /* rounds between two hypercalls */
#define CHANGE            16     /* rounds between two changes of what the guest can change */
#define STEP              0x1010 /* what is added then */

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

struct guest_data {
    uint64_t registers[16];          /* in index order */
    uint64_t items[DATA_ITEM_COUNT]; /* ITEM_* */
    uint64_t mismatch;               /* MISMATCH_* + number */
    uint64_t value;                  /* that was found */
    uint64_t rounds;
    uint64_t spin;
    uint32_t has_xsave, has_tsc_aux;
    uint64_t extended; /* size of the state beyond SSE in 8 bytes */
    uint64_t fixed_if; /* 1: the guest leaves RFLAGS.IF as it is */
};

_Static_assert(offsetof(struct guest_data, items) == DATA_ITEMS, "guest.S");
_Static_assert(offsetof(struct guest_data, mismatch) == DATA_MISMATCH, "guest.S");
_Static_assert(offsetof(struct guest_data, spin) == DATA_SPIN, "guest.S");
_Static_assert(offsetof(struct guest_data, has_tsc_aux) == DATA_HAS_TSC_AUX, "guest.S");
_Static_assert(offsetof(struct guest_data, fixed_if) == DATA_FIXED_IF, "guest.S");

extern const uint8_t guest_begin[], guest_end[];

#endif
#endif
