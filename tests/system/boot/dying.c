/* SPDX-License-Identifier: BSD-2-Clause */
/* A client that ends in one of several ways while its vCPU runs or waits for it (how=). */
#include <nacelle/vcpu_state.h>
#include <runtime/arguments.h>
#include <runtime/aspace.h>
#include <runtime/client.h>
#include <runtime/cspace.h>
#include <runtime/ipc.h>
#include <runtime/notification.h>
#include <runtime/pool.h>
#include <runtime/string.h>
#include <runtime/vcpu.h>
#include <runtime/vm.h>

#define PAGE 4096ull
#define CODE 0x1000u
#define RUN  5 /* ms before the end */

static const uint8_t spin[] = {0xeb, 0xfe};              /* 1: jmp 1b, real mode */
static const uint8_t cpuid[] = {0x0f, 0xa2, 0xeb, 0xfc}; /* 1: cpuid; jmp 1b */

static struct nacelle_pool pool;
static uint64_t vcpu, endpoint;

static void start_guest(const uint8_t *code, uint64_t size)
{
    uint64_t vm = nacelle_pool_need(&pool, NACELLE_TYPE_VM, NACELLE_SIZE_VM_MIN);
    uint64_t frame = nacelle_pool_need(&pool, NACELLE_TYPE_FRAME, NACELLE_SIZE_PAGE);
    uint64_t address = nacelle_pool_address(&pool, 2 * PAGE, PAGE);
    struct nacelle_vcpu_state *state = (struct nacelle_vcpu_state *)(address + PAGE);
    const uint64_t read_write = NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE;

    vcpu = nacelle_pool_need(&pool, NACELLE_TYPE_VCPU, 0);
    endpoint = nacelle_pool_need(&pool, NACELLE_TYPE_ENDPOINT, 0);
    nacelle_check(nacelle_aspace_map(NACELLE_CLIENT_ASPACE, frame, address, read_write), "map");
    memcpy((void *)address, code, size);
    nacelle_check(nacelle_frame_unmap(frame), "unmap");
    nacelle_check(nacelle_vm_map(vm, frame, CODE, read_write | NACELLE_RIGHT_EXECUTE), "VM map");
    nacelle_check(nacelle_aspace_map(NACELLE_CLIENT_ASPACE, vcpu, (uint64_t)state, read_write),
                  "map the state page");
    nacelle_check(nacelle_vcpu_configure(vcpu, vm, endpoint), "configure");
    nacelle_check(nacelle_vcpu_fetch(vcpu, NACELLE_GROUP_IP | NACELLE_GROUP_SEGMENTS), "fetch");
    state->segments[NACELLE_CS].selector = 0;
    state->segments[NACELLE_CS].base = 0;
    state->rip = CODE;
    state->dirty = NACELLE_GROUP_IP | NACELLE_GROUP_SEGMENTS;
    nacelle_check(nacelle_vcpu_set_priority(vcpu, 1, 0), "priority"); /* as the counter has */
    nacelle_check(nacelle_vcpu_resume(vcpu), "resume");
}

static void let_it_run(uint64_t ticks)
{
    uint64_t timer = nacelle_pool_need(&pool, NACELLE_TYPE_NOTIFICATION, 0);
    struct nacelle_message message = {0};

    nacelle_check(nacelle_notification_set_timer(timer, nacelle_tsc() + ticks), "timer");
    nacelle_check(nacelle_receive(timer, &message), "wait");
}

static void overflow_stack(volatile uint8_t *byte)
{
    for (;; byte -= PAGE)
        *byte = 0;
}

int main(const struct nacelle_client_info *info)
{
    struct nacelle_message message = {0};
    struct nacelle_word how = {0};

    (void)nacelle_argument(info->command_line, "how", &how);
    nacelle_pool_init(&pool, info);
    if (nacelle_word_is(how, "in-exit")) {
        start_guest(cpuid, sizeof(cpuid));
        nacelle_check(nacelle_receive(endpoint, &message), "receive");
        __asm__ volatile("hlt");
    }
    start_guest(spin, sizeof(spin));
    let_it_run(info->tsc_hz / 1000 * RUN);
    if (nacelle_word_is(how, "fault"))
        __asm__ volatile("hlt");
    if (nacelle_word_is(how, "stack"))
        overflow_stack((volatile uint8_t *)&message);
    return 3;
}
