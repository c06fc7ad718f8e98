/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In place of components/x86/include/x86/insn.h: the instructions that the engine uses, executed by
 * the software model in model.c. Same names, same types.
 */
#ifndef X86_INSN_H
#define X86_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <x86/vmx_status.h>

uint64_t x86_rdmsr(uint32_t msr);
void x86_wrmsr(uint32_t msr, uint64_t value);
bool x86_rdmsr_safe(uint32_t msr, uint64_t *value);

#define MODEL_REGISTER(name)        \
    uint64_t x86_read_##name(void); \
    void x86_write_##name(uint64_t value);

MODEL_REGISTER(cr0)
MODEL_REGISTER(cr2)
MODEL_REGISTER(cr3)
MODEL_REGISTER(cr4)
MODEL_REGISTER(dr0)
MODEL_REGISTER(dr1)
MODEL_REGISTER(dr2)
MODEL_REGISTER(dr3)
MODEL_REGISTER(dr6)

void x86_clts(void);
void x86_sti_nop_cli(void);
void x86_sti_hlt(void);
void x86_cli(void);

struct x86_cpuid_regs {
    uint32_t eax;
    uint32_t ebx;
    uint32_t ecx;
    uint32_t edx;
};

struct x86_cpuid_regs x86_cpuid(uint32_t leaf, uint32_t subleaf);

uint64_t x86_xgetbv(uint32_t xcr);
void x86_xsetbv(uint32_t xcr, uint64_t value);
void x86_xsave(void *area, uint64_t mask);
void x86_xrstor(void *area, uint64_t mask);
void x86_fxsave(void *area);
void x86_fxrstor(const void *area);

enum vmx_status vmx_vmxon(uint64_t address);
enum vmx_status vmx_vmxoff(void);
enum vmx_status vmx_vmclear(uint64_t address);
enum vmx_status vmx_vmptrld(uint64_t address);
enum vmx_status vmx_vmread(uint64_t encoding, uint64_t *value);
uint64_t vmx_vmread_known(uint64_t encoding);
enum vmx_status vmx_vmwrite(uint64_t encoding, uint64_t value);

enum vmx_invept_type {
    VMX_INVEPT_SINGLE_CONTEXT = 1,
    VMX_INVEPT_ALL_CONTEXT = 2
};

enum vmx_invvpid_type {
    VMX_INVVPID_ADDRESS = 0,
    VMX_INVVPID_SINGLE_CONTEXT = 1,
    VMX_INVVPID_ALL_CONTEXT = 2,
    VMX_INVVPID_SINGLE_CONTEXT_RETAIN_GLOBAL = 3
};

enum vmx_status vmx_invept(enum vmx_invept_type type, uint64_t eptp);
enum vmx_status vmx_invvpid(enum vmx_invvpid_type type, uint16_t vpid, uint64_t address);

void svm_vmsave(uint64_t vmcb);

#endif
