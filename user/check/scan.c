/* SPDX-License-Identifier: MIT */
/*
 * scanf and its like. What they wrote is looked at when it is there: how much
 * that is, the input says.
 *
 *   sscanf(text, "%d %15s", &n, name) == 2
 *           └ read to its end    └ sizeof(int)  └ its length, and the zero
 */
#include "real.h"

/* One conversion, as far as it concerns what is written. */
struct conversion {
	bool is_ignored; /* %*d */
	bool is_allocated; /* %ms */
	long width; /* 0: none is said */
	size_t bytes; /* of a number: 4, or as its letters say */
	int letter;
};

static long take_width(const char **s)
{
	long n = 0;

	for (; **s >= '0' && **s <= '9'; ++*s)
		n = n < INT32_MAX / 10 ? n * 10 + (**s - '0') : n;
	return n;
}

static size_t take_bytes(const char **s)
{
	size_t bytes = sizeof(int);

	for (;; ++*s) {
		if (**s == 'h')
			bytes /= 2;
		else if (**s == 'L')
			bytes = sizeof(long double);
		else if (**s && REAL(memchr)("lqjzt", **s, 5))
			bytes = sizeof(long);
		else
			return bytes;
	}
}

/* What is behind the bracket of %[...]. */
static const char *skip_set(const char *s)
{
	if (*s == '^')
		s++;
	if (*s == ']')
		s++;
	while (*s && *s != ']')
		s++;
	return *s ? s + 1 : s;
}

/* What follows a %; returns what is behind it. */
static const char *take_conversion(const char *s, struct conversion *c)
{
	*c = (struct conversion){ .is_ignored = *s == '*' };
	s += c->is_ignored;
	c->width = take_width(&s);
	c->is_allocated = *s == 'm';
	s += c->is_allocated;
	c->bytes = take_bytes(&s);
	c->letter = (unsigned char)*s;
	if (!*s)
		return s;
	return c->letter == '[' ? skip_set(s + 1) : s + 1;
}

static size_t bytes_written(const struct conversion *c, const void *p)
{
	bool is_wide = c->bytes == sizeof(long);
	size_t size = is_wide ? sizeof(wchar_t) : 1;

	if (c->is_allocated)
		return sizeof(char *);
	switch (c->letter) {
	case 'C':
		return (size_t)max(c->width, 1l) * sizeof(wchar_t);
	case 'c':
		return (size_t)max(c->width, 1l) * size;
	case 'S':
		is_wide = true;
		size = sizeof(wchar_t);
		__attribute__((__fallthrough__));
	case 's':
	case '[':
		return ((is_wide ? REAL(wcslen)(p) : REAL(strlen)(p)) + 1) *
		       size;
	case 'p':
		return sizeof(void *);
	default:
		return c->bytes;
	}
}

/* What the @assigned first conversions wrote; at %1$d nothing more is known. */
void look_at_scanned(const char *s, int assigned, va_list args,
		     const char *call)
{
	struct conversion c;
	void *p;

	while (*s) {
		if (*s++ != '%' || (*s == '%' && s++))
			continue;
		s = take_conversion(s, &c);
		if (c.letter == '$')
			return;
		if (c.is_ignored)
			continue;
		if (c.letter != 'n' && assigned-- <= 0)
			return;
		p = va_arg(args, void *);
		look(p, bytes_written(&c, p), WRITE, call);
	}
}

/* What @scan read into the arguments of @format. */
#define SCAN(scan, call)                                   \
	({                                                 \
		va_list again;                             \
		int ret;                                   \
                                                           \
		string_length(format, call);               \
		va_copy(again, args);                      \
		ret = scan;                                \
		look_at_scanned(format, ret, again, call); \
		va_end(again);                             \
		ret;                                       \
	})

static int scan_99_text(const char *s, const char *format, va_list args)
{
	string_length(s, "sscanf");
	return SCAN(REAL(__isoc99_vsscanf)(s, format, args), "sscanf");
}

static int scan_99_file(FILE *f, const char *format, va_list args)
{
	return SCAN(REAL(__isoc99_vfscanf)(f, format, args), "fscanf");
}

static int scan_89_text(const char *s, const char *format, va_list args)
{
	string_length(s, "sscanf");
	return SCAN(REAL(vsscanf)(s, format, args), "sscanf");
}

static int scan_89_file(FILE *f, const char *format, va_list args)
{
	return SCAN(REAL(vfscanf)(f, format, args), "fscanf");
}

/*
 * The six names of one meaning, and their symbols: before C99 %a was no number,
 * so a program calls the ones or the others, whatever it says.
 */
#define NAMED(name) EXPORT __typeof(name) c89_##name __asm__(#name)
#define NAMED_C99(name) \
	EXPORT __typeof(name) c99_##name __asm__("__isoc99_" #name)

NAMED(vsscanf);
NAMED(vfscanf);
NAMED(vscanf);
NAMED(sscanf);
NAMED(fscanf);
NAMED(scanf);
NAMED_C99(vsscanf);
NAMED_C99(vfscanf);
NAMED_C99(vscanf);
NAMED_C99(sscanf);
NAMED_C99(fscanf);
NAMED_C99(scanf);

#define DEFINE_SCANS(c, text, file)                                       \
	int c##_vsscanf(const char *s, const char *format, va_list args)  \
	{                                                                 \
		return text(s, format, args);                             \
	}                                                                 \
	int c##_vfscanf(FILE *f, const char *format, va_list args)        \
	{                                                                 \
		return file(f, format, args);                             \
	}                                                                 \
	int c##_vscanf(const char *format, va_list args)                  \
	{                                                                 \
		return file(stdin, format, args);                         \
	}                                                                 \
	int c##_sscanf(const char *s, const char *format, ...)            \
	{                                                                 \
		return WITH_ARGUMENTS(format, text(s, format, args));     \
	}                                                                 \
	int c##_fscanf(FILE *f, const char *format, ...)                  \
	{                                                                 \
		return WITH_ARGUMENTS(format, file(f, format, args));     \
	}                                                                 \
	int c##_scanf(const char *format, ...)                            \
	{                                                                 \
		return WITH_ARGUMENTS(format, file(stdin, format, args)); \
	}

DEFINE_SCANS(c89, scan_89_text, scan_89_file)
DEFINE_SCANS(c99, scan_99_text, scan_99_file)
