/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The direct way on the model: it tells the same as the usual way, goes on where that would, leaves
 * all that is not plain to it, and is not taken while anything else has to be done before an entry.
 */

#include "model_svm.h"
#include "model_vmx.h"
#include "test.h"

#include <string.h>

#include <nacelle/exit.h>
#include <vcpu/direct.h>
#include <x86/control.h>
#include <x86/general_registers.h>
#include <x86/insn.h>
#include <x86/msr.h>
#include <x86/svm_exit.h>
#include <x86/vmx_controls.h>
#include <x86/vmx_exit.h>
#include <x86/vmx_fields.h>

#include "direct.h"
#include "svm/svm.h"
#include "vmx/vmcs.h"

#define CLIENT_CR3 0x5000u /* of model_run */
#define ROUNDS     6000u

static struct vm *vm;
static struct vcpu *vcpu;
static struct nacelle_vcpu_state *page;
static uint64_t random_state;

static uint64_t any(void)
{
    return test_random(&random_state);
}

static uint64_t below(uint64_t limit)
{
    return any() % limit;
}

static bool one_in(uint64_t limit)
{
    return below(limit) == 0;
}

/* --- Worlds: a vCPU that exited once by CPUID and could go on in the direct way --- */

static void guest_cpuid(struct vcpu *v, uint32_t event)
{
    (void)event;
    if (vcpu_vendor_is_svm)
        model_svm_exit(v, SVM_EXIT_CPUID, 0, 0);
    else
        model_exit(v, VMX_EXIT_REASON_CPUID);
}

static void run_cpuid(struct vcpu *v)
{
    assert_int_equal(model_run(v, guest_cpuid, NULL), VCPU_SEND_EXIT);
    assert_int_equal(vcpu_state(v)->exit.kind, NACELLE_EXIT_CPUID);
}

static int start(const char *cpu, bool qemu)
{
    model_reset(cpu);
    if (qemu)
        model_svm_qemu();
    model_enable();
    vm = model_vm();
    vcpu = model_vcpu(vm);
    page = vcpu_state(vcpu);
    random_state = 0x9e3779b97f4a7c15;
    run_cpuid(vcpu);
    return 0;
}

static int setup_vmx(void **state)
{
    (void)state;
    return start("corei7_haswell_4770", false);
}

static int setup_svm(void **state)
{
    (void)state;
    return start("ryzen", false);
}

static int setup_qemu(void **state)
{
    (void)state;
    return start("ryzen", true);
}

static struct svm_vmcb *vmcb(void)
{
    return svm_vmcb_of(vcpu);
}

static bool arms(void)
{
    bool armed = vcpu_direct_arm(vcpu, CLIENT_CR3);

    assert_int_equal(armed, vcpu->direct != 0);
    return armed;
}

/* What vcpu_direct_again_* does; true: the exit came directly. */
static bool enter_directly(model_guest guest)
{
    assert_true(vcpu->direct != 0);
    assert_int_equal(page->dirty, 0);
    model_current_guest = guest;
    model_direct.tag = 0;
    vcpu->direct_entries++;
    if (setjmp(model_exit_point) == 0) {
        if (vcpu_vendor_is_svm)
            svm_entry(vcpu);
        else
            vmx_entry_resume(vcpu);
    }
    return model_direct.tag != 0;
}

/* --- Everything that is known of a vCPU, to go back to it and to compare --- */

struct snapshot {
    uint8_t memory[VCPU_STRUCT_OFFSET + sizeof(struct vcpu)];
    uint64_t fields[MODEL_FIELDS];
    struct vcpu_cpu engine;
};

static void *memory_of(void)
{
    return (char *)vcpu - VCPU_STRUCT_OFFSET;
}

static void save(struct snapshot *to)
{
    memcpy(to->memory, memory_of(), sizeof(to->memory));
    if (!vcpu_vendor_is_svm)
        memcpy(to->fields, model_fields(vcpu), sizeof(to->fields));
    to->engine = model_cpu->engine;
}

static void restore(const struct snapshot *from)
{
    memcpy(memory_of(), from->memory, sizeof(from->memory));
    if (!vcpu_vendor_is_svm)
        memcpy(model_fields(vcpu), from->fields, sizeof(from->fields));
    model_cpu->engine = from->engine;
}

