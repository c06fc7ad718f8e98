/* SPDX-License-Identifier: BSD-2-Clause */
/* VMs for tests: a page of 32-bit code in flat protected mode, a page of data, nothing else. */
#ifndef HARNESS_VM_H
#define HARNESS_VM_H

#include <nacelle/exit.h>
#include <nacelle/vcpu_state.h>
#include <runtime/ipc.h>
#include <runtime/vcpu.h>
#include <runtime/vm.h>

#define GUEST_CODE 0x1000u /* gpa of the code */
#define GUEST_DATA 0x2000u /* gpa of the data; the stack grows down from its end */

/* Code of a guest: position independent, assembled into the test program. */
struct guest_code {
    const uint8_t *begin, *end;
};

#define GUEST_CODE_OF(name) ((struct guest_code){name##_begin, name##_end})

struct guest {
    uint64_t vm, vcpu, endpoint;
    struct nacelle_vcpu_state *state; /* mapped state page */
    uint8_t *data;                    /* the page of data, mapped */
    uint64_t data_frame;              /* the capability that maps it into the VM */
};

/* VM and vCPU out of an untyped (0: the arena); exits go to `endpoint` with `badge`. Ready to be
 * resumed. */
struct guest guest_make(uint64_t untyped, struct guest_code code, uint64_t endpoint,
                        uint64_t badge);

/* Puts the vCPU back to the start of its code, whatever became of it. It must be stopped. */
enum nacelle_error guest_reset(const struct guest *guest);

/* The next exit of any vCPU at the endpoint: its kind, or ~0 when it was no exit. */
uint32_t guest_receive(uint64_t endpoint, struct nacelle_message *message);

/* Replies, and receives the next. */
uint32_t guest_continue(uint64_t endpoint, uint32_t flags, struct nacelle_message *message);

/* The same without a wait: ~0 when nothing is there. */
uint32_t guest_poll(uint64_t endpoint, struct nacelle_message *message);

#endif
