/* SPDX-License-Identifier: MIT */
/* Between port.c, which any board can have, and the board's own file. */
#ifndef ASHLAR_BOARD_H
#define ASHLAR_BOARD_H

#include <ashlar/types.h>

/* port.c: hand @bytes of RAM at @ram to the core, before the first block. */
void board_memory(void *ram, size_t bytes);

/* The board's: one character to its console; its clock; its end. */
void board_putc(char c);
unsigned long board_ms(void);
void board_exit(int status) __attribute__((__noreturn__));

#endif
