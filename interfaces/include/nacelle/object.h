/* SPDX-License-Identifier: BSD-2-Clause */
/* Object types, rights, and the operations of each object. */
#ifndef NACELLE_OBJECT_H
#define NACELLE_OBJECT_H

#ifndef __ASSEMBLER__

/*
 * Object types, and what a capability to one may carry. "Size" is the size in bytes as a power of
 * two, which NACELLE_UNTYPED_RETYPE takes where the type leaves a choice and ignores elsewhere.
 */
enum nacelle_type {
    NACELLE_TYPE_NULL = 0,         /* an empty slot */
    NACELLE_TYPE_UNTYPED = 1,      /* memory; size 12 to 40 */
    NACELLE_TYPE_FRAME = 2,        /* memory that can be mapped; size 12, 21 or 30 */
    NACELLE_TYPE_CSPACE = 3,       /* capability space; size 8 to 24, 64 bytes a slot */
    NACELLE_TYPE_ASPACE = 4,       /* address space; size 13 to 24: its translation tables */
    NACELLE_TYPE_THREAD = 5,       /* thread; size 13: kernel page, IPC buffer page */
    NACELLE_TYPE_ENDPOINT = 6,     /* endpoint; size 6 */
    NACELLE_TYPE_NOTIFICATION = 7, /* notification with a timer; size 8 */
    NACELLE_TYPE_VM = 8,         /* guest-physical address space; size 15 to 24: with its tables */
    NACELLE_TYPE_VCPU = 9,       /* vCPU; size 14 */
    NACELLE_TYPE_IOPORT = 10,    /* range of I/O ports; not made from memory */
    NACELLE_TYPE_INTERRUPT = 11, /* one interrupt line; not made from memory */
    NACELLE_TYPE_COUNT
};

#endif

#define NACELLE_SIZE_PAGE         12
#define NACELLE_SIZE_LARGE        21
#define NACELLE_SIZE_HUGE         30
#define NACELLE_SIZE_UNTYPED_MIN  12
#define NACELLE_SIZE_UNTYPED_MAX  40
#define NACELLE_SIZE_SLOT         6
#define NACELLE_SIZE_CSPACE_MIN   8
#define NACELLE_SIZE_CSPACE_MAX   24
#define NACELLE_SIZE_ASPACE_MIN   13
#define NACELLE_SIZE_ASPACE_MAX   24
#define NACELLE_SIZE_THREAD       13
#define NACELLE_SIZE_ENDPOINT     6
#define NACELLE_SIZE_NOTIFICATION 8
#define NACELLE_SIZE_VM_MIN       16
#define NACELLE_SIZE_VM_MAX       24
#define NACELLE_SIZE_VCPU         14

/*
 * Rights. Endpoint: WRITE sends, READ receives, GRANT lets a capability go with a message.
 * Notification: WRITE signals, READ waits, binds and sets the timer. Frame: as mapped. Every other
 * object: READ for operations that only look, WRITE for the others.
 */
#define NACELLE_RIGHT_READ    1
#define NACELLE_RIGHT_WRITE   2
#define NACELLE_RIGHT_EXECUTE 4
#define NACELLE_RIGHT_GRANT   8
#define NACELLE_RIGHTS_ALL    15u

/*
 * Operations: the label of a NACELLE_CALL to the object's capability. The object type stands in
 * bits 15-8, so that an operation sent to an object of another type is refused as such.
 * "wN" is word N of the message; "->" are the words of the reply. Slots named in words are looked
 * up in the caller's own capability space.
 */
#define NACELLE_OPERATION(type, number) ((type) << 8 | (number))

/*
 * Untyped memory.
 * RETYPE  w0: type | size << 8, w1: first destination slot, w2: number of objects, at most
 *         64, w3: slot of the destination capability space (0: the caller's own) -> w0: objects
 * made.         The memory is cleared. When nothing derived from the untyped is left, all its
 * memory is         available again. INVALID_ARGUMENT (w0), OUT_OF_RANGE (w1, w2), SLOT_OCCUPIED
 * (w1),         NO_MEMORY, TOO_DEEP; a device untyped gives frames and untyped only.
 * INFO    -> w0: physical address, w1: size in bytes, w2: bytes used, w3: 1 when device memory.
 */
