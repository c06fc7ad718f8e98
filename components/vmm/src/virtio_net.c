/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtio network devices. */
#include <runtime/string.h>
#include <stddef.h>
#include <vmm/virtio_net.h>

#define ID_NETWORK     1
#define CLASS_ETHERNET 0x0200

#define CONFIG_STATUS  6 /* struct virtio_net_config (5.1.4), behind the MAC address */
#define CONFIG_SIZE    8
#define STATUS_LINK_UP 1

enum queue {
    RECEIVE, /* to the driver */
    TRANSMIT,
    QUEUE_COUNT
};

#define HEADER_SIZE sizeof(struct vmm_net_header)

/* The features that allow a frame to leave something to its receiver. */
struct offloads {
    uint64_t checksum, tcp4, tcp6, ecn;
};

static const struct offloads from_driver = {VMM_VIRTIO_NET_F_CSUM, VMM_VIRTIO_NET_F_HOST_TSO4,
                                            VMM_VIRTIO_NET_F_HOST_TSO6, VMM_VIRTIO_NET_F_HOST_ECN};
static const struct offloads to_driver = {VMM_VIRTIO_NET_F_GUEST_CSUM, VMM_VIRTIO_NET_F_GUEST_TSO4,
                                          VMM_VIRTIO_NET_F_GUEST_TSO6, VMM_VIRTIO_NET_F_GUEST_ECN};

static bool allowed(const struct vmm_virtio_net *net, const struct offloads *offloads,
                    const struct vmm_net_header *header)
{
    uint64_t needed = 0;

    if (header->flags & VMM_NET_F_NEEDS_CHECKSUM)
        needed |= offloads->checksum;
    if (header->gso_type & VMM_NET_GSO_TCPV4)
        needed |= offloads->tcp4;
    if (header->gso_type & VMM_NET_GSO_TCPV6)
        needed |= offloads->tcp6;
    if (header->gso_type & VMM_NET_GSO_ECN)
        needed |= offloads->ecn;
    return (net->virtio.accepted & needed) == needed;
}

/* A buffer's frame goes to the link. False: there is no room for it. */
static bool transmit(struct vmm_virtio_net *net, const struct vmm_virtq_buffer *buffer)
{
    uint64_t size = buffer->readable_size - HEADER_SIZE;
    struct vmm_net_header header;

    if (vmm_virtq_read(buffer, 0, &header, HEADER_SIZE) < HEADER_SIZE ||
        size > VMM_FRAME_LONG_MAX || !vmm_net_header_check(&header, (uint32_t)size) ||
        !allowed(net, &from_driver, &header)) {
        net->dropped++;
        return true;
    }
    if (!net->link.transmit(net->link.context, &header, buffer, HEADER_SIZE, (uint32_t)size))
        return false;
    net->sent++;
    return true;
}

void vmm_virtio_net_resume(struct vmm_virtio_net *net)
{
    struct vmm_virtio *virtio = &net->virtio;

    while (vmm_virtio_take(virtio, TRANSMIT)) {
        if (!transmit(net, &virtio->buffer)) {
            vmm_virtqueue_put_back(&virtio->queues[TRANSMIT]);
            break;
        }
        vmm_virtqueue_give(&virtio->queues[TRANSMIT], virtio->buffer.head, 0);
    }
    if (net->link.flush)
        net->link.flush(net->link.context);
    vmm_virtio_finish(virtio, TRANSMIT);
}

static void notified(struct vmm_virtio *virtio, unsigned queue)
{
    struct vmm_virtio_net *net = (struct vmm_virtio_net *)virtio;

    if (queue == TRANSMIT)
        vmm_virtio_net_resume(net);
    else if (net->link.ready)
        net->link.ready(net->link.context);
}

static const struct vmm_virtio_type type = {
    .id = ID_NETWORK,
    .class_code = CLASS_ETHERNET,
    .queue_count = QUEUE_COUNT,
    .config_size = CONFIG_SIZE,
    .notified = notified,
};

