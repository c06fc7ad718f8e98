/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtio block devices. */
#include <runtime/string.h>
#include <vmm/virtio_blk.h>

#define ID_BLOCK      2
#define CLASS_STORAGE 0x0180 /* mass storage, other */
#define REQUESTS      0      /* the queue */

/* struct virtio_blk_config (5.2.4): the fields of the features that are offered. */
#define CONFIG_SECTORS 0
#define CONFIG_SEG_MAX 12
#define CONFIG_BLOCK   20
#define CONFIG_SIZE    60
#define SEGMENTS_MAX   (VMM_VIRTQUEUE_SIZE_MAX - 2) /* one for the header, one for the status */

enum request_type {
    REQUEST_IN = 0,
    REQUEST_OUT = 1,
    REQUEST_FLUSH = 4,
    REQUEST_GET_ID = 8,
};

enum request_status {
    STATUS_OK,
    STATUS_ERROR,
    STATUS_UNSUPPORTED,
};

struct request_header {
    uint32_t type;
    uint32_t reserved;
    uint64_t sector;
};

/* True when [first sector, size) is part of the disk. */
static bool is_inside(const struct vmm_virtio_blk *blk, uint64_t sector, uint64_t size)
{
    return size % VMM_SECTOR == 0 && sector <= blk->store.sectors &&
           size / VMM_SECTOR <= blk->store.sectors - sector;
}

/* Moves one run of whole sectors between disk and guest. */
static bool move(struct vmm_virtio_blk *blk, bool in, uint64_t offset, uint8_t *bytes,
                 uint64_t size)
{
    if (in)
        return blk->store.read(blk->store.context, offset, bytes, size);
    return blk->store.write(blk->store.context, offset, bytes, size);
}

/* A sector that does not lie in one piece of the guest's memory, from `from` on in the buffer. */
static bool move_pieces(struct vmm_virtio_blk *blk, bool in, uint64_t offset, uint64_t from)
{
    const struct vmm_virtq_buffer *buffer = &blk->virtio.buffer;

    if (!in)
        return vmm_virtq_read(buffer, from, blk->sector, VMM_SECTOR) == VMM_SECTOR &&
               move(blk, false, offset, blk->sector, VMM_SECTOR);
    return move(blk, true, offset, blk->sector, VMM_SECTOR) &&
           vmm_virtq_write(buffer, from, blk->sector, VMM_SECTOR) == VMM_SECTOR;
}

/* Moves `size` bytes, a multiple of sectors, at `from` of what the device reads or writes. Nearly
 * always each segment is a number of sectors. */
static bool transfer(struct vmm_virtio_blk *blk, bool in, uint64_t offset, uint64_t from,
                     uint64_t size)
{
    while (size) {
        uint64_t skip = from, left = size, whole;
        struct vmm_segment part;
        unsigned segment = 0;

        while (left && vmm_virtq_walk(&blk->virtio.buffer, in, &segment, &skip, &left, &part)) {
            whole = part.size - part.size % VMM_SECTOR;
            if (whole && !move(blk, in, offset, part.bytes, whole))
                return false;
            offset += whole;
            from += whole;
            size -= whole;
            if (whole != part.size)
                break;
        }
        if (!size)
            break;
        if (!move_pieces(blk, in, offset, from))
            return false;
        offset += VMM_SECTOR;
        from += VMM_SECTOR;
        size -= VMM_SECTOR;
    }
    return true;
}

static enum request_status read_sectors(struct vmm_virtio_blk *blk, uint64_t sector, uint64_t size)
{
    if (!is_inside(blk, sector, size) || !transfer(blk, true, sector * VMM_SECTOR, 0, size))
        return STATUS_ERROR;
    blk->bytes_read += size;
    return STATUS_OK;
}

static enum request_status write_sectors(struct vmm_virtio_blk *blk, uint64_t sector)
{
    const uint64_t from = sizeof(struct request_header);
    uint64_t size = blk->virtio.buffer.readable_size - from;

