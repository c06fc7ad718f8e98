/* SPDX-License-Identifier: BSD-2-Clause */
#include "cpu.h"

#include "clock.h"
#include "console.h"
#include "server.h"
#include <stddef.h>
#include <x86/control.h>
#include <x86/cpuid.h>
#include <x86/insn.h>
#include <x86/msr.h>
#include <x86/paging.h>

#define CPU_OFFSET(member, offset) \
    _Static_assert(offsetof(struct cpu, member) == (offset), "offset for assembly")

CPU_OFFSET(pair.direct, CPU_DIRECT);
CPU_OFFSET(current, CPU_CURRENT);
CPU_OFFSET(cr3, CPU_CR3);
CPU_OFFSET(charged, CPU_CHARGED);
CPU_OFFSET(tss, CPU_TSS);
_Static_assert(offsetof(struct scheduling, link) == 0, "for assembly");

#define STUB_SIZE 16
extern char trap_stubs[];

/*
 * All 256 gates, though most are not present: after a VM exit the IDT's limit is 64 KiB (SDM vol 3
 * 27.5.2), and what lies behind a shorter table would be taken for gates by INT n.
 */
static struct x86_gate64 idt[256];

/* Stacks of their own: where a trap may come while no other stack can be trusted. */
static const struct {
    uint8_t vector;
    uint8_t ist;
    uint32_t stack;
} own_stacks[] = {
    {1, 1, CPU_STACK_DEBUG},
    {2, 2, CPU_STACK_NMI},
    {8, 3, CPU_STACK_DOUBLE_FAULT},
    {18, 4, CPU_STACK_MACHINE_CHECK},
};

static uint64_t region_of(const struct cpu *cpu)
{
    return (uint64_t)cpu - CPU_DATA;
}

static void init_idt(void)
{
    for (unsigned vector = 0; vector < VECTOR_COUNT; vector++) {
        uint8_t ist = 0;

        for (unsigned i = 0; i < sizeof(own_stacks) / sizeof(*own_stacks); i++) {
            if (own_stacks[i].vector == vector) {
                ist = own_stacks[i].ist;
            }
        }
        idt[vector] = x86_gate64((uint64_t)trap_stubs + (uint64_t)vector * STUB_SIZE,
                                 SELECTOR_KERNEL_CODE, X86_TYPE_INTERRUPT_GATE, 0, ist);
    }
}

static void init_descriptors(struct cpu *cpu)
{
    uint64_t *gdt = (uint64_t *)(region_of(cpu) + CPU_GDT);
    uint32_t code = X86_AR_CODE64 & ~X86_AR_DPL_MASK;
    uint32_t data = X86_AR_DATA32 & ~X86_AR_DPL_MASK;
    uint32_t user = 3u << X86_AR_DPL_SHIFT;
    struct x86_system_descriptor tss =
        x86_system_descriptor((uint64_t)&cpu->tss, sizeof(cpu->tss) - 1, X86_AR_P | X86_TYPE_TSS);
    struct x86_table_pointer gdt_pointer = {GDT_ENTRIES * 8 - 1, (uint64_t)gdt};
    struct x86_table_pointer idt_pointer = {sizeof(idt) - 1, (uint64_t)idt};

    gdt[SELECTOR_KERNEL_CODE / 8] = x86_descriptor(0, 0xffffffff, code);
    gdt[SELECTOR_KERNEL_STACK / 8] = x86_descriptor(0, 0xffffffff, data);
    /* No 32-bit code for clients: the slot is there because SYSEXIT counts it. */
    gdt[SELECTOR_USER_STACK32 / 8] = x86_descriptor(0, 0xffffffff, data | user);
    gdt[SELECTOR_USER_CODE / 8] = x86_descriptor(0, 0xffffffff, code | user);
    gdt[SELECTOR_USER_STACK / 8] = x86_descriptor(0, 0xffffffff, data | user);
    gdt[SELECTOR_TSS / 8] = tss.low;
    gdt[SELECTOR_TSS / 8 + 1] = tss.high;

    cpu->tss.io_map_base = sizeof(cpu->tss); /* no port is open to user level */
    for (unsigned i = 0; i < sizeof(own_stacks) / sizeof(*own_stacks); i++) {
        cpu->tss.ist[own_stacks[i].ist - 1] = region_of(cpu) + own_stacks[i].stack;
    }
    x86_lgdt(&gdt_pointer);
    x86_lidt(&idt_pointer);
    x86_ltr(SELECTOR_TSS);
    x86_lldt(0); /* reset leaves one at address 0 (SDM vol 3 9.1.1), which clients can map */

    /* The boot code's selector 8 is the same kind of segment: CS needs no reload. */
}

