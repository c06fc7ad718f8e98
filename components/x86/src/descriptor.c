/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/descriptor.h>

/* Bits 15:12 of the access rights are bits 55:52 of a descriptor, bits 7:0 are 47:40. */
#define AR_FLAGS_MASK 0xf000U
#define AR_BYTE_MASK  0xffU

uint64_t x86_descriptor(uint32_t base, uint32_t limit, uint32_t access_rights)
{
    uint64_t units = (access_rights & X86_AR_G) != 0 ? limit >> 12 : limit;

    if ((access_rights & X86_AR_UNUSABLE) != 0)
        return 0;
    return x86_bits(units, 15, 0) | (x86_bits(base, 23, 0) << 16) |
           ((uint64_t)(access_rights & AR_BYTE_MASK) << 40) | (x86_bits(units, 19, 16) << 48) |
           ((uint64_t)(access_rights & AR_FLAGS_MASK) << 40) | (x86_bits(base, 31, 24) << 56);
}

uint32_t x86_descriptor_base(uint64_t descriptor)
{
    return (uint32_t)(x86_bits(descriptor, 39, 16) | (x86_bits(descriptor, 63, 56) << 24));
}

uint32_t x86_descriptor_limit(uint64_t descriptor)
{
    uint32_t units = (uint32_t)(x86_bits(descriptor, 15, 0) | (x86_bits(descriptor, 51, 48) << 16));

    return (x86_descriptor_access_rights(descriptor) & X86_AR_G) != 0 ? (units << 12) | 0xfffU
                                                                      : units;
}

uint32_t x86_descriptor_access_rights(uint64_t descriptor)
{
    return (uint32_t)(descriptor >> 40) & (AR_FLAGS_MASK | AR_BYTE_MASK);
}

struct x86_system_descriptor x86_system_descriptor(uint64_t base, uint32_t limit,
                                                   uint32_t access_rights)
{
    return (struct x86_system_descriptor){
        .low = x86_descriptor((uint32_t)base, limit, access_rights),
        .high = base >> 32,
    };
}

struct x86_segment x86_segment_real(uint16_t selector, uint32_t access_rights)
{
    return (struct x86_segment){
        .base = (uint64_t)selector << 4,
        .limit = 0xffff,
        .access_rights = access_rights,
        .selector = selector,
    };
}

uint16_t x86_ar_to_vmcb(uint32_t access_rights)
{
    uint32_t byte = access_rights & AR_BYTE_MASK;

    if ((access_rights & X86_AR_UNUSABLE) != 0)
        byte &= ~X86_AR_P;
    return (uint16_t)(byte | ((access_rights & AR_FLAGS_MASK) >> 4));
}

uint32_t x86_ar_from_vmcb(uint16_t attributes)
{
    uint32_t rights = (attributes & AR_BYTE_MASK) | (((uint32_t)attributes << 4) & AR_FLAGS_MASK);

    return (rights & X86_AR_P) != 0 ? rights : rights | X86_AR_UNUSABLE;
}

struct x86_gate64 x86_gate64(uint64_t offset, uint16_t selector, uint8_t type, uint8_t dpl,
                             uint8_t ist)
{
    return (struct x86_gate64){
        .offset_15_0 = (uint16_t)x86_bits(offset, 15, 0),
        .selector = selector,
        .ist = ist & 7U,
        .attributes =
            (uint8_t)(X86_AR_P | ((dpl & 3U) << X86_AR_DPL_SHIFT) | (type & X86_AR_TYPE_MASK)),
        .offset_31_16 = (uint16_t)x86_bits(offset, 31, 16),
        .offset_63_32 = (uint32_t)x86_bits(offset, 63, 32),
    };
}

uint64_t x86_gate64_offset(const struct x86_gate64 *gate)
{
    return gate->offset_15_0 | ((uint64_t)gate->offset_31_16 << 16) |
           ((uint64_t)gate->offset_63_32 << 32);
}
