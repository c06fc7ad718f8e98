/* SPDX-License-Identifier: BSD-2-Clause */
/* Which exits are answered by the server. */
#include <nacelle/object.h>
#include <vmm/answers.h>
#include <x86/cpuid.h>

/* Codes of a power-on self test go there; Linux writes it for the time that this takes. */
#define POST_PORT 0x80u

struct list {
    unsigned count;
    struct vmm_answer *answers;
};

static void add(struct list *list, struct vmm_answer answer)
{
    if (list->count < VMM_ANSWERS_MAX)
        list->answers[list->count++] = answer;
}

static void add_cpuid(struct list *list, const struct vmm_pc *pc)
{
    for (unsigned i = 0; i < pc->cpuid.count; i++) {
        const struct vmm_cpuid_entry *entry = &pc->cpuid.entries[i];

        if (vmm_cpuid_depends(entry->leaf, entry->subleaf) ||
            (entry->leaf == X86_CPUID_TOPOLOGY && pc->apic_bus.count > 1))
            continue;
        add(list,
            (struct vmm_answer){
                entry->any_subleaf ? NACELLE_ANSWER_CPUID_ANY : NACELLE_ANSWER_CPUID,
                entry->leaf,
                entry->any_subleaf ? 0 : entry->subleaf,
                {entry->values.eax, entry->values.ebx, entry->values.ecx, entry->values.edx}});
    }
}

static void add_msrs(struct list *list, const struct vmm_pc *pc)
{
    for (unsigned i = 0; i < pc->msrs.count; i++) {
        const struct vmm_msr_range *range = &pc->msrs.ranges[i];

        if (range->get || range->set || range->first != range->last ||
            range->write == VMM_MSR_WRITE_KEPT)
            continue;
        add(list,
            (struct vmm_answer){NACELLE_ANSWER_MSR_READ,
                                range->first,
                                0,
                                {(uint32_t)range->value, 0, 0, (uint32_t)(range->value >> 32)}});
        if (range->write == VMM_MSR_WRITE_IGNORED)
            add(list,
                (struct vmm_answer){.kind = NACELLE_ANSWER_MSR_IGNORED, .number = range->first});
    }
}

unsigned vmm_answers_list(const struct vmm_pc *pc, struct vmm_answer answers[VMM_ANSWERS_MAX])
{
    struct list list = {0, answers};

    add(&list, (struct vmm_answer){.kind = NACELLE_ANSWER_OUT_IGNORED, .number = POST_PORT});
    add_msrs(&list, pc);
    add_cpuid(&list, pc);
    return list.count;
}
