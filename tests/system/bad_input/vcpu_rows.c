/* SPDX-License-Identifier: BSD-2-Clause */
/* vCPUs. */
#include <nacelle/vcpu_state.h>

#include "objects.h"
#include "rows.h"

#define VALID      NACELLE_EVENT_VALID
#define CODE       NACELLE_EVENT_ERROR_CODE
#define IRQ        (VALID | NACELLE_EVENT_INTERRUPT)
#define NMI        (VALID | NACELLE_EVENT_NMI)
#define EXC        (VALID | NACELLE_EVENT_EXCEPTION)
#define SOFT_INT   (VALID | NACELLE_EVENT_SOFTWARE_INTERRUPT)
#define PRIVILEGED (VALID | NACELLE_EVENT_PRIVILEGED_SOFTWARE_EXCEPTION)
#define SOFT_EXC   (VALID | NACELLE_EVENT_SOFTWARE_EXCEPTION)

#define INJECT(what, ...) \
    ROW("inject: " what, VCPU_STOPPED, VCPU_INJECT, INVALID_EVENT, WORD(0), __VA_ARGS__)

#define CONTROL(what, error, word, ...) \
    ROW("set control: " what, VCPU_STOPPED, VCPU_SET_CONTROL, error, WORD(word), __VA_ARGS__)

#define APIC(what, error, ...) \
    ROW("set apic: " what, VCPU_STOPPED, VCPU_SET_APIC, error, WORD(0), __VA_ARGS__)

#define RUNNING(what, operation, ...) \
    ROW("running: " what, VCPU_RUNNING, operation, BUSY, CAPABILITY, __VA_ARGS__)

#define RAW(what, operation, ...) \
    ROW("not configured: " what, VCPU, operation, NOT_CONFIGURED, CAPABILITY, __VA_ARGS__)