/* The same, but for what only the two ways themselves look at. */
static void assert_same(struct snapshot *one, struct snapshot *other, bool with_record)
{
    struct snapshot *both[] = {one, other};

    for (unsigned i = 0; i < COUNT(both); i++) {
        struct vcpu *v = (struct vcpu *)(void *)(both[i]->memory + VCPU_STRUCT_OFFSET);
        struct nacelle_vcpu_state *state = (void *)(both[i]->memory + VCPU_STATE_OFFSET);

        v->next_rip = 0;
        if ((v->known & VCPU_KNOWN_IP) == 0)
            v->rflags = 0;
        if (!with_record)
            state->exit = (struct nacelle_exit){0};
    }
    assert_memory_equal(one->memory, other->memory, sizeof(one->memory));
    if (!vcpu_vendor_is_svm)
        assert_memory_equal(one->fields, other->fields, sizeof(one->fields));
}

/* Where the guest would go on. */
struct place {
    uint64_t rip, rflags, blocking, pending_debug; /* no padding: they are compared as memory */
};

static struct place place(void)
{
    if (vcpu_vendor_is_svm)
        return (struct place){vmcb()->save.rip, vmcb()->save.rflags, svm_blocking(vcpu),
                              vcpu->svm.pending_debug};
    return (struct place){model_field(vcpu, VMCS_GUEST_RIP), model_field(vcpu, VMCS_GUEST_RFLAGS),
                          model_field(vcpu, VMCS_GUEST_INTERRUPTIBILITY_STATE),
                          model_field(vcpu, VMCS_GUEST_PENDING_DEBUG_EXCEPTIONS)};
}

static void assert_place(struct place expected)
{
    struct place now = place();

    assert_memory_equal(&now, &expected, sizeof(now));
}

static void set_rip(uint64_t rip)
{
    if (vcpu_vendor_is_svm)
        vmcb()->save.rip = rip;
    else
        model_set_field(vcpu, VMCS_GUEST_RIP, rip);
}

/* --- Random exits --- */

/* Where the guest stands, and what the direct way may take as plain. */
static struct {
    uint64_t rip, rflags;
    uint32_t length; /* of the instruction, 0: the exit is none's */
    bool long_64, shadow;
    bool plain_kind;
} now;

static void choose_place(void)
{
    static const uint64_t edges[] = {0, 0xfff0, 0xfffffff0, 0x7fffffff0};
    const uint64_t rare = X86_RFLAGS_TF | X86_RFLAGS_RF;

    now.long_64 = one_in(2);
    now.rip = one_in(2) ? edges[below(COUNT(edges))] + below(16) : any() >> (16 + below(32));
    if (one_in(8))
        now.rip |= 0xffff800000000000;
    if (!now.long_64)
        now.rip = (uint32_t)now.rip;
    now.rflags = (any() & 0x3f7fd7 & ~rare) | X86_RFLAGS_FIXED;
    if (one_in(8))
        now.rflags |= X86_RFLAGS_TF;
    if (one_in(8))
        now.rflags |= X86_RFLAGS_RF;
    now.shadow = one_in(8);
    for (unsigned i = 0; i < 16; i++)
        page->general[i] = any() >> (one_in(2) ? 32 : 0);
    /* What an earlier exit left. */
    memset(&page->exit, (int)below(256), offsetof(struct nacelle_exit, reserved));
}

/* Plain: RIP grows by the length, and nothing else changes. */
static bool is_plain(void)
{
    bool resumes = now.length != 0 && (now.rflags & X86_RFLAGS_RF) != 0;
    bool crosses = (uint64_t)(uint32_t)now.rip + now.length > 0xffffffff;

    return now.plain_kind && (now.rflags & X86_RFLAGS_TF) == 0 && !now.shadow && !resumes &&
           !crosses;
}

/* The next RIP as the processor has it: 32 bits outside 64-bit mode. */
static uint64_t next_rip(void)
{
    uint64_t next = now.rip + now.length;

    return now.long_64 ? next : (uint32_t)next;
}

static const uint64_t io_sizes[] = {0, 1, 3};

