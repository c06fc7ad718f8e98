/* SPDX-License-Identifier: BSD-2-Clause */
/* Tests that take several exits: events, advancing, pokes, refused entries. */
#ifndef EXITS_EVENTS_H
#define EXITS_EVENTS_H

#include "mode.h"

/* What an event must have pushed when its handler's HLT exits. */
struct frame {
    unsigned vector;
    uint64_t rip;    /* where the handler returns to */
    uint64_t rflags; /* IF, TF: as pushed */
    bool has_error;
    uint32_t error;
};

/* Runs to the HLT of a handler and checks the frame; false when it did not come. */
bool events_expect_handler(enum mode mode, uint32_t resume_flags, const struct frame *frame);

/* Runs to the HLT at RIG_CODE + size, behind the code. */
bool events_expect_end(uint32_t resume_flags, unsigned size);

/* Runs to an exit of this kind at this rip. */
bool events_expect(uint32_t resume_flags, uint32_t kind, uint64_t rip);

/* INJECT with an instruction length; must succeed. */
void events_inject(uint32_t event, uint32_t error, uint32_t length);

/* Does the exit record say that an event waits? */
bool events_pending(void);

void events_run(void);              /* injection, windows, cancelling */
void vectoring_run(enum mode mode); /* interrupted deliveries */
void privilege_run(enum mode mode); /* events that change the privilege level */
void advance_run(enum mode mode);   /* ADVANCE: shadows, single steps; pokes, HLT */
void refusals_run(void);            /* refused entries */

#endif
