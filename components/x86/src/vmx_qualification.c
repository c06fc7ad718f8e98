/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/bits.h>
#include <x86/vmx_qualification.h>

/* A field of at most 8 bits. */
static uint8_t field8(uint64_t value, unsigned high, unsigned low)
{
    return (uint8_t)x86_bits(value, high, low);
}

/* A field of at most 16 bits. */
static uint16_t field16(uint64_t value, unsigned high, unsigned low)
{
    return (uint16_t)x86_bits(value, high, low);
}

/* Encodings 0, 1, 2 of address and operand sizes are 2, 4, 8 bytes; others are reserved. */
static uint8_t size_of_encoding(uint8_t encoding)
{
    static const uint8_t sizes[] = {2, 4, 8};

    return encoding < sizeof(sizes) ? sizes[encoding] : 0;
}

/* Encodings 0, 1, 3 of the size of an I/O access are 1, 2, 4 bytes; others are reserved. */
static uint8_t size_of_io_encoding(uint8_t encoding)
{
    static const uint8_t sizes[] = {1, 2, 0, 4};

    return encoding < sizeof(sizes) ? sizes[encoding] : 0;
}

struct vmx_cr_access vmx_decode_cr_access(uint64_t qualification)
{
    struct vmx_cr_access access = {
        .kind = (enum vmx_cr_access_kind)field8(qualification, 5, 4),
        .cr = field8(qualification, 3, 0),
    };

    if (access.kind == VMX_CR_MOV_TO || access.kind == VMX_CR_MOV_FROM) {
        access.gpr = field8(qualification, 11, 8);
    } else {
        /* CLTS and LMSW mean CR0; the number is not always given. */
        access.cr = 0;
    }
    if (access.kind == VMX_CR_LMSW) {
        access.lmsw_memory = x86_bit(qualification, 6);
        access.lmsw_operand = field16(qualification, 31, 16);
    }
    return access;
}

struct vmx_dr_access vmx_decode_dr_access(uint64_t qualification)
{
    return (struct vmx_dr_access){
        .dr = field8(qualification, 2, 0),
        .from_dr = x86_bit(qualification, 4),
        .gpr = field8(qualification, 11, 8),
    };
}

struct vmx_debug_exception vmx_decode_debug_exception(uint64_t qualification)
{
    return (struct vmx_debug_exception){
        .breakpoints = field8(qualification, 3, 0),
        .bus_lock = x86_bit(qualification, 11),
        .dr_access = x86_bit(qualification, 13),
        .single_step = x86_bit(qualification, 14),
        .rtm = x86_bit(qualification, 16),
    };
}

struct vmx_io_access vmx_decode_io(uint64_t qualification)
{
    return (struct vmx_io_access){
        .port = field16(qualification, 31, 16),
        .size = size_of_io_encoding(field8(qualification, 2, 0)),
        .in = x86_bit(qualification, 3),
        .string = x86_bit(qualification, 4),
        .rep = x86_bit(qualification, 5),
        .immediate = x86_bit(qualification, 6),
    };
}

struct vmx_task_switch vmx_decode_task_switch(uint64_t qualification)
{
    return (struct vmx_task_switch){
        .selector = field16(qualification, 15, 0),
        .source = (enum vmx_task_switch_source)field8(qualification, 31, 30),
    };
}

struct vmx_apic_access vmx_decode_apic_access(uint64_t qualification)
{
    return (struct vmx_apic_access){
        .offset = field16(qualification, 11, 0),
        .kind = field8(qualification, 15, 12),
        .asynchronous = x86_bit(qualification, 16),
    };
}

struct vmx_ept_violation vmx_decode_ept_violation(uint64_t qualification)
{
    bool linear_valid = x86_bit(qualification, 7);
    bool final = linear_valid && x86_bit(qualification, 8);

    return (struct vmx_ept_violation){
        .read = x86_bit(qualification, 0),
        .write = x86_bit(qualification, 1),
        .fetch = x86_bit(qualification, 2),
        .readable = x86_bit(qualification, 3),
        .writable = x86_bit(qualification, 4),
        .executable = x86_bit(qualification, 5),
        .user_executable = x86_bit(qualification, 6),
        .linear_valid = linear_valid,
        .final = final,
        .linear_user = final && x86_bit(qualification, 9),
        .linear_writable = final && x86_bit(qualification, 10),
        .linear_no_execute = final && x86_bit(qualification, 11),
        .nmi_unblocking = x86_bit(qualification, 12),
        .shadow_stack = x86_bit(qualification, 13),
        .supervisor_shadow_stack = x86_bit(qualification, 14),
        .paging_verification = x86_bit(qualification, 15),
        .asynchronous = x86_bit(qualification, 16),
    };
}

struct vmx_string_io_info vmx_decode_string_io_info(uint32_t information)
{
    return (struct vmx_string_io_info){
        .address_size = size_of_encoding(field8(information, 9, 7)),
        .segment = field8(information, 17, 15),
    };
}

/* The fields that all tables with a memory operand share. */
static struct vmx_memory_operand memory_operand(uint32_t information)
{
    struct vmx_memory_operand memory = {
        .address_size = size_of_encoding(field8(information, 9, 7)),
        .segment = field8(information, 17, 15),
        .has_index = !x86_bit(information, 22),
        .has_base = !x86_bit(information, 27),
    };

    if (memory.has_index) {
        memory.scale = field8(information, 1, 0);
        memory.index = field8(information, 21, 18);
    }
    if (memory.has_base)
        memory.base = field8(information, 26, 23);
    return memory;
}

struct vmx_table_info vmx_decode_table_info(uint32_t information)
{
    return (struct vmx_table_info){
        .instruction = (enum vmx_table_instruction)field8(information, 29, 28),
        .memory = memory_operand(information),
        .operand_32 = x86_bit(information, 11),
    };
}

struct vmx_selector_info vmx_decode_selector_info(uint32_t information)
{
    struct vmx_selector_info info = {
        .instruction = (enum vmx_selector_instruction)field8(information, 29, 28),
        .in_register = x86_bit(information, 10),
    };

    if (info.in_register)
        info.reg = field8(information, 6, 3);
    else
        info.memory = memory_operand(information);
    return info;
}

struct vmx_operand_info vmx_decode_invalidate_info(uint32_t information)
{
    return (struct vmx_operand_info){
        .reg2 = field8(information, 31, 28),
        .memory = memory_operand(information),
    };
}

struct vmx_operand_info vmx_decode_memory_info(uint32_t information)
{
    return (struct vmx_operand_info){
        .memory = memory_operand(information),
    };
}

struct vmx_operand_info vmx_decode_vmread_info(uint32_t information)
{
    struct vmx_operand_info info = {
        .in_register = x86_bit(information, 10),
        .reg2 = field8(information, 31, 28),
    };

    if (info.in_register)
        info.reg1 = field8(information, 6, 3);
    else
        info.memory = memory_operand(information);
    return info;
}

struct vmx_random_info vmx_decode_random_info(uint32_t information)
{
    return (struct vmx_random_info){
        .reg = field8(information, 6, 3),
        .operand_size = size_of_encoding(field8(information, 12, 11)),
    };
}
