/* SPDX-License-Identifier: BSD-2-Clause */
/* Slots, memory and addresses of a test program that stands in for the root task. */
#ifndef HARNESS_MEMORY_H
#define HARNESS_MEMORY_H

#include <nacelle/boot_info.h>
#include <nacelle/object.h>
#include <runtime/system_call.h>

extern const struct nacelle_boot_info *boot;

#define READ_WRITE   (NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE)
#define READ_EXECUTE (NACELLE_RIGHT_READ | NACELLE_RIGHT_EXECUTE)

/* Slots, handed out in ascending order; a part of the test gives all of its own back at its end. */
uint64_t slots_take(uint64_t count);
uint64_t slot_take(void);

/*
 * A piece of the largest untyped memory, made anew for each part of a test: what a part makes comes
 * out of it, and arena_end revokes it and checks that every byte came back.
 */
#define ARENA_SIZE 24 /* 16 MiB */
extern uint64_t arena;
void arena_begin(void);
void arena_end(const char *part);

/* For what is made again and again: slots and addresses given out since the mark may be given out
 * again. The caller has emptied them. */
struct mark {
    uint64_t slot, address;
};
struct mark harness_mark(void);
void harness_release(struct mark mark);

/* One object out of the arena, in a fresh slot; ends the test when there is none. */
uint64_t make(enum nacelle_type type, unsigned size);
uint64_t make_from(uint64_t untyped, enum nacelle_type type, unsigned size);

/* A copy in a fresh slot. */
uint64_t copy(uint64_t from, unsigned rights, uint64_t badge);

/* Bytes in use of an untyped. */
uint64_t used_of(uint64_t untyped);

/* Room in the address space, 4 KiB pages; not given back. */
uint64_t address_take(uint64_t bytes);

/* A fresh frame of 4 KiB, mapped for reading and writing. */
struct page {
    uint64_t frame;
    uint8_t *bytes;
};
struct page page_make(void);

/* Deletes a capability of our own space. */
void drop(uint64_t slot);

#endif
