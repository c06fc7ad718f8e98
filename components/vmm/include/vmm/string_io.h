/* SPDX-License-Identifier: BSD-2-Clause */
/* INS and OUTS, with and without REP. */
#ifndef VMM_STRING_IO_H
#define VMM_STRING_IO_H

#include <vmm/vcpu.h>

/* Handles an exit of kind PORT with flag STRING. */
enum vmm_action vmm_string_io(struct vmm_vcpu *vcpu);

#endif
