/* SPDX-License-Identifier: BSD-2-Clause */
/* The port table. */
#include <stddef.h>
#include <vmm/ports.h>

bool vmm_ports_add(struct vmm_ports *ports, const struct vmm_port_range *range)
{
    unsigned at = ports->count;

    if (at == VMM_PORT_RANGES_MAX || range->first > range->last)
        return false;
    for (unsigned i = 0; i < ports->count; i++)
        if (range->first <= ports->ranges[i].last && ports->ranges[i].first <= range->last)
            return false;
    for (; at && ports->ranges[at - 1].first > range->first; at--)
        ports->ranges[at] = ports->ranges[at - 1];
    ports->ranges[at] = *range;
    ports->count++;
    return true;
}

void vmm_ports_remove(struct vmm_ports *ports, uint16_t first)
{
    unsigned at = 0;

    while (at < ports->count && ports->ranges[at].first != first)
        at++;
    if (at == ports->count)
        return;
    for (; at + 1 < ports->count; at++)
        ports->ranges[at] = ports->ranges[at + 1];
    ports->count--;
}

static const struct vmm_port_range *find(struct vmm_ports *ports, uint16_t port)
{
    const struct vmm_port_range *recent = &ports->ranges[ports->recent];
    unsigned low = 0, high = ports->count;

    if (ports->recent < ports->count && port >= recent->first && port <= recent->last)
        return recent;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        const struct vmm_port_range *range = &ports->ranges[middle];

        if (port < range->first) {
            high = middle;
        } else if (port > range->last) {
            low = middle + 1;
        } else {
            ports->recent = middle;
            return range;
        }
    }
    ports->unclaimed++;
    ports->last_unclaimed = port;
    return NULL;
}

static uint32_t all_ones(unsigned size)
{
    return size >= 4 ? UINT32_MAX : (1u << size * 8) - 1;
}

/* Bytes of an access that the range takes as one: what fits its width and does not leave it. */
static unsigned part_of(const struct vmm_port_range *range, uint16_t port, unsigned left)
{
    unsigned part = left >= 4 ? 4 : left >= 2 ? 2 : 1;

    if (!range)
        return 1;
    while (part > 1 && (part > range->width || range->last - port < (int)part - 1))
        part /= 2;
    return part;
}

uint32_t vmm_ports_read(struct vmm_ports *ports, uint16_t port, unsigned size)
{
    uint32_t value = 0;

    for (unsigned done = 0; done < size;) {
        uint16_t at = (uint16_t)(port + done);
        const struct vmm_port_range *range = find(ports, at);
        unsigned part = part_of(range, at, size - done);
        uint32_t bytes = range && range->read ? range->read(range->device, at, part) : UINT32_MAX;

        value |= (bytes & all_ones(part)) << done * 8;
        done += part;
    }
    return value;
}

void vmm_ports_write(struct vmm_ports *ports, uint16_t port, unsigned size, uint32_t value)
{
    for (unsigned done = 0; done < size;) {
        uint16_t at = (uint16_t)(port + done);
        const struct vmm_port_range *range = find(ports, at);
        unsigned part = part_of(range, at, size - done);

        if (range && range->write)
            range->write(range->device, at, part, value >> done * 8 & all_ones(part));
        done += part;
    }
}
