/* SPDX-License-Identifier: BSD-2-Clause */
/* Terminals of clients: the part of the console protocol that is about bytes. */
#ifndef ROOT_TERMINAL_H
#define ROOT_TERMINAL_H

#include "client.h"

#include <runtime/system_call.h>

/* Makes ready to take capabilities that come with messages received at `endpoint`. */
void terminals_init(uint64_t endpoint);

/* OUTPUT, ATTACH, READ of a client. Fills in the reply. False: the label is none of them. */
bool terminal_handle(struct client *client, const struct nacelle_message *message,
                     struct nacelle_message *reply);

/* A signal of the serial line's interrupt. True: something was typed at the log, too. */
bool terminals_interrupt(void);

/* Deletes a capability that came with a message that takes none. */
void terminals_refuse_capability(const struct nacelle_message *message);

/* The client has ended. */
void terminal_close(const struct client *client);

#endif
