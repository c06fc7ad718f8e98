/* SPDX-License-Identifier: BSD-2-Clause */
/* Counting of one 8254 counter, as a function of time (counts of the input clock). */
#ifndef VMM_PIT_CHANNEL_H
#define VMM_PIT_CHANNEL_H

#include <vmm/pit.h>

/* Control word: mode and access are valid numbers. */
void vmm_pit_channel_control(struct vmm_pit_channel *channel, uint8_t mode, uint8_t access,
                             bool bcd);

/* A complete count was written, 0 to 65535. */
void vmm_pit_channel_load(struct vmm_pit_channel *channel, uint64_t now, uint16_t count);

void vmm_pit_channel_set_gate(struct vmm_pit_channel *channel, uint64_t now, bool gate);

/* The counting element as a read sees it. */
uint16_t vmm_pit_channel_count(struct vmm_pit_channel *channel, uint64_t now);

bool vmm_pit_channel_output(struct vmm_pit_channel *channel, uint64_t now);

/* When the output rises next, after `now`; VMM_NEVER if it does not. */
uint64_t vmm_pit_channel_next_edge(struct vmm_pit_channel *channel, uint64_t now);

#endif
