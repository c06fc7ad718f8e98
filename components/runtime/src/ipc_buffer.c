/* SPDX-License-Identifier: BSD-2-Clause */
#include <runtime/system_call.h>

struct nacelle_ipc_buffer *nacelle_ipc_buffer;
