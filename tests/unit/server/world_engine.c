/* SPDX-License-Identifier: BSD-2-Clause */
/* A fake of the engine (vcpu/vcpu.h) that remembers what it was told and checks that it may be
 * told. */
#include "world.h"

#include <vcpu/direct.h>
#include <vcpu/mitigations.h>

#define FAKE_MAPPINGS 64

struct vm {
    uint64_t magic;
    unsigned mapping_count;
    struct {
        uint64_t gpa;
        unsigned size;
    } mappings[FAKE_MAPPINGS];
};

_Static_assert(sizeof(struct vm) <= VM_HOST_OFFSET, "fits before the host's part");

struct vcpu {
    struct vm *vm;
    bool loaded;
    bool direct; /* armed */
    uint64_t direct_entries;
    uint64_t general[16];
    uint64_t apic;
};

#define VM_MAGIC 0x766d

struct vcpu_exit_to_come {
    enum vcpu_disposition disposition;
    uint32_t number;
};

extern struct vcpu_exit_to_come exit_to_come;

struct vcpu_exit_to_come exit_to_come;

bool world_lacks_apic;

uint64_t fake_vcpu_apic(const struct vcpu *vcpu)
{
    return vcpu->apic;
}

unsigned fake_vm_mappings(const struct vm *vm)
{
    return vm->mapping_count;
}

struct vm *vm_create(void *memory, size_t size)
{
    const uint64_t *words = memory;
    struct vm *vm = memory;

    for (size_t i = 0; i < size / sizeof(*words); i++) {
        assert_int_equal(words[i], 0);
    }
    vm->magic = VM_MAGIC;
    return vm;
}

void vm_destroy(struct vm *vm)
{
    assert_int_equal(vm->magic, VM_MAGIC);
    assert_int_equal(vm->mapping_count, 0);
    vm->magic = 0;
}

enum nacelle_error vm_map(struct vm *vm, uint64_t gpa, uint64_t physical, unsigned size_bits,
                          unsigned rights, uint64_t flags)
{
    uint64_t bytes = 1ull << size_bits;

    assert_int_equal(vm->magic, VM_MAGIC);
    assert_int_equal(physical & (bytes - 1), 0);
    assert_int_equal(rights & ~7u, 0);
    if ((flags & ~(uint64_t)NACELLE_MAP_UNCACHED) != 0 || (rights & NACELLE_RIGHT_READ) == 0) {
        return NACELLE_ERROR_INVALID_ARGUMENT;
    }
    if ((gpa & (bytes - 1)) != 0) {
        return NACELLE_ERROR_UNALIGNED;
    }
    if (gpa >= 1ull << 39) {
        return NACELLE_ERROR_OUT_OF_RANGE;
    }
    for (unsigned i = 0; i < vm->mapping_count; i++) {
        if (gpa < vm->mappings[i].gpa + (1ull << vm->mappings[i].size) &&
            vm->mappings[i].gpa < gpa + bytes) {
            return NACELLE_ERROR_OVERLAP;
        }
    }
    if (vm->mapping_count == FAKE_MAPPINGS) {
        return NACELLE_ERROR_NO_TABLE_MEMORY;
    }
    vm->mappings[vm->mapping_count].gpa = gpa;
    vm->mappings[vm->mapping_count++].size = size_bits;
    return NACELLE_ERROR_OK;
}

enum nacelle_error vm_unmap(struct vm *vm, uint64_t gpa, unsigned size_bits)
{
    assert_int_equal(vm->magic, VM_MAGIC);
    for (unsigned i = 0; i < vm->mapping_count; i++) {
        if (vm->mappings[i].gpa == gpa && vm->mappings[i].size == size_bits) {
            vm->mappings[i] = vm->mappings[--vm->mapping_count];
            return NACELLE_ERROR_OK;
        }
    }
    assert_true(false); /* nothing is mapped there */
    return NACELLE_ERROR_NOT_MAPPED;
}

void vm_open_ports(struct vm *vm, uint16_t first, uint16_t last)
{
    assert_int_equal(vm->magic, VM_MAGIC);
    assert_true(first <= last);
}

void vm_close_ports(struct vm *vm, uint16_t first, uint16_t last)
{
    vm_open_ports(vm, first, last);
}

enum nacelle_error vm_open_msr(struct vm *vm, uint32_t msr, unsigned rights)
{
    assert_int_equal(vm->magic, VM_MAGIC);
    (void)rights;
    return msr == 0x10 ? NACELLE_ERROR_OK : NACELLE_ERROR_MSR_NOT_OPENABLE;
}

