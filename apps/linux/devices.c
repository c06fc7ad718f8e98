/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's virtio devices: an entropy device always, a console, a disk and network devices if
 * asked for. */
#include "devices.h"

#include <runtime/aspace.h>
#include <runtime/client.h>
#include <vmm/disk.h>
#include <vmm/net_channel.h>
#include <vmm/virtio_rng.h>

#define OVERLAY_DEFAULT (8ull << 20)
#define OVERLAY_MAX     (1ull << 30)
#define NETS_MAX        4
#define LARGE_PAGE      (2ull << 20)

/* Places on the bus. */
enum device {
    DEVICE_RNG = 1,
    DEVICE_DISK,
    DEVICE_CONSOLE,
    DEVICE_NET
};

static struct vmm_random generator;
static struct vmm_virtio_rng rng;
static struct vmm_disk disk;
static struct vmm_virtio_blk blk;
static struct vmm_virtio_console console;
static bool has_console;
static struct vmm_net_channel nets[NETS_MAX];
static unsigned net_count;

static bool plug_in(struct vmm_guest *guest, struct vmm_virtio *virtio)
{
    if (vmm_pci_add(&guest->pc.pci, &virtio->function))
        return true;
    nacelle_print("no place on the bus\n");
    return false;
}

/* Fresh memory, in large frames. */
static void *make_memory(struct nacelle_pool *pool, uint64_t size)
{
    uint64_t count = (size + LARGE_PAGE - 1) / LARGE_PAGE, frames = 0;
    uint64_t address = nacelle_pool_address(pool, count * LARGE_PAGE, LARGE_PAGE);

    nacelle_check(nacelle_pool_make(pool, NACELLE_TYPE_FRAME, NACELLE_SIZE_LARGE, count, &frames),
                  "memory of a disk");
    for (uint64_t i = 0; i < count; i++)
        nacelle_check(nacelle_aspace_map(NACELLE_CLIENT_ASPACE, frames + i,
                                         address + i * LARGE_PAGE,
                                         NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE),
                      "memory of a disk");
    return (void *)address;
}

/* disk=FILE overlay=SIZE */
static bool add_disk(struct vmm_guest *guest, struct nacelle_pool *pool,
                     const struct nacelle_client_info *info)
{
    const struct nacelle_client_file *file;
    char name[NACELLE_CLIENT_NAME_MAX];
    struct nacelle_word word;
    struct vmm_blk_store store;
    uint64_t overlay = 0, places;
    uint8_t *memory;

    if (!nacelle_argument(info->command_line, "disk", &word))
        return true;
    (void)nacelle_word_copy(word, name, sizeof(name));
    file = nacelle_find_file(info, name);
    if (!file) {
        nacelle_print("disk=: there is no file %s; files= has to name it\n", name);
        return false;
    }
    if (!nacelle_argument_number(info->command_line, "overlay", OVERLAY_DEFAULT, &overlay) ||
        overlay > OVERLAY_MAX) {
        nacelle_print("overlay= is not a size of up to 1G\n");
        return false;
    }
    overlay /= VMM_DISK_BLOCK;
    places = vmm_disk_places(file->size) * sizeof(uint32_t);
    places = (places + VMM_DISK_BLOCK - 1) & ~(VMM_DISK_BLOCK - 1ull);
    memory = make_memory(pool, places + overlay * VMM_DISK_BLOCK);
    vmm_disk_init(&disk, (const void *)file->address, file->size, (uint32_t *)(void *)memory,
                  memory + places, (uint32_t)overlay);
    store = vmm_disk_store(&disk);
    vmm_virtio_blk_init(&blk, &guest->pc.memory, DEVICE_DISK, &store, name);
    return plug_in(guest, &blk.virtio);
}

/* console=virtio */
static bool add_console(struct vmm_guest *guest, const struct nacelle_client_info *info,
                        struct vmm_terminal *terminal)
{
    struct nacelle_word word;