#define NACELLE_UNTYPED_RETYPE NACELLE_OPERATION(1, 0)
#define NACELLE_UNTYPED_INFO   NACELLE_OPERATION(1, 1)

/*
 * Frame.
 * UNMAP   removes the mapping of this capability, wherever it is. NOT_MAPPED.
 * INFO    -> w0: physical address, w1: size in bytes, w2: address it is mapped at.
 */
#define NACELLE_FRAME_UNMAP NACELLE_OPERATION(2, 0)
#define NACELLE_FRAME_INFO  NACELLE_OPERATION(2, 1)

/*
 * Capability space. Slot 0 is never usable.
 * COPY    w0: destination slot in the invoked space, w1: source slot in the caller's space,
 *         w2: rights to keep, w3: badge for an endpoint or notification without one (0: keep), or
 *         for I/O ports first | last << 16 of the part to keep (0: all). The copy is derived from
 *         the source. SLOT_OCCUPIED, OUT_OF_RANGE, INVALID_ARGUMENT, TOO_DEEP; INVALID_CAPABILITY.
 * DELETE  w0: slot. Deletes the capability and all that was derived from it; the object goes with
 *         the capability that retyping made.
 * REVOKE  w0: slot. Deletes all that was derived from the capability, and keeps it.
 * IDENTIFY w0: slot -> w0: type, w1: rights, w2: badge, w3: size as a power of two.
 */
#define NACELLE_CSPACE_COPY     NACELLE_OPERATION(3, 0)
#define NACELLE_CSPACE_DELETE   NACELLE_OPERATION(3, 1)
#define NACELLE_CSPACE_REVOKE   NACELLE_OPERATION(3, 2)
#define NACELLE_CSPACE_IDENTIFY NACELLE_OPERATION(3, 3)

/*
 * Address space.
 * MAP     w0: slot of what to map: a frame, a thread (its IPC buffer) or a vCPU (its state page),
 *         w1: address, w2: rights | NACELLE_MAP_* flags. One mapping a capability.
 *         W^X: WRITE with EXECUTE is INVALID_ARGUMENT. UNALIGNED, OUT_OF_RANGE (beyond the user
 *         half), OVERLAP, ALREADY_MAPPED, NO_TABLE_MEMORY, MISSING_RIGHT, UNSUPPORTED (1 GiB).
 * UNMAP   w0: slot of what was mapped. NOT_MAPPED.
 */
#define NACELLE_ASPACE_MAP   NACELLE_OPERATION(4, 0)
#define NACELLE_ASPACE_UNMAP NACELLE_OPERATION(4, 1)
#define NACELLE_MAP_UNCACHED (1u << 8) /* device memory; write-back otherwise */

/* First address that a client cannot map: one page below the end of the user half, so that no
 * SYSEXIT or SYSRET can fall through to a non-canonical address. */
#define NACELLE_USER_END 0x00007ffffffff000ull

/*
 * Thread.
 * CONFIGURE w0: capability space, w1: address space, w2: endpoint for faults (0: none). BUSY while
 *           it runs.
 * SET_REGISTERS w0: rip, w1: rsp, w2: rdi, w3: rsi, words 4 and 5 (in the IPC buffer): r8, r9. All
 *           other registers are cleared. BUSY while it runs.
 * SET_PRIORITY w0: priority, 0 to 31, at most the caller's own, w1: time slice in TSC ticks (0: the
 *           default of 10 ms).
 * RESUME, SUSPEND  start and stop the thread; SUSPEND takes it out of any wait.
 * READ_REGISTER  w0: index 0-15 as in the architecture, 16 rip, 17 rflags -> w0: value.
 * WRITE_REGISTER w0: index, w1: value; of rflags only the arithmetic flags and DF are taken.
 * STATISTICS -> w0: TSC ticks that its time slices have paid for, w1: of these at user level
 *           (both 0: the server was built not to count them).
 */
