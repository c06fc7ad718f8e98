/* SPDX-License-Identifier: BSD-2-Clause */
/* ACPI tables (ACPI specification 6.4, chapter 5). Only the 32-bit addresses of FADT are given: all
 * lies below 4 GiB, and a table that says things twice can contradict itself. */
#include "acpi_dsdt.h"

#include <runtime/string.h>
#include <vmm/acpi.h>

/* 5.2.6 */
struct header {
    char signature[4];
    uint32_t length;
    uint8_t revision, checksum;
    char oem[6], oem_table[8];
    uint32_t oem_revision;
    char creator[4];
    uint32_t creator_revision;
} __attribute__((packed));

/* 5.2.5.3 */
struct rsdp {
    char signature[8];
    uint8_t checksum; /* of the first 20 bytes */
    char oem[6];
    uint8_t revision;
    uint32_t rsdt;
    uint32_t length;
    uint64_t xsdt;
    uint8_t extended_checksum, reserved[3];
} __attribute__((packed));

#define RSDP_FIRST_PART 20

#define XSDT_ENTRIES    3

struct xsdt {
    struct header header;
    uint64_t tables[XSDT_ENTRIES];
} __attribute__((packed));

/* 5.2.3.2: generic address structure */
struct address {
    uint8_t space, bits, offset, access;
    uint64_t address;
} __attribute__((packed));

#define SPACE_PORTS 1
#define ACCESS_BYTE 1

/* 5.2.9, revision 6 */
struct fadt {
    struct header header;
    uint32_t facs, dsdt;
    uint8_t reserved0, profile;
    uint16_t sci;
    uint32_t smi_command;
    uint8_t acpi_enable, acpi_disable, s4bios, pstate_control;
    uint32_t pm1a_event, pm1b_event, pm1a_control, pm1b_control, pm2_control, pm_timer, gpe0, gpe1;
    uint8_t pm1_event_length, pm1_control_length, pm2_control_length, pm_timer_length;
    uint8_t gpe0_length, gpe1_length, gpe1_base, cstate_control;
    uint16_t c2_latency, c3_latency, flush_size, flush_stride;
    uint8_t duty_offset, duty_width, day_alarm, month_alarm, century;
    uint16_t boot_architecture;
    uint8_t reserved1;
    uint32_t flags;
    struct address reset;
    uint8_t reset_value;
    uint16_t arm_boot_architecture;
    uint8_t minor;
    uint64_t x_facs, x_dsdt;
    struct address x_blocks[8], sleep_control, sleep_status;
    uint64_t hypervisor;
} __attribute__((packed));

_Static_assert(sizeof(struct fadt) == 276, "5.2.9: FADT of revision 6");

#define FADT_REVISION 6
#define FADT_MINOR    4
#define NO_C2         101  /* microseconds: above 100 there is no C2 state, */
#define NO_C3         1001 /* above 1000 no C3 */
#define CMOS_CENTURY  0x32 /* vmm/cmos.h */

/* 5.2.9.3 */
#define BOOT_LEGACY 0x0001
#define BOOT_8042   0x0002
#define BOOT_NO_VGA 0x0004

/* 5.2.9, fixed feature flags */
#define WBINVD         (1u << 0)
#define PROC_C1        (1u << 2)
#define NO_POWER_KEY   (1u << 4)
#define NO_SLEEP_KEY   (1u << 5)
#define NO_RTC_WAKE    (1u << 6)
#define TIMER_32       (1u << 8)
#define RESET_REGISTER (1u << 10)

/* 5.2.10 */
struct facs {
    char signature[4];
    uint32_t length, hardware_signature, waking_vector, global_lock, flags;
    uint64_t x_waking_vector;
    uint8_t version, reserved[31];
} __attribute__((packed));

_Static_assert(sizeof(struct facs) == 64, "5.2.10");

/* 5.2.12 */
struct madt {
    struct header header;
    uint32_t local_apic, flags;
} __attribute__((packed));

#define MADT_REVISION 5
#define PCAT_COMPAT   1 /* there are two 8259 too */

struct madt_local_apic {
    uint8_t type, length, processor, apic;
    uint32_t flags;
} __attribute__((packed));

struct madt_io_apic {
    uint8_t type, length, apic, reserved;
    uint32_t address, first;
} __attribute__((packed));

struct madt_override {
    uint8_t type, length, bus, source;
    uint32_t input;
    uint16_t flags;
} __attribute__((packed));

