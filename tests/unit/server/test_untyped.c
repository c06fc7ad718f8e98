/* SPDX-License-Identifier: BSD-2-Clause */
/* Retyping: alignment, exhaustion, reuse, and which memory is clear, byte for byte. */
#include "untyped.h"

#include "test_main.h"

#define PAGE 4096ull

static struct slot make_untyped(uint64_t physical, uint64_t bytes, unsigned flags)
{
    return (struct slot){
        .type = NACELLE_TYPE_UNTYPED,
        .rights = NACELLE_RIGHTS_ALL,
        .flags = (uint8_t)flags,
        .object = physical,
        .space = bytes,
    };
}

static uint64_t kind(unsigned type, unsigned size)
{
    return type | (uint64_t)size << 8;
}

static void sizes(void **state)
{
    (void)state;
    assert_int_equal(object_size(NACELLE_TYPE_UNTYPED, 11, false), 0);
    assert_int_equal(object_size(NACELLE_TYPE_UNTYPED, 12, false), 12);
    assert_int_equal(object_size(NACELLE_TYPE_UNTYPED, 40, false), 40);
    assert_int_equal(object_size(NACELLE_TYPE_UNTYPED, 41, false), 0);
    for (unsigned size = 0; size < 256; size++) {
        bool leaf = size == 12 || size == 21 || size == 30;

        assert_int_equal(object_size(NACELLE_TYPE_FRAME, size, false), leaf ? size : 0);
        assert_int_equal(object_size(NACELLE_TYPE_FRAME, size, true), leaf ? size : 0);
        assert_int_equal(object_size(NACELLE_TYPE_CSPACE, size, false),
                         size >= 8 && size <= 24 ? size : 0);
        assert_int_equal(object_size(NACELLE_TYPE_ASPACE, size, false),
                         size >= 13 && size <= 24 ? size : 0);
        assert_int_equal(object_size(NACELLE_TYPE_VM, size, false),
                         size >= NACELLE_SIZE_VM_MIN && size <= NACELLE_SIZE_VM_MAX ? size : 0);
        /* no choice: the size is ignored */
        assert_int_equal(object_size(NACELLE_TYPE_THREAD, size, false), 13);
        assert_int_equal(object_size(NACELLE_TYPE_ENDPOINT, size, false), 6);
        assert_int_equal(object_size(NACELLE_TYPE_NOTIFICATION, size, false), 8);
        assert_int_equal(object_size(NACELLE_TYPE_VCPU, size, false), 14);
    }
    assert_int_equal(object_size(NACELLE_TYPE_NULL, 12, false), 0);
    assert_int_equal(object_size(NACELLE_TYPE_IOPORT, 12, false), 0);
    assert_int_equal(object_size(NACELLE_TYPE_INTERRUPT, 12, false), 0);
    for (unsigned type = NACELLE_TYPE_COUNT; type < 256; type++) {
        assert_int_equal(object_size(type, 12, false), 0);
    }
    for (unsigned type = NACELLE_TYPE_CSPACE; type < NACELLE_TYPE_COUNT; type++) {
        assert_int_equal(object_size(type, 16, true), 0);
    }
}

static void alignment(void **state)
{
    struct slot untyped = make_untyped(0x1ff000, 0x801000, 0);
    struct retype retype;
    struct slot value;

    (void)state;
    assert_int_equal(untyped_retype(&untyped, kind(NACELLE_TYPE_FRAME, 21), 3, &retype),
                     NACELLE_ERROR_OK);
    assert_int_equal(retype.offset, 0x1000);
    untyped_capability(&untyped, &retype, 0, &value);
    assert_int_equal(value.object, 0x200000);
    assert_int_equal(value.flags, SLOT_ORIGINAL);
    assert_int_equal(value.rights, NACELLE_RIGHTS_ALL);
    untyped_capability(&untyped, &retype, 2, &value);
    assert_int_equal(value.object, 0x600000);
    assert_int_equal(untyped_retype(&untyped, kind(NACELLE_TYPE_FRAME, 21), 4, &retype),
                     NACELLE_ERROR_OK);
    assert_int_equal(untyped_retype(&untyped, kind(NACELLE_TYPE_FRAME, 21), 5, &retype),
                     NACELLE_ERROR_NO_MEMORY);
    assert_int_equal(untyped_retype(&untyped, kind(NACELLE_TYPE_FRAME, 30), 1, &retype),
                     NACELLE_ERROR_NO_MEMORY);
}

