/* SPDX-License-Identifier: BSD-2-Clause */
/* Stages and tables of the guest that changes its mode by itself. */
#ifndef EXITS_CLIMB_H
#define EXITS_CLIMB_H

#define CLIMB_CODE 0x1000 /* RIG_CODE */

/* Translation tables, each of which maps the first large page to itself. */
#define CLIMB_TABLES_32     0x8000
#define CLIMB_TABLES_PAE    0x9000
#define CLIMB_DIRECTORY     0xa000
#define CLIMB_TABLES_LONG   0xb000
#define CLIMB_POINTERS      0xc000

#define CLIMB_REAL          0
#define CLIMB_PROTECTED     1
#define CLIMB_PAGED         2
#define CLIMB_PAE           3
#define CLIMB_LME           4 /* paging off, PAE on, LME set */
#define CLIMB_COMPATIBILITY 5
#define CLIMB_LONG          6
#define CLIMB_LEFT          7 /* LME clear again, PAE still on */
#define CLIMB_STAGES        8

#ifndef __ASSEMBLER__

#include <stdint.h>

extern const uint8_t climb_begin[], climb_end[];

void climb_run(void);

#endif
#endif
