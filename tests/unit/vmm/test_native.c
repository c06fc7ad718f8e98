/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Emulated instructions against this machine's processor: the same bytes with the same registers,
 * flags and memory, once emulated with the memory as a device, once executed. Random ones of all
 * forms that are emulated, in 64-bit mode.
 */
#include "guest_code.h"

#include <sys/mman.h>

#define AREA      0x10000000u /* the "device": below 4 GiB, so that it is the same without paging */
#define AREA_SIZE 0x2000u
#define MIDDLE    (AREA + AREA_SIZE / 2)
#define ROUNDS    60000

#define PF        (1u << 2)
#define AF        (1u << 4)
#define SF        (1u << 7)
#define OF        (1u << 11)
#define STATUS    (RFLAGS_CF | PF | AF | RFLAGS_ZF | SF | OF)

enum shape {
    SHAPE_REGISTER,  /* a register in reg */
    SHAPE_BIT,       /* the same, a bit number */
    SHAPE_IMMEDIATE, /* up to 32 bits */
    SHAPE_IMMEDIATE8,
    SHAPE_UNARY,
    SHAPE_STRING
};

/* byte: 8-bit operands; digit: the reg field, where it is part of the opcode; undefined: flags. */
struct form {
    uint8_t opcode[3], opcode_length;
    enum shape shape;
    bool byte, byte_register;
    uint8_t digit;
    uint32_t undefined;
};

#define FORM(length, a, b, c, shape, byte, digit, undefined)           \
    {                                                                  \
        {a, b, c}, length, SHAPE_##shape, byte, byte, digit, undefined \
    }
#define ALU(base, undefined)                                          \
    FORM(1, (base), 0, 0, REGISTER, true, 0, undefined),              \
        FORM(1, (base) + 1, 0, 0, REGISTER, false, 0, undefined),     \
        FORM(1, (base) + 2, 0, 0, REGISTER, true, 0, undefined),      \
        FORM(1, (base) + 3, 0, 0, REGISTER, false, 0, undefined),     \
        FORM(1, 0x80, 0, 0, IMMEDIATE8, true, (base) / 8, undefined), \
        FORM(1, 0x81, 0, 0, IMMEDIATE, false, (base) / 8, undefined), \
        FORM(1, 0x83, 0, 0, IMMEDIATE8, false, (base) / 8, undefined)
#define BIT(base, number)                                     \
    FORM(2, 0x0f, base, 0, BIT, false, 0, PF | AF | SF | OF), \
        FORM(2, 0x0f, 0xba, 0, IMMEDIATE8, false, number, PF | AF | SF | OF)

static const struct form forms[] = {
    ALU(0x00, 0),
    ALU(0x08, AF),
    ALU(0x10, 0),
    ALU(0x18, 0),
    ALU(0x20, AF),
    ALU(0x28, 0),
    ALU(0x30, AF),
    ALU(0x38, 0),
    FORM(1, 0x84, 0, 0, REGISTER, true, 0, AF),
    FORM(1, 0x85, 0, 0, REGISTER, false, 0, AF),
    FORM(1, 0x86, 0, 0, REGISTER, true, 0, 0),
    FORM(1, 0x87, 0, 0, REGISTER, false, 0, 0),
    FORM(1, 0x88, 0, 0, REGISTER, true, 0, 0),
    FORM(1, 0x89, 0, 0, REGISTER, false, 0, 0),
    FORM(1, 0x8a, 0, 0, REGISTER, true, 0, 0),
    FORM(1, 0x8b, 0, 0, REGISTER, false, 0, 0),
    FORM(1, 0x63, 0, 0, REGISTER, false, 0, 0),
    FORM(1, 0xc6, 0, 0, IMMEDIATE8, true, 0, 0),
    FORM(1, 0xc7, 0, 0, IMMEDIATE, false, 0, 0),
    FORM(1, 0xf6, 0, 0, IMMEDIATE8, true, 0, AF),
    FORM(1, 0xf7, 0, 0, IMMEDIATE, false, 0, AF),
    FORM(1, 0xf6, 0, 0, UNARY, true, 2, 0),
    FORM(1, 0xf7, 0, 0, UNARY, false, 2, 0),
    FORM(1, 0xf6, 0, 0, UNARY, true, 3, 0),
    FORM(1, 0xf7, 0, 0, UNARY, false, 3, 0),
    FORM(1, 0xfe, 0, 0, UNARY, true, 0, 0),
    FORM(1, 0xff, 0, 0, UNARY, false, 0, 0),
    FORM(1, 0xfe, 0, 0, UNARY, true, 1, 0),
    FORM(1, 0xff, 0, 0, UNARY, false, 1, 0),
    FORM(2, 0x0f, 0xb6, 0, REGISTER, false, 0, 0),
    FORM(2, 0x0f, 0xb7, 0, REGISTER, false, 0, 0),
    FORM(2, 0x0f, 0xbe, 0, REGISTER, false, 0, 0),
    FORM(2, 0x0f, 0xbf, 0, REGISTER, false, 0, 0),
    BIT(0xa3, 4),
    BIT(0xab, 5),
    BIT(0xb3, 6),
    BIT(0xbb, 7),
    FORM(2, 0x0f, 0xb0, 0, REGISTER, true, 0, 0),
    FORM(2, 0x0f, 0xb1, 0, REGISTER, false, 0, 0),
    FORM(2, 0x0f, 0xc0, 0, REGISTER, true, 0, 0),
    FORM(2, 0x0f, 0xc1, 0, REGISTER, false, 0, 0),
    FORM(1, 0xa4, 0, 0, STRING, true, 0, 0),
    FORM(1, 0xa5, 0, 0, STRING, false, 0, 0),
    FORM(1, 0xaa, 0, 0, STRING, true, 0, 0),
    FORM(1, 0xab, 0, 0, STRING, false, 0, 0),
    FORM(1, 0xac, 0, 0, STRING, true, 0, 0),
    FORM(1, 0xad, 0, 0, STRING, false, 0, 0),
};

