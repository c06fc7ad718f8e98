/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef SERVER_BOOT_MITIGATIONS_H
#define SERVER_BOOT_MITIGATIONS_H

/* Says in one line which mitigations act, and which are compiled in and cannot. */
void mitigations_report(void);

#endif
