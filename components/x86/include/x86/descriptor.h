/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Selectors, segment descriptors, access rights, gates, and the task-state segment.
 *
 * Intel SDM vol. 3, 3.4.2 (selectors), 3.4.5 (descriptors), 6.14.1 (gates), 7.7 (64-bit TSS),
 * 24.4.1 (access rights in the VMCS); AMD APM vol. 2, 15.5.1 (attributes in the VMCB).
 */

#ifndef X86_DESCRIPTOR_H
#define X86_DESCRIPTOR_H

#include <x86/bits.h>

/* Selector: index 15:3, table 2, requested privilege 1:0. */
#define X86_SELECTOR_RPL_MASK        0x3
#define X86_SELECTOR_LDT             0x4
#define X86_SELECTOR_GDT(index, rpl) (((index) << 3) | (rpl))

/* Access rights as the VMCS holds them. */
#define X86_AR_TYPE_MASK 0x0f
#define X86_AR_S         X86_BIT32(4) /* code or data, else system */
#define X86_AR_DPL_SHIFT 5
#define X86_AR_DPL_MASK  0x60
#define X86_AR_P         X86_BIT32(7)
#define X86_AR_AVL       X86_BIT32(12)
#define X86_AR_L         X86_BIT32(13)
#define X86_AR_DB        X86_BIT32(14)
#define X86_AR_G         X86_BIT32(15)
#define X86_AR_UNUSABLE  X86_BIT32(16)

/* Types of code and data segments (S = 1): table 3-1. */
#define X86_TYPE_DATA_RO            0x0
#define X86_TYPE_DATA_RW            0x2
#define X86_TYPE_DATA_RW_DOWN       0x6
#define X86_TYPE_CODE_XO            0x8
#define X86_TYPE_CODE_XR            0xa
#define X86_TYPE_CODE_XR_CONFORMING 0xe
#define X86_TYPE_ACCESSED           0x1 /* added to the above */

/* Types of system segments and gates (S = 0): table 3-2. */
#define X86_TYPE_TSS16            0x1
#define X86_TYPE_LDT              0x2
#define X86_TYPE_TSS16_BUSY       0x3
#define X86_TYPE_CALL_GATE16      0x4
#define X86_TYPE_TASK_GATE        0x5
#define X86_TYPE_INTERRUPT_GATE16 0x6
#define X86_TYPE_TRAP_GATE16      0x7
#define X86_TYPE_TSS              0x9 /* 32-bit, or 64-bit in IA-32e mode */
#define X86_TYPE_TSS_BUSY         0xb
#define X86_TYPE_CALL_GATE        0xc
#define X86_TYPE_INTERRUPT_GATE   0xe
#define X86_TYPE_TRAP_GATE        0xf

/* Whole access-rights words of the usual segments, present, accessed, privilege 0. */
#define X86_AR_REAL_DATA 0x0093
#define X86_AR_REAL_CODE 0x009b
#define X86_AR_REAL_LDT  0x0082
#define X86_AR_REAL_TSS  0x008b
#define X86_AR_CODE64    0xa09b
#define X86_AR_CODE32    0xc09b
#define X86_AR_DATA32    0xc093
#define X86_AR_TSS_BUSY  0x008b

/* struct x86_tss64 for assembly. */
#define X86_TSS64_RSP0 4
#define X86_TSS64_SIZE 104

#ifndef __ASSEMBLER__

#include <stddef.h>

/* A segment register with its hidden part, as VMCS and VMCB hold it. */
struct x86_segment {
    uint64_t base;
    uint32_t limit;         /* in bytes minus 1, whatever the granularity */
    uint32_t access_rights; /* X86_AR_* */
    uint16_t selector;
};

/*
 * An 8-byte descriptor for the GDT or LDT. base: 32 bits. limit: bytes minus 1; with X86_AR_G its
 * low 12 bits are lost, and read back as ones; without, its upper 12 are lost. access_rights:
 * X86_AR_*; an unusable segment gives the null descriptor.
 */
