/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest with a virtual-APIC page: priorities, ends of interrupts, requests of the client's, and
 * the exits that are left. Where the processor cannot, it says so.
 */
#include <harness/check.h>
#include <harness/memory.h>
#include <harness/vm.h>

#include <nacelle/boot_info.h>
#include <runtime/notification.h>
#include <runtime/string.h>

#include "virtual_apic.h"

#define VERSION         0x50014u
#define PAGE_AT(offset) ((volatile uint32_t *)(volatile void *)(page.bytes + (offset)))
#define DATA_AT(offset) ((volatile uint32_t *)(volatile void *)(guest.data + (offset)))
#define INTERRUPT       (NACELLE_EVENT_VALID | NACELLE_EVENT_INTERRUPT)
#define WRITABLE        (NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE)

extern const uint8_t guest_begin[], guest_end[];
extern const uint8_t guest_pic[], guest_low[], guest_mid[], guest_high[], guest_level[];

const char test_name[] = "virtual_apic";

static struct guest guest;
static struct page page;
static uint64_t page_given; /* the capability that SET_APIC gets */
static struct nacelle_message message;

static void set_gate(uint8_t vector, const uint8_t *handler)
{
    uint32_t address = GUEST_CODE + (uint32_t)(handler - guest_begin);
    volatile uint32_t *gate = DATA_AT(OF_IDT + 8u * vector);

    gate[0] = 8u << 16 | (address & 0xffff);
    gate[1] = (address & 0xffff0000) | 0x8e00; /* present, interrupt gate of 32 bits */
}

/* Flat segments, and gates for the interrupts. */
static void set_tables(void)
{
    static const uint64_t gdt[] = {0, 0x00cf9b000000ffff, 0x00cf93000000ffff};

    memcpy(guest.data + OF_GDT, gdt, sizeof(gdt));
    set_gate(VECTOR_PIC, guest_pic);
    set_gate(VECTOR_LOW, guest_low);
    set_gate(VECTOR_MID, guest_mid);
    set_gate(VECTOR_HIGH, guest_high);
    set_gate(VECTOR_LEVEL, guest_level);
    need(nacelle_vcpu_fetch(guest.vcpu, NACELLE_GROUP_TABLES), "fetch");
    guest.state->gdtr = (struct nacelle_table){GUEST_DATA + OF_GDT, sizeof(gdt) - 1, {0}};
    guest.state->idtr = (struct nacelle_table){GUEST_DATA + OF_IDT, 0x7ff, {0}};
    need(nacelle_vcpu_store(guest.vcpu, NACELLE_GROUP_TABLES), "store");
}

/* As a local APIC accepts one (SDM vol. 3, 10.8.4). */
static void request(uint8_t vector, bool level)
{
    uint32_t word = vector / 32u * 0x10, bit = 1u << vector % 32;

    *PAGE_AT(0x200 + word) |= bit;
    *PAGE_AT(0x180 + word) = level ? *PAGE_AT(0x180 + word) | bit : *PAGE_AT(0x180 + word) & ~bit;
    check_error("set apic again", NACELLE_ERROR_OK, nacelle_vcpu_set_apic(guest.vcpu, page_given));
}

static void expect_exit(const char *what, uint32_t kind, uint32_t number)
{
    check_number(what, kind, guest.state->exit.kind);
    check_number("... its number", number, guest.state->exit.number);
}

/* Goes on to the next exit. */
static void step(uint32_t flags)
{
    (void)guest_continue(guest.endpoint, flags, &message);
}

/* Goes on to the end of a step of the guest's, without an exit before. */
static void go(const char *what)
{
    step(NACELLE_RESUME_ADVANCE);
    check_number(what, NACELLE_EXIT_HYPERCALL, guest.state->exit.kind);
}

/* The interrupts that the guest has taken since the last time, in order. PPR in the handler is the
 * vector's class (10.8.3.1), or of one that is not the APIC's 0. */
