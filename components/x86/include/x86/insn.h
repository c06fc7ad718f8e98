/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Wrappers of instructions that C cannot express: the only header with privileged instructions.
 *
 * One inline function per instruction and nothing else, no policy. Behaviour and faults: Intel SDM
 * vol. 2 under the instruction's name, vol. 3 chapter 30 for VMX; AMD APM vol. 3 for SVM. Unless
 * said otherwise a function faults as its instruction does. Those that change what memory accesses
 * mean (paging, segments, interrupts) are compiler barriers.
 */

#ifndef X86_INSN_H
#define X86_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <x86/descriptor.h>
#include <x86/extable.h>
#include <x86/vmx_status.h>

/* --- Model-specific registers ------------------------------------------------------------- */

/* Reads an MSR; #GP for one that does not exist. */
static inline uint64_t x86_rdmsr(uint32_t msr)
{
    uint32_t low;
    uint32_t high;

    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
    return ((uint64_t)high << 32) | low;
}

/* Writes an MSR; #GP for one that does not exist or a value that it refuses. */
static inline void x86_wrmsr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr"
                     :
                     : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

/* Reads an MSR; false, with *value 0, where RDMSR faults. Needs the #GP handler of extable.h. */
static inline bool x86_rdmsr_safe(uint32_t msr, uint64_t *value)
{
    uint32_t low = 0;
    uint32_t high = 0;
    uint8_t ok;

    __asm__ volatile("movb $0, %[ok]\n"
                     "1:\trdmsr\n\t"
                     "movb $1, %[ok]\n"
                     "2:\n\t" X86_EXTABLE("1b", "2b")
                     : "+a"(low), "+d"(high), [ok] "=&q"(ok)
                     : "c"(msr)
                     : "memory");
    *value = ((uint64_t)high << 32) | low;
    return ok != 0;
}