static void choose_vmx_qualification(uint32_t reason)
{
    uint64_t qualification = any();

    switch (reason) {
    case VMX_EXIT_REASON_IO_INSTRUCTION:
        if (!one_in(8))
            qualification = io_sizes[below(3)] | (any() & 0xffff0048);
        now.plain_kind = (qualification & 0x30) == 0 && (qualification & 7) != 2 &&
                         (qualification & 7) <= 3;
        break;
    case VMX_EXIT_REASON_EPT_VIOLATION:
        now.length = 0;
        qualification &= 0x1fff & (one_in(8) ? ~UINT64_C(0) : ~UINT64_C(0x1000));
        now.plain_kind = (qualification & 0x1000) == 0 &&
                         (model_field(vcpu, VMCS_IDT_VECTORING_INFO) >> 31 & 1) == 0;
        break;
    default:
        break;
    }
    model_set_field(vcpu, VMCS_EXIT_QUALIFICATION, qualification);
}

static void choose_vmx_exit(void)
{
    static const uint32_t short_ones[] = {
        VMX_EXIT_REASON_CPUID,          VMX_EXIT_REASON_HLT,
        VMX_EXIT_REASON_VMCALL,         VMX_EXIT_REASON_RDMSR,
        VMX_EXIT_REASON_WRMSR,          VMX_EXIT_REASON_IO_INSTRUCTION,
        VMX_EXIT_REASON_IO_INSTRUCTION, VMX_EXIT_REASON_EPT_VIOLATION,
        VMX_EXIT_REASON_EPT_VIOLATION,
    };
    bool is_short = !one_in(4);
    uint32_t reason = is_short ? short_ones[below(COUNT(short_ones))] : (uint32_t)below(80);
    uint64_t controls = model_field(vcpu, VMCS_VM_ENTRY_CONTROLS) & ~VMX_ENTRYCTL_IA32E_MODE_GUEST;

    choose_place();
    now.plain_kind = false;
    for (unsigned i = 0; i < COUNT(short_ones); i++)
        now.plain_kind |= reason == short_ones[i];
    if (one_in(20)) {
        reason |= one_in(2) ? VMX_EXIT_ENTRY_FAILURE : 1u << (16 + below(15));
        now.plain_kind = false;
    }
    now.length = 1 + (uint32_t)below(15);
    model_set_field(vcpu, VMCS_VM_EXIT_INSTRUCTION_LENGTH, now.length);
    model_set_field(vcpu, VMCS_IDT_VECTORING_INFO,
                    one_in(6) && reason == VMX_EXIT_REASON_EPT_VIOLATION ? 0x80000320 : 0x320);
    if (now.plain_kind)
        choose_vmx_qualification(reason);
    else
        model_set_field(vcpu, VMCS_EXIT_QUALIFICATION, any() & 0xffff);
    model_set_field(vcpu, VMCS_EXIT_REASON, reason);
    model_set_field(vcpu, VMCS_VM_EXIT_INTERRUPTION_INFO,
                    0x80000000 | (any() & 0x103f) | (one_in(2) ? 0x300 : 0));
    model_set_field(vcpu, VMCS_GUEST_PHYSICAL_ADDRESS, any() >> 24);
    model_set_field(vcpu, VMCS_GUEST_LINEAR_ADDRESS, any());
    model_set_field(vcpu, VMCS_VM_ENTRY_CONTROLS,
                    controls | (now.long_64 ? VMX_ENTRYCTL_IA32E_MODE_GUEST : 0));
    model_set_field(vcpu, VMCS_GUEST_CS_ACCESS_RIGHTS, now.long_64 ? 0xa09b : 0xc09b);
    model_set_field(vcpu, VMCS_GUEST_RIP, now.rip);
    model_set_field(vcpu, VMCS_GUEST_RFLAGS, now.rflags);
    model_set_field(vcpu, VMCS_GUEST_INTERRUPTIBILITY_STATE,
                    (now.shadow ? 1 + below(2) : 0) | (one_in(4) ? 8 : 0));
    vcpu->known = 0;
}

static void choose_svm_io(void)
{
    uint64_t info = UINT64_C(0x80) << below(3) | UINT64_C(0x10) << below(3) | (any() & 0xffff0001) |
                    (one_in(8) ? 4 | (any() & 8) : 0);

    vmcb()->control.exit_info1 = info;
    vmcb()->control.exit_info2 = next_rip();
    now.plain_kind = (info & 4) == 0;
}

static void choose_svm_fault(void)
{
    uint64_t info = any() & 0x16;

    /* Present, or a reserved bit in what is present. */
    if (one_in(4))
        info |= one_in(2) ? 1 : 9;
    vmcb()->control.exit_info1 = info | (one_in(2) ? SVM_NPF_FINAL : SVM_NPF_WALK);
    vmcb()->control.exit_info2 = any() >> 24;
    now.length = 0;
    now.plain_kind = (info & 1) == 0;
}

