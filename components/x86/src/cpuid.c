/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/bits.h>
#include <x86/cpuid.h>

/* Leaves of one range share their upper half and its maximum, in EAX of the first. */
#define RANGE_MASK 0xffff0000U

static const struct x86_cpuid_feature features[X86_FEATURE_COUNT] = {
#define X86_FEATURE_DEF(id, name, leaf, subleaf, reg, bit) \
    [X86_FEATURE_##id] = {name, leaf, subleaf, reg, bit},
#include <x86/cpuid_features.def>
#undef X86_FEATURE_DEF
};

static uint32_t register_of(struct x86_cpuid_regs regs, enum x86_cpuid_register reg)
{
    switch (reg) {
    case X86_CPUID_EAX:
        return regs.eax;
    case X86_CPUID_EBX:
        return regs.ebx;
    case X86_CPUID_ECX:
        return regs.ecx;
    default:
        return regs.edx;
    }
}

static bool text_equal(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

struct x86_cpuid_regs x86_cpuid_read(void *context, uint32_t leaf, uint32_t subleaf)
{
    (void)context;
    return x86_cpuid(leaf, subleaf);
}

const struct x86_cpuid_feature *x86_feature_info(enum x86_feature feature)
{
    return (unsigned)feature < X86_FEATURE_COUNT ? &features[feature] : NULL;
}

enum x86_feature x86_feature_find(const char *name)
{
    for (unsigned i = 0; i < X86_FEATURE_COUNT; i++) {
        if (text_equal(features[i].name, name))
            return (enum x86_feature)i;
    }
    return X86_FEATURE_COUNT;
}

bool x86_cpuid_leaf_present(x86_cpuid_reader reader, void *context, uint32_t leaf)
{
    uint32_t range = leaf & RANGE_MASK;
    uint32_t maximum = reader(context, range, 0).eax;

    /* A processor without the range answers with other data: the upper half then differs. */
    return (maximum & RANGE_MASK) == range && leaf <= maximum;
}

bool x86_feature_present(x86_cpuid_reader reader, void *context, enum x86_feature feature)
{
    const struct x86_cpuid_feature *info = x86_feature_info(feature);

    if (info == NULL || !x86_cpuid_leaf_present(reader, context, info->leaf))
        return false;
    /* Leaf 7 says itself how many subleaves it has. */
    if (info->leaf == X86_CPUID_EXTENDED_FEATURES &&
        reader(context, info->leaf, 0).eax < info->subleaf)
        return false;
    return x86_bit(register_of(reader(context, info->leaf, info->subleaf), info->reg), info->bit);
}

static enum x86_vendor vendor_of_text(const char *text)
{
    static const struct {
        const char *text;
        enum x86_vendor vendor;
    } vendors[] = {
        {"GenuineIntel", X86_VENDOR_INTEL},
        {"AuthenticAMD", X86_VENDOR_AMD},
        {"HygonGenuine", X86_VENDOR_HYGON},
    };

    for (size_t i = 0; i < sizeof(vendors) / sizeof(vendors[0]); i++) {
        if (text_equal(vendors[i].text, text))
            return vendors[i].vendor;
    }
    return X86_VENDOR_OTHER;
}

struct x86_cpuid_identity x86_cpuid_identity(x86_cpuid_reader reader, void *context)
{
    struct x86_cpuid_regs regs = reader(context, X86_CPUID_MAX_BASIC, 0);
    const uint32_t words[3] = {regs.ebx, regs.edx, regs.ecx};
    struct x86_cpuid_identity identity = {.max_leaf = regs.eax};

    for (unsigned i = 0; i < 12; i++)
        identity.vendor_text[i] = (char)x86_bits(words[i / 4], (i % 4) * 8 + 7, (i % 4) * 8);
    identity.vendor = vendor_of_text(identity.vendor_text);
    return identity;
}

struct x86_cpuid_version x86_cpuid_version(uint32_t eax)
{
    uint16_t family = (uint16_t)x86_bits(eax, 11, 8);
    uint8_t model = (uint8_t)x86_bits(eax, 7, 4);

    /* AMD extends the model for family 15 only; its families 6 have 0 there. */
    if (family == 6 || family == 15)
        model = (uint8_t)(model | (x86_bits(eax, 19, 16) << 4));
    if (family == 15)
        family = (uint16_t)(family + x86_bits(eax, 27, 20));
    return (struct x86_cpuid_version){family, model, (uint8_t)x86_bits(eax, 3, 0)};
}

unsigned x86_cpuid_physical_bits(x86_cpuid_reader reader, void *context)
{
    if (x86_cpuid_leaf_present(reader, context, X86_CPUID_ADDRESS_SIZES))
        return (unsigned)x86_bits(reader(context, X86_CPUID_ADDRESS_SIZES, 0).eax, 7, 0);
    return x86_feature_present(reader, context, X86_FEATURE_PAE) ? 36 : 32;
}

unsigned x86_cpuid_linear_bits(x86_cpuid_reader reader, void *context)
{
    if (x86_cpuid_leaf_present(reader, context, X86_CPUID_ADDRESS_SIZES))
        return (unsigned)x86_bits(reader(context, X86_CPUID_ADDRESS_SIZES, 0).eax, 15, 8);
    return 32;
}

uint64_t x86_cpuid_xcr0_supported(x86_cpuid_reader reader, void *context)
{
    struct x86_cpuid_regs regs;

    if (!x86_feature_present(reader, context, X86_FEATURE_XSAVE) ||
        !x86_cpuid_leaf_present(reader, context, X86_CPUID_XSTATE))
        return 0;
    regs = reader(context, X86_CPUID_XSTATE, 0);
    return ((uint64_t)regs.edx << 32) | regs.eax;
}