/* Writes an MSR; false, with nothing written, where WRMSR faults. Needs the same handler. */
static inline bool x86_wrmsr_safe(uint32_t msr, uint64_t value)
{
    uint8_t ok;

    __asm__ volatile("movb $0, %[ok]\n"
                     "1:\twrmsr\n\t"
                     "movb $1, %[ok]\n"
                     "2:\n\t" X86_EXTABLE("1b", "2b")
                     : [ok] "=&q"(ok)
                     : "c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
    return ok != 0;
}

/* --- Control and debug registers ---------------------------------------------------------- */

#define X86_INSN_READ_REGISTER(name)                                         \
    static inline uint64_t x86_read_##name(void)                             \
    {                                                                        \
        uint64_t value;                                                      \
                                                                             \
        __asm__ volatile("movq %%" #name ", %0" : "=r"(value) : : "memory"); \
        return value;                                                        \
    }

#define X86_INSN_WRITE_REGISTER(name)                                    \
    static inline void x86_write_##name(uint64_t value)                  \
    {                                                                    \
        __asm__ volatile("movq %0, %%" #name : : "r"(value) : "memory"); \
    }

X86_INSN_READ_REGISTER(cr0)
X86_INSN_READ_REGISTER(cr2)
X86_INSN_READ_REGISTER(cr3)
X86_INSN_READ_REGISTER(cr4)
X86_INSN_READ_REGISTER(cr8)
X86_INSN_WRITE_REGISTER(cr0)
X86_INSN_WRITE_REGISTER(cr2)
X86_INSN_WRITE_REGISTER(cr3)
X86_INSN_WRITE_REGISTER(cr4)
X86_INSN_WRITE_REGISTER(cr8)
X86_INSN_READ_REGISTER(dr0)
X86_INSN_READ_REGISTER(dr1)
X86_INSN_READ_REGISTER(dr2)
X86_INSN_READ_REGISTER(dr3)
X86_INSN_READ_REGISTER(dr6)
X86_INSN_READ_REGISTER(dr7)
X86_INSN_WRITE_REGISTER(dr0)
X86_INSN_WRITE_REGISTER(dr1)
X86_INSN_WRITE_REGISTER(dr2)
X86_INSN_WRITE_REGISTER(dr3)
X86_INSN_WRITE_REGISTER(dr6)
X86_INSN_WRITE_REGISTER(dr7)

/* Clears CR0.TS. */
static inline void x86_clts(void)
{
    __asm__ volatile("clts" : : : "memory");
}

/* --- Flags and interrupts ----------------------------------------------------------------- */

static inline uint64_t x86_read_rflags(void)
{
    uint64_t flags;

    __asm__ volatile("pushfq\n\tpopq %0" : "=r"(flags) : : "memory");
    return flags;
}

static inline void x86_cli(void)
{
    __asm__ volatile("cli" : : : "memory");
}

static inline void x86_sti(void)
{
    __asm__ volatile("sti" : : : "memory");
}

static inline void x86_hlt(void)
{
    __asm__ volatile("hlt" : : : "memory");
}

/* STI and HLT back to back: no interrupt comes in between, so none is slept on (vol. 2, STI). */
static inline void x86_sti_hlt(void)
{
    __asm__ volatile("sti\n\thlt" : : : "memory");
}

/* Lets the interrupts in that are pending, and no others. */
static inline void x86_sti_nop_cli(void)
{
    __asm__ volatile("sti\n\tnop\n\tnop\n\tcli" : : : "memory");
}

static inline void x86_pause(void)
{
    __asm__ volatile("pause" : : : "memory");
}

/* Allows, and forbids, supervisor accesses to user pages under CR4.SMAP (RFLAGS.AC). */
static inline void x86_stac(void)
{
    __asm__ volatile("stac" : : : "memory", "cc");
}

static inline void x86_clac(void)
{
    __asm__ volatile("clac" : : : "memory", "cc");
}

static inline void x86_swapgs(void)
{
    __asm__ volatile("swapgs" : : : "memory");
}

/* --- Descriptor tables and segments ------------------------------------------------------- */

static inline void x86_lgdt(const struct x86_table_pointer *gdt)
{
    __asm__ volatile("lgdt %0" : : "m"(*gdt) : "memory");
}

static inline void x86_lidt(const struct x86_table_pointer *idt)
{
    __asm__ volatile("lidt %0" : : "m"(*idt) : "memory");
}

static inline struct x86_table_pointer x86_sgdt(void)
{
    struct x86_table_pointer gdt;

    __asm__ volatile("sgdt %0" : "=m"(gdt));
    return gdt;
}

static inline struct x86_table_pointer x86_sidt(void)
{
    struct x86_table_pointer idt;

    __asm__ volatile("sidt %0" : "=m"(idt));
    return idt;
}

static inline void x86_lldt(uint16_t selector)
{
    __asm__ volatile("lldt %0" : : "rm"(selector) : "memory");
}

static inline uint16_t x86_sldt(void)
{
    uint16_t selector;

    __asm__ volatile("sldt %0" : "=rm"(selector));
    return selector;
}

/* Loads TR; the descriptor must be an available TSS and becomes busy. */
static inline void x86_ltr(uint16_t selector)
{
    __asm__ volatile("ltr %0" : : "rm"(selector) : "memory");
}

static inline uint16_t x86_str(void)
{
    uint16_t selector;

    __asm__ volatile("str %0" : "=rm"(selector));
    return selector;
}

#define X86_INSN_SEGMENT_READ(name)                                 \
    static inline uint16_t x86_read_##name(void)                    \
    {                                                               \
        uint16_t selector;                                          \
                                                                    \
        __asm__ volatile("movw %%" #name ", %0" : "=rm"(selector)); \
        return selector;                                            \
    }

#define X86_INSN_SEGMENT_WRITE(name)                                         \
    static inline void x86_write_##name(uint16_t selector)                   \
    {                                                                        \
        __asm__ volatile("movw %0, %%" #name : : "rm"(selector) : "memory"); \
    }

X86_INSN_SEGMENT_READ(cs)
X86_INSN_SEGMENT_READ(ss)
X86_INSN_SEGMENT_READ(ds)
X86_INSN_SEGMENT_READ(es)
X86_INSN_SEGMENT_READ(fs)
X86_INSN_SEGMENT_READ(gs)
X86_INSN_SEGMENT_WRITE(ss)
X86_INSN_SEGMENT_WRITE(ds)
X86_INSN_SEGMENT_WRITE(es)
X86_INSN_SEGMENT_WRITE(fs)
X86_INSN_SEGMENT_WRITE(gs)

/* --- Caches and translations -------------------------------------------------------------- */

/* Drops the translation of one page of the current address space, global ones too. */
static inline void x86_invlpg(uint64_t address)
{
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

/* INVPCID types: SDM vol. 2, INVPCID. */
enum x86_invpcid_type {
    X86_INVPCID_ADDRESS = 0,       /* one address of one PCID, not global */
    X86_INVPCID_CONTEXT = 1,       /* one PCID, not global */
    X86_INVPCID_ALL_GLOBAL = 2,    /* everything, global too */
    X86_INVPCID_ALL_NOT_GLOBAL = 3 /* every PCID, not global */
};

static inline void x86_invpcid(enum x86_invpcid_type type, uint16_t pcid, uint64_t address)
{
    struct {
        uint64_t pcid;
        uint64_t address;
    } descriptor = {pcid, address};

    __asm__ volatile("invpcid %0, %1" : : "m"(descriptor), "r"((uint64_t)type) : "memory", "cc");
}

static inline void x86_wbinvd(void)
{
    __asm__ volatile("wbinvd" : : : "memory");
}

static inline void x86_clflush(const void *line)
{
    __asm__ volatile("clflush (%0)" : : "r"(line) : "memory");
}

static inline void x86_mfence(void)
{
    __asm__ volatile("mfence" : : : "memory");
}

static inline void x86_lfence(void)
{
    __asm__ volatile("lfence" : : : "memory");
}

/* --- Identification and time -------------------------------------------------------------- */

struct x86_cpuid_regs {
    uint32_t eax;
    uint32_t ebx;
    uint32_t ecx;
    uint32_t edx;
};

static inline struct x86_cpuid_regs x86_cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct x86_cpuid_regs regs;

    __asm__ volatile("cpuid"
                     : "=a"(regs.eax), "=b"(regs.ebx), "=c"(regs.ecx), "=d"(regs.edx)
                     : "a"(leaf), "c"(subleaf));
    return regs;
}

/* The time-stamp counter; not ordered against its neighbours. */
static inline uint64_t x86_rdtsc(void)
{
    uint32_t low;
    uint32_t high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return ((uint64_t)high << 32) | low;
}

/* --- Extended state ----------------------------------------------------------------------- */

static inline uint64_t x86_xgetbv(uint32_t xcr)
{
    uint32_t low;
    uint32_t high;

    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(xcr) : "memory");
    return ((uint64_t)high << 32) | low;
}

/* #GP for a value that x86_xcr0_valid refuses: check guests' values first. */
static inline void x86_xsetbv(uint32_t xcr, uint64_t value)
{
    __asm__ volatile("xsetbv"
                     :
                     : "c"(xcr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32))
                     : "memory");
}

/* Save and restore the components in mask (and XCR0, and XSS for the S forms). area: 64-aligned. */
#define X86_INSN_XSTATE(name, insn)                                                    \
    static inline void x86_##name(void *area, uint64_t mask)                           \
    {                                                                                  \
        __asm__ volatile(insn " (%0)"                                                  \
                         :                                                             \
                         : "r"(area), "a"((uint32_t)mask), "d"((uint32_t)(mask >> 32)) \
                         : "memory");                                                  \
    }

X86_INSN_XSTATE(xsave, "xsave64")
X86_INSN_XSTATE(xsaveopt, "xsaveopt64")
X86_INSN_XSTATE(xsavec, "xsavec64")
X86_INSN_XSTATE(xsaves, "xsaves64")
X86_INSN_XSTATE(xrstor, "xrstor64")
X86_INSN_XSTATE(xrstors, "xrstors64")

/* x87, MMX and SSE state in 512 bytes, 16-aligned. */
static inline void x86_fxsave(void *area)
{
    __asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory");
}

static inline void x86_fxrstor(const void *area)
{
    __asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory");
}

static inline void x86_fninit(void)
{
    __asm__ volatile("fninit" : : : "memory");
}

/* --- I/O ports ---------------------------------------------------------------------------- */

static inline uint8_t x86_in8(uint16_t port)
{
    uint8_t value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline uint16_t x86_in16(uint16_t port)
{
    uint16_t value;

    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline uint32_t x86_in32(uint16_t port)
{
    uint32_t value;

    __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
    return value;
}

static inline void x86_out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void x86_out16(uint16_t port, uint16_t value)
{
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void x86_out32(uint16_t port, uint32_t value)
{
    __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

/* --- VMX ---------------------------------------------------------------------------------- */

/* Instructions whose operand is a 64-bit physical address in memory. */
#define X86_INSN_VMX_ADDRESS(name)                                                          \
    static inline enum vmx_status vmx_##name(uint64_t address)                              \
    {                                                                                       \
        bool cf;                                                                            \
        bool zf;                                                                            \
                                                                                            \
        __asm__ volatile(#name " %2" : "=@ccc"(cf), "=@ccz"(zf) : "m"(address) : "memory"); \
        return vmx_status_from_cf_zf(cf, zf);                                               \
    }

/* VMXON: physical address of the VMXON region. VMCLEAR, VMPTRLD: of a VMCS. */
X86_INSN_VMX_ADDRESS(vmxon)
X86_INSN_VMX_ADDRESS(vmclear)
X86_INSN_VMX_ADDRESS(vmptrld)

static inline enum vmx_status vmx_vmxoff(void)
{
    bool cf;
    bool zf;

    __asm__ volatile("vmxoff" : "=@ccc"(cf), "=@ccz"(zf) : : "memory");
    return vmx_status_from_cf_zf(cf, zf);
}

/* Physical address of the current VMCS; all ones when there is none. */
static inline uint64_t vmx_vmptrst(void)
{
    uint64_t address;

    __asm__ volatile("vmptrst %0" : "=m"(address) : : "memory", "cc");
    return address;
}

/* Reads a VMCS field of the current VMCS; on failure *value is 0. */
static inline enum vmx_status vmx_vmread(uint64_t encoding, uint64_t *value)
{
    uint64_t read = 0;
    bool cf;
    bool zf;

    __asm__ volatile("vmread %3, %0" : "+r"(read), "=@ccc"(cf), "=@ccz"(zf) : "r"(encoding));
    *value = read;
    return vmx_status_from_cf_zf(cf, zf);
}

/* The same of a field that exists, while there is a current VMCS: it cannot fail. */
static inline uint64_t vmx_vmread_known(uint64_t encoding)
{
    uint64_t value;

    __asm__ volatile("vmread %1, %0" : "=r"(value) : "r"(encoding) : "cc");
    return value;
}

static inline enum vmx_status vmx_vmwrite(uint64_t encoding, uint64_t value)
{
    bool cf;
    bool zf;

    __asm__ volatile("vmwrite %2, %3"
                     : "=@ccc"(cf), "=@ccz"(zf)
                     : "r"(value), "r"(encoding)
                     : "memory");
    return vmx_status_from_cf_zf(cf, zf);
}

/* INVEPT and INVVPID types: SDM vol. 3, 30.3. */
enum vmx_invept_type {
    VMX_INVEPT_SINGLE_CONTEXT = 1, /* everything derived from one EPTP */
    VMX_INVEPT_ALL_CONTEXT = 2
};

enum vmx_invvpid_type {
    VMX_INVVPID_ADDRESS = 0, /* one linear address of one VPID */
    VMX_INVVPID_SINGLE_CONTEXT = 1,
    VMX_INVVPID_ALL_CONTEXT = 2,
    VMX_INVVPID_SINGLE_CONTEXT_RETAIN_GLOBAL = 3
};

static inline enum vmx_status vmx_invept(enum vmx_invept_type type, uint64_t eptp)
{
    struct {
        uint64_t eptp;
        uint64_t reserved;
    } descriptor = {eptp, 0};
    bool cf;
    bool zf;

    __asm__ volatile("invept %2, %3"
                     : "=@ccc"(cf), "=@ccz"(zf)
                     : "m"(descriptor), "r"((uint64_t)type)
                     : "memory");
    return vmx_status_from_cf_zf(cf, zf);
}

static inline enum vmx_status vmx_invvpid(enum vmx_invvpid_type type, uint16_t vpid,
                                          uint64_t address)
{
    struct {
        uint64_t vpid;
        uint64_t address;
    } descriptor = {vpid, address};
    bool cf;
    bool zf;

    __asm__ volatile("invvpid %2, %3"
                     : "=@ccc"(cf), "=@ccz"(zf)
                     : "m"(descriptor), "r"((uint64_t)type)
                     : "memory");
    return vmx_status_from_cf_zf(cf, zf);
}

/* --- SVM ---------------------------------------------------------------------------------- */

static inline void svm_clgi(void)
{
    __asm__ volatile("clgi" : : : "memory");
}

static inline void svm_stgi(void)
{
    __asm__ volatile("stgi" : : : "memory");
}

/* VMLOAD, VMSAVE: physical address of a VMCB. */
static inline void svm_vmload(uint64_t vmcb)
{
    __asm__ volatile("vmload" : : "a"(vmcb) : "memory");
}

static inline void svm_vmsave(uint64_t vmcb)
{
    __asm__ volatile("vmsave" : : "a"(vmcb) : "memory");
}

/* Drops the translation of one page of one address-space identifier. */
static inline void svm_invlpga(uint64_t address, uint32_t asid)
{
    __asm__ volatile("invlpga" : : "a"(address), "c"(asid) : "memory");
}

#endif
