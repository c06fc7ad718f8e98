/* SPDX-License-Identifier: BSD-2-Clause */
/* VMs, vCPUs, and what is mapped into them, deleted while they run and while they wait. */
#include <harness/check.h>
#include <harness/memory.h>
#include <runtime/aspace.h>
#include <runtime/cspace.h>

#include "world.h"

static struct guest guest;
static uint64_t endpoint;
static struct nacelle_message message;

static void make_guest(struct guest_code code)
{
    endpoint = make(NACELLE_TYPE_ENDPOINT, 0);
    guest = guest_make(0, code, endpoint, 0);
    need(nacelle_vcpu_set_priority(guest.vcpu, 2, 0), "priority"); /* above the bystander */
    need(nacelle_vcpu_resume(guest.vcpu), "resume");
}

/* The vCPU has no VM any more; with a new one it runs again. */
static void check_vm_lost(const char *what)
{
    uint64_t value;

    check_error(what, NACELLE_ERROR_NOT_CONFIGURED,
                nacelle_vcpu_read_register(guest.vcpu, 0, &value));
    check_error(what, NACELLE_ERROR_NOT_CONFIGURED, nacelle_vcpu_resume(guest.vcpu));
    check_error(what, NACELLE_ERROR_NOT_CONFIGURED, nacelle_vcpu_poke(guest.vcpu));
    a_while();
    check_number(what, ~0u, guest_poll(endpoint, &message));
    guest.vm = make(NACELLE_TYPE_VM, NACELLE_SIZE_VM_MIN);
    check_error("another VM", NACELLE_ERROR_OK, guest_reset(&guest));
    check_error("resume", NACELLE_ERROR_OK, nacelle_vcpu_resume(guest.vcpu));
    /* nothing is mapped there */
    check_number("runs in the other VM", NACELLE_EXIT_MEMORY, guest_receive(endpoint, &message));
    check_bystander(what);
}

static void vm_while_running(void)
{
    make_guest(GUEST_CODE_OF(guest_spin));
    a_while();
    drop(guest.vm);
    check_vm_lost("VM deleted while its vCPU ran");
}

static void vm_while_exit_is_queued(void)
{
    make_guest(GUEST_CODE_OF(guest_cpuid));
    a_while();
    drop(guest.vm);
    check_vm_lost("VM deleted while an exit waited to be received");
}

static void vm_while_exit_is_handled(void)
{
    make_guest(GUEST_CODE_OF(guest_cpuid));
    check_number("exit", NACELLE_EXIT_CPUID, guest_receive(endpoint, &message));
    drop(guest.vm);
    message.tag = nacelle_tag(NACELLE_RESUME_ADVANCE, 0);
    check_error("reply to a vCPU without a VM", NACELLE_ERROR_WOULD_BLOCK, nacelle_reply(&message));
    check_vm_lost("VM deleted while an exit was handled");
}

/* The vCPU, at three moments, and its state page is gone from our address space. */
static void vcpu_deleted(unsigned moment)
{
    make_guest(moment == 0 ? GUEST_CODE_OF(guest_spin) : GUEST_CODE_OF(guest_cpuid));
    a_while();
    if (moment == 2)
        check_number("exit", NACELLE_EXIT_CPUID, guest_receive(endpoint, &message));
    drop(guest.vcpu);
    if (moment == 2) {
        message.tag = nacelle_tag(0, 0);
        check_error("reply to a deleted vCPU", NACELLE_ERROR_WOULD_BLOCK, nacelle_reply(&message));
    }
    check_number("nothing is received", ~0u, guest_poll(endpoint, &message));
    check_error("its address is free", NACELLE_ERROR_OK,
                nacelle_aspace_map(NACELLE_SLOT_ASPACE, make(NACELLE_TYPE_FRAME, 12),
                                   (uint64_t)guest.state, READ_WRITE));
    check_bystander("vCPU deleted");
}

/* The endpoint that exits go to: the vCPU stops, and goes on with another one. */
static void endpoint_deleted(bool queued)
{
    uint64_t value = 0;

    make_guest(GUEST_CODE_OF(guest_cpuid));
    if (queued)
        a_while();
    drop(endpoint);
    a_while();
    check_error("stopped: registers can be read", NACELLE_ERROR_OK,
                nacelle_vcpu_read_register(guest.vcpu, 4, &value));
    endpoint = make(NACELLE_TYPE_ENDPOINT, 0);
    guest.endpoint = endpoint;
    check_error("another endpoint", NACELLE_ERROR_OK, guest_reset(&guest));
    check_error("resume", NACELLE_ERROR_OK, nacelle_vcpu_resume(guest.vcpu));
    check_number("exit", NACELLE_EXIT_CPUID, guest_receive(endpoint, &message));
    check_bystander("endpoint of exits deleted");
}

static struct job handler;

