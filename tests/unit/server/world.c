/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"

#include "aspace.h"
#include "capability.h"
#include "clock.h"
#include "console.h"
#include "interrupt.h"
#include "physical.h"
#include "schedule.h"
#include "server.h"
#include <stdio.h>
#include <sys/mman.h>

struct cpu host_cpu;
struct fake_machine machine;
struct world world;
struct message world_reply;
struct vcpu *world_guest;
void (*world_interrupt)(void);

uint64_t *server_pml4;
uint64_t server_root;
bool server_huge_pages;
void *server_engine_page;

struct execution *world_running;

static jmp_buf leave;
static bool in_scheduler;
unsigned world_timer_settings;

_Noreturn void return_by_sysexit(struct thread *thread);
_Noreturn void return_by_sysret(struct thread *thread);
_Noreturn void return_by_iretq(struct thread *thread);
_Noreturn void return_empty_by_sysexit(struct thread *thread);
_Noreturn void return_empty_by_sysret(struct thread *thread);

uint64_t clock_hz(void)
{
    return WORLD_HZ;
}

void clock_set_timer(uint64_t now, uint64_t deadline)
{
    (void)now;
    (void)deadline;
    world_timer_settings++;
}

void clock_end_of_interrupt(void)
{
}

_Noreturn void panic(const char *why, const struct frame *frame)
{
    (void)frame;
    print_error("panic: %s\n", why);
    abort();
}

/* The scheduler is left by jumping out of it, as the processor does. */
static _Noreturn void leave_with(enum world_event event)
{
    assert_true(in_scheduler);
    in_scheduler = false;
    world_running = event == WORLD_THREAD  ? &host_cpu.current->execution
                    : event == WORLD_GUEST ? &vcpu_object_of(world_guest)->execution
                                           : NULL;
    longjmp(leave, (int)event + 1);
}

_Noreturn void fake_halt(void)
{
    leave_with(WORLD_IDLE);
}

void fake_interrupts(void)
{
    if (world_interrupt != NULL) {
        world_interrupt();
    }
}

_Noreturn void return_by_sysexit(struct thread *thread)
{
    assert_int_equal(thread->entered_by, ENTERED_BY_SYSENTER);
    assert_ptr_equal(host_cpu.current, thread);
    leave_with(WORLD_THREAD);
}

_Noreturn void return_by_sysret(struct thread *thread)
{
    assert_int_equal(thread->entered_by, ENTERED_BY_SYSCALL);
    assert_ptr_equal(host_cpu.current, thread);
    leave_with(WORLD_THREAD);
}

_Noreturn void return_by_iretq(struct thread *thread)
{
    assert_int_equal(thread->entered_by, ENTERED_BY_TRAP);
    assert_ptr_equal(host_cpu.current, thread);
    leave_with(WORLD_THREAD);
}

static void empty_reply(struct frame *frame)
{
    frame->rdi = frame->rsi = frame->r8 = frame->r9 = frame->r10 = frame->rax = 0;
}

_Noreturn void return_empty_by_sysexit(struct thread *thread)
{
    empty_reply(&thread->frame);
    return_by_sysexit(thread);
}

_Noreturn void return_empty_by_sysret(struct thread *thread)
{
    empty_reply(&thread->frame);
    return_by_sysret(thread);
}

_Noreturn void vcpu_enter(struct vcpu *vcpu)
{
    world_guest = vcpu;
    leave_with(WORLD_GUEST);
}

enum world_event world_run(void)
{
    int event;

    world_interrupt_running();
    event = setjmp(leave);

    if (event != 0) {
        return (enum world_event)(event - 1);
    }
    in_scheduler = true;
    schedule_run();
}

/* vcpu_host_exit goes on in the scheduler. */
static void host_exit(void)
{
    world_running = NULL;
    if (setjmp(leave) == 0) {
        in_scheduler = true;
        vcpu_host_exit(world_guest);
    }
}

struct vcpu_exit_to_come {
    enum vcpu_disposition disposition;
    uint32_t number;
};

extern struct vcpu_exit_to_come exit_to_come;

