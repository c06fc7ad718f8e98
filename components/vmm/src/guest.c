/* SPDX-License-Identifier: BSD-2-Clause */
/* Making a VM. */
#include <runtime/aspace.h>
#include <runtime/client.h>
#include <runtime/cspace.h>
#include <runtime/elf64.h>
#include <runtime/string.h>
#include <runtime/vcpu.h>
#include <runtime/vm.h>
#include <vmm/answers.h>
#include <vmm/guest.h>
#include <vmm/pvh.h>

#define PAGE         4096ull
#define LARGE_PAGE   (2ull << 20)
#define VM_SIZE      17 /* 128 KiB: the VM and up to 24 or so tables of 4 KiB */
#define FIRMWARE_MAX (256u << 10)
#define ONE_MIB      (1ull << 20)
#define FOUR_GIB     (4ull << 30)

#define READ_WRITE   (NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE)

static void need(bool fits, const char *what)
{
    if (fits)
        return;
    nacelle_print("%s\n", what);
    nacelle_exit(1);
}

/* RAM in large frames, each mapped twice: here, by a copy of its capability, and in the VM. */
static void make_ram(struct vmm_guest *guest, struct nacelle_pool *pool)
{
    uint64_t count = guest->ram_size / LARGE_PAGE, frames = 0, copies = 0;
    uint64_t address = nacelle_pool_address(pool, guest->ram_size, LARGE_PAGE);

    need(count && guest->ram_size % LARGE_PAGE == 0,
         "the guest's memory is not in pieces of 2 MiB");
    nacelle_check(nacelle_pool_make(pool, NACELLE_TYPE_FRAME, NACELLE_SIZE_LARGE, count, &frames),
                  "guest memory");
    nacelle_check(nacelle_pool_slots(pool, count, &copies), "slots for guest memory");
    for (uint64_t i = 0; i < count; i++) {
        nacelle_check(
            nacelle_cspace_copy(NACELLE_CLIENT_CSPACE, copies + i, frames + i, READ_WRITE, 0),
            "copy of a frame");
        nacelle_check(nacelle_aspace_map(NACELLE_CLIENT_ASPACE, copies + i,
                                         address + i * LARGE_PAGE, READ_WRITE),
                      "mapping guest memory");
        nacelle_check(nacelle_vm_map(guest->vm, frames + i, i * LARGE_PAGE,
                                     READ_WRITE | NACELLE_RIGHT_EXECUTE),
                      "mapping guest memory into the VM");
    }
    guest->ram = (uint8_t *)address;
    need(vmm_memory_add(&guest->pc.memory, 0, guest->ram_size, guest->ram, true),
         "the guest's memory is too large");
}

/* A page that the processor can have. */
static uint64_t make_apic_page(struct vmm_guest *guest, struct nacelle_pool *pool)
{
    uint64_t address = nacelle_pool_address(pool, PAGE, PAGE);
    uint64_t slot = nacelle_pool_need(pool, NACELLE_TYPE_FRAME, NACELLE_SIZE_PAGE);

    nacelle_check(nacelle_aspace_map(NACELLE_CLIENT_ASPACE, slot, address, READ_WRITE),
                  "mapping the local APIC's registers");
    vmm_lapic_use_page(&guest->pc.lapics[0], (void *)address);
    return slot;
}

static void fetch(struct vmm_vcpu *vcpu, uint32_t groups)
{
    if (groups & ~vcpu->state->valid)
        (void)nacelle_vcpu_fetch(vcpu->capability, groups);
}

static void make_vcpu(struct vmm_guest *guest, struct nacelle_pool *pool,
                      const struct nacelle_client_info *info)
{
    uint64_t address = nacelle_pool_address(pool, PAGE, PAGE);
    uint64_t slot = nacelle_pool_need(pool, NACELLE_TYPE_VCPU, NACELLE_SIZE_VCPU);

    nacelle_check(nacelle_aspace_map(NACELLE_CLIENT_ASPACE, slot, address, READ_WRITE),
                  "mapping the state page");
    /* Below the client: what wakes the client does not wait for the guest's time slice to end. */
    if (info->priority)
        nacelle_check(nacelle_vcpu_set_priority(slot, info->priority - 1, 0), "priority");
    guest->vcpu = (struct vmm_vcpu){.state = (struct nacelle_vcpu_state *)address,
                                    .pc = &guest->pc,
                                    .lapic = &guest->pc.lapics[0],
                                    .capability = slot,
                                    .fetch = fetch,
                                    .apic_page = make_apic_page(guest, pool),
                                    .offered = -1};
}