static void choose_svm_information(uint64_t code)
{
    vmcb()->control.exit_info1 = any() & 0xffff;
    vmcb()->control.exit_info2 = any() >> 24;
    now.plain_kind = true;
    switch (code) {
    case SVM_EXIT_CPUID:
    case SVM_EXIT_VMMCALL:
        break;
    case SVM_EXIT_HLT:
        now.plain_kind = vcpu->svm.hlt_exits;
        break;
    case SVM_EXIT_MSR:
        vmcb()->control.exit_info1 = below(2);
        if (one_in(4))
            page->general[X86_RCX] = X86_MSR_EFER | any() << 32;
        now.plain_kind = (uint32_t)page->general[X86_RCX] != X86_MSR_EFER;
        break;
    case SVM_EXIT_IO:
        choose_svm_io();
        break;
    case SVM_EXIT_NESTED_PAGE_FAULT:
        choose_svm_fault();
        break;
    default:
        now.plain_kind = false;
        break;
    }
}

static void choose_svm_exit(void)
{
    static const uint64_t short_ones[] = {
        SVM_EXIT_CPUID, SVM_EXIT_HLT, SVM_EXIT_VMMCALL,           SVM_EXIT_MSR,
        SVM_EXIT_IO,    SVM_EXIT_IO,  SVM_EXIT_NESTED_PAGE_FAULT, SVM_EXIT_NESTED_PAGE_FAULT,
    };
    bool has_nrip = svm_has(vcpu->cpu, SVM_FEATURE_NRIP_SAVE);
    uint64_t code = one_in(4) ? below(0xa8) : short_ones[below(COUNT(short_ones))];

    choose_place();
    now.length = 1 + (uint32_t)below(15);
    if (!has_nrip && code != SVM_EXIT_IO)
        now.length = svm_exit_instruction_length(code);
    if (next_rip() == 0)
        now.rip = 0; /* 0 says that the processor does not tell */
    vcpu->svm.hlt_exits = !one_in(3);
    vcpu->vm->efer_open = one_in(2);
    vmcb()->save.rip = now.rip;
    vmcb()->save.rflags = now.rflags;
    vmcb()->save.cs.attributes = now.long_64 ? 0xa9b : 0xc9b;
    vmcb()->save.efer = X86_EFER_SVME | (now.long_64 ? X86_EFER_LME | X86_EFER_LMA : 0);
    vmcb()->control.interrupt_shadow = now.shadow ? 1 : 0;
    choose_svm_information(code);
    if (one_in(40)) {
        code = UINT64_C(0) - 1 - below(3);
        now.plain_kind = false;
    }
    vmcb()->control.exit_code = code;
    vmcb()->control.next_rip = has_nrip ? next_rip() : 0;
    if (has_nrip && one_in(16)) { /* nothing that an instruction could have */
        vmcb()->control.next_rip = now.rip + (one_in(2) ? 16 + below(1000) : 0 - below(16));
        now.plain_kind &= code == SVM_EXIT_IO || code == SVM_EXIT_NESTED_PAGE_FAULT;
        if (vmcb()->control.next_rip == 0)
            vmcb()->control.next_rip = now.rip + 16;
    }
    vmcb()->control.exit_int_info = one_in(8) ? 0x80000320 : 0x320;
    if ((vmcb()->control.exit_int_info & NACELLE_EVENT_VALID) != 0)
        now.plain_kind = false;
}

static void choose_exit(void)
{
    if (vcpu_vendor_is_svm)
        choose_svm_exit();
    else
        choose_vmx_exit();
}

/* What the server makes of a record: the comment in nacelle/exit.h. */
static struct vcpu_direct_message message_of(const struct nacelle_exit *record, uint64_t rip)
{
    bool has_gpa = record->kind == NACELLE_EXIT_MEMORY ||
                   record->kind == NACELLE_EXIT_MISCONFIGURATION;

    return (struct vcpu_direct_message){
        .tag = nacelle_tag(record->kind, 4) | NACELLE_TAG_KERNEL | NACELLE_TAG_CALL,
        .words = {record->number | (uint64_t)record->flags << 32,
                  has_gpa ? record->gpa : record->value,
                  record->detail | (uint64_t)record->size << 32, rip},
    };
}

