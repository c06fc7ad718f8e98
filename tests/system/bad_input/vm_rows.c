/* SPDX-License-Identifier: BSD-2-Clause */
/* VMs: memory, ports, MSRs. */
#include "objects.h"
#include "rows.h"

#define R  NACELLE_RIGHT_READ
#define W  NACELLE_RIGHT_WRITE
#define X  NACELLE_RIGHT_EXECUTE
#define AT 0x00a00000ull /* nothing is mapped around there */

static const struct row rows[] = {
    ROW("vm map: nothing", VM_USED, VM_MAP, INVALID_CAPABILITY, WORD(0), EMPTY, AT, R),
    ROW("vm map: out of range", VM_USED, VM_MAP, INVALID_CAPABILITY, WORD(0), NO_SLOT, AT, R),
    ROW("vm map: deleted", VM_USED, VM_MAP, INVALID_CAPABILITY, WORD(0), STALE, AT, R),
    ROW("vm map: state page", VM_USED, VM_MAP, WRONG_TYPE, WORD(0), VCPU, AT, R),
    ROW("vm map: thread", VM_USED, VM_MAP, WRONG_TYPE, WORD(0), THREAD, AT, R),
    ROW("vm map: untyped", VM_USED, VM_MAP, WRONG_TYPE, WORD(0), UNTYPED, AT, R),
    ROW("vm map: mapped there", VM_USED, VM_MAP, ALREADY_MAPPED, WORD(0), FRAME_VM, AT, R),
    ROW("vm map: mapped in an address space", VM_USED, VM_MAP, ALREADY_MAPPED, WORD(0),
        FRAME_MAPPED, AT, R),
    ROW("vm map: write without the right", VM_USED, VM_MAP, MISSING_RIGHT, WORD(0), FRAME_READ, AT,
        R | W),
    ROW("vm map: execute without the right", VM_USED, VM_MAP, MISSING_RIGHT, WORD(0), FRAME_READ,
        AT, R | X),
    ROW("vm map: no rights", VM_USED, VM_MAP, INVALID_ARGUMENT, WORD(2), FRAME, AT, 0),
    ROW("vm map: write only", VM_USED, VM_MAP, INVALID_ARGUMENT, WORD(2), FRAME, AT, W),
    ROW("vm map: execute only", VM_USED, VM_MAP, INVALID_ARGUMENT, WORD(2), FRAME, AT, X),
    ROW("vm map: unknown flag", VM_USED, VM_MAP, INVALID_ARGUMENT, WORD(2), FRAME, AT, R | 1 << 4),
    ROW("vm map: flag 40", VM_USED, VM_MAP, INVALID_ARGUMENT, WORD(2), FRAME, AT, R | 1ull << 40),
    ROW("vm map: unaligned", VM_USED, VM_MAP, UNALIGNED, WORD(1), FRAME, AT + 0x10, R),
    ROW("vm map: 2 MiB unaligned", VM_USED, VM_MAP, UNALIGNED, WORD(1), FRAME_LARGE2, AT + 0x1000,
        R),
    ROW("vm map: at 2^52", VM_USED, VM_MAP, OUT_OF_RANGE, WORD(1), FRAME, 1ull << 52, R),
    ROW("vm map: at 2^48", VM_USED, VM_MAP, OUT_OF_RANGE, WORD(1), FRAME, 1ull << 48, R),
    ROW("vm map: last page", VM_USED, VM_MAP, OUT_OF_RANGE, WORD(1), FRAME, ~0xfffull, R),
    ROW("vm map: 2 MiB at the end", VM_USED, VM_MAP, OUT_OF_RANGE, WORD(1), FRAME_LARGE2,
        ~0x1fffffull, R),
    ROW("vm map: over a page", VM_USED, VM_MAP, OVERLAP, WORD(1), FRAME, MAPPED_AT, R),
    ROW("vm map: 2 MiB over a page", VM_USED, VM_MAP, OVERLAP, WORD(1), FRAME_LARGE2, MAPPED_AT, R),
    ROW("vm unmap: nothing", VM_USED, VM_UNMAP, INVALID_CAPABILITY, WORD(0), EMPTY),
    ROW("vm unmap: not mapped", VM_USED, VM_UNMAP, NOT_MAPPED, WORD(0), FRAME),
    ROW("vm unmap: mapped elsewhere", VM_USED, VM_UNMAP, NOT_MAPPED, WORD(0), FRAME_MAPPED),
    ROW("vm unmap: other vm", VM, VM_UNMAP, NOT_MAPPED, WORD(0), FRAME_VM),
    ROW("vm unmap: ports", VM_USED, VM_UNMAP, WRONG_TYPE, WORD(0), PORTS_OPEN),
    ROW("vm unmap: endpoint", VM_USED, VM_UNMAP, WRONG_TYPE, WORD(0), ENDPOINT),

    ROW("open ports: nothing", VM_USED, VM_OPEN_PORTS, INVALID_CAPABILITY, WORD(0), EMPTY),
    ROW("open ports: frame", VM_USED, VM_OPEN_PORTS, WRONG_TYPE, WORD(0), FRAME),
    ROW("open ports: read only", VM_USED, VM_OPEN_PORTS, MISSING_RIGHT, WORD(0), PORTS_READ),
    ROW("open ports: open", VM_USED, VM_OPEN_PORTS, ALREADY_MAPPED, WORD(0), PORTS_OPEN),
    ROW("open ports: open elsewhere", VM, VM_OPEN_PORTS, ALREADY_MAPPED, WORD(0), PORTS_OPEN),
    ROW("close ports: nothing", VM_USED, VM_CLOSE_PORTS, INVALID_CAPABILITY, WORD(0), EMPTY),
    ROW("close ports: frame", VM_USED, VM_CLOSE_PORTS, WRONG_TYPE, WORD(0), FRAME_VM),
    ROW("close ports: not open", VM_USED, VM_CLOSE_PORTS, NOT_MAPPED, WORD(0), PORTS),
    ROW("close ports: other vm", VM, VM_CLOSE_PORTS, NOT_MAPPED, WORD(0), PORTS_OPEN),

    /* The bitmaps cover 0 to 0x1fff and 0xc0000000 to 0xc0001fff (SDM vol 3 24.6.9). */
    ROW("open msr: 0x2000", VM_USED, VM_OPEN_MSR, OUT_OF_RANGE, WORD(0), 0x2000, R),
    ROW("open msr: 0xbfffffff", VM_USED, VM_OPEN_MSR, OUT_OF_RANGE, WORD(0), 0xbfffffff, R),
    ROW("open msr: 0xc0002000", VM_USED, VM_OPEN_MSR, OUT_OF_RANGE, WORD(0), 0xc0002000, R),
    ROW("open msr: 0xffffffff", VM_USED, VM_OPEN_MSR, OUT_OF_RANGE, WORD(0), 0xffffffff, R),
    ROW("open msr: 2^32", VM_USED, VM_OPEN_MSR, OUT_OF_RANGE, WORD(0), 1ull << 32, R),
    ROW("open msr: 2^32 + LSTAR", VM_USED, VM_OPEN_MSR, OUT_OF_RANGE, WORD(0),
        0x100000000 | 0xc0000082, R),
    /* What would give a guest the host, or another guest. */
    ROW("open msr: TSC, write", VM_USED, VM_OPEN_MSR, MSR_NOT_OPENABLE, WORD(0), 0x10, R | W),
    ROW("open msr: APIC_BASE", VM_USED, VM_OPEN_MSR, MSR_NOT_OPENABLE, WORD(0), 0x1b, R),
    ROW("open msr: FEATURE_CONTROL", VM_USED, VM_OPEN_MSR, MSR_NOT_OPENABLE, WORD(0), 0x3a, R),
    ROW("open msr: microcode", VM_USED, VM_OPEN_MSR, MSR_NOT_OPENABLE, WORD(0), 0x79, W),
    ROW("open msr: MISC_ENABLE", VM_USED, VM_OPEN_MSR, MSR_NOT_OPENABLE, WORD(0), 0x1a0, W),
    ROW("open msr: MTRR", VM_USED, VM_OPEN_MSR, MSR_NOT_OPENABLE, WORD(0), 0x200, W),
    ROW("open msr: MTRR_DEF_TYPE", VM_USED, VM_OPEN_MSR, MSR_NOT_OPENABLE, WORD(0), 0x2ff, W),
    ROW("open msr: VMX capability", VM_USED, VM_OPEN_MSR, MSR_NOT_OPENABLE, WORD(0), 0x480, W),
    ROW("open msr: TSC_DEADLINE", VM_USED, VM_OPEN_MSR, MSR_NOT_OPENABLE, WORD(0), 0x6e0, W),
    ROW("open msr: x2APIC ICR", VM_USED, VM_OPEN_MSR, MSR_NOT_OPENABLE, WORD(0), 0x830, W),
    ROW("open msr: x2APIC hole", VM_USED, VM_OPEN_MSR, MSR_NOT_OPENABLE, WORD(0), 0x800, R),
    ROW("open msr: EFER, write", VM_USED, VM_OPEN_MSR, MSR_NOT_OPENABLE, WORD(0), 0xc0000080, W),
    ROW("open msr: last of the bitmaps", VM_USED, VM_OPEN_MSR, MSR_NOT_OPENABLE, WORD(0),
        0xc0001fff, R),
    ROW("open msr: no rights", VM_USED, VM_OPEN_MSR, INVALID_ARGUMENT, WORD(1), 0xc0000082, 0),
    ROW("open msr: execute", VM_USED, VM_OPEN_MSR, INVALID_ARGUMENT, WORD(1), 0xc0000082, R | X),
    ROW("open msr: right 32", VM_USED, VM_OPEN_MSR, INVALID_ARGUMENT, WORD(1), 0xc0000082,
        R | 1ull << 32),
    ROW("close msr: 0x2000", VM_USED, VM_CLOSE_MSR, OUT_OF_RANGE, WORD(0), 0x2000),
    ROW("close msr: 2^32", VM_USED, VM_CLOSE_MSR, OUT_OF_RANGE, WORD(0), 1ull << 32),
};

const struct rows vm_rows = ROWS(rows);