void vmm_virtio_net_init(struct vmm_virtio_net *net, const struct vmm_memory *memory,
                         uint8_t device, const uint8_t mac[VMM_MAC_SIZE],
                         const struct vmm_net_link *link)
{
    net->link = *link;
    net->sent = net->received = net->dropped = net->divided = 0;
    net->done = 0;
    vmm_virtio_init(&net->virtio, &type, memory,
                    VMM_VIRTIO_NET_F_MAC | VMM_VIRTIO_NET_F_MRG_RXBUF | VMM_VIRTIO_NET_F_STATUS |
                        VMM_VIRTIO_NET_OFFLOADS,
                    device);
    memcpy(net->virtio.config, mac, VMM_MAC_SIZE);
    net->virtio.config[CONFIG_STATUS] = STATUS_LINK_UP;
}

void vmm_virtio_net_refuse_offloads(struct vmm_virtio_net *net)
{
    net->virtio.offered &= ~VMM_VIRTIO_NET_OFFLOADS;
}

/* A frame on its way into buffers of the guest. */
struct delivery {
    struct vmm_net_header header;
    const struct vmm_segment *parts;
    uint64_t left;        /* bytes of the frame that are not copied yet */
    uint32_t offset;      /* in the first part */
    uint8_t *buffers_low; /* where the first buffer's header tells how many there are */
    uint8_t *buffers_high;
};

/* Copies as much as fits behind `at` of the buffer. Returns how many bytes. */
static uint32_t fill(struct delivery *delivery, const struct vmm_virtq_buffer *buffer, uint64_t at)
{
    uint64_t room = buffer->writable_size - at, offset = at;
    struct vmm_segment target;
    unsigned segment = 0;
    uint32_t filled = 0;

    room = room < delivery->left ? room : delivery->left;
    while (vmm_virtq_walk(buffer, true, &segment, &offset, &room, &target)) {
        while (target.size) {
            uint32_t part = delivery->parts->size - delivery->offset;

            part = part < target.size ? part : target.size;
            memcpy(target.bytes, delivery->parts->bytes + delivery->offset, part);
            target.bytes += part;
            target.size -= part;
            filled += part;
            delivery->offset += part;
            if (delivery->offset == delivery->parts->size) {
                delivery->parts++;
                delivery->offset = 0;
            }
        }
    }
    delivery->left -= filled;
    return filled;
}

static uint8_t *byte_at(const struct vmm_virtq_buffer *buffer, uint64_t offset)
{
    struct vmm_segment part = {NULL, 0};
    unsigned segment = 0;
    uint64_t size = 1;

    (void)vmm_virtq_walk(buffer, true, &segment, &offset, &size, &part);
    return part.bytes;
}

/* The first buffer begins with the header. */
static void put_header(struct delivery *delivery, const struct vmm_virtq_buffer *buffer)
{
    const uint64_t at = offsetof(struct vmm_net_header, buffers);

    delivery->header.buffers = 1;
    (void)vmm_virtq_write(buffer, 0, &delivery->header, HEADER_SIZE);
    delivery->buffers_low = byte_at(buffer, at);
    delivery->buffers_high = byte_at(buffer, at + 1);
}

/* Takes buffers until the frame has room: only the first one without mergeable buffers. Returns how
 * many it lies in; 0 when there are not enough, or (*dropped) it can never be received. */
static unsigned deliver(struct vmm_virtio_net *net, struct delivery *delivery, bool *dropped)
{
    struct vmm_virtio *virtio = &net->virtio;
    struct vmm_virtqueue *queue = &virtio->queues[RECEIVE];
    bool mergeable = vmm_virtio_has(virtio, VMM_VIRTIO_NET_F_MRG_RXBUF);
    unsigned used = 0;

    while (vmm_virtio_take(virtio, RECEIVE)) {
        uint32_t start = used ? 0 : HEADER_SIZE;
        uint32_t filled;

        if (virtio->buffer.writable_size <= start) { /* no room even for the header */
            vmm_virtio_break(virtio);
            break;
        }
        if (!used)
            put_header(delivery, &virtio->buffer);
        filled = fill(delivery, &virtio->buffer, start);
        vmm_virtqueue_stage(queue, used++, virtio->buffer.head, start + filled);
        if (!delivery->left)
            return used;
        if (!mergeable || used == queue->size)
            break;
    }
    *dropped = (used && (!mergeable || used == queue->size)) || !vmm_virtio_is_live(virtio);
    for (; used; used--)
        vmm_virtqueue_put_back(queue);
    return 0;
}

