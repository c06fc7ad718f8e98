/* SPDX-License-Identifier: BSD-2-Clause */
/* What the stubs of entry.S call. */
#ifndef SERVER_TRAP_H
#define SERVER_TRAP_H

struct frame;

/* A trap from user level; the frame is the current thread's. */
_Noreturn void trap_from_user(struct frame *frame);

/* A trap from ring 0; goes back to where it came from, or panics. */
void trap_from_server(struct frame *frame);

/* NMI, debug exception, machine check, double fault. */
void trap_on_own_stack(struct frame *frame);

#endif
