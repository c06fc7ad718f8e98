/* SPDX-License-Identifier: BSD-2-Clause */
/* VMs: guest-physical memory, ports and MSRs (nacelle/object.h says what each operation does). */
#ifndef RUNTIME_VM_H
#define RUNTIME_VM_H

#include <nacelle/object.h>
#include <runtime/system_call.h>

/* Maps a frame at guest-physical address `gpa`. */
static inline enum nacelle_error nacelle_vm_map(uint64_t vm, uint64_t frame, uint64_t gpa,
                                                unsigned rights)
{
    return nacelle_invoke3(vm, NACELLE_VM_MAP, frame, gpa, rights);
}

static inline enum nacelle_error nacelle_vm_unmap(uint64_t vm, uint64_t frame)
{
    return nacelle_invoke1(vm, NACELLE_VM_UNMAP, frame);
}

/* Lets the guest use the ports of an I/O-port capability without exits. */
static inline enum nacelle_error nacelle_vm_open_ports(uint64_t vm, uint64_t ports)
{
    return nacelle_invoke1(vm, NACELLE_VM_OPEN_PORTS, ports);
}

static inline enum nacelle_error nacelle_vm_close_ports(uint64_t vm, uint64_t ports)
{
    return nacelle_invoke1(vm, NACELLE_VM_CLOSE_PORTS, ports);
}

/* `rights`: NACELLE_RIGHT_READ, NACELLE_RIGHT_WRITE. */
static inline enum nacelle_error nacelle_vm_open_msr(uint64_t vm, uint32_t msr, unsigned rights)
{
    return nacelle_invoke2(vm, NACELLE_VM_OPEN_MSR, msr, rights);
}

static inline enum nacelle_error nacelle_vm_close_msr(uint64_t vm, uint32_t msr)
{
    return nacelle_invoke1(vm, NACELLE_VM_CLOSE_MSR, msr);
}

/* The server answers these exits itself from now on (NACELLE_VM_ANSWER). `kind`: NACELLE_ANSWER_*;
 * registers[]: eax, ebx, ecx, edx. */
static inline enum nacelle_error nacelle_vm_answer(uint64_t vm, uint32_t kind, uint32_t number,
                                                   uint32_t subleaf, const uint32_t registers[4])
{
    return nacelle_invoke4(vm, NACELLE_VM_ANSWER, kind | (uint64_t)number << 32, subleaf,
                           registers[0] | (uint64_t)registers[1] << 32,
                           registers[2] | (uint64_t)registers[3] << 32);
}

static inline enum nacelle_error nacelle_vm_forget(uint64_t vm, uint32_t kind, uint32_t number,
                                                   uint32_t subleaf)
{
    return nacelle_invoke2(vm, NACELLE_VM_FORGET, kind | (uint64_t)number << 32, subleaf);
}

#endif