static void assert_told(const struct nacelle_exit *expected)
{
    const struct nacelle_exit *told = &page->exit;
    struct vcpu_direct_message message = message_of(expected, now.rip);

    assert_memory_equal(&model_direct, &message, sizeof(message));
    assert_int_equal(told->kind, expected->kind);
    assert_int_equal(told->instruction_length, expected->instruction_length);
    assert_int_equal(told->number, expected->number);
    assert_int_equal(told->flags, expected->flags);
    assert_int_equal(told->detail, expected->detail);
    assert_int_equal(told->size, expected->size);
    assert_int_equal(told->raw_reason, expected->raw_reason);
    if (expected->kind == NACELLE_EXIT_MEMORY)
        assert_int_equal(told->gpa, expected->gpa);
    else if ((expected->flags & NACELLE_EXIT_WRITE) != 0)
        assert_int_equal(told->value, expected->value);
    if ((expected->flags & NACELLE_EXIT_GVA_VALID) != 0)
        assert_int_equal(told->gva, expected->gva);
    assert_int_equal(page->rip, now.rip);
    assert_int_equal(page->rflags, now.rflags);
    assert_int_equal(page->valid, NACELLE_GROUP_IP);
}

/* vcpu_direct_advance_* */
static void advance_directly(void)
{
    set_rip(vcpu->next_rip);
}

/* vcpu_direct_length_*; false: refused, nothing has changed. */
static bool advance_directly_by(uint32_t bytes)
{
    if (vcpu->exit_length != 0 || (uint64_t)(uint32_t)vcpu->next_rip + bytes > 0xffffffff)
        return false;
    vcpu->next_rip += bytes;
    if (vcpu_vendor_is_svm)
        vmcb()->save.rflags &= ~X86_RFLAGS_RF;
    else
        model_set_field(vcpu, VMCS_GUEST_RFLAGS, vcpu->rflags & ~X86_RFLAGS_RF);
    advance_directly();
    return true;
}

/* Whatever the reply, the guest goes on where it would by the usual way. */
static void assert_goes_on_alike(void)
{
    static struct snapshot at_exit;
    uint32_t bytes = 1 + (uint32_t)below(15);
    struct place usual;

    save(&at_exit);
    if (now.length != 0) {
        vcpu_direct_disarm(vcpu);
        assert_true(vcpu_resume(vcpu, NACELLE_RESUME_ADVANCE));
        usual = place();
        restore(&at_exit);
        advance_directly();
        assert_place(usual);
        assert_int_equal(usual.rip, now.rip + now.length);
        restore(&at_exit);
    }
    vcpu_direct_disarm(vcpu);
    assert_true(vcpu_resume(vcpu, NACELLE_RESUME_ADVANCE | NACELLE_RESUME_LENGTH(bytes)));
    usual = place();
    restore(&at_exit);
    if (advance_directly_by(bytes))
        assert_place(usual);
}

/* One exit by both ways, from the same state. */
static bool compare(void)
{
    static struct snapshot before, usual, direct;
    enum vcpu_disposition disposition;
    struct nacelle_exit record;
    uint32_t vector = 0;

    choose_exit();
    page->valid = 0;
    save(&before);
    disposition = vcpu_handle_exit(vcpu, &vector);
    record = page->exit;
    save(&usual);

    restore(&before);
    vcpu->direct = 1;
    model_direct = (struct vcpu_direct_message){0};
    if (setjmp(model_exit_point) == 0) {
        if (vcpu_vendor_is_svm)
            svm_direct_exit(vcpu);
        else
            vmx_direct_exit(vcpu);
    }
    assert_int_equal(model_direct.tag != 0, is_plain());
    if (is_plain()) {
        assert_int_equal(disposition, VCPU_SEND_EXIT);
        assert_told(&record);
        assert_goes_on_alike();
    } else {
        vcpu_direct_disarm(vcpu);
        assert_int_equal(vcpu_handle_exit(vcpu, &vector), disposition);
        save(&direct);
        assert_same(&usual, &direct, disposition == VCPU_SEND_EXIT);
    }
    restore(&before);
    return model_direct.tag != 0;
}

