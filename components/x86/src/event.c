/* SPDX-License-Identifier: BSD-2-Clause */

#include <stddef.h>

#include <x86/event.h>

/* One row per vector: SDM vol. 3, tables 6-1 and 6-4; APM vol. 2, table 8-1 for 28-30. */
static const struct {
    const char *name;
    enum x86_exception_kind kind;
    enum x86_exception_class class;
    bool error_code;
} exceptions[X86_EXCEPTION_COUNT] = {
    [X86_VECTOR_DE] = {"#DE", X86_KIND_FAULT, X86_CLASS_CONTRIBUTORY, false},
    [X86_VECTOR_DB] = {"#DB", X86_KIND_FAULT_OR_TRAP, X86_CLASS_BENIGN, false},
    [X86_VECTOR_NMI] = {"NMI", X86_KIND_INTERRUPT, X86_CLASS_BENIGN, false},
    [X86_VECTOR_BP] = {"#BP", X86_KIND_TRAP, X86_CLASS_BENIGN, false},
    [X86_VECTOR_OF] = {"#OF", X86_KIND_TRAP, X86_CLASS_BENIGN, false},
    [X86_VECTOR_BR] = {"#BR", X86_KIND_FAULT, X86_CLASS_BENIGN, false},
    [X86_VECTOR_UD] = {"#UD", X86_KIND_FAULT, X86_CLASS_BENIGN, false},
    [X86_VECTOR_NM] = {"#NM", X86_KIND_FAULT, X86_CLASS_BENIGN, false},
    [X86_VECTOR_DF] = {"#DF", X86_KIND_ABORT, X86_CLASS_DOUBLE_FAULT, true},
    [X86_VECTOR_TS] = {"#TS", X86_KIND_FAULT, X86_CLASS_CONTRIBUTORY, true},
    [X86_VECTOR_NP] = {"#NP", X86_KIND_FAULT, X86_CLASS_CONTRIBUTORY, true},
    [X86_VECTOR_SS] = {"#SS", X86_KIND_FAULT, X86_CLASS_CONTRIBUTORY, true},
    [X86_VECTOR_GP] = {"#GP", X86_KIND_FAULT, X86_CLASS_CONTRIBUTORY, true},
    [X86_VECTOR_PF] = {"#PF", X86_KIND_FAULT, X86_CLASS_PAGE_FAULT, true},
    [X86_VECTOR_MF] = {"#MF", X86_KIND_FAULT, X86_CLASS_BENIGN, false},
    [X86_VECTOR_AC] = {"#AC", X86_KIND_FAULT, X86_CLASS_BENIGN, true},
    [X86_VECTOR_MC] = {"#MC", X86_KIND_ABORT, X86_CLASS_BENIGN, false},
    [X86_VECTOR_XM] = {"#XM", X86_KIND_FAULT, X86_CLASS_BENIGN, false},
    [X86_VECTOR_VE] = {"#VE", X86_KIND_FAULT, X86_CLASS_PAGE_FAULT, false},
    [X86_VECTOR_CP] = {"#CP", X86_KIND_FAULT, X86_CLASS_CONTRIBUTORY, true},
    [X86_VECTOR_HV] = {"#HV", X86_KIND_INTERRUPT, X86_CLASS_BENIGN, false},
    [X86_VECTOR_VC] = {"#VC", X86_KIND_FAULT, X86_CLASS_CONTRIBUTORY, true},
    [X86_VECTOR_SX] = {"#SX", X86_KIND_FAULT, X86_CLASS_BENIGN, true},
};

struct x86_event x86_event_unpack(uint32_t info, uint32_t error_code)
{
    struct x86_event event = {0};

    if ((info & X86_EVENT_VALID) == 0)
        return event;
    event.valid = true;
    event.vector = (uint8_t)x86_bits(info, 7, 0);
    event.type = (uint8_t)x86_bits(info, 10, 8);
    event.has_error_code = (info & X86_EVENT_ERROR_CODE) != 0;
    event.nmi_unblocking = (info & X86_EVENT_NMI_UNBLOCKING) != 0;
    event.error_code = event.has_error_code ? error_code : 0;
    return event;
}

uint32_t x86_event_pack(const struct x86_event *event)
{
    if (!event->valid)
        return 0;
    return event->vector | ((uint32_t)(event->type & 7U) << 8) |
           (event->has_error_code ? X86_EVENT_ERROR_CODE : 0) | X86_EVENT_VALID;
}

bool x86_vector_has_error_code(uint8_t vector, bool real_mode)
{
    return !real_mode && vector < X86_EXCEPTION_COUNT && exceptions[vector].error_code;
}

bool x86_event_is_soft(uint8_t type)
{
    return type >= X86_EVENT_SOFTWARE_INTERRUPT && type <= X86_EVENT_SOFTWARE_EXCEPTION;
}

uint8_t x86_event_type_of_vector(uint8_t vector)
{
    if (vector >= X86_EXCEPTION_COUNT)
        return X86_EVENT_EXTERNAL;
    if (vector == X86_VECTOR_NMI)
        return X86_EVENT_NMI;
    if (vector == X86_VECTOR_BP || vector == X86_VECTOR_OF)
        return X86_EVENT_SOFTWARE_EXCEPTION;
    return X86_EVENT_HARDWARE_EXCEPTION;
}

enum x86_exception_kind x86_exception_kind(uint8_t vector)
{
    return vector < X86_EXCEPTION_COUNT ? exceptions[vector].kind : X86_KIND_NONE;
}

enum x86_exception_class x86_exception_class(uint8_t vector)
{
    return vector < X86_EXCEPTION_COUNT ? exceptions[vector].class : X86_CLASS_BENIGN;
}

