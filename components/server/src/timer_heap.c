/* SPDX-License-Identifier: BSD-2-Clause */
#include "timer_heap.h"

#include <stddef.h>

/* Joins two heaps below parent: walks down the right spines, and swaps the children on the way. */
static struct timer *join(struct timer *a, struct timer *b, struct timer *parent)
{
    struct timer *root = NULL;
    struct timer **link = &root;

    while (a != NULL && b != NULL) {
        if (b->deadline < a->deadline) {
            struct timer *swap = a;

            a = b;
            b = swap;
        }
        *link = a;
        a->parent = parent;
        parent = a;

        struct timer *right = a->right;

        a->right = a->left;
        link = &a->left;
        a = right;
    }
    *link = a != NULL ? a : b;
    if (*link != NULL) {
        (*link)->parent = parent;
    }
    return root;
}

void timer_heap_insert(struct timer **heap, struct timer *timer)
{
    *heap = join(*heap, timer, NULL);
}

void timer_heap_remove(struct timer **heap, struct timer *timer)
{
    struct timer *parent = timer->parent;
    struct timer *rest = join(timer->left, timer->right, parent);

    if (parent == NULL) {
        *heap = rest;
    } else if (parent->left == timer) {
        parent->left = rest;
    } else {
        parent->right = rest;
    }
    timer->parent = NULL;
    timer->left = NULL;
    timer->right = NULL;
}
