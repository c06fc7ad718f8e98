/* SPDX-License-Identifier: BSD-2-Clause */
/* The engine's interface to its host: per-CPU enable, VMs, vCPUs, entry and exit. */
#ifndef VCPU_VCPU_H
#define VCPU_VCPU_H

#include <nacelle/error.h>
#include <nacelle/exit.h>
#include <nacelle/object.h>
#include <nacelle/vcpu_state.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What the engine needs of its host: a header <vcpu_host.h> on the include path with
 *
 *   static inline uint64_t vcpu_host_physical(const void *memory);  physical address of memory
 *   static inline void *vcpu_host_virtual(uint64_t physical);       the reverse, for the memory
 *                                                                   given to the engine, and
 *                                                                   for virtual-APIC pages
 *   static inline struct vcpu_cpu *vcpu_host_cpu(void);             this CPU's engine storage
 *
 * and the function vcpu_host_exit below. The host calls the engine with interrupts off, and never
 * touches the same VM or vCPU from two CPUs at once.
 */

struct vcpu;
struct vm;

/* The processor state that every VM exit restores, and how clients of this host enter it. */
struct vcpu_host_context {
    uint64_t gdt_base;
    uint64_t idt_base;
    uint64_t tss_base;
    uint64_t fs_base, gs_base;
    uint16_t cs, ss, tss; /* selectors; the data selectors are null */
    uint32_t sysenter_cs;
    uint64_t sysenter_esp, sysenter_eip;
    uint64_t pat;
    uint64_t xcr0;  /* what the host's own programs use; guests may have all that the CPU has */
    uint64_t stack; /* top of the stack on which vcpu_host_exit is called; see vcpu/direct.h */
};

/*
 * One CPU's engine state. The host reserves it, zeroed, and does not look inside except for the
 * members marked public.
 */
struct vcpu_cpu {
    struct vcpu_host_context host;
    struct vcpu *current;     /* public: whose control structure is current, or 0 */
    struct vcpu *state_owner; /* whose hidden state (MSRs, debug registers, XSS) is loaded, or 0 */
    struct vcpu *fpu_owner;   /* public: whose FPU state is in the registers, or 0 */
    uint64_t region;          /* physical address of the page given at enable; 0: not enabled */
    uint64_t host_cr0, host_cr4; /* as the VM exit restores them */
    uint64_t xcr0_supported;     /* XCR0 bits that guests may set */
    uint32_t next_vpid;
    uint32_t preemption_timer_shift; /* TSC bits below one tick of the preemption timer */
    uint32_t features;               /* internal: optional features found */
    uint32_t pin, procedure, procedure2, exit, entry; /* control words for a new vCPU */
    uint64_t ept_pointer_flags;
    uint64_t host_efer;     /* as the VM exit restores it: without SCE */
    uint64_t cr4_allowed;   /* CR4 bits that guests may set */
    uint32_t physical_bits; /* physical-address width */
    uint32_t revision;      /* of the control structure */
    uint64_t vendor[32];    /* internal: of the back end */
};

/* Why vcpu_cpu_enable failed, for one clear line: what is missing and where it was looked for. */
struct vcpu_enable_failure {
    const char *what;  /* "nested paging", ... */
    const char *where; /* "CPUID.8000000AH:EDX.0", ... */
};

/*
 * Turns virtualization on for this CPU. page: 4 KiB, zeroed, page aligned, kept until disable.
 * NACELLE_ERROR_UNSUPPORTED with *failure filled in when the processor or the firmware lacks
 * something; nothing is changed then.
 */
enum nacelle_error vcpu_cpu_enable(struct vcpu_cpu *cpu, void *page,
                                   const struct vcpu_host_context *host,
                                   struct vcpu_enable_failure *failure);

/* Turns virtualization off again; all vCPUs were unloaded from this CPU. */
void vcpu_cpu_disable(struct vcpu_cpu *cpu);

/* NACELLE_VENDOR_* of this CPU's virtualization, after vcpu_cpu_enable. */
uint32_t vcpu_vendor(void);

/*
 * VM. memory: size bytes, zeroed, aligned to its size; at least 1 << NACELLE_SIZE_VM_MIN. The
 * struct vm stands at its start, the rest serves bitmaps and translation tables. Nothing open. The
 * host may use the bytes of the first page from VM_HOST_OFFSET on.
 */
#define VM_HOST_OFFSET 2048
struct vm *vm_create(void *memory, size_t size);