/* Control-register bits that are used when the processor has them (CPUID.7.EBX). */
static const struct {
    uint32_t feature;
    uint64_t cr4;
} protections[] = {
    {1u << 7, X86_CR4_SMEP},
    {1u << 20, X86_CR4_SMAP},
};

static void init_control_registers(void)
{
    uint64_t cr4 = X86_CR4_PAE | X86_CR4_PGE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT;
    uint32_t features = x86_cpuid(0, 0).eax >= 7 ? x86_cpuid(7, 0).ebx : 0;

    for (unsigned i = 0; i < sizeof(protections) / sizeof(*protections); i++) {
        if ((features & protections[i].feature) != 0) {
            cr4 |= protections[i].cr4;
        }
    }
    if ((x86_cpuid(7, 0).ecx & 1u << 2) != 0 && x86_cpuid(0, 0).eax >= 7) {
        cr4 |= X86_CR4_UMIP;
    }
    if ((x86_cpuid(1, 0).ecx & 1u << 26) != 0) {
        cr4 |= X86_CR4_OSXSAVE;
    }
    x86_write_cr4(cr4);
    x86_write_cr0(X86_CR0_PE | X86_CR0_MP | X86_CR0_ET | X86_CR0_NE | X86_CR0_WP | X86_CR0_AM |
                  X86_CR0_PG);
    if ((cr4 & X86_CR4_OSXSAVE) != 0) {
        x86_xsetbv(0, X86_XCR0_X87 | X86_XCR0_SSE);
    }
}

/* What of the caller's flags SYSCALL clears: all that a ring-0 program is sensitive to. */
#define SYSCALL_CLEARS                                                                 \
    (X86_RFLAGS_TF | X86_RFLAGS_IF | X86_RFLAGS_DF | X86_RFLAGS_IOPL | X86_RFLAGS_NT | \
     X86_RFLAGS_AC)

/*
 * Clients enter by SYSENTER where the transitions to and from a guest switch its MSRs, and by
 * SYSCALL where VMLOAD switches those (there SYSENTER is no instruction of 64-bit code, APM vol 3).
 * The other way is closed.
 */
static void init_system_calls(const struct cpu *cpu)
{
    bool by_syscall = x86_feature_present(x86_cpuid_read, NULL, X86_FEATURE_SVM);

    x86_wrmsr(X86_MSR_SYSENTER_CS, by_syscall ? 0 : SELECTOR_KERNEL_CODE);
    x86_wrmsr(X86_MSR_SYSENTER_ESP, by_syscall ? 0 : (uint64_t)cpu);
    x86_wrmsr(X86_MSR_SYSENTER_EIP, by_syscall ? 0 : (uint64_t)vcpu_direct_sysenter);
    if (by_syscall) {
        x86_wrmsr(X86_MSR_STAR,
                  (uint64_t)SELECTOR_KERNEL_CODE << 32 | (uint64_t)SELECTOR_USER_CODE32 << 48);
        x86_wrmsr(X86_MSR_LSTAR, syscall_stub(cpu));
        x86_wrmsr(X86_MSR_CSTAR, syscall_stub(cpu)); /* there are no 32-bit clients */
        x86_wrmsr(X86_MSR_FMASK, SYSCALL_CLEARS);
        x86_wrmsr(X86_MSR_EFER, x86_rdmsr(X86_MSR_EFER) | X86_EFER_SCE);
    }
}

void cpu_init(struct cpu *cpu, unsigned number)
{
    cpu->number = number;
    cpu->cr3 = server_root;
    fastpath_init(cpu);
    for (unsigned i = 0; i < NACELLE_PRIORITIES; i++) {
        list_init(&cpu->ready[i]);
    }
    init_idt();
    init_descriptors(cpu);
    init_control_registers();
    init_system_calls(cpu);
    x86_wrmsr(X86_MSR_PAT, X86_PAT_RESET);
}

void cpu_enable_virtualization(struct cpu *cpu)
{
    const struct vcpu_host_context host = {
        .gdt_base = region_of(cpu) + CPU_GDT,
        .idt_base = (uint64_t)idt,
        .tss_base = (uint64_t)&cpu->tss,
        .cs = SELECTOR_KERNEL_CODE,
        .ss = SELECTOR_KERNEL_STACK,
        .tss = SELECTOR_TSS,
        .sysenter_cs = SELECTOR_KERNEL_CODE,
        .sysenter_esp = (uint64_t)cpu,
        .sysenter_eip = (uint64_t)vcpu_direct_sysenter,
        .pat = X86_PAT_RESET,
        .xcr0 = X86_XCR0_X87 | X86_XCR0_SSE,
        .stack = (uint64_t)cpu,
    };
    struct vcpu_enable_failure failure = {"virtualization", "CPUID"};

    if (vcpu_cpu_enable(&cpu->engine, server_engine_page, &host, &failure) != NACELLE_ERROR_OK) {
        refuse(failure.what, failure.where);
    }
}
