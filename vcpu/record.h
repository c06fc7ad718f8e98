/* SPDX-License-Identifier: BSD-2-Clause */
/* Parts of an exit record that follow from the general registers alone. Pure. */
#ifndef VCPU_RECORD_H
#define VCPU_RECORD_H

#include <nacelle/exit.h>
#include <stdbool.h>
#include <stdint.h>

/* The bits of an operand of so many bytes; 0 and more than 8: all. */
uint64_t vcpu_mask_of_size(unsigned bytes);

/* Leaf and subleaf. */
void vcpu_record_cpuid(struct nacelle_exit *out, const uint64_t general[16]);
/* A counter that ecx names; a call that eax names. */
void vcpu_record_counter(struct nacelle_exit *out, const uint64_t general[16]);
void vcpu_record_hypercall(struct nacelle_exit *out, const uint64_t general[16]);
/* The register that ecx names, and edx:eax if it is written. */
void vcpu_record_msr(struct nacelle_exit *out, const uint64_t general[16], bool write);
void vcpu_record_xsetbv(struct nacelle_exit *out, const uint64_t general[16]);
/* The delivery that the exit interrupted, if the event is valid. */
void vcpu_record_vectoring(struct nacelle_exit *out, uint32_t event, uint32_t error);

#endif
