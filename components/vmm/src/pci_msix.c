/* SPDX-License-Identifier: BSD-2-Clause */
/* MSI-X. */
#include <vmm/pci_msix.h>

#define CAPABILITY_MSIX  0x11
#define CAPABILITY_SIZE  12
#define CONTROL          2 /* offsets in the capability */
#define TABLE            4
#define PENDING          8
#define CONTROL_ENABLE   0x8000u
#define CONTROL_MASK_ALL 0x4000u

#define ENTRY_SIZE       16u

enum word {
    ADDRESS,
    ADDRESS_HIGH,
    DATA,
    VECTOR_CONTROL
};

#define VECTOR_MASK   1u
#define ADDRESS_VALID (~3u) /* messages are written to addresses that are multiples of 4 */

static uint32_t bar_read(void *device, uint32_t offset, unsigned size)
{
    const struct vmm_msix *msix = device;
    uint32_t entry = offset / ENTRY_SIZE, value = 0;

    if (entry < msix->count)
        value = msix->entries[entry].words[offset % ENTRY_SIZE / 4];
    else if (offset / 4 == VMM_MSIX_PENDING / 4)
        value = msix->pending;
    (void)size;
    return value >> offset % 4 * 8;
}

/* Only words of 32 bits are written; what others do is undefined (6.8.2). */
static void bar_write(void *device, uint32_t offset, unsigned size, uint32_t value)
{
    struct vmm_msix *msix = device;
    uint32_t entry = offset / ENTRY_SIZE, word = offset % ENTRY_SIZE / 4;
    static const uint32_t valid[] = {
        [ADDRESS] = ADDRESS_VALID,
        [ADDRESS_HIGH] = UINT32_MAX,
        [DATA] = UINT32_MAX,
        [VECTOR_CONTROL] = VECTOR_MASK,
    };

    if (entry >= msix->count || offset % 4 || size != 4)
        return;
    msix->entries[entry].words[word] = value & valid[word];
    vmm_msix_update(msix);
}

bool vmm_msix_init(struct vmm_msix *msix, struct vmm_pci_function *function, unsigned count,
                   unsigned bar)
{
    const struct vmm_pci_bar table = {
        .size = VMM_MSIX_BAR_SIZE, .read = bar_read, .write = bar_write, .device = msix};

    *msix = (struct vmm_msix){.function = function, .count = count};
    if (!count || count > VMM_MSIX_VECTORS_MAX || !vmm_pci_add_bar(function, bar, &table))
        return false;
    msix->capability = vmm_pci_add_capability(function, CAPABILITY_MSIX, CAPABILITY_SIZE);
    if (!msix->capability)
        return false;
    for (unsigned i = 0; i < count; i++)
        msix->entries[i].words[VECTOR_CONTROL] = VECTOR_MASK;
    vmm_pci_set(function, msix->capability + CONTROL, 2, count - 1);
    function->writable[msix->capability + CONTROL + 1] = (CONTROL_ENABLE | CONTROL_MASK_ALL) >> 8;
    vmm_pci_set(function, msix->capability + TABLE, 4, bar);
    vmm_pci_set(function, msix->capability + PENDING, 4, VMM_MSIX_PENDING | bar);
    function->msix = msix;
    return true;
}

static uint32_t control(const struct vmm_msix *msix)
{
    return vmm_pci_get(msix->function, msix->capability + CONTROL, 2);
}

bool vmm_msix_enabled(const struct vmm_msix *msix)
{
    return control(msix) & CONTROL_ENABLE;
}

void vmm_msix_raise(struct vmm_msix *msix, unsigned vector)
{
    if (vector >= msix->count || !vmm_msix_enabled(msix))
        return;
    msix->pending |= 1u << vector;
    vmm_msix_update(msix);
}

void vmm_msix_update(struct vmm_msix *msix)
{
    const struct vmm_pci *pci = msix->function->pci;

    if (!msix->pending || (control(msix) & (CONTROL_ENABLE | CONTROL_MASK_ALL)) != CONTROL_ENABLE ||
        !vmm_pci_is_master(msix->function))
        return;
    for (unsigned i = 0; i < msix->count; i++) {
        const uint32_t *words = msix->entries[i].words;

        if (!(msix->pending >> i & 1) || (words[VECTOR_CONTROL] & VECTOR_MASK))
            continue;
        msix->pending &= ~(1u << i);
        if (pci && pci->message)
            pci->message(pci->message_context, words[ADDRESS] | (uint64_t)words[ADDRESS_HIGH] << 32,
                         words[DATA]);
    }
}