static void tells_the_same(void **state)
{
    unsigned kinds[NACELLE_EXIT_COUNT] = {0};
    unsigned direct = 0;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (compare()) {
            direct++;
            kinds[nacelle_tag_label(model_direct.tag)]++;
        }
    }
    assert_in_range(direct, ROUNDS / 8, ROUNDS * 7 / 8);
    assert_true(kinds[NACELLE_EXIT_CPUID] != 0 && kinds[NACELLE_EXIT_HLT] != 0 &&
                kinds[NACELLE_EXIT_HYPERCALL] != 0 && kinds[NACELLE_EXIT_MSR] != 0 &&
                kinds[NACELLE_EXIT_PORT] != 0 && kinds[NACELLE_EXIT_MEMORY] != 0);
}

/* --- The round trip --- */

static void guest_external(struct vcpu *v, uint32_t event)
{
    (void)event;
    if (vcpu_vendor_is_svm) {
        model_svm_exit(v, SVM_EXIT_INTR, 0, 0);
    } else {
        model_exit(v, VMX_EXIT_REASON_EXTERNAL_INTERRUPT);
        model_set_field(v, VMCS_VM_EXIT_INTERRUPTION_INFO, 0x80000030);
    }
}

static void guest_wbinvd(struct vcpu *v, uint32_t event)
{
    (void)event;
    if (vcpu_vendor_is_svm)
        model_svm_exit(v, SVM_EXIT_WBINVD, 0, 0);
    else
        model_exit(v, VMX_EXIT_REASON_WBINVD);
}

static void round_trip(void **state)
{
    uint32_t vector;

    (void)state;
    (void)vcpu_direct_take_count(vcpu);
    model_counts = (struct model_counts){0};
    assert_true(arms());
    for (unsigned i = 0; i < 3; i++) {
        advance_directly();
        assert_true(enter_directly(guest_cpuid));
        assert_int_equal(page->rip, 0xfff2 + 2 * i);
    }
    /* Any reply may take the usual way. */
    vcpu_direct_disarm(vcpu);
    assert_true(vcpu_resume(vcpu, NACELLE_RESUME_ADVANCE));
    assert_int_equal(place().rip, 0xfff8);
    assert_true(arms());
    /* Nothing is loaded, nothing flushed. */
    assert_int_equal(model_counts.rdmsr | model_counts.wrmsr | model_counts.vmptrld, 0);
    assert_int_equal(model_counts.xsetbv | model_counts.xsave | model_counts.xrstor, 0);
    assert_int_equal(model_counts.invept | model_counts.invvpid | model_counts.svm_flushes, 0);
    /* An exit that is no direct one ends it; all entries are counted, once. */
    assert_false(enter_directly(guest_external));
    vcpu_direct_disarm(vcpu);
    assert_int_equal(vcpu_handle_exit(vcpu, &vector),
                     vcpu_vendor_is_svm ? VCPU_ENTER_AGAIN : VCPU_HOST_INTERRUPT);
    assert_int_equal(vcpu_direct_take_count(vcpu), 4);
    assert_int_equal(vcpu_direct_take_count(vcpu), 0);
    /* And the usual way goes on from there. */
    run_cpuid(vcpu);
    assert_true(vcpu_resume(vcpu, NACELLE_RESUME_ADVANCE));
    assert_int_equal(place().rip, 0xfffa);
}

/* What a client fetched is no longer what the guest has, once the guest has run. */
static void fetched_groups_are_stale(void **state)
{
    uint32_t vector;

    (void)state;
    assert_int_equal(vcpu_fetch(vcpu, NACELLE_GROUP_SEGMENTS), NACELLE_ERROR_OK);
    assert_true(arms());
    assert_int_equal(page->valid, NACELLE_GROUP_IP | NACELLE_GROUP_SEGMENTS);
    assert_true(enter_directly(guest_cpuid));
    assert_int_equal(page->valid, NACELLE_GROUP_IP);
    vcpu_direct_disarm(vcpu);
    assert_int_equal(vcpu_fetch(vcpu, NACELLE_GROUP_SEGMENTS), NACELLE_ERROR_OK);
    assert_true(arms());
    assert_false(enter_directly(guest_wbinvd));
    vcpu_direct_disarm(vcpu);
    assert_int_equal(vcpu_handle_exit(vcpu, &vector), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_CACHE);
    assert_int_equal(page->valid, NACELLE_GROUP_IP);
}

/* The processor has one CR2. A page fault of a client, or what a client stored, is not the guest's
 * until it is loaded. */
