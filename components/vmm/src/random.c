/* SPDX-License-Identifier: BSD-2-Clause */
/* The generator of random bytes. */
#include <runtime/string.h>
#include <stdbool.h>
#include <vmm/cpuid.h>
#include <vmm/random.h>

#define ROUNDS          20
#define BLOCK           64   /* bytes */
#define AT_ONCE         1024 /* bytes for one key; 16 blocks */
#define ECX_RDRAND      (1u << 30)
#define RDRAND_ATTEMPTS 10 /* SDM vol. 1, 7.3.17.1 */

static uint32_t rotate(uint32_t value, unsigned by)
{
    return value << by | value >> (32 - by);
}

static void quarter_round(uint32_t *x, unsigned a, unsigned b, unsigned c, unsigned d)
{
    x[a] += x[b];
    x[d] = rotate(x[d] ^ x[a], 16);
    x[c] += x[d];
    x[b] = rotate(x[b] ^ x[c], 12);
    x[a] += x[b];
    x[d] = rotate(x[d] ^ x[a], 8);
    x[c] += x[d];
    x[b] = rotate(x[b] ^ x[c], 7);
}

void vmm_chacha20(const uint32_t key[8], uint32_t counter, const uint32_t nonce[3],
                  uint32_t block[16])
{
    /* "expand 32-byte k" */
    uint32_t start[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};

    memcpy(&start[4], key, VMM_RANDOM_KEY);
    start[12] = counter;
    memcpy(&start[13], nonce, 3 * sizeof(uint32_t));
    memcpy(block, start, sizeof(start));
    for (unsigned i = 0; i < ROUNDS; i += 2) {
        quarter_round(block, 0, 4, 8, 12);
        quarter_round(block, 1, 5, 9, 13);
        quarter_round(block, 2, 6, 10, 14);
        quarter_round(block, 3, 7, 11, 15);
        quarter_round(block, 0, 5, 10, 15);
        quarter_round(block, 1, 6, 11, 12);
        quarter_round(block, 2, 7, 8, 13);
        quarter_round(block, 3, 4, 9, 14);
    }
    for (unsigned i = 0; i < 16; i++)
        block[i] += start[i];
}

/* The first half of block 0 becomes the next key; the blocks after it are for the caller. */
static void next_key(struct vmm_random *random, const uint32_t nonce[3])
{
    uint32_t block[16];

    vmm_chacha20(random->key, 0, nonce, block);
    memcpy(random->key, block, sizeof(random->key));
    random->nonce++;
}

static void make_nonce(const struct vmm_random *random, uint32_t nonce[3])
{
    nonce[0] = 0;
    nonce[1] = (uint32_t)random->nonce;
    nonce[2] = (uint32_t)(random->nonce >> 32);
}

void vmm_random_bytes(struct vmm_random *random, void *to, size_t size)
{
    uint8_t *target = to;

    while (size) {
        uint32_t nonce[3], block[16];
        uint32_t counter = 1;

        make_nonce(random, nonce);
        for (size_t done = 0; size && done < AT_ONCE; done += BLOCK) {
            size_t part = size < BLOCK ? size : BLOCK;

            vmm_chacha20(random->key, counter++, nonce, block);
            memcpy(target, block, part);
            target += part;
            size -= part;
        }
        next_key(random, nonce);
    }
}

/* Each 32 bytes go into the key, which is then replaced by a block made with it. */
void vmm_random_seed(struct vmm_random *random, const void *bytes, size_t size)
{
    const uint8_t *source = bytes;

    while (size) {
        size_t part = size < VMM_RANDOM_KEY ? size : VMM_RANDOM_KEY;
        uint32_t words[VMM_RANDOM_KEY / 4] = {0}, nonce[3];

        memcpy(words, source, part);
        for (unsigned i = 0; i < VMM_RANDOM_KEY / 4; i++)
            random->key[i] ^= words[i];
        make_nonce(random, nonce);
        next_key(random, nonce);
        source += part;
        size -= part;
    }
}

static bool rdrand(uint64_t *value) /* NOLINT(readability-non-const-parameter): asm writes it */
{
    for (unsigned i = 0; i < RDRAND_ATTEMPTS; i++) {
        bool valid;

        __asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(valid));
        if (valid)
            return true;
    }
    return false;
}

static uint64_t tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

void vmm_random_seed_host(struct vmm_random *random)
{
    struct vmm_cpuid_values values;
    uint64_t seed[VMM_RANDOM_KEY / 8];

    vmm_cpuid_host(1, 0, &values);
    for (unsigned i = 0; i < VMM_RANDOM_KEY / 8; i++)
        if (!(values.ecx & ECX_RDRAND) || !rdrand(&seed[i]))
            seed[i] = tsc();
    vmm_random_seed(random, seed, sizeof(seed));
    seed[0] = tsc();
    vmm_random_seed(random, seed, sizeof(seed[0]));
}
