/* SPDX-License-Identifier: BSD-2-Clause */
/* Making a VM with one vCPU out of a client's memory. For programs that cannot go on without it:
 * what fails is printed, and the client exits. */
#ifndef VMM_GUEST_H
#define VMM_GUEST_H

#include <runtime/pool.h>
#include <runtime/vcpu.h>
#include <vmm/acpi_loader.h>
#include <vmm/linux.h>
#include <vmm/vcpu.h>

struct vmm_guest {
    struct vmm_pc pc;
    struct vmm_vcpu vcpu;
    uint64_t vm;  /* slot */
    uint8_t *ram; /* the guest's memory, in the client's address space */
    uint64_t ram_size;
    struct vmm_acpi_loader acpi; /* for firmware */
};

/* The board, a VM with config->memory bytes (a multiple of 2 MiB) of RAM from address 0 on, and a
 * vCPU that is not configured yet (vmm_loop_add() does that). */
void vmm_guest_make(struct vmm_guest *guest, struct nacelle_pool *pool,
                    const struct nacelle_client_info *info, const struct vmm_pc_config *config);

/* A firmware image: mapped read-only below 4 GiB, where the processor starts, and copied into RAM
 * below 1 MiB, as shadow memory. A multiple of 4 KiB, at most 256 KiB. It finds the board's ACPI
 * tables in fw_cfg. */
void vmm_guest_load_firmware(struct vmm_guest *guest, struct nacelle_pool *pool,
                             const struct nacelle_client_file *file);

/* Linux, to be started at its entry instead of firmware: a bzImage by vmm/linux.h, an ELF file by
 * vmm/pvh.h. boot->ram_size is set here. After vmm_loop_add(). */
void vmm_guest_load_linux(struct vmm_guest *guest, struct vmm_linux *boot);

/* What the server counts of the vCPU; answers from tables go into guest->vcpu.statistics, too. */
struct nacelle_vcpu_statistics vmm_guest_statistics(struct vmm_guest *guest);

#endif