/* What the code below loads and stores; rsp stays that of the test. */
struct frame {
    uint64_t general[16];
    uint64_t rflags;
    uint64_t code; /* ends with RET */
};

void run_native(struct frame *frame);

__asm__(".text\n"
        "run_native:\n"
        "    push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; push %rdi\n"
        "    push 128(%rdi); push 136(%rdi)\n"
        "    mov 0(%rdi), %rax; mov 8(%rdi), %rcx; mov 16(%rdi), %rdx; mov 24(%rdi), %rbx\n"
        "    mov 40(%rdi), %rbp; mov 48(%rdi), %rsi; mov 64(%rdi), %r8; mov 72(%rdi), %r9\n"
        "    mov 80(%rdi), %r10; mov 88(%rdi), %r11; mov 96(%rdi), %r12; mov 104(%rdi), %r13\n"
        "    mov 112(%rdi), %r14; mov 120(%rdi), %r15; mov 56(%rdi), %rdi\n"
        "    push 8(%rsp); popfq; call *(%rsp); pushfq; cld\n"
        "    push %rdi; mov 32(%rsp), %rdi\n"
        "    mov %rax, 0(%rdi); mov %rcx, 8(%rdi); mov %rdx, 16(%rdi); mov %rbx, 24(%rdi)\n"
        "    mov %rbp, 40(%rdi); mov %rsi, 48(%rdi); mov %r8, 64(%rdi); mov %r9, 72(%rdi)\n"
        "    mov %r10, 80(%rdi); mov %r11, 88(%rdi); mov %r12, 96(%rdi); mov %r13, 104(%rdi)\n"
        "    mov %r14, 112(%rdi); mov %r15, 120(%rdi)\n"
        "    pop %rax; mov %rax, 56(%rdi); pop %rax; mov %rax, 128(%rdi)\n"
        "    add $24, %rsp\n"
        "    pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n");

static uint64_t seed = 1;

static uint64_t any(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed * 0x2545f4914f6cdd1dull;
}

/* Often values at the ends of ranges. */
static uint64_t interesting(void)
{
    static const uint64_t ends[] = {0,          1,         0x7f,       0x80,       0xff,
                                    0x7fff,     0x8000,    0xffff,     0x7fffffff, 0x80000000,
                                    0xffffffff, INT64_MAX, 1ull << 63, UINT64_MAX};

    return any() % 3 ? any() : ends[any() % (sizeof(ends) / sizeof(ends[0]))];
}

/* The device of the emulated half. */
static uint8_t shadow[AREA_SIZE];

static uint64_t shadow_read(void *device, uint64_t offset, unsigned size)
{
    uint64_t value = 0;

    (void)device;
    memcpy(&value, shadow + offset, size);
    return value;
}

static void shadow_write(void *device, uint64_t offset, unsigned size, uint64_t value)
{
    (void)device;
    memcpy(shadow + offset, &value, size);
}

/* One instruction of the form, with random prefixes and register; its length. What it names is in
 * *reg, an index with REX.R. */
