/* SPDX-License-Identifier: BSD-2-Clause */
/* Capability slots: lookup, minting, and the order of derivation against a plain tree. */
#include "slot.h"

#include "test_main.h"

static void lookup(void **state)
{
    static struct slot slots[8];
    struct cspace *cspace = (struct cspace *)(void *)slots;

    (void)state;
    memset(slots, 0, sizeof(slots));
    cspace_init(cspace, 9);
    assert_int_equal(cspace->slots, 8);
    assert_int_equal(cspace->first, 1);
    assert_null(cspace_slot(cspace, 0));
    assert_ptr_equal(cspace_slot(cspace, 1), &slots[1]);
    assert_ptr_equal(cspace_slot(cspace, 7), &slots[7]);
    assert_null(cspace_slot(cspace, 8));
    assert_null(cspace_slot(cspace, UINT64_MAX));
    cspace->first = 5;
    cspace_will_fill(cspace, 6);
    assert_int_equal(cspace->first, 5);
    cspace_will_fill(cspace, 2);
    assert_int_equal(cspace->first, 2);
}

static enum nacelle_error mint(const struct slot *source, uint64_t rights, uint64_t badge,
                               struct slot *value)
{
    const struct slot_mint wanted = {.rights = rights, .badge = badge};

    return slot_mint(source, &wanted, value);
}

static void rights(void **state)
{
    struct slot source = {
        .type = NACELLE_TYPE_FRAME,
        .rights = NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE,
        .size = 21,
        .flags = SLOT_ORIGINAL | SLOT_DEVICE,
        .object = 0x200000,
        .badge = 0x7000, /* where it is mapped: not to be copied */
        .space = 0x1234,
    };
    struct slot value;

    (void)state;
    for (unsigned asked = 0; asked < 32; asked++) {
        assert_int_equal(mint(&source, asked, 0, &value), NACELLE_ERROR_OK);
        assert_int_equal(value.rights, asked & source.rights);
        assert_int_equal(value.type, NACELLE_TYPE_FRAME);
        assert_int_equal(value.flags, SLOT_DEVICE);
        assert_int_equal(value.object, 0x200000);
        assert_int_equal(value.size, 21);
        assert_int_equal(value.badge, 0);
        assert_int_equal(value.space, 0);
    }
    assert_int_equal(mint(&source, UINT64_MAX, 0, &value), NACELLE_ERROR_OK);
    assert_int_equal(value.rights, source.rights);
    assert_int_equal(mint(&source, 15, 1, &value), NACELLE_ERROR_INVALID_ARGUMENT);
}

static void badges(void **state)
{
    static const uint8_t types[] = {NACELLE_TYPE_ENDPOINT, NACELLE_TYPE_NOTIFICATION};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(types); i++) {
        struct slot source = {.type = types[i], .rights = 15, .object = 0x1000};
        struct slot value;

        assert_int_equal(mint(&source, 15, 0, &value), NACELLE_ERROR_OK);
        assert_int_equal(value.badge, 0);
        assert_int_equal(mint(&source, 15, UINT64_MAX, &value), NACELLE_ERROR_OK);
        assert_true(value.badge == UINT64_MAX);
        source.badge = 7;
        assert_int_equal(mint(&source, 15, 0, &value), NACELLE_ERROR_OK);
        assert_int_equal(value.badge, 7);
        assert_int_equal(mint(&source, 15, 7, &value), NACELLE_ERROR_INVALID_ARGUMENT);
        assert_int_equal(mint(&source, 15, 8, &value), NACELLE_ERROR_INVALID_ARGUMENT);
    }
}

static uint64_t ports(uint64_t first, uint64_t last)
{
    return first | last << 16;
}

static void port_ranges(void **state)
{
    struct slot source = {
        .type = NACELLE_TYPE_IOPORT, .rights = 15, .object = ports(0x60, 0x70), .space = 99};
    struct slot value;

    (void)state;
    assert_int_equal(mint(&source, 15, 0, &value), NACELLE_ERROR_OK);
    assert_int_equal(value.object, ports(0x60, 0x70));
    assert_int_equal(value.space, 0);
    assert_int_equal(mint(&source, 15, ports(0x60, 0x60), &value), NACELLE_ERROR_OK);
    assert_int_equal(slot_first_port(&value), 0x60);
    assert_int_equal(slot_last_port(&value), 0x60);
    assert_int_equal(mint(&source, 15, ports(0x70, 0x70), &value), NACELLE_ERROR_OK);
    assert_int_equal(mint(&source, 15, ports(0x5f, 0x60), &value), NACELLE_ERROR_OUT_OF_RANGE);
    assert_int_equal(mint(&source, 15, ports(0x60, 0x71), &value), NACELLE_ERROR_OUT_OF_RANGE);
    assert_int_equal(mint(&source, 15, ports(0x65, 0x64), &value), NACELLE_ERROR_OUT_OF_RANGE);
    assert_int_equal(mint(&source, 15, ports(0x60, 0x10060), &value), NACELLE_ERROR_OUT_OF_RANGE);
    assert_int_equal(mint(&source, 15, 1ull << 63 | ports(0x60, 0x60), &value),
                     NACELLE_ERROR_OUT_OF_RANGE);
    source.object = ports(0, 0xffff);
    assert_int_equal(mint(&source, 15, ports(0xffff, 0xffff), &value), NACELLE_ERROR_OK);
    assert_int_equal(slot_first_port(&value), 0xffff);
}

