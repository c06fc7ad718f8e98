/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory type range registers. */
#include <vmm/mtrr.h>
#include <x86/msr.h>

#define WRITE_BACK     6u
#define TYPES          0x73u  /* 0, 1, 4, 5, 6: SDM vol. 3, table 11-8 */
#define CAPABILITIES   0x500u /* fixed ranges, write combining; and the number of others */
#define ENABLE         (1u << 11)
#define FIXED_ENABLE   (1u << 10)
#define MASK_VALID     (1u << 11)
#define PAGE_BITS      0xfffull
#define VARIABLE_FIRST X86_MSR_MTRR_PHYSBASE0
#define VARIABLE_LAST  (X86_MSR_MTRR_PHYSBASE0 + 2 * VMM_MTRR_VARIABLE - 1)

static const uint32_t fixed[VMM_MTRR_FIXED] = {
    X86_MSR_MTRR_FIX64K_00000, X86_MSR_MTRR_FIX16K_80000, X86_MSR_MTRR_FIX16K_A0000,
    X86_MSR_MTRR_FIX4K_C0000,  X86_MSR_MTRR_FIX4K_C8000,  X86_MSR_MTRR_FIX4K_D0000,
    X86_MSR_MTRR_FIX4K_D8000,  X86_MSR_MTRR_FIX4K_E0000,  X86_MSR_MTRR_FIX4K_E8000,
    X86_MSR_MTRR_FIX4K_F0000,  X86_MSR_MTRR_FIX4K_F8000,
};

static bool is_type(uint64_t type)
{
    return type < 8 && TYPES >> type & 1;
}

static uint64_t *find(struct vmm_mtrr *mtrr, uint32_t msr)
{
    if (msr >= VARIABLE_FIRST && msr <= VARIABLE_LAST)
        return &mtrr->variable[msr - VARIABLE_FIRST];
    for (unsigned i = 0; i < VMM_MTRR_FIXED; i++)
        if (fixed[i] == msr)
            return &mtrr->fixed[i];
    return &mtrr->default_type;
}

/* What raises #GP: types that do not exist, and reserved bits. */
static bool allows(const struct vmm_mtrr *mtrr, uint32_t msr, uint64_t value)
{
    if (msr == X86_MSR_MTRR_DEF_TYPE)
        return is_type(value & 0xff) && !(value & ~(uint64_t)(ENABLE | FIXED_ENABLE | 0xff));
    if (msr >= VARIABLE_FIRST && msr <= VARIABLE_LAST) {
        if (msr & 1)
            return !(value & ~(mtrr->address_bits | MASK_VALID));
        return is_type(value & 0xff) && !(value & ~(mtrr->address_bits | 0xff));
    }
    for (unsigned i = 0; i < 8; i++)
        if (!is_type(value >> 8 * i & 0xff))
            return false;
    return true;
}

static bool get(void *device, uint32_t msr, uint64_t *value)
{
    *value = *find(device, msr);
    return true;
}

static bool set(void *device, uint32_t msr, uint64_t value)
{
    if (!allows(device, msr, value))
        return false;
    *find(device, msr) = value;
    return true;
}

void vmm_mtrr_init(struct vmm_mtrr *mtrr, unsigned physical_bits)
{
    *mtrr = (struct vmm_mtrr){.default_type = ENABLE | WRITE_BACK};
    mtrr->address_bits = physical_bits < 64 ? (1ull << physical_bits) - 1 : UINT64_MAX;
    mtrr->address_bits &= ~PAGE_BITS;
}

bool vmm_mtrr_add(struct vmm_mtrr *mtrr, struct vmm_msrs *msrs)
{
    static const uint32_t parts[][2] = {
        {VARIABLE_FIRST, VARIABLE_LAST},
        {X86_MSR_MTRR_FIX64K_00000, X86_MSR_MTRR_FIX64K_00000},
        {X86_MSR_MTRR_FIX16K_80000, X86_MSR_MTRR_FIX16K_A0000},
        {X86_MSR_MTRR_FIX4K_C0000, X86_MSR_MTRR_FIX4K_F8000},
        {X86_MSR_MTRR_DEF_TYPE, X86_MSR_MTRR_DEF_TYPE},
    };
    const struct vmm_msr_range capabilities = {.first = X86_MSR_MTRRCAP,
                                               .last = X86_MSR_MTRRCAP,
                                               .value = CAPABILITIES | VMM_MTRR_VARIABLE,
                                               .write = VMM_MSR_WRITE_FAULTS};

    for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        const struct vmm_msr_range range = {
            .first = parts[i][0], .last = parts[i][1], .get = get, .set = set, .device = mtrr};

        if (!vmm_msr_add(msrs, &range))
            return false;
    }
    return vmm_msr_add(msrs, &capabilities);
}