/* After this no CPU holds a translation of the VM. Its vCPUs do not run and are detached. */
void vm_destroy(struct vm *vm);

/*
 * Maps 1 << size_bits bytes (12, 21 or 30) of physical memory at gpa. rights: NACELLE_RIGHT_READ,
 * WRITE, EXECUTE, at least READ. flags: NACELLE_MAP_UNCACHED or 0. INVALID_ARGUMENT, UNALIGNED,
 * OUT_OF_RANGE (beyond the processor's physical-address width), OVERLAP, NO_TABLE_MEMORY,
 * UNSUPPORTED (size); nothing is changed then.
 */
enum nacelle_error vm_map(struct vm *vm, uint64_t gpa, uint64_t physical, unsigned size_bits,
                          unsigned rights, uint64_t flags);

/* Removes a mapping made with the same gpa and size, and takes empty tables back. No vCPU that
 * enters after this has its translations. NOT_MAPPED. */
enum nacelle_error vm_unmap(struct vm *vm, uint64_t gpa, unsigned size_bits);

/* Ports first to last, inclusive: the guest uses them without an exit, or no more. */
void vm_open_ports(struct vm *vm, uint16_t first, uint16_t last);
void vm_close_ports(struct vm *vm, uint16_t first, uint16_t last);

/* MSR_NOT_OPENABLE for one that is not switched between vCPUs; OUT_OF_RANGE outside the bitmaps. */
enum nacelle_error vm_open_msr(struct vm *vm, uint32_t msr, unsigned rights);
enum nacelle_error vm_close_msr(struct vm *vm, uint32_t msr);

/* NACELLE_VM_ANSWER and NACELLE_VM_FORGET, with the words of their messages, and their errors; the
 * vCPUs of the VM do not run. */
enum nacelle_error vm_answer(struct vm *vm, uint64_t key, uint64_t subleaf, uint64_t eax_ebx,
                             uint64_t ecx_edx);
enum nacelle_error vm_forget(struct vm *vm, uint64_t key, uint64_t subleaf);

/*
 * vCPU. memory: 16 KiB, zeroed, aligned to its size:
 *   0x0000 state page, 0x1000 control structure, 0x2000 XSAVE area, 0x3000 struct vcpu.
 * The host may use the bytes of the last page from VCPU_STRUCT_SIZE on.
 */
#define VCPU_STATE_OFFSET   0x0000
#define VCPU_CONTROL_OFFSET 0x1000
#define VCPU_XSAVE_OFFSET   0x2000
#define VCPU_STRUCT_OFFSET  0x3000
#define VCPU_STRUCT_SIZE    2048
struct vcpu *vcpu_create(void *memory);

static inline struct nacelle_vcpu_state *vcpu_state(struct vcpu *vcpu)
{
    return (struct nacelle_vcpu_state *)((char *)vcpu - (VCPU_STRUCT_OFFSET - VCPU_STATE_OFFSET));
}

/*
 * Puts the vCPU into vm, in the state after RESET (SDM vol 3 9.1.1). Until then the functions below
 * that return an error answer NOT_CONFIGURED, but for general registers other than rsp.
 */
void vcpu_attach(struct vcpu *vcpu, struct vm *vm);

/*
 * NACELLE_VCPU_SET_APIC: the virtual-APIC page at this physical address, 0 for none, as it is now:
 * RVI and SVI become what IRR and ISR have highest, and ends of interrupts exit that TMR has. The
 * page is the processor's until another is set; what is in it can harm nobody but the vCPU.
 * UNSUPPORTED.
 */
enum nacelle_error vcpu_set_apic(struct vcpu *vcpu, uint64_t physical);

/* Takes the vCPU off this CPU: its control structure is not current, all its state is in its
 * memory. Needed before it is deleted, and before another CPU uses it. */
void vcpu_unload(struct vcpu *vcpu);

/* General register by index; rsp (4) from the control structure. INVALID_REGISTER above 15. */
enum nacelle_error vcpu_get_register(struct vcpu *vcpu, uint64_t index, uint64_t *value);
enum nacelle_error vcpu_set_register(struct vcpu *vcpu, uint64_t index, uint64_t value);

/* Brings groups into the state page and marks them valid. INVALID_GROUP. */
enum nacelle_error vcpu_fetch(struct vcpu *vcpu, uint32_t groups);

/* What vcpu_store refused. */
struct vcpu_refusal {
    uint32_t group; /* one NACELLE_GROUP_* */
    uint32_t check; /* NACELLE_CHECK_* (nacelle/check.h) */
};