static void not_copied(void **state)
{
    struct slot untyped = {.type = NACELLE_TYPE_UNTYPED, .rights = 15};
    struct slot internal = {.type = NACELLE_TYPE_ENDPOINT, .rights = 15, .flags = SLOT_INTERNAL};
    struct slot deep = {.type = NACELLE_TYPE_FRAME, .rights = 15, .depth = SLOT_DEPTH_MAX};
    struct slot value;

    (void)state;
    assert_int_equal(mint(&untyped, 15, 0, &value), NACELLE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(mint(&internal, 15, 0, &value), NACELLE_ERROR_INVALID_ARGUMENT);
    assert_int_equal(mint(&deep, 15, 0, &value), NACELLE_ERROR_TOO_DEEP);
    deep.depth--;
    assert_int_equal(mint(&deep, 15, 0, &value), NACELLE_ERROR_OK);
}

/* The deepest chain that can be derived, and back. */
static void depth(void **state)
{
    static struct slot chain[SLOT_DEPTH_MAX + 1];
    const struct slot value = {.type = NACELLE_TYPE_FRAME};

    (void)state;
    memset(chain, 0, sizeof(chain));
    slot_set_root(&chain[0], &value);
    for (unsigned i = 0; i < SLOT_DEPTH_MAX; i++) {
        assert_true(slot_can_derive(&chain[i]));
        slot_derive(&chain[i], &chain[i + 1], &value);
    }
    assert_int_equal(chain[SLOT_DEPTH_MAX].depth, SLOT_DEPTH_MAX);
    assert_false(slot_can_derive(&chain[SLOT_DEPTH_MAX]));
    assert_ptr_equal(slot_leaf(&chain[0]), &chain[SLOT_DEPTH_MAX]);
    for (unsigned i = SLOT_DEPTH_MAX; i > 0; i--) {
        assert_ptr_equal(slot_leaf(&chain[0]), &chain[i]);
        slot_clear(&chain[i]);
        assert_int_equal(chain[i].type, NACELLE_TYPE_NULL);
    }
    assert_false(slot_has_children(&chain[0]));
    assert_ptr_equal(slot_leaf(&chain[0]), &chain[0]);
}

#define TREE_SLOTS 64
#define NO_PARENT  (-1)

/* The plain tree: who each slot was derived from. */
struct tree {
    struct slot slots[TREE_SLOTS];
    int parent[TREE_SLOTS];
    bool used[TREE_SLOTS];
};

static bool is_descendant(const struct tree *tree, int slot, int ancestor)
{
    for (slot = tree->parent[slot]; slot != NO_PARENT; slot = tree->parent[slot]) {
        if (slot == ancestor) {
            return true;
        }
    }
    return false;
}

/* The run of deeper slots behind each is the set of its descendants, no more and no less. */
static void check_tree(const struct tree *tree)
{
    for (int i = 0; i < TREE_SLOTS; i++) {
        bool found[TREE_SLOTS] = {false};

        if (!tree->used[i]) {
            assert_int_equal(tree->slots[i].type, NACELLE_TYPE_NULL);
            assert_null(tree->slots[i].next);
            assert_null(tree->slots[i].previous);
            continue;
        }
        for (const struct slot *slot = tree->slots[i].next;
             slot != NULL && slot->depth > tree->slots[i].depth; slot = slot->next) {
            assert_ptr_equal(slot->previous->next, slot);
            found[slot - tree->slots] = true;
        }
        bool any = false;

        for (int k = 0; k < TREE_SLOTS; k++) {
            bool expected = tree->used[k] && is_descendant(tree, k, i);

            assert_int_equal(found[k], expected);
            any = any || expected;
        }
        assert_int_equal(slot_has_children(&tree->slots[i]), any);
    }
}

static void derive_at_random(struct tree *tree, struct random *random)
{
    const struct slot value = {.type = NACELLE_TYPE_FRAME, .object = random_next(random)};
    int child = (int)random_below(random, TREE_SLOTS);
    int parent = (int)random_below(random, TREE_SLOTS);

    if (tree->used[child]) {
        return;
    }
    if (!tree->used[parent]) {
        slot_set_root(&tree->slots[child], &value);
        tree->parent[child] = NO_PARENT;
    } else {
        slot_derive(&tree->slots[parent], &tree->slots[child], &value);
        tree->parent[child] = parent;
        assert_int_equal(tree->slots[child].depth, tree->slots[parent].depth + 1);
    }
    assert_true(tree->slots[child].object == value.object);
    tree->used[child] = true;
}

/* Takes descendants of a slot away from the bottom, some or all, and perhaps the slot itself. */
static void delete_at_random(struct tree *tree, struct random *random)
{
    int top = (int)random_below(random, TREE_SLOTS);
    unsigned steps = (unsigned)random_below(random, 8);

    while (tree->used[top] && steps-- > 0) {
        struct slot *leaf = slot_leaf(&tree->slots[top]);
        int index = (int)(leaf - tree->slots);

        assert_true(index == top || is_descendant(tree, index, top));
        assert_false(slot_has_children(leaf));
        slot_clear(leaf);
        tree->used[index] = false;
    }
}

static void random_trees(void **state)
{
    static struct tree tree;
    struct random random = {88172645463325252ull};

    (void)state;
    memset(&tree, 0, sizeof(tree));
    for (unsigned step = 0; step < 30000; step++) {
        if (random_below(&random, 10) < 6) {
            derive_at_random(&tree, &random);
        } else {
            delete_at_random(&tree, &random);
        }
        if (step % 4 == 0) {
            check_tree(&tree);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lookup),       cmocka_unit_test(rights),     cmocka_unit_test(badges),
        cmocka_unit_test(port_ranges),  cmocka_unit_test(not_copied), cmocka_unit_test(depth),
        cmocka_unit_test(random_trees),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
