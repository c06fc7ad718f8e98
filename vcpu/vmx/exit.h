/* SPDX-License-Identifier: BSD-2-Clause */
/* From what the processor reports of an exit to the vendor-neutral record. Pure. */
#ifndef VCPU_VMX_EXIT_H
#define VCPU_VMX_EXIT_H

#include <nacelle/exit.h>
#include <stdbool.h>
#include <stdint.h>

/* What the record of an exit reason is made of: fields to read. */
#define VMX_NEEDS_QUALIFICATION (1u << 0)
#define VMX_NEEDS_LENGTH        (1u << 1)
#define VMX_NEEDS_INSTRUCTION   (1u << 2) /* instruction information */
#define VMX_NEEDS_INTERRUPTION  (1u << 3) /* interruption information, error code, length */
#define VMX_NEEDS_GPA           (1u << 4)
#define VMX_NEEDS_GVA           (1u << 5)
#define VMX_NEEDS_OPERAND       (1u << 6) /* the segment of the memory operand, and the mode */
#define VMX_NEEDS_VECTORING     (1u << 7) /* the exit may interrupt the delivery of an event */

/* Values of a VMCS after an exit; those that the reason does not need are 0. */
struct vmx_exit_info {
    uint32_t reason; /* the whole field */
    uint32_t length;
    uint32_t instruction;
    uint32_t information;
    uint32_t error;
    uint32_t vectoring;
    uint32_t vectoring_error;
    uint64_t qualification;
    uint64_t gpa;
    uint64_t gva;
    uint64_t rsp;
    uint64_t segment_base; /* of the segment that the memory operand names */
    bool long_64;          /* the guest is in 64-bit mode */
    bool string_info;      /* the processor gives instruction information for INS and OUTS */
};

/* VMX_NEEDS_* of a basic exit reason; all that costs nothing to misread for one not known. */
uint32_t vmx_exit_needs(uint32_t reason);

/*
 * The record of an exit. general: the registers in index order, without rsp. Every reason and every
 * value has a result; reasons that the engine does not know are NACELLE_EXIT_UNKNOWN.
 */
struct nacelle_exit vmx_decode_exit(const struct vmx_exit_info *info, const uint64_t general[16]);

/* The segment register (0-5) of the memory operand; DS for a reserved encoding. */
unsigned vmx_operand_segment(uint32_t reason, uint32_t instruction);

#endif
