/* SPDX-License-Identifier: BSD-2-Clause */
/* board.asl as compiled by iasl. */
#ifndef VMM_SRC_ACPI_DSDT_H
#define VMM_SRC_ACPI_DSDT_H

#include <stdint.h>

extern const uint8_t vmm_acpi_dsdt[];
extern const uint32_t vmm_acpi_dsdt_size; /* bytes */

#endif
