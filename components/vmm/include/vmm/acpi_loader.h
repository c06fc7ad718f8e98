/* SPDX-License-Identifier: BSD-2-Clause */
/* ACPI tables for a firmware that places them itself: as a file of fw_cfg, and a script for it
 * (QEMU, hw/acpi/bios-linker-loader.c; SeaBIOS, src/fw/romfile_loader.h). */
#ifndef VMM_ACPI_LOADER_H
#define VMM_ACPI_LOADER_H

#include <vmm/acpi.h>
#include <vmm/fw_cfg.h>

#define VMM_ACPI_LOADER_TABLES_MAX   6144
#define VMM_ACPI_LOADER_COMMANDS_MAX 16
#define VMM_ACPI_LOADER_COMMAND_SIZE 128

struct vmm_acpi_loader {
    uint8_t tables[VMM_ACPI_LOADER_TABLES_MAX];
    uint8_t script[VMM_ACPI_LOADER_COMMANDS_MAX][VMM_ACPI_LOADER_COMMAND_SIZE];
    unsigned commands;
};

/* Writes the tables and adds the files, which stay in `loader`. False when there is no room. */
bool vmm_acpi_offer(struct vmm_acpi_loader *loader, const struct vmm_acpi_board *board,
                    struct vmm_fw_cfg *fw_cfg);

#endif
