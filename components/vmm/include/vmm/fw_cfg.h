/* SPDX-License-Identifier: BSD-2-Clause */
/* The firmware configuration interface of QEMU: named values for SeaBIOS and others. */
#ifndef VMM_FW_CFG_H
#define VMM_FW_CFG_H

#include <stdbool.h>
#include <stdint.h>
#include <vmm/memory.h>
#include <vmm/ports.h>

#define VMM_FW_CFG_FILES_MAX 16
#define VMM_FW_CFG_NAME_MAX  56

struct vmm_fw_cfg_file {
    char name[VMM_FW_CFG_NAME_MAX];
    const void *data;
    uint32_t size;
    uint64_t value; /* storage of small files */
};

struct vmm_fw_cfg {
    const struct vmm_memory *memory; /* for DMA */
    uint16_t selected;
    uint32_t offset; /* of the next byte of the selected item */
    uint64_t dma_address;
    unsigned cpus;
    unsigned file_count;
    struct vmm_fw_cfg_file files[VMM_FW_CFG_FILES_MAX];
};

void vmm_fw_cfg_init(struct vmm_fw_cfg *fw_cfg, const struct vmm_memory *memory, unsigned cpus);

/* Ports 510h, 511h and 514h to 51bh. */
bool vmm_fw_cfg_add_ports(struct vmm_fw_cfg *fw_cfg, struct vmm_ports *ports);

/* Adds a file; the data is kept by reference. False when there are too many, or the name is too
 * long or taken. */
bool vmm_fw_cfg_add(struct vmm_fw_cfg *fw_cfg, const char *name, const void *data, uint32_t size);

/* Adds a file that holds a number, little endian, of 8 bytes. */
bool vmm_fw_cfg_add_number(struct vmm_fw_cfg *fw_cfg, const char *name, uint64_t value);

#endif
