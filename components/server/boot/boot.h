/* SPDX-License-Identifier: BSD-2-Clause */
/* Where entry.S hands over to C. */
#ifndef SERVER_BOOT_H
#define SERVER_BOOT_H

#include <stdint.h>

/* magic: the boot loader's; information: physical address of what it says. Does not return. */
void boot_main(uint32_t magic, uint32_t information);

#endif
