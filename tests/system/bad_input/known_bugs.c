/* SPDX-License-Identifier: BSD-2-Clause */
/* Bugs that comparable systems had (TRAPS.md names them), as far as no other test looks there. */
#include <harness/check.h>
#include <harness/memory.h>
#include <harness/platform.h>
#include <harness/thread.h>
#include <harness/vm.h>
#include <runtime/aspace.h>
#include <runtime/cspace.h>
#include <runtime/untyped.h>

#include "guests.h"
#include "rows.h"

#define LSTAR            0xc0000082u
#define RSI              6u
#define TIME             bochs_ticks(40000)
#define IF_SET           0x202u
#define CR0_PG           (1ull << 31)
#define CR4_PAE          (1ull << 5)
#define IRQ              (NACELLE_EVENT_VALID | NACELLE_EVENT_INTERRUPT | 32)
#define SEVERAL          8u

#define EFER_LME         (1ull << 8)
#define EFER_LMA         (1ull << 10)
#define RFLAGS_TF        (1ull << 8)
#define PRESENT_WRITABLE 3u

static struct nacelle_message message;

/* What came in time, or ~0. */
static uint32_t in_time(uint64_t endpoint)
{
    wait_ticks(TIME);
    return guest_poll(endpoint, &message);
}

/* seL4 #1548: several vCPUs retyped at once; #1732: VMs that broke each other. */
static void several_vcpus(void)
{
    uint64_t vcpus = slots_take(SEVERAL);
    uint64_t endpoint = make(NACELLE_TYPE_ENDPOINT, 0);
    struct guest guests[SEVERAL];

    need(nacelle_untyped_retype(arena, NACELLE_TYPE_VCPU, 0, vcpus, SEVERAL), "vCPUs");
    for (unsigned i = 0; i < SEVERAL; i++) {
        guests[i] = guest_make(0, GUEST_CODE_OF(guest_cpuid), endpoint, 1 + i);
        /* half of them share the VM of the one before */
        if (i % 2 != 0)
            guests[i].vm = guests[i - 1].vm;
        drop(guests[i].vcpu);
        guests[i].vcpu = vcpus + i;
        need(nacelle_aspace_map(NACELLE_SLOT_ASPACE, vcpus + i, (uint64_t)guests[i].state,
                                READ_WRITE),
             "map a state page");
        check_error("reset", NACELLE_ERROR_OK, guest_reset(&guests[i]));
        guests[i].state->general[RSI] = 1000 + i;
        check_error("resume", NACELLE_ERROR_OK, nacelle_vcpu_resume(guests[i].vcpu));
    }
    for (unsigned i = 0; i < 10 * SEVERAL; i++) {
        check_number("exit", NACELLE_EXIT_CPUID, guest_receive(endpoint, &message));
        check_number("its own registers", 999 + message.badge,
                     guests[message.badge - 1].state->general[RSI]);
        message.tag = nacelle_tag(NACELLE_RESUME_ADVANCE, 0);
        need(nacelle_reply(&message), "reply");
    }
}

/* One MSR bitmap for all VMs: what one has open must be closed in the other. */
static void msr_of_one_vm(void)
{
    struct guest open = guest_make(0, GUEST_CODE_OF(guest_msr), make(NACELLE_TYPE_ENDPOINT, 0), 0);
    struct guest shut = guest_make(0, GUEST_CODE_OF(guest_msr), make(NACELLE_TYPE_ENDPOINT, 0), 0);

    need(nacelle_vm_open_msr(open.vm, LSTAR, READ_WRITE), "open MSR");
    open.state->general[RSI] = LSTAR;
    shut.state->general[RSI] = LSTAR;
    need(nacelle_vcpu_resume(open.vcpu), "resume");
    need(nacelle_vcpu_resume(shut.vcpu), "resume");
    check_number("open", NACELLE_EXIT_HYPERCALL, guest_receive(open.endpoint, &message));
    check_number("closed in the other VM", NACELLE_EXIT_MSR,
                 guest_receive(shut.endpoint, &message));
    need(nacelle_vm_close_msr(open.vm, LSTAR), "close MSR");
    check_error("again", NACELLE_ERROR_OK, guest_reset(&open));
    open.state->general[RSI] = LSTAR;
    need(nacelle_vcpu_resume(open.vcpu), "resume");
    check_number("closed", NACELLE_EXIT_MSR, guest_receive(open.endpoint, &message));
}

