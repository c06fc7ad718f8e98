/* SPDX-License-Identifier: BSD-2-Clause */
/* Code of the guests: guests.S. */
#ifndef BAD_INPUT_GUESTS_H
#define BAD_INPUT_GUESTS_H

#include <stdint.h>

#define GUEST(name) extern const uint8_t name##_begin[], name##_end[]

GUEST(guest_spin);  /* jumps to itself */
GUEST(guest_count); /* counts ebx from 0 to COUNT_TO, then OUT to port 0x10, for ever */
GUEST(guest_cpuid); /* CPUID for ever */
GUEST(guest_msr);   /* reads MSR esi, then VMCALL */
GUEST(guest_in);    /* reads port esi, then VMCALL */
GUEST(guest_long);  /* PAE and PG set, CPUID, PG and PAE cleared, CPUID, for ever; esi is for CR3 */

#define COUNT_TO 100000ull

#endif
