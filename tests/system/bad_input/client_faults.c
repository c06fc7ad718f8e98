/* SPDX-License-Identifier: BSD-2-Clause */
/* A client that does what it must not: a fault that says so, and the server goes on. All of it
 * again after a guest ran on this CPU: then the limits of GDT and IDT are other ones (SDM vol 3
 * 27.5.2). */
#include "client_faults.h"

#include <harness/check.h>
#include <harness/memory.h>
#include <harness/platform.h>
#include <harness/thread.h>
#include <harness/vm.h>
#include <runtime/aspace.h>
#include <runtime/string.h>

#include "guests.h"
#include "rows.h"

#define VECTOR_GP    13
#define VECTOR_PF    14
#define VECTOR_UD    6

#define SELECTOR_LDT 4u                    /* table indicator (SDM vol 3 3.4.2) */
#define FLAT_DATA    0x00cff3000000ffffull /* user level, read and write (3.4.5) */

extern volatile uint64_t client_called;

static uint64_t endpoint;
static struct thread client;
static struct nacelle_message message;

/* Faults that QEMU's translator gets wrong: docs/platforms.md. There, any fault must be enough. */
static const char *const wrong_in_tcg[] = {
    "int 0x80",
    "int3",
    "int1",
    "push not canonical",
    "syscall, stack not canonical, then used",
    "far return to the server's code segment",
    "far return to the 32-bit code segment",
    "far return to a data segment",
    "far return to the TSS",
    "far return beyond the table",
    "far return to the null segment",
    "far return into the LDT",
    "iret to the server",
    "alignment check",
    "SSE divide by zero",
};

static bool is_wrong_here(const char *what)
{
    for (unsigned i = 0; i < sizeof(wrong_in_tcg) / sizeof(*wrong_in_tcg); i++)
        if (!strcmp(wrong_in_tcg[i], what))
            return platform_is_tcg();
    return false;
}

static void nothing(uint64_t argument)
{
    (void)argument;
}

/* Runs the client from there to its next fault; false when none came. */
static bool run_at(const char *what, uint64_t rip, uint64_t rdi)
{
    need(nacelle_thread_set_registers(client.slot, rip, client.stack_top - 64, rdi, 0), what);
    client_called = 1;
    message.tag = nacelle_tag(0, 0);
    need(nacelle_reply_receive(endpoint, &message), "receive a fault");
    return check_true(what, nacelle_from_kernel(&message, NACELLE_LABEL_FAULT));
}

static void test_case(const struct client_fault *fault)
{
    uint64_t failed = checks_failed;

    if (!run_at(fault->what, fault->entry, 0) || is_wrong_here(fault->what))
        return;

    const uint64_t *words = message.words;

    if (!check_true("vector", words[0] < 64 && (fault->vectors >> words[0] & 1) != 0))
        print("... vectors 0x%lx expected, %lu found\n", fault->vectors, words[0]);
    if (fault->error != ANY_ERROR)
        check_number("error code", fault->error, words[1]);
    /* 1: no case said that the fault is elsewhere */
    if (client_called == 1)
        check_number("address of the instruction", fault->at, words[2]);
    else if (client_called != 0 && words[2] != fault->at)
        check_number("address that it went to", client_called, words[2]);
    if (words[0] == VECTOR_PF && fault->address != ANY_ADDRESS)
        check_number("fault address", fault->address, words[3]);
    if (words[0] == VECTOR_PF)
        check_true("user bit of the error code", (words[1] & 4) != 0);
    if (checks_failed != failed)
        print("... client: %s\n", fault->what);
}

static void test_interrupts(void)
{
    for (uint64_t n = 0; n < 256; n++) {
        uint64_t failed = checks_failed;

        if (!run_at("INT n", (uint64_t)client_int_n + 8 * n, 0))
            continue;
        check_number("INT n: vector", VECTOR_GP, message.words[0]);
        if (!platform_is_tcg())
            check_number("INT n: error code", n * 8 + 2, message.words[1]);
        check_number("INT n: rip", (uint64_t)client_int_n + 8 * n, message.words[2]);
        if (checks_failed != failed)
            print("... n = %lu\n", n);
    }
}

