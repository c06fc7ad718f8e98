/* SPDX-License-Identifier: BSD-2-Clause */
/* System calls that are no exits: the shortest ones, registers of a vCPU, memory of a VM. */
#include "bench.h"
#include "vm.h"

#include <runtime/client.h>
#include <runtime/notification.h>
#include <runtime/vcpu.h>
#include <runtime/vm.h>

#define READ_WRITE (NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE)
#define RBX        3
#define RSP        4

/* Guest-physical addresses in large pages of their own. Next to the small page that comes and goes
 * there is one that stays, so that the tables above it do. */
#define SMALL 0x40000000ull
#define LARGE 0x40400000ull

/* Rounds of `call`, an expression whose value is an error; `before` and `after` are not measured.
 * A round that fails ends the bench. */
#define CALL_ROUNDS(name, prepare, before, call, after)                           \
    __attribute__((noinline)) void run_##name(uint32_t *samples, unsigned rounds) \
    {                                                                             \
        prepare;                                                                  \
        for (unsigned i = 0; i < rounds; i++) {                                   \
            enum nacelle_error error;                                             \
            uint32_t begin;                                                       \
                                                                                  \
            before;                                                               \
            begin = BENCH_STAMP(#name "_begin");                                  \
            error = call;                                                         \
            samples[i] = BENCH_STAMP(#name "_end") - begin;                       \
            nacelle_check(error, #name);                                          \
            after;                                                                \
        }                                                                         \
    }

/* YIELD with nobody else to run. */
static inline enum nacelle_error yield(void)
{
    nacelle_yield();
    return NACELLE_ERROR_OK;
}

static uint64_t notification(void)
{
    static uint64_t slot;

    if (!slot)
        slot = nacelle_pool_need(&bench_pool, NACELLE_TYPE_NOTIFICATION, NACELLE_SIZE_NOTIFICATION);
    return slot;
}

CALL_ROUNDS(syscall_null, , , yield(), )
CALL_ROUNDS(signal, uint64_t slot = notification(), , nacelle_notification_signal(slot), )

/* A vCPU that is stopped in an exit. */
static uint64_t stopped(void)
{
    bench_vms_make(1);
    (void)bench_vm_start(&bench_vms[0], guest_cpuid, NACELLE_EXIT_CPUID);
    return bench_vms[0].vcpu;
}

CALL_ROUNDS(reg_read, uint64_t vcpu = stopped();
            uint64_t value, , nacelle_vcpu_read_register(vcpu, RBX, &value), )
CALL_ROUNDS(reg_write, uint64_t vcpu = stopped(), , nacelle_vcpu_write_register(vcpu, RBX, i), )
CALL_ROUNDS(reg_read_rsp, uint64_t vcpu = stopped();
            uint64_t value, , nacelle_vcpu_read_register(vcpu, RSP, &value), )
CALL_ROUNDS(reg_write_rsp, uint64_t vcpu = stopped(), , nacelle_vcpu_write_register(vcpu, RSP, i), )

static struct {
    uint64_t vm, small, large;
} memory;

static void make_memory(void)
{
    uint64_t neighbour;

    if (memory.vm)
        return;
    bench_vms_make(1);
    memory.vm = bench_vms[0].vm;
    memory.small = nacelle_pool_need(&bench_pool, NACELLE_TYPE_FRAME, NACELLE_SIZE_PAGE);
    memory.large = nacelle_pool_need(&bench_pool, NACELLE_TYPE_FRAME, NACELLE_SIZE_LARGE);
    neighbour = nacelle_pool_need(&bench_pool, NACELLE_TYPE_FRAME, NACELLE_SIZE_PAGE);
    nacelle_check(nacelle_vm_map(memory.vm, neighbour, SMALL + 4096, READ_WRITE), "neighbour");
}

static inline enum nacelle_error map_small(void)
{
    return nacelle_vm_map(memory.vm, memory.small, SMALL, READ_WRITE);
}

static inline enum nacelle_error map_large(void)
{
    return nacelle_vm_map(memory.vm, memory.large, LARGE, READ_WRITE);
}

static inline enum nacelle_error unmap_small(void)
{
    return nacelle_vm_unmap(memory.vm, memory.small);
}

static inline enum nacelle_error unmap_large(void)
{
    return nacelle_vm_unmap(memory.vm, memory.large);
}

CALL_ROUNDS(map_4k, make_memory(), , map_small(), nacelle_check(unmap_small(), "unmap"))
CALL_ROUNDS(unmap_4k, make_memory(), nacelle_check(map_small(), "map"), unmap_small(), )
CALL_ROUNDS(map_2m, make_memory(), , map_large(), nacelle_check(unmap_large(), "unmap"))
CALL_ROUNDS(unmap_2m, make_memory(), nacelle_check(map_large(), "map"), unmap_large(), )
