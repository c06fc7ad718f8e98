/* SPDX-License-Identifier: BSD-2-Clause */
/* Start and end of a client, and its console. */
#ifndef RUNTIME_CLIENT_H
#define RUNTIME_CLIENT_H

#include <runtime/client_info.h>

struct nacelle_ipc_buffer;

/* The client's program. What it returns is its exit status; 0 is success. */
int main(const struct nacelle_client_info *info);

/* Prints a line to the console; text without a line end is kept until the rest comes. */
void nacelle_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the client. The root task takes back all that it gave. */
_Noreturn void nacelle_exit(int status);

/* Prints "what: error text" and exits with status 1, if error is one. */
void nacelle_check(uint32_t error, const char *what);

/* The file of this name, or NULL. */
const struct nacelle_client_file *nacelle_find_file(const struct nacelle_client_info *info,
                                                    const char *name);

/* Called by the start-up code (src/start.S). The root task has one of its own. */
_Noreturn void nacelle_start(const void *info, struct nacelle_ipc_buffer *buffer);

#endif
