/* SPDX-License-Identifier: BSD-2-Clause */
#include "record.h"

#include <x86/event.h>
#include <x86/general_registers.h>

uint64_t vcpu_mask_of_size(unsigned bytes)
{
    return bytes >= 8 || bytes == 0 ? ~UINT64_C(0) : (UINT64_C(1) << (8 * bytes)) - 1;
}

static uint64_t edx_eax(const uint64_t general[16])
{
    return general[X86_RDX] << 32 | (uint32_t)general[X86_RAX];
}

void vcpu_record_cpuid(struct nacelle_exit *out, const uint64_t general[16])
{
    out->number = (uint32_t)general[X86_RAX];
    out->detail = (uint32_t)general[X86_RCX];
}

void vcpu_record_counter(struct nacelle_exit *out, const uint64_t general[16])
{
    out->number = (uint32_t)general[X86_RCX];
}

void vcpu_record_hypercall(struct nacelle_exit *out, const uint64_t general[16])
{
    out->number = (uint32_t)general[X86_RAX];
}

void vcpu_record_msr(struct nacelle_exit *out, const uint64_t general[16], bool write)
{
    out->number = (uint32_t)general[X86_RCX];
    out->flags |= write ? NACELLE_EXIT_WRITE : NACELLE_EXIT_READ;
    if (write)
        out->value = edx_eax(general);
}

void vcpu_record_xsetbv(struct nacelle_exit *out, const uint64_t general[16])
{
    out->number = (uint32_t)general[X86_RCX];
    out->value = edx_eax(general);
}

void vcpu_record_vectoring(struct nacelle_exit *out, uint32_t event, uint32_t error)
{
    if ((event & X86_EVENT_VALID) == 0)
        return;
    out->flags |= NACELLE_EXIT_VECTORING;
    out->vectoring = event;
    out->vectoring_error = error;
}