    has_console = nacelle_argument(info->command_line, "console", &word);
    if (!has_console)
        return true;
    if (!nacelle_word_is(word, "virtio")) {
        nacelle_print("console= is not virtio\n");
        return false;
    }
    vmm_terminal_make_console(terminal, &console, &guest->pc.memory, DEVICE_CONSOLE);
    return plug_in(guest, &console.virtio);
}

/* An address of its own for each end of a channel: locally administered, made of the client's name
 * by FNV-1a, and the number of the device. */
static void make_mac(uint8_t mac[VMM_MAC_SIZE], const struct nacelle_client_info *info)
{
    uint32_t hash = 2166136261u;

    for (unsigned i = 0; info->name[i]; i++)
        hash = (hash ^ (uint8_t)info->name[i]) * 16777619u;
    mac[0] = 0x02;
    mac[1] = (uint8_t)net_count;
    for (unsigned i = 0; i < 4; i++)
        mac[2 + i] = (uint8_t)(hash >> i * 8);
}

/* net=CHANNEL,... offloads=0|1 */
static bool add_nets(struct vmm_guest *guest, struct vmm_loop *loop, struct nacelle_pool *pool,
                     const struct nacelle_client_info *info)
{
    struct nacelle_word list = {"", 0}, name;
    uint64_t offloads = 1;

    (void)nacelle_argument(info->command_line, "net", &list);
    if (!nacelle_argument_number(info->command_line, "offloads", 1, &offloads) || offloads > 1) {
        nacelle_print("offloads= is not 0 or 1\n");
        return false;
    }
    while (nacelle_next_part(&list, &name)) {
        const struct nacelle_client_channel *channel = nacelle_find_channel(info, name);
        uint8_t mac[VMM_MAC_SIZE];

        if (!channel || net_count == NETS_MAX) {
            nacelle_print("net= is not up to %u names in channel=\n", NETS_MAX);
            return false;
        }
        make_mac(mac, info);
        vmm_net_channel_add(&nets[net_count], guest, loop, pool, channel,
                            (uint8_t)(DEVICE_NET + net_count), mac);
        if (!offloads)
            vmm_virtio_net_refuse_offloads(&nets[net_count].port.net);
        net_count++;
    }
    return true;
}

bool devices_add(struct vmm_guest *guest, struct vmm_loop *loop, struct nacelle_pool *pool,
                 const struct nacelle_client_info *info, struct vmm_terminal *terminal,
                 bool firmware)
{
    vmm_random_seed_host(&generator);
    vmm_random_seed(&generator, info->name, sizeof(info->name));
    vmm_virtio_rng_init(&rng, &guest->pc.memory, DEVICE_RNG, &generator);
    if (!plug_in(guest, &rng.virtio) || !add_disk(guest, pool, info) ||
        !add_console(guest, info, terminal) || !add_nets(guest, loop, pool, info))
        return false;
    return firmware || vmm_pci_assign(&guest->pc.pci);
}

static void print_traffic(const char *what, const struct vmm_virtio *virtio)
{
    nacelle_print("%s: %lu notifications, %lu interrupts\n", what, virtio->kicks,
                  virtio->interrupts);
}

void devices_print(void)
{
    if (disk.size) {
        print_traffic("disk", &blk.virtio);
        nacelle_print("disk: %lu bytes read, %lu written, %u of %u blocks changed\n",
                      blk.bytes_read, blk.bytes_written, disk.used, disk.capacity);
    }
    if (has_console)
        print_traffic("console", &console.virtio);
    for (unsigned i = 0; i < net_count; i++) {
        const struct vmm_net_port *port = &nets[i].port;

        print_traffic("net", &port->net.virtio);
        nacelle_print("net: %lu frames sent, %lu received, %lu dropped, %lu divided, %lu signals\n",
                      port->net.sent, port->net.received, port->net.dropped, port->net.divided,
                      port->port.signals);
    }
}