/* x86_vcpu: the bitmap of ports 0x2000 to 0x7fff out of bounds. Opens exactly what it should. */
static void ports_open(uint64_t first, uint64_t last)
{
    const uint64_t probes[] = {0,      first - 1, first, (first + last) / 2,
                               last,   last + 1,  0x80,  0x7fff,
                               0x8000, 0xcf9,     0xffff};
    struct guest guest = guest_make(0, GUEST_CODE_OF(guest_in), make(NACELLE_TYPE_ENDPOINT, 0), 0);
    uint64_t ports = copy(NACELLE_SLOT_PORTS, NACELLE_RIGHTS_ALL, first | last << 16);

    need(nacelle_vm_open_ports(guest.vm, ports), "open ports");
    for (unsigned i = 0; i < sizeof(probes) / sizeof(*probes); i++) {
        uint64_t port = probes[i] & 0xffff;
        bool open = port >= first && port <= last;

        check_error("reset", NACELLE_ERROR_OK, guest_reset(&guest));
        guest.state->general[RSI] = port;
        need(nacelle_vcpu_resume(guest.vcpu), "resume");
        if (!check_number("port", open ? NACELLE_EXIT_HYPERCALL : NACELLE_EXIT_PORT,
                          guest_receive(guest.endpoint, &message)))
            print("... port 0x%lx\n", port);
    }
    drop(ports);
}

/* fiasco #2: an injection that cannot be cancelled. */
static void cancelled_injection(void)
{
    struct guest guest =
        guest_make(0, GUEST_CODE_OF(guest_spin), make(NACELLE_TYPE_ENDPOINT, 0), 0);
    uint64_t pending = 2;

    guest.state->rflags = IF_SET;
    need(nacelle_vcpu_store(guest.vcpu, NACELLE_GROUP_IP), "store");
    check_error("inject", NACELLE_ERROR_OK, nacelle_vcpu_inject(guest.vcpu, IRQ, 0));
    check_error("cancel", NACELLE_ERROR_OK, nacelle_vcpu_cancel(guest.vcpu, 0, &pending));
    check_number("was pending", 1, pending);
    check_error("cancel again", NACELLE_ERROR_OK, nacelle_vcpu_cancel(guest.vcpu, 0, &pending));
    check_number("was not pending", 0, pending);
    need(nacelle_vcpu_resume(guest.vcpu), "resume");
    check_number("nothing is delivered", ~0u, in_time(guest.endpoint));
    /* while it runs: it has no IDT in memory, so the delivery exits, and says what it was */
    check_error("inject", NACELLE_ERROR_OK, nacelle_vcpu_inject(guest.vcpu, IRQ, 0));
    check_number("delivered", NACELLE_EXIT_MEMORY, in_time(guest.endpoint));
    check_number("the interrupt", IRQ, guest.state->exit.vectoring);
}

/* libvmm #310, tgoskits #1769: the wake-up of a halted vCPU lost. */
static void halted(void)
{
    for (unsigned before = 0; before < 2; before++) {
        struct guest guest =
            guest_make(0, GUEST_CODE_OF(guest_spin), make(NACELLE_TYPE_ENDPOINT, 0), 0);

        guest.state->rflags = IF_SET;
        guest.state->activity = NACELLE_ACTIVITY_HLT;
        need(nacelle_vcpu_store(guest.vcpu, NACELLE_GROUP_IP | NACELLE_GROUP_EVENTS), "store");
        if (before != 0)
            need(nacelle_vcpu_inject(guest.vcpu, IRQ, 0), "inject");
        need(nacelle_vcpu_resume(guest.vcpu), "resume");
        if (before == 0) {
            check_number("halted", ~0u, in_time(guest.endpoint));
            need(nacelle_vcpu_inject(guest.vcpu, IRQ, 0), "inject");
        }
        check_number("woken", NACELLE_EXIT_MEMORY, in_time(guest.endpoint));
        check_number("by the interrupt", IRQ, guest.state->exit.vectoring);
        drop(guest.vcpu);
    }
}