static void cr2(void **state)
{
    (void)state;
    vcpu_fetch(vcpu, NACELLE_GROUP_CONTROL);
    page->cr2 = 0x1234000;
    page->dirty = NACELLE_GROUP_CONTROL;
    assert_true(vcpu_resume(vcpu, 0));
    run_cpuid(vcpu);
    assert_int_equal(x86_read_cr2(), 0x1234000);
    x86_write_cr2(0xbad000);
    if (arms()) {
        assert_int_equal(x86_read_cr2(), 0x1234000);
        assert_true(enter_directly(guest_cpuid));
    }
    vcpu_direct_disarm(vcpu);
    vcpu_fetch(vcpu, NACELLE_GROUP_CONTROL);
    assert_int_equal(page->cr2, 0x1234000);
    page->cr2 = 0x5678000;
    page->dirty = NACELLE_GROUP_CONTROL;
    assert_true(vcpu_resume(vcpu, 0));
    if (arms())
        assert_int_equal(x86_read_cr2(), 0x5678000);
}

/* --- What is in the way of arming, one at a time --- */

static void undo(void)
{
    vcpu_direct_disarm(vcpu);
    run_cpuid(vcpu);
    assert_true(arms());
    vcpu_direct_disarm(vcpu);
}

static void store(uint32_t group)
{
    page->dirty = group;
    assert_true(vcpu_resume(vcpu, 0));
}

static void pending_work(void **state)
{
    (void)state;
    assert_int_equal(vcpu_inject(vcpu, NACELLE_EVENT_NMI | 2, 0, 0), NACELLE_ERROR_OK);
    assert_false(arms());
    run_cpuid(vcpu); /* it is delivered */
    vcpu_cancel(vcpu, NACELLE_EVENT_NMI >> 8);
    undo();

    vcpu_fetch(vcpu, NACELLE_GROUP_EVENTS);
    page->windows = NACELLE_WINDOW_INTERRUPT;
    store(NACELLE_GROUP_EVENTS);
    assert_false(arms());
    page->windows = 0;
    store(NACELLE_GROUP_EVENTS);
    undo();

    vcpu->vm->generation++; /* a mapping was removed */
    assert_false(arms());
    undo();

    vcpu->consumes = 1; /* prepared with an event, not entered */
    assert_false(arms());
    vcpu->consumes = 0;
    undo();
}

static void guest_invlpg(struct vcpu *v, uint32_t event)
{
    (void)event;
    if (vcpu_vendor_is_svm)
        model_svm_exit(v, SVM_EXIT_INVLPG, 0, 0);
    else
        model_exit(v, VMX_EXIT_REASON_INVLPG);
}

static void pending_flush(void **state)
{
    (void)state;
    assert_int_equal(model_run(vcpu, guest_invlpg, NULL), VCPU_SEND_EXIT);
    assert_false(arms());
    undo();
}

static void state_of_others(void **state)
{
    struct vcpu *other = model_vcpu(vm);

    (void)state;
    undo();
    vcpu_fpu_save(vcpu); /* somebody else's FPU state */
    assert_false(arms());
    undo();

    run_cpuid(other);
    assert_false(arms());
    undo();

    vcpu_fetch(other, NACELLE_GROUP_SEGMENTS); /* another control structure is current */
    assert_false(arms());
    undo();

    vcpu_hidden_save(vcpu); /* its debug registers and MSRs are not loaded */
    assert_false(arms());
    undo();

    run_cpuid(other);
    vcpu_fetch(vcpu, NACELLE_GROUP_SEGMENTS); /* the control structure is current again, no more */
    assert_ptr_equal(model_cpu->engine.current, vcpu);
    assert_false(arms());
    undo();

    /* On another CPU nothing of it is there. */
    model_switch_cpu(1);
    assert_false(arms());
    model_switch_cpu(0);
    undo();
}

