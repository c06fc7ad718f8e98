/* SPDX-License-Identifier: BSD-2-Clause */
/* What the guest asks, and where in its data the answers go. */
#ifndef ANSWERS_TEST_H
#define ANSWERS_TEST_H

#define LEAF_ANY         0x40000000
#define LEAF             4
#define SUBLEAF          1
#define OTHER_SUBLEAF    2
#define MSR_READ         0x8b
#define MSR_WRITTEN      0x79
#define PORT_IN          0x64
#define PORT_OUT         0x80

#define OF_LEAF_ANY      0x00
#define OF_SUBLEAF       0x10
#define OF_OTHER_SUBLEAF 0x20
#define OF_MSR_READ      0x30
#define OF_MSR_WRITTEN   0x40
#define OF_IN            0x50
#define OF_OUT           0x60
#define OF_KEPT          0x70

#endif
