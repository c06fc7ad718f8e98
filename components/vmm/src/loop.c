/* SPDX-License-Identifier: BSD-2-Clause */
/* The event loop. */
#include <nacelle/exit.h>
#include <runtime/client.h>
#include <runtime/cspace.h>
#include <runtime/format.h>
#include <runtime/ipc.h>
#include <runtime/names.h>
#include <runtime/notification.h>
#include <runtime/vcpu.h>
#include <vmm/interrupts.h>
#include <vmm/loop.h>

#define RFLAGS_IF (1ull << 9)
#define NMI       (NACELLE_EVENT_NMI | 2)
#define TIMER     (1ull << 0) /* what the notification's own timer signals */

void vmm_loop_init(struct vmm_loop *loop, struct nacelle_pool *pool)
{
    *loop = (struct vmm_loop){.armed = VMM_NEVER};
    loop->endpoint = nacelle_pool_need(pool, NACELLE_TYPE_ENDPOINT, NACELLE_SIZE_ENDPOINT);
    loop->notification =
        nacelle_pool_need(pool, NACELLE_TYPE_NOTIFICATION, NACELLE_SIZE_NOTIFICATION);
    nacelle_check(nacelle_notification_bind(loop->notification, loop->endpoint),
                  "binding the notification");
}

static void need_room(unsigned count, unsigned max, const char *what)
{
    if (count < max)
        return;
    nacelle_print("too many %s\n", what);
    nacelle_exit(1);
}

void vmm_loop_add(struct vmm_loop *loop, struct nacelle_pool *pool, struct vmm_vcpu *vcpu,
                  uint64_t vm)
{
    uint64_t badged = 0;

    need_room(loop->count, VMM_LOOP_VCPUS_MAX, "vCPUs");
    loop->vcpus[loop->count++] = vcpu;
    nacelle_check(nacelle_pool_slots(pool, 1, &badged), "slot");
    nacelle_check(nacelle_cspace_copy(NACELLE_CLIENT_CSPACE, badged, loop->endpoint,
                                      NACELLE_RIGHT_WRITE, loop->count),
                  "endpoint for exits");
    nacelle_check(nacelle_vcpu_configure(vcpu->capability, vm, badged), "configuring the vCPU");
    /* nobody but the guest uses them while it runs */
    nacelle_check(nacelle_vcpu_set_control(vcpu->capability, NACELLE_CONTROL_DEBUG_REGISTERS, 0),
                  "debug registers");
}

uint64_t vmm_loop_add_source(struct vmm_loop *loop, void (*handler)(void *context), void *context)
{
    need_room(loop->source_count, VMM_LOOP_SOURCES_MAX, "sources");
    loop->sources[loop->source_count++] = (struct vmm_source){handler, context};
    return TIMER << loop->source_count;
}

void vmm_loop_use_channels(struct vmm_loop *loop, const struct nacelle_client_info *info)
{
    if (!info->channel_count)
        return;
    need_room(info->channel_count, VMM_LOOP_SOURCES_MAX, "channels");
    nacelle_check(nacelle_notification_bind(loop->notification, 0), "the loop's notification");
    nacelle_check(nacelle_notification_bind(NACELLE_CLIENT_DOORBELL, loop->endpoint),
                  "binding the doorbell");
    loop->notification = NACELLE_CLIENT_DOORBELL;
    loop->source_count = info->channel_count;
}

void vmm_loop_set_source(struct vmm_loop *loop, unsigned bit, void (*handler)(void *context),
                         void *context)
{
    need_room(bit - 1, loop->source_count, "channels");
    loop->sources[bit - 1] = (struct vmm_source){handler, context};
}

uint64_t vmm_loop_signal_slot(struct vmm_loop *loop, struct nacelle_pool *pool, uint64_t badge)
{
    uint64_t slot = 0;

    nacelle_check(nacelle_pool_slots(pool, 1, &slot), "slot");
    nacelle_check(nacelle_cspace_copy(NACELLE_CLIENT_CSPACE, slot, loop->notification,
                                      NACELLE_RIGHT_WRITE, badge),
                  "capability that signals");
    return slot;
}

