/* SPDX-License-Identifier: BSD-2-Clause */
/* In the place of decode.c where there is no decoder (NacelleZydis=OFF). */
#include <vmm/decode.h>

enum vmm_decode_status vmm_decode(enum vmm_decode_mode mode, const uint8_t *bytes, unsigned count,
                                  struct vmm_instruction *instruction)
{
    (void)mode;
    (void)bytes;
    (void)count;
    (void)instruction;
    return VMM_DECODE_NO_DECODER;
}
