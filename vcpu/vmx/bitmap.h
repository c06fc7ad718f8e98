/* SPDX-License-Identifier: BSD-2-Clause */
/* I/O and MSR bitmaps: Intel SDM vol. 3, 24.6.4 and 24.6.9. A set bit exits. Pure. */
#ifndef VCPU_VMX_BITMAP_H
#define VCPU_VMX_BITMAP_H

#include <stdbool.h>
#include <stdint.h>

#define IO_BITMAP_BYTES  8192 /* bitmaps A and B, one after the other: a bit for each port */
#define MSR_BITMAP_BYTES 4096

/* Everything exits. */
void io_bitmap_close_all(uint8_t bitmap[IO_BITMAP_BYTES]);
void msr_bitmap_close_all(uint8_t bitmap[MSR_BITMAP_BYTES]);

/* Sets whether the ports from first to last, inclusive, exit. Nothing when last is below first. */
void io_bitmap_set(uint8_t bitmap[IO_BITMAP_BYTES], uint16_t first, uint16_t last, bool exits);
bool io_bitmap_exits(const uint8_t bitmap[IO_BITMAP_BYTES], uint16_t port);

/* MSRs 0-1FFFH and C0000000H-C0001FFFH have bits; all others exit always. */
bool msr_bitmap_covers(uint32_t msr);

/* Sets whether reads and whether writes exit. false for an MSR without bits. */
bool msr_bitmap_set(uint8_t bitmap[MSR_BITMAP_BYTES], uint32_t msr, bool read_exits,
                    bool write_exits);
bool msr_bitmap_exits(const uint8_t bitmap[MSR_BITMAP_BYTES], uint32_t msr, bool write);

#endif
