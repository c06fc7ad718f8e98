/* SPDX-License-Identifier: BSD-2-Clause */
/* A host of the engine in one file: no server, no clients, one guest of a few instructions. */
#include <vcpu/vcpu.h>
#include <vcpu_host.h>
#include <x86/descriptor.h>
#include <x86/extable.h>
#include <x86/insn.h>
#include <x86/paging.h>

#define COM1     0x3f8
#define CODE_GPA 0x1000

/* Real mode, with paging off; only the hypercall is another on each vendor. */
static uint8_t guest_page[4096] __attribute__((aligned(4096))) = {
    0xb8, 0x34, 0x12, /* mov $0x1234, %ax */
    0x01, 0xd8,       /* add %bx, %ax     */
    0xe7, 0x80,       /* out %ax, $0x80   */
    0x0f, 0xa2,       /* cpuid            */
    0x0f, 0x01, 0xc1, /* vmcall           */
    0xa2, 0x00, 0x50, /* mov %al, 0x5000  */
    0xf4,             /* hlt              */
};
#define HYPERCALL 11

static uint8_t data_page[4096] __attribute__((aligned(4096)));
static uint8_t cpu_page[4096] __attribute__((aligned(4096)));
static uint8_t vm_memory[1 << NACELLE_SIZE_VM_MIN]
    __attribute__((aligned(1 << NACELLE_SIZE_VM_MIN)));
static uint8_t vcpu_memory[16384] __attribute__((aligned(16384)));
static struct x86_gate64 idt[32];
static struct x86_tss64 tss;
struct vcpu_cpu bare_cpu;

extern uint64_t gdt[5];
extern char stack_end[];
extern const struct x86_extable_entry __ex_table_start[], __ex_table_end[];
void fault(void);
uint64_t fixup(uint64_t ip);
_Noreturn void main(void);

static void put(const char *text)
{
    for (; *text != 0; text++) {
        while ((x86_in8(COM1 + 5) & 0x20) == 0)
            continue;
        x86_out8(COM1, (uint8_t)*text);
    }
}

static void put_hex(const char *label, uint64_t value)
{
    char digits[17] = {0};

    for (unsigned i = 16; i-- > 0; value >>= 4)
        digits[i] = "0123456789abcdef"[value & 15];
    put(label);
    put(digits);
}

static _Noreturn void end(const char *verdict)
{
    put("bare: ");
    put(verdict);
    put("\n");
    while ((x86_in8(COM1 + 5) & 0x40) == 0)
        continue;      /* the last character is still on its way */
    x86_out8(0xf4, 0); /* QEMU, isa-debug-exit */
    for (const char *c = "Shutdown"; *c != 0; c++)
        x86_out8(0x8900, (uint8_t)*c); /* Bochs */
    for (;;)
        x86_hlt();
}

uint64_t fixup(uint64_t ip)
{
    uint64_t next = x86_extable_fixup(__ex_table_start, __ex_table_end, ip);

    if (next == 0)
        end("general protection fault");
    return next;
}

/* The whole scheduler: enter until the client, which is this program, has something to say. */
static _Noreturn void run(struct vcpu *vcpu)
{
    if (!vcpu_prepare(vcpu_host_cpu(), vcpu, x86_read_cr3()))
        end("nothing to enter");
    vcpu_enter(vcpu);
}

