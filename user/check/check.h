/* SPDX-License-Identifier: MIT */
/*
 * The C library's own accesses, looked at before they happen.
 *
 *   program ── memcpy(d, s, n) ──► here: do n bytes at s, and at d, lie in
 *                                  their blocks?  no ── one report
 *                                  then the C library's memcpy
 *
 * `ashlar check` preloads this library before the one with malloc, which knows
 * the blocks: ashlar_check_room() and ashlar_check_range() there. What is not
 * on the heap, or on another heap, is not looked at. The call is made in any
 * case, as the program made it.
 *
 * Until the constructor has run nothing is looked at, and the few functions
 * that anything may need before are plain loops: the dynamic linker cannot be
 * asked for the C library's then.
 */
#ifndef ASHLAR_USER_CHECK_H
#define ASHLAR_USER_CHECK_H

#undef _FORTIFY_SOURCE
#undef _FILE_OFFSET_BITS /* pread() and pread64() are two names */
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <wchar.h>
#include <ashlar/compiler.h>
#include "../check_calls.h"
#include "../user.h"

#define NOT_HEAP SIZE_MAX /* of room_at() */

enum { READ, WRITE };

/* What libashlar-malloc knows. NULL, until it can be asked. */
struct heap {
	size_t (*room)(const void *p);
	bool (*range)(const void *p, size_t bytes, bool is_write,
		      const char *call);
	unsigned long (*look_at_all)(void); /* at all blocks, with reports */
	struct check_calls calls;
	uintptr_t start, bytes; /* the library itself */
};

extern struct heap heap HIDDEN;

/* True if the caller of the function that this is used in is the malloc. */
#define CALLED_BY_HEAP \
	((uintptr_t)__builtin_return_address(0) - heap.start < heap.bytes)

/* Bytes from @p to the end of its block; NOT_HEAP: it is in none. */
static inline size_t room_at(const void *p)
{
	return likely(heap.room) ? heap.room(p) : NOT_HEAP;
}

/*
 * A report, unless [@p, @p + @bytes) lies in one block or in none. (A number,
 * and the asm: to be looked at is not to be read, so what is there may be
 * without a value.)
 */
static inline void look_at_range(uintptr_t p, size_t bytes, bool is_write,
				 const char *call)
{
	__asm__("" : "+r"(p));
	if (likely(heap.range) && bytes)
		heap.range((const void *)p, bytes, is_write, call);
}

#define look(p, bytes, is_write, call) \
	look_at_range((uintptr_t)(p), bytes, is_write, call)

/* The arguments that follow @last, as a va_list, to @call. */
#define WITH_ARGUMENTS(last, call)    \
	({                            \
		va_list args;         \
		int ret;              \
                                      \
		va_start(args, last); \
		ret = call;           \
		va_end(args);         \
		ret;                  \
	})

/* strings.c: @n bytes and a zero, of a string that was looked at; its end */
char *string_copy(char *dst, const char *src, size_t n,
		  const char *call) HIDDEN;

/* strings.c, wide.c: a string's length, after a look at its end */
size_t string_length(const char *s, const char *call) HIDDEN;
size_t string_length_most(const char *s, size_t most, const char *call) HIDDEN;
void look_at_scanned(const char *s, int assigned, va_list args,
		     const char *call) HIDDEN;
size_t wide_length(const wchar_t *s, const char *call) HIDDEN;
size_t wide_length_most(const wchar_t *s, size_t most, const char *call) HIDDEN;

/* signals.c */
bool signal_is_blocked(int sig) HIDDEN;

/* format.c: what the arguments of printf and its like point at */
void look_at_arguments(const char *format, va_list args,
		       const char *call) HIDDEN;
void look_at_wide_arguments(const wchar_t *format, va_list args,
			    const char *call) HIDDEN;

#endif
