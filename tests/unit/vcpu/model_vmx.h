/* SPDX-License-Identifier: BSD-2-Clause */
/* Between the two files of the software model. */
#ifndef MODEL_VMX_H
#define MODEL_VMX_H

#include <stdint.h>

#include "model.h"

/* The test has done what a processor would not have survived. */
_Noreturn void model_fail(const char *what, uint64_t value);

void model_vmx_reset(void);

/* The guest that runs now, and where an exit of it goes. */
extern model_guest model_current_guest;
extern jmp_buf model_exit_point;

#endif