void world_exit(enum vcpu_disposition disposition, uint32_t number)
{
    assert_non_null(world_guest);
    exit_to_come = (struct vcpu_exit_to_come){disposition, number};
    machine.cr0 |= FAKE_TS; /* HOST_CR0 */
    host_exit();
}

static void *memory(uint64_t bytes, uint64_t alignment)
{
    void *result = aligned_alloc(alignment, bytes);

    assert_non_null(result);
    memset(result, 0, bytes);
    return result;
}

struct slot *world_slot(uint64_t index)
{
    return cspace_slot(world.cspace, index);
}

static struct slot *give(uint64_t index, const struct slot *value)
{
    slot_set_root(world_slot(index), value);
    return world_slot(index);
}

static struct slot root_capability(unsigned type, unsigned size, const void *object)
{
    return (struct slot){
        .type = (uint8_t)type,
        .rights = NACELLE_RIGHTS_ALL,
        .size = (uint8_t)size,
        .object = (uint64_t)object,
    };
}

static void give_root_capabilities(struct aspace *aspace)
{
    const struct slot cspace = root_capability(NACELLE_TYPE_CSPACE, 15, world.cspace);
    const struct slot own = root_capability(NACELLE_TYPE_ASPACE, 16, aspace);
    const struct slot thread =
        root_capability(NACELLE_TYPE_THREAD, NACELLE_SIZE_THREAD, world.root);
    const struct slot line = root_capability(NACELLE_TYPE_INTERRUPT, 0, interrupt_line(5));
    struct slot ports = root_capability(NACELLE_TYPE_IOPORT, 0, NULL);
    struct slot untyped = root_capability(NACELLE_TYPE_UNTYPED, 0, world.memory);

    ports.object = 0xffffull << 16;
    untyped.space = WORLD_MEMORY;
    capability_bind(give(ROOT_CSPACE, &cspace), &world.root->cspace, INTERNAL_THREAD, world.root);
    capability_bind(give(ROOT_ASPACE, &own), &world.root->aspace, INTERNAL_THREAD, world.root);
    give(ROOT_THREAD, &thread);
    give(ROOT_PORTS, &ports);
    give(ROOT_UNTYPED, &untyped);
    give(ROOT_LINE, &line);
}

void world_start(void)
{
    if (world.cspace == NULL) {
        world.cspace = memory(ROOT_SLOTS * sizeof(struct slot), 4096);
        world.root = memory(8192, 8192);
        world.memory = memory(WORLD_MEMORY, 2u << 20);
        world.aspace = memory(1u << 16, 1u << 16);
        server_pml4 = memory(4096, 4096);
        server_root = physical_of(server_pml4);
    }
    memset(&host_cpu, 0, sizeof(host_cpu));
    memset(&machine, 0, sizeof(machine));
    memset(world.cspace, 0, ROOT_SLOTS * sizeof(struct slot));
    memset(world.root, 0, 8192);
    memset(world.aspace, 0, 1u << 16);
    memset(world.memory, 0xa5, WORLD_MEMORY); /* dirty */
    memset(interrupt_line(5), 0, sizeof(struct interrupt_line));
    interrupt_init();
    for (unsigned i = 0; i < NACELLE_PRIORITIES; i++) {
        list_init(&host_cpu.ready[i]);
    }
    host_cpu.cr3 = server_root;
    fastpath_init(&host_cpu);
    world_running = NULL;
    world_arms = false;
    world_lacks_apic = false;
    world_guest = NULL;
    world_interrupt = NULL;
    cspace_init(world.cspace, 15);
    aspace_init(world.aspace, 16, server_pml4);
    thread_init(world.root);
    give_root_capabilities(world.aspace);
    world.root->execution.own.priority = NACELLE_PRIORITIES - 1;
    world.root->execution.state = EXECUTION_RUNNABLE;
    schedule_update(world.root->execution.on);
}