struct madt_nmi {
    uint8_t type, length, processor;
    uint16_t flags;
    uint8_t input;
} __attribute__((packed));

/* PCI Firmware Specification 3.0, 4.1.2 */
struct mcfg {
    struct header header;
    uint64_t reserved0;
    uint64_t address;
    uint16_t segment;
    uint8_t first_bus, last_bus;
    uint32_t reserved1;
} __attribute__((packed));

#define ENABLED          1
#define ALL_PROCESSORS   0xff
#define LIKE_THE_BUS     0    /* 5.2.12.5, MPS INTI flags */
#define LEVEL_AND_HIGH   0x0d /* level-triggered, active high */
#define TIMER_IRQ        0
#define TIMER_INPUT      2

#define ALIGNMENT        64 /* FACS needs it */
#define CREATOR_REVISION 1

/* Tables under construction, one behind the other. */
struct writer {
    uint8_t *bytes;
    uint64_t address;
    uint32_t used, size;
};

static void *reserve(struct writer *writer, uint32_t size, uint64_t *address)
{
    uint8_t *at = writer->bytes + writer->used;
    uint32_t room = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1u);

    if (room > writer->size - writer->used)
        return NULL;
    *address = writer->address + writer->used;
    writer->used += room;
    memset(at, 0, size);
    return at;
}

/* What makes the sum of all bytes 0. */
static uint8_t checksum(const void *bytes, uint32_t size)
{
    const uint8_t *at = bytes;
    uint8_t sum = 0;

    for (uint32_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + at[i]);
    return (uint8_t)-sum;
}

static void finish(struct header *header, const char *signature, uint8_t revision, uint32_t length)
{
    *header = (struct header){.length = length,
                              .revision = revision,
                              .oem_revision = 1,
                              .creator_revision = CREATOR_REVISION};
    memcpy(header->signature, signature, sizeof(header->signature));
    memcpy(header->oem, "NACELL", sizeof(header->oem));
    memcpy(header->oem_table, "NACELLE ", sizeof(header->oem_table));
    memcpy(header->creator, "NACL", sizeof(header->creator));
    header->checksum = checksum(header, length);
}

static uint64_t add_dsdt(struct writer *writer)
{
    uint64_t address = 0;
    void *dsdt = reserve(writer, vmm_acpi_dsdt_size, &address);

    if (dsdt)
        memcpy(dsdt, vmm_acpi_dsdt, vmm_acpi_dsdt_size);
    return address;
}

static uint64_t add_facs(struct writer *writer)
{
    uint64_t address = 0;
    struct facs *facs = reserve(writer, sizeof(*facs), &address);

    if (facs) {
        *facs = (struct facs){.length = sizeof(*facs), .version = 2};
        memcpy(facs->signature, "FACS", sizeof(facs->signature));
    }
    return address;
}

static uint64_t add_fadt(struct writer *writer, const struct vmm_acpi_board *board)
{
    uint64_t address = 0, facs = add_facs(writer), dsdt = add_dsdt(writer);
    struct fadt *fadt = reserve(writer, sizeof(*fadt), &address);

    if (!facs || !dsdt || !fadt)
        return 0;
    *fadt = (struct fadt){
        .facs = (uint32_t)facs,
        .dsdt = (uint32_t)dsdt,
        .sci = board->sci,
        .pm1a_event = board->pm_event,
        .pm1a_control = board->pm_control,
        .pm_timer = board->pm_timer,
        .pm1_event_length = 4,
        .pm1_control_length = 2,
        .pm_timer_length = 4,
        .c2_latency = NO_C2,
        .c3_latency = NO_C3,
        .century = CMOS_CENTURY,
        .boot_architecture = BOOT_LEGACY | BOOT_NO_VGA | (board->keyboard ? BOOT_8042 : 0),
        .flags = WBINVD | PROC_C1 | NO_POWER_KEY | NO_SLEEP_KEY | NO_RTC_WAKE | TIMER_32 |
                 RESET_REGISTER,
        .reset = {SPACE_PORTS, 8, 0, ACCESS_BYTE, board->reset_port},
        .reset_value = board->reset_value,
        .minor = FADT_MINOR,
    };
    finish(&fadt->header, "FACP", FADT_REVISION, sizeof(*fadt));
    return address;
}

/* The next entry of a MADT. */
static void append(uint8_t *madt, uint32_t *used, const void *entry, uint32_t size)
{
    memcpy(madt + *used, entry, size);
    *used += size;
}

