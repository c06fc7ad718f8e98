/* SPDX-License-Identifier: BSD-2-Clause */
/* INS and OUTS (SDM vol 2). */
#include <vmm/string_io.h>
#include <vmm/translate.h>

#define RCX              1
#define RSI              6
#define RDI              7
#define RFLAGS_DF        (1ull << 10)
#define EFER_LMA         (1ull << 10)
#define PAGE_FAULT       14
#define PAGE_FAULT_WRITE 2u
#define PAGE_FAULT_USER  4u

#define ELEMENTS_MAX     4096 /* of one exit; the rest comes with the next one */

static uint64_t address_mask(unsigned address_size)
{
    return address_size >= 8 ? UINT64_MAX : (1ull << address_size * 8) - 1;
}

/* Replaces what the address size covers; a 32-bit result clears the upper half. */
static void set_register(uint64_t *reg, unsigned address_size, uint64_t value)
{
    uint64_t mask = address_mask(address_size);

    *reg = address_size == 4 ? value & mask : (*reg & ~mask) | (value & mask);
}

/* Guest memory at a linear address; an element may cross into another page. */
static bool access_memory(const struct vmm_vcpu *vcpu, uint64_t linear, uint8_t *bytes,
                          unsigned size, bool write, uint64_t *fault)
{
    const struct nacelle_vcpu_state *state = vcpu->state;
    const struct vmm_paging paging = {state->cr0, state->cr3, state->cr4, state->efer};
    const struct vmm_memory *memory = &vcpu->pc->memory;

    for (unsigned i = 0; i < size; i++) {
        uint64_t gpa, left;

        *fault = linear + i;
        if (!(state->efer & EFER_LMA))
            *fault &= UINT32_MAX;
        if (!vmm_translate(memory, &paging, *fault, &gpa, &left))
            return false;
        /* Beyond the guest's memory reads are all ones and writes are lost, as on a bus. */
        if (write) {
            (void)vmm_memory_write(memory, gpa, &bytes[i], 1);
        } else if (!vmm_memory_read(memory, gpa, &bytes[i], 1)) {
            bytes[i] = 0xff;
        }
    }
    return true;
}

/* One element: port to memory, or memory to port. */
static bool transfer(struct vmm_vcpu *vcpu, uint64_t linear, bool in, uint64_t *fault)
{
    const struct nacelle_exit *exit = &vcpu->state->exit;
    uint16_t port = (uint16_t)exit->number;
    unsigned size = exit->size;
    uint8_t bytes[4] = {0};
    uint32_t value;

    if (!in) {
        if (!access_memory(vcpu, linear, bytes, size, false, fault))
            return false;
        value = bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                (uint32_t)bytes[3] << 24;
        vmm_ports_write(&vcpu->pc->ports, port, size, value);
        return true;
    }
    value = vmm_ports_read(&vcpu->pc->ports, port, size);
    for (unsigned i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> i * 8);
    return access_memory(vcpu, linear, bytes, size, true, fault);
}

static enum vmm_action page_fault(struct vmm_vcpu *vcpu, uint64_t address, bool write)
{
    struct nacelle_vcpu_state *state = vcpu->state;
    unsigned privilege = state->segments[NACELLE_SS].rights >> 5 & 3;

    state->cr2 = address;
    state->dirty |= NACELLE_GROUP_CONTROL;
    vcpu->exception = NACELLE_EVENT_EXCEPTION | NACELLE_EVENT_ERROR_CODE | NACELLE_EVENT_VALID |
                      PAGE_FAULT;
    vcpu->exception_error = (write ? PAGE_FAULT_WRITE : 0) | (privilege == 3 ? PAGE_FAULT_USER : 0);
    return VMM_AGAIN;
}

enum vmm_action vmm_string_io(struct vmm_vcpu *vcpu)
{
    struct nacelle_vcpu_state *state = vcpu->state;
    const struct nacelle_exit *exit = &state->exit;
    bool in = exit->flags & NACELLE_EXIT_READ, repeat = exit->flags & NACELLE_EXIT_REPEAT;
    unsigned address_size = exit->detail >> 8 & 0xff;
    uint64_t mask = address_mask(address_size);
    uint64_t *index = &state->general[in ? RDI : RSI];
    uint64_t base = exit->gva - (*index & mask);
    uint64_t step = state->rflags & RFLAGS_DF ? -(uint64_t)exit->size : exit->size;
    uint64_t count = repeat ? exit->count : 1;
    uint64_t fault;

    vcpu->fetch(vcpu, NACELLE_GROUP_CONTROL | NACELLE_GROUP_SEGMENTS);
    for (unsigned done = 0; count && done < ELEMENTS_MAX; done++, count--) {
        if (!transfer(vcpu, base + (*index & mask), in, &fault))
            return page_fault(vcpu, fault, in);
        set_register(index, address_size, *index + step);
        if (repeat)
            set_register(&state->general[RCX], address_size, state->general[RCX] - 1);
    }
    return count ? VMM_AGAIN : VMM_ADVANCE;
}
