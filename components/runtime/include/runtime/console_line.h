/* SPDX-License-Identifier: BSD-2-Clause */
/* The console protocol between clients and the root task: labels and the packing of lines. */
#ifndef RUNTIME_CONSOLE_LINE_H
#define RUNTIME_CONSOLE_LINE_H

#include <nacelle/message.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Labels of messages to the console endpoint; its badge says who sends.
 * LINE  w0: length of the text in bytes, w1 and up: the text, 8 bytes a word, first byte lowest.
 *       One line without its end. No reply.
 * EXIT  w0: status; 0 is success. The client is done: no reply ever comes, all that it has is
 *       taken back. To be called, so that the client waits.
 *
 * A client can have a terminal beside its lines: bytes as they are, in both directions. To be
 * called, all three; the first one opens the terminal, a channel of the serial line.
 * OUTPUT as LINE, with any bytes. Reply: w0: how many of them were taken. If it is not all, the
 *        notification of ATTACH is signalled when there is room again.
 * ATTACH with a notification capability, WRITE, which is signalled when there is input; it replaces
 *        the one before. Reply: w0: the channel, 1 and up; 0: there was no such capability.
 * READ   Reply: as LINE: the input, empty when there is no more.
 */
#define NACELLE_CONSOLE_LINE   1
#define NACELLE_CONSOLE_EXIT   2
#define NACELLE_CONSOLE_OUTPUT 3
#define NACELLE_CONSOLE_ATTACH 4
#define NACELLE_CONSOLE_READ   5

/* Longest line that fits into a message. */
#define NACELLE_CONSOLE_LINE_MAX ((NACELLE_MESSAGE_WORDS - 1) * 8ul)

/* Puts text into words[0...]; returns the number of words. Text beyond the longest line is cut. */
unsigned nacelle_console_pack(uint64_t words[NACELLE_MESSAGE_WORDS], const char *text,
                              size_t length);

/* The bytes of such a message, as they are. Returns how many, or -1 when it makes no sense. */
int nacelle_console_unpack_bytes(const uint64_t words[NACELLE_MESSAGE_WORDS], unsigned length,
                                 uint8_t bytes[NACELLE_CONSOLE_LINE_MAX]);

/*
 * Takes the text out of a message of `length` words into `text`, ended by 0. Characters that would
 * upset a terminal become '?'. Returns its length, or -1 when the message makes no sense.
 */
int nacelle_console_unpack(const uint64_t words[NACELLE_MESSAGE_WORDS], unsigned length,
                           char text[NACELLE_CONSOLE_LINE_MAX + 1]);

#endif
