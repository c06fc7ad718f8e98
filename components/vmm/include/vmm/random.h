/* SPDX-License-Identifier: BSD-2-Clause */
/* Random bytes: ChaCha20 (RFC 8439), whose key is replaced by its own output as it goes, so that
 * what it gave cannot be computed from what it is. */
#ifndef VMM_RANDOM_H
#define VMM_RANDOM_H

#include <stddef.h>
#include <stdint.h>

#define VMM_RANDOM_KEY 32 /* bytes */

struct vmm_random {
    uint32_t key[VMM_RANDOM_KEY / 4];
    uint64_t nonce; /* of the key: how often it was replaced */
};

/* The ChaCha20 block function (RFC 8439, 2.3); the nonce has three words. */
void vmm_chacha20(const uint32_t key[8], uint32_t counter, const uint32_t nonce[3],
                  uint32_t block[16]);

/* Mixes bytes into the key; what was mixed in before is kept. Not random until it got some bytes
 * that nobody can guess. */
void vmm_random_seed(struct vmm_random *random, const void *bytes, size_t size);

/* The same with what the processor has: RDRAND where CPUID tells of it, and the TSC. */
void vmm_random_seed_host(struct vmm_random *random);

void vmm_random_bytes(struct vmm_random *random, void *to, size_t size);

#endif