static const struct row rows[] = {
    ROW("configure: no vm", VCPU, VCPU_CONFIGURE, INVALID_CAPABILITY, WORD(0), EMPTY, ENDPOINT),
    ROW("configure: aspace as vm", VCPU, VCPU_CONFIGURE, WRONG_TYPE, WORD(0), ASPACE, ENDPOINT),
    ROW("configure: weak vm", VCPU, VCPU_CONFIGURE, MISSING_RIGHT, WORD(0), WEAK + NACELLE_TYPE_VM,
        ENDPOINT),
    ROW("configure: no endpoint", VCPU, VCPU_CONFIGURE, INVALID_CAPABILITY, WORD(1), VM, EMPTY),
    ROW("configure: exits to a notification", VCPU, VCPU_CONFIGURE, WRONG_TYPE, WORD(1), VM,
        NOTIFICATION),
    ROW("configure: exits to a weak endpoint", VCPU, VCPU_CONFIGURE, MISSING_RIGHT, WORD(1), VM,
        WEAK + NACELLE_TYPE_ENDPOINT),

    RAW("read register", VCPU_READ_REGISTER, 0),
    RAW("write register", VCPU_WRITE_REGISTER, 0, 1),
    RAW("read registers", VCPU_READ_REGISTERS, 1),
    RAW("write registers", VCPU_WRITE_REGISTERS, 1, 1),
    RAW("fetch", VCPU_FETCH, NACELLE_GROUPS_ALL),
    RAW("store", VCPU_STORE, NACELLE_GROUPS_ALL),
    RAW("inject", VCPU_INJECT, IRQ | 32, 0, 0),
    RAW("cancel", VCPU_CANCEL, 0),
    RAW("poke", VCPU_POKE),
    RAW("resume", VCPU_RESUME, 0),
    RAW("set control", VCPU_SET_CONTROL, NACELLE_CONTROL_HLT, 0),
    RAW("set apic", VCPU_SET_APIC, FRAME),

    RUNNING("configure", VCPU_CONFIGURE, VM, ENDPOINT),
    RUNNING("read register", VCPU_READ_REGISTER, 0),
    RUNNING("write register", VCPU_WRITE_REGISTER, 0, 1),
    RUNNING("read registers", VCPU_READ_REGISTERS, 1),
    RUNNING("write registers", VCPU_WRITE_REGISTERS, 1, 1),
    RUNNING("fetch", VCPU_FETCH, NACELLE_GROUPS_ALL),
    RUNNING("store", VCPU_STORE, NACELLE_GROUPS_ALL),
    RUNNING("set control", VCPU_SET_CONTROL, NACELLE_CONTROL_HLT, 0),

    ROW("read register: 16", VCPU_STOPPED, VCPU_READ_REGISTER, INVALID_REGISTER, WORD(0), 16),
    ROW("read register: 2^32 + 1", VCPU_STOPPED, VCPU_READ_REGISTER, INVALID_REGISTER, WORD(0),
        1ull << 32 | 1),
    ROW("read register: 2^64 - 1", VCPU_STOPPED, VCPU_READ_REGISTER, INVALID_REGISTER, WORD(0),
        ~0ull),
    ROW("write register: 16", VCPU_STOPPED, VCPU_WRITE_REGISTER, INVALID_REGISTER, WORD(0), 16, 1),
    ROW("write register: 2^63", VCPU_STOPPED, VCPU_WRITE_REGISTER, INVALID_REGISTER, WORD(0),
        1ull << 63, 1),
    ROW("read registers: 16", VCPU_STOPPED, VCPU_READ_REGISTERS, INVALID_REGISTER, WORD(0),
        0x10000),
    ROW("read registers: all 64", VCPU_STOPPED, VCPU_READ_REGISTERS, INVALID_REGISTER, WORD(0),
        ~0ull),
    ROW("write registers: 16", VCPU_STOPPED, VCPU_WRITE_REGISTERS, INVALID_REGISTER, WORD(0),
        0x10000, 1),
    ROW("write registers: a value is missing", VCPU_STOPPED, VCPU_WRITE_REGISTERS, INVALID_ARGUMENT,
        TAG, 0xffff, 1, 2, 3, 4, 5),
    ROW("fetch: group 8", VCPU_STOPPED, VCPU_FETCH, INVALID_GROUP, WORD(0), 1 << NACELLE_GROUPS),
    ROW("fetch: group 32", VCPU_STOPPED, VCPU_FETCH, INVALID_GROUP, WORD(0), 1ull << 32),
    ROW("fetch: all 64", VCPU_STOPPED, VCPU_FETCH, INVALID_GROUP, WORD(0), ~0ull),
    ROW("store: group 8", VCPU_STOPPED, VCPU_STORE, INVALID_GROUP, WORD(0), 1 << NACELLE_GROUPS),
    ROW("store: group 63", VCPU_STOPPED, VCPU_STORE, INVALID_GROUP, WORD(0), 1ull << 63),

    /* SDM vol 3 24.8.3, 26.2.1.3. */
    INJECT("reserved type", VALID | 1 << 8 | 32, 0, 0),
    INJECT("other event", VALID | 7 << 8, 0, 0),
    INJECT("reserved bit 12", IRQ | 1 << 12 | 32, 0, 0),
    INJECT("reserved bit 30", IRQ | 1 << 30 | 32, 0, 0),
    INJECT("bit 32", IRQ | 32 | 1ull << 32, 0, 0),
    INJECT("interrupt with error code", IRQ | CODE | 32, 0, 0),
    INJECT("NMI of vector 0", NMI | 0, 0, 0),
    INJECT("NMI of vector 3", NMI | 3, 0, 0),
    INJECT("NMI with error code", NMI | CODE | 2, 0, 0),
    INJECT("exception 2", EXC | 2, 0, 0),
    INJECT("exception 32", EXC | 32, 0, 0),
    INJECT("exception 255", EXC | 255, 0, 0),
    INJECT("#UD with error code", EXC | CODE | 6, 0, 0),
    INJECT("#DE with error code", EXC | CODE | 0, 0, 0),
    INJECT("#MF with error code", EXC | CODE | 16, 0, 0),
    INJECT("#GP without error code in protected mode", EXC | 13, 0, 0),
    INJECT("#GP with error code above 16 bits", EXC | CODE | 13, 0x10000, 0),
    INJECT("#PF with error code of 32 bits", EXC | CODE | 14, 0x80000000, 0),
    INJECT("software interrupt of length 0", SOFT_INT | 0x80, 0, 0),
    INJECT("software interrupt of length 16", SOFT_INT | 0x80, 0, 16),
    INJECT("software interrupt with error code", SOFT_INT | CODE | 0x80, 0, 2),
    INJECT("privileged software exception 3", PRIVILEGED | 3, 0, 1),
    INJECT("software exception 1", SOFT_EXC | 1, 0, 1),
    INJECT("software exception 5", SOFT_EXC | 5, 0, 1),
    INJECT("software exception of length 0", SOFT_EXC | 3, 0, 0),
    ROW("inject: error code of 64 bits", VCPU_STOPPED, VCPU_INJECT, INVALID_EVENT, WORD(1),
        EXC | CODE | 13, 1ull << 32, 0),
    ROW("inject: length of 64 bits", VCPU_STOPPED, VCPU_INJECT, INVALID_EVENT, WORD(2),
        SOFT_INT | 0x80, 0, 1ull << 32 | 2),
    ROW("cancel: type 1", VCPU_STOPPED, VCPU_CANCEL, INVALID_EVENT, WORD(0), 1),
    ROW("cancel: type 4", VCPU_STOPPED, VCPU_CANCEL, INVALID_EVENT, WORD(0), 4),
    ROW("cancel: 2^32", VCPU_STOPPED, VCPU_CANCEL, INVALID_EVENT, WORD(0), 1ull << 32),

    CONTROL("12", INVALID_ARGUMENT, 0, NACELLE_CONTROL_COUNT, 0),
    CONTROL("2^32", INVALID_ARGUMENT, 0, 1ull << 32, 0),
    CONTROL("2^64 - 1", INVALID_ARGUMENT, 0, ~0ull, 0),
    CONTROL("HLT 2", INVALID_ARGUMENT, 1, NACELLE_CONTROL_HLT, 2),
    CONTROL("PAUSE 2^32", INVALID_ARGUMENT, 1, NACELLE_CONTROL_PAUSE, 1ull << 32),
    CONTROL("TSC 2", INVALID_ARGUMENT, 1, NACELLE_CONTROL_TSC, 2),
    CONTROL("debug registers 2", INVALID_ARGUMENT, 1, NACELLE_CONTROL_DEBUG_REGISTERS, 2),
    CONTROL("CR3 3", INVALID_ARGUMENT, 1, NACELLE_CONTROL_CR3, 3),
    CONTROL("exception 32", INVALID_ARGUMENT, 1, NACELLE_CONTROL_EXCEPTIONS, 1ull << 32),
    CONTROL("CR0 bit 32", INVALID_ARGUMENT, 1, NACELLE_CONTROL_CR0_MASK, 1ull << 32),
    CONTROL("CR4 bit 63", INVALID_ARGUMENT, 1, NACELLE_CONTROL_CR4_MASK, 1ull << 63),

    ROW("set priority: 32", VCPU_STOPPED, VCPU_SET_PRIORITY, OUT_OF_RANGE, WORD(0), 32, 0),
    ROW("set priority: 2^63", VCPU_STOPPED, VCPU_SET_PRIORITY, OUT_OF_RANGE, WORD(0), 1ull << 63,
        0),
    ROW("set priority: slice of 1 tick", VCPU_STOPPED, VCPU_SET_PRIORITY, OUT_OF_RANGE, WORD(1), 1,
        1),

    APIC("nothing", INVALID_CAPABILITY, EMPTY),
    APIC("beyond the space", INVALID_CAPABILITY, NO_SLOT),
    APIC("2^64 - 1", INVALID_CAPABILITY, ~0ull),
    APIC("untyped memory", WRONG_TYPE, UNTYPED),
    APIC("a vCPU", WRONG_TYPE, VCPU),
    APIC("a frame without rights", MISSING_RIGHT, WEAK + NACELLE_TYPE_FRAME),
    APIC("a frame to read", MISSING_RIGHT, FRAME_READ),
    APIC("2 MiB", INVALID_ARGUMENT, FRAME_LARGE2),
};

const struct rows vcpu_rows = ROWS(rows);