static void expect_log(const char *what, unsigned count, const uint8_t *vectors)
{
    check_number(what, count, *DATA_AT(OF_COUNT));
    for (unsigned i = 0; i < count && i < *DATA_AT(OF_COUNT); i++)
        check_number("... vector and PPR",
                     vectors[i] | (vectors[i] == VECTOR_PIC ? 0 : (vectors[i] & 0xf0u) << 8),
                     DATA_AT(OF_LOG)[i]);
    *DATA_AT(OF_COUNT) = 0;
}

#define EXPECT_LOG(what, ...) \
    expect_log((what), sizeof((uint8_t[]){__VA_ARGS__}), (const uint8_t[]){__VA_ARGS__})

static void own_interrupts(void)
{
    need(nacelle_vcpu_resume(guest.vcpu), "resume");
    (void)guest_receive(guest.endpoint, &message);
    check_number("no exit", NACELLE_EXIT_HYPERCALL, guest.state->exit.kind);
    check_number("version", VERSION, DATA_AT(OF_READ)[0]);
    check_number("TPR", 0x2f, DATA_AT(OF_READ)[2]);
    check_number("PPR", 0x2f, DATA_AT(OF_READ)[4]);
    check_number("ICR, lower half", 0x11223344, DATA_AT(OF_READ)[6]);
    check_number("ICR, upper half", 0x55667788, DATA_AT(OF_READ)[7]);
    EXPECT_LOG("an IPI to itself", VECTOR_LOW);
    check_number("it has ended: PPR", 0, *PAGE_AT(0xa0));

    go("task priority");
    EXPECT_LOG("the higher one alone", VECTOR_HIGH);
    check_number("IRR has the other one", 1u << VECTOR_LOW % 32, DATA_AT(OF_READ)[0]);
    check_number("and so the page", 1u << VECTOR_LOW % 32, *PAGE_AT(0x220));
    go("task priority 0");
    EXPECT_LOG("the lower one", VECTOR_LOW);
    go("three at once");
    EXPECT_LOG("by priority", VECTOR_HIGH, VECTOR_MID, VECTOR_LOW);
}

static void requests(void)
{
    request(VECTOR_MID, false);
    request(VECTOR_LEVEL, true);
    step(NACELLE_RESUME_ADVANCE);
    expect_exit("the end of the level-triggered one", NACELLE_EXIT_APIC_EOI, VECTOR_LEVEL);
    check_number("it is not in service any more", 0, *PAGE_AT(0x130));
    check_number("it comes after the instruction", 0, guest.state->exit.instruction_length);
    go("the other one");
    EXPECT_LOG("what was asked for", VECTOR_LEVEL, VECTOR_MID);
    request(VECTOR_LEVEL, false);
    go("the same vector by an edge");
    EXPECT_LOG("without an exit", VECTOR_LEVEL);
}

static void beside_an_injected_one(void)
{
    go("interrupts off");
    check_error("inject", NACELLE_ERROR_OK,
                nacelle_vcpu_inject(guest.vcpu, INTERRUPT | VECTOR_PIC, 0));
    request(VECTOR_HIGH, false);
    go("both");
    EXPECT_LOG("the injected one first", VECTOR_PIC, VECTOR_HIGH);
}

/* The event whose delivery was interrupted. Bochs 2.7 names the last one that was no virtual
 * interrupt, here the one that was injected: the client knows better. */
static void check_vectoring(void)
{
    uint64_t was_pending = 0;

    check_true("during a delivery", (guest.state->exit.flags & NACELLE_EXIT_VECTORING) != 0);
    if (guest.state->exit.vectoring == (INTERRUPT | VECTOR_PIC)) {
        need(nacelle_vcpu_cancel(guest.vcpu, 0, &was_pending), "cancel");
        need(nacelle_vcpu_inject(guest.vcpu, INTERRUPT | VECTOR_HIGH, 0), "inject");
        return;
    }
    check_number("of the virtual interrupt", INTERRUPT | VECTOR_HIGH, guest.state->exit.vectoring);
}

