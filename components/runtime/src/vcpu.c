/* SPDX-License-Identifier: BSD-2-Clause */
/* Hypercalls of guests; batches of general registers, longer than a message has registers. */
#include <runtime/vcpu.h>

#define REGISTERS 16

/* The last byte of each, after 0f 01. */
#define VMCALL  0xc1
#define VMMCALL 0xd9

void nacelle_choose_hypercalls(void *code, size_t size)
{
    uint8_t *bytes = code;

    for (size_t i = 0; nacelle_by_syscall && i + 3 <= size; i++) {
        if (bytes[i] == 0x0f && bytes[i + 1] == 0x01 && bytes[i + 2] == VMCALL)
            bytes[i + 2] = VMMCALL;
    }
}

static unsigned bits_set(uint32_t mask)
{
    unsigned count = 0;

    for (; mask; mask &= mask - 1)
        count++;
    return count < REGISTERS ? count : REGISTERS;
}

enum nacelle_error nacelle_vcpu_read_registers(uint64_t vcpu, uint32_t mask, uint64_t values[16])
{
    struct nacelle_message message = {.words = {mask}};
    enum nacelle_error error = nacelle_invoke(vcpu, NACELLE_VCPU_READ_REGISTERS, 1, &message);

    if (error != NACELLE_ERROR_OK)
        return error;
    for (unsigned i = 0; i < bits_set(mask); i++) {
        unsigned word = i + 1;

        values[i] = word < NACELLE_MESSAGE_REGISTERS ? message.words[word]
                                                     : nacelle_ipc_buffer->words[word];
    }
    return NACELLE_ERROR_OK;
}

enum nacelle_error nacelle_vcpu_write_registers(uint64_t vcpu, uint32_t mask,
                                                const uint64_t values[16])
{
    struct nacelle_message message = {.words = {mask}};
    unsigned count = bits_set(mask);

    for (unsigned i = 0; i < count; i++) {
        unsigned word = i + 1;

        if (word < NACELLE_MESSAGE_REGISTERS)
            message.words[word] = values[i];
        else
            nacelle_ipc_buffer->words[word] = values[i];
    }
    return nacelle_invoke(vcpu, NACELLE_VCPU_WRITE_REGISTERS, count + 1, &message);
}

enum nacelle_error nacelle_vcpu_statistics(uint64_t vcpu,
                                           struct nacelle_vcpu_statistics *statistics)
{
    struct nacelle_message message = {0};
    enum nacelle_error error = nacelle_invoke(vcpu, NACELLE_VCPU_STATISTICS, 0, &message);
    const uint64_t *low = message.words, *high = nacelle_ipc_buffer->words;

    if (error == NACELLE_ERROR_OK)
        *statistics = (struct nacelle_vcpu_statistics){.entries = low[0],
                                                       .exits = low[1],
                                                       .preemptions = low[2],
                                                       .injections = low[3],
                                                       .ticks = high[4],
                                                       .guest_ticks = high[5],
                                                       .user_ticks = high[6],
                                                       .answered_cpuid = high[7],
                                                       .answered_msr = high[8],
                                                       .answered_port = high[9]};
    return error;
}
