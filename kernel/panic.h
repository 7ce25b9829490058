/* SPDX-License-Identifier: MIT */
/* The end of the machine. Code: kernel/panic.c. */
#ifndef KERNEL_PANIC_H
#define KERNEL_PANIC_H

#include <ashlar/compiler.h>
#include <ashlar/types.h>

struct pt_regs;

/* A panic at a known place, whose stack pointer was @sp. kernel/panic.c */
void die_at(const struct pt_regs *regs, u32 sp, const char *fmt, ...)
	ASHLAR_PRINTF(3, 4) __attribute__((noreturn));

/* From kernel mode entry.S saves no stack pointer: it is where regs end. */
#define kernel_stack_pointer(regs) ((u32)(&(regs)->flags + 1))
#define die(regs, ...)                                                    \
	die_at(regs,                                                      \
	       user_mode(regs) ? (regs)->sp : kernel_stack_pointer(regs), \
	       __VA_ARGS__)

void panic(const char *fmt, ...) ASHLAR_PRINTF(1, 2) __attribute__((noreturn));

#endif