enum nacelle_error vm_close_msr(struct vm *vm, uint32_t msr)
{
    return vm_open_msr(vm, msr, 0);
}

struct vcpu *vcpu_create(void *memory)
{
    const uint64_t *words = memory;

    for (size_t i = 0; i < (1u << NACELLE_SIZE_VCPU) / sizeof(*words); i++) {
        assert_int_equal(words[i], 0);
    }
    return (struct vcpu *)(void *)((char *)memory + VCPU_STRUCT_OFFSET);
}

/* The VM of a vCPU that is used must be the one that its object names. */
static void check_vm(struct vcpu *vcpu)
{
    const struct vcpu_object *object = vcpu_object_of(vcpu);

    assert_int_equal(object->vm.type, NACELLE_TYPE_VM);
    assert_ptr_equal(object->vm.object, vcpu->vm);
    assert_int_equal(vcpu->vm->magic, VM_MAGIC);
}

void vcpu_attach(struct vcpu *vcpu, struct vm *vm)
{
    assert_int_equal(vm->magic, VM_MAGIC);
    assert_false(vcpu->loaded);
    assert_false(vcpu->direct);
    vcpu->direct_entries = 0;
    vcpu->apic = 0;
    vcpu->vm = vm;
}

void vcpu_unload(struct vcpu *vcpu)
{
    assert_false(vcpu->direct);
    vcpu->loaded = false;
    if (host_cpu.engine.current == vcpu) {
        host_cpu.engine.current = NULL;
    }
}

enum nacelle_error vcpu_get_register(struct vcpu *vcpu, uint64_t index, uint64_t *value)
{
    check_vm(vcpu);
    if (index > 15) {
        return NACELLE_ERROR_INVALID_REGISTER;
    }
    *value = vcpu->general[index];
    return NACELLE_ERROR_OK;
}

enum nacelle_error vcpu_set_register(struct vcpu *vcpu, uint64_t index, uint64_t value)
{
    check_vm(vcpu);
    if (index > 15) {
        return NACELLE_ERROR_INVALID_REGISTER;
    }
    vcpu->general[index] = value;
    return NACELLE_ERROR_OK;
}

enum nacelle_error vcpu_fetch(struct vcpu *vcpu, uint32_t groups)
{
    check_vm(vcpu);
    assert_false(vcpu->direct);
    vcpu_state(vcpu)->valid |= groups;
    return NACELLE_ERROR_OK;
}

enum nacelle_error vcpu_store(struct vcpu *vcpu, uint32_t groups, struct vcpu_refusal *refusal)
{
    check_vm(vcpu);
    assert_false(vcpu->direct);
    if ((groups & NACELLE_GROUP_DEBUG) != 0) {
        *refusal = (struct vcpu_refusal){NACELLE_GROUP_DEBUG, 22};
        return NACELLE_ERROR_INVALID_STATE;
    }
    return NACELLE_ERROR_OK;
}

enum nacelle_error vcpu_inject(struct vcpu *vcpu, uint32_t event, uint32_t error, uint32_t length)
{
    check_vm(vcpu);
    assert_false(vcpu->direct);
    (void)error;
    (void)length;
    return (event & NACELLE_EVENT_VALID) != 0 ? NACELLE_ERROR_OK : NACELLE_ERROR_INVALID_EVENT;
}

bool vcpu_cancel(struct vcpu *vcpu, uint32_t event_type)
{
    check_vm(vcpu);
    assert_false(vcpu->direct);
    return event_type == 0;
}

enum nacelle_error vcpu_set_control(struct vcpu *vcpu, uint64_t control, uint64_t value)
{
    check_vm(vcpu);
    assert_false(vcpu->direct);
    return control >= NACELLE_CONTROL_COUNT || value > 1 ? NACELLE_ERROR_INVALID_ARGUMENT
                                                         : NACELLE_ERROR_OK;
}

enum nacelle_error vcpu_set_apic(struct vcpu *vcpu, uint64_t physical)
{
    check_vm(vcpu);
    assert_false(vcpu->direct);
    if (physical != 0 && world_lacks_apic) {
        return NACELLE_ERROR_UNSUPPORTED;
    }
    vcpu->apic = physical;
    return NACELLE_ERROR_OK;
}

bool vcpu_resume(struct vcpu *vcpu, uint32_t flags)
{
    check_vm(vcpu);
    assert_false(vcpu->direct);
    if ((flags & 0x80) != 0) { /* the tests' way to ask for a refusal */
        vcpu_state(vcpu)->exit.kind = NACELLE_EXIT_ENTRY_REFUSED;
        return false;
    }
    return true;
}

