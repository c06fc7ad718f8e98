/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes a group of cases out of a file with lines
 *
 *     CASE(name, "instructions that lead there", "the instruction that exits", fields...)
 *
 * for code of all sizes; CASE16, CASE32, CASE64 for one size, CASES16_32 for two. Included by a
 * source file that defines CASES_FILE and CASES_GROUP, once. Fields are designated initializers of
 * struct exits_case, for which there are short forms here. In the text, W is the prefix of a
 * register as wide as the code (%ebx, %rbx), A that of an address register (%bx, %ebx, %rbx).
 */
#include "cases.h"

#include <nacelle/check.h>

/* NOLINTBEGIN(bugprone-macro-parentheses): these are parts of initializers */
#define EXIT(exit_kind, exit_number) \
    .expected.kind = NACELLE_EXIT_##exit_kind, .expected.number = (exit_number)
#define FLAGS(bits)         .expected.flags = (bits)
#define DETAIL(x)           .expected.detail = (x)
#define SIZE(x)             .expected.size = (x)
#define VALUE(x)            .expected.value = (x)
#define GVA(x)              .expected.gva = (x)
#define GPA(x)              .expected.gpa = (x)
#define REPETITIONS(x)      .expected.count = (x)
#define VALUE_OF(x)         .value_of = 1 + (x)
#define STRING_IN(x)        .string = 1 + NACELLE_##x
#define NOT_IN(x)           .not_in = (x)
#define NEEDS(x)            .features = FEATURE_##x
#define REG(n, reg, how, x) .registers[n] = {X86_##reg, how, (x)}
#define WITH(name, x)       .controls[0] = {NACELLE_CONTROL_##name, true, (x)}
#define AND_WITH(name, x)   .controls[1] = {NACELLE_CONTROL_##name, true, (x)}
/* NOLINTEND(bugprone-macro-parentheses) */

#define READ      NACELLE_EXIT_READ
#define WRITE     NACELLE_EXIT_WRITE
#define EXECUTE   NACELLE_EXIT_EXECUTE
#define STRING    NACELLE_EXIT_STRING
#define REPEAT    NACELLE_EXIT_REPEAT
#define IMMEDIATE NACELLE_EXIT_IMMEDIATE
#define ADDRESS   NACELLE_EXIT_GVA_VALID
#define WALK      NACELLE_EXIT_WALK
#define ERROR     NACELLE_EXIT_ERROR_CODE
#define CLTS      NACELLE_EXIT_CR_CLTS
#define LMSW      NACELLE_EXIT_CR_LMSW
#define VECTORING NACELLE_EXIT_VECTORING

#define EXPAND_CODE(prefix, bits, name, before, text)                                \
    __asm__(".pushsection .rodata.cases, \"a\"\n"                                    \
            ".code" #bits "\n" #prefix #name "_begin:\n\t" before "\n" #prefix #name \
            "_at:\n\t" text "\n" #prefix #name "_end:\n"                             \
            ".code64\n"                                                              \
            ".popsection");                                                          \
    extern const uint8_t prefix##name##_begin[], prefix##name##_at[], prefix##name##_end[];
#define EXPAND_ENTRY(prefix, name, ...) \
    {#name, prefix##name##_begin, prefix##name##_at, prefix##name##_end, __VA_ARGS__},

#define NOTHING(name, before, text, ...)

/* --- 16-bit code --- */
#define W                             "e"
#define A                             ""
#define CASE(name, before, text, ...) EXPAND_CODE(in16_, 16, name, before, text)
#define CASE16                        CASE
#define CASES16_32                    CASE
#define CASE32                        NOTHING
#define CASE64                        NOTHING
#include CASES_FILE
#undef CASE
#define CASE(name, before, text, ...) EXPAND_ENTRY(in16_, name, __VA_ARGS__)
static const struct exits_case cases16[] = {
#include CASES_FILE
};
#undef CASE
#undef CASE16
#undef CASE32
#undef A

/* --- 32-bit code --- */
#define A                             "e"
#define CASE(name, before, text, ...) EXPAND_CODE(in32_, 32, name, before, text)
#define CASE16                        NOTHING
#define CASE32                        CASE
#include CASES_FILE
#undef CASE
#define CASE(name, before, text, ...) EXPAND_ENTRY(in32_, name, __VA_ARGS__)
static const struct exits_case cases32[] = {
#include CASES_FILE
};
#undef CASE
#undef CASE32
#undef CASE64
#undef CASES16_32
#undef A
#undef W

/* --- 64-bit code --- */
#define W                             "r"
#define A                             "r"
#define CASE(name, before, text, ...) EXPAND_CODE(in64_, 64, name, before, text)
#define CASE32                        NOTHING
#define CASES16_32                    NOTHING
#define CASE64                        CASE
#include CASES_FILE
#undef CASE
#define CASE(name, before, text, ...) EXPAND_ENTRY(in64_, name, __VA_ARGS__)
static const struct exits_case cases64[] = {
#include CASES_FILE
};

#define LENGTH(array)     (sizeof(array) / sizeof((array)[0]))
#define EXPAND_NAME(name) #name
#define GROUP_NAME(name)  EXPAND_NAME(name)

const struct exits_group CASES_GROUP = {
    GROUP_NAME(CASES_GROUP),
    {cases16, cases32, cases64},
    {LENGTH(cases16), LENGTH(cases32), LENGTH(cases64)},
};
