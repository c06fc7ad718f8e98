/* SPDX-License-Identifier: BSD-2-Clause */
#include "slot.h"

static void link_after(struct slot *place, struct slot *slot)
{
    slot->previous = place;
    slot->next = place->next;
    if (place->next != NULL) {
        place->next->previous = slot;
    }
    place->next = slot;
}

static void take_value(struct slot *slot, const struct slot *value)
{
    slot->type = value->type;
    slot->rights = value->rights;
    slot->size = value->size;
    slot->flags = value->flags;
    slot->object = value->object;
    slot->badge = value->badge;
    slot->space = value->space;
    slot->mapped_previous = NULL;
    slot->mapped_next = NULL;
}

void slot_set_root(struct slot *slot, const struct slot *value)
{
    take_value(slot, value);
    slot->depth = 0;
    slot->previous = NULL;
    slot->next = NULL;
}

bool slot_has_children(const struct slot *slot)
{
    return slot->next != NULL && slot->next->depth > slot->depth;
}

void slot_derive(struct slot *parent, struct slot *child, const struct slot *value)
{
    take_value(child, value);
    child->depth = (uint16_t)(parent->depth + 1);
    link_after(parent, child);
}

struct slot *slot_leaf(struct slot *slot)
{
    while (slot_has_children(slot)) {
        slot = slot->next;
    }
    return slot;
}

void slot_clear(struct slot *slot)
{
    if (slot->previous != NULL) {
        slot->previous->next = slot->next;
    }
    if (slot->next != NULL) {
        slot->next->previous = slot->previous;
    }
    *slot = (struct slot){0};
}

static enum nacelle_error mint_badge(struct slot *value, uint64_t badge)
{
    if (value->badge != 0) {
        return NACELLE_ERROR_INVALID_ARGUMENT;
    }
    value->badge = badge;
    return NACELLE_ERROR_OK;
}

static enum nacelle_error mint_ports(struct slot *value, uint64_t range)
{
    uint64_t first = range & 0xffff;
    uint64_t last = range >> 16;

    if (last > 0xffff || first > last || first < slot_first_port(value) ||
        last > slot_last_port(value)) {
        return NACELLE_ERROR_OUT_OF_RANGE;
    }
    value->object = range;
    return NACELLE_ERROR_OK;
}

enum nacelle_error slot_mint(const struct slot *source, const struct slot_mint *mint,
                             struct slot *value)
{
    if (!slot_can_derive(source)) {
        return NACELLE_ERROR_TOO_DEEP;
    }
    /* Two capabilities to the same untyped would hand the same memory out twice. */
    if (source->type == NACELLE_TYPE_UNTYPED || (source->flags & SLOT_INTERNAL) != 0) {
        return NACELLE_ERROR_INVALID_ARGUMENT;
    }
    *value = (struct slot){
        .type = source->type,
        .rights = (uint8_t)(source->rights & mint->rights),
        .size = source->size,
        .flags = (uint8_t)(source->flags & SLOT_DEVICE),
        .object = source->object,
    };
    switch (source->type) {
    case NACELLE_TYPE_ENDPOINT:
    case NACELLE_TYPE_NOTIFICATION:
        value->badge = source->badge;
        return mint->badge == 0 ? NACELLE_ERROR_OK : mint_badge(value, mint->badge);
    case NACELLE_TYPE_IOPORT:
        return mint->badge == 0 ? NACELLE_ERROR_OK : mint_ports(value, mint->badge);
    default:
        return mint->badge == 0 ? NACELLE_ERROR_OK : NACELLE_ERROR_INVALID_ARGUMENT;
    }
}
