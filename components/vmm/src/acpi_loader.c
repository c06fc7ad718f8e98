/* SPDX-License-Identifier: BSD-2-Clause */
/* The script for firmware that places ACPI tables: memory for them, then each pointer gets the
 * address of that memory added, then what holds one gets its checksum anew. The root pointer is a
 * file of its own: there is little room where it has to be. */
#include <runtime/string.h>
#include <vmm/acpi_loader.h>

#define FILE_ROOT   "etc/acpi/rsdp"
#define FILE_TABLES "etc/acpi/tables" /* behind a copy of the root pointer, which nobody finds */
#define FILE_SCRIPT "etc/table-loader"

enum command {
    ALLOCATE = 1,
    ADD_POINTER = 2,
    ADD_CHECKSUM = 3,
};

#define ZONE_HIGH      1
#define ZONE_FSEG      2 /* F0000h to 1 MiB, where the root pointer is searched for */
#define ALIGNMENT      64
#define ROOT_ALIGNMENT 16

/* Offsets in a command. */
enum {
    AT_FILE = 4,
    AT_ALIGNMENT = 60,
    AT_ZONE = 64,
    AT_SOURCE_FILE = 60,
    AT_POINTER = 116,
    AT_POINTER_SIZE = 120,
    AT_CHECKSUM = 60,
    AT_START = 64,
    AT_LENGTH = 68,
};

/* Offsets in the tables: ACPI 6.4, 5.2.5.3 (RSDP), 5.2.6 (headers), 5.2.8 (XSDT), 5.2.9 (FADT). */
enum {
    RSDP_CHECKSUM = 8,
    RSDP_FIRST_PART = 20,
    RSDP_XSDT = 24,
    RSDP_EXTENDED_CHECKSUM = 32,
    RSDP_SIZE = 36,
    TABLE_LENGTH = 4,
    TABLE_CHECKSUM = 9,
    XSDT_ENTRIES = 36,
    FADT_FACS = 36,
    FADT_DSDT = 40,
};

static void put(uint8_t *command, unsigned at, uint32_t value)
{
    memcpy(command + at, &value, sizeof(value));
}

static uint32_t get(const struct vmm_acpi_loader *loader, uint32_t at)
{
    uint32_t value;

    memcpy(&value, loader->tables + at, sizeof(value));
    return value;
}

static void put_name(uint8_t *command, unsigned at, const char *name)
{
    memcpy(command + at, name, strlen(name) + 1);
}

/* The next command, which is about a file; beyond the end the last one, and the count tells. */
static uint8_t *add(struct vmm_acpi_loader *loader, enum command command, const char *file)
{
    unsigned last = VMM_ACPI_LOADER_COMMANDS_MAX - 1;
    uint8_t *at = loader->script[loader->commands < last ? loader->commands : last];

    loader->commands++;
    put(at, 0, command);
    put_name(at, AT_FILE, file);
    return at;
}

static void add_memory(struct vmm_acpi_loader *loader, const char *file, uint32_t alignment,
                       uint8_t zone)
{
    uint8_t *command = add(loader, ALLOCATE, file);

    put(command, AT_ALIGNMENT, alignment);
    command[AT_ZONE] = zone;
}

/* A pointer in `file`, into the tables. */
static void add_pointer(struct vmm_acpi_loader *loader, const char *file, uint32_t at, uint8_t size)
{
    uint8_t *command = add(loader, ADD_POINTER, file);

    put_name(command, AT_SOURCE_FILE, FILE_TABLES);
    put(command, AT_POINTER, at);
    command[AT_POINTER_SIZE] = size;
}

static void add_checksum(struct vmm_acpi_loader *loader, const char *file, uint32_t at,
                         uint32_t start, uint32_t length)
{
    uint8_t *command = add(loader, ADD_CHECKSUM, file);

    put(command, AT_CHECKSUM, at);
    put(command, AT_START, start);
    put(command, AT_LENGTH, length);
}

static void add_table_checksum(struct vmm_acpi_loader *loader, uint32_t table)
{
    add_checksum(loader, FILE_TABLES, table + TABLE_CHECKSUM, table,
                 get(loader, table + TABLE_LENGTH));
}

bool vmm_acpi_offer(struct vmm_acpi_loader *loader, const struct vmm_acpi_board *board,
                    struct vmm_fw_cfg *fw_cfg)
{
    uint32_t size, xsdt, length, fadt;

    memset(loader, 0, sizeof(*loader));
    size = vmm_acpi_write(board, loader->tables, sizeof(loader->tables), 0);
    if (!size)
        return false;
    xsdt = get(loader, RSDP_XSDT);
    length = get(loader, xsdt + TABLE_LENGTH);
    fadt = get(loader, xsdt + XSDT_ENTRIES); /* the first */

    add_memory(loader, FILE_ROOT, ROOT_ALIGNMENT, ZONE_FSEG);
    add_memory(loader, FILE_TABLES, ALIGNMENT, ZONE_HIGH);
    add_pointer(loader, FILE_ROOT, RSDP_XSDT, 8);
    for (uint32_t at = XSDT_ENTRIES; at < length; at += 8)
        add_pointer(loader, FILE_TABLES, xsdt + at, 8);
    add_pointer(loader, FILE_TABLES, fadt + FADT_FACS, 4);
    add_pointer(loader, FILE_TABLES, fadt + FADT_DSDT, 4);
    add_checksum(loader, FILE_ROOT, RSDP_CHECKSUM, 0, RSDP_FIRST_PART);
    add_checksum(loader, FILE_ROOT, RSDP_EXTENDED_CHECKSUM, 0, RSDP_SIZE);
    add_table_checksum(loader, xsdt);
    add_table_checksum(loader, fadt);
    return loader->commands <= VMM_ACPI_LOADER_COMMANDS_MAX &&
           vmm_fw_cfg_add(fw_cfg, FILE_ROOT, loader->tables, RSDP_SIZE) &&
           vmm_fw_cfg_add(fw_cfg, FILE_TABLES, loader->tables, size) &&
           vmm_fw_cfg_add(fw_cfg, FILE_SCRIPT, loader->script,
                          loader->commands * VMM_ACPI_LOADER_COMMAND_SIZE);
}