#define NACELLE_THREAD_CONFIGURE      NACELLE_OPERATION(5, 0)
#define NACELLE_THREAD_SET_REGISTERS  NACELLE_OPERATION(5, 1)
#define NACELLE_THREAD_SET_PRIORITY   NACELLE_OPERATION(5, 2)
#define NACELLE_THREAD_RESUME         NACELLE_OPERATION(5, 3)
#define NACELLE_THREAD_SUSPEND        NACELLE_OPERATION(5, 4)
#define NACELLE_THREAD_READ_REGISTER  NACELLE_OPERATION(5, 5)
#define NACELLE_THREAD_WRITE_REGISTER NACELLE_OPERATION(5, 6)
#define NACELLE_THREAD_STATISTICS     NACELLE_OPERATION(5, 7)
#define NACELLE_THREAD_RIP            16
#define NACELLE_THREAD_RFLAGS         17

#define NACELLE_PRIORITIES            32

/*
 * Notification: 64 bits that are set by signals and taken all at once by whoever waits.
 * SIGNAL    sets the capability's badge (1 when it has none).
 * BIND      w0: endpoint. From now on whoever receives there receives the bits as well, as a
 *           message with label NACELLE_LABEL_NOTIFICATION; 0 unbinds. One notification an endpoint.
 * SET_TIMER w0: absolute TSC value at which the badge is set; 0 cancels. One timer a notification.
 */
#define NACELLE_NOTIFICATION_SIGNAL    NACELLE_OPERATION(7, 0)
#define NACELLE_NOTIFICATION_BIND      NACELLE_OPERATION(7, 1)
#define NACELLE_NOTIFICATION_SET_TIMER NACELLE_OPERATION(7, 2)

/*
 * VM: guest-physical address space, I/O-port and MSR permissions.
 * MAP       w0: slot of a frame, w1: guest-physical address, w2: rights. One mapping a capability.
 *           UNALIGNED, OUT_OF_RANGE, OVERLAP, ALREADY_MAPPED, NO_TABLE_MEMORY, UNSUPPORTED (1 GiB
 *           leaves), MISSING_RIGHT.
 * UNMAP     w0: slot of the frame. NOT_MAPPED.
 * OPEN_PORTS w0: slot of an I/O-port capability: the guest uses its range without an exit, until
 *           CLOSE_PORTS or the capability is deleted. ALREADY_MAPPED.
 * CLOSE_PORTS w0: slot of the I/O-port capability. NOT_MAPPED.
 * OPEN_MSR  w0: MSR, w1: rights, READ and WRITE: the guest uses it without an exit. Only MSRs that
 *           the engine switches between vCPUs can be opened. MSR_NOT_OPENABLE, OUT_OF_RANGE.
 * CLOSE_MSR w0: MSR. OUT_OF_RANGE.
 * ANSWER    w0: NACELLE_ANSWER_* | number << 32, w1: subleaf, w2: eax | ebx << 32,
 *           w3: ecx | edx << 32.
 *           From now on the server itself answers such an exit with these values, and goes on after
 *           the instruction, in all vCPUs of the VM; the client does not see it. It replaces an
 *           answer to the same. Exits in the shadow of STI or MOV SS, under TF, of string
 *           instructions, and of a vCPU that is single-stepped still come to the client; so do all
 *           but those of ports where the processor does not tell how long an instruction is
 *           (NACELLE_EXIT_LENGTH_ASSUMED).
 *           INVALID_ARGUMENT: a bit that has no meaning is set; NO_TABLE_MEMORY: there are
 *           NACELLE_ANSWERS_MAX others.
 * FORGET    w0, w1: as given to ANSWER. Takes the answer back. NOT_MAPPED: there is none.
 */