/* Every selector that no client has any business with; those that load end at the UD2 behind. */
static void test_selectors(void)
{
    static const uint16_t fine[] = {0x00, 0x01, 0x02, 0x03, 0x20, 0x21, 0x22, 0x23,
                                    0x28, 0x29, 0x2a, 0x2b, 0x30, 0x31, 0x32, 0x33};

    for (uint64_t selector = 0; selector < 0x10000; selector += selector < 0x80 ? 1 : 4) {
        uint64_t failed = checks_failed;
        bool loads = false;

        for (unsigned i = 0; i < sizeof(fine) / sizeof(*fine); i++)
            loads |= fine[i] == selector;
        if (!run_at("selector", (uint64_t)client_load_selector, selector))
            return;
        if (loads) {
            check_number("selector that loads", VECTOR_UD, message.words[0]);
        } else {
            check_true("selector that faults",
                       message.words[0] == VECTOR_GP ||
                           (message.words[0] == VECTOR_PF && (selector & SELECTOR_LDT) == 0));
            check_number("selector: rip", (uint64_t)client_load_selector_at, message.words[2]);
        }
        if (checks_failed != failed)
            print("... selector 0x%lx\n", selector);
    }
}

/* A page at address 0, where an LDT that nobody set up would lie, full of good data segments. */
static void test_forged_ldt(void)
{
    uint64_t frame = make(NACELLE_TYPE_FRAME, NACELLE_SIZE_PAGE);
    volatile uint64_t *descriptors = NULL;

    need(nacelle_aspace_map(NACELLE_SLOT_ASPACE, frame, 0, READ_WRITE), "map at address 0");
    __asm__("" : "+r"(descriptors)); /* not a null pointer here */
    for (unsigned i = 0; i < 512; i++)
        descriptors[i] = FLAT_DATA;
    test_selectors();
    drop(frame);
}

static void test_table(const struct client_fault *faults, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++)
        test_case(&faults[i]);
}

/*
 * A system call whose return address is the last that there is: right behind all memory that can be
 * mapped. It is canonical still, so SYSRET does not fault (in ring 0, on some processors) and the
 * client does, at it.
 */
static void test_last_address(void)
{
    static const uint8_t code[] = {0x0f, 0x05}; /* SYSCALL */
    const uint64_t page = NACELLE_USER_END - 0x1000;
    uint64_t frame = make(NACELLE_TYPE_FRAME, NACELLE_SIZE_PAGE);

    need(nacelle_aspace_map(NACELLE_SLOT_ASPACE, frame, page, READ_WRITE), "map the last page");
    for (unsigned i = 0; i < sizeof(code); i++)
        ((volatile uint8_t *)page)[0x1000 - sizeof(code) + i] = code[i];
    need(nacelle_aspace_unmap(NACELLE_SLOT_ASPACE, frame), "unmap the last page");
    need(nacelle_aspace_map(NACELLE_SLOT_ASPACE, frame, page,
                            NACELLE_RIGHT_READ | NACELLE_RIGHT_EXECUTE),
         "map the last page");
    if (run_at("system call at the last address", NACELLE_USER_END - sizeof(code), 0)) {
        check_number("vector", VECTOR_PF, message.words[0]);
        check_number("rip", NACELLE_USER_END, message.words[2]);
        check_number("fault address", NACELLE_USER_END, message.words[3]);
    }
    drop(frame);
}

static void test_all(void)
{
    test_table(client_faults, client_fault_count);
    if (nacelle_by_syscall) {
        test_table(client_faults_syscall, client_faults_syscall_count);
        test_last_address();
    } else {
        test_table(client_faults_sysenter, client_faults_sysenter_count);
    }
    test_interrupts();
    test_selectors();
    test_forged_ldt();
}

/* Two exits of a guest. */
static void run_guest(void)
{
    uint64_t exits = make(NACELLE_TYPE_ENDPOINT, 0);
    struct guest guest = guest_make(0, GUEST_CODE_OF(guest_cpuid), exits, 0);
    struct nacelle_message exit = {0};

    need(nacelle_vcpu_resume(guest.vcpu), "resume");
    check_number("exit", NACELLE_EXIT_CPUID, guest_receive(exits, &exit));
    check_number("exit", NACELLE_EXIT_CPUID, guest_continue(exits, NACELLE_RESUME_ADVANCE, &exit));
    drop(guest.vcpu);
}

/* Starts the client; its first fault comes at its end. */
static void start_client(void)
{
    need(nacelle_thread_resume(client.slot), "start the client");
    need(nacelle_receive(endpoint, &message), "the first fault");
}

void test_client_faults(void)
{
    endpoint = make(NACELLE_TYPE_ENDPOINT, 0);
    client = thread_make(nothing, 0, 1, endpoint);
    start_client();
    test_all();
    run_guest(); /* whose exits we receive: the client's fault is let go */
    start_client();
    test_all();
}
