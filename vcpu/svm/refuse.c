/* SPDX-License-Identifier: BSD-2-Clause */
/* An entry that the processor refuses: the exit record names the check that fails. */

#include <vcpu_host.h>
#include <x86/svm_exit.h>

#include "check.h"
#include "svm.h"

uint32_t svm_failing_check(struct vcpu *vcpu)
{
    const struct svm_check_limits limits = {
        .cr4_allowed = vcpu->cpu->cr4_allowed,
        .efer_allowed = SVM_EFER_ALLOWED,
        .physical_bits = vcpu->cpu->physical_bits,
    };

    return svm_check(svm_vmcb_of(vcpu), &limits);
}

void svm_entry_refused(struct vcpu *vcpu, uint32_t check, bool by_processor)
{
    const struct svm_vmcb_control *control = &svm_vmcb_of(vcpu)->control;
    struct nacelle_exit *exit = vcpu_new_exit(vcpu, NACELLE_EXIT_ENTRY_REFUSED);

    exit->number = check;
    exit->detail = vcpu_check_group(check);
    exit->raw_reason = SVM_EXIT_INVALID;
    if (by_processor) {
        exit->raw_reason = control->exit_code;
        exit->raw_qualification = control->exit_info1;
        exit->raw_information = control->exit_info2;
    }
    svm_fetch_ip(vcpu);
}
