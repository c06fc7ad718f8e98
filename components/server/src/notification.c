/* SPDX-License-Identifier: BSD-2-Clause */
#include "notification.h"

#include "capability.h"
#include "cpu.h"
#include "ipc.h"
#include "schedule.h"

void notification_init(struct notification *notification)
{
    list_init(&notification->waiting);
}

uint64_t notification_take(struct notification *notification)
{
    uint64_t bits = notification->bits;

    notification->bits = 0;
    return bits;
}

void notification_signal(struct notification *notification, uint64_t bits)
{
    notification->bits |= bits;
    if (!list_is_empty(&notification->waiting)) {
        struct list *first = notification->waiting.next;

        list_remove(first);
        ipc_deliver_notification(container_of(first, struct execution, link),
                                 notification_take(notification));
    } else if (notification_endpoint(notification) != NULL) {
        ipc_endpoint_notified(notification_endpoint(notification));
    }
}

void notification_bound(struct notification *notification)
{
    struct endpoint *endpoint = notification_endpoint(notification);

    endpoint->bound = notification;
    if (notification->bits != 0) {
        ipc_endpoint_notified(endpoint);
    }
}

static void disarm(struct notification *notification)
{
    timer_heap_remove(&notification->cpu->timers, &notification->timer);
    notification->timer_bits = 0;
}

void notification_set_timer(struct notification *notification, uint64_t deadline, uint64_t bits)
{
    struct cpu *cpu = this_cpu();

    if (notification->timer_bits != 0) {
        disarm(notification);
    }
    if (bits != 0) {
        notification->timer.deadline = deadline;
        notification->timer_bits = bits;
        notification->cpu = cpu;
        timer_heap_insert(&cpu->timers, &notification->timer);
    }
    schedule_timer_changed();
}

__attribute__((noinline)) void notification_fire_timers(struct cpu *cpu, uint64_t now)
{
    while (cpu->timers != NULL && cpu->timers->deadline <= now) {
        struct notification *due = container_of(cpu->timers, struct notification, timer);
        uint64_t bits = due->timer_bits;

        disarm(due);
        notification_signal(due, bits);
    }
}

bool notification_destroy_step(struct notification *notification)
{
    if (!list_is_empty(&notification->waiting)) {
        ipc_cancel(container_of(notification->waiting.next, struct execution, link));
        return false;
    }
    capability_delete_internal(&notification->binding);
    if (notification->timer_bits != 0) {
        disarm(notification);
        schedule_timer_changed();
    }
    return true;
}