/* Gives the guest a frame in `count` parts as it is. False: it waits for buffers. */
static bool give(struct vmm_virtio_net *net, const struct vmm_net_header *header,
                 const struct vmm_segment *parts, unsigned count)
{
    struct delivery delivery = {.header = *header, .parts = parts};
    bool dropped = false;
    unsigned used;

    for (unsigned i = 0; i < count; i++)
        delivery.left += parts[i].size;
    used = deliver(net, &delivery, &dropped);
    if (!used) {
        net->dropped += dropped;
        return dropped;
    }
    *delivery.buffers_low = (uint8_t)used;
    *delivery.buffers_high = (uint8_t)(used >> 8);
    vmm_virtqueue_publish(&net->virtio.queues[RECEIVE], used);
    net->received++;
    return true;
}

/* Gives the guest a frame that was made of another, and leaves nothing to do. */
static bool give_made(struct vmm_virtio_net *net, uint32_t size)
{
    static const struct vmm_net_header header;
    const struct vmm_segment part = {net->made, size};

    return give(net, &header, &part, 1);
}

/* Gives it the segments that it has not got yet; there may be buffers for some of them alone. */
static bool give_segments(struct vmm_virtio_net *net, const struct vmm_net_tcp *tcp)
{
    for (; net->done < tcp->size; net->done += tcp->segment_size)
        if (!give_made(net, vmm_net_tcp_segment(tcp, net->done, net->made)))
            return false;
    net->divided++;
    return true;
}

/* A frame that is to be divided, by the guest if it can: with those headers that were checked. */
static bool receive_tcp(struct vmm_virtio_net *net, struct vmm_net_header *header,
                        const struct vmm_segment parts[2])
{
    struct vmm_segment checked[3];
    struct vmm_net_tcp tcp;

    if (!vmm_net_tcp_init(&tcp, header, parts)) {
        net->dropped++;
        return true;
    }
    if (!allowed(net, &to_driver, header))
        return give_segments(net, &tcp);
    header->header_length = (uint16_t)tcp.header_length;
    checked[0] = (struct vmm_segment){tcp.headers, tcp.header_length};
    vmm_net_skip(parts, tcp.header_length, &checked[1]);
    return give(net, header, checked, 3);
}

static bool receive(struct vmm_virtio_net *net, const struct vmm_net_header *header,
                    const struct vmm_segment parts[2])
{
    struct vmm_net_header checked = *header;

    if (!vmm_virtio_is_live(&net->virtio) ||
        !vmm_net_header_check(&checked, parts[0].size + parts[1].size)) {
        net->dropped++;
        return true;
    }
    if (checked.gso_type != VMM_NET_GSO_NONE)
        return receive_tcp(net, &checked, parts);
    if (allowed(net, &to_driver, &checked))
        return give(net, &checked, parts, 2);
    return give_made(net, vmm_net_complete(&checked, parts, net->made));
}

bool vmm_virtio_net_receive(struct vmm_virtio_net *net, const struct vmm_net_header *header,
                            const struct vmm_segment parts[2])
{
    if (!receive(net, header, parts))
        return false;
    net->done = 0;
    return true;
}

void vmm_virtio_net_finish(struct vmm_virtio_net *net)
{
    vmm_virtio_finish(&net->virtio, RECEIVE);
}

void vmm_virtio_net_set_link(struct vmm_virtio_net *net, bool up)
{
    net->virtio.config[CONFIG_STATUS] = up ? STATUS_LINK_UP : 0;
    vmm_virtio_config_changed(&net->virtio);
}
