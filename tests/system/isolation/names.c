/* SPDX-License-Identifier: BSD-2-Clause */
#include "vm.h"

#include <runtime/names.h>

const char *mismatch_name(uint64_t mismatch)
{
    static const char *const items[ITEMS] = {
#define NAME(name, number, msr) [number] = #name,
        GUEST_MSRS(NAME)
#undef NAME
            [ITEM_XCR0] = "XCR0",
        [ITEM_CR2] = "CR2",
        [ITEM_DR0] = "DR0",
        [ITEM_DR1] = "DR1",
        [ITEM_DR2] = "DR2",
        [ITEM_DR3] = "DR3",
        [ITEM_DR6] = "DR6",
        [ITEM_DR7] = "DR7",
        [ITEM_X87_CONTROL] = "x87 control and status",
        [ITEM_MXCSR] = "MXCSR",
        [ITEM_X87] = "x87 register",
        [ITEM_SSE] = "SSE register",
        [ITEM_EXTENDED] = "AVX or AVX-512 register",
    };

    if (mismatch >= MISMATCH_REGISTER)
        return nacelle_register_name((unsigned)(mismatch - MISMATCH_REGISTER));
    if (mismatch >= MISMATCH_ITEM && mismatch - MISMATCH_ITEM < ITEMS)
        return items[mismatch - MISMATCH_ITEM];
    return "?";
}
