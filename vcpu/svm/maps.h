/* SPDX-License-Identifier: BSD-2-Clause */
/* I/O and MSR permission maps: AMD APM vol. 2, 15.10.1 and 15.11. A set bit exits. Pure. */
#ifndef VCPU_SVM_MAPS_H
#define VCPU_SVM_MAPS_H

#include <stdbool.h>
#include <stdint.h>
#include <x86/svm.h>

/* Everything exits. */
void svm_io_map_close_all(uint8_t map[SVM_IO_MAP_BYTES]);
void svm_msr_map_close_all(uint8_t map[SVM_MSR_MAP_BYTES]);

/* Sets whether the ports from first to last, inclusive, exit. Nothing when last is below first. */
void svm_io_map_set(uint8_t map[SVM_IO_MAP_BYTES], uint16_t first, uint16_t last, bool exits);
bool svm_io_map_exits(const uint8_t map[SVM_IO_MAP_BYTES], uint16_t port);

/* Sets whether reads and whether writes exit. false for an MSR without bits. */
bool svm_msr_map_set(uint8_t map[SVM_MSR_MAP_BYTES], uint32_t msr, bool read_exits,
                     bool write_exits);
bool svm_msr_map_exits(const uint8_t map[SVM_MSR_MAP_BYTES], uint32_t msr, bool write);

#endif