/* Takes groups from the state page: all or, with INVALID_STATE and *refusal, none. Each value is
 * read once from the page. INVALID_GROUP. */
enum nacelle_error vcpu_store(struct vcpu *vcpu, uint32_t groups, struct vcpu_refusal *refusal);

/* NACELLE_VCPU_INJECT, CANCEL and SET_CONTROL. */
enum nacelle_error vcpu_inject(struct vcpu *vcpu, uint32_t event, uint32_t error, uint32_t length);
bool vcpu_cancel(struct vcpu *vcpu, uint32_t event_type);
enum nacelle_error vcpu_set_control(struct vcpu *vcpu, uint64_t control, uint64_t value);

/*
 * Takes a client's reply: dirty groups of the state page (read once) and NACELLE_RESUME_ADVANCE:
 * go on after the instruction that exited, with the interrupt shadow ended and TF respected (SDM
 * vol 3 6.8.3, 24.4.2). false: something was refused, nothing was taken and RIP did not move, and
 * the state page holds an ENTRY_REFUSED exit.
 */
bool vcpu_resume(struct vcpu *vcpu, uint32_t flags);

/* Since vcpu_attach; the vCPU does not run. Exits that were answered from the VM's table are not
 * the host's to count. Ticks are the TSC's, 0 unless the engine was built to count them
 * (NACELLE_ACCOUNTING); what is answered from the table takes the guest's. */
struct vcpu_counts {
    uint64_t guest_ticks;
    uint64_t answered_cpuid, answered_msr, answered_port; /* exits by these instructions */
};
struct vcpu_counts vcpu_counts(const struct vcpu *vcpu);

/*
 * Gets ready for entry: loads the vCPU on this CPU (hidden state of another one is saved), picks
 * the event to inject, opens the windows needed, sets HOST_CR3 to cr3. The FPU state is loaded too.
 * cpu: vcpu_host_cpu().
 * false: the state page holds an exit to send instead.
 */
bool vcpu_prepare(struct vcpu_cpu *cpu, struct vcpu *vcpu, uint64_t cr3);

/* Between vcpu_prepare and vcpu_enter: the guest runs for at most this many TSC ticks, exits
 * between not counted, before VCPU_SLICE_OVER. Only a hint: a processor without such a timer leaves
 * it to the host's timer interrupt, which ends the guest's run whatever the guest does. */
void vcpu_set_slice(struct vcpu_cpu *cpu, struct vcpu *vcpu, uint64_t ticks);

/* Enters the guest. The next thing that happens on this CPU is vcpu_host_exit, also when the
 * processor refuses the entry. */
_Noreturn void vcpu_enter(struct vcpu *vcpu);

/* Given by the host: called after each exit, interrupts off, on the stack of the host context, with
 * all general registers saved. */
_Noreturn void vcpu_host_exit(struct vcpu *vcpu);

/* What an exit asks of the host. */
enum vcpu_disposition {
    VCPU_SEND_EXIT, /* the exit record is filled in: tell the client */
    /* Handled in the engine: prepare and enter. The host's own handlers of interrupts and NMIs may
     * have run meanwhile, on the stack of the host context: if they want someone else to run, so be
     * it. */
    VCPU_ENTER_AGAIN,
    VCPU_HOST_INTERRUPT, /* *vector was acknowledged and is the host's to handle; 18: an #MC */
    VCPU_HOST_NMI,       /* an NMI arrived: the host's */
    VCPU_SLICE_OVER      /* the time of vcpu_set_slice is used up */
};

/* Decodes the exit that just happened. */
enum vcpu_disposition vcpu_handle_exit(struct vcpu *vcpu, uint32_t *vector);

/* Fills in the exit record with a NACELLE_EXIT_POKE. */
void vcpu_record_poke(struct vcpu *vcpu);

/*
 * State that user level can see: FPU registers, XCR0 and TSC_AUX. After an exit the guest's are
 * still loaded (cpu->fpu_owner) and CR0.TS is 1. vcpu_fpu_save puts them into the vCPU's memory,
 * loads the host's XCR0 and 0 as TSC_AUX, and leaves fpu_owner 0 and CR0.TS 1; the host calls it
 * before anyone but the vCPU's own client may run. vcpu_fetch and vcpu_store of the FPU group do so
 * too.
 */
void vcpu_fpu_save(struct vcpu *vcpu);

#endif