static unsigned assemble(const struct form *form, uint8_t *code, unsigned *reg)
{
    bool small = any() & 1 && form->opcode[0] != 0x63, rex = any() & 1, wide = rex && any() & 1;
    unsigned length = 0, immediate = 0;

    *reg = (unsigned)any() & (rex ? 15 : 7);
    if (form->shape == SHAPE_STRING && any() & 1)
        code[length++] = any() & 1 ? 0xf3 : 0xf2;
    if (small)
        code[length++] = 0x66;
    if (rex)
        code[length++] = (uint8_t)(0x40 | wide << 3 | *reg >> 3 << 2);
    memcpy(code + length, form->opcode, form->opcode_length);
    length += form->opcode_length;
    if (form->shape == SHAPE_STRING)
        return length;
    if (form->shape != SHAPE_REGISTER && form->shape != SHAPE_BIT)
        *reg = form->digit;
    code[length++] = (uint8_t)(0x47 | (*reg & 7) << 3); /* [RDI + disp8] */
    code[length++] = (uint8_t)any();
    if (form->shape == SHAPE_IMMEDIATE8)
        immediate = 1;
    else if (form->shape == SHAPE_IMMEDIATE)
        immediate = small && !wide ? 2 : 4;
    for (unsigned i = 0; i < immediate; i++)
        code[length++] = (uint8_t)interesting();
    return length;
}

static void describe(char *text, const uint8_t *code, unsigned length)
{
    for (unsigned i = 0; i < length; i++)
        text += snprintf(text, 4, "%02x ", code[i]);
}

static void one(const struct form *form, uint8_t *area, uint8_t *code)
{
    struct frame frame = {.rflags = 2 | (any() & STATUS), .code = (uint64_t)code};
    uint32_t length = 0, defined = STATUS & ~form->undefined;
    unsigned count, reg;
    char text[64];

    do {
        count = assemble(form, code, &reg);
    } while ((form->shape == SHAPE_REGISTER && reg == RSP) ||
             (form->shape == SHAPE_BIT && (reg == RSP || reg == RDI)));
    code[count] = 0xc3;
    memcpy(ram + CODE, code, count);
    describe(text, code, count);
    for (unsigned i = 0; i < 16; i++)
        frame.general[i] = interesting();
    frame.general[RDI] = MIDDLE + any() % 64;
    if (form->shape == SHAPE_BIT)
        frame.general[reg] = any() % 2048 - 1024;
    if (form->shape == SHAPE_STRING) {
        frame.general[RSI] = MIDDLE - any() % 512;
        frame.general[RCX] = 1 + any() % 20;
        frame.rflags |= any() & RFLAGS_DF;
    }
    for (unsigned i = 0; i < AREA_SIZE; i++)
        shadow[i] = area[i] = (uint8_t)(any() >> 5);
    /* CMPXCHG succeeds now and then */
    if (form->shape != SHAPE_BIT && any() % 4 == 0)
        memcpy(&frame.general[RAX], area + AREA_SIZE / 2 + any() % 64, 8);

    memcpy(page.general, frame.general, sizeof(page.general));
    page.rflags = frame.rflags;
    page.exit = (struct nacelle_exit){.kind = NACELLE_EXIT_MEMORY};
    /* which of the pages it is the form decides: try both */
    page.exit.gpa = MIDDLE;
    if (vmm_emulate(&emulator, &length) != VMM_DECODE_OK) {
        page.exit.gpa = MIDDLE - 1;
        if (vmm_emulate(&emulator, &length) != VMM_DECODE_OK)
            fail_msg("not emulated: %s", text);
    }
    run_native(&frame);
    assert_int_equal(length, count);
    for (unsigned i = 0; i < 16; i++)
        if (i != RSP && page.general[i] != frame.general[i])
            fail_msg("%s: register %u is %llx, not %llx", text, i,
                     (unsigned long long)page.general[i], (unsigned long long)frame.general[i]);
    if ((page.rflags ^ frame.rflags) & defined)
        fail_msg("%s: flags are %llx, not %llx", text, (unsigned long long)page.rflags,
                 (unsigned long long)frame.rflags);
    if (memcmp(shadow, area, AREA_SIZE) != 0)
        fail_msg("%s: memory differs", text);
}

static void as_a_processor_does(void **state)
{
    const struct vmm_mmio_range range = {AREA, AREA_SIZE, shadow_read, shadow_write, NULL};
    uint8_t *area = mmap((void *)(uintptr_t)AREA, AREA_SIZE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    uint8_t *code =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    (void)state;
    if (area != (uint8_t *)(uintptr_t)AREA || !code || code == MAP_FAILED) {
        fail_msg("no memory");
        return;
    }
    assert_true(vmm_mmio_add(&mmio, &range));
    in_mode(VMM_MODE_64);
    for (unsigned i = 0; i < ROUNDS; i++)
        one(&forms[i % (sizeof(forms) / sizeof(forms[0]))], area, code);
    munmap(area, AREA_SIZE);
    munmap(code, 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(as_a_processor_does, make_guest),
    };

    (void)emulate;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