/* Notes the first thing that goes wrong with a vCPU, which ends it. */
static void check(struct vmm_vcpu *vcpu, enum nacelle_error error, const char *what)
{
    if (error == NACELLE_ERROR_OK)
        return;
    if (!vcpu->problem[0])
        nacelle_snprintf(vcpu->problem, sizeof(vcpu->problem), "%s: %s", what,
                         nacelle_error_text(error));
    vcpu->stopped = true;
}

/* The processor has the local APIC's registers as long as their mode is one that it can do, and
 * looks at them again when an interrupt was accepted. */
static void show_apic(struct vmm_vcpu *vcpu)
{
    bool show = vcpu->apic_page && vmm_lapic_can_be_virtual(vcpu->lapic);
    enum nacelle_error error;

    if (vcpu->stopped || (show == vcpu->virtual_apic && !(show && vcpu->lapic->changed)))
        return;
    error = nacelle_vcpu_set_apic(vcpu->capability, show ? vcpu->apic_page : 0);
    if (error == NACELLE_ERROR_UNSUPPORTED) {
        vcpu->apic_page = 0;
        return;
    }
    check(vcpu, error, "the virtual APIC");
    vcpu->virtual_apic = show;
    vcpu->lapic->changed = false;
}

static void offer(struct vmm_vcpu *vcpu)
{
    uint64_t was_pending;

    show_apic(vcpu);
    if (vmm_interrupts_take_nmi(vcpu)) {
        check(vcpu, nacelle_vcpu_inject(vcpu->capability, NMI, 0), "injecting an NMI");
        vcpu->wakes = true;
    }
    switch (vmm_interrupts_offer(vcpu)) {
    case VMM_OFFER_INJECT:
        check(vcpu,
              nacelle_vcpu_inject(vcpu->capability,
                                  NACELLE_EVENT_INTERRUPT | vmm_interrupts_vector(vcpu), 0),
              "injecting an interrupt");
        break;
    case VMM_OFFER_CANCEL:
        check(vcpu, nacelle_vcpu_cancel(vcpu->capability, 0, &was_pending),
              "cancelling an interrupt");
        break;
    case VMM_OFFER_POKE:
        check(vcpu, nacelle_vcpu_poke(vcpu->capability), "poking the vCPU");
        break;
    default:
        break;
    }
}

/* An interrupt ends the HLT of a vCPU that waits. */
static void wake(struct vmm_vcpu *vcpu)
{
    if (!vcpu->halted || vcpu->stopped || (!vcpu->wakes && vmm_interrupts_due(vcpu) < 0))
        return;
    vcpu->halted = false;
    vcpu->wakes = false;
    vcpu->runs = true;
    vcpu->statistics.idle_ticks += vcpu->pc->clock.now - vcpu->halted_at;
    check(vcpu, nacelle_vcpu_resume_after(vcpu->capability), "resuming the vCPU");
}

static void stop(struct vmm_vcpu *vcpu)
{
    vcpu->stopped = true;
    vmm_debug_port_flush(&vcpu->pc->debug);
}

/* A vCPU that is done outside of an exit; one that runs stops at the exit that the poke causes. */
static void finish(struct vmm_vcpu *vcpu)
{
    if (vcpu->runs)
        check(vcpu, nacelle_vcpu_poke(vcpu->capability), "poking the vCPU");
    else if (!vcpu->stopped)
        stop(vcpu);
}

/* HLT: returns the reply. */
static uint32_t halt(struct vmm_vcpu *vcpu)
{
    if (!(vcpu->state->rflags & RFLAGS_IF)) {
        nacelle_snprintf(vcpu->problem, sizeof(vcpu->problem),
                         "halted with interrupts disabled at rip 0x%lx", vcpu->state->rip);
        stop(vcpu);
        return NACELLE_RESUME_STAY;
    }
    if (vcpu->lapic->nmi || vmm_interrupts_due(vcpu) >= 0)
        return NACELLE_RESUME_ADVANCE;
    vcpu->halted = true;
    vcpu->halted_at = vcpu->pc->clock.now;
    vcpu->wakes = false;
    return NACELLE_RESUME_STAY;
}

/* The guest has written its time stamp counter. */
static void set_tsc_offset(struct vmm_vcpu *vcpu)
{
    check(vcpu,
          nacelle_vcpu_set_control(vcpu->capability, NACELLE_CONTROL_TSC_OFFSET,
                                   vcpu->lapic->tsc_offset),
          "setting the TSC offset");
    vcpu->tsc_offset = vcpu->lapic->tsc_offset;
}

