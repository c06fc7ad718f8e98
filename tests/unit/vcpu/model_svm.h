/* SPDX-License-Identifier: BSD-2-Clause */
/* SVM of the software model. */
#ifndef MODEL_SVM_H
#define MODEL_SVM_H

#include "model.h"

/* After model_reset("ryzen"): what QEMU's translator has instead: 16 ASIDs and nothing optional. */
void model_svm_qemu(void);

/* For guests: an exit; NRIP is RIP + 2. */
void model_svm_exit(struct vcpu *vcpu, uint64_t code, uint64_t info1, uint64_t info2);

/* The next entry is refused, whatever the state. */
extern bool model_svm_refuses;

#endif
