/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prints the exit records of one guest, a line each, without the vendor's raw codes: as the engine
 * made them ("record"), and as the client's library completes them ("completed"). The lines are
 * compared between processors (compare): the same guest gives the same records.
 */
#include <harness/check.h>
#include <harness/memory.h>
#include <harness/vm.h>

#include <runtime/aspace.h>
#include <runtime/names.h>
#include <runtime/string.h>
#include <vmm/emulator.h>

#define SLOT        16u
#define UD          6u
#define EXCEPTIONS  (1u << 0 | 1u << 3 | 1u << UD | 1u << 13)
#define CR0_TS      8u
#define CR4_TSD     4u
#define CR4_OSXSAVE (1u << 18)
#define CODE_SIZE   ((uint64_t)guest_records_end - (uint64_t)guest_records_begin)
#define LAST_SLOT   (CODE_SIZE - SLOT)

extern const uint8_t guest_records_begin[], guest_records_end[], guest_records_hypercall[];

const char test_name[] = "records";

/* What must be asked for to exit; on a processor that cannot, the line says so. */
static const struct {
    enum nacelle_control control;
    uint64_t value;
} controls[] = {
    {NACELLE_CONTROL_EXCEPTIONS, EXCEPTIONS},
    {NACELLE_CONTROL_PAUSE, 1},
    {NACELLE_CONTROL_TSC, 1},
    {NACELLE_CONTROL_DESCRIPTOR_TABLES, 1},
    {NACELLE_CONTROL_INVLPG, 1},
    {NACELLE_CONTROL_CR3, 1},
    {NACELLE_CONTROL_CR0_MASK, CR0_TS},
    {NACELLE_CONTROL_CR4_MASK, CR4_TSD},
};

/* VMCALL and VMMCALL differ in the last byte: SDM vol 2, APM vol 3. */
static const uint8_t vmcall[] = {0x0f, 0x01, 0xc1};
static const uint8_t vmmcall[] = {0x0f, 0x01, 0xd9};

static uint8_t code[4096];

static struct guest make_guest(uint64_t endpoint)
{
    /* behind MOV EAX, imm32 */
    uint64_t hypercall = (uint64_t)guest_records_hypercall - (uint64_t)guest_records_begin + 5;
    struct guest guest;

    memcpy(code, guest_records_begin, CODE_SIZE);
    memcpy(code + hypercall, boot->vendor == NACELLE_VENDOR_SVM ? vmmcall : vmcall, sizeof(vmcall));
    guest = guest_make(0, (struct guest_code){code, code + CODE_SIZE}, endpoint, 1);
    for (unsigned i = 0; i < sizeof(controls) / sizeof(*controls); i++)
        check_error("control %lu", NACELLE_ERROR_OK,
                    nacelle_vcpu_set_control(guest.vcpu, controls[i].control, controls[i].value));
    return guest;
}

static void print_record(const char *what, const struct nacelle_exit *exit, uint64_t slot,
                         uint64_t rip)
{
    print("%s %lu: %s number=%x detail=%x size=%u flags=%x value=%lx gpa=%lx gva=%lx count=%lu "
          "vectoring=%x error=%x offset=%lx length=%u\n",
          what, slot, nacelle_exit_text(exit->kind), exit->number, exit->detail, exit->size,
          exit->flags, exit->value, exit->gpa, exit->gva, exit->count, exit->vectoring,
          exit->vectoring_error, rip - GUEST_CODE - slot * SLOT, exit->instruction_length);
}

/* What cannot be completed has a line of its own, and stays as it is. */
static void print_completed(const struct guest *guest, uint64_t slot)
{
    struct nacelle_vcpu_state *state = guest->state;
    struct vmm_memory memory = {0};
    const struct vmm_emulator emulator = {.state = state, .memory = &memory};
    struct nacelle_exit record = state->exit;
    enum vmm_decode_status status;

    check_true("code", vmm_memory_add(&memory, GUEST_CODE, sizeof(code), code, false));
    check_true("data", vmm_memory_add(&memory, GUEST_DATA, sizeof(code), guest->data, true));
    need(nacelle_vcpu_fetch(guest->vcpu, VMM_EMULATOR_GROUPS), "fetch");
    status = vmm_complete_exit(&emulator, &record);
    if (status != VMM_DECODE_OK)
        print("not completed: %lu: %s\n", slot, vmm_decode_text(status));
    print_record("completed", &record, slot, state->rip);
}

static void run(void)
{
    uint64_t endpoint = make(NACELLE_TYPE_ENDPOINT, 0);
    struct guest guest = make_guest(endpoint);
    struct nacelle_vcpu_state *state = guest.state;
    struct nacelle_message message = {0};
    uint64_t cancelled = 0;

    need(nacelle_vcpu_fetch(guest.vcpu, NACELLE_GROUP_CONTROL), "fetch");
    state->cr4 |= CR4_OSXSAVE;
    state->cr4_shadow |= CR4_OSXSAVE;
    state->cr0_shadow |= CR0_TS;
    check_error("control registers", NACELLE_ERROR_OK,
                nacelle_vcpu_store(guest.vcpu, NACELLE_GROUP_CONTROL));
    need(nacelle_vcpu_resume(guest.vcpu), "resume");
    check_true("an exit", guest_receive(endpoint, &message) != ~0u);
    for (uint64_t slot = 0; slot * SLOT <= LAST_SLOT; slot++) {
        print_record("record", &state->exit, slot, state->rip);
        print_completed(&guest, slot);
        if (slot * SLOT == LAST_SLOT)
            break;
        /* What was interrupted is not to be repeated, whatever it was. */
        need(nacelle_vcpu_cancel(guest.vcpu, NACELLE_EVENT_EXCEPTION >> 8, &cancelled), "cancel");
        if ((slot + 1) * SLOT == LAST_SLOT) {
            need(nacelle_vcpu_set_control(guest.vcpu, NACELLE_CONTROL_EXCEPTIONS, 0), "control");
            need(nacelle_vcpu_fetch(guest.vcpu, NACELLE_GROUP_TABLES), "fetch");
            state->idtr.limit = 0;
            state->dirty = NACELLE_GROUP_TABLES;
        }
        state->rip = GUEST_CODE + (slot + 1) * SLOT;
        state->dirty |= NACELLE_GROUP_IP;
        check_true("an exit", guest_continue(endpoint, 0, &message) != ~0u);
    }
    check_number("it ends with a triple fault", NACELLE_EXIT_SHUTDOWN, state->exit.kind);
}

PARTS({"exit records", run});
