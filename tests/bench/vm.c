/* SPDX-License-Identifier: BSD-2-Clause */
/* VMs that differ from each other and from the host in everything that a guest can set. */
#include "vm.h"

#include "bench.h"

#include <cpuid.h>
#include <runtime/aspace.h>
#include <runtime/client.h>
#include <runtime/cspace.h>
#include <runtime/string.h>
#include <runtime/vcpu.h>
#include <runtime/vm.h>
#include <x86/control.h>
#include <x86/descriptor.h>
#include <x86/paging.h>

#define PAGE       4096ull
#define READ_WRITE (NACELLE_RIGHT_READ | NACELLE_RIGHT_WRITE)

#define GDT_CODE64 0x00af9b000000ffffull
#define GDT_DATA   0x00cf93000000ffffull
#define GATE64     0x8e0000000000ull /* present interrupt gate */

struct bench_vm bench_vms[BENCH_VMS];
uint64_t bench_endpoint;
uint8_t *bench_memory;

static unsigned made;
static uint64_t memory_frame;
static bool has_xsave, has_tsc_aux;
static uint64_t host_xcr0;

static void read_processor(void)
{
    uint32_t eax, ebx, ecx, edx;

    __cpuid(1, eax, ebx, ecx, edx);
    has_xsave = ecx >> 27 & 1; /* OSXSAVE: the server uses it, so there is an XCR0 to read */
    __cpuid(0x80000001, eax, ebx, ecx, edx);
    has_tsc_aux = edx >> 27 & 1;
    if (has_xsave) {
        __asm__ volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
        host_xcr0 = (uint64_t)edx << 32 | eax;
    }
}

/* Code, and tables for 64-bit mode. */
static void fill_memory(void)
{
    const uint64_t handler = (uint64_t)guest_handler;
    const size_t size = (uintptr_t)guest_end - (uintptr_t)guest_begin;
    uint8_t *code = bench_guest((uint64_t)guest_begin);
    uint64_t *gate, *tables;

    memcpy(code, guest_begin, size);
    nacelle_choose_hypercalls(code, size);
    tables = bench_guest(GUEST_TABLES);
    tables[0] = (GUEST_TABLES + PAGE) | X86_PTE_PRESENT | X86_PTE_WRITE;
    tables[512] = (GUEST_TABLES + 2 * PAGE) | X86_PTE_PRESENT | X86_PTE_WRITE;
    for (unsigned i = 0; i < 8; i++)
        tables[1024 + i] = (uint64_t)i << NACELLE_SIZE_LARGE | X86_PTE_PRESENT | X86_PTE_WRITE |
                           X86_PTE_PAGE;
    tables = bench_guest(GUEST_GDT);
    tables[1] = GDT_CODE64;
    tables[2] = GDT_DATA;
    gate = bench_guest(GUEST_IDT + 16 * GUEST_VECTOR);
    gate[0] = (handler & 0xffff) | 1 << 19 | GATE64 | (handler & 0xffff0000) << 32;
    gate[1] = handler >> 32;
}

void bench_vms_init(void)
{
    bench_endpoint = nacelle_pool_need(&bench_pool, NACELLE_TYPE_ENDPOINT, NACELLE_SIZE_ENDPOINT);
    memory_frame = nacelle_pool_need(&bench_pool, NACELLE_TYPE_FRAME, NACELLE_SIZE_LARGE);
    bench_memory = (uint8_t *)nacelle_pool_address(&bench_pool, 1 << NACELLE_SIZE_LARGE,
                                                   1 << NACELLE_SIZE_LARGE);
    nacelle_check(
        nacelle_aspace_map(NACELLE_CLIENT_ASPACE, memory_frame, (uint64_t)bench_memory, READ_WRITE),
        "map the guest's memory");
    read_processor();
    fill_memory();
}

static uint64_t some(unsigned number, unsigned item)
{
    return ((uint64_t)number * 64 + item + 1) * 0x9e3779b97f4a7c15ull >> 18; /* canonical */
}

