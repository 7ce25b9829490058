/* SPDX-License-Identifier: MIT */
/* The rows of calls.h as functions: a look at what they say, then the call. */
#include "real.h"
#include "fortify.h"

#define CLOCK_TEXT 26 /* bytes of "Thu Jan  1 00:00:00 1970\n" */

/* What a conversion that needs @n, without the end, writes at most. */
static size_t least(size_t n, size_t most)
{
	return n < most ? n + 1 : most;
}

static void look_at_parts(const struct iovec *v, size_t n, bool is_write,
			  const char *call)
{
	look(v, n * sizeof(*v), READ, call);
	for (; n; n--, v++)
		look(v->iov_base, v->iov_len, is_write, call);
}

/* A line's block has as many bytes as the caller says, or is none yet. */
static void look_at_line(char *const *line, const size_t *n, const char *call)
{
	if (line && n && *line)
		look(*line, *n, WRITE, call);
}

/* NULL is the call's own business, whatever the headers promise for it. */
static void look_at_text(uintptr_t s, const char *call)
{
	__asm__("" : "+r"(s));
	if (s && room_at((void *)s) != NOT_HEAP)
		string_length((const char *)s, call);
}

static void look_at_wide_text(uintptr_t s, const char *call)
{
	__asm__("" : "+r"(s));
	if (s && room_at((void *)s) != NOT_HEAP)
		wide_length((const wchar_t *)s, call);
}

#define IN(p, n) look(p, (size_t)(n), READ, call)
#define OUT(p, n) look(p, (size_t)(n), WRITE, call)
#define OUT_MOST(p, n) OUT(p, (n) > 0 ? (size_t)(n) * sizeof(*(p)) : 0)
#define OUT_LINE(line, n) look_at_line(line, n, call)
#define TEXT(s) look_at_text((uintptr_t)(s), call)
#define WIDE_TEXT(s) look_at_wide_text((uintptr_t)(s), call)
#define PARTS(v, n, is_write) \
	look_at_parts(v, (n) > 0 ? (size_t)(n) : 0, is_write, call)
#define MESSAGE(m, is_write) \
	look_at_parts((m)->msg_iov, (m)->msg_iovlen, is_write, call)
#define NUMBER(s, end) IN(s, (end ? *end : own_end) - s + 1)
#define WIDE_NUMBER(s, end) \
	IN(s, ((end ? *end : own_wide_end) - s + 1) * sizeof(*s))

/* What a second name begins with is no business of a report's. */
#define NAME_OF(name) (&(#name)[#name[0] == '_' ? 2 : 0])

#define CALL(type, name, parameters, arguments, ...)    \
	EXPORT type name parameters                     \
	{                                               \
		const char *const call = NAME_OF(name); \
                                                        \
		__VA_ARGS__;                            \
		return REAL(name) arguments;            \
	}

#define CALL_THEN(type, name, parameters, arguments, ...)                 \
	EXPORT type name parameters                                       \
	{                                                                 \
		const char *const call = NAME_OF(name);                   \
		__attribute__((__unused__)) char *own_end = NULL;         \
		__attribute__((__unused__)) wchar_t *own_wide_end = NULL; \
		type ret = REAL(name) arguments;                          \
                                                                          \
		__VA_ARGS__;                                              \
		return ret;                                               \
	}

#include "calls.h"

/* ---- those that call others inside of the C library ---- */

EXPORT int atoi(const char *s)
{
	return (int)strtol(s, NULL, 10);
}

EXPORT long atol(const char *s)
{
	return strtol(s, NULL, 10);
}

EXPORT long long atoll(const char *s)
{
	return strtoll(s, NULL, 10);
}

EXPORT double atof(const char *s)
{
	return strtod(s, NULL);
}