/* What SYSENTER finds in the registers. */
static void enter_frame(struct thread *thread, unsigned number, const struct message *message)
{
    struct frame *frame = &thread->frame;

    frame->rdi = message->capability;
    frame->rsi = message->tag | (uint64_t)number << NACELLE_TAG_SYSTEM_CALL_SHIFT;
    frame->r8 = message->words[0];
    frame->r9 = message->words[1];
    frame->r10 = message->words[2];
    frame->rax = message->words[3];
    thread->entered_by = ENTERED_BY_SYSENTER;
}

void world_system_call(struct thread *thread, unsigned number, const struct message *message)
{
    world_interrupt_running();
    assert_true(execution_can_run(&thread->execution));
    host_cpu.current = thread;
    enter_frame(thread, number, message);
    system_call(thread);
    while (host_cpu.current == thread && thread->restart) {
        thread->restart = false;
        system_call(thread);
    }
}

enum world_event world_enter(struct thread *thread, unsigned number, const struct message *message)
{
    int event;

    assert_ptr_equal(host_cpu.current, thread);
    assert_ptr_equal(world_running, &thread->execution);
    enter_frame(thread, number, message);
    event = setjmp(leave);
    if (event != 0) {
        return (enum world_event)(event - 1);
    }
    in_scheduler = true;
    system_call_entry(thread);
}

struct message world_result(const struct thread *thread)
{
    const struct frame *frame = &thread->frame;

    return (struct message){
        .capability = frame->rdi,
        .tag = frame->rsi,
        .words = {frame->r8, frame->r9, frame->r10, frame->rax},
    };
}

enum nacelle_error world_invoke(uint64_t slot, uint32_t operation, uint64_t w0, uint64_t w1,
                                uint64_t w2, uint64_t w3)
{
    const struct message message = {
        .capability = slot, .tag = nacelle_tag(operation, 4), .words = {w0, w1, w2, w3}};

    world_system_call(world.root, NACELLE_CALL, &message);
    world_reply = world_result(world.root);
    if ((world_reply.tag & NACELLE_TAG_ERROR) == 0) {
        assert_int_equal(nacelle_tag_label(world_reply.tag), 0);
        return NACELLE_ERROR_OK;
    }
    return (enum nacelle_error)nacelle_tag_label(world_reply.tag);
}

void *world_make(uint64_t slot, unsigned type, unsigned size)
{
    assert_int_equal(
        world_invoke(ROOT_UNTYPED, NACELLE_UNTYPED_RETYPE, type | size << 8, slot, 1, 0),
        NACELLE_ERROR_OK);
    return (void *)world_slot(slot)->object;
}

struct thread *world_make_thread(uint64_t slot, uint64_t fault)
{
    struct thread *thread = world_make(slot, NACELLE_TYPE_THREAD, 0);

    assert_int_equal(
        world_invoke(slot, NACELLE_THREAD_CONFIGURE, ROOT_CSPACE, ROOT_ASPACE, fault, 0),
        NACELLE_ERROR_OK);
    assert_int_equal(world_invoke(slot, NACELLE_THREAD_SET_REGISTERS, 0x1000, 0x2000, 0, 0),
                     NACELLE_ERROR_OK);
    assert_int_equal(world_invoke(slot, NACELLE_THREAD_RESUME, 0, 0, 0, 0), NACELLE_ERROR_OK);
    return thread;
}

struct vcpu_object *world_make_vcpu(uint64_t first)
{
    world_make(first, NACELLE_TYPE_VM, NACELLE_SIZE_VM_MIN);
    world_make(first + 1, NACELLE_TYPE_ENDPOINT, 0);

    struct vcpu_object *object = world_make(first + 2, NACELLE_TYPE_VCPU, 0);

    assert_int_equal(world_invoke(first + 2, NACELLE_VCPU_CONFIGURE, first, first + 1, 0, 0),
                     NACELLE_ERROR_OK);
    assert_int_equal(world_invoke(first + 2, NACELLE_VCPU_RESUME, 0, 0, 0, 0), NACELLE_ERROR_OK);
    return object;
}

enum nacelle_error world_delete(uint64_t slot)
{
    return world_invoke(ROOT_CSPACE, NACELLE_CSPACE_DELETE, slot, 0, 0, 0);
}
