/* SPDX-License-Identifier: BSD-2-Clause */
/* Back to user level, or into a guest. */
#ifndef SERVER_RUN_H
#define SERVER_RUN_H

#include "cpu.h"
#include "execution.h"

/* Back to where the thread, whose address space is loaded, made its system call. */
_Noreturn void return_to_caller(struct thread *thread);

/* The same with the reply of an operation that has no words to tell, which is not in the frame. */
_Noreturn void return_empty_to_caller(struct thread *thread);

/* Runs the execution; comes back when it turned out that it cannot run now. */
void run_execution(struct cpu *cpu, struct execution *execution);

#endif