static void not_plain(void **state)
{
    static const uint64_t flags[] = {X86_RFLAGS_TF, X86_RFLAGS_RF};
    static const uint64_t crossing[] = {0xfffffffe, 0xffffffff, 0x1fffffffe};

    (void)state;
    for (unsigned i = 0; i < COUNT(flags); i++) {
        vcpu_fetch(vcpu, NACELLE_GROUP_IP);
        page->rflags |= flags[i];
        store(NACELLE_GROUP_IP);
        assert_false(arms());
        page->rflags &= ~flags[i];
        store(NACELLE_GROUP_IP);
        undo();
    }
    for (unsigned i = 0; i < COUNT(crossing); i++) {
        vcpu_fetch(vcpu, NACELLE_GROUP_IP);
        page->rip = crossing[i];
        store(NACELLE_GROUP_IP);
        assert_false(arms());
        page->rip = 0xfff0;
        store(NACELLE_GROUP_IP);
        undo();
    }
    for (uint32_t shadow = 1; shadow <= 2; shadow++) {
        if (vcpu_vendor_is_svm)
            vmcb()->control.interrupt_shadow = 1;
        else
            model_set_field(vcpu, VMCS_GUEST_INTERRUPTIBILITY_STATE, shadow);
        assert_false(arms());
        assert_true(vcpu_resume(vcpu, NACELLE_RESUME_ADVANCE));
        undo();
    }
}

static void vmx_alone(void **state)
{
    struct vcpu *fresh = model_vcpu(vm);

    (void)state;
    undo();
    assert_false(vcpu_direct_arm(vcpu, CLIENT_CR3 + 0x1000)); /* HOST_CR3 would have to change */
    undo();
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_DEBUG_REGISTERS, 0), NACELLE_ERROR_OK);
    run_cpuid(vcpu);
    assert_false(arms()); /* DR6 has to be loaded */
    assert_int_equal(vcpu_set_control(vcpu, NACELLE_CONTROL_DEBUG_REGISTERS, 1), NACELLE_ERROR_OK);
    undo();
    /* An entry that was refused has not launched. */
    vcpu = fresh;
    page = vcpu_state(fresh);
    assert_false(arms());
    model_refuse = 7;
    assert_int_equal(model_run(vcpu, guest_cpuid, NULL), VCPU_SEND_EXIT);
    assert_int_equal(page->exit.kind, NACELLE_EXIT_ENTRY_REFUSED);
    assert_false(arms());
    undo();
}

static void svm_alone(void **state)
{
    struct vcpu *fresh = model_vcpu(vm);

    (void)state;
    undo();
    svm_cpu_of(&model_cpu->engine)->flush_all = true;
    assert_false(arms());
    undo();
    svm_cpu_of(&model_cpu->engine)->asid_generation++; /* all ASIDs were given out anew */
    assert_false(arms());
    undo();
    vcpu->svm.activity = NACELLE_ACTIVITY_HLT;
    assert_false(arms());
    vcpu->svm.activity = NACELLE_ACTIVITY_ACTIVE;
    undo();
    vcpu->svm.pending_debug = X86_DR6_BS;
    assert_false(arms());
    vcpu->svm.pending_debug = 0;
    undo();
    vcpu->svm.soft_length = 2;
    assert_false(arms());
    vcpu->svm.soft_length = 0;
    undo();
    vcpu->svm.iret_seen = true; /* IRET is being let through to see the end of NMI blocking */
    assert_false(arms());
    vcpu->svm.iret_seen = false;
    vcpu->svm.stepping = true;
    assert_false(arms());
    vcpu->svm.stepping = false;
    undo();
    vmcb()->control.event_injection = NACELLE_EVENT_VALID | NACELLE_EVENT_NMI | 2;
    assert_false(arms());
    vmcb()->control.event_injection = 0;
    undo();
    /* The flush of the entry before is not repeated. */
    vcpu->vm->generation++;
    run_cpuid(vcpu);
    assert_true(arms());
    model_counts = (struct model_counts){0};
    assert_true(enter_directly(guest_cpuid));
    assert_int_equal(model_counts.svm_flushes, 0);
    vcpu_direct_disarm(vcpu);
    vcpu = fresh;
    page = vcpu_state(fresh);
    assert_false(arms());
    undo();
}

#define BOTH(test) cmocka_unit_test_setup(test, setup_vmx), cmocka_unit_test_setup(test, setup_svm)

static const struct CMUnitTest tests[] = {
    BOTH(tells_the_same),
    cmocka_unit_test_setup(tells_the_same, setup_qemu),
    BOTH(round_trip),
    BOTH(fetched_groups_are_stale),
    BOTH(cr2),
    BOTH(pending_work),
    BOTH(pending_flush),
    BOTH(state_of_others),
    BOTH(not_plain),
    cmocka_unit_test_setup(vmx_alone, setup_vmx),
    cmocka_unit_test_setup(svm_alone, setup_svm),
};

TEST_MAIN(tests)
