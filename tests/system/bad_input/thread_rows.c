/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads and notifications. */
#include <nacelle/boot_info.h>

#include "objects.h"
#include "rows.h"

#define CS   NACELLE_SLOT_CSPACE
#define AS   NACELLE_SLOT_ASPACE
#define CODE 0x400000ull

static const struct row rows[] = {
    ROW("configure: no cspace", THREAD, THREAD_CONFIGURE, INVALID_CAPABILITY, WORD(0), EMPTY, AS,
        0),
    ROW("configure: frame as cspace", THREAD, THREAD_CONFIGURE, WRONG_TYPE, WORD(0), FRAME, AS, 0),
    ROW("configure: weak cspace", THREAD, THREAD_CONFIGURE, MISSING_RIGHT, WORD(0),
        WEAK + NACELLE_TYPE_CSPACE, AS, 0),
    ROW("configure: no aspace", THREAD, THREAD_CONFIGURE, INVALID_CAPABILITY, WORD(1), CS, EMPTY,
        0),
    ROW("configure: cspace as aspace", THREAD, THREAD_CONFIGURE, WRONG_TYPE, WORD(1), CS, CS, 0),
    ROW("configure: vm as aspace", THREAD, THREAD_CONFIGURE, WRONG_TYPE, WORD(1), CS, VM, 0),
    ROW("configure: weak aspace", THREAD, THREAD_CONFIGURE, MISSING_RIGHT, WORD(1), CS,
        WEAK + NACELLE_TYPE_ASPACE, 0),
    ROW("configure: no endpoint", THREAD, THREAD_CONFIGURE, INVALID_CAPABILITY, WORD(2), CS, AS,
        EMPTY),
    ROW("configure: faults to a notification", THREAD, THREAD_CONFIGURE, WRONG_TYPE, WORD(2), CS,
        AS, NOTIFICATION),
    ROW("configure: faults to a weak endpoint", THREAD, THREAD_CONFIGURE, MISSING_RIGHT, WORD(2),
        CS, AS, WEAK + NACELLE_TYPE_ENDPOINT),
    ROW("configure: running", THREAD_RUNNING, THREAD_CONFIGURE, BUSY, CAPABILITY, CS, AS, 0),
    ROW("set registers: rip at the end of the user half", THREAD, THREAD_SET_REGISTERS,
        OUT_OF_RANGE, WORD(0), NACELLE_USER_END, 0, 0, 0),
    ROW("set registers: rip not canonical", THREAD, THREAD_SET_REGISTERS, OUT_OF_RANGE, WORD(0),
        0x0000800000000000, 0, 0, 0),
    ROW("set registers: rip in the server", THREAD, THREAD_SET_REGISTERS, OUT_OF_RANGE, WORD(0),
        0xffffffff80100000, 0, 0, 0),
    ROW("set registers: rsp not canonical", THREAD, THREAD_SET_REGISTERS, OUT_OF_RANGE, WORD(1),
        CODE, 0x8000000000000000, 0, 0),
    ROW("set registers: running", THREAD_RUNNING, THREAD_SET_REGISTERS, BUSY, CAPABILITY, CODE, 0,
        0, 0),
    ROW("set priority: 32", THREAD, THREAD_SET_PRIORITY, OUT_OF_RANGE, WORD(0), 32, 0),
    ROW("set priority: 256", THREAD, THREAD_SET_PRIORITY, OUT_OF_RANGE, WORD(0), 256, 0),
    ROW("set priority: 2^32", THREAD, THREAD_SET_PRIORITY, OUT_OF_RANGE, WORD(0), 1ull << 32, 0),
    ROW("set priority: slice of 1 tick", THREAD, THREAD_SET_PRIORITY, OUT_OF_RANGE, WORD(1), 1, 1),
    ROW("set priority: slice of centuries", THREAD, THREAD_SET_PRIORITY, OUT_OF_RANGE, WORD(1), 1,
        ~0ull),
    ROW("resume: not configured", THREAD, THREAD_RESUME, NOT_CONFIGURED, CAPABILITY),
    ROW("read register: 18", THREAD, THREAD_READ_REGISTER, INVALID_REGISTER, WORD(0), 18),
    ROW("read register: 2^32", THREAD, THREAD_READ_REGISTER, INVALID_REGISTER, WORD(0), 1ull << 32),
    ROW("read register: 2^64 - 1", THREAD, THREAD_READ_REGISTER, INVALID_REGISTER, WORD(0), ~0ull),
    ROW("write register: 18", THREAD, THREAD_WRITE_REGISTER, INVALID_REGISTER, WORD(0), 18, 0),
    ROW("write register: 2^61", THREAD, THREAD_WRITE_REGISTER, INVALID_REGISTER, WORD(0),
        1ull << 61, 0),
    ROW("write register: running", THREAD_RUNNING, THREAD_WRITE_REGISTER, BUSY, CAPABILITY, 0, 0),
    ROW("write register: rip at the end of the user half", THREAD, THREAD_WRITE_REGISTER,
        OUT_OF_RANGE, WORD(1), NACELLE_THREAD_RIP, NACELLE_USER_END),
    ROW("write register: rip not canonical", THREAD, THREAD_WRITE_REGISTER, OUT_OF_RANGE, WORD(1),
        NACELLE_THREAD_RIP, 0x0000800000000000),

    ROW("bind: no endpoint", NOTIFICATION, NOTIFICATION_BIND, INVALID_CAPABILITY, WORD(0), EMPTY),
    ROW("bind: to a notification", NOTIFICATION, NOTIFICATION_BIND, WRONG_TYPE, WORD(0),
        NOTIFICATION),
    ROW("bind: to a weak endpoint", NOTIFICATION, NOTIFICATION_BIND, MISSING_RIGHT, WORD(0),
        WEAK + NACELLE_TYPE_ENDPOINT),
    ROW("bind: a second one", NOTIFICATION, NOTIFICATION_BIND, BUSY, WORD(0), ENDPOINT_BOUND),
};

const struct rows thread_rows = ROWS(rows);