void vmm_guest_make(struct vmm_guest *guest, struct nacelle_pool *pool,
                    const struct nacelle_client_info *info, const struct vmm_pc_config *config)
{
    need(vmm_pc_init(&guest->pc, config), "the board has too many devices, or no CPU");
    guest->ram_size = config->memory;
    guest->vm = nacelle_pool_need(pool, NACELLE_TYPE_VM, VM_SIZE);
    vmm_answers_install(guest->vm, &guest->pc);
    make_ram(guest, pool);
    make_vcpu(guest, pool, info);
}

void vmm_guest_load_firmware(struct vmm_guest *guest, struct nacelle_pool *pool,
                             const struct nacelle_client_file *file)
{
    uint64_t gpa = FOUR_GIB - file->size, copies = 0;
    const struct vmm_acpi_board board = vmm_pc_acpi_board(1);

    need(file->size && file->size % PAGE == 0 && file->size <= FIRMWARE_MAX &&
             file->frame_size == PAGE && guest->ram_size >= ONE_MIB,
         "the firmware has a size that no PC takes");
    /* copies of the capabilities: another VM of this client may map the same frames */
    nacelle_check(nacelle_pool_slots(pool, file->frame_count, &copies), "slots for the firmware");
    for (uint64_t i = 0; i < file->frame_count; i++) {
        nacelle_check(nacelle_cspace_copy(NACELLE_CLIENT_CSPACE, copies + i, file->first_frame + i,
                                          NACELLE_RIGHT_READ | NACELLE_RIGHT_EXECUTE, 0),
                      "copy of a frame");
        nacelle_check(nacelle_vm_map(guest->vm, copies + i, gpa + i * PAGE,
                                     NACELLE_RIGHT_READ | NACELLE_RIGHT_EXECUTE),
                      "mapping the firmware");
    }
    need(vmm_memory_add(&guest->pc.memory, gpa, file->size, (void *)file->address, false),
         "the firmware overlaps memory");
    need(vmm_acpi_offer(&guest->acpi, &board, &guest->pc.fw_cfg), "the ACPI tables are too large");
    memcpy(guest->ram + ONE_MIB - file->size, (const void *)file->address, file->size);
}

void vmm_guest_load_linux(struct vmm_guest *guest, struct vmm_linux *boot)
{
    struct vmm_linux_entry entry = {0};
    char problem[VMM_LINUX_PROBLEM_MAX];
    const struct vmm_acpi_board board = vmm_pc_acpi_board(1);
    bool elf = nacelle_elf64_is(boot->kernel, boot->kernel_size);
    const char *failed;

    boot->ram_size = guest->ram_size;
    boot->rsdp = vmm_acpi_build(&board, &guest->pc.memory);
    failed = (elf ? vmm_pvh_load : vmm_linux_load)(boot, &guest->pc.memory, &entry, problem);
    need(!failed, failed);
    nacelle_check(nacelle_vcpu_fetch(guest->vcpu.capability, VMM_LINUX_GROUPS), "the vCPU's state");
    (elf ? vmm_pvh_enter : vmm_linux_enter)(&entry, guest->vcpu.state);
}

struct nacelle_vcpu_statistics vmm_guest_statistics(struct vmm_guest *guest)
{
    struct nacelle_vcpu_statistics counts = {0};
    uint64_t *answered = guest->vcpu.statistics.answered;

    nacelle_check(nacelle_vcpu_statistics(guest->vcpu.capability, &counts), "statistics");
    answered[NACELLE_EXIT_CPUID] = counts.answered_cpuid;
    answered[NACELLE_EXIT_MSR] = counts.answered_msr;
    answered[NACELLE_EXIT_PORT] = counts.answered_port;
    return counts;
}
