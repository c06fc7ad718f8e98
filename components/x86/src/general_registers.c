/* SPDX-License-Identifier: BSD-2-Clause */

#include <x86/general_registers.h>

/* Byte registers 4-7 without REX are bits 15:8 of registers 0-3. */
#define HIGH_BYTE_FIRST 4U
#define HIGH_BYTE_LAST  7U

/* Where an operand lies: which register, how far up, and which of its bits. */
struct location {
    unsigned index;
    unsigned shift;
    uint64_t mask;
};

static uint64_t size_mask(unsigned size)
{
    switch (size) {
    case 1:
        return 0xff;
    case 2:
        return 0xffff;
    case 4:
        return 0xffffffff;
    case 8:
        return ~UINT64_C(0);
    default:
        return 0;
    }
}

/* False for operands that do not exist or lie in RSP. */
static bool locate(unsigned index, unsigned size, bool rex, struct location *out)
{
    struct location where = {index, 0, size_mask(size)};

    if (where.mask == 0)
        return false;
    if (size == 1 && !rex && index >= HIGH_BYTE_FIRST) {
        if (index > HIGH_BYTE_LAST)
            return false;
        where.index = index - HIGH_BYTE_FIRST;
        where.shift = 8;
    }
    if (!x86_gpr_index_valid(where.index))
        return false;
    *out = where;
    return true;
}

bool x86_gpr_index_valid(unsigned index)
{
    return index < X86_GPR_COUNT && index != X86_RSP;
}

bool x86_gpr_get(const struct x86_general_registers *regs, unsigned index, uint64_t *out)
{
    if (!x86_gpr_index_valid(index))
        return false;
    *out = regs->r[index];
    return true;
}

bool x86_gpr_set(struct x86_general_registers *regs, unsigned index, uint64_t value)
{
    if (!x86_gpr_index_valid(index))
        return false;
    regs->r[index] = value;
    return true;
}

bool x86_gpr_read_sized(const struct x86_general_registers *regs, unsigned index, unsigned size,
                        bool rex, uint64_t *out)
{
    struct location where;

    if (!locate(index, size, rex, &where))
        return false;
    *out = (regs->r[where.index] >> where.shift) & where.mask;
    return true;
}

bool x86_gpr_write_sized(struct x86_general_registers *regs, unsigned index, unsigned size,
                         bool rex, uint64_t value)
{
    struct location where;
    uint64_t kept;

    if (!locate(index, size, rex, &where))
        return false;
    kept = size >= 4 ? 0 : regs->r[where.index] & ~(where.mask << where.shift);
    regs->r[where.index] = kept | ((value & where.mask) << where.shift);
    return true;
}

const char *x86_gpr_name(unsigned index, unsigned size, bool rex)
{
    static const char *const names64[X86_GPR_COUNT] = {
        "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
        "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15",
    };
    static const char *const names32[X86_GPR_COUNT] = {
        "eax", "ecx", "edx",  "ebx",  "esp",  "ebp",  "esi",  "edi",
        "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d",
    };
    static const char *const names16[X86_GPR_COUNT] = {
        "ax",  "cx",  "dx",   "bx",   "sp",   "bp",   "si",   "di",
        "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w",
    };
    static const char *const names8[X86_GPR_COUNT] = {
        "al",  "cl",  "dl",   "bl",   "spl",  "bpl",  "sil",  "dil",
        "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b",
    };
    static const char *const names8_legacy[HIGH_BYTE_LAST + 1] = {
        "al", "cl", "dl", "bl", "ah", "ch", "dh", "bh",
    };

    if (index >= X86_GPR_COUNT)
        return NULL;
    switch (size) {
    case 1:
        if (rex)
            return names8[index];
        return index <= HIGH_BYTE_LAST ? names8_legacy[index] : NULL;
    case 2:
        return names16[index];
    case 4:
        return names32[index];
    case 8:
        return names64[index];
    default:
        return NULL;
    }
}

uint64_t x86_gpr_get_edx_eax(const struct x86_general_registers *regs)
{
    return (regs->r[X86_RDX] << 32) | (regs->r[X86_RAX] & 0xffffffff);
}

void x86_gpr_set_edx_eax(struct x86_general_registers *regs, uint64_t value)
{
    regs->r[X86_RAX] = value & 0xffffffff;
    regs->r[X86_RDX] = value >> 32;
}

uint32_t x86_gpr_diff(const struct x86_general_registers *a, const struct x86_general_registers *b)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < X86_GPR_COUNT; i++) {
        if (i != X86_RSP && a->r[i] != b->r[i])
            mask |= UINT32_C(1) << i;
    }
    return mask;
}
