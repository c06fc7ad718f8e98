/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers each call with as many words as came; it looks at none. */
#include "partner.h"

#include <runtime/client.h>
#include <runtime/ipc.h>

int main(const struct nacelle_client_info *info)
{
    struct nacelle_message message = {0};

    (void)info;
    (void)nacelle_receive(PARTNER_ENDPOINT, &message);
    for (;;) {
        message.tag = nacelle_tag(0, nacelle_tag_length(message.tag));
        (void)nacelle_reply_receive(PARTNER_ENDPOINT, &message);
    }
}
