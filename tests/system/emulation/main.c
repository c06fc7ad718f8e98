/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A VM with a device at DEVICE that works like memory. Its guest (guest.S) compares what
 * instructions do to it with what they do to memory, and reports by ports: which phase begins,
 * which case is wrong, the end.
 */
#include <runtime/client.h>
#include <runtime/notification.h>
#include <runtime/string.h>
#include <runtime/vcpu.h>
#include <vmm/guest.h>
#include <vmm/loop.h>

#define RAM        (2ull << 20)
#define ENTRY      0x8000u
#define DEVICE     0x400000u
#define SIZE       0x2000u
#define PORT_WRONG 0x700
#define PORT_PHASE 0x704
#define PORT_LONG  0x708 /* asks for EFER.LME, which the guest cannot write */
#define PORT_END   0x70c
#define EFER_LME   (1u << 8)

/* SDM vol 3 24.4.1: present, S, accessed, G, D; code: execute/read, data: read/write. */
#define FLAT_CODE 0xc09bu
#define FLAT_DATA 0xc093u

static struct vmm_guest guest;
static struct vmm_loop loop;
static struct nacelle_pool pool;
static uint8_t bytes[SIZE];
static uint64_t reads, writes, wrong, phases;

static uint64_t device_read(void *device, uint64_t offset, unsigned size)
{
    uint64_t value = 0;

    (void)device;
    reads++;
    memcpy(&value, bytes + offset, size);
    return value;
}

static void device_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    (void)device;
    writes++;
    memcpy(bytes + offset, &value, size);
}

static void report(void *device, uint16_t port, unsigned size, uint32_t value)
{
    static const char *const names[] = {"32 bits, no paging", "32-bit paging", "PAE paging",
                                        "compatibility mode", "64-bit mode"};

    (void)device;
    (void)size;
    if (port == PORT_END) {
        guest.vcpu.done = true;
    } else if (port == PORT_LONG) {
        guest.vcpu.fetch(&guest.vcpu, NACELLE_GROUP_CONTROL);
        guest.vcpu.state->efer |= EFER_LME;
        guest.vcpu.state->dirty |= NACELLE_GROUP_CONTROL;
    } else if (port == PORT_PHASE && value < sizeof(names) / sizeof(names[0])) {
        phases++;
        nacelle_print("%s\n", names[value]);
    } else {
        wrong++;
        nacelle_print("wrong: case 0x%x\n", value);
    }
}

static void print_nothing(void *context, const char *line)
{
    (void)context;
    (void)line;
}

static void start_state(void)
{
    const uint32_t groups = NACELLE_GROUP_IP | NACELLE_GROUP_SEGMENTS | NACELLE_GROUP_CONTROL;
    struct nacelle_vcpu_state *state = guest.vcpu.state;

    nacelle_check(nacelle_vcpu_fetch(guest.vcpu.capability, groups), "fetching the state");
    for (unsigned i = NACELLE_ES; i <= NACELLE_GS; i++)
        state->segments[i] = (struct nacelle_segment){
            .selector = i == NACELLE_CS ? 8 : 16,
            .rights = i == NACELLE_CS ? FLAT_CODE : FLAT_DATA,
            .limit = UINT32_MAX,
        };
    state->rip = ENTRY;
    state->cr0 |= 1; /* PE */
    state->dirty |= groups;
}

int main(const struct nacelle_client_info *info)
{
    const struct nacelle_client_file *code = nacelle_find_file(info, "guest.bin");
    const struct vmm_pc_config config = {.memory = RAM,
                                         .tsc_hz = info->tsc_hz,
                                         .tsc = nacelle_tsc(),
                                         .cpus = 1,
                                         .print = print_nothing,
                                         .cpuid = vmm_cpuid_host};
    const struct vmm_mmio_range range = {DEVICE, SIZE, device_read, device_write, NULL};
    const struct vmm_port_range ports = {PORT_WRONG, PORT_END + 3, 4, NULL, report, NULL};

    if (!code) {
        nacelle_print("needs files=guest.bin\n");
        return 1;
    }
    nacelle_pool_init(&pool, info);
    vmm_loop_init(&loop, &pool);
    vmm_guest_make(&guest, &pool, info, &config);
    memcpy(guest.ram + ENTRY, (const void *)code->address, code->size);
    if (!vmm_mmio_add(&guest.pc.mmio, &range) || !vmm_ports_add(&guest.pc.ports, &ports)) {
        nacelle_print("no room for the device\n");
        return 1;
    }
    vmm_loop_add(&loop, &pool, &guest.vcpu, guest.vm);
    start_state();
    vmm_loop_run(&loop);
    nacelle_print("%lu reads and %lu writes of the device, %lu exits for it%s%s\n", reads, writes,
                  guest.vcpu.statistics.exits[NACELLE_EXIT_MEMORY],
                  guest.vcpu.problem[0] ? "; wrong: " : "", guest.vcpu.problem);
    return wrong != 0 || phases != 5 || !guest.vcpu.done || guest.vcpu.problem[0];
}
