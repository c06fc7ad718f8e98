/* SPDX-License-Identifier: BSD-2-Clause */
/* Names and texts of the numbers in the binary interface. Numbers that do not exist are "?". */
#ifndef RUNTIME_NAMES_H
#define RUNTIME_NAMES_H

#include <stdint.h>

const char *nacelle_error_name(uint32_t error);      /* "NO_MEMORY" */
const char *nacelle_error_text(uint32_t error);      /* "the untyped memory has too little left" */
const char *nacelle_exit_text(uint32_t kind);        /* "port I/O" */
const char *nacelle_type_name(uint32_t type);        /* "endpoint" */
const char *nacelle_register_name(unsigned index);   /* "rax"; general registers, index order */
const char *nacelle_exception_name(uint32_t vector); /* "page fault" */

#endif
