/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the barriers for the branch predictors are (predictors.h). */
#include "world.h"

#include "aspace.h"
#include "schedule.h"
#include <vcpu/mitigations.h>

enum {
    ENDPOINT = ROOT_FREE,
    ELSEWHERE, /* another endpoint, for who is not to run */
    SPACE,
    A,
    B,
    VM, /* and its endpoint and vCPU */
    VM_ENDPOINT,
    VCPU,
    VM2,
    VM2_ENDPOINT,
    VCPU2,
};

static struct thread *a, *b;

/* Thread A in the root's address space, B in one of its own. */
static int setup(void **state)
{
    (void)state;
    world_start();
    vcpu_mitigations = X86_MITIGATION_IBPB;
    world_arms = false;
    world_make(ENDPOINT, NACELLE_TYPE_ENDPOINT, 0);
    world_make(ELSEWHERE, NACELLE_TYPE_ENDPOINT, 0);
    world_make(SPACE, NACELLE_TYPE_ASPACE, 15);
    a = world_make_thread(A, 0);
    b = world_make(B, NACELLE_TYPE_THREAD, 0);
    assert_int_equal(world_invoke(B, NACELLE_THREAD_CONFIGURE, ROOT_CSPACE, SPACE, 0, 0),
                     NACELLE_ERROR_OK);
    assert_int_equal(world_invoke(B, NACELLE_THREAD_SET_REGISTERS, 0x1000, 0x2000, 0, 0),
                     NACELLE_ERROR_OK);
    assert_int_equal(world_invoke(B, NACELLE_THREAD_RESUME, 0, 0, 0, 0), NACELLE_ERROR_OK);
    return 0;
}

static void call(struct thread *thread, unsigned system_call, uint64_t slot)
{
    const struct message message = {.capability = slot, .tag = nacelle_tag(0, 0)};

    world_system_call(thread, system_call, &message);
}

/* The barriers since the last look. */
static unsigned barriers(void)
{
    unsigned count = machine.barriers;

    machine.barriers = 0;
    return count;
}

static void expect_thread(const struct thread *thread, unsigned count)
{
    assert_int_equal(world_run(), WORLD_THREAD);
    assert_ptr_equal(host_cpu.current, thread);
    assert_int_equal(barriers(), count);
}

static void expect_guest(unsigned slot, unsigned count)
{
    assert_int_equal(world_run(), WORLD_GUEST);
    assert_ptr_equal(vcpu_object_of(world_guest), world_slot(slot)->object);
    assert_int_equal(barriers(), count);
}

static void between_address_spaces(void **state)
{
    (void)state;
    expect_thread(world.root, 1);
    expect_thread(world.root, 0);
    call(world.root, NACELLE_RECEIVE, ENDPOINT);
    expect_thread(a, 0); /* the same address space */
    call(a, NACELLE_RECEIVE, ENDPOINT);
    expect_thread(b, 1);
    expect_thread(b, 0);
    call(b, NACELLE_CALL, ENDPOINT);
    expect_thread(world.root, 1);
}

/* The fast path goes from caller to handler and back by itself; then something else comes in. */
static void after_the_fast_path(void **state)
{
    (void)state;
    call(world.root, NACELLE_RECEIVE, ENDPOINT);
    call(a, NACELLE_RECEIVE, ELSEWHERE);
    expect_thread(b, 1);
    call(b, NACELLE_CALL, ENDPOINT);
    expect_thread(world.root, 1);
    assert_ptr_equal(host_cpu.pair.caller, b);
    /* as entry.S does it */
    host_cpu.cr3 = machine.cr3 = world.root->fast.root;
    host_cpu.current = b;
    fastpath_leave(&host_cpu, &b->execution);
    expect_thread(b, 0);
    call(b, NACELLE_RECEIVE, ELSEWHERE);
    assert_int_equal(world_run(), WORLD_IDLE);
    assert_int_equal(barriers(), 0);
}

