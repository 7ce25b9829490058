/* SPDX-License-Identifier: MIT */
#ifndef KERNEL_PANIC_H
#define KERNEL_PANIC_H

#include <ashlar/compiler.h>

struct pt_regs;

/* A panic at a known place. kernel/panic.c */
void die(const struct pt_regs *regs, const char *fmt, ...) __printf_like(2, 3)
	__attribute__((noreturn));

#endif
