/* SPDX-License-Identifier: BSD-2-Clause */
/* Error codes of the binary interface. */
#ifndef NACELLE_ERROR_H
#define NACELLE_ERROR_H

/*
 * An operation that fails changes nothing. Its reply has NACELLE_TAG_ERROR set, the error as its
 * label, and in word 0 what was wrong: 0 is the invoked capability, 1 is word 0 of the request,
 * 2 is word 1, and so on (NACELLE_CULPRIT_*). The X macro gives name, number and text.
 */
#define NACELLE_ERRORS(X)                                                                     \
    X(OK, 0, "no error")                                                                      \
    X(INVALID_CAPABILITY, 1, "the slot is empty or beyond the capability space")              \
    X(WRONG_TYPE, 2, "the capability names an object of another type")                        \
    X(MISSING_RIGHT, 3, "the capability lacks a right that the operation needs")              \
    X(INVALID_OPERATION, 4, "the object type has no such operation")                          \
    X(INVALID_ARGUMENT, 5, "an argument has a value that the operation does not know")        \
    X(OUT_OF_RANGE, 6, "an argument lies beyond the range that the object covers")            \
    X(UNALIGNED, 7, "an address is not a multiple of the size it is used with")               \
    X(NO_MEMORY, 8, "the untyped memory has too little left")                                 \
    X(NO_TABLE_MEMORY, 9, "the pages for translation tables given at creation are used up")   \
    X(SLOT_OCCUPIED, 10, "the destination slot holds a capability")                           \
    X(OVERLAP, 11, "something is mapped there already")                                       \
    X(NOT_MAPPED, 12, "the capability maps nothing")                                          \
    X(ALREADY_MAPPED, 13, "the capability maps something already; copy it to map it again")   \
    X(BUSY, 14, "the object is in a state in which this cannot be done")                      \
    X(MESSAGE_TOO_LONG, 15, "the message is longer than NACELLE_MESSAGE_WORDS")               \
    X(DELETED, 16, "the object that the caller waited for was deleted, or nobody will reply") \
    X(INVALID_REGISTER, 17, "there is no general register with this index")                   \
    X(INVALID_GROUP, 18, "there is no such group of vCPU state")                              \
    X(INVALID_STATE, 19, "a value in the state page is one that no processor accepts")        \
    X(UNSUPPORTED, 20, "the processor lacks the feature")                                     \
    X(TOO_DEEP, 21, "the capability is derived over too many steps")                          \
    X(WOULD_BLOCK, 22, "nothing to receive, nobody to reply to")                              \
    X(MSR_NOT_OPENABLE, 23, "the MSR is not one that the engine switches between vCPUs")      \
    X(INVALID_EVENT, 24, "vector, type and error code of the event do not fit together")      \
    X(NOT_CONFIGURED, 25, "the thread or vCPU lacks a capability that it needs to run")       \
    X(INVALID_SYSTEM_CALL, 26, "there is no such system call")

/* Error codes: the label of a failed reply. */
enum nacelle_error {
#define NACELLE_ERROR_ENUM(name, number, text) NACELLE_ERROR_##name = (number),
    NACELLE_ERRORS(NACELLE_ERROR_ENUM)
#undef NACELLE_ERROR_ENUM
    NACELLE_ERROR_COUNT
};

/* What was wrong: word 0 of a failed reply. */
#define NACELLE_CULPRIT_CAPABILITY 0
#define NACELLE_CULPRIT_WORD(n)    ((n) + 1)
#define NACELLE_CULPRIT_TAG        255

#endif
