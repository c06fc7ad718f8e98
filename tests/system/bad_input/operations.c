/* SPDX-License-Identifier: BSD-2-Clause */
/* Every operation with what can be wrong with any: type, right, slot, length, number. */
#include <harness/check.h>
#include <harness/memory.h>
#include <runtime/names.h>

#include "objects.h"
#include "rows.h"

static const struct operation {
    const char *name;
    uint32_t label;
    uint8_t length;  /* words that it cannot do without */
    bool needs_none; /* allowed without READ and WRITE */
} operations[] = {
    {"untyped retype", NACELLE_UNTYPED_RETYPE, 3, false},
    {"untyped info", NACELLE_UNTYPED_INFO, 0, false},
    {"frame unmap", NACELLE_FRAME_UNMAP, 0, true},
    {"frame info", NACELLE_FRAME_INFO, 0, true},
    {"cspace copy", NACELLE_CSPACE_COPY, 3, false},
    {"cspace delete", NACELLE_CSPACE_DELETE, 1, false},
    {"cspace revoke", NACELLE_CSPACE_REVOKE, 1, false},
    {"cspace identify", NACELLE_CSPACE_IDENTIFY, 1, false},
    {"aspace map", NACELLE_ASPACE_MAP, 3, false},
    {"aspace unmap", NACELLE_ASPACE_UNMAP, 1, false},
    {"thread configure", NACELLE_THREAD_CONFIGURE, 2, false},
    {"thread set registers", NACELLE_THREAD_SET_REGISTERS, 4, false},
    {"thread set priority", NACELLE_THREAD_SET_PRIORITY, 1, false},
    {"thread resume", NACELLE_THREAD_RESUME, 0, false},
    {"thread suspend", NACELLE_THREAD_SUSPEND, 0, false},
    {"thread read register", NACELLE_THREAD_READ_REGISTER, 1, false},
    {"thread write register", NACELLE_THREAD_WRITE_REGISTER, 2, false},
    {"thread statistics", NACELLE_THREAD_STATISTICS, 0, false},
    {"notification signal", NACELLE_NOTIFICATION_SIGNAL, 0, false},
    {"notification bind", NACELLE_NOTIFICATION_BIND, 1, false},
    {"notification set timer", NACELLE_NOTIFICATION_SET_TIMER, 1, false},
    {"vm map", NACELLE_VM_MAP, 3, false},
    {"vm unmap", NACELLE_VM_UNMAP, 1, false},
    {"vm open ports", NACELLE_VM_OPEN_PORTS, 1, false},
    {"vm close ports", NACELLE_VM_CLOSE_PORTS, 1, false},
    {"vm open msr", NACELLE_VM_OPEN_MSR, 2, false},
    {"vm close msr", NACELLE_VM_CLOSE_MSR, 1, false},
    {"vm answer", NACELLE_VM_ANSWER, 4, false},
    {"vm forget", NACELLE_VM_FORGET, 2, false},
    {"vcpu configure", NACELLE_VCPU_CONFIGURE, 2, false},
    {"vcpu read register", NACELLE_VCPU_READ_REGISTER, 1, false},
    {"vcpu write register", NACELLE_VCPU_WRITE_REGISTER, 2, false},
    {"vcpu read registers", NACELLE_VCPU_READ_REGISTERS, 1, false},
    {"vcpu write registers", NACELLE_VCPU_WRITE_REGISTERS, 1, false},
    {"vcpu fetch", NACELLE_VCPU_FETCH, 1, false},
    {"vcpu store", NACELLE_VCPU_STORE, 1, false},
    {"vcpu inject", NACELLE_VCPU_INJECT, 1, false},
    {"vcpu cancel", NACELLE_VCPU_CANCEL, 1, false},
    {"vcpu poke", NACELLE_VCPU_POKE, 0, false},
    {"vcpu suspend", NACELLE_VCPU_SUSPEND, 0, false},
    {"vcpu resume", NACELLE_VCPU_RESUME, 0, false},
    {"vcpu set priority", NACELLE_VCPU_SET_PRIORITY, 1, false},
    {"vcpu set control", NACELLE_VCPU_SET_CONTROL, 2, false},
    {"vcpu statistics", NACELLE_VCPU_STATISTICS, 0, false},
    {"vcpu set apic", NACELLE_VCPU_SET_APIC, 1, false},
    {"ioport in", NACELLE_IOPORT_IN, 2, false},
    {"ioport out", NACELLE_IOPORT_OUT, 3, false},
    {"interrupt bind", NACELLE_INTERRUPT_BIND, 1, false},
    {"interrupt acknowledge", NACELLE_INTERRUPT_ACKNOWLEDGE, 0, false},
};

