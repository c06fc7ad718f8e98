/* SPDX-License-Identifier: BSD-2-Clause */
/* Loading a kernel by the x86/HVM direct boot ABI, "PVH" (Xen, docs/misc/pvh.pandoc and
 * xen/include/public/arch-x86/hvm/start_info.h): an ELF64 file, such as Linux' vmlinux, with a note
 * that names its entry in 32-bit protected mode. */
#ifndef VMM_PVH_H
#define VMM_PVH_H

#include <vmm/linux.h>

/*
 * Puts the kernel's segments where their physical addresses say, and its initial RAM disk, command
 * line, start info and memory map, into the guest's memory; boot->kernel is the ELF file. Returns
 * NULL and sets `entry`, whose parameters are struct hvm_start_info, or what is wrong, in one line
 * that lies in `problem`.
 */
const char *vmm_pvh_load(const struct vmm_linux *boot, const struct vmm_memory *memory,
                         struct vmm_linux_entry *entry, char problem[VMM_LINUX_PROBLEM_MAX]);

/* Sets a vCPU's state as the ABI wants it at the entry, and marks VMM_LINUX_GROUPS dirty; all of
 * them have to be fetched before. */
void vmm_pvh_enter(const struct vmm_linux_entry *entry, struct nacelle_vcpu_state *state);

#endif
