/* SPDX-License-Identifier: BSD-2-Clause */

#include <stddef.h>

#include <x86/svm.h>
#include <x86/svm_vmcb.h>

#include <x86/svm_exit.h>

struct svm_capability svm_capability_decode(uint32_t eax, uint32_t ebx, uint32_t edx)
{
    return (struct svm_capability){
        .revision = (uint8_t)(eax & 0xff),
        .asids = ebx,
        .features = edx,
    };
}

const char *svm_feature_name(unsigned bit)
{
    static const char *const names[32] = {
        [0] = "nested paging",
        [1] = "LBR virtualization",
        [2] = "SVM lock",
        [3] = "next RIP save",
        [4] = "TSC rate",
        [5] = "VMCB clean bits",
        [6] = "flush by ASID",
        [7] = "decode assists",
        [10] = "pause filter",
        [12] = "pause filter threshold",
        [13] = "AVIC",
        [15] = "VMSAVE and VMLOAD virtualization",
        [16] = "virtual GIF",
        [17] = "guest mode execute trap",
        [18] = "x2AVIC",
        [19] = "supervisor shadow stack check",
        [20] = "SPEC_CTRL virtualization",
        [21] = "read-only guest page tables",
        [23] = "host MCE override",
        [24] = "INVLPGB and TLBSYNC virtualization",
        [25] = "virtual NMI",
        [26] = "IBS virtualization",
        [29] = "bus lock threshold",
        [30] = "idle HLT intercept",
    };

    return bit < 32 ? names[bit] : NULL;
}

#define MSR_RANGE      0x2000u /* MSRs of each of the three ranges */
#define MSR_RANGE_BITS (2 * MSR_RANGE)

bool svm_msr_map_bit(uint32_t msr, uint32_t *bit)
{
    static const uint32_t ranges[] = {0, 0xc0000000, 0xc0010000};

    for (uint32_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (msr >= ranges[i] && msr - ranges[i] < MSR_RANGE) {
            *bit = i * MSR_RANGE_BITS + 2 * (msr - ranges[i]);
            return true;
        }
    }
    return false;
}

/* The exit codes of the three words of intercepts. */
const char *svm_intercept_name(unsigned word, unsigned bit)
{
    static const uint16_t first[] = {SVM_EXIT_INTR, SVM_EXIT_VMRUN, SVM_EXIT_INVLPGB};
    static const uint8_t bits[] = {32, 32, 7};

    if (word >= sizeof(bits) || bit >= bits[word])
        return NULL;
    return svm_exit_name(first[word] + bit);
}