#define OPERATION_COUNT (sizeof(operations) / sizeof(*operations))

static unsigned type_of(const struct operation *operation)
{
    return operation->label >> 8;
}

static void expect(const struct operation *operation, const char *what, uint64_t object,
                   unsigned length, enum nacelle_error error, uint64_t culprit)
{
    const struct row row = {
        .what = what,
        .object = object,
        .operation = operation->label,
        .error = (uint16_t)error,
        .culprit = (uint16_t)culprit,
        .length = length,
    };
    uint64_t failed = checks_failed;

    run_row(&row);
    if (checks_failed != failed)
        print("... %s, object 0x%lx, %u words\n", operation->name, object, length);
}

static void test_wrong_type(const struct operation *operation)
{
    for (unsigned type = NACELLE_TYPE_UNTYPED; type < NACELLE_TYPE_COUNT; type++)
        if (type != type_of(operation) && type != NACELLE_TYPE_ENDPOINT) /* takes any message */
            expect(operation, "wrong type", object_of(type), 4, NACELLE_ERROR_WRONG_TYPE,
                   CAPABILITY);
}

static void test_one(const struct operation *operation)
{
    static const uint64_t nothing[] = {
        0,       EMPTY,      STALE,      REVOKED, NACELLE_ROOT_CSPACE_SLOTS,
        NO_SLOT, 1ull << 32, 1ull << 58, ~0ull};
    uint64_t object = object_of(type_of(operation));

    test_wrong_type(operation);
    for (unsigned i = 0; i < sizeof(nothing) / sizeof(*nothing); i++)
        expect(operation, "nothing there", nothing[i], 4, NACELLE_ERROR_INVALID_CAPABILITY,
               CAPABILITY);
    if (!operation->needs_none && has_weak_object(type_of(operation)))
        expect(operation, "missing right", weak_object_of(type_of(operation)), 4,
               NACELLE_ERROR_MISSING_RIGHT, CAPABILITY);
    if (operation->length > 0)
        expect(operation, "message too short", object, operation->length - 1,
               NACELLE_ERROR_INVALID_ARGUMENT, TAG);
    for (unsigned length = NACELLE_MESSAGE_WORDS + 1; length <= NACELLE_TAG_LENGTH_MASK;
         length += length == 65 ? 1 : 61) /* 65, 66, 127 */
        expect(operation, "message too long", object, length, NACELLE_ERROR_MESSAGE_TOO_LONG, TAG);
}

/* Numbers without an operation: behind the last of each type, and with rubbish above. */
static void test_unknown(void)
{
    static const uint32_t numbers[] = {0x20, 0x7f, 0xff};
    struct operation unknown = {.name = "unknown operation"};

    for (unsigned type = NACELLE_TYPE_UNTYPED; type < NACELLE_TYPE_COUNT; type++) {
        if (type == NACELLE_TYPE_ENDPOINT)
            continue;
        for (unsigned i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
            unknown.label = NACELLE_OPERATION(type, numbers[i]);
            expect(&unknown, "no such operation", object_of(type), 4,
                   NACELLE_ERROR_INVALID_OPERATION, CAPABILITY);
        }
        unknown.label = NACELLE_OPERATION(type, 0) | 0x10000;
        expect(&unknown, "type beyond all", object_of(type), 4, NACELLE_ERROR_WRONG_TYPE,
               CAPABILITY);
        unknown.label = 0xffffffff;
        expect(&unknown, "type beyond all", object_of(type), 4, NACELLE_ERROR_WRONG_TYPE,
               CAPABILITY);
    }
    /* The first number behind the last operation. */
    for (unsigned i = 0; i < OPERATION_COUNT; i++) {
        if (i + 1 < OPERATION_COUNT && type_of(&operations[i + 1]) == type_of(&operations[i]))
            continue;
        unknown.label = operations[i].label + 1;
        expect(&unknown, "no such operation", object_of(type_of(&operations[i])), 4,
               NACELLE_ERROR_INVALID_OPERATION, CAPABILITY);
    }
}

void test_operations(void)
{
    objects_make();
    for (unsigned i = 0; i < OPERATION_COUNT; i++)
        test_one(&operations[i]);
    test_unknown();
    objects_drop();
}
