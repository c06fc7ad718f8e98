/* SPDX-License-Identifier: BSD-2-Clause */
#include "arithmetic.h"

#include "access.h"

#define CF     (1ull << 0)
#define PF     (1ull << 2)
#define AF     (1ull << 4)
#define ZF     (1ull << 6)
#define SF     (1ull << 7)
#define OF     (1ull << 11)
#define STATUS (CF | PF | AF | ZF | SF | OF)

static uint64_t sign_bit(unsigned size)
{
    return 1ull << (size * 8 - 1);
}

static uint64_t result_flags(unsigned size, uint64_t result)
{
    return (result == 0 ? ZF : 0) | (result & sign_bit(size) ? SF : 0) |
           (__builtin_parity((unsigned)(result & 0xff)) ? 0 : PF);
}

/* a + b + carry */
static uint64_t add(unsigned size, uint64_t a, uint64_t b, uint64_t carry, uint64_t *flags)
{
    uint64_t result = (a + b + carry) & vmm_mask(size);
    /* of each bit position */
    uint64_t carries = (a & b) | ((a | b) & ~result);
    uint64_t overflow = (a ^ result) & (b ^ result);

    *flags = result_flags(size, result) | (carries & sign_bit(size) ? CF : 0) |
             (carries & 8 ? AF : 0) | (overflow & sign_bit(size) ? OF : 0);
    return result;
}

/* a - b - borrow */
static uint64_t subtract(unsigned size, uint64_t a, uint64_t b, uint64_t borrow, uint64_t *flags)
{
    uint64_t result = (a - b - borrow) & vmm_mask(size);
    uint64_t borrows = (~a & b) | ((~a | b) & result);
    uint64_t overflow = (a ^ b) & (a ^ result);

    *flags = result_flags(size, result) | (borrows & sign_bit(size) ? CF : 0) |
             (borrows & 8 ? AF : 0) | (overflow & sign_bit(size) ? OF : 0);
    return result;
}

uint64_t vmm_arithmetic(enum vmm_operation operation, unsigned size, uint64_t a, uint64_t b,
                        uint64_t *rflags)
{
    uint64_t carry = *rflags & CF, changed = STATUS, flags = 0, result;

    switch (operation) {
    case VMM_OP_ADD:
    case VMM_OP_XADD:
        result = add(size, a, b, 0, &flags);
        break;
    case VMM_OP_ADC:
        result = add(size, a, b, carry, &flags);
        break;
    case VMM_OP_SUB:
    case VMM_OP_CMP:
        result = subtract(size, a, b, 0, &flags);
        break;
    case VMM_OP_SBB:
        result = subtract(size, a, b, carry, &flags);
        break;
    case VMM_OP_INC:
        result = add(size, a, 1, 0, &flags);
        changed &= ~CF;
        break;
    case VMM_OP_DEC:
        result = subtract(size, a, 1, 0, &flags);
        changed &= ~CF;
        break;
    case VMM_OP_NEG:
        result = subtract(size, 0, a, 0, &flags);
        break;
    case VMM_OP_AND:
    case VMM_OP_TEST:
        result = a & b;
        flags = result_flags(size, result);
        break;
    case VMM_OP_OR:
        result = a | b;
        flags = result_flags(size, result);
        break;
    case VMM_OP_XOR:
        result = a ^ b;
        flags = result_flags(size, result);
        break;
    case VMM_OP_NOT:
    default:
        return ~a & vmm_mask(size);
    }
    *rflags = (*rflags & ~changed) | (flags & changed);
    return result;
}
