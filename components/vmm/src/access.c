/* SPDX-License-Identifier: BSD-2-Clause */
#include "access.h"

#include <vmm/translate.h>

#define RSP                4
#define CR0_PE             (1ull << 0)
#define CR4_LA57           (1ull << 12)
#define RFLAGS_VM          (1ull << 17)
#define RFLAGS_AC          (1ull << 18)
#define EFER_LMA           (1ull << 10)

#define STACK_FAULT        12u
#define GENERAL_PROTECTION 13u
#define PAGE_FAULT         14u

/* SDM vol 3, 24.4.1 and table 3-1 */
#define SEGMENT_TYPE_READ_WRITE  (1u << 1) /* data: writable; code: readable */
#define SEGMENT_TYPE_EXPAND_DOWN (1u << 2)
#define SEGMENT_TYPE_CODE        (1u << 3)
#define SEGMENT_LONG             (1u << 13)
#define SEGMENT_BIG              (1u << 14)
#define SEGMENT_UNUSABLE         (1u << 16)

uint64_t vmm_mask(unsigned size)
{
    return size >= 8 ? UINT64_MAX : (1ull << size * 8) - 1;
}

bool vmm_long_64(const struct nacelle_vcpu_state *state)
{
    return (state->efer & EFER_LMA) && (state->segments[NACELLE_CS].rights & SEGMENT_LONG);
}

uint64_t vmm_register_read(const struct nacelle_vcpu_state *state, unsigned number)
{
    return number == RSP ? state->rsp : state->general[number & 15];
}

void vmm_register_write(struct nacelle_vcpu_state *state, unsigned number, unsigned size,
                        uint64_t value)
{
    uint64_t mask = vmm_mask(size);
    uint64_t old = size >= 4 ? 0 : vmm_register_read(state, number);
    uint64_t new = (old & ~mask) | (value & mask);

    if (number == RSP) {
        state->rsp = new;
        state->dirty |= NACELLE_GROUP_RSP;
    } else {
        state->general[number & 15] = new;
    }
}

static uint64_t base_or_index(const struct nacelle_vcpu_state *state,
                              const struct vmm_instruction *instruction, unsigned number)
{
    if (number == VMM_DECODE_NO_REGISTER)
        return 0;
    return number == VMM_DECODE_RIP ? state->rip + instruction->length
                                    : vmm_register_read(state, number);
}

uint64_t vmm_effective_address(const struct nacelle_vcpu_state *state,
                               const struct vmm_instruction *instruction,
                               const struct vmm_operand *operand)
{
    uint64_t address = operand->value + base_or_index(state, instruction, operand->base) +
                       base_or_index(state, instruction, operand->index) * operand->scale;

    return address & vmm_mask(instruction->address_size);
}

uint64_t vmm_linear_address(const struct nacelle_vcpu_state *state, unsigned segment,
                            uint64_t offset)
{
    bool has_base = !vmm_long_64(state) || segment == NACELLE_FS || segment == NACELLE_GS;

    if (has_base)
        offset += state->segments[segment].base;
    return vmm_long_64(state) ? offset : (uint32_t)offset;
}

struct vmm_paging vmm_paging_of(const struct nacelle_vcpu_state *state)
{
    return (struct vmm_paging){state->cr0, state->cr3, state->cr4, state->efer};
}

static bool canonical(const struct nacelle_vcpu_state *state, uint64_t linear)
{
    unsigned unused = state->cr4 & CR4_LA57 ? 7 : 16;

    return (uint64_t)((int64_t)(linear << unused) >> unused) == linear;
}

/* SDM vol 3, 5.3: the last byte within the limit. */
static bool in_limit(const struct nacelle_segment *segment, uint64_t offset, unsigned size)
{
    uint64_t last = offset + size - 1;
    bool down = !(segment->rights & SEGMENT_TYPE_CODE) &&
                (segment->rights & SEGMENT_TYPE_EXPAND_DOWN);

    if (!down)
        return last <= segment->limit;
    return offset > segment->limit &&
           last <= (segment->rights & SEGMENT_BIG ? UINT32_MAX : UINT16_MAX);
}

/* SDM vol 3, 5.5 and table 3-1: loaded segments can be read, unless they are code that cannot. */
static bool in_rights(const struct nacelle_vcpu_state *state, const struct nacelle_segment *segment,
                      bool write)
{
    bool read_write = segment->rights & SEGMENT_TYPE_READ_WRITE;

    if (!(state->cr0 & CR0_PE) || (state->rflags & RFLAGS_VM))
        return true;
    if (segment->rights & SEGMENT_UNUSABLE)
        return false;
    return segment->rights & SEGMENT_TYPE_CODE ? !write && read_write : !write || read_write;
}

static void set_fault(struct vmm_emulator *emulator, uint32_t vector, uint32_t error)
{
    emulator->fault = NACELLE_EVENT_VALID | NACELLE_EVENT_EXCEPTION | NACELLE_EVENT_ERROR_CODE |
                      vector;
    emulator->fault_error = error;
}