uint64_t x86_descriptor(uint32_t base, uint32_t limit, uint32_t access_rights);

/* Parts of a descriptor: base (32 bits), limit in bytes minus 1, access rights without unusable. */
uint32_t x86_descriptor_base(uint64_t descriptor);
uint32_t x86_descriptor_limit(uint64_t descriptor);
uint32_t x86_descriptor_access_rights(uint64_t descriptor);

/* A 16-byte descriptor (TSS or LDT of IA-32e mode): the second half holds base 63:32. */
struct x86_system_descriptor {
    uint64_t low;
    uint64_t high;
};

struct x86_system_descriptor x86_system_descriptor(uint64_t base, uint32_t limit,
                                                   uint32_t access_rights);

/*
 * What loading a selector in real or virtual-8086 mode gives: base selector * 16, limit 0xffff;
 * the access rights are the caller's.
 */
struct x86_segment x86_segment_real(uint16_t selector, uint32_t access_rights);

/* Privilege level in access rights, 0-3. */
static inline unsigned x86_ar_dpl(uint32_t access_rights)
{
    return (access_rights & X86_AR_DPL_MASK) >> X86_AR_DPL_SHIFT;
}

/* Access rights between VMCS (bits 7:0 and 15:12, unusable 16) and VMCB (bits 7:0 and 11:8). The
 * VMCB has no unusable bit: not present stands for it, both ways. */
uint16_t x86_ar_to_vmcb(uint32_t access_rights);
uint32_t x86_ar_from_vmcb(uint16_t attributes);

/* Task-state segment of IA-32e mode: figure 7-11. */
struct __attribute__((packed)) x86_tss64 {
    uint32_t reserved_0;
    uint64_t rsp[3]; /* stacks of privilege levels 0-2 */
    uint64_t reserved_1;
    uint64_t ist[7]; /* ist[n] is IST(n + 1) */
    uint64_t reserved_2;
    uint16_t reserved_3;
    uint16_t io_map_base; /* offset of the I/O permission bitmap; >= limit: none */
};

_Static_assert(sizeof(struct x86_tss64) == X86_TSS64_SIZE, "figure 7-11");
_Static_assert(offsetof(struct x86_tss64, rsp) == X86_TSS64_RSP0, "figure 7-11");
_Static_assert(offsetof(struct x86_tss64, ist) == 36, "figure 7-11");
_Static_assert(offsetof(struct x86_tss64, io_map_base) == 102, "figure 7-11");

/* Operand of LGDT, LIDT, SGDT, SIDT in 64-bit mode: SDM vol. 3, 3.5.1. */
struct __attribute__((packed)) x86_table_pointer {
    uint16_t limit; /* size in bytes minus 1 */
    uint64_t base;  /* linear address */
};

_Static_assert(sizeof(struct x86_table_pointer) == 10, "m16&64 operand");

/* Gate of the IDT in IA-32e mode: figure 6-8. */
struct x86_gate64 {
    uint16_t offset_15_0;
    uint16_t selector;
    uint8_t ist;        /* 0: no stack switch by IST, 1-7 */
    uint8_t attributes; /* type 3:0, DPL 6:5, P 7 */
    uint16_t offset_31_16;
    uint32_t offset_63_32;
    uint32_t reserved;
};

_Static_assert(sizeof(struct x86_gate64) == 16, "figure 6-8");
_Static_assert(offsetof(struct x86_gate64, offset_63_32) == 8, "figure 6-8");

/* A present gate. type: X86_TYPE_INTERRUPT_GATE or X86_TYPE_TRAP_GATE; ist 0-7; dpl 0-3. */
struct x86_gate64 x86_gate64(uint64_t offset, uint16_t selector, uint8_t type, uint8_t dpl,
                             uint8_t ist);

/* Where a gate leads. */
uint64_t x86_gate64_offset(const struct x86_gate64 *gate);

#endif /* __ASSEMBLER__ */

#endif
