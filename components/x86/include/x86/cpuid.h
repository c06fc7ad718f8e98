/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * CPUID: leaves, features by name, vendor, address widths.
 *
 * Intel SDM vol. 2, CPUID (tables 3-8 and following); AMD APM vol. 3, appendix E. All functions
 * are pure over a reader, so that they serve the processor, a client's table or a test alike.
 */

#ifndef X86_CPUID_H
#define X86_CPUID_H

#define X86_CPUID_MAX_BASIC         0x00000000
#define X86_CPUID_FEATURES          0x00000001
#define X86_CPUID_CACHES            0x00000004
#define X86_CPUID_MONITOR           0x00000005
#define X86_CPUID_THERMAL           0x00000006
#define X86_CPUID_EXTENDED_FEATURES 0x00000007
#define X86_CPUID_PERFMON           0x0000000a
#define X86_CPUID_TOPOLOGY          0x0000000b
#define X86_CPUID_XSTATE            0x0000000d
#define X86_CPUID_SGX               0x00000012
#define X86_CPUID_TSC               0x00000015
#define X86_CPUID_FREQUENCY         0x00000016
#define X86_CPUID_TOPOLOGY_V2       0x0000001f
#define X86_CPUID_HYPERVISOR        0x40000000
#define X86_CPUID_MAX_EXTENDED      0x80000000
#define X86_CPUID_EXTENDED          0x80000001
#define X86_CPUID_BRAND_0           0x80000002
#define X86_CPUID_BRAND_2           0x80000004
#define X86_CPUID_POWER             0x80000007
#define X86_CPUID_ADDRESS_SIZES     0x80000008
#define X86_CPUID_SVM               0x8000000a

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <x86/insn.h>

/* Reads one leaf and subleaf. context is the caller's; the reader answers as CPUID would. */
typedef struct x86_cpuid_regs (*x86_cpuid_reader)(void *context, uint32_t leaf, uint32_t subleaf);

/* The reader that executes CPUID; it ignores its context. */
struct x86_cpuid_regs x86_cpuid_read(void *context, uint32_t leaf, uint32_t subleaf);

/* Registers of a result, by the number that struct x86_cpuid_feature has. */
enum x86_cpuid_register {
    X86_CPUID_EAX,
    X86_CPUID_EBX,
    X86_CPUID_ECX,
    X86_CPUID_EDX
};

/* Features: X86_FEATURE_ and the manual's name. cpuid_features.def says where each is. */
enum x86_feature {
#define X86_FEATURE_DEF(id, name, leaf, subleaf, reg, bit) X86_FEATURE_##id,
#include <x86/cpuid_features.def>
#undef X86_FEATURE_DEF
    X86_FEATURE_COUNT
};

struct x86_cpuid_feature {
    const char *name; /* as the manual writes it, lower case */
    uint32_t leaf;
    uint32_t subleaf;
    enum x86_cpuid_register reg;
    uint8_t bit; /* 0-31 */
};

/* Where a feature is reported; NULL for a number that is no feature. */
const struct x86_cpuid_feature *x86_feature_info(enum x86_feature feature);

/* The feature with this name; X86_FEATURE_COUNT when there is none. */
enum x86_feature x86_feature_find(const char *name);

/*
 * Is a feature reported? A leaf above the highest one reads as not reported, where Intel's
 * CPUID itself would answer with the data of the highest basic leaf.
 */
bool x86_feature_present(x86_cpuid_reader reader, void *context, enum x86_feature feature);

/* Does the leaf (basic, or extended from 80000000H) exist? */
bool x86_cpuid_leaf_present(x86_cpuid_reader reader, void *context, uint32_t leaf);

enum x86_vendor {
    X86_VENDOR_OTHER,
    X86_VENDOR_INTEL,
    X86_VENDOR_AMD,
    X86_VENDOR_HYGON
};

/* What leaf 0 says. */
struct x86_cpuid_identity {
    enum x86_vendor vendor;
    uint32_t max_leaf;
    char vendor_text[13]; /* EBX, EDX, ECX as text, 0-terminated */
};

struct x86_cpuid_identity x86_cpuid_identity(x86_cpuid_reader reader, void *context);

/* Version in EAX of leaf 1, with the extended fields added as the manuals demand. */
struct x86_cpuid_version {
    uint16_t family;
    uint8_t model;
    uint8_t stepping;
};

struct x86_cpuid_version x86_cpuid_version(uint32_t eax);

/* MAXPHYADDR: leaf 80000008H, else 36 with PAE and 32 without (SDM vol. 3, 4.1.4). */
unsigned x86_cpuid_physical_bits(x86_cpuid_reader reader, void *context);

/* Linear-address width: leaf 80000008H, else 32. */
unsigned x86_cpuid_linear_bits(x86_cpuid_reader reader, void *context);

/* Bits of XCR0 that may be set: leaf 0DH, subleaf 0, EDX:EAX; 0 without XSAVE. */
uint64_t x86_cpuid_xcr0_supported(x86_cpuid_reader reader, void *context);

#endif /* __ASSEMBLER__ */

#endif
