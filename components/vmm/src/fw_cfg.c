/* SPDX-License-Identifier: BSD-2-Clause */
/* fw_cfg (QEMU documentation, docs/specs/fw_cfg). */
#include <runtime/string.h>
#include <stddef.h>
#include <vmm/fw_cfg.h>

#define PORT_SELECT 0x510 /* 16 bits */
#define PORT_DATA   0x511 /* 8 bits */
#define PORT_DMA    0x514 /* address of the control structure, big endian: high half, low half */

enum item {
    ITEM_SIGNATURE = 0x00,
    ITEM_ID = 0x01,
    ITEM_CPUS = 0x05,
    ITEM_MAX_CPUS = 0x0f,
    ITEM_DIRECTORY = 0x19,
    ITEM_FILES = 0x20,
};

#define ID_TRADITIONAL 0x01
#define ID_DMA         0x02
#define DMA_SIGNATURE  0x51454d5520434647ull /* "QEMU CFG" */

#define DMA_ERROR      0x01u
#define DMA_READ       0x02u
#define DMA_SKIP       0x04u
#define DMA_SELECT     0x08u
#define DMA_WRITE      0x10u

/* The control structure in guest memory: control, length (32 bits), address (64 bits). */
#define DMA_CONTROL_SIZE     16
#define DMA_LENGTH_MAX       (64u << 20)

#define DIRECTORY_ENTRY_SIZE 64 /* size, selector, reserved, name */

void vmm_fw_cfg_init(struct vmm_fw_cfg *fw_cfg, const struct vmm_memory *memory, unsigned cpus)
{
    *fw_cfg = (struct vmm_fw_cfg){.memory = memory, .cpus = cpus};
}

bool vmm_fw_cfg_add(struct vmm_fw_cfg *fw_cfg, const char *name, const void *data, uint32_t size)
{
    struct vmm_fw_cfg_file *file;
    size_t length = strlen(name);

    if (fw_cfg->file_count == VMM_FW_CFG_FILES_MAX || length >= VMM_FW_CFG_NAME_MAX)
        return false;
    for (unsigned i = 0; i < fw_cfg->file_count; i++)
        if (!strcmp(fw_cfg->files[i].name, name))
            return false;
    file = &fw_cfg->files[fw_cfg->file_count++];
    *file = (struct vmm_fw_cfg_file){.data = data, .size = size};
    memcpy(file->name, name, length);
    return true;
}

bool vmm_fw_cfg_add_number(struct vmm_fw_cfg *fw_cfg, const char *name, uint64_t value)
{
    struct vmm_fw_cfg_file *file = &fw_cfg->files[fw_cfg->file_count];

    if (!vmm_fw_cfg_add(fw_cfg, name, NULL, sizeof(file->value)))
        return false;
    file->value = value;
    file->data = &file->value;
    return true;
}

static uint8_t byte_of(const void *data, uint32_t size, uint32_t offset)
{
    return offset < size ? ((const uint8_t *)data)[offset] : 0;
}

/* Byte of a big-endian number of `size` bytes. */
static uint8_t big_endian(uint64_t value, unsigned size, unsigned offset)
{
    return offset < size ? (uint8_t)(value >> (size - 1 - offset) * 8) : 0;
}

static uint8_t little_endian(uint64_t value, uint32_t offset)
{
    return offset < 8 ? (uint8_t)(value >> offset * 8) : 0;
}

static uint8_t directory_byte(const struct vmm_fw_cfg *fw_cfg, uint32_t offset)
{
    const struct vmm_fw_cfg_file *file;
    uint32_t index, at;

    if (offset < 4)
        return big_endian(fw_cfg->file_count, 4, offset);
    index = (offset - 4) / DIRECTORY_ENTRY_SIZE;
    at = (offset - 4) % DIRECTORY_ENTRY_SIZE;
    if (index >= fw_cfg->file_count)
        return 0;
    file = &fw_cfg->files[index];
    if (at < 4)
        return big_endian(file->size, 4, at);
    if (at < 6)
        return big_endian(ITEM_FILES + index, 2, at - 4);
    return at < 8 ? 0 : (uint8_t)file->name[at - 8];
}

