/* SPDX-License-Identifier: BSD-2-Clause */
#include <harness/check.h>
#include <harness/memory.h>
#include <harness/vm.h>

#include <runtime/aspace.h>
#include <runtime/cspace.h>
#include <runtime/string.h>

#define PAGE      4096ull
#define VM_SIZE   16u   /* bitmaps and a few tables */
#define CR0_START 0x31u /* PE, ET, NE */

/* SDM vol 3 24.4.1: present, S, accessed, G, D; code: execute/read, data: read/write. */
#define FLAT_CODE 0xc09bu
#define FLAT_DATA 0xc093u

enum nacelle_error guest_reset(const struct guest *guest)
{
    struct nacelle_vcpu_state *state = guest->state;
    const uint32_t groups = NACELLE_GROUPS_ALL & ~NACELLE_GROUP_FPU;
    enum nacelle_error error = nacelle_vcpu_configure(guest->vcpu, guest->vm, guest->endpoint);

    if (error == NACELLE_ERROR_OK)
        error = nacelle_vcpu_fetch(guest->vcpu, groups);
    if (error != NACELLE_ERROR_OK)
        return error;
    state->rip = GUEST_CODE;
    state->rsp = GUEST_DATA + PAGE;
    for (unsigned i = NACELLE_ES; i <= NACELLE_GS; i++)
        state->segments[i] = (struct nacelle_segment){
            .selector = i == NACELLE_CS ? 8 : 16,
            .rights = i == NACELLE_CS ? FLAT_CODE : FLAT_DATA,
            .limit = 0xffffffff,
        };
    state->cr0 = CR0_START;
    state->cr0_shadow = CR0_START;
    return nacelle_vcpu_store(guest->vcpu, NACELLE_GROUP_IP | NACELLE_GROUP_RSP |
                                               NACELLE_GROUP_SEGMENTS | NACELLE_GROUP_CONTROL);
}

/* A frame that we can write at *bytes and the guest sees at gpa; the capability that maps it
 * there. */
static uint64_t guest_page(uint64_t untyped, uint64_t vm, uint64_t gpa, uint8_t **bytes)
{
    uint64_t address = address_take(PAGE);
    uint64_t ours = make_from(untyped, NACELLE_TYPE_FRAME, NACELLE_SIZE_PAGE);
    uint64_t its = copy(ours, NACELLE_RIGHTS_ALL, 0);

    need(nacelle_aspace_map(NACELLE_SLOT_ASPACE, ours, address, READ_WRITE), "map guest memory");
    need(nacelle_vm_map(vm, its, gpa, READ_WRITE | NACELLE_RIGHT_EXECUTE), "map into the VM");
    *bytes = (uint8_t *)address;
    return its;
}

struct guest guest_make(uint64_t untyped, struct guest_code code, uint64_t endpoint, uint64_t badge)
{
    uint64_t from = untyped != 0 ? untyped : arena;
    uint64_t state = address_take(PAGE);
    struct guest guest = {
        .vm = make_from(from, NACELLE_TYPE_VM, VM_SIZE),
        .vcpu = make_from(from, NACELLE_TYPE_VCPU, 0),
        .endpoint = badge != 0 ? copy(endpoint, NACELLE_RIGHTS_ALL, badge) : endpoint,
        .state = (struct nacelle_vcpu_state *)state,
    };
    uint8_t *page = NULL;

    need(nacelle_aspace_map(NACELLE_SLOT_ASPACE, guest.vcpu, state, READ_WRITE), "map state page");
    (void)guest_page(from, guest.vm, GUEST_CODE, &page);
    memcpy(page, code.begin, (uint64_t)(code.end - code.begin));
    nacelle_choose_hypercalls(page, (uint64_t)(code.end - code.begin));
    guest.data_frame = guest_page(from, guest.vm, GUEST_DATA, &guest.data);
    need(guest_reset(&guest), "guest state");
    need(nacelle_vcpu_set_priority(guest.vcpu, 1, 0), "priority of a vCPU");
    return guest;
}

static uint32_t kind_of(enum nacelle_error error, const struct nacelle_message *message)
{
    uint32_t kind = nacelle_tag_label(message->tag);

    return error == NACELLE_ERROR_OK && (message->tag & NACELLE_TAG_KERNEL) != 0 &&
                   kind < NACELLE_EXIT_COUNT
               ? kind
               : ~0u;
}

uint32_t guest_receive(uint64_t endpoint, struct nacelle_message *message)
{
    enum nacelle_error error = nacelle_receive(endpoint, message);

    return kind_of(error, message);
}

uint32_t guest_continue(uint64_t endpoint, uint32_t flags, struct nacelle_message *message)
{
    enum nacelle_error error;

    message->tag = nacelle_tag(flags, 0);
    error = nacelle_reply_receive(endpoint, message);
    return kind_of(error, message);
}

uint32_t guest_poll(uint64_t endpoint, struct nacelle_message *message)
{
    enum nacelle_error error = nacelle_poll(endpoint, message);

    return kind_of(error, message);
}
