/* SPDX-License-Identifier: BSD-2-Clause */
/* The test rig: one VM with one vCPU, its memory, running it until the next exit. */
#ifndef EXITS_RIG_H
#define EXITS_RIG_H

#include <nacelle/vcpu_state.h>
#include <runtime/client_info.h>
#include <stdbool.h>

/*
 * Guest-physical memory. RAM is mapped with all rights; the read-only page for reading and
 * execution; from RIG_HOLE on there is nothing.
 */
#define RIG_CODE       0x1000u /* the code of a case */
#define RIG_HANDLERS   0x2000u /* handlers of 16 bytes for vectors 0 to 255: HLT, IRET */
#define RIG_IDT        0x5000u /* one page, whatever the mode */
#define RIG_GDT        0x6000u
#define RIG_TSS        0x7000u
#define RIG_TABLES     0x8000u  /* four pages of translation tables */
#define RIG_STACK      0x30800u /* linear address that the stack pointer holds at first */
#define RIG_STACK_PAGE 0x30000u
#define RIG_RAM_SIZE   0x40000u
#define RIG_READ_ONLY  0x40000u
#define RIG_HOLE       0x41000u

extern volatile struct nacelle_vcpu_state *rig_state; /* the state page */
extern struct nacelle_vcpu_state rig_reset;           /* all groups, as after RESET */
extern uint64_t rig_vm, rig_vcpu;

void rig_init(const struct nacelle_client_info *info);

/* The guest's RAM, by guest-physical address. */
void *rig_ram(uint32_t gpa);

/* Takes a page of RAM out of the VM, and puts it back. */
void rig_unmap(uint32_t gpa);
void rig_map(uint32_t gpa);

void rig_control(uint32_t control, uint64_t value);

/* Resumes the vCPU and waits for its next exit. False when none came within RIG_PATIENCE: the
 * vCPU was then stopped by a poke. */
#define RIG_PATIENCE 4000000 /* TSC ticks */
bool rig_run(uint32_t resume_flags);

/* The state page has these groups. */
void rig_fetch(uint32_t groups);

uint64_t rig_rsp(void);

#endif
