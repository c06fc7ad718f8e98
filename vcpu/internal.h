/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the engine share: the vCPU and the VM. */
#ifndef VCPU_INTERNAL_H
#define VCPU_INTERNAL_H

#include <vcpu/direct.h>
#include <vcpu/vcpu.h>
#include <x86/cpuid.h>

#include "answers.h"
#include "events.h"
#include "image.h"
#include "layout.h"
#include "slat.h"
#include "svm/part.h"

/* MSRs of the guest that stay loaded after an exit: see msrs.c. */
enum vcpu_msr {
    VCPU_MSR_STAR,
    VCPU_MSR_LSTAR,
    VCPU_MSR_CSTAR,
    VCPU_MSR_FMASK,
    VCPU_MSR_KERNEL_GS_BASE,
    VCPU_MSR_TSC_AUX, /* user level can read it: goes with the FPU state */
    VCPU_MSRS
};

/* vcpu_cpu.features */
#define VCPU_FEATURE_TIMER             (1u << 0) /* preemption timer that is saved at exits */
#define VCPU_FEATURE_VPID              (1u << 1)
#define VCPU_FEATURE_INVVPID_SINGLE    (1u << 2)
#define VCPU_FEATURE_INVEPT_SINGLE     (1u << 3)
#define VCPU_FEATURE_XSAVE             (1u << 4)
#define VCPU_FEATURE_TSC_AUX           (1u << 5)
#define VCPU_FEATURE_PAT               (1u << 6) /* switched by entries and exits */
#define VCPU_FEATURE_EPT_2M            (1u << 7)
#define VCPU_FEATURE_EPT_1G            (1u << 8)
#define VCPU_FEATURE_MTF               (1u << 9)
#define VCPU_FEATURE_DESCRIPTOR_TABLES (1u << 10) /* descriptor-table exiting */
#define VCPU_FEATURE_ANY_ERROR_CODE    (1u << 11)
#define VCPU_FEATURE_LENGTH_0          (1u << 12)
#define VCPU_FEATURE_HLT               (1u << 13)
#define VCPU_FEATURE_SHUTDOWN          (1u << 14)
#define VCPU_FEATURE_SIPI              (1u << 15)
#define VCPU_FEATURE_STRING_INFO       (1u << 16)
#define VCPU_FEATURE_EFER_NX           (1u << 17)
#define VCPU_FEATURE_XCR0_CHANGES      (1u << 18) /* XSETBV may not exit: QEMU's translator */
#define VCPU_FEATURE_APIC              (1u << 19) /* virtual interrupts, x2APIC mode */

/* vcpu.work: what vcpu_prepare has to do beside the comparisons that it makes always. */
#define VCPU_WORK_EVENTS (1u << 0) /* something pending, or a window wanted or open */
#define VCPU_WORK_FLUSH  (1u << 1) /* translations of this vCPU */
#define VCPU_WORK_CHECK  (1u << 2) /* the client changed state that an entry checks */

/* vcpu.known: fields of the VMCS whose value is in struct vcpu. */
#define VCPU_KNOWN_IP (1u << 0) /* rip, rflags */

struct vm {
    struct slat_tables slat;
    uint8_t *io_bitmap; /* permissions of I/O ports and MSRs, as the processor wants them */
    uint8_t *msr_bitmap;
    uint8_t *apic_msr_bitmap; /* VMX: of vCPUs with a virtual-APIC page */
    uint64_t root;            /* names the tables to the processor */
    /* Counts the removed mappings: a vCPU that saw an older count flushes before it enters. */
    uint64_t generation;
    struct vcpu_answers *answers; /* a page of the VM's memory */
    uint32_t answer_count;
    uint32_t written_msrs; /* bit n: enum vcpu_msr n was open for writing at some time */
    bool efer_open;        /* reads of EFER were opened, and the engine answers them */
};

