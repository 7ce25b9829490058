/* SPDX-License-Identifier: MIT */
#ifndef ASHLAR_TESTS_INTERPOSE_H
#define ASHLAR_TESTS_INTERPOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAP_BYTES 4096
#define BLOCK (heap + 64)

extern char heap[HEAP_BYTES];
extern size_t block_bytes;

extern struct seen {
	unsigned int nr;
	const void *at;
	size_t bytes;
	bool is_write;
	const char *call;
} seen;

size_t ashlar_check_room(const void *at);
bool ashlar_check_range(const void *at, size_t bytes, bool is_write,
			const char *call);

#endif
