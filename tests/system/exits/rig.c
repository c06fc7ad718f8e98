/* SPDX-License-Identifier: BSD-2-Clause */
#include "rig.h"

#include "verdict.h"

#include <nacelle/exit.h>
#include <runtime/aspace.h>
#include <runtime/client.h>
#include <runtime/cspace.h>
#include <runtime/ipc.h>
#include <runtime/notification.h>
#include <runtime/pool.h>
#include <runtime/string.h>
#include <runtime/untyped.h>
#include <runtime/vcpu.h>
#include <runtime/vm.h>

#define PAGE       4096ull
#define PAGES      (RIG_HOLE / PAGE)
#define BATCH      64u /* most objects that one RETYPE makes */
#define READ_WRITE (NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE)
#define BADGE      0x77

volatile struct nacelle_vcpu_state *rig_state;
struct nacelle_vcpu_state rig_reset;
uint64_t rig_vm, rig_vcpu;

static struct nacelle_pool pool;
static uint64_t endpoint, notification;
static uint64_t guest_frames; /* slots of the frames that are mapped into the VM */
static uint8_t *ram;
static bool started;

static void make_memory(void)
{
    const unsigned rights = NACELLE_RIGHTS_ALL & ~NACELLE_RIGHT_GRANT;
    uint64_t slot = 0;

    nacelle_check(nacelle_pool_slots(&pool, PAGES, &guest_frames), "slots");
    ram = (uint8_t *)nacelle_pool_address(&pool, PAGES * PAGE, PAGE);
    for (uint32_t page = 0; page < PAGES; page++) {
        if (page % BATCH == 0)
            nacelle_check(nacelle_pool_make(&pool, NACELLE_TYPE_FRAME, NACELLE_SIZE_PAGE,
                                            PAGES - page < BATCH ? PAGES - page : BATCH, &slot),
                          "frames");
        nacelle_check(nacelle_cspace_copy(NACELLE_CLIENT_CSPACE, guest_frames + page,
                                          slot + page % BATCH, rights, 0),
                      "copy");
        nacelle_check(nacelle_aspace_map(NACELLE_CLIENT_ASPACE, slot + page % BATCH,
                                         (uint64_t)ram + page * PAGE, READ_WRITE),
                      "map");
        if (page * PAGE < RIG_RAM_SIZE)
            rig_map(page * PAGE);
    }
    nacelle_check(nacelle_vm_map(rig_vm, guest_frames + RIG_READ_ONLY / PAGE, RIG_READ_ONLY,
                                 NACELLE_RIGHT_READ | NACELLE_RIGHT_EXECUTE),
                  "map read-only");
}

void rig_init(const struct nacelle_client_info *info)
{
    uint64_t badged, timer;

    nacelle_pool_init(&pool, info);
    rig_vm = nacelle_pool_need(&pool, NACELLE_TYPE_VM, NACELLE_SIZE_VM_MIN + 1);
    rig_vcpu = nacelle_pool_need(&pool, NACELLE_TYPE_VCPU, NACELLE_SIZE_VCPU);
    endpoint = nacelle_pool_need(&pool, NACELLE_TYPE_ENDPOINT, NACELLE_SIZE_ENDPOINT);
    notification = nacelle_pool_need(&pool, NACELLE_TYPE_NOTIFICATION, NACELLE_SIZE_NOTIFICATION);
    nacelle_check(nacelle_pool_slots(&pool, 1, &badged), "slot");
    timer = notification;
    nacelle_check(
        nacelle_cspace_copy(NACELLE_CLIENT_CSPACE, badged, endpoint, NACELLE_RIGHTS_ALL, BADGE),
        "badge");
    nacelle_check(nacelle_notification_bind(timer, endpoint), "bind");
    rig_state = (struct nacelle_vcpu_state *)nacelle_pool_address(&pool, PAGE, PAGE);
    nacelle_check(
        nacelle_aspace_map(NACELLE_CLIENT_ASPACE, rig_vcpu, (uint64_t)rig_state, READ_WRITE),
        "map the state page");
    nacelle_check(nacelle_vcpu_configure(rig_vcpu, rig_vm, badged), "configure");
    make_memory();
    rig_fetch(NACELLE_GROUPS_ALL);
    rig_reset = *rig_state;
}

void *rig_ram(uint32_t gpa)
{
    return ram + gpa;
}

void rig_unmap(uint32_t gpa)
{
    nacelle_check(nacelle_vm_unmap(rig_vm, guest_frames + gpa / PAGE), "unmap");
}

void rig_map(uint32_t gpa)
{
    nacelle_check(nacelle_vm_map(rig_vm, guest_frames + gpa / PAGE, gpa,
                                 NACELLE_RIGHTS_ALL & ~NACELLE_RIGHT_GRANT),
                  "map into the VM");
}

void rig_control(uint32_t control, uint64_t value)
{
    verdict_equal("SET_CONTROL", NACELLE_ERROR_OK,
                  nacelle_vcpu_set_control(rig_vcpu, (enum nacelle_control)control, value));
}

void rig_fetch(uint32_t groups)
{
    nacelle_check(nacelle_vcpu_fetch(rig_vcpu, groups), "fetch");
}

uint64_t rig_rsp(void)
{
    rig_fetch(NACELLE_GROUP_RSP);
    return rig_state->rsp;
}

/* The message of an exit repeats what the state page says. */
static void check_message(const struct nacelle_message *message)
{
    const volatile struct nacelle_exit *exit = &rig_state->exit;
    bool has_gpa = exit->kind == NACELLE_EXIT_MEMORY || exit->kind == NACELLE_EXIT_MISCONFIGURATION;

    verdict_equal("message: badge", BADGE, message->badge);
    verdict_equal("message: tag",
                  nacelle_tag(exit->kind, 4) | NACELLE_TAG_KERNEL | NACELLE_TAG_CALL, message->tag);
    verdict_equal("message: word 0", exit->number | (uint64_t)exit->flags << 32, message->words[0]);
    verdict_equal("message: word 1", has_gpa ? exit->gpa : exit->value, message->words[1]);
    verdict_equal("message: word 2", exit->detail | (uint64_t)exit->size << 32, message->words[2]);
    verdict_equal("message: word 3", rig_state->rip, message->words[3]);
    verdict_equal("IP group is valid", NACELLE_GROUP_IP, rig_state->valid & NACELLE_GROUP_IP);
}

bool rig_run(uint32_t resume_flags)
{
    struct nacelle_message message = {.tag = nacelle_tag(resume_flags, 0)};
    uint64_t deadline = nacelle_tsc() + RIG_PATIENCE;
    bool in_time = true;
    enum nacelle_error error;

    nacelle_check(nacelle_notification_set_timer(notification, deadline), "timer");
    /* An exit need not write what its kind does not name. */
    rig_state->exit = (struct nacelle_exit){.vendor = rig_state->exit.vendor};
    if (started) {
        error = nacelle_reply_receive(endpoint, &message);
    } else {
        nacelle_check(nacelle_vcpu_resume(rig_vcpu), "resume");
        error = nacelle_receive(endpoint, &message);
    }
    started = true;
    nacelle_check(error, "receive");
    while (nacelle_from_kernel(&message, NACELLE_LABEL_NOTIFICATION)) {
        if (in_time && nacelle_tsc() >= deadline) { /* else the timer of an earlier run */
            in_time = false;
            nacelle_check(nacelle_vcpu_poke(rig_vcpu), "poke");
        }
        nacelle_check(nacelle_receive(endpoint, &message), "receive");
    }
    check_message(&message);
    return in_time;
}
