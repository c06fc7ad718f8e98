/* SPDX-License-Identifier: BSD-2-Clause */
/* Circular doubly linked list. */
#ifndef SERVER_LIST_H
#define SERVER_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *previous, *next;
};

static inline void list_init(struct list *list)
{
    list->previous = list;
    list->next = list;
}

static inline bool list_is_empty(const struct list *list)
{
    return list->next == list;
}

/* Adds at the end. */
static inline void list_append(struct list *list, struct list *entry)
{
    entry->previous = list->previous;
    entry->next = list;
    list->previous->next = entry;
    list->previous = entry;
}

static inline void list_remove(struct list *entry)
{
    entry->previous->next = entry->next;
    entry->next->previous = entry->previous;
    list_init(entry);
}

/* Takes an entry of the list out and adds it at the end. */
static inline void list_move_to_end(struct list *list, struct list *entry)
{
    entry->previous->next = entry->next;
    entry->next->previous = entry->previous;
    list_append(list, entry);
}

#define container_of(pointer, type, member) \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
