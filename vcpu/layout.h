/* SPDX-License-Identifier: BSD-2-Clause */
/* Offsets that the entry and exit code uses; internal.h asserts them. */
#ifndef VCPU_LAYOUT_H
#define VCPU_LAYOUT_H

/* In struct vcpu. */
#define VCPU_HOST_STACK      0x00
#define VCPU_CR2             0x08
#define VCPU_ENTRY_STATUS    0x10
#define VCPU_PHYSICAL        0x18
#define VCPU_OWN_PHYSICAL    0x20
#define VCPU_DIRECT          0x28
#define VCPU_EXIT_LENGTH     0x2c
#define VCPU_NEXT_RIP        0x30
#define VCPU_RFLAGS          0x38
#define VCPU_DIRECT_COUNT    0x40
#define VCPU_HOST_IDT        0x48
#define VCPU_GUARD           0x58
#define VCPU_ANSWERS         0x60
#define VCPU_SPECIAL         0x68
#define VCPU_GUEST_TICKS     0x70
#define VCPU_ANSWERED_CPUID  0x78
#define VCPU_ANSWERED_MSR    0x80
#define VCPU_ANSWERED_PORT   0x88
#define VCPU_SPECIAL_GUARD   1 /* SVM: a guarded entry */
#define VCPU_SPECIAL_ANSWERS 2 /* SVM: answers are looked for */

/* The control structure, from struct vcpu. */
#define VCPU_CONTROL (-0x2000)

/* Where the length of a reply's label is in its tag. */
#define DIRECT_LENGTH_SHIFT (NACELLE_TAG_LABEL_SHIFT + NACELLE_RESUME_LENGTH_SHIFT)

#endif
