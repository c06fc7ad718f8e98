/* SPDX-License-Identifier: BSD-2-Clause */
#include "objects.h"

#include <harness/check.h>
#include <harness/memory.h>
#include <harness/thread.h>
#include <harness/vm.h>
#include <runtime/aspace.h>
#include <runtime/cspace.h>
#include <runtime/notification.h>
#include <runtime/untyped.h>

#include "guests.h"

static const struct {
    uint64_t slot;
    uint8_t type, size;
} made[] = {
    {FRAME_LARGE, NACELLE_TYPE_FRAME, NACELLE_SIZE_LARGE},
    {FRAME_LARGE2, NACELLE_TYPE_FRAME, NACELLE_SIZE_LARGE},
    {UNTYPED, NACELLE_TYPE_UNTYPED, 20},
    {ASPACE_USED, NACELLE_TYPE_ASPACE, 17},
    {VM, NACELLE_TYPE_VM, NACELLE_SIZE_VM_MIN},
    {VCPU, NACELLE_TYPE_VCPU, 0},
    {ASPACE, NACELLE_TYPE_ASPACE, NACELLE_SIZE_ASPACE_MIN},
    {THREAD, NACELLE_TYPE_THREAD, 0},
    {UNTYPED_SMALL, NACELLE_TYPE_UNTYPED, NACELLE_SIZE_UNTYPED_MIN},
    {FRAME, NACELLE_TYPE_FRAME, NACELLE_SIZE_PAGE},
    {FRAME_MAPPED, NACELLE_TYPE_FRAME, NACELLE_SIZE_PAGE},
    {FRAME_VM, NACELLE_TYPE_FRAME, NACELLE_SIZE_PAGE},
    {CSPACE, NACELLE_TYPE_CSPACE, NACELLE_SIZE_CSPACE_MIN},
    {NOTIFICATION, NACELLE_TYPE_NOTIFICATION, 0},
    {NOTIFICATION_BOUND, NACELLE_TYPE_NOTIFICATION, 0},
    {ENDPOINT, NACELLE_TYPE_ENDPOINT, 0},
    {ENDPOINT_BOUND, NACELLE_TYPE_ENDPOINT, 0},
};

#define PORT_RANGE (0x80ull | 0x8full << 16)

static const struct {
    uint64_t to, from, badge;
    unsigned rights;
} copied[] = {
    {PORTS, NACELLE_SLOT_PORTS, PORT_RANGE, NACELLE_RIGHTS_ALL},
    {PORTS_READ, PORTS, 0, NACELLE_RIGHT_READ},
    {PORTS_OPEN, PORTS, 0, NACELLE_RIGHTS_ALL},
    {INTERRUPT, NACELLE_SLOT_INTERRUPTS + 3, 0, NACELLE_RIGHTS_ALL},
    {FRAME_READ, FRAME, 0, NACELLE_RIGHT_READ},
    {ENDPOINT_BADGED, ENDPOINT, 77, NACELLE_RIGHTS_ALL},
    {NOTIFICATION_BADGED, NOTIFICATION, 0xff00, NACELLE_RIGHTS_ALL},
    {STALE, FRAME, 0, NACELLE_RIGHTS_ALL},
    {REVOKED, STALE, 0, NACELLE_RIGHTS_ALL},
};

static void spin(uint64_t argument)
{
    (void)argument;
    for (;;)
        __asm__ volatile("pause");
}

static void make_weak(void)
{
    for (unsigned type = NACELLE_TYPE_UNTYPED; type < NACELLE_TYPE_COUNT; type++)
        if (has_weak_object(type))
            need(nacelle_cspace_copy(NACELLE_SLOT_CSPACE, weak_object_of(type), object_of(type), 0,
                                     0),
                 "copy without rights");
}

static void move(uint64_t to, uint64_t from)
{
    need(nacelle_cspace_copy(NACELLE_SLOT_CSPACE, to, from, NACELLE_RIGHTS_ALL, 0), "copy");
}

static void make_running(void)
{
    struct thread thread = thread_start(spin, 0, 1);
    struct guest stopped = guest_make(0, GUEST_CODE_OF(guest_spin), ENDPOINT, 0);
    struct guest running = guest_make(0, GUEST_CODE_OF(guest_spin), ENDPOINT, 0);

    move(THREAD_RUNNING, thread.slot);
    move(VM_USED, stopped.vm);
    move(VCPU_STOPPED, stopped.vcpu);
    move(VCPU_RUNNING, running.vcpu);
    need(nacelle_vcpu_resume(running.vcpu), "start a vCPU");
}

void objects_make(void)
{
    for (unsigned i = 0; i < sizeof(made) / sizeof(*made); i++)
        need(nacelle_untyped_retype(arena, made[i].type, made[i].size, made[i].slot, 1), "retype");
    for (unsigned i = 0; i < sizeof(copied) / sizeof(*copied); i++)
        need(nacelle_cspace_copy(NACELLE_SLOT_CSPACE, copied[i].to, copied[i].from,
                                 copied[i].rights, copied[i].badge),
             "copy");
    need(nacelle_cspace_copy(CSPACE, 3, FRAME, NACELLE_RIGHTS_ALL, 0), "copy into a space");
    make_weak();
    make_running();
    need(nacelle_cspace_revoke(NACELLE_SLOT_CSPACE, STALE), "revoke");
    drop(STALE);
    need(nacelle_aspace_map(ASPACE_USED, FRAME_MAPPED, MAPPED_AT, READ_WRITE), "map");
    need(nacelle_aspace_map(ASPACE_USED, FRAME_LARGE, LARGE_AT, READ_WRITE), "map");
    need(nacelle_vm_map(VM_USED, FRAME_VM, MAPPED_AT, READ_WRITE), "map into the VM");
    need(nacelle_vm_open_ports(VM_USED, PORTS_OPEN), "open ports");
    need(nacelle_notification_bind(NOTIFICATION_BOUND, ENDPOINT_BOUND), "bind");
}

void objects_drop(void)
{
    drop(PORTS); /* and what was copied from these two */
    drop(INTERRUPT);
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * 0x100000001b3ull; /* FNV-1a, on words */
}

static uint64_t mix_slot(uint64_t hash, uint64_t slot)
{
    struct nacelle_identity identity = {0};
    struct nacelle_untyped_info untyped = {0};
    struct nacelle_frame_info frame = {0};

    if (nacelle_cspace_identify(NACELLE_SLOT_CSPACE, slot, &identity) != NACELLE_ERROR_OK)
        return mix(hash, slot);
    hash = mix(mix(mix(mix(hash, identity.type), identity.rights), identity.badge), identity.size);
    if (identity.type == NACELLE_TYPE_UNTYPED) {
        need(nacelle_untyped_info(slot, &untyped), "info of an untyped");
        hash = mix(mix(hash, untyped.used), untyped.size);
    }
    if (identity.type == NACELLE_TYPE_FRAME) {
        need(nacelle_frame_info(slot, &frame), "info of a frame");
        hash = mix(mix(hash, frame.address), frame.physical);
    }
    return hash;
}

uint64_t objects_fingerprint(void)
{
    uint64_t hash = mix_slot(0xcbf29ce484222325ull, arena);

    for (uint64_t slot = FIRST_SLOT; slot < LAST_SLOT; slot++)
        hash = mix_slot(hash, slot);
    return hash;
}