#define NACELLE_VM_MAP         NACELLE_OPERATION(8, 0)
#define NACELLE_VM_UNMAP       NACELLE_OPERATION(8, 1)
#define NACELLE_VM_OPEN_PORTS  NACELLE_OPERATION(8, 2)
#define NACELLE_VM_CLOSE_PORTS NACELLE_OPERATION(8, 3)
#define NACELLE_VM_OPEN_MSR    NACELLE_OPERATION(8, 4)
#define NACELLE_VM_CLOSE_MSR   NACELLE_OPERATION(8, 5)
#define NACELLE_VM_ANSWER      NACELLE_OPERATION(8, 6)
#define NACELLE_VM_FORGET      NACELLE_OPERATION(8, 7)

/* Exits that can be answered beforehand. number is the leaf, the MSR or the port. */
#define NACELLE_ANSWER_CPUID       1 /* eax, ebx, ecx, edx; with subleaf (w1) ... */
#define NACELLE_ANSWER_CPUID_ANY   2 /* ... or whatever the subleaf is (w1 = 0) */
#define NACELLE_ANSWER_MSR_READ    3 /* eax and edx: the value */
#define NACELLE_ANSWER_MSR_IGNORED 4 /* what is written is dropped */
#define NACELLE_ANSWER_IN          5 /* eax: the value, of any size; not the string instructions */
#define NACELLE_ANSWER_OUT_IGNORED 6 /* what is written is dropped; not the string instructions */
#define NACELLE_ANSWERS_MAX        96

/*
 * vCPU. State operations need it stopped: waiting for the reply to an exit, suspended, or never
 * started; otherwise BUSY. Poke, suspend, resume and inject work at any time.
 * CONFIGURE       w0: VM, w1: endpoint for the exits (its badge is what the receiver sees). Puts
 *                 the vCPU into the state after RESET.
 * READ_REGISTER   w0: index -> w0: value. Index 4 (rsp) is served from the VMCS.
 *                 INVALID_REGISTER above 15.
 * WRITE_REGISTER  w0: index, w1: value. INVALID_REGISTER.
 * READ_REGISTERS  w0: mask of indices -> the values from word 1 on, lowest index first; w0: mask.
 * WRITE_REGISTERS w0: mask of indices, values from word 1 on, lowest index first.
 * FETCH           w0: mask of groups (NACELLE_GROUP_*): brings them into the state page.
 * STORE           w0: mask of groups: takes them from the state page, each checked. INVALID_STATE
 *                 with w1: the group, w2: which check (NACELLE_CHECK_*).
 * INJECT          w0: event (NACELLE_EVENT_*), w1: error code, w2: instruction length for software
 *                 events. INVALID_EVENT. Replaces a pending event of the same class.
 * CANCEL          w0: event class: type 0 cancels a pending interrupt, 2 a pending NMI, 3 a pending
 *                 exception -> w0: 1 when one was pending.
 * POKE            makes the vCPU leave the guest: exactly one NACELLE_EXIT_POKE follows, however
 *                 many pokes came before it is received.
 * SUSPEND         stops the vCPU without a message. A message that waits to be received is kept.
 * RESUME          w0: NACELLE_RESUME_ADVANCE or 0. Starts it, or goes on after an exit that was not
 *                 replied to: dirty groups are taken over as with a reply.
 * SET_PRIORITY    w0: priority, w1: time slice; as for threads.
 * SET_CONTROL     w0: NACELLE_CONTROL_*, w1: value. INVALID_ARGUMENT, UNSUPPORTED.
 * STATISTICS      -> w0: entries into the guest, w1: exits sent to the client, w2: preemptions,
 *                 w3: events injected; w4: TSC ticks that its time slices have paid for: guest,
 *                 server, and whoever handles its exits; of these w5: the guest's, w6: those at
 *                 user level (all 0: the server was built not to count them); exits answered from
 *                 the VM's table, w7: CPUID, w8: of MSRs, w9: of ports. CONFIGURE sets w5 and w7
 *                 to w9 to 0.
 * SET_APIC        w0: frame of 4 KiB with READ and WRITE, the virtual-APIC page (SDM vol 3 29.1);
 *                 0: none. At any time; again after changes of IRR, ISR or TMR. UNSUPPORTED.
 */