/* Items are endless: beyond the end they read as 0. */
static uint8_t next_byte(struct vmm_fw_cfg *fw_cfg)
{
    uint32_t offset = fw_cfg->offset, file;

    if (offset < UINT32_MAX)
        fw_cfg->offset++;
    switch (fw_cfg->selected) {
    case ITEM_SIGNATURE:
        return byte_of("QEMU", 4, offset);
    case ITEM_ID:
        return little_endian(ID_TRADITIONAL | ID_DMA, offset);
    case ITEM_CPUS:
    case ITEM_MAX_CPUS:
        return little_endian(fw_cfg->cpus, offset);
    case ITEM_DIRECTORY:
        return directory_byte(fw_cfg, offset);
    default:
        break;
    }
    file = fw_cfg->selected - (uint32_t)ITEM_FILES; /* huge for those below */
    if (file >= fw_cfg->file_count)
        return 0;
    return byte_of(fw_cfg->files[file].data, fw_cfg->files[file].size, offset);
}

static void select_item(struct vmm_fw_cfg *fw_cfg, uint16_t item)
{
    fw_cfg->selected = item;
    fw_cfg->offset = 0;
}

static uint64_t get_big_endian(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

static bool dma_read(struct vmm_fw_cfg *fw_cfg, uint64_t address, uint32_t length)
{
    if (length > DMA_LENGTH_MAX)
        return false;
    for (uint32_t i = 0; i < length; i++) {
        uint8_t byte = next_byte(fw_cfg);

        if (!vmm_memory_write(fw_cfg->memory, address + i, &byte, 1))
            return false;
    }
    return true;
}

/* Nothing is writable: the interface's writes are refused. */
static bool dma(struct vmm_fw_cfg *fw_cfg, const uint8_t *request)
{
    uint32_t control = (uint32_t)get_big_endian(request, 4);
    uint32_t length = (uint32_t)get_big_endian(request + 4, 4);
    uint64_t address = get_big_endian(request + 8, 8);

    if (control & DMA_SELECT)
        select_item(fw_cfg, (uint16_t)(control >> 16));
    if (control & DMA_READ)
        return dma_read(fw_cfg, address, length);
    if (control & DMA_WRITE)
        return false;
    if (control & DMA_SKIP)
        fw_cfg->offset = length > UINT32_MAX - fw_cfg->offset ? UINT32_MAX
                                                              : fw_cfg->offset + length;
    return true;
}

static void run_dma(struct vmm_fw_cfg *fw_cfg)
{
    uint8_t request[DMA_CONTROL_SIZE], result[4] = {0};
    uint64_t address = fw_cfg->dma_address;

    fw_cfg->dma_address = 0;
    if (!vmm_memory_read(fw_cfg->memory, address, request, sizeof(request)))
        return; /* nowhere to report it */
    if (!dma(fw_cfg, request))
        result[3] = DMA_ERROR;
    (void)vmm_memory_write(fw_cfg->memory, address, result, sizeof(result));
}

static uint32_t data_read(void *device, uint16_t port, unsigned size)
{
    (void)size;
    return port == PORT_DATA ? next_byte(device) : 0xff;
}

static void select_write(void *device, uint16_t port, unsigned size, uint32_t value)
{
    if (port == PORT_SELECT && size == 2)
        select_item(device, (uint16_t)value);
}

/* The selector is the only register of two bytes; its upper byte is the data register. */
static uint32_t select_read(void *device, uint16_t port, unsigned size)
{
    return size == 1 ? data_read(device, port, size) : 0xffff;
}

static uint32_t dma_port_read(void *device, uint16_t port, unsigned size)
{
    uint32_t value = 0;

    (void)device;
    for (unsigned i = 0; i < size; i++)
        value |= (uint32_t)big_endian(DMA_SIGNATURE, 8, port - PORT_DMA + i) << i * 8;
    return value;
}

static void dma_port_write(void *device, uint16_t port, unsigned size, uint32_t value)
{
    struct vmm_fw_cfg *fw_cfg = device;
    uint32_t half = __builtin_bswap32(value);

    if (size != 4)
        return;
    if (port == PORT_DMA) {
        fw_cfg->dma_address = (uint64_t)half << 32;
    } else if (port == PORT_DMA + 4) {
        fw_cfg->dma_address |= half;
        run_dma(fw_cfg);
    }
}

bool vmm_fw_cfg_add_ports(struct vmm_fw_cfg *fw_cfg, struct vmm_ports *ports)
{
    const struct vmm_port_range select = {PORT_SELECT, PORT_DATA,    2,
                                          select_read, select_write, fw_cfg};
    const struct vmm_port_range dma_range = {PORT_DMA,      PORT_DMA + 7,   4,
                                             dma_port_read, dma_port_write, fw_cfg};

    return vmm_ports_add(ports, &select) && vmm_ports_add(ports, &dma_range);
}
