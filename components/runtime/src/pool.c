/* SPDX-License-Identifier: BSD-2-Clause */
/* Making objects. */
#include <runtime/client.h>
#include <runtime/names.h>
#include <runtime/pool.h>
#include <runtime/untyped.h>

void nacelle_pool_init(struct nacelle_pool *pool, const struct nacelle_client_info *info)
{
    *pool = (struct nacelle_pool){.next_slot = info->first_free_slot,
                                  .end_slot = info->slots,
                                  .next_address = NACELLE_CLIENT_FREE,
                                  .untyped_count = info->untyped_count};
    for (uint32_t i = 0; i < info->untyped_count; i++)
        pool->untyped[i] = info->untyped[i].slot;
}

enum nacelle_error nacelle_pool_slots(struct nacelle_pool *pool, uint64_t count, uint64_t *first)
{
    if (count > pool->end_slot - pool->next_slot)
        return NACELLE_ERROR_OUT_OF_RANGE;
    *first = pool->next_slot;
    pool->next_slot += count;
    return NACELLE_ERROR_OK;
}

/* Objects of one operation, all out of one untyped: the smallest that has room, so that large
 * pieces stay whole for what needs them. */
static enum nacelle_error make_part(struct nacelle_pool *pool, enum nacelle_type type,
                                    unsigned size, uint64_t count)
{
    enum nacelle_error error = NACELLE_ERROR_NO_MEMORY;

    for (unsigned i = pool->untyped_count; i && error == NACELLE_ERROR_NO_MEMORY; i--)
        error = nacelle_untyped_retype(pool->untyped[i - 1], type, size, pool->next_slot, count);
    if (error == NACELLE_ERROR_OK)
        pool->next_slot += count;
    return error;
}

enum nacelle_error nacelle_pool_make(struct nacelle_pool *pool, enum nacelle_type type,
                                     unsigned size, uint64_t count, uint64_t *first)
{
    enum nacelle_error error = NACELLE_ERROR_OK;

    if (count > pool->end_slot - pool->next_slot)
        return NACELLE_ERROR_OUT_OF_RANGE;
    *first = pool->next_slot;
    while (count && error == NACELLE_ERROR_OK) {
        uint64_t part = count < NACELLE_RETYPE_AT_ONCE ? count : NACELLE_RETYPE_AT_ONCE;

        error = make_part(pool, type, size, part);
        /* None has room for all of them: the pieces of memory may together. */
        while (error == NACELLE_ERROR_NO_MEMORY && part > 1) {
            part /= 2;
            error = make_part(pool, type, size, part);
        }
        count -= part;
    }
    return error;
}

uint64_t nacelle_pool_need(struct nacelle_pool *pool, enum nacelle_type type, unsigned size)
{
    uint64_t slot = 0;
    enum nacelle_error error = nacelle_pool_make(pool, type, size, 1, &slot);

    if (error != NACELLE_ERROR_OK) {
        nacelle_print("cannot make %s: %s\n", nacelle_type_name(type), nacelle_error_text(error));
        nacelle_exit(1);
    }
    return slot;
}

uint64_t nacelle_pool_address(struct nacelle_pool *pool, uint64_t size, uint64_t alignment)
{
    uint64_t address = (pool->next_address + alignment - 1) & ~(alignment - 1);

    pool->next_address = address + size;
    return address;
}