    if (blk->store.read_only || !is_inside(blk, sector, size) ||
        !transfer(blk, false, sector * VMM_SECTOR, from, size))
        return STATUS_ERROR;
    blk->bytes_written += size;
    return STATUS_OK;
}

static enum request_status flush(struct vmm_virtio_blk *blk)
{
    return !blk->store.flush || blk->store.flush(blk->store.context) ? STATUS_OK : STATUS_ERROR;
}

/* Carries out the request in the buffer; `room` is what the device may write besides the status. */
static enum request_status carry_out(struct vmm_virtio_blk *blk,
                                     const struct request_header *header, uint64_t room)
{
    switch (header->type) {
    case REQUEST_IN:
        return read_sectors(blk, header->sector, room);
    case REQUEST_OUT:
        return write_sectors(blk, header->sector);
    case REQUEST_FLUSH:
        return flush(blk);
    case REQUEST_GET_ID:
        if (room < VMM_BLK_NAME_SIZE)
            return STATUS_ERROR;
        (void)vmm_virtq_write(&blk->virtio.buffer, 0, blk->name, VMM_BLK_NAME_SIZE);
        return STATUS_OK;
    default:
        return STATUS_UNSUPPORTED;
    }
}

/* A request begins with a header and ends with a byte for the status (5.2.6). What has no room for
 * them is no request. */
static bool handle(struct vmm_virtio_blk *blk)
{
    const struct vmm_virtq_buffer *buffer = &blk->virtio.buffer;
    struct request_header header;
    uint64_t room;
    uint8_t status;

    if (vmm_virtq_read(buffer, 0, &header, sizeof(header)) != sizeof(header) ||
        !buffer->writable_size || buffer->writable_size > UINT32_MAX)
        return false;
    room = buffer->writable_size - 1;
    status = (uint8_t)carry_out(blk, &header, room);
    (void)vmm_virtq_write(buffer, room, &status, 1);
    vmm_virtqueue_give(&blk->virtio.queues[REQUESTS], buffer->head,
                       (uint32_t)buffer->writable_size);
    return true;
}

static void notified(struct vmm_virtio *virtio, unsigned queue)
{
    struct vmm_virtio_blk *blk = (struct vmm_virtio_blk *)virtio;

    while (vmm_virtio_take(virtio, queue))
        if (!handle(blk)) {
            vmm_virtio_break(virtio);
            break;
        }
    vmm_virtio_finish(virtio, queue);
}

static const struct vmm_virtio_type type = {
    .id = ID_BLOCK,
    .class_code = CLASS_STORAGE,
    .queue_count = 1,
    .config_size = CONFIG_SIZE,
    .notified = notified,
};

static void set_config(struct vmm_virtio *virtio, unsigned offset, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        virtio->config[offset + i] = (uint8_t)(value >> i * 8);
}

void vmm_virtio_blk_init(struct vmm_virtio_blk *blk, const struct vmm_memory *memory,
                         uint8_t device, const struct vmm_blk_store *store, const char *name)
{
    uint64_t features = VMM_VIRTIO_BLK_F_SEG_MAX | VMM_VIRTIO_BLK_F_BLK_SIZE |
                        VMM_VIRTIO_BLK_F_FLUSH | (store->read_only ? VMM_VIRTIO_BLK_F_RO : 0);
    size_t length = strlen(name);

    blk->store = *store;
    blk->bytes_read = blk->bytes_written = 0;
    memset(blk->name, 0, sizeof(blk->name));
    memcpy(blk->name, name, length < sizeof(blk->name) ? length : sizeof(blk->name));
    vmm_virtio_init(&blk->virtio, &type, memory, features, device);
    set_config(&blk->virtio, CONFIG_SECTORS, store->sectors, 8);
    set_config(&blk->virtio, CONFIG_SEG_MAX, SEGMENTS_MAX, 4);
    set_config(&blk->virtio, CONFIG_BLOCK, VMM_SECTOR, 4);
}
