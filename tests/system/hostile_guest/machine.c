/* SPDX-License-Identifier: BSD-2-Clause */
#include <runtime/aspace.h>
#include <runtime/client.h>
#include <runtime/cspace.h>
#include <runtime/notification.h>
#include <runtime/pool.h>
#include <runtime/string.h>

#include "machine.h"

#define PAGE       4096ull
#define READ_WRITE (NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE)
#define CR0_START  0x31u   /* PE, ET, NE */
#define FLAT_CODE  0xc09bu /* SDM vol 3 24.4.1: present, S, execute/read, accessed, G, D */
#define FLAT_DATA  0xc093u
#define PATIENCE   30 /* ms that a guest may run without an exit */
#define LINES_MAX  40u

uint64_t vm, vcpu, endpoint, timer;
struct nacelle_vcpu_state *state;
uint8_t *data;
uint64_t exits_seen, failed;

static struct nacelle_pool pool;
static uint8_t *code;
static struct nacelle_message message;
static uint64_t patience, deadline;

/* Pages that we and the guest see. */
static uint8_t *guest_pages(uint64_t gpa, unsigned count)
{
    uint64_t address = nacelle_pool_address(&pool, (uint64_t)count * PAGE, PAGE);

    for (unsigned i = 0; i < count; i++) {
        uint64_t ours = nacelle_pool_need(&pool, NACELLE_TYPE_FRAME, NACELLE_SIZE_PAGE);
        uint64_t its = 0;

        nacelle_check(nacelle_pool_slots(&pool, 1, &its), "slots");
        nacelle_check(nacelle_cspace_copy(NACELLE_CLIENT_CSPACE, its, ours, NACELLE_RIGHTS_ALL, 0),
                      "copy");
        nacelle_check(
            nacelle_aspace_map(NACELLE_CLIENT_ASPACE, ours, address + i * PAGE, READ_WRITE), "map");
        nacelle_check(nacelle_vm_map(vm, its, gpa + i * PAGE, READ_WRITE | NACELLE_RIGHT_EXECUTE),
                      "map into the VM");
    }
    return (uint8_t *)address;
}

void machine_make(const struct nacelle_client_info *info)
{
    nacelle_pool_init(&pool, info);
    patience = info->tsc_hz / 1000 * PATIENCE;
    vm = nacelle_pool_need(&pool, NACELLE_TYPE_VM, 16);
    vcpu = nacelle_pool_need(&pool, NACELLE_TYPE_VCPU, 0);
    /* Short slices: each VM waits for the other at every start. */
    nacelle_check(nacelle_vcpu_set_priority(vcpu, 1, info->tsc_hz / 2000), "priority");
    endpoint = nacelle_pool_need(&pool, NACELLE_TYPE_ENDPOINT, 0);
    timer = nacelle_pool_need(&pool, NACELLE_TYPE_NOTIFICATION, 0);
    nacelle_check(nacelle_notification_bind(timer, endpoint), "bind");
    state = (struct nacelle_vcpu_state *)nacelle_pool_address(&pool, PAGE, PAGE);
    nacelle_check(nacelle_aspace_map(NACELLE_CLIENT_ASPACE, vcpu, (uint64_t)state, READ_WRITE),
                  "map the state page");
    code = guest_pages(CODE, CODE_PAGES);
    data = guest_pages(DATA, 1);
}

void machine_load(const uint8_t *begin, const uint8_t *end)
{
    memcpy(code, begin, (uint64_t)(end - begin));
    nacelle_choose_hypercalls(code, (uint64_t)(end - begin));
    nacelle_check(nacelle_vcpu_configure(vcpu, vm, endpoint), "configure");
    nacelle_check(nacelle_vcpu_fetch(vcpu, NACELLE_GROUPS_ALL & ~NACELLE_GROUP_FPU), "fetch");
    state->rip = CODE;
    state->rsp = DATA + PAGE;
    for (unsigned i = NACELLE_ES; i <= NACELLE_GS; i++)
        state->segments[i] = (struct nacelle_segment){
            .selector = i == NACELLE_CS ? 8 : 16,
            .rights = i == NACELLE_CS ? FLAT_CODE : FLAT_DATA,
            .limit = 0xffffffff,
        };
    state->cr0 = CR0_START;
    state->cr0_shadow = CR0_START;
    state->dirty = NACELLE_GROUP_IP | NACELLE_GROUP_RSP | NACELLE_GROUP_SEGMENTS |
                   NACELLE_GROUP_CONTROL;
}

static void start_timer(void)
{
    deadline = nacelle_tsc() + patience;
    nacelle_check(nacelle_notification_set_timer(timer, deadline), "timer");
}

/* The message is an exit, or the timer's: then it may be one that an earlier exit came before. */
static uint32_t received(enum nacelle_error error)
{
    while (error == NACELLE_ERROR_OK && nacelle_from_kernel(&message, NACELLE_LABEL_NOTIFICATION)) {
        if (nacelle_tsc() >= deadline)
            return NACELLE_EXIT_NONE;
        error = nacelle_receive(endpoint, &message);
    }
    nacelle_check(error, "receive");
    exits_seen++;
    return nacelle_tag_label(message.tag);
}

uint32_t machine_start(void)
{
    start_timer();
    nacelle_check(nacelle_vcpu_resume(vcpu), "resume");
    return received(nacelle_receive(endpoint, &message));
}

uint32_t machine_continue(uint32_t flags)
{
    start_timer();
    message.tag = nacelle_tag(flags, 0);
    return received(nacelle_reply_receive(endpoint, &message));
}

void machine_stop(void)
{
    nacelle_check(nacelle_vcpu_suspend(vcpu), "suspend");
    nacelle_check(nacelle_notification_set_timer(timer, 0), "timer");
    while (nacelle_poll(endpoint, &message) == NACELLE_ERROR_OK)
        ; /* what came meanwhile */
}

void expect(const char *what, uint64_t expected, uint64_t found)
{
    if (expected == found)
        return;
    if (++failed <= LINES_MAX)
        nacelle_print("FAILED %s: expected 0x%lx, found 0x%lx\n", what, expected, found);
}
