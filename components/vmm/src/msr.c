/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of MSRs. */
#include <stddef.h>
#include <vmm/msr.h>

bool vmm_msr_add(struct vmm_msrs *msrs, const struct vmm_msr_range *range)
{
    if (msrs->count == VMM_MSR_RANGES_MAX || range->first > range->last)
        return false;
    for (unsigned i = 0; i < msrs->count; i++)
        if (range->first <= msrs->ranges[i].last && msrs->ranges[i].first <= range->last)
            return false;
    msrs->ranges[msrs->count++] = *range;
    return true;
}

static int find(const struct vmm_msrs *msrs, uint32_t msr)
{
    for (unsigned i = 0; i < msrs->count; i++)
        if (msr >= msrs->ranges[i].first && msr <= msrs->ranges[i].last)
            return (int)i;
    return -1;
}

bool vmm_msr_read(const struct vmm_msrs *msrs, uint32_t msr, uint64_t *value)
{
    int at = find(msrs, msr);

    if (at < 0)
        return false;
    if (msrs->ranges[at].get)
        return msrs->ranges[at].get(msrs->ranges[at].device, msr, value);
    *value = msrs->ranges[at].value;
    return true;
}

bool vmm_msr_write(struct vmm_msrs *msrs, uint32_t msr, uint64_t value)
{
    int at = find(msrs, msr);

    if (at >= 0 && msrs->ranges[at].set)
        return msrs->ranges[at].set(msrs->ranges[at].device, msr, value);
    if (at < 0 || msrs->ranges[at].write == VMM_MSR_WRITE_FAULTS)
        return false;
    if (msrs->ranges[at].write == VMM_MSR_WRITE_KEPT)
        msrs->ranges[at].value = value;
    return true;
}