void vcpu_set_slice(struct vcpu_cpu *cpu, struct vcpu *vcpu, uint64_t ticks)
{
    (void)cpu;
    (void)vcpu;
    (void)ticks;
}

bool vcpu_prepare(struct vcpu_cpu *cpu, struct vcpu *vcpu, uint64_t cr3)
{
    (void)cpu;
    check_vm(vcpu);
    assert_false(vcpu->direct);
    assert_int_equal(cr3, host_cpu.cr3);
    assert_int_equal(cr3, machine.cr3 != 0 ? machine.cr3 : cr3);
    assert_null(host_cpu.fpu_thread);
    if (host_cpu.engine.fpu_owner != NULL) {
        vcpu_fpu_save(host_cpu.engine.fpu_owner);
    }
    vcpu->loaded = true;
    host_cpu.engine.current = vcpu;
    host_cpu.engine.fpu_owner = vcpu;
    memcpy(machine.fpu, (char *)vcpu_state(vcpu) + VCPU_XSAVE_OFFSET, sizeof(machine.fpu));
    return true;
}

enum vcpu_disposition vcpu_handle_exit(struct vcpu *vcpu, uint32_t *vector)
{
    struct nacelle_exit *record = &vcpu_state(vcpu)->exit;

    check_vm(vcpu);
    assert_false(vcpu->direct);
    *vector = exit_to_come.number;
    if (exit_to_come.disposition == VCPU_SEND_EXIT) {
        record->kind = NACELLE_EXIT_CPUID;
        record->number = exit_to_come.number;
    }
    return exit_to_come.disposition;
}

void vcpu_record_poke(struct vcpu *vcpu)
{
    vcpu_state(vcpu)->exit.kind = NACELLE_EXIT_POKE;
}

void vcpu_fpu_save(struct vcpu *vcpu)
{
    assert_ptr_equal(host_cpu.engine.fpu_owner, vcpu);
    assert_false(vcpu->direct);
    memcpy((char *)vcpu_state(vcpu) + VCPU_XSAVE_OFFSET, machine.fpu, sizeof(machine.fpu));
    host_cpu.engine.fpu_owner = NULL;
}

uint32_t vcpu_mitigations = X86_MITIGATION_IBPB;

/* --- The direct way --- */

bool world_arms;
const uint32_t vcpu_direct_dirty = 1;

bool vcpu_direct_arm(struct vcpu *vcpu, uint64_t cr3)
{
    check_vm(vcpu);
    assert_int_equal(cr3, host_cpu.cr3);
    assert_false(vcpu->direct);
    vcpu->direct = world_arms && host_cpu.engine.fpu_owner == vcpu &&
                   host_cpu.engine.current == vcpu;
    return vcpu->direct;
}

void vcpu_direct_disarm(struct vcpu *vcpu)
{
    check_vm(vcpu);
    assert_true(vcpu->direct);
    vcpu->direct = false;
}

struct vcpu_counts vcpu_counts(const struct vcpu *vcpu)
{
    (void)vcpu;
    return (struct vcpu_counts){
        .guest_ticks = 41, .answered_cpuid = 42, .answered_msr = 43, .answered_port = 44};
}

uint64_t vcpu_direct_take_count(struct vcpu *vcpu)
{
    uint64_t count = vcpu->direct_entries;

    vcpu->direct_entries = 0;
    return count;
}

void fake_direct_entry(struct vcpu *vcpu)
{
    check_vm(vcpu);
    assert_true(vcpu->direct);
    assert_ptr_equal(host_cpu.engine.current, vcpu);
    assert_ptr_equal(host_cpu.engine.fpu_owner, vcpu);
    assert_true((machine.cr0 & FAKE_TS) != 0);
    vcpu->direct_entries++;
}

bool fake_is_direct(const struct vcpu *vcpu)
{
    return vcpu->direct;
}

enum nacelle_error vm_answer(struct vm *vm, uint64_t key, uint64_t subleaf, uint64_t eax_ebx,
                             uint64_t ecx_edx)
{
    (void)subleaf;
    (void)eax_ebx;
    (void)ecx_edx;
    assert_int_equal(vm->magic, VM_MAGIC);
    return key == 0 ? NACELLE_ERROR_INVALID_ARGUMENT : NACELLE_ERROR_OK;
}

enum nacelle_error vm_forget(struct vm *vm, uint64_t key, uint64_t subleaf)
{
    (void)subleaf;
    assert_int_equal(vm->magic, VM_MAGIC);
    return key == 0 ? NACELLE_ERROR_NOT_MAPPED : NACELLE_ERROR_OK;
}