enum x86_combination x86_exception_combine(uint8_t first, uint8_t second)
{
    /* Rows: class of the first; columns: of the second. SDM vol. 3, table 6-5. A second double
     * fault never comes up by itself; one that is injected is delivered. */
    static const enum x86_combination table[4][4] = {
        [X86_CLASS_CONTRIBUTORY] = {[X86_CLASS_CONTRIBUTORY] = X86_COMBINE_DOUBLE_FAULT},
        [X86_CLASS_PAGE_FAULT] = {[X86_CLASS_CONTRIBUTORY] = X86_COMBINE_DOUBLE_FAULT,
                                  [X86_CLASS_PAGE_FAULT] = X86_COMBINE_DOUBLE_FAULT},
        [X86_CLASS_DOUBLE_FAULT] = {[X86_CLASS_CONTRIBUTORY] = X86_COMBINE_TRIPLE_FAULT,
                                    [X86_CLASS_PAGE_FAULT] = X86_COMBINE_TRIPLE_FAULT},
    };

    return table[x86_exception_class(first)][x86_exception_class(second)];
}

const char *x86_exception_name(uint8_t vector)
{
    return vector < X86_EXCEPTION_COUNT ? exceptions[vector].name : NULL;
}

const char *x86_event_type_name(uint8_t type)
{
    static const char *const names[] = {
        [X86_EVENT_EXTERNAL] = "external interrupt",
        [X86_EVENT_RESERVED] = "reserved",
        [X86_EVENT_NMI] = "NMI",
        [X86_EVENT_HARDWARE_EXCEPTION] = "hardware exception",
        [X86_EVENT_SOFTWARE_INTERRUPT] = "software interrupt",
        [X86_EVENT_PRIVILEGED_SOFTWARE_EXCEPTION] = "privileged software exception",
        [X86_EVENT_SOFTWARE_EXCEPTION] = "software exception",
        [X86_EVENT_OTHER] = "other event",
    };

    return type < sizeof(names) / sizeof(names[0]) ? names[type] : "unknown";
}

static bool type_supported(uint8_t type, uint32_t flags)
{
    if (type == X86_EVENT_RESERVED || type > X86_EVENT_OTHER)
        return false;
    return type != X86_EVENT_OTHER || (flags & X86_EVENT_CHECK_MTF) != 0;
}

static bool vector_fits_type(uint8_t vector, uint8_t type)
{
    switch (type) {
    case X86_EVENT_NMI:
        return vector == X86_VECTOR_NMI;
    case X86_EVENT_HARDWARE_EXCEPTION:
        return vector < X86_EXCEPTION_COUNT;
    case X86_EVENT_OTHER:
        return vector == 0;
    default:
        return true;
    }
}

/* The vectors for which VM entry demands an error code: Intel's, so without #VC and #SX. */
static bool vmx_vector_has_error_code(uint8_t vector, uint32_t flags)
{
    if (vector == X86_VECTOR_VC || vector == X86_VECTOR_SX)
        return false;
    if (vector == X86_VECTOR_CP && (flags & X86_EVENT_CHECK_NO_CET) != 0)
        return false;
    return x86_vector_has_error_code(vector, false);
}

static enum x86_event_error check_error_code(const struct x86_event *event, uint32_t flags)
{
    bool possible = event->type == X86_EVENT_HARDWARE_EXCEPTION &&
                    (flags & X86_EVENT_CHECK_REAL_MODE) == 0;
    bool any = (flags & X86_EVENT_CHECK_ANY_ERROR_CODE) != 0;
    bool demanded = possible && vmx_vector_has_error_code(event->vector, flags);

    if (!possible && event->has_error_code)
        return X86_EVENT_ERROR_CODE_EXTRA;
    if (!any && demanded && !event->has_error_code)
        return X86_EVENT_ERROR_CODE_MISSING;
    if (!any && !demanded && event->has_error_code)
        return X86_EVENT_ERROR_CODE_EXTRA;
    if (event->has_error_code && event->error_code > 0xffff)
        return X86_EVENT_BAD_ERROR_CODE;
    return X86_EVENT_OK;
}

enum x86_event_error x86_event_check(const struct x86_event *event, uint32_t length, uint32_t flags)
{
    enum x86_event_error error;
    uint32_t shortest = (flags & X86_EVENT_CHECK_LENGTH_0) != 0 ? 0 : 1;

    if (!event->valid)
        return X86_EVENT_OK;
    if (!type_supported(event->type, flags))
        return X86_EVENT_BAD_TYPE;
    if (!vector_fits_type(event->vector, event->type))
        return X86_EVENT_BAD_VECTOR;
    error = check_error_code(event, flags);
    if (error != X86_EVENT_OK)
        return error;
    if (x86_event_is_soft(event->type) && (length < shortest || length > 15))
        return X86_EVENT_BAD_LENGTH;
    return X86_EVENT_OK;
}

const char *x86_event_error_text(enum x86_event_error error)
{
    static const char *const texts[] = {
        [X86_EVENT_OK] = "acceptable",
        [X86_EVENT_BAD_TYPE] = "interruption type is reserved or not supported",
        [X86_EVENT_BAD_VECTOR] = "vector does not fit the interruption type",
        [X86_EVENT_ERROR_CODE_MISSING] = "the vector demands an error code",
        [X86_EVENT_ERROR_CODE_EXTRA] = "type, vector or mode forbids an error code",
        [X86_EVENT_BAD_ERROR_CODE] = "error code exceeds 16 bits",
        [X86_EVENT_BAD_LENGTH] = "instruction length of a software event is not 1 to 15",
    };

    return (unsigned)error < sizeof(texts) / sizeof(texts[0]) ? texts[error] : "unknown";
}
