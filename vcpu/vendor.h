/* SPDX-License-Identifier: BSD-2-Clause */
/* What the back ends (vmx/, svm/) do for the vendor-neutral part, and how one is chosen. */
#ifndef VCPU_VENDOR_H
#define VCPU_VENDOR_H

#include "image.h"
#include "internal.h"

/* Which back end this machine has: vcpu_cpu_enable of the first CPU decides. */
extern bool vcpu_vendor_is_svm;

/*
 * VENDOR(operation, arguments...) calls the back end: two direct calls behind a branch that always
 * goes the same way. Nothing is called through a pointer, at an exit or elsewhere.
 */
#define VENDOR(operation, ...) \
    (vcpu_vendor_is_svm ? svm_##operation(__VA_ARGS__) : vmx_##operation(__VA_ARGS__))

/* What no exit that is to be fast needs: small rather than fast. */
#define VCPU_SELDOM __attribute__((cold))

/* A group of the state page: to it, and from an image that was checked. */
#define VCPU_GROUP(v, group)                   \
    void v##_fetch_##group(struct vcpu *vcpu); \
    void v##_store_##group(struct vcpu *vcpu, const struct vcpu_image *image);
#define VCPU_GROUP_SELDOM(v, group)                        \
    VCPU_SELDOM void v##_fetch_##group(struct vcpu *vcpu); \
    VCPU_SELDOM void v##_store_##group(struct vcpu *vcpu, const struct vcpu_image *image);
#define VCPU_GROUPS(v)                \
    VCPU_GROUP(v, ip)                 \
    VCPU_GROUP_SELDOM(v, segments)    \
    VCPU_GROUP_SELDOM(v, control)     \
    VCPU_GROUP_SELDOM(v, tables)      \
    VCPU_GROUP_SELDOM(v, system_call) \
    VCPU_GROUP_SELDOM(v, events)      \
    VCPU_GROUP_SELDOM(v, debug)

/* The interface of a back end, which is all that the vendor-neutral part knows of it. */
#define VCPU_BACK_END(v)                                                                          \
    enum nacelle_error v##_cpu_enable(struct vcpu_cpu *cpu, void *page,                           \
                                      struct vcpu_enable_failure *failure);                       \
    void v##_cpu_disable(struct vcpu_cpu *cpu);                                                   \
                                                                                                  \
    /* Permission maps, everything closed, and tables in the count pages behind struct vm. */     \
    VCPU_SELDOM void v##_vm_init(struct vm *vm, uint8_t *pages, uint32_t count);                  \
    /* Before the VM runs again no translation is left of what was removed. */                    \
    void v##_vm_flush(struct vm *vm);                                                             \
    VCPU_SELDOM void v##_ports_set(struct vm *vm, uint16_t first, uint16_t last, bool exits);     \
    /* false: there is no permission for this MSR, accesses exit always. */                       \
    VCPU_SELDOM bool v##_msr_set(struct vm *vm, uint32_t msr, bool read_exits, bool write_exits); \
    VCPU_SELDOM bool v##_msr_covered(uint32_t msr);                                               \
                                                                                                  \
    VCPU_SELDOM void v##_attach(struct vcpu *vcpu);                                               \
    /* Makes the control structure the one that the functions below use, on this CPU. */          \
    void v##_make_current(struct vcpu *vcpu);                                                     \
    /* Takes the control structure off this CPU. */                                               \
    void v##_clear(struct vcpu *vcpu);                                                            \
    /* Reads the hidden state out of the processor, where the guest may have changed it. */       \
    void v##_hidden_read(struct vcpu *vcpu);                                                      \
                                                                                                  \
    /* Groups but FPU; the control structure is current. */                                       \
    VCPU_GROUPS(v)                                                                                \
    /* What vcpu_image_check compares with. */                                                    \
    struct vcpu_limits v##_limits(const struct vcpu_cpu *cpu);                                    \
    /* After groups were stored. */                                                               \
    void v##_stored(struct vcpu *vcpu);                                                           \
    uint64_t v##_get_rsp(struct vcpu *vcpu);                                                      \
    void v##_set_rsp(struct vcpu *vcpu, uint64_t value);                                          \
    VCPU_SELDOM enum nacelle_error v##_set_control(struct vcpu *vcpu, uint64_t control,           \
                                                   uint64_t value);                               \
    VCPU_SELDOM enum nacelle_error v##_set_apic(struct vcpu *vcpu, uint64_t physical);            \
    /* Exceptions that push an error code in the guest's mode, one bit each. */                   \
    VCPU_SELDOM uint32_t v##_error_code_vectors(const struct vcpu *vcpu);                         \
    void v##_advance(struct vcpu *vcpu);                                                          \
                                                                                                  \
    void v##_set_slice(struct vcpu_cpu *cpu, struct vcpu *vcpu, uint64_t ticks);                  \
    bool v##_prepare(struct vcpu_cpu *cpu, struct vcpu *vcpu, uint64_t cr3);                      \
    _Noreturn void v##_enter(struct vcpu *vcpu);                                                  \
    /* Called by the exit code of an armed vCPU, all general registers saved, on the host's    \
     * stack, with no return address. Goes on to the host, by VCPU_DIRECT_LEAVE (direct.h) or  \
     * as every other exit does, by the usual way of entry.S. */  \
    _Noreturn __attribute__((hot)) void v##_direct_exit(struct vcpu *vcpu);                       \
    _Noreturn void v##_usual_way(struct vcpu *vcpu);                                              \
    /* The rest of vcpu_direct_arm: plans where the guest goes on. */                             \
    bool v##_direct_ready(struct vcpu *vcpu, uint64_t cr3);                                       \
    enum vcpu_disposition v##_handle_exit(struct vcpu *vcpu, uint32_t *vector)

VCPU_BACK_END(vmx);
VCPU_BACK_END(svm);

/* vendor.c: does this CPU have what the chosen back end needs at all? Chooses it if need be. */
bool vcpu_vendor_choose(struct vcpu_enable_failure *failure);
/* NACELLE_VENDOR_*. */
uint32_t vcpu_vendor_number(void);

#endif
