/* SPDX-License-Identifier: BSD-2-Clause */
/* From the boot loader to the root task. */
#include "boot.h"

#include "../src/clock.h"
#include "../src/console.h"
#include "../src/cpu.h"
#include "../src/interrupt.h"
#include "../src/schedule.h"
#include "../src/server.h"
#include "memory.h"
#include "mitigations.h"
#include "multiboot.h"
#include "root_task.h"
#include "tables.h"
#include <x86/mitigations.h>
#include <x86/paging.h>

void switch_stack(void *stack, void (*function)(void));

static struct boot_report report;

void *server_engine_page;

/* The rest of boot, on the CPU's own stack. */
static void start(void)
{
    struct cpu *cpu = this_cpu();

    cpu_init(cpu, 0);
    interrupt_init();
    clock_init();
    server_engine_page = memory_take(X86_PAGE_SIZE);
    cpu_enable_virtualization(cpu);
    if (X86_MITIGATIONS != 0) {
        mitigations_report();
    }
    root_task_start(&report);
    schedule_run();
}

void boot_main(uint32_t magic, uint32_t information)
{
    console_init();
    console_print("nacelle: interface %lu.%lu\n", (uint64_t)NACELLE_ABI_MAJOR,
                  (uint64_t)NACELLE_ABI_MINOR);
    multiboot_read(magic, information, &report);
    memory_init(&report);
    tables_init(&report);
    tables_map_cpu(0);
    switch_stack((void *)(CPU_BASE + CPU_DATA), start);
}
