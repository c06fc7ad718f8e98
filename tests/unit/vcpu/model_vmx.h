/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the two files of the software model. */
#ifndef MODEL_VMX_H
#define MODEL_VMX_H

#include <stdint.h>

/* The test has done what a processor would not have survived. */
_Noreturn void model_fail(const char *what, uint64_t value);

void model_vmx_reset(void);

#endif
