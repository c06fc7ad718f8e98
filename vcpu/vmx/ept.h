/* SPDX-License-Identifier: BSD-2-Clause */
/* The entries of EPT, for the second-level tables: Intel SDM vol. 3, 28.2.2. */
#ifndef VCPU_VMX_EPT_H
#define VCPU_VMX_EPT_H

#include <x86/ept.h>

#include "../slat.h"

static const struct slat_format vmx_slat_format = {
    .table = EPT_RWX,
    .read = EPT_READ,
    .write = EPT_WRITE,
    .execute = EPT_EXECUTE,
    .type_mask = 7u << EPT_MEMORY_TYPE_SHIFT,
    .cached = X86_MEMORY_WB << EPT_MEMORY_TYPE_SHIFT,
    .uncached = X86_MEMORY_UC << EPT_MEMORY_TYPE_SHIFT,
};

#endif
