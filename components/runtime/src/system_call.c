/* SPDX-License-Identifier: BSD-2-Clause */
/* What all system calls of a program share. */
#include <nacelle/boot_info.h>
#include <nacelle/exit.h>
#include <runtime/client_info.h>
#include <runtime/system_call.h>

struct nacelle_ipc_buffer *nacelle_ipc_buffer;
uint8_t nacelle_by_syscall;

void nacelle_choose_system_call(const void *info)
{
    const struct nacelle_boot_info *boot = info;
    const struct nacelle_client_info *client = info;
    uint32_t vendor = boot->magic == NACELLE_BOOT_INFO_MAGIC ? boot->vendor : client->vendor;

    nacelle_by_syscall = vendor == NACELLE_VENDOR_SVM;
}