struct vcpu {
    /* Used by entry.S: layout.h. */
    uint64_t host_stack;
    uint64_t cr2;          /* at the last exit; the client's value after a store */
    uint32_t entry_status; /* enum vmx_status of an entry that failed, else 0 */
    uint32_t launched;     /* VMRESUME, else VMLAUNCH */
    uint64_t physical;     /* of the control structure */
    uint64_t own_physical; /* of struct vcpu */
    uint32_t direct;       /* armed: vcpu/direct.h */
    uint32_t exit_length;  /* instruction length of the last exit, 0 when it has none */
    uint64_t next_rip;     /* armed: where the guest goes on after the instruction */
    uint64_t rflags;       /* of the last exit: while known, or armed */
    uint64_t direct_entries;
    uint8_t host_idt[16];               /* SVM, guarded entries: the host's IDTR */
    const void *guard;                  /* SVM: operand of LIDT for a guarded entry, or 0 */
    const struct vcpu_answers *answers; /* looked into at an exit, or 0 */
    uint32_t special;                   /* SVM: VCPU_SPECIAL_*, or 0 */
    struct vcpu_counts counts;

    uint32_t work;        /* VCPU_WORK_* */
    uint32_t known;       /* VCPU_KNOWN_* */
    struct vcpu_cpu *cpu; /* whose processor may hold our VMCS in its caches, or 0 */
    struct vm *vm;
    uint64_t rip;
    uint64_t host_cr3;
    uint64_t tables_generation;
    uint32_t vpid; /* generation << 16 | VPID */

    /* The control words as the VMCS has them. */
    uint32_t pin, procedure, procedure2;
    uint32_t exception_bitmap;   /* what the client wants of it */
    uint64_t cr0_mask, cr4_mask; /* bits that the client owns */
    uint64_t cr0_shadow, cr4_shadow;
    uint64_t tsc_offset;
    uint64_t apic; /* physical address of the virtual-APIC page, or 0 */

    struct vcpu_events events;
    uint32_t consumes; /* slots whose event the entry that was prepared injects */

    /* Hidden state, true while it is not loaded on a CPU. */
    uint64_t msrs[VCPU_MSRS];
    uint64_t dr[4];
    uint64_t dr6;
    uint64_t xcr0;
    uint64_t pat; /* where entries do not switch it: what the client wants to read back */

    struct svm_part svm;
};

_Static_assert(sizeof(struct vcpu) <= VCPU_STRUCT_SIZE, "size of struct vcpu");
_Static_assert(offsetof(struct vcpu, host_stack) == VCPU_HOST_STACK, "entry.S");
_Static_assert(offsetof(struct vcpu, cr2) == VCPU_CR2, "entry.S");
_Static_assert(offsetof(struct vcpu, entry_status) == VCPU_ENTRY_STATUS, "entry.S");
_Static_assert(offsetof(struct vcpu, physical) == VCPU_PHYSICAL, "entry.S");
_Static_assert(offsetof(struct vcpu, own_physical) == VCPU_OWN_PHYSICAL, "entry.S");
_Static_assert(offsetof(struct vcpu, direct) == VCPU_DIRECT, "entry.S");
_Static_assert(offsetof(struct vcpu, exit_length) == VCPU_EXIT_LENGTH, "entry.S");
_Static_assert(offsetof(struct vcpu, next_rip) == VCPU_NEXT_RIP, "entry.S");
_Static_assert(offsetof(struct vcpu, rflags) == VCPU_RFLAGS, "entry.S");
_Static_assert(offsetof(struct vcpu, direct_entries) == VCPU_DIRECT_COUNT, "entry.S");
_Static_assert(offsetof(struct vcpu, host_idt) == VCPU_HOST_IDT, "entry.S");
_Static_assert(offsetof(struct vcpu, guard) == VCPU_GUARD, "entry.S");
_Static_assert(offsetof(struct vcpu, answers) == VCPU_ANSWERS, "entry.S");
_Static_assert(offsetof(struct vcpu, special) == VCPU_SPECIAL, "entry.S");
_Static_assert(offsetof(struct vcpu, counts.guest_ticks) == VCPU_GUEST_TICKS, "entry.S");
_Static_assert(offsetof(struct vcpu, counts.answered_cpuid) == VCPU_ANSWERED_CPUID, "entry.S");
_Static_assert(offsetof(struct vcpu, counts.answered_msr) == VCPU_ANSWERED_MSR, "entry.S");
_Static_assert(offsetof(struct vcpu, counts.answered_port) == VCPU_ANSWERED_PORT, "entry.S");
_Static_assert(VCPU_GENERAL == NACELLE_STATE_GENERAL - (VCPU_STRUCT_OFFSET - VCPU_STATE_OFFSET),
               "entry.S");