/* Segmentation. False: #SS or #GP. */
static bool linear_of(struct vmm_emulator *emulator, unsigned segment, uint64_t offset,
                      unsigned size, bool write, uint64_t *linear)
{
    const struct nacelle_vcpu_state *state = emulator->state;
    const struct nacelle_segment *used = &state->segments[segment];
    bool fine;

    *linear = vmm_linear_address(state, segment, offset);
    if (vmm_long_64(state))
        fine = canonical(state, *linear) && canonical(state, *linear + size - 1);
    else
        fine = in_rights(state, used, write) && in_limit(used, offset, size);
    if (fine)
        return true;
    set_fault(emulator, segment == NACELLE_SS ? STACK_FAULT : GENERAL_PROTECTION, 0);
    return false;
}

/* The piece of [linear, linear + size) that lies in one page. */
static bool add_piece(struct vmm_emulator *emulator, uint64_t linear, unsigned size, bool write,
                      struct vmm_span *span, unsigned *done)
{
    struct nacelle_vcpu_state *state = emulator->state;
    const struct vmm_paging paging = vmm_paging_of(state);
    bool user = (state->segments[NACELLE_SS].rights >> 5 & 3) == 3;
    unsigned access = (write ? VMM_ACCESS_WRITE : 0) | (user ? VMM_ACCESS_USER : 0) |
                      (state->rflags & RFLAGS_AC ? VMM_ACCESS_AC : 0);
    uint64_t gpa, left;
    uint32_t error;

    if (!vmm_long_64(state))
        linear = (uint32_t)linear;
    if (!vmm_translate_access(emulator->memory, &paging, linear, access, &gpa, &left, &error)) {
        set_fault(emulator, PAGE_FAULT, error);
        state->cr2 = linear;
        state->dirty |= NACELLE_GROUP_CONTROL;
        return false;
    }
    *done = left < size ? (unsigned)left : size;
    span->pieces[span->count].gpa = gpa;
    span->pieces[span->count].size = *done;
    span->count++;
    return true;
}

bool vmm_span(struct vmm_emulator *emulator, unsigned segment, uint64_t offset, unsigned size,
              bool write, struct vmm_span *span)
{
    unsigned first = 0, rest = 0;

    *span = (struct vmm_span){0};
    if (!linear_of(emulator, segment, offset, size, write, &span->linear) ||
        !add_piece(emulator, span->linear, size, write, span, &first))
        return false;
    return first == size ||
           add_piece(emulator, span->linear + first, size - first, write, span, &rest);
}

bool vmm_span_has(const struct vmm_span *span, uint64_t gpa)
{
    for (unsigned i = 0; i < span->count; i++)
        if (span->pieces[i].gpa >> 12 == gpa >> 12)
            return true;
    return false;
}

/* The largest power of two in `size` that `gpa` is aligned to, if `size` is none itself: devices
 * see accesses of 1, 2, 4 and 8 bytes. */
static unsigned chunk(uint64_t gpa, unsigned size)
{
    unsigned bytes = 8;

    if (!(size & (size - 1)))
        return size;
    while (bytes > size || (gpa & (bytes - 1)))
        bytes /= 2;
    return bytes;
}

static uint64_t read_piece(const struct vmm_emulator *emulator, uint64_t gpa, unsigned size)
{
    uint64_t value = 0;

    if (vmm_memory_read(emulator->memory, gpa, &value, size))
        return value;
    value = 0;
    for (unsigned done = 0, bytes; done < size; done += bytes) {
        bytes = chunk(gpa + done, size - done);
        value |= vmm_mmio_read_at(emulator->mmio, gpa + done, bytes) << done * 8;
    }
    return value;
}

static void write_piece(const struct vmm_emulator *emulator, uint64_t gpa, unsigned size,
                        uint64_t value)
{
    if (vmm_memory_at(emulator->memory, gpa, size, false)) {
        (void)vmm_memory_write(emulator->memory, gpa, &value, size); /* read-only: lost */
        return;
    }
    for (unsigned done = 0, bytes; done < size; done += bytes) {
        bytes = chunk(gpa + done, size - done);
        vmm_mmio_write_at(emulator->mmio, gpa + done, bytes, value >> done * 8);
    }
}

uint64_t vmm_span_read(const struct vmm_emulator *emulator, const struct vmm_span *span)
{
    uint64_t value = read_piece(emulator, span->pieces[0].gpa, span->pieces[0].size);

    if (span->count == 2)
        value |= read_piece(emulator, span->pieces[1].gpa, span->pieces[1].size)
                 << span->pieces[0].size * 8;
    return value;
}

void vmm_span_write(const struct vmm_emulator *emulator, const struct vmm_span *span,
                    uint64_t value)
{
    write_piece(emulator, span->pieces[0].gpa, span->pieces[0].size, value);
    if (span->count == 2)
        write_piece(emulator, span->pieces[1].gpa, span->pieces[1].size,
                    value >> span->pieces[0].size * 8);
}
