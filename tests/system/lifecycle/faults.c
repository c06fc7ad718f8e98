/* SPDX-License-Identifier: BSD-2-Clause */
/* A fault is a message to the thread's handler, which puts things right, goes on, or stops it. */
#include <harness/check.h>
#include <harness/memory.h>
#include <runtime/aspace.h>

#include "world.h"

#define MISSING 0x6000000000ull /* nothing is mapped there at first */
#define RBX     3u
#define RCX     1u
#define MAGIC   0xfeedface12345678ull

static uint64_t endpoint;
static struct nacelle_message message;
static volatile uint64_t result;

static void write_missing(uint64_t argument)
{
    *(volatile uint64_t *)MISSING = argument;
    result = *(volatile uint64_t *)MISSING;
}

static void undefined(uint64_t argument)
{
    __asm__ volatile("mov %0, %%rbx\n\tud2" : : "r"(argument) : "rbx");
    result = argument;
}

static void divide(uint64_t argument)
{
    uint64_t quotient = argument;

    __asm__ volatile("xor %%ecx, %%ecx\n\txor %%edx, %%edx\n\tdivq %%rcx"
                     : "+a"(quotient)
                     :
                     : "rcx", "rdx", "cc");
    result = quotient;
}

/* Starts a thread and receives its first fault. */
static struct thread start(thread_function *function, uint64_t argument, uint64_t vector,
                           uint64_t badge)
{
    struct thread thread =
        thread_make(function, argument, 3, copy(endpoint, NACELLE_RIGHTS_ALL, badge));

    result = 0;
    need(nacelle_thread_resume(thread.slot), "start");
    need(nacelle_receive(endpoint, &message), "receive");
    check_true("a fault", nacelle_from_kernel(&message, NACELLE_LABEL_FAULT));
    check_number("badge", badge, message.badge);
    check_number("vector", vector, message.words[0]);
    return thread;
}

static void reply(uint32_t label)
{
    message.tag = nacelle_tag(label, 0);
    need(nacelle_reply(&message), "reply");
    a_while();
}

static void page_fault(void)
{
    struct thread thread = start(write_missing, MAGIC, 14, 5);
    uint64_t rip = message.words[2];

    check_number("error code: write, user", 6, message.words[1]);
    check_number("address", MISSING, message.words[3]);
    reply(0); /* nothing changed: it comes again */
    check_number("the same", 0, result);
    need(nacelle_receive(endpoint, &message), "receive");
    check_number("vector", 14, message.words[0]);
    check_number("rip", rip, message.words[2]);
    need(nacelle_aspace_map(NACELLE_SLOT_ASPACE, make(NACELLE_TYPE_FRAME, 12), MISSING, READ_WRITE),
         "map");
    reply(0);
    check_number("goes on", MAGIC, result);
    drop(thread.slot);
}

static void registers(void)
{
    struct thread thread = start(undefined, MAGIC, 6, 6);
    uint64_t value = 0;

    check_error("read", NACELLE_ERROR_OK,
                nacelle_thread_read_register(thread.slot, NACELLE_THREAD_RIP, &value));
    check_number("rip", message.words[2], value);
    check_error("read", NACELLE_ERROR_OK, nacelle_thread_read_register(thread.slot, RBX, &value));
    check_number("rbx", MAGIC, value);
    check_error("write", NACELLE_ERROR_OK,
                nacelle_thread_write_register(thread.slot, NACELLE_THREAD_RIP,
                                              message.words[2] + 2)); /* behind UD2 */
    reply(0);
    check_number("goes on", MAGIC, result);
    drop(thread.slot);

    thread = start(divide, 84, 0, 7);
    check_error("write", NACELLE_ERROR_OK, nacelle_thread_write_register(thread.slot, RCX, 2));
    reply(0);
    check_number("divides", 42, result);
    drop(thread.slot);
}

/* A reply with another label stops the thread, until it is resumed. */
static void stopped(void)
{
    struct thread thread = start(divide, 84, 0, 8);

    reply(1);
    check_error("nothing more", NACELLE_ERROR_WOULD_BLOCK, nacelle_poll(endpoint, &message));
    check_error("write", NACELLE_ERROR_OK, nacelle_thread_write_register(thread.slot, RCX, 4));
    need(nacelle_thread_resume(thread.slot), "resume");
    a_while();
    check_number("goes on", 21, result);
    drop(thread.slot);
}

/* A thread stopped in a system call goes on where it is told to, with the registers it is given. */
static void count_up(uint64_t argument)
{
    result = argument;
}

static void wait_for_ever(uint64_t argument)
{
    struct nacelle_message received = {0};

    (void)nacelle_receive(argument, &received);
    result = 1;
}

static void redirected(void)
{
    uint64_t silent = make(NACELLE_TYPE_ENDPOINT, 0);
    struct thread thread = thread_start(wait_for_ever, silent, 3);
    const struct {
        unsigned index;
        uint64_t value;
    } registers_to_set[] = {{NACELLE_THREAD_RIP, (uint64_t)count_up}, {7, 77}};

    result = 0;
    a_while();
    need(nacelle_thread_suspend(thread.slot), "suspend");
    for (unsigned i = 0; i < 2; i++)
        check_error("write", NACELLE_ERROR_OK,
                    nacelle_thread_write_register(thread.slot, registers_to_set[i].index,
                                                  registers_to_set[i].value));
    need(nacelle_thread_resume(thread.slot), "resume");
    a_while();
    check_number("runs what it was told to", 77, result);
    drop(thread.slot);

    /* All registers at once, in the middle of a wait. */
    thread = thread_start(wait_for_ever, silent, 3);
    result = 0;
    a_while();
    need(nacelle_thread_suspend(thread.slot), "suspend");
    need(nacelle_thread_set_registers(thread.slot, (uint64_t)count_up, thread.stack_top - 8, 78, 0),
         "registers");
    need(nacelle_thread_resume(thread.slot), "resume");
    a_while();
    check_number("runs what it was told to", 78, result);
    drop(thread.slot);
}

/* A thread that a system call brought to a stop has what is written into every register. */
static volatile uint64_t seen_rcx, seen_rdx, seen_r11;

static void show_lost_registers(void)
{
    __asm__ volatile("mov %%rcx, %0\n\tmov %%rdx, %1\n\tmov %%r11, %2\n\tud2"
                     : "=m"(seen_rcx), "=m"(seen_rdx), "=m"(seen_r11));
}

static void lost_registers(void)
{
    uint64_t silent = make(NACELLE_TYPE_ENDPOINT, 0);
    struct thread thread = thread_start(wait_for_ever, silent, 3);
    const uint64_t rip = (uint64_t)show_lost_registers;

    a_while();
    need(nacelle_thread_suspend(thread.slot), "suspend");
    (void)nacelle_thread_write_register(thread.slot, NACELLE_THREAD_RIP, rip);
    (void)nacelle_thread_write_register(thread.slot, 1, 101);
    (void)nacelle_thread_write_register(thread.slot, 2, 102);
    (void)nacelle_thread_write_register(thread.slot, 11, 111);
    need(nacelle_thread_resume(thread.slot), "resume");
    a_while();
    check_number("rcx as written", 101, seen_rcx);
    check_number("rdx as written", 102, seen_rdx);
    check_number("r11 as written", 111, seen_r11);
    drop(thread.slot);
}

void test_faults(void)
{
    endpoint = make(NACELLE_TYPE_ENDPOINT, 0);
    bystander_start();
    page_fault();
    registers();
    stopped();
    redirected();
    lost_registers();
    check_bystander("faults");
}
