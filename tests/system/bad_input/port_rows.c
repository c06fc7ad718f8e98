/* SPDX-License-Identifier: BSD-2-Clause */
/* I/O ports and interrupt lines. */
#include <nacelle/boot_info.h>

#include "objects.h"
#include "rows.h"

#define ALL NACELLE_SLOT_PORTS

static const struct row rows[] = {
    ROW("in: size 0", PORTS, IOPORT_IN, INVALID_ARGUMENT, WORD(1), 0x80, 0),
    ROW("in: size 3", PORTS, IOPORT_IN, INVALID_ARGUMENT, WORD(1), 0x80, 3),
    ROW("in: size 8", PORTS, IOPORT_IN, INVALID_ARGUMENT, WORD(1), 0x80, 8),
    ROW("in: size 2^32 + 1", PORTS, IOPORT_IN, INVALID_ARGUMENT, WORD(1), 0x80, 1ull << 32 | 1),
    ROW("in: port below", PORTS, IOPORT_IN, OUT_OF_RANGE, WORD(0), 0x7f, 1),
    ROW("in: port above", PORTS, IOPORT_IN, OUT_OF_RANGE, WORD(0), 0x90, 1),
    ROW("in: 2 bytes over the end", PORTS, IOPORT_IN, OUT_OF_RANGE, WORD(0), 0x8f, 2),
    ROW("in: 4 bytes over the end", PORTS, IOPORT_IN, OUT_OF_RANGE, WORD(0), 0x8d, 4),
    ROW("in: 2^16 + port", PORTS, IOPORT_IN, OUT_OF_RANGE, WORD(0), 0x10080, 1),
    ROW("in: 2^64 - 1", ALL, IOPORT_IN, OUT_OF_RANGE, WORD(0), ~0ull, 1),
    ROW("in: 2 bytes at 0xffff", ALL, IOPORT_IN, OUT_OF_RANGE, WORD(0), 0xffff, 2),
    ROW("in: 4 bytes at 0xfffd", ALL, IOPORT_IN, OUT_OF_RANGE, WORD(0), 0xfffd, 4),
    ROW("out: size 0", PORTS, IOPORT_OUT, INVALID_ARGUMENT, WORD(1), 0x80, 0, 0),
    ROW("out: port below", PORTS, IOPORT_OUT, OUT_OF_RANGE, WORD(0), 0x7f, 1, 0),
    ROW("out: over the end", PORTS, IOPORT_OUT, OUT_OF_RANGE, WORD(0), 0x8e, 4, 0),
    ROW("out: 2^16", ALL, IOPORT_OUT, OUT_OF_RANGE, WORD(0), 0x10000, 1, 0),
    ROW("out: without the right", PORTS_READ, IOPORT_OUT, MISSING_RIGHT, CAPABILITY, 0x80, 1, 0),

    ROW("interrupt bind: nothing", INTERRUPT, INTERRUPT_BIND, INVALID_CAPABILITY, WORD(0), EMPTY),
    ROW("interrupt bind: endpoint", INTERRUPT, INTERRUPT_BIND, WRONG_TYPE, WORD(0), ENDPOINT),
    ROW("interrupt bind: weak", INTERRUPT, INTERRUPT_BIND, MISSING_RIGHT, WORD(0),
        WEAK + NACELLE_TYPE_NOTIFICATION),
    ROW("interrupt acknowledge: not bound", INTERRUPT, INTERRUPT_ACKNOWLEDGE, NOT_CONFIGURED,
        CAPABILITY),
};

const struct rows port_rows = ROWS(rows);
