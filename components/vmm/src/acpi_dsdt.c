/* SPDX-License-Identifier: BSD-2-Clause */
/* The compiled board.asl: the build turns it into a list of bytes. */
#include "acpi_dsdt.h"

const uint8_t vmm_acpi_dsdt[] = {
#include "board.inc"
};

const uint32_t vmm_acpi_dsdt_size = sizeof(vmm_acpi_dsdt);
