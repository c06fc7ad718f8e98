/* SPDX-License-Identifier: BSD-2-Clause */
/* A client that faults in the way that its argument how= names: what the root task reports, and
 * that nobody else notices, can be seen in the scenario "faults". */
#include <runtime/arguments.h>
#include <runtime/client.h>

#define PAGE 4096

static uint8_t data[16] = {0xc3}; /* ret */

static void null_pointer(void)
{
    volatile uintptr_t address = 8;

    *(volatile int *)address = 1;
}

/* One page below the stack nothing is mapped. */
static void stack_overflow(void)
{
    volatile uint8_t *below =
        (uint8_t *)(uintptr_t)(NACELLE_CLIENT_STACK_TOP - NACELLE_CLIENT_STACK_SIZE);

    for (unsigned offset = 0; offset <= PAGE; offset += 8)
        below[-(int)offset] = 0;
}

static void write_code(void)
{
    *(volatile uint8_t *)(uintptr_t)main = 0;
}

static void execute_data(void)
{
    ((void (*)(void))(uintptr_t)data)();
}

static void write_information(void)
{
    *(volatile uint8_t *)(uintptr_t)NACELLE_CLIENT_INFO = 0;
}

static void invalid_opcode(void)
{
    __asm__ volatile("ud2");
}

static void privileged_instruction(void)
{
    __asm__ volatile("hlt");
}

static void port_access(void)
{
    __asm__ volatile("out %%al, $0x80" : : "a"(0));
}

static void divide_by_zero(void)
{
    __asm__ volatile("div %%ecx" : : "a"(1), "c"(0), "d"(0) : "cc");
}

static const struct {
    const char *name;
    void (*function)(void);
} faults[] = {
    {"null", null_pointer},          {"stack", stack_overflow},   {"code", write_code},
    {"data", execute_data},          {"info", write_information}, {"opcode", invalid_opcode},
    {"hlt", privileged_instruction}, {"port", port_access},       {"divide", divide_by_zero},
};

int main(const struct nacelle_client_info *info)
{
    struct nacelle_word how = {"", 0};

    (void)nacelle_argument(info->command_line, "how", &how);
    for (unsigned i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        if (nacelle_word_is(how, faults[i].name))
            faults[i].function();
    nacelle_print("how= names no fault, or none came\n");
    return 1;
}