/* A thread that has received an exit and runs on the vCPU's time. */
static void handle_for_ever(uint64_t argument)
{
    struct nacelle_message received = {0};

    (void)argument;
    (void)guest_receive(endpoint, &received);
    handler.done = 1;
    for (;;)
        __asm__ volatile("pause");
}

static void handler_deleted(void)
{
    struct thread thread;

    handler.done = 0;
    make_guest(GUEST_CODE_OF(guest_cpuid));
    thread = thread_start(handle_for_ever, 0, 2);
    a_while();
    need(nacelle_vcpu_set_priority(guest.vcpu, 1, 0), "priority"); /* shares with the bystander */
    check_number("the handler runs", 1, handler.done);
    check_bystander("handler spins");
    need(nacelle_vcpu_set_priority(guest.vcpu, 2, 0), "priority");
    drop(thread.slot);
    a_while();
    check_number("no second message", ~0u, guest_poll(endpoint, &message));
    check_error("the vCPU can be resumed", NACELLE_ERROR_OK,
                nacelle_invoke1(guest.vcpu, NACELLE_VCPU_RESUME, NACELLE_RESUME_ADVANCE));
    check_number("its next exit", NACELLE_EXIT_CPUID, guest_receive(endpoint, &message));
    check_number("it went on", GUEST_CODE, guest.state->rip); /* CPUID, JMP: back at the start */
    check_bystander("handler deleted");
}

/* Deleting the original takes the copy that is mapped, and its place is free. */
static void frame_deleted(void)
{
    uint64_t frame = make(NACELLE_TYPE_FRAME, 12);
    uint64_t in_vm = copy(frame, READ_WRITE, 0);

    make_guest(GUEST_CODE_OF(guest_spin));
    need(nacelle_vm_map(guest.vm, in_vm, 0x5000, READ_WRITE), "map");
    drop(frame);
    check_error("the copy is gone", NACELLE_ERROR_INVALID_CAPABILITY,
                nacelle_vm_unmap(guest.vm, in_vm));
    frame = make(NACELLE_TYPE_FRAME, 12);
    check_error("its place is free", NACELLE_ERROR_OK,
                nacelle_vm_map(guest.vm, frame, 0x5000, READ_WRITE));
    drop(guest.vcpu);
    check_bystander("frame of a VM deleted");
}

/* Memory taken away between two accesses of a guest that had it in its TLB. */
static void memory_taken(void)
{
    uint64_t data = make(NACELLE_TYPE_FRAME, 12);

    make_guest(GUEST_CODE_OF(guest_memory));
    check_number("data is mapped", NACELLE_EXIT_CPUID, guest_receive(endpoint, &message));
    check_error("overlap", NACELLE_ERROR_OVERLAP,
                nacelle_vm_map(guest.vm, data, GUEST_DATA, READ_WRITE));
    check_error("taken", NACELLE_ERROR_OK, nacelle_vm_unmap(guest.vm, guest.data_frame));
    for (unsigned i = 0; i < 2; i++) {
        check_number("exit", NACELLE_EXIT_MEMORY,
                     guest_continue(endpoint, i == 0 ? NACELLE_RESUME_ADVANCE : 0, &message));
        check_number("gpa", GUEST_DATA, guest.state->exit.gpa);
    }
    check_error("given", NACELLE_ERROR_OK, nacelle_vm_map(guest.vm, data, GUEST_DATA, READ_WRITE));
    check_number("goes on", NACELLE_EXIT_CPUID, guest_continue(endpoint, 0, &message));
    drop(data);
    check_number("deleted: exit", NACELLE_EXIT_MEMORY,
                 guest_continue(endpoint, NACELLE_RESUME_ADVANCE, &message));
}

/* Ports open as long as the capability lives. */
static void ports_deleted(void)
{
    uint64_t ports = copy(NACELLE_SLOT_PORTS, NACELLE_RIGHTS_ALL, 0x80 | 0x80 << 16);

    make_guest(GUEST_CODE_OF(guest_port));
    check_number("closed at first", NACELLE_EXIT_PORT, guest_receive(endpoint, &message));
    check_error("open", NACELLE_ERROR_OK, nacelle_vm_open_ports(guest.vm, ports));
    for (unsigned i = 0; i < 3; i++)
        check_number("open", NACELLE_EXIT_CPUID,
                     guest_continue(endpoint, NACELLE_RESUME_ADVANCE, &message));
    drop(ports);
    check_number("closed by deletion", NACELLE_EXIT_PORT,
                 guest_continue(endpoint, NACELLE_RESUME_ADVANCE, &message));
    check_bystander("ports deleted");
}

void test_delete_vm(void)
{
    bystander_start();
    vm_while_running();
    vm_while_exit_is_queued();
    vm_while_exit_is_handled();
    for (unsigned moment = 0; moment < 3; moment++)
        vcpu_deleted(moment);
    endpoint_deleted(false);
    endpoint_deleted(true);
    handler_deleted();
    frame_deleted();
    memory_taken();
    ports_deleted();
}