/* x86_vcpu: injecting vector 0, or 22 to 31, panics. */
static void exception_vectors(void)
{
    struct guest guest =
        guest_make(0, GUEST_CODE_OF(guest_spin), make(NACELLE_TYPE_ENDPOINT, 0), 0);

    for (unsigned vector = 0; vector < 32; vector++) {
        uint32_t event = NACELLE_EVENT_EXCEPTION | vector;
        enum nacelle_error error;

        check_error("reset", NACELLE_ERROR_OK, guest_reset(&guest));
        error = nacelle_vcpu_inject(guest.vcpu, event, 0);
        if (error != NACELLE_ERROR_OK)
            error = nacelle_vcpu_inject(guest.vcpu, event | NACELLE_EVENT_ERROR_CODE, 0);
        check_error("inject", vector == 2 ? NACELLE_ERROR_INVALID_EVENT : NACELLE_ERROR_OK, error);
        if (vector == 2)
            continue;
        need(nacelle_vcpu_resume(guest.vcpu), "resume");
        if (vector == 31 && platform_is_tcg()) {
            /* docs/platforms.md */
            check_number("refused", NACELLE_EXIT_ENTRY_REFUSED, in_time(guest.endpoint));
            continue;
        }
        if (!check_number("delivered", NACELLE_EXIT_MEMORY, in_time(guest.endpoint)) ||
            !check_number("the vector", vector, guest.state->exit.vectoring & 0xff))
            print("... vector %u\n", vector);
    }
}

/* x86_vcpu: register index 4 panics. Here it is rsp. */
static void register_4(void)
{
    struct guest guest =
        guest_make(0, GUEST_CODE_OF(guest_cpuid), make(NACELLE_TYPE_ENDPOINT, 0), 0);
    uint64_t value = 0;

    check_error("write rsp", NACELLE_ERROR_OK, nacelle_vcpu_write_register(guest.vcpu, 4, 0x2468));
    check_error("read rsp", NACELLE_ERROR_OK, nacelle_vcpu_read_register(guest.vcpu, 4, &value));
    check_number("rsp", 0x2468, value);
    need(nacelle_vcpu_resume(guest.vcpu), "resume");
    check_number("exit", NACELLE_EXIT_CPUID, guest_receive(guest.endpoint, &message));
    check_error("read rsp", NACELLE_ERROR_OK, nacelle_vcpu_read_register(guest.vcpu, 4, &value));
    check_number("rsp", 0x2468, value);
}

/* What PG and PAE are after a change, with LME set all the time. */
static void check_mode(const struct guest *guest, bool paging)
{
    need(nacelle_vcpu_fetch(guest->vcpu, NACELLE_GROUP_CONTROL), "fetch");
    check_number("EFER", EFER_LME | (paging ? EFER_LMA : 0), guest->state->efer);
    check_number("CR0.PG", paging ? CR0_PG : 0, guest->state->cr0 & CR0_PG);
    check_number("CR4.PAE", paging ? CR4_PAE : 0, guest->state->cr4 & CR4_PAE);
}

/* x86_vcpu: LMA is set with any PG. And LME without PAE and PG, where a client or the guest itself
 * brings it to, is a state to run in (docs/platforms.md: not for all emulators). */
static void long_mode(void)
{
    struct guest guest =
        guest_make(0, GUEST_CODE_OF(guest_long), make(NACELLE_TYPE_ENDPOINT, 0), 0);
    volatile uint64_t *table = (volatile uint64_t *)guest.data;

    /* The page is the table of each level, so it maps itself at 0, and the code where it is. */
    table[0] = GUEST_DATA | PRESENT_WRITABLE;
    table[GUEST_CODE / 4096] = GUEST_CODE | PRESENT_WRITABLE;
    guest.state->general[RSI] = GUEST_DATA;
    guest.state->efer = EFER_LME;
    need(nacelle_vcpu_store(guest.vcpu, NACELLE_GROUP_CONTROL), "store");
    check_mode(&guest, false);
    need(nacelle_vcpu_resume(guest.vcpu), "resume");
    check_number("exit", NACELLE_EXIT_CPUID, guest_receive(guest.endpoint, &message));
    for (unsigned i = 0; i < 20; i++) {
        check_mode(&guest, i % 2 == 0);
        /* also with what is stored there */
        if (i / 2 % 2 != 0)
            need(nacelle_vcpu_store(guest.vcpu, NACELLE_GROUP_CONTROL), "store");
        check_number("exit", NACELLE_EXIT_CPUID,
                     guest_continue(guest.endpoint, NACELLE_RESUME_ADVANCE, &message));
    }
    check_number("TF", 0, guest.state->rflags & RFLAGS_TF);
}

void test_known_bugs(void)
{
    long_mode();
    several_vcpus();
    msr_of_one_vm();
    ports_open(0x2000, 0x7fff);
    ports_open(0x80, 0x80);
    ports_open(0x7ffe, 0x8001);
    cancelled_injection();
    halted();
    exception_vectors();
    register_4();
}