/* Handles an exit; returns the label of the reply. */
static uint32_t handle_exit(struct vmm_vcpu *vcpu)
{
    enum vmm_action action;
    uint32_t label = 0;

    vcpu->runs = false;
    vcpu->exception = 0;
    vcpu->pc->clock.now = nacelle_tsc();
    vmm_interrupts_settle(vcpu);
    action = vmm_handle_exit(vcpu);
    vmm_clock_run(&vcpu->pc->clock);
    if (vcpu->exception)
        check(vcpu, nacelle_vcpu_inject(vcpu->capability, vcpu->exception, vcpu->exception_error),
              "injecting an exception");
    if (vcpu->tsc_offset != vcpu->lapic->tsc_offset)
        set_tsc_offset(vcpu);
    if (action == VMM_STOP)
        stop(vcpu);
    else if (action == VMM_HALT)
        label = halt(vcpu);
    else if (action == VMM_ADVANCE)
        label = NACELLE_RESUME_ADVANCE;
    offer(vcpu);
    vcpu->runs = !vcpu->halted && !vcpu->stopped;
    return vcpu->stopped ? NACELLE_RESUME_STAY : label;
}

/* The sources run between the clocks' setting and their timers, as they may set timers and raise
 * interrupts of any board. */
static void handle_notification(struct vmm_loop *loop, uint64_t bits)
{
    uint64_t now = nacelle_tsc();

    if (bits & TIMER)
        loop->armed = VMM_NEVER;
    for (unsigned i = 0; i < loop->count; i++)
        loop->vcpus[i]->pc->clock.now = now;
    for (unsigned i = 0; i < loop->source_count; i++)
        if ((bits & TIMER << (i + 1)) && loop->sources[i].handler)
            loop->sources[i].handler(loop->sources[i].context);
    for (unsigned i = 0; i < loop->count; i++) {
        struct vmm_vcpu *vcpu = loop->vcpus[i];

        vcpu->statistics.notifications++;
        vmm_clock_run(&vcpu->pc->clock);
        if (vcpu->done)
            finish(vcpu);
        offer(vcpu);
        wake(vcpu);
    }
}

/* Sets the notification's timer when the earliest deadline has changed. */
static void arm(struct vmm_loop *loop)
{
    uint64_t earliest = VMM_NEVER;

    for (unsigned i = 0; i < loop->count; i++) {
        uint64_t deadline = vmm_clock_deadline(&loop->vcpus[i]->pc->clock);

        if (!loop->vcpus[i]->stopped && deadline < earliest)
            earliest = deadline;
    }
    if (earliest == loop->armed)
        return;
    nacelle_check(
        nacelle_notification_set_timer(loop->notification, earliest == VMM_NEVER ? 0 : earliest),
        "setting the timer");
    loop->armed = earliest;
}

static bool all_stopped(const struct vmm_loop *loop)
{
    for (unsigned i = 0; i < loop->count; i++)
        if (!loop->vcpus[i]->stopped)
            return false;
    return true;
}

static void start(struct vmm_loop *loop)
{
    for (unsigned i = 0; i < loop->count; i++) {
        loop->vcpus[i]->runs = true;
        check(loop->vcpus[i], nacelle_vcpu_resume(loop->vcpus[i]->capability), "starting the vCPU");
    }
}

void vmm_loop_run(struct vmm_loop *loop)
{
    struct nacelle_message message = {0};
    bool reply = false;

    start(loop);
    while (!all_stopped(loop)) {
        arm(loop);
        nacelle_check(reply ? nacelle_reply_receive(loop->endpoint, &message)
                            : nacelle_receive(loop->endpoint, &message),
                      "waiting for exits");
        reply = false;
        if (nacelle_from_kernel(&message, NACELLE_LABEL_NOTIFICATION)) {
            handle_notification(loop, message.words[0]);
        } else if ((message.tag & NACELLE_TAG_KERNEL) && message.badge >= 1 &&
                   message.badge <= loop->count) {
            uint32_t label = handle_exit(loop->vcpus[message.badge - 1]);

            message.tag = nacelle_tag(label, 0);
            reply = true;
        }
    }
    if (reply)
        (void)nacelle_reply(&message);
}