static void between_guests_and_clients(void **state)
{
    (void)state;
    world_make_vcpu(VM);
    expect_thread(world.root, 1);
    call(world.root, NACELLE_RECEIVE, VM_ENDPOINT);
    call(a, NACELLE_RECEIVE, ELSEWHERE);
    call(b, NACELLE_RECEIVE, ELSEWHERE);
    expect_guest(VCPU, 1);
    world_exit(VCPU_ENTER_AGAIN, 0);
    expect_guest(VCPU, 0);
    world_exit(VCPU_SEND_EXIT, 7);
    expect_thread(world.root, 1);
    call(world.root, NACELLE_REPLY_RECEIVE, VM_ENDPOINT);
    expect_guest(VCPU, 1);
}

/* Direct entries make no barrier; the exit that ends them finds the guest's predictors. */
static void after_direct_entries(void **state)
{
    (void)state;
    world_arms = true;
    world_make_vcpu(VM);
    expect_thread(world.root, 1);
    call(world.root, NACELLE_RECEIVE, VM_ENDPOINT);
    call(a, NACELLE_RECEIVE, ELSEWHERE);
    call(b, NACELLE_RECEIVE, ELSEWHERE);
    expect_guest(VCPU, 1);
    world_exit(VCPU_SEND_EXIT, 7);
    expect_thread(world.root, 1);
    assert_ptr_equal(host_cpu.pair.direct.vcpu, world_guest);
    world_exit(VCPU_ENTER_AGAIN, 0);
    expect_guest(VCPU, 0);
    world_exit(VCPU_SEND_EXIT, 7);
    expect_thread(world.root, 1);
}

static void between_guests(void **state)
{
    (void)state;
    world_make_vcpu(VM);
    world_make_vcpu(VM2);
    call(a, NACELLE_RECEIVE, ELSEWHERE);
    call(b, NACELLE_RECEIVE, ELSEWHERE);
    call(world.root, NACELLE_RECEIVE, ENDPOINT);
    expect_guest(VCPU, 1);
    schedule_yield(&((struct vcpu_object *)world_slot(VCPU)->object)->execution.own);
    world_exit(VCPU_ENTER_AGAIN, 0);
    expect_guest(VCPU2, 1);
}

/* Another VM in the memory of one that ran last. */
static void a_name_that_is_used_again(void **state)
{
    struct vcpu_object *object = world_make_vcpu(VM);
    uint64_t vm = world_slot(VM)->object;

    (void)state;
    call(a, NACELLE_RECEIVE, ELSEWHERE);
    call(b, NACELLE_RECEIVE, ELSEWHERE);
    object->execution.own.priority = 0;
    host_cpu.predictors = vm;
    assert_int_equal(world_delete(VM), NACELLE_ERROR_OK);
    assert_int_not_equal(host_cpu.predictors, vm);
    host_cpu.predictors = ((struct aspace *)world_slot(SPACE)->object)->root;
    assert_int_equal(world_delete(SPACE), NACELLE_ERROR_OK);
    assert_int_equal(host_cpu.predictors, 0);
}

static void not_where_the_processor_has_none(void **state)
{
    (void)state;
    vcpu_mitigations = 0;
    expect_thread(world.root, 0);
    call(world.root, NACELLE_RECEIVE, ENDPOINT);
    call(a, NACELLE_RECEIVE, ELSEWHERE);
    expect_thread(b, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(between_address_spaces, setup),
        cmocka_unit_test_setup(after_the_fast_path, setup),
        cmocka_unit_test_setup(between_guests_and_clients, setup),
        cmocka_unit_test_setup(after_direct_entries, setup),
        cmocka_unit_test_setup(between_guests, setup),
        cmocka_unit_test_setup(a_name_that_is_used_again, setup),
        cmocka_unit_test_setup(not_where_the_processor_has_none, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
