/* SPDX-License-Identifier: BSD-2-Clause */
/* What a back end (vmx/, svm/) does for the vendor-neutral part. */
#ifndef VCPU_VENDOR_H
#define VCPU_VENDOR_H

#include "image.h"
#include "internal.h"

/*
 * VENDOR(operation)(arguments) calls the back end of this processor. With one back end it is a
 * direct call; with svm/ beside it, vcpu_cpu_enable picks one for the whole machine, and this is
 *   (vcpu_is_svm ? svm_##operation : vmx_##operation)
 * which compilers turn into two direct calls behind a branch that is always predicted.
 */
#define VENDOR(operation) vmx_##operation
#define VENDOR_NUMBER     NACELLE_VENDOR_VMX

enum nacelle_error vmx_cpu_enable(struct vcpu_cpu *cpu, void *page,
                                  struct vcpu_enable_failure *failure);
void vmx_cpu_disable(struct vcpu_cpu *cpu);

void vmx_attach(struct vcpu *vcpu);
/* Makes the control structure the one that the functions below use; loads it on this CPU. */
void vmx_make_current(struct vcpu *vcpu);
/* Takes the control structure off this CPU. */
void vmx_clear(struct vcpu *vcpu);

/* Takes the hidden state out of the processor, if it is this vCPU's. */
void vmx_hidden_save(struct vcpu *vcpu);

/* Groups but FPU; the control structure is current. */
void vmx_fetch_ip(struct vcpu *vcpu);
void vmx_fetch(struct vcpu *vcpu, uint32_t groups);
/* What vcpu_image_check compares with. */
struct vcpu_limits vmx_limits(const struct vcpu_cpu *cpu);
/* Takes groups that were checked. */
void vmx_store(struct vcpu *vcpu, uint32_t groups, const struct vcpu_image *image);
uint64_t vmx_get_rsp(struct vcpu *vcpu);
void vmx_set_rsp(struct vcpu *vcpu, uint64_t value);
enum nacelle_error vmx_set_control(struct vcpu *vcpu, uint64_t control, uint64_t value);
/* Exceptions that push an error code in the guest's mode, one bit each. */
uint32_t vmx_error_code_vectors(const struct vcpu *vcpu);
void vmx_advance(struct vcpu *vcpu);

bool vmx_prepare(struct vcpu *vcpu, uint64_t cr3);
_Noreturn void vmx_enter(struct vcpu *vcpu);
enum vcpu_disposition vmx_handle_exit(struct vcpu *vcpu, uint32_t *vector);

#endif
