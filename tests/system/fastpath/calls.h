/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FASTPATH_CALLS_H
#define FASTPATH_CALLS_H

/* Where the page of data lies, in either address space. */
#define CALLS_DATA 0x10000000
#define CALLS_CODE 0x10001000

#endif