static void child_untyped(void **state)
{
    struct slot untyped = make_untyped(0x100000, 0x100000, SLOT_DEVICE);
    struct retype retype;
    struct slot value;

    (void)state;
    assert_int_equal(untyped_retype(&untyped, kind(NACELLE_TYPE_UNTYPED, 16), 2, &retype),
                     NACELLE_ERROR_OK);
    untyped_capability(&untyped, &retype, 1, &value);
    assert_int_equal(value.type, NACELLE_TYPE_UNTYPED);
    assert_int_equal(value.object, 0x110000);
    assert_int_equal(value.space, 0x10000);
    assert_int_equal(value.badge, 0);
    assert_int_equal(value.flags, SLOT_ORIGINAL | SLOT_DEVICE);
}

static void refused(void **state)
{
    struct slot untyped = make_untyped(0x100000, 0x100000, 0);
    struct slot device = make_untyped(0x100000, 0x100000, SLOT_DEVICE);
    struct slot deep = make_untyped(0x100000, 0x100000, 0);
    struct slot end = make_untyped((1ull << 52) - PAGE, PAGE, 0);
    struct retype retype;

    (void)state;
    deep.depth = SLOT_DEPTH_MAX;
    assert_int_equal(untyped_retype(&untyped, kind(NACELLE_TYPE_FRAME, 13), 1, &retype),
                     NACELLE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(
        untyped_retype(&untyped, 1ull << 16 | kind(NACELLE_TYPE_FRAME, 12), 1, &retype),
        NACELLE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(untyped_retype(&untyped, UINT64_MAX, 1, &retype),
                     NACELLE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(untyped_retype(&untyped, kind(NACELLE_TYPE_FRAME, 12), 0, &retype),
                     NACELLE_ERROR_OUT_OF_RANGE);
    assert_int_equal(untyped_retype(&untyped, kind(NACELLE_TYPE_FRAME, 12), UINT64_MAX, &retype),
                     NACELLE_ERROR_OUT_OF_RANGE);
    assert_int_equal(untyped_retype(&untyped, kind(NACELLE_TYPE_FRAME, 12), 257, &retype),
                     NACELLE_ERROR_NO_MEMORY);
    /* a count whose bytes are 2 to the 64th */
    assert_int_equal(untyped_retype(&untyped, kind(NACELLE_TYPE_UNTYPED, 40), 1 << 24, &retype),
                     NACELLE_ERROR_NO_MEMORY);
    assert_int_equal(untyped_retype(&device, kind(NACELLE_TYPE_THREAD, 0), 1, &retype),
                     NACELLE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(untyped_retype(&deep, kind(NACELLE_TYPE_FRAME, 12), 1, &retype),
                     NACELLE_ERROR_TOO_DEEP);
    assert_int_equal(untyped_retype(&end, kind(NACELLE_TYPE_FRAME, 12), 1, &retype),
                     NACELLE_ERROR_OK);
    assert_int_equal(untyped_retype(&end, kind(NACELLE_TYPE_UNTYPED, 40), 1, &retype),
                     NACELLE_ERROR_NO_MEMORY);
}

static void device_is_not_cleared(void **state)
{
    struct slot untyped = make_untyped(0x100000, 0x100000, SLOT_DEVICE);
    struct retype retype;
    struct untyped_piece piece;

    (void)state;
    assert_int_equal(untyped_retype(&untyped, kind(NACELLE_TYPE_FRAME, 12), 4, &retype),
                     NACELLE_ERROR_OK);
    assert_true(untyped_clear_step(&untyped, &retype, PAGE, &piece));
    assert_int_equal(piece.start, piece.end);
}

/* A retyping that gives up half way at a high offset: what lies below is not clear. */
static void given_up(void **state)
{
    struct slot untyped = make_untyped(0x1ff000, 0x401000, 0);
    struct retype retype;
    struct untyped_piece piece;

    (void)state;
    assert_int_equal(untyped_retype(&untyped, kind(NACELLE_TYPE_FRAME, 21), 1, &retype),
                     NACELLE_ERROR_OK);
    assert_false(untyped_clear_step(&untyped, &retype, PAGE, &piece));
    assert_int_equal(piece.start, 0); /* what alignment leaves out is cleared as well */
    assert_int_equal(piece.end, 0x1000);
    assert_false(untyped_clear_step(&untyped, &retype, PAGE, &piece));
    assert_int_equal(piece.end, 0x2000);

    assert_int_equal(untyped_retype(&untyped, kind(NACELLE_TYPE_FRAME, 12), 1, &retype),
                     NACELLE_ERROR_OK);
    assert_int_equal(retype.offset, 0);
    assert_true(untyped_clear_step(&untyped, &retype, PAGE, &piece));
    assert_int_equal(piece.end, piece.start); /* clear already */
}

/* --- Random sequences, with the memory modelled in units of 64 bytes ------------------------ */

#define MODEL_BYTES (64 * PAGE)
#define UNIT        64
#define UNITS       (MODEL_BYTES / UNIT)
#define MODEL_SLOTS 200

struct model {
    struct slot untyped;
    struct slot slots[MODEL_SLOTS]; /* of the objects */
    uint64_t start[MODEL_SLOTS], end[MODEL_SLOTS];
    bool dirty[UNITS];
    bool in_use[UNITS];
};

static struct slot *free_slot(struct model *model)
{
    for (unsigned i = 0; i < MODEL_SLOTS; i++) {
        if (model->slots[i].type == NACELLE_TYPE_NULL) {
            return &model->slots[i];
        }
    }
    return NULL;
}

static void make_object(struct model *model, const struct retype *retype, uint64_t index,
                        struct slot *slot)
{
    struct slot value;

    untyped_capability(&model->untyped, retype, index, &value);
    assert_int_equal(value.object % (1ull << value.size), 0);
    slot_derive(&model->untyped, slot, &value);

    uint64_t start = value.object - model->untyped.object;
    uint64_t end = start + (1ull << value.size);

    assert_true(end <= MODEL_BYTES);
    model->start[slot - model->slots] = start;
    model->end[slot - model->slots] = end;
    for (uint64_t unit = start / UNIT; unit < end / UNIT; unit++) {
        assert_false(model->in_use[unit]);
        assert_false(model->dirty[unit]);
        model->in_use[unit] = true;
        model->dirty[unit] = true; /* its owner writes to it */
    }
}

static void retype_at_random(struct model *model, struct random *random)
{
    static const struct {
        unsigned type, least, most;
    } kinds[] = {
        {NACELLE_TYPE_ENDPOINT, 6, 6}, {NACELLE_TYPE_NOTIFICATION, 8, 8},
        {NACELLE_TYPE_FRAME, 12, 12},  {NACELLE_TYPE_UNTYPED, 12, 17},
        {NACELLE_TYPE_CSPACE, 8, 16},  {NACELLE_TYPE_THREAD, 13, 13},
    };
    unsigned which = (unsigned)random_below(random, ARRAY_SIZE(kinds));
    unsigned size = kinds[which].least +
                    (unsigned)random_below(random, kinds[which].most - kinds[which].least + 1);
    uint64_t count = 1 + random_below(random, 4);
    uint64_t most = (1 + random_below(random, 3)) * 0x800;
    struct retype retype;
    struct untyped_piece piece;
    bool all;

    if (untyped_retype(&model->untyped, kind(kinds[which].type, size), count, &retype) !=
        NACELLE_ERROR_OK) {
        return;
    }
    do {
        /* The server decodes again at each step. */
        assert_int_equal(
            untyped_retype(&model->untyped, kind(kinds[which].type, size), count, &retype),
            NACELLE_ERROR_OK);
        all = untyped_clear_step(&model->untyped, &retype, most, &piece);
        assert_true(piece.end - piece.start <= most && piece.end <= MODEL_BYTES);
        for (uint64_t unit = piece.start / UNIT; unit < piece.end / UNIT; unit++) {
            assert_false(model->in_use[unit]);
            model->dirty[unit] = false;
        }
        if (!all && random_below(random, 4) == 0) {
            return; /* the caller was deleted, or the destination slot filled meanwhile */
        }
    } while (!all);
    for (uint64_t i = 0; i < count; i++) {
        struct slot *slot = free_slot(model);

        assert_non_null(slot);
        make_object(model, &retype, i, slot);
    }
    model->untyped.badge = retype.offset + (count << retype.size);
}

static void delete_objects(struct model *model, struct random *random, uint64_t one_in)
{
    for (unsigned i = 0; i < MODEL_SLOTS; i++) {
        if (model->slots[i].type == NACELLE_TYPE_NULL || random_below(random, one_in) != 0) {
            continue;
        }
        slot_clear(&model->slots[i]);
        for (uint64_t unit = model->start[i] / UNIT; unit < model->end[i] / UNIT; unit++) {
            model->in_use[unit] = false;
        }
    }
}

static void random_retyping(void **state)
{
    static struct model model;
    struct random random = {1181783497276652981ull};

    (void)state;
    for (unsigned round = 0; round < 300; round++) {
        const struct slot value =
            make_untyped(0x10000000 + random_below(&random, 16) * PAGE, MODEL_BYTES, 0);

        memset(&model, 0, sizeof(model));
        memset(model.dirty, true, sizeof(model.dirty));
        slot_set_root(&model.untyped, &value);
        for (unsigned step = 0; step < 200; step++) {
            unsigned what = (unsigned)random_below(&random, 16);

            if (what < 12 && free_slot(&model) <= &model.slots[MODEL_SLOTS - 8]) {
                retype_at_random(&model, &random);
            } else if (what == 12) {
                delete_objects(&model, &random, 1);
                assert_false(slot_has_children(&model.untyped));
            } else {
                delete_objects(&model, &random, 3);
            }
        }
    }
}

/* When everything is gone all the memory is there again. */
static void reuse(void **state)
{
    static struct model model;
    const struct slot value = make_untyped(0x10000000, MODEL_BYTES, 0);
    struct retype retype;
    struct untyped_piece piece;

    (void)state;
    memset(&model, 0, sizeof(model));
    slot_set_root(&model.untyped, &value);
    for (unsigned round = 0; round < 3; round++) {
        assert_int_equal(untyped_retype(&model.untyped, kind(NACELLE_TYPE_FRAME, 12), 64, &retype),
                         NACELLE_ERROR_OK);
        assert_int_equal(retype.offset, 0);
        assert_true(untyped_clear_step(&model.untyped, &retype, MODEL_BYTES, &piece));
        assert_int_equal(piece.start, 0);
        assert_int_equal(piece.end, MODEL_BYTES);
        for (unsigned i = 0; i < 64; i++) {
            make_object(&model, &retype, i, &model.slots[i]);
            memset(model.dirty, 0, sizeof(model.dirty));
        }
        model.untyped.badge = MODEL_BYTES;
        assert_int_equal(untyped_retype(&model.untyped, kind(NACELLE_TYPE_ENDPOINT, 0), 1, &retype),
                         NACELLE_ERROR_NO_MEMORY);
        for (unsigned i = 0; i < 64; i++) {
            assert_false(untyped_is_reusable(&model.untyped));
            slot_clear(&model.slots[i]);
        }
        memset(model.in_use, 0, sizeof(model.in_use));
        assert_true(untyped_is_reusable(&model.untyped));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),         cmocka_unit_test(alignment),
        cmocka_unit_test(child_untyped), cmocka_unit_test(refused),
        cmocka_unit_test(given_up),      cmocka_unit_test(device_is_not_cleared),
        cmocka_unit_test(reuse),         cmocka_unit_test(random_retyping),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