static uint64_t add_madt(struct writer *writer, const struct vmm_acpi_board *board)
{
    const struct madt_io_apic io_apic = {1, sizeof(io_apic), 0, 0, board->io_apic, 0};
    const struct madt_override overrides[] = {
        {2, sizeof(overrides[0]), 0, TIMER_IRQ, TIMER_INPUT, LIKE_THE_BUS},
        {2, sizeof(overrides[0]), 0, board->sci, board->sci, LEVEL_AND_HIGH},
    };
    const struct madt_nmi nmi = {4, sizeof(nmi), ALL_PROCESSORS, LIKE_THE_BUS, 1};
    uint32_t size = (uint32_t)(sizeof(struct madt) + board->cpus * sizeof(struct madt_local_apic) +
                               sizeof(io_apic) + sizeof(overrides) + sizeof(nmi)),
             used = sizeof(struct madt);
    uint64_t address = 0;
    uint8_t *bytes = reserve(writer, size, &address);
    struct madt *madt = (void *)bytes;

    if (!madt)
        return 0;
    for (unsigned i = 0; i < board->cpus; i++) {
        const struct madt_local_apic local = {0, sizeof(local), (uint8_t)i, (uint8_t)i, ENABLED};

        append(bytes, &used, &local, sizeof(local));
    }
    append(bytes, &used, &io_apic, sizeof(io_apic));
    append(bytes, &used, overrides, sizeof(overrides));
    append(bytes, &used, &nmi, sizeof(nmi));
    madt->local_apic = board->local_apic;
    madt->flags = PCAT_COMPAT;
    finish(&madt->header, "APIC", MADT_REVISION, size);
    return address;
}

static uint64_t add_mcfg(struct writer *writer, const struct vmm_acpi_board *board)
{
    uint64_t address = 0;
    struct mcfg *mcfg = reserve(writer, sizeof(*mcfg), &address);

    if (!mcfg)
        return 0;
    *mcfg = (struct mcfg){.address = board->pci_window};
    finish(&mcfg->header, "MCFG", 1, sizeof(*mcfg));
    return address;
}

static uint64_t add_xsdt(struct writer *writer, const uint64_t tables[XSDT_ENTRIES])
{
    uint64_t address = 0;
    struct xsdt *xsdt = reserve(writer, sizeof(*xsdt), &address);

    if (!xsdt)
        return 0;
    memcpy(xsdt->tables, tables, sizeof(xsdt->tables));
    finish(&xsdt->header, "XSDT", 1, sizeof(*xsdt));
    return address;
}

uint32_t vmm_acpi_write(const struct vmm_acpi_board *board, uint8_t *bytes, uint32_t size,
                        uint64_t address)
{
    struct writer writer = {.address = address, .size = size};
    uint64_t tables[XSDT_ENTRIES], at = 0, xsdt;
    struct rsdp *rsdp;

    writer.bytes = bytes;
    if (board->cpus > VMM_ACPI_CPUS_MAX)
        return 0;
    /* the root pointer comes first: it is searched for from here on */
    rsdp = reserve(&writer, sizeof(*rsdp), &at);
    tables[0] = add_fadt(&writer, board);
    tables[1] = add_madt(&writer, board);
    tables[2] = add_mcfg(&writer, board);
    xsdt = add_xsdt(&writer, tables);
    if (!rsdp || !tables[0] || !tables[1] || !tables[2] || !xsdt)
        return 0;
    *rsdp = (struct rsdp){.revision = 2, .length = sizeof(*rsdp), .xsdt = xsdt};
    memcpy(rsdp->signature, "RSD PTR ", sizeof(rsdp->signature));
    memcpy(rsdp->oem, "NACELL", sizeof(rsdp->oem));
    rsdp->checksum = checksum(rsdp, RSDP_FIRST_PART);
    rsdp->extended_checksum = checksum(rsdp, sizeof(*rsdp));
    return writer.used;
}

uint64_t vmm_acpi_build(const struct vmm_acpi_board *board, const struct vmm_memory *memory)
{
    uint8_t *bytes = vmm_memory_at(memory, VMM_ACPI_TABLES, VMM_ACPI_TABLES_SIZE, true);

    if (!bytes || !vmm_acpi_write(board, bytes, (uint32_t)VMM_ACPI_TABLES_SIZE, VMM_ACPI_TABLES))
        return 0;
    return VMM_ACPI_TABLES;
}
