/* SPDX-License-Identifier: BSD-2-Clause */
/* Every MSR, every port, and memory that is not there: nothing is open, each access is an exit. */
#include <runtime/client.h>

#include "machine.h"

#define GP 13

/* Of the MSRs, with the second range that the bitmaps cover, and samples from where they do not. */
static const struct {
    uint32_t first, last;
} ranges[] = {
    {0, 0x1fff},
    {0xc0000000, 0xc0001fff},
    {0x2000, 0x20ff},
    {0x40000000, 0x400000ff},
    {0x80000000, 0x800000ff},
    {0xbfffff00, 0xbfffffff},
    {0xc0002000, 0xc00020ff},
    {0xffffff00, 0xffffffff},
};

static void start_range(const uint8_t *begin, const uint8_t *end, uint32_t first, uint32_t last)
{
    machine_load(begin, end);
    state->general[RSI] = first;
    state->general[RDI] = last;
}

static void sweep_msrs(uint32_t first, uint32_t last)
{
    uint32_t kind;

    start_range(guest_msrs_begin, guest_msrs_end, first, last);
    kind = machine_start();
    for (uint64_t msr = first; msr <= last; msr++) {
        for (unsigned access = 0; access < 3; access++) {
            expect("exit of an MSR", NACELLE_EXIT_MSR, kind);
            expect("MSR", msr, state->exit.number);
            expect("direction", access == 0 ? NACELLE_EXIT_READ : NACELLE_EXIT_WRITE,
                   state->exit.flags & (NACELLE_EXIT_READ | NACELLE_EXIT_WRITE));
            expect("value",
                   access == 0   ? 0
                   : access == 1 ? msr << 32 | (msr ^ 0x55)
                                 : ~0ull,
                   state->exit.value);
            if (access == 0) {
                state->general[RAX] = (uint32_t)msr ^ 0x55;
                state->general[RDX] = (uint32_t)msr;
            }
            kind = machine_continue(NACELLE_RESUME_ADVANCE);
        }
        if (kind != NACELLE_EXIT_MSR)
            break;
    }
    expect("end of the MSRs", NACELLE_EXIT_HYPERCALL, kind);
}

/* Those that can be opened, open: the guest writes all ones and what it likes into them. */
static void open_msrs(void)
{
    static const uint32_t openable[] = {0x174,      0x175,      0x176,      0x277,
                                        0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084,
                                        0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103};

    nacelle_check(nacelle_vcpu_set_control(vcpu, NACELLE_CONTROL_EXCEPTIONS, 1u << GP),
                  "exceptions");
    for (unsigned i = 0; i < sizeof(openable) / sizeof(*openable); i++) {
        uint32_t kind;

        if (nacelle_vm_open_msr(vm, openable[i], NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE) !=
            NACELLE_ERROR_OK)
            continue; /* this processor lacks it */
        start_range(guest_msrs_begin, guest_msrs_end, openable[i], openable[i]);
        nacelle_check(nacelle_vcpu_set_control(vcpu, NACELLE_CONTROL_EXCEPTIONS, 1u << GP),
                      "exceptions");
        kind = machine_start();
        while (kind == NACELLE_EXIT_EXCEPTION) { /* a value that the register does not take */
            expect("#GP", GP, state->exit.number);
            state->rip += 2;
            state->dirty = NACELLE_GROUP_IP;
            kind = machine_continue(0);
        }
        expect("no exit for an open MSR", NACELLE_EXIT_HYPERCALL, kind);
        nacelle_check(nacelle_vm_close_msr(vm, openable[i]), "close MSR");
    }
}

static void sweep_ports(void)
{
    uint32_t kind;

    start_range(guest_ports_begin, guest_ports_end, 0, 0xffff);
    kind = machine_start();
    for (uint32_t port = 0; port <= 0xffff && kind == NACELLE_EXIT_PORT; port++) {
        expect("port", port, state->exit.number);
        expect("in", NACELLE_EXIT_READ, state->exit.flags & NACELLE_EXIT_READ);
        state->general[RAX] = port & 0xff;
        expect("exit of a port", NACELLE_EXIT_PORT, machine_continue(NACELLE_RESUME_ADVANCE));
        expect("port", port, state->exit.number);
        expect("out", NACELLE_EXIT_WRITE, state->exit.flags & NACELLE_EXIT_WRITE);
        expect("value", port & 0xff, state->exit.value);
        kind = machine_continue(NACELLE_RESUME_ADVANCE);
    }
    expect("end of the ports", NACELLE_EXIT_HYPERCALL, kind);
}

/* Off the end of memory in steps: each access exits with its address, and nothing else is
 * touched. */
static void walk(uint32_t first, uint32_t last, uint32_t step)
{
    uint32_t kind;
    uint32_t next = first;

    start_range(guest_walk_begin, guest_walk_end, first, last);
    state->general[RBP] = step;
    kind = machine_start();
    while (kind == NACELLE_EXIT_MEMORY && next < last) {
        for (unsigned access = 0; access < 2; access++) {
            expect("gpa", next, state->exit.gpa);
            expect("access", access == 0 ? NACELLE_EXIT_READ : NACELLE_EXIT_WRITE,
                   state->exit.flags & (NACELLE_EXIT_READ | NACELLE_EXIT_WRITE));
            state->rip += 2;
            state->dirty = NACELLE_GROUP_IP;
            kind = machine_continue(0);
        }
        next += step;
    }
    expect("end of the walk", NACELLE_EXIT_HYPERCALL, kind);
}

/* Executes what is not there. */
static void run_away(uint32_t target)
{
    start_range(guest_away_begin, guest_away_end, target, 0);
    expect("executes nothing", NACELLE_EXIT_MEMORY, machine_start());
    expect("gpa", target, state->exit.gpa);
    expect("access", NACELLE_EXIT_EXECUTE,
           state->exit.flags & (NACELLE_EXIT_READ | NACELLE_EXIT_WRITE | NACELLE_EXIT_EXECUTE));
    machine_stop();
}

void test_sweeps(void)
{
    for (unsigned i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
        sweep_msrs(ranges[i].first, ranges[i].last);
    open_msrs();
    sweep_ports();
    walk(0x9000, 0x409000, 0x1000);
    walk(0x10000000, 0xf0000000, 0x200000);
    run_away(0x9000);
    run_away(0xfee00000);
    run_away(0xfffff000);
}
