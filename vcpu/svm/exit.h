/* SPDX-License-Identifier: BSD-2-Clause */
/* From what the processor reports of an exit to the vendor-neutral record. Pure. */
#ifndef VCPU_SVM_EXIT_H
#define VCPU_SVM_EXIT_H

#include <nacelle/exit.h>
#include <stdbool.h>
#include <stdint.h>

/* What is known after an exit. */
struct svm_exit_info {
    uint64_t code;
    uint64_t info1;
    uint64_t info2;
    uint32_t vectoring; /* EXITINTINFO when it is valid, else 0 */
    uint32_t vectoring_error;
    uint64_t rip;
    uint64_t next_rip; /* 0 without next-RIP save */
    uint64_t rsp;
    uint64_t dr6;
    uint64_t segment_base[6]; /* in the architecture's order; for string I/O */
    uint32_t mapping_rights;  /* NACELLE_RIGHT_* of the second-level mapping at EXITINFO2 */
    bool long_64;
    bool code_32; /* CS.D, outside 64-bit mode */
    bool decode_assists;
};

/*
 * The record of an exit. general: the registers in index order, without rsp. Every code and every
 * value has a result; codes that the engine does not know are NACELLE_EXIT_UNKNOWN.
 */
struct nacelle_exit svm_decode_exit(const struct svm_exit_info *info, const uint64_t general[16]);

#endif
