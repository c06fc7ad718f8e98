/* SPDX-License-Identifier: BSD-2-Clause */
/* What both ways to boot Linux have in common: what lies where, and flat segments. */
#ifndef VMM_LINUX_PLACE_H
#define VMM_LINUX_PLACE_H

#include <vmm/linux.h>

/* The first megabyte. The kernel takes all of it but what the memory map calls reserved, after it
 * has copied what it needs. */
#define VMM_LINUX_PARAMETERS   0x8000ull /* a page: struct boot_params or hvm_start_info */
#define VMM_LINUX_COMMAND_LINE 0x9000ull
#define VMM_LINUX_HIGH         0x100000ul /* 1 MiB: kernels lie above */

/* Selectors that the 64-bit protocol names: __BOOT_CS and __BOOT_DS; and a task state for VMX. PVH
 * takes any. */
#define VMM_LINUX_SELECTOR_CODE 0x10
#define VMM_LINUX_SELECTOR_DATA 0x18
#define VMM_LINUX_SELECTOR_TASK 0x20

/* The memory map: a range's type is the same number in the E820 table and in PVH's. */
#define VMM_LINUX_RANGES 3

struct vmm_linux_range {
    uint64_t address, size;
    uint32_t type;
};

/* Says that `what` ends at `needed`, beyond `there` bytes of memory. */
const char *vmm_linux_too_small(char problem[VMM_LINUX_PROBLEM_MAX], const char *what,
                                uint64_t needed, uint64_t there);

/* Copies the RAM disk, if there is one, to the highest page below `limit` and the end of memory,
 * out of the way of the kernel, which ends at `kernel_end`. Sets *address, 0 without one. */
const char *vmm_linux_place_initrd(const struct vmm_linux *boot, const struct vmm_memory *memory,
                                   uint64_t kernel_end, uint64_t limit, uint64_t *address,
                                   char problem[VMM_LINUX_PROBLEM_MAX]);

/* Copies the command line into the first megabyte at `low`. `most`: characters that the kernel
 * takes. */
const char *vmm_linux_place_command_line(const struct vmm_linux *boot, uint8_t *low, uint64_t most,
                                         char problem[VMM_LINUX_PROBLEM_MAX]);

/* What the first megabyte and the rest of `ram_size` bytes are. */
void vmm_linux_memory_map(uint64_t ram_size, struct vmm_linux_range ranges[VMM_LINUX_RANGES]);

/* Sets flat segments, a busy task, no IDT, interrupts off, and general registers of 0. */
void vmm_linux_flat_segments(struct nacelle_vcpu_state *state, uint32_t code_rights);

#endif
