/* SPDX-License-Identifier: MIT */
/*
 * wscanf and its like. What a format says of its arguments, it says in ASCII:
 *
 *   L"%d %15ls"  ─►  "%d %15ls"  ─►  scan.c       any other character: ?
 *
 * A format too long for the copy is looked at as far as that reaches.
 */
#include "real.h"

#define FORMAT_MOST 512

struct narrow {
	char text[FORMAT_MOST];
};

static struct narrow narrow(const wchar_t *format, const char *call)
{
	size_t i, n = min(wide_length(format, call), (size_t)FORMAT_MOST - 1);
	struct narrow out;

	for (i = 0; i < n; i++)
		out.text[i] = format[i] > 0 && format[i] < 0x80 ?
				      (char)format[i] :
				      '?';
	out.text[n] = '\0';
	return out;
}

/* What @scan read into the arguments of @format. */
#define SCAN(scan, call)                                   \
	({                                                 \
		struct narrow n = narrow(format, call);    \
		va_list again;                             \
		int ret;                                   \
                                                           \
		va_copy(again, args);                      \
		ret = scan;                                \
		look_at_scanned(n.text, ret, again, call); \
		va_end(again);                             \
		ret;                                       \
	})

static int scan_99_text(const wchar_t *s, const wchar_t *format, va_list args)
{
	wide_length(s, "swscanf");
	return SCAN(REAL(__isoc99_vswscanf)(s, format, args), "swscanf");
}

static int scan_99_file(FILE *f, const wchar_t *format, va_list args)
{
	return SCAN(REAL(__isoc99_vfwscanf)(f, format, args), "fwscanf");
}

static int scan_89_text(const wchar_t *s, const wchar_t *format, va_list args)
{
	wide_length(s, "swscanf");
	return SCAN(REAL(vswscanf)(s, format, args), "swscanf");
}

static int scan_89_file(FILE *f, const wchar_t *format, va_list args)
{
	return SCAN(REAL(vfwscanf)(f, format, args), "fwscanf");
}

/* The six names, twice, as in scan.c. */
#define NAMED(name) EXPORT __typeof(name) c89_##name __asm__(#name)
#define NAMED_C99(name) \
	EXPORT __typeof(name) c99_##name __asm__("__isoc99_" #name)

NAMED(vswscanf);
NAMED(vfwscanf);
NAMED(vwscanf);
NAMED(swscanf);
NAMED(fwscanf);
NAMED(wscanf);
NAMED_C99(vswscanf);
NAMED_C99(vfwscanf);
NAMED_C99(vwscanf);
NAMED_C99(swscanf);
NAMED_C99(fwscanf);
NAMED_C99(wscanf);

#define DEFINE_SCANS(c, text, file)                                       \
	int c##_vswscanf(const wchar_t *s, const wchar_t *format,         \
			 va_list args)                                    \
	{                                                                 \
		return text(s, format, args);                             \
	}                                                                 \
	int c##_vfwscanf(FILE *f, const wchar_t *format, va_list args)    \
	{                                                                 \
		return file(f, format, args);                             \
	}                                                                 \
	int c##_vwscanf(const wchar_t *format, va_list args)              \
	{                                                                 \
		return file(stdin, format, args);                         \
	}                                                                 \
	int c##_swscanf(const wchar_t *s, const wchar_t *format, ...)     \
	{                                                                 \
		return WITH_ARGUMENTS(format, text(s, format, args));     \
	}                                                                 \
	int c##_fwscanf(FILE *f, const wchar_t *format, ...)              \
	{                                                                 \
		return WITH_ARGUMENTS(format, file(f, format, args));     \
	}                                                                 \
	int c##_wscanf(const wchar_t *format, ...)                        \
	{                                                                 \
		return WITH_ARGUMENTS(format, file(stdin, format, args)); \
	}

DEFINE_SCANS(c89, scan_89_text, scan_89_file)
DEFINE_SCANS(c99, scan_99_text, scan_99_file)
