/* SPDX-License-Identifier: BSD-2-Clause */
/* Table-driven cases: an instruction, the state it runs in, and the exit that it must cause. */
#ifndef EXITS_CASES_H
#define EXITS_CASES_H

#include "mode.h"

#include <nacelle/exit.h>
#include <nacelle/object.h>
#include <x86/control.h>
#include <x86/general_registers.h>

/* What a general register holds unless a case says otherwise: no two bytes of any two are equal. */
#define REGISTER(index) (0x0102030405060708ull + (index)*0x1010101010101010ull)

enum {
    FEATURE_XSAVE = 1,
    FEATURE_RDTSCP = 2,
    FEATURE_INVPCID = 4,
    FEATURE_MONITOR = 8,
    FEATURE_STEP = 16,
};

/* How the value of a register is meant. */
enum meaning {
    AS_IT_IS,
    /* Address and count registers: bits that the address size leaves out hold rubbish. */
    COUNT,
    LINEAR_ES = 16, /* + segment: the offset that makes this linear address */
    LINEAR_CS,
    LINEAR_SS,
    LINEAR_DS,
    LINEAR_FS,
    LINEAR_GS,
    CR0_CHANGED = 32, /* CR0 of the case with these bits inverted */
    CR4_CHANGED,
};

struct exits_register {
    uint8_t index;
    enum meaning meaning;
    uint64_t value;
};

struct exits_control {
    enum nacelle_control control;
    bool set;
    uint64_t value;
};

/*
 * The vCPU begins at `begin`; the exit comes at `at`, and what comes after the instruction lies at
 * `end`, where the rig puts HLT: after ADVANCE this must be the next exit.
 */
struct exits_case {
    const char *name;
    const uint8_t *begin, *at, *end;
    struct nacelle_exit expected;
    struct exits_register registers[4];
    struct exits_control controls[2];
    uint64_t cr0, cr0_shadow, cr4, cr4_shadow,
        rflags; /* bits to be set besides those of the mode */
    uint64_t dr[2], dr7;
    uint64_t memory_at, memory; /* 8 bytes of guest memory */
    uint32_t not_in;            /* modes: ONLY() */
    uint32_t features;          /* FEATURE_* that it needs */
    uint16_t open_msr;          /* 1 and up: index into the opened MSRs, see run.c */
    uint8_t string;             /* 1 + segment, for detail of PORT */
    bool alternate;             /* prefix 67h: the other address size */
    uint8_t value_of;           /* 1 + register: value is what it holds, cut to value_size bytes */
    uint8_t value_size;         /* 0: the mode's */
    uint8_t gva_of;     /* 1 + register: gva is added to what it holds as an address in SS */
    bool rip_relative;  /* gva is added to `end` */
    bool soft;          /* an exception of an instruction that ends: has a length */
    bool anywhere;      /* rip is not defined */
    bool at_end;        /* rip is `end` */
    bool no_idt;        /* the limit of IDTR is 0 */
    bool user;          /* privilege level 3 */
    bool stop;          /* nothing more is run after the exit */
    bool any_access;    /* READ is neither demanded nor forbidden */
    uint8_t handler;    /* the HLT is that of this vector's handler */
    uint8_t task_gate;  /* vector that goes to SELECTOR_OTHER_TSS */
    uint16_t back_link; /* of the task */
    uint8_t result;     /* 1 + register: holds this at the exit, in the bits of the mask */
    uint64_t result_mask, result_value;
};

struct exits_group {
    const char *name;
    const struct exits_case *cases[3]; /* of 16-, 32- and 64-bit code */
    unsigned counts[3];
};

extern const struct exits_group exits_port, exits_system, exits_control, exits_tables, exits_memory,
    exits_exception, exits_task, exits_virtualization;

/* features: FEATURE_* of the machine; cases that need others are left out. */
void exits_run_group(const struct exits_group *group, uint32_t features);

/* Which of FEATURE_* the machine has; the first exit is behind. */
uint32_t exits_features(void);

/* For cases that are not in tables: the state of `mode` with code[0...size) and HLT behind it, and
 * with these bits of RFLAGS set. */
void exits_begin(enum mode mode, const uint8_t *code, unsigned size, uint64_t rflags);

/* Makes it privilege level 3, with selectors that IRET can load again. */
void exits_set_user(volatile struct nacelle_vcpu_state *state);

#endif
