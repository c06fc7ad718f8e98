/* SPDX-License-Identifier: BSD-2-Clause */
/* Call and reply between two address spaces: both switches, and the partner's part. */
#include "bench.h"
#include "partner.h"

#include <runtime/client.h>
#include <runtime/ipc.h>

#define IPC_ROUNDS(name, length)                                                  \
    __attribute__((noinline)) void run_##name(uint32_t *samples, unsigned rounds) \
    {                                                                             \
        uint64_t partner = partner_start();                                       \
        struct nacelle_message message = {0};                                     \
                                                                                  \
        for (unsigned i = 0; i < rounds; i++) {                                   \
            uint32_t begin = BENCH_STAMP(#name "_begin");                         \
            enum nacelle_error error;                                             \
                                                                                  \
            message.tag = nacelle_tag(1, length);                                 \
            error = nacelle_call(partner, &message);                              \
            samples[i] = BENCH_STAMP(#name "_end") - begin;                       \
            nacelle_check(error, #name);                                          \
            if (nacelle_tag_length(message.tag) != (length))                      \
                bench_fail(#name ": the partner's answer");                       \
        }                                                                         \
    }

IPC_ROUNDS(ipc_call_reply, 4)
IPC_ROUNDS(ipc_call_reply_1, 1)
IPC_ROUNDS(ipc_call_reply_64, NACELLE_MESSAGE_WORDS)
