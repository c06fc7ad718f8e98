/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/extable.h>

uint64_t x86_extable_fixup(const struct x86_extable_entry *begin,
                           const struct x86_extable_entry *end, uint64_t ip)
{
    for (const struct x86_extable_entry *entry = begin; entry < end; entry++) {
        if (entry->fault_ip == ip)
            return entry->fixup_ip;
    }
    return 0;
}