static void fill_state(const struct bench_vm *vm, unsigned number)
{
    struct nacelle_vcpu_state *state = vm->state;

    nacelle_check(nacelle_vcpu_fetch(vm->vcpu, NACELLE_GROUPS_ALL), "fetch");
    state->rip = (uint64_t)guest_cpuid;
    state->rsp = GUEST_STACK;
    state->rflags = X86_RFLAGS_FIXED;
    for (unsigned i = NACELLE_ES; i <= NACELLE_GS; i++)
        state->segments[i] = (struct nacelle_segment){
            .selector = i == NACELLE_CS ? 8 : 16,
            .rights = i == NACELLE_CS ? X86_AR_CODE64 : X86_AR_DATA32,
            .base = i == NACELLE_FS || i == NACELLE_GS ? some(number, i) : 0,
            .limit = 0xffffffff,
        };
    state->gdtr.base = GUEST_GDT;
    state->gdtr.limit = 23;
    state->idtr.base = GUEST_IDT;
    state->idtr.limit = 0xfff;
    state->cr0 = X86_CR0_PE | X86_CR0_PG | X86_CR0_ET | X86_CR0_NE;
    state->cr2 = some(number, 8);
    state->cr3 = GUEST_TABLES;
    state->cr4 = X86_CR4_PAE | X86_CR4_OSFXSR | (has_xsave ? X86_CR4_OSXSAVE : 0);
    state->cr0_shadow = state->cr0;
    state->cr4_shadow = state->cr4;
    state->efer = X86_EFER_LME | X86_EFER_LMA;
    /* Unlike the host's, and unlike the neighbour's, where the processor leaves a choice. */
    state->xcr0 = X86_XCR0_X87;
    if (has_xsave && number % 2 == 0)
        state->xcr0 = X86_XCR0_X87 | X86_XCR0_SSE;
    else if (has_xsave)
        state->xcr0 = host_xcr0;
    state->star = some(number, 9);
    state->lstar = some(number, 10);
    state->cstar = some(number, 11);
    state->fmask = some(number, 12) & 0x3fffffff;
    state->kernel_gs_base = some(number, 13);
    state->sysenter_cs = some(number, 14) & 0xfff8;
    state->sysenter_esp = some(number, 15);
    state->sysenter_eip = some(number, 16);
    state->tsc_aux = has_tsc_aux ? some(number, 17) & 0x3fffffff : 0;
    /* Breakpoints where nothing is executed. */
    for (unsigned i = 0; i < 4; i++)
        state->dr[i] = some(number, 18 + i) | 1ull << 45;
    state->dr7 = X86_DR7_RESET | 1u << (number % 4 * 2);
    for (unsigned i = 160; i < 160 + 256; i++) /* XMM registers (SDM vol. 1, 13.4.1) */
        state->fpu[i] = (uint8_t)some(number, i);
    state->fpu[512] = X86_XCR0_X87 | X86_XCR0_SSE;
    nacelle_check(nacelle_vcpu_store(vm->vcpu, NACELLE_GROUPS_ALL), "store");
}

static void make_vm(struct bench_vm *vm, unsigned number)
{
    uint64_t state = nacelle_pool_address(&bench_pool, PAGE, PAGE), copy = 0;
    struct nacelle_message message = {0};

    vm->vm = nacelle_pool_need(&bench_pool, NACELLE_TYPE_VM, NACELLE_SIZE_VM_MIN);
    vm->vcpu = nacelle_pool_need(&bench_pool, NACELLE_TYPE_VCPU, NACELLE_SIZE_VCPU);
    vm->state = (struct nacelle_vcpu_state *)state;
    nacelle_check(nacelle_aspace_map(NACELLE_CLIENT_ASPACE, vm->vcpu, state, READ_WRITE),
                  "map a state page");
    nacelle_check(nacelle_pool_slots(&bench_pool, 1, &copy), "slot");
    nacelle_check(
        nacelle_cspace_copy(NACELLE_CLIENT_CSPACE, copy, memory_frame, NACELLE_RIGHTS_ALL, 0),
        "copy a frame");
    nacelle_check(nacelle_vm_map(vm->vm, copy, GUEST_MEMORY, READ_WRITE | NACELLE_RIGHT_EXECUTE),
                  "map into a VM");
    nacelle_check(nacelle_vcpu_configure(vm->vcpu, vm->vm, bench_endpoint), "configure");
    nacelle_check(nacelle_vcpu_set_priority(vm->vcpu, bench_info->priority - 1, 0), "priority");
    fill_state(vm, number);
    nacelle_check(nacelle_vcpu_resume(vm->vcpu), "start a vCPU");
    nacelle_check(nacelle_receive(bench_endpoint, &message), "its first exit");
    if (!nacelle_from_kernel(&message, NACELLE_EXIT_CPUID))
        bench_fail("the first exit of a vCPU");
}

void bench_vms_make(unsigned count)
{
    for (; made < count; made++)
        make_vm(&bench_vms[made], made);
}

void bench_vms_sizes(void)
{
    struct nacelle_identity identity = {0};

    nacelle_check(nacelle_cspace_identify(NACELLE_CLIENT_CSPACE, bench_vms[0].vm, &identity),
                  "size of a VM");
    bench_size("memory_vm", 1ull << identity.size);
    nacelle_check(nacelle_cspace_identify(NACELLE_CLIENT_CSPACE, bench_vms[0].vcpu, &identity),
                  "size of a vCPU");
    bench_size("memory_vcpu", 1ull << identity.size);
}

void bench_vm_set(struct bench_vm *vm, const uint8_t *rip)
{
    struct nacelle_message message = {0};

    /* Whoever has received an exit runs with the vCPU's priority until it lets go. */
    (void)nacelle_poll(bench_endpoint, &message);
    nacelle_check(nacelle_vcpu_fetch(vm->vcpu, NACELLE_GROUP_IP), "fetch");
    vm->state->rip = (uint64_t)rip;
    vm->state->rsp = GUEST_STACK;
    vm->state->rflags = X86_RFLAGS_FIXED;
    vm->state->dirty = NACELLE_GROUP_IP | NACELLE_GROUP_RSP;
}

struct nacelle_message bench_vm_start(struct bench_vm *vm, const uint8_t *rip, uint32_t kind)
{
    struct nacelle_message message = {0};

    bench_vm_set(vm, rip);
    nacelle_check(nacelle_vcpu_resume(vm->vcpu), "resume");
    nacelle_check(nacelle_receive(bench_endpoint, &message), "receive");
    if (!nacelle_from_kernel(&message, kind))
        bench_fail("the first exit of a loop");
    return message;
}
