/* SPDX-License-Identifier: BSD-2-Clause */
/* A private copy of groups of the state page, and the checks on it. Pure. */
#ifndef VCPU_IMAGE_H
#define VCPU_IMAGE_H

#include <nacelle/vcpu_state.h>
#include <stdbool.h>
#include <stdint.h>

#define VCPU_IMAGE_XSAVE_HEADER      512
#define VCPU_IMAGE_XSAVE_HEADER_SIZE 64
#define VCPU_IMAGE_MXCSR             24

/* Members as in struct nacelle_vcpu_state. Of the FPU group only what is checked. */
struct vcpu_image {
    struct {
        uint64_t rip, rflags;
    } ip;
    uint64_t rsp;
    struct nacelle_segment segments[NACELLE_SEGMENTS];
    struct {
        uint64_t cr0, cr2, cr3, cr4, cr0_shadow, cr4_shadow, efer, xcr0, xss;
        uint64_t pdpte[4];
    } control;
    struct nacelle_table gdtr, idtr;
    struct {
        uint64_t star, lstar, cstar, fmask, kernel_gs_base;
        uint64_t sysenter_cs, sysenter_esp, sysenter_eip;
        uint64_t tsc_aux, pat;
    } system_call;
    struct {
        uint32_t blocking, activity;
        uint64_t pending_debug;
        uint32_t interrupt, nmi, exception, exception_error, exception_length;
        uint32_t vectoring, vectoring_error, vectoring_length, windows, deferred;
    } events;
    struct {
        uint64_t dr[4], dr6, dr7, debugctl;
    } debug;
    struct {
        uint8_t header[VCPU_IMAGE_XSAVE_HEADER_SIZE];
        uint32_t mxcsr;
    } fpu;
};

/* What this CPU accepts. */
struct vcpu_limits {
    uint64_t cr4_allowed;  /* CR4 bits, without those that only a shadow has */
    uint64_t cr4_shadowed; /* CR4 bits that the guest sees and the processor does not get */
    uint64_t efer_allowed;
    uint64_t debugctl_allowed;
    uint64_t xcr0_supported;
    uint32_t physical_bits;
    bool tsc_aux;
    uint32_t activities; /* bit n: NACELLE_ACTIVITY n */
};

/* Reads groups out of the state page, each value once. */
void vcpu_image_read(struct vcpu_image *image, const volatile struct nacelle_vcpu_state *state,
                     uint32_t groups);

/* The same for the groups IP and RSP, both of them. */
static inline void vcpu_image_read_plain(struct vcpu_image *image,
                                         const volatile struct nacelle_vcpu_state *state)
{
    image->ip.rip = state->rip;
    image->ip.rflags = state->rflags;
    image->rsp = state->rsp;
}

/*
 * NACELLE_CHECK_* of the first value of a group that no processor state can have, or that would
 * fault or harm the host when loaded; 0 when all is well. What depends on other groups is left to
 * the processor, whose refusal names it.
 */
uint32_t vcpu_image_check(const struct vcpu_image *image, uint32_t group,
                          const struct vcpu_limits *limits);

/* The same for the group IP alone. */
uint32_t vcpu_image_check_ip(const struct vcpu_image *image);

/* The group of the state page that holds what a check looks at; 0: none, the engine's own. */
uint32_t vcpu_check_group(uint32_t check);

#endif
