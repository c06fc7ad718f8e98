/* SPDX-License-Identifier: BSD-2-Clause */
/* Start of a client. A file of its own, so that the root task can have another one. */
#include <runtime/client.h>
#include <runtime/system_call.h>

_Noreturn void nacelle_start(const void *info, struct nacelle_ipc_buffer *buffer)
{
    nacelle_ipc_buffer = buffer;
    nacelle_exit(main(info));
}