/* The whole client. */
static void answer(struct vcpu *vcpu)
{
    const struct nacelle_vcpu_state *state = vcpu_state(vcpu);
    uint64_t rax = 0;

    (void)vcpu_get_register(vcpu, 0, &rax);
    put_hex("exit ", state->exit.kind);
    put_hex(" rip ", state->rip);
    put_hex(" number ", state->exit.number);
    put_hex(" rax ", rax);
    put_hex(" gpa ", state->exit.gpa);
    put("\n");
    if (state->exit.kind == NACELLE_EXIT_CPUID)
        (void)vcpu_set_register(vcpu, 0, 0x42);
    if (state->exit.kind == NACELLE_EXIT_HLT)
        end(rax == 0x42 ? "ok" : "wrong register");
    if (state->exit.kind == NACELLE_EXIT_ENTRY_REFUSED)
        end("entry refused");
    if (state->exit.kind == NACELLE_EXIT_MEMORY) /* the page that it lacks: written, not executed */
        (void)vm_map((struct vm *)(void *)vm_memory, state->exit.gpa & X86_PAGE_MASK,
                     vcpu_host_physical(data_page), 12, 3, 0);
    else
        (void)vcpu_resume(vcpu, NACELLE_RESUME_ADVANCE);
}

_Noreturn void vcpu_host_exit(struct vcpu *vcpu)
{
    uint32_t vector;

    if (vcpu_handle_exit(vcpu, &vector) == VCPU_SEND_EXIT)
        answer(vcpu);
    run(vcpu);
}

/* A TSS, because an exit loads TR; a handler of #GP, for MSRs that may not be there. */
static void set_tables(void)
{
    const struct x86_system_descriptor descriptor =
        x86_system_descriptor((uintptr_t)&tss, sizeof(tss) - 1, X86_AR_P | X86_TYPE_TSS);
    const struct x86_table_pointer pointer = {sizeof(idt) - 1, (uintptr_t)idt};

    gdt[3] = descriptor.low;
    gdt[4] = descriptor.high;
    __asm__ volatile("ltr %w0" : : "r"(24));
    idt[13] = x86_gate64((uintptr_t)fault, 8, X86_TYPE_INTERRUPT_GATE, 0, 0);
    x86_lidt(&pointer);
}

static void set_start(struct vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu_state(vcpu);

    (void)vcpu_fetch(vcpu, NACELLE_GROUP_IP | NACELLE_GROUP_SEGMENTS);
    state->segments[NACELLE_CS].selector = 0;
    state->segments[NACELLE_CS].base = 0;
    state->rip = CODE_GPA;
    state->dirty = NACELLE_GROUP_IP | NACELLE_GROUP_SEGMENTS;
    (void)vcpu_set_register(vcpu, 3, 0x1111);
    if (!vcpu_resume(vcpu, 0))
        end("state refused");
}

_Noreturn void main(void)
{
    const struct vcpu_host_context host = {
        .gdt_base = (uintptr_t)gdt,
        .idt_base = (uintptr_t)idt,
        .tss_base = (uintptr_t)&tss,
        .cs = 8,
        .ss = 16,
        .tss = 24,
        .pat = X86_PAT_RESET,
        .xcr0 = 3,
        .stack = (uintptr_t)stack_end,
    };
    struct vcpu_enable_failure failure = {"", ""};
    struct vcpu *vcpu;
    struct vm *vm;

    x86_out8(COM1 + 3, 3); /* 8 bits */
    x86_out8(0x21, 0xff);  /* no interrupts: this host has no use for them */
    x86_out8(0xa1, 0xff);
    set_tables();
    if (vcpu_cpu_enable(&bare_cpu, cpu_page, &host, &failure) != NACELLE_ERROR_OK) {
        put(failure.what);
        end(" is missing");
    }
    put(vcpu_vendor() == NACELLE_VENDOR_SVM ? "SVM\n" : "VMX\n");
    if (vcpu_vendor() == NACELLE_VENDOR_SVM)
        guest_page[HYPERCALL] = 0xd9; /* vmmcall */
    vm = vm_create(vm_memory, sizeof(vm_memory));
    if (vm_map(vm, CODE_GPA, vcpu_host_physical(guest_page), 12, 5, 0) != NACELLE_ERROR_OK)
        end("cannot map");
    vcpu = vcpu_create(vcpu_memory);
    vcpu_attach(vcpu, vm);
    set_start(vcpu);
    run(vcpu);
}
