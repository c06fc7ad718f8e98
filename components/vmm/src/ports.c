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

static const struct vmm_port_range *find(struct vmm_ports *ports, uint16_t port)
{
    unsigned low = 0, high = ports->count;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        const struct vmm_port_range *range = &ports->ranges[middle];

        if (port < range->first)
            high = middle;
        else if (port > range->last)
            low = middle + 1;
        else
            return range;
    }
    ports->unclaimed++;
    ports->last_unclaimed = port;
    return NULL;
}

static uint32_t all_ones(unsigned size)
{
    return size >= 4 ? UINT32_MAX : (1u << size * 8) - 1;
}

/* True when the range takes the access as one: it is narrow enough and does not leave the range. */
static bool takes(const struct vmm_port_range *range, uint16_t port, unsigned size)
{
    return size <= range->width && range->last - port >= (int)size - 1;
}

uint32_t vmm_ports_read(struct vmm_ports *ports, uint16_t port, unsigned size)
{
    const struct vmm_port_range *range = find(ports, port);

    if (range && takes(range, port, size))
        return range->read ? range->read(range->device, port, size) & all_ones(size)
                           : all_ones(size);
    if (size == 1 || !range)
        return all_ones(size);
    size /= 2;
    return vmm_ports_read(ports, port, size) | vmm_ports_read(ports, (uint16_t)(port + size), size)
                                                   << size * 8;
}

void vmm_ports_write(struct vmm_ports *ports, uint16_t port, unsigned size, uint32_t value)
{
    const struct vmm_port_range *range = find(ports, port);

    value &= all_ones(size);
    if (range && takes(range, port, size)) {
        if (range->write)
            range->write(range->device, port, size, value);
        return;
    }
    if (size == 1 || !range)
        return;
    size /= 2;
    vmm_ports_write(ports, port, size, value);
    vmm_ports_write(ports, (uint16_t)(port + size), size, value >> size * 8);
}
