/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * No event is lost and none is delivered twice: a random guest, a random client and a host that
 * preempts at random, against a count of what was injected and what arrived.
 */

#include "model.h"
#include "test.h"

#include <x86/vmx_controls.h>
#include <x86/vmx_exit.h>
#include <x86/vmx_fields.h>

#include "internal.h"

#define VECTORS 256

static struct vcpu *vcpu;
static uint64_t seed;
static unsigned injected[VECTORS], arrived[VECTORS];
static unsigned nmis_injected, nmis_arrived, exceptions_injected, exceptions_arrived;

static bool chance(unsigned in)
{
    return test_random(&seed) % in == 0;
}

/* A processor that delivers what the entry injects, or is interrupted at it, then lives on. */
static void guest(struct vcpu *v, uint32_t event)
{
    uint32_t type = event & NACELLE_EVENT_TYPE_MASK;
    uint64_t rflags = model_field(v, VMCS_GUEST_RFLAGS);
    uint64_t blocking = model_field(v, VMCS_GUEST_INTERRUPTIBILITY_STATE);
    uint64_t controls = model_field(v, VMCS_PROC_BASED_CONTROLS);

    if (event != 0) {
        if (type == NACELLE_EVENT_INTERRUPT)
            assert_true((rflags & 0x200) != 0 && (blocking & 3) == 0);
        if (type == NACELLE_EVENT_NMI)
            assert_int_equal(blocking & 11, 0);
        if (chance(4)) { /* the IDT or the stack is not mapped */
            model_exit(v, VMX_EXIT_REASON_EPT_VIOLATION);
            model_set_field(v, VMCS_EXIT_QUALIFICATION, 0x81);
            model_set_field(v, VMCS_IDT_VECTORING_INFO, event);
            model_set_field(v, VMCS_IDT_VECTORING_ERROR_CODE, 0);
            /* NMIs are blocked as soon as the delivery begins. */
            if (type == NACELLE_EVENT_NMI)
                model_set_field(v, VMCS_GUEST_INTERRUPTIBILITY_STATE, blocking | 8);
            return;
        }
        if (type == NACELLE_EVENT_INTERRUPT)
            arrived[event & 0xff]++;
        else if (type == NACELLE_EVENT_NMI)
            nmis_arrived++;
        else
            exceptions_arrived++;
        rflags &= ~UINT64_C(0x200); /* an interrupt gate */
        blocking &= ~UINT64_C(3);
        if (type == NACELLE_EVENT_NMI)
            blocking |= 8;
    }
    /* Some instructions: STI, CLI, MOV SS, IRET. */
    blocking &= ~UINT64_C(3);
    if (chance(2))
        rflags |= 0x200;
    else if (chance(3))
        rflags &= ~UINT64_C(0x200);
    if (chance(3))
        blocking &= ~UINT64_C(8);
    if (chance(8) && (rflags & 0x200) != 0)
        blocking |= 1;
    else if (chance(8))
        blocking |= 2;
    model_set_field(v, VMCS_GUEST_RFLAGS, rflags);
    model_set_field(v, VMCS_GUEST_INTERRUPTIBILITY_STATE, blocking);
    if ((controls & VMX_PROC_NMI_WINDOW_EXITING) != 0 && (blocking & 10) == 0)
        model_exit(v, VMX_EXIT_REASON_NMI_WINDOW);
    else if ((controls & VMX_PROC_INTERRUPT_WINDOW_EXITING) != 0 && (rflags & 0x200) != 0 &&
             (blocking & 3) == 0)
        model_exit(v, VMX_EXIT_REASON_INTERRUPT_WINDOW);
    else if (chance(3))
        model_exit(v, VMX_EXIT_REASON_PREEMPTION_TIMER);
    else
        model_exit(v, VMX_EXIT_REASON_CPUID);
}

/* The client injects when nothing of that class waits, as one with an interrupt controller does. */
static void client(void)
{
    if (vcpu->events.interrupt == 0 && chance(3)) {
        uint32_t vector = (uint32_t)(test_random(&seed) % VECTORS);

        assert_int_equal(vcpu_inject(vcpu, vector, 0, 0), NACELLE_ERROR_OK);
        injected[vector]++;
    }
    /* One NMI at a time: two that wait merge, as in a processor, which latches one. */
    if (vcpu->events.nmi == 0 &&
        (vcpu->events.vectoring & NACELLE_EVENT_TYPE_MASK) != NACELLE_EVENT_NMI && chance(10)) {
        assert_int_equal(vcpu_inject(vcpu, NACELLE_EVENT_NMI | 2, 0, 0), NACELLE_ERROR_OK);
        nmis_injected++;
    }
    /* A benign exception on top of whatever: it never makes another one disappear (#UD, no
     * delivery of an exception under way). */
    if ((vcpu->events.vectoring & NACELLE_EVENT_TYPE_MASK) != NACELLE_EVENT_EXCEPTION &&
        vcpu->events.exception == 0 && chance(10)) {
        assert_int_equal(vcpu_inject(vcpu, NACELLE_EVENT_EXCEPTION | 6, 0, 0), NACELLE_ERROR_OK);
        exceptions_injected++;
    }
}

static void no_event_is_lost_or_doubled(void **state)
{
    unsigned total = 0;

    (void)state;
    model_reset("corei7_haswell_4770");
    model_enable();
    vcpu = model_vcpu(model_vm());
    seed = 0xfeedface;
    for (unsigned i = 0; i < 100000; i++) {
        bool last = i >= 99000; /* in the end everything is to arrive */

        if (model_run(vcpu, guest, NULL) == VCPU_SEND_EXIT) {
            if (!last)
                client();
            assert_true(vcpu_resume(vcpu, vcpu_state(vcpu)->exit.kind == NACELLE_EXIT_CPUID
                                              ? NACELLE_RESUME_ADVANCE
                                              : 0));
        }
        if (chance(5))
            assert_true(vcpu_prepare(vcpu_host_cpu(), vcpu,
                                     0x5000)); /* prepared, and preempted before entry */
        if (chance(50))
            vcpu_unload(vcpu);
        if (chance(100)) { /* save and restore all of it */
            struct vcpu_refusal refusal;

            vcpu_fetch(vcpu, NACELLE_GROUP_EVENTS);
            assert_int_equal(vcpu_store(vcpu, NACELLE_GROUP_EVENTS, &refusal), NACELLE_ERROR_OK);
        }
    }
    for (unsigned i = 0; i < VECTORS; i++) {
        assert_int_equal(arrived[i], injected[i]);
        total += arrived[i];
    }
    assert_int_equal(nmis_arrived, nmis_injected);
    assert_int_equal(exceptions_arrived, exceptions_injected);
    assert_true(total > 5000 && nmis_arrived > 1000 && exceptions_arrived > 1000);
    assert_false(vcpu_events_pending(&vcpu->events));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(no_event_is_lost_or_doubled),
};

TEST_MAIN(tests)
