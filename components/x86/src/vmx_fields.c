/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/vmx_fields.h>

/* Width, type and writability are stated by the encoding itself: 24.11.2. */
#define FIELD_WIDTH(encoding) ((enum vmx_field_width)(((encoding) >> 13) & 3))
#define FIELD_TYPE(encoding)  ((enum vmx_field_type)(((encoding) >> 10) & 3))

static const struct vmx_field fields[] = {
#define VMX_FIELD(name)                                              \
    {VMCS_##name, FIELD_WIDTH(VMCS_##name), FIELD_TYPE(VMCS_##name), \
     FIELD_TYPE(VMCS_##name) == VMX_TYPE_READ_ONLY, #name},
#include <x86/vmx_fields.def>
#undef VMX_FIELD
};

#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))

uint32_t vmx_field_bytes(enum vmx_field_width width)
{
    static const uint8_t bytes[] = {
        [VMX_WIDTH_16] = 2,
        [VMX_WIDTH_64] = 8,
        [VMX_WIDTH_32] = 4,
        [VMX_WIDTH_NATURAL] = 8,
    };

    return bytes[(unsigned)width & 3U];
}

const struct vmx_field *vmx_field_find(uint32_t encoding)
{
    uint32_t wanted = encoding & ~(uint32_t)VMX_FIELD_HIGH;
    size_t low = 0;
    size_t high = FIELD_COUNT;

    if ((encoding & VMX_FIELD_HIGH) != 0 && vmx_field_width(encoding) != VMX_WIDTH_64)
        return NULL;
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (fields[middle].encoding == wanted)
            return &fields[middle];
        if (fields[middle].encoding < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const char *vmx_field_name(uint32_t encoding)
{
    const struct vmx_field *field = vmx_field_find(encoding);

    return field != NULL ? field->name : "unknown";
}

const struct vmx_field *vmx_field_at(size_t i)
{
    return i < FIELD_COUNT ? &fields[i] : NULL;
}