#define NACELLE_VCPU_CONFIGURE       NACELLE_OPERATION(9, 0)
#define NACELLE_VCPU_READ_REGISTER   NACELLE_OPERATION(9, 1)
#define NACELLE_VCPU_WRITE_REGISTER  NACELLE_OPERATION(9, 2)
#define NACELLE_VCPU_READ_REGISTERS  NACELLE_OPERATION(9, 3)
#define NACELLE_VCPU_WRITE_REGISTERS NACELLE_OPERATION(9, 4)
#define NACELLE_VCPU_FETCH           NACELLE_OPERATION(9, 5)
#define NACELLE_VCPU_STORE           NACELLE_OPERATION(9, 6)
#define NACELLE_VCPU_INJECT          NACELLE_OPERATION(9, 7)
#define NACELLE_VCPU_CANCEL          NACELLE_OPERATION(9, 8)
#define NACELLE_VCPU_POKE            NACELLE_OPERATION(9, 9)
#define NACELLE_VCPU_SUSPEND         NACELLE_OPERATION(9, 10)
#define NACELLE_VCPU_RESUME          NACELLE_OPERATION(9, 11)
#define NACELLE_VCPU_SET_PRIORITY    NACELLE_OPERATION(9, 12)
#define NACELLE_VCPU_SET_CONTROL     NACELLE_OPERATION(9, 13)
#define NACELLE_VCPU_STATISTICS      NACELLE_OPERATION(9, 14)
#define NACELLE_VCPU_SET_APIC        NACELLE_OPERATION(9, 15)

#ifndef __ASSEMBLER__

/* What NACELLE_VCPU_SET_CONTROL sets. Everything else exits always, or never needs to. */
enum nacelle_control {
    NACELLE_CONTROL_EXCEPTIONS = 0,      /* mask of vectors 0-31 that exit; default: 0 */
    NACELLE_CONTROL_HLT = 1,             /* 1: HLT exits (default), 0: it idles inside the guest */
    NACELLE_CONTROL_PAUSE = 2,           /* 1: PAUSE exits; default: 0 */
    NACELLE_CONTROL_TSC = 3,             /* 1: RDTSC and RDTSCP exit; default: 0 */
    NACELLE_CONTROL_TSC_OFFSET = 4,      /* added to the TSC that the guest reads; default: 0 */
    NACELLE_CONTROL_DEBUG_REGISTERS = 5, /* 1: MOV to and from DR exits (default), 0: does not */
    NACELLE_CONTROL_DESCRIPTOR_TABLES = 6, /* 1: LGDT, SGDT, LLDT... exit; default: 0 */
    NACELLE_CONTROL_INVLPG = 7,            /* 1: INVLPG and INVPCID exit; default: 0 */
    NACELLE_CONTROL_CR3 = 8,               /* 1: MOV to and from CR3 exits; default: 0 */
    NACELLE_CONTROL_CR0_MASK = 9,  /* CR0 bits owned by the client: writes that change them exit */
    NACELLE_CONTROL_CR4_MASK = 10, /* CR4 bits owned by the client */
    NACELLE_CONTROL_SINGLE_STEP = 11, /* 1: exits after each instruction; default: 0 */
    NACELLE_CONTROL_COUNT
};

#endif

/*
 * Range of I/O ports; operations of the client itself.
 * IN   w0: port, w1: size 1, 2 or 4 -> w0: value. OUT_OF_RANGE, INVALID_ARGUMENT, MISSING_RIGHT.
 * OUT  w0: port, w1: size, w2: value.
 */
#define NACELLE_IOPORT_IN  NACELLE_OPERATION(10, 0)
#define NACELLE_IOPORT_OUT NACELLE_OPERATION(10, 1)

/*
 * Interrupt line.
 * BIND        w0: notification, signalled with the badge of that capability at each interrupt; the
 *             line is masked from there to ACKNOWLEDGE, and at first. 0 unbinds.
 * ACKNOWLEDGE unmasks the line.
 */
#define NACELLE_INTERRUPT_BIND        NACELLE_OPERATION(11, 0)
#define NACELLE_INTERRUPT_ACKNOWLEDGE NACELLE_OPERATION(11, 1)

#endif
