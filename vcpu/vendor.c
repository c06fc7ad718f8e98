/* SPDX-License-Identifier: BSD-2-Clause */
/* The choice between the back ends. */

#include "vendor.h"

#include <x86/cpuid.h>

bool vcpu_vendor_is_svm;

bool vcpu_vendor_choose(struct vcpu_enable_failure *failure)
{
    bool vmx = vcpu_cpu_feature(X86_FEATURE_VMX);
    bool svm = vcpu_cpu_feature(X86_FEATURE_SVM);

    if (!vmx && !svm) {
        failure->what = "VMX or SVM";
        failure->where = "CPUID.1:ECX.5 or CPUID.80000001H:ECX.2";
        return false;
    }
    /* All CPUs of a machine are of one vendor; no processor has both. */
    vcpu_vendor_is_svm = svm;
    return true;
}

uint32_t vcpu_vendor_number(void)
{
    return vcpu_vendor_is_svm ? NACELLE_VENDOR_SVM : NACELLE_VENDOR_VMX;
}