/* The XSAVE area of a vCPU. */
static inline void *vcpu_xsave_area(struct vcpu *vcpu)
{
    return (char *)vcpu - (VCPU_STRUCT_OFFSET - VCPU_XSAVE_OFFSET);
}

/* The VMCS region (VMCB) of a vCPU. */
static inline void *vcpu_control_page(struct vcpu *vcpu)
{
    return (char *)vcpu - (VCPU_STRUCT_OFFSET - VCPU_CONTROL_OFFSET);
}

/* cpu.c: what this CPU has. */
bool vcpu_cpu_feature(enum x86_feature feature);
uint32_t vcpu_cpu_physical_bits(void);
/* XCR0 bits that guests may set. */
uint64_t vcpu_cpu_xcr0(void);

/* mitigations.c: finds out which of those compiled in the processor offers. */
void vcpu_mitigations_choose(const struct vcpu_host_context *host);

/* hidden.c: state that stays loaded, cpu->state_owner's. */
/* Brings struct vcpu up to date, if the state is its. */
void vcpu_hidden_refresh(struct vcpu *vcpu);
/* The same, and it is nobody's from now on. */
void vcpu_hidden_save(struct vcpu *vcpu);
/* DR0 to DR3: to the processor; from it; to the state page; from an image, with the DR6 to set. */
void vcpu_debug_registers_load(const struct vcpu *vcpu);
void vcpu_debug_registers_read(struct vcpu *vcpu);
void vcpu_debug_registers_fetch(struct vcpu *vcpu);
uint64_t vcpu_debug_registers_store(struct vcpu *vcpu, const struct vcpu_image *image);

/* vcpu.c: the queue of events between vCPU, image and state page. */
void vcpu_queue_fetch(struct vcpu *vcpu);
void vcpu_queue_store(struct vcpu *vcpu, const struct vcpu_image *image);

/* Of a shadow the client's bits; the others come from the register. */
static inline uint64_t vcpu_new_shadow(uint64_t value, uint64_t shadow, uint64_t client)
{
    return (value & ~client) | (shadow & client);
}

/* TSC_AUX while no guest's FPU state is loaded; user level can read it. */
#define VCPU_HOST_TSC_AUX UINT64_C(0)

/* msrs.c: MSRs of the guest that stay loaded. */
/* The index of an MSR, or VCPU_MSRS. */
enum vcpu_msr vcpu_msr_index(uint32_t msr);
/* Loads all but TSC_AUX, in place of old's, or of what is not known where old is NULL; reads back
 * those that the guest may have changed. */
void vcpu_msrs_load(const struct vcpu *old, const struct vcpu *vcpu);
void vcpu_msrs_save_written(struct vcpu *vcpu, uint32_t written);
/* old NULL: TSC_AUX is the host's. old's is read back, if its guest may have changed it. */
void vcpu_tsc_aux_exchange(struct vcpu *old, const struct vcpu *vcpu);
void vcpu_tsc_aux_save(struct vcpu *vcpu);
void vcpu_tsc_aux_refresh(struct vcpu *vcpu); /* reads it back where it is loaded */
/* Sets one, in the processor too when the vCPU's state is there. */
void vcpu_msr_set(struct vcpu *vcpu, enum vcpu_msr index, uint64_t value);

/* fpu.c */
void vcpu_fpu_reset(struct vcpu *vcpu);
void vcpu_fpu_load(struct vcpu *vcpu, struct vcpu_cpu *cpu);
/* The FPU group; the state is not loaded. */
void vcpu_fpu_fetch(struct vcpu *vcpu);
/* Takes the FPU group from the state page, with the checked parts of the image. */
void vcpu_fpu_store(struct vcpu *vcpu, const struct vcpu_image *image);
/* Reads XCR0 back where it is loaded: XSETBV exits, but not on QEMU's translator. */
void vcpu_xcr0_refresh(struct vcpu *vcpu);
/* XCR0 that the guest set; in the processor too when its FPU state is there. */
void vcpu_xcr0_set(struct vcpu *vcpu, uint64_t value);

/* State after RESET of what struct vcpu holds. */
void vcpu_reset_hidden(struct vcpu *vcpu);

/* vcpu.c */
/* Starts a new exit record in the state page. */
struct nacelle_exit *vcpu_new_exit(struct vcpu *vcpu, uint32_t kind);

#endif