/* The IDT is in memory that is not there: the delivery is repeated, and counts once. */
static void interrupted_delivery(void)
{
    need(nacelle_vm_unmap(guest.vm, guest.data_frame), "unmap");
    step(NACELLE_RESUME_ADVANCE);
    check_number("a fault", NACELLE_EXIT_MEMORY, guest.state->exit.kind);
    check_vectoring();
    check_number("it is in service", 1u << VECTOR_HIGH % 32, *PAGE_AT(0x130));
    need(nacelle_vm_map(guest.vm, guest.data_frame, GUEST_DATA, WRITABLE), "map");
    step(0);
    check_number("the end", NACELLE_EXIT_HYPERCALL, guest.state->exit.kind);
    EXPECT_LOG("delivered once", VECTOR_HIGH);
}

static void halted(void)
{
    step(NACELLE_RESUME_ADVANCE);
    check_number("HLT", NACELLE_EXIT_HLT, guest.state->exit.kind);
    check_number("one waits", 1u << VECTOR_MID % 32, *PAGE_AT(0x220));
    go("behind HLT");
    EXPECT_LOG("it is delivered", VECTOR_MID);
}

static void exits_left(void)
{
    step(NACELLE_RESUME_ADVANCE);
    expect_exit("the current count", NACELLE_EXIT_MSR, MSR_COUNT);
    step(NACELLE_RESUME_ADVANCE);
    expect_exit("a register that is none", NACELLE_EXIT_MSR, MSR_DFR);
    step(NACELLE_RESUME_ADVANCE);
    expect_exit("an interrupt command", NACELLE_EXIT_MSR, MSR_ICR);
    check_number("its value", 0x4031, guest.state->exit.value);
    step(NACELLE_RESUME_ADVANCE);
    expect_exit("a write of ESR", NACELLE_EXIT_MSR, MSR_ESR);
    step(NACELLE_RESUME_ADVANCE);
    expect_exit("SELF IPI with an illegal vector", NACELLE_EXIT_APIC_WRITE, 0x3f0);
    check_number("which is in the page", 5, *PAGE_AT(0x3f0));
    go("after it");
    EXPECT_LOG("nothing came", );
}

/* A timer wakes us while the guest loops; it is not told to leave. */
static void while_it_runs(void)
{
    uint64_t timer = make(NACELLE_TYPE_NOTIFICATION, 0);
    struct nacelle_message ignored = {0};

    message.tag = nacelle_tag(NACELLE_RESUME_ADVANCE, 0);
    need(nacelle_reply(&message), "reply");
    need(nacelle_notification_set_timer(timer, nacelle_tsc() + boot->tsc_hz / 1000), "timer");
    need(nacelle_receive(timer, &ignored), "wait");
    check_true("the guest runs", *DATA_AT(OF_LOOPS) > 10);
    request(VECTOR_HIGH, false);
    (void)guest_receive(guest.endpoint, &message);
    check_number("it has seen it", NACELLE_EXIT_HYPERCALL, guest.state->exit.kind);
    EXPECT_LOG("at once", VECTOR_HIGH);
}

/* The client deletes the capability that it has given. */
static void page_gone(void)
{
    drop(page_given);
    step(NACELLE_RESUME_ADVANCE);
    expect_exit("EOI exits again", NACELLE_EXIT_MSR, MSR_EOI);
    go("the end");
}

static void run(void)
{
    enum nacelle_error error;

    guest = guest_make(0, (struct guest_code){guest_begin, guest_end},
                       make(NACELLE_TYPE_ENDPOINT, 0), 1);
    page = page_make();
    page_given = copy(page.frame, WRITABLE, 0);
    set_tables();
    *PAGE_AT(0x30) = VERSION;
    *PAGE_AT(0x300) = 0x11223344;
    *PAGE_AT(0x304) = 0x55667788;
    error = nacelle_vcpu_set_apic(guest.vcpu, page_given);
    if (error == NACELLE_ERROR_UNSUPPORTED) {
        print("no APIC virtualization here\n");
        check_error("none can be taken out", NACELLE_ERROR_OK,
                    nacelle_vcpu_set_apic(guest.vcpu, 0));
        return;
    }
    check_error("set apic", NACELLE_ERROR_OK, error);
    own_interrupts();
    requests();
    beside_an_injected_one();
    interrupted_delivery();
    halted();
    exits_left();
    while_it_runs();
    page_gone();
}

PARTS({"virtual APIC", run});
