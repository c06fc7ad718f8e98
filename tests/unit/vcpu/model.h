/* SPDX-License-Identifier: BSD-2-Clause */
/* A software model of the processor: MSRs, CPUID, VMCSs, translations, FPU state, two CPUs. */
#ifndef MODEL_H
#define MODEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <vcpu/vcpu.h>
#include <vcpu_host.h>

#define MODEL_CPUS        2
#define MODEL_ARENA_PAGES 1024
#define MODEL_MSRS        128
#define MODEL_LEAVES      128
#define MODEL_FIELDS      0x4000
#define MODEL_FPU_SIZE    3072

struct model_leaf {
    uint32_t leaf, subleaf, eax, ebx, ecx, edx;
};

struct model_cpu {
    uint64_t cr0, cr2, cr3, cr4, dr[4], dr6, xcr0;
    struct {
        uint32_t address;
        uint64_t value;
    } msrs[MODEL_MSRS];
    unsigned msr_count;
    struct model_leaf leaves[MODEL_LEAVES];
    unsigned leaf_count;
    uint64_t vmxon;
    uint64_t current; /* physical address of the current VMCS, or 0 */
    uint8_t fpu[MODEL_FPU_SIZE];
    /* Whose translations a VPID may still name: physical address of the VMCS, 0 after a flush. */
    uint64_t vpid_user[65536];
    /* Whose translations an ASID may still name: physical address of the VMCB. */
    uint64_t asid_user[65536];
    struct vcpu_cpu engine;
};

struct model_counts {
    unsigned svm_flushes, host_interrupts, halts; /* SVM: TLB_CONTROL, interrupts let in */
    unsigned guarded;                             /* SVM: entries with an IDT of the engine's own */
    unsigned vmread, vmwrite, rdmsr, wrmsr, vmptrld, invept, invvpid, xsetbv, xsave, xrstor;
};

extern struct model_cpu *model_cpu; /* the one that executes */
extern struct model_counts model_counts;

struct vcpu_direct_message;
/* The message of the last direct exit. */
extern struct vcpu_direct_message model_direct;

/* Everything as after power-up; both CPUs of a model in data/cpus. */
void model_reset(const char *cpu_name);
/* Turns the engine on, on both CPUs; the test fails when that fails. */
void model_enable(void);
void model_switch_cpu(unsigned number);
struct model_cpu *model_cpu_number(unsigned number);

/* MSRs of the executing CPU without side effects; model_set_msr adds one that is missing. */
uint64_t model_msr(uint32_t address);
void model_set_msr(uint32_t address, uint64_t value);
void model_remove_msr(uint32_t address);
void model_set_leaf(uint32_t leaf, uint32_t subleaf, uint32_t eax, uint32_t ebx, uint32_t ecx,
                    uint32_t edx);
struct model_leaf *model_leaf(uint32_t leaf, uint32_t subleaf);

/* Zeroed, aligned pages out of the arena; the physical address is not the virtual one. */
void *model_pages(unsigned count, unsigned alignment_pages);

/* A field of a vCPU's VMCS, wherever it is loaded. */
uint64_t model_field(struct vcpu *vcpu, uint32_t field);
void model_set_field(struct vcpu *vcpu, uint32_t field, uint64_t value);
/* All of them, MODEL_FIELDS. */
uint64_t *model_fields(struct vcpu *vcpu);

/* A VM of 1 MiB and a vCPU in it. */
struct vm *model_vm(void);
struct vcpu *model_vcpu(struct vm *vm);

/*
 * Prepares and enters; the "guest" is a function that sets what the exit is to be. It is called
 * with the event that the entry injected, after the checks of an entry. Returns what
 * vcpu_handle_exit says.
 */
typedef void (*model_guest)(struct vcpu *vcpu, uint32_t event);
enum vcpu_disposition model_run(struct vcpu *vcpu, model_guest guest, uint32_t *vector);

/* For guests: an exit with this reason, length 2. */
void model_exit(struct vcpu *vcpu, uint32_t reason);

/* The next entry fails: VMfailValid with an error number, or, with bit 31, an exit reason. */
extern uint32_t model_refuse;

#endif
