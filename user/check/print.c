/* SPDX-License-Identifier: MIT */
/*
 * printf and its like. What they write to is looked at only if its block may be
 * too small; then what would be written is measured first.
 *
 * __NAME_chk is what a program calls that was compiled with _FORTIFY_SOURCE:
 * the same, with the compiler's knowledge of the destination's size.
 */
#include "fortify.h"
#include "real.h"

/* ---- into memory ---- */

/* @most: of bytes, as for snprintf(). */
static void look_at_result(char *dst, size_t most, const char *format,
			   va_list args, const char *call)
{
	size_t room = room_at(dst);
	va_list again;
	int n;

	if (!most || room >= most)
		return;
	va_copy(again, args);
	n = REAL(vsnprintf)(NULL, 0, format, again);
	va_end(again);
	if (n >= 0)
		look(dst, min((size_t)n + 1, most), WRITE, call);
}

static int print_most(char *dst, size_t most, const char *format, va_list args,
		      const char *call)
{
	look_at_arguments(format, args, call);
	look_at_result(dst, most, format, args, call);
	return REAL(vsnprintf)(dst, most, format, args);
}

static int print_all(char *dst, const char *format, va_list args,
		     const char *call)
{
	look_at_arguments(format, args, call);
	look_at_result(dst, NOT_HEAP, format, args, call);
	return REAL(vsprintf)(dst, format, args);
}

EXPORT int __vsnprintf_chk(char *dst, size_t most, int safely, size_t room,
			   const char *format, va_list args)
{
	look_at_arguments(format, args, "snprintf");
	look_at_result(dst, most, format, args, "snprintf");
	return REAL(__vsnprintf_chk)(dst, most, safely, room, format, args);
}

EXPORT int __snprintf_chk(char *dst, size_t most, int safely, size_t room,
			  const char *format, ...)
{
	return WITH_ARGUMENTS(format, __vsnprintf_chk(dst, most, safely, room,
						      format, args));
}

EXPORT int __vsprintf_chk(char *dst, int safely, size_t room,
			  const char *format, va_list args)
{
	look_at_arguments(format, args, "sprintf");
	look_at_result(dst, NOT_HEAP, format, args, "sprintf");
	return REAL(__vsprintf_chk)(dst, safely, room, format, args);
}

EXPORT int __sprintf_chk(char *dst, int safely, size_t room, const char *format,
			 ...)
{
	return WITH_ARGUMENTS(format,
			      __vsprintf_chk(dst, safely, room, format, args));
}

EXPORT int vsnprintf(char *dst, size_t most, const char *format, va_list args)
{
	return print_most(dst, most, format, args, "vsnprintf");
}

EXPORT int snprintf(char *dst, size_t most, const char *format, ...)
{
	return WITH_ARGUMENTS(format,
			      print_most(dst, most, format, args, "snprintf"));
}

EXPORT int vsprintf(char *dst, const char *format, va_list args)
{
	return print_all(dst, format, args, "vsprintf");
}

EXPORT int sprintf(char *dst, const char *format, ...)
{
	return WITH_ARGUMENTS(format, print_all(dst, format, args, "sprintf"));
}

EXPORT int vasprintf(char **out, const char *format, va_list args)
{
	look_at_arguments(format, args, "vasprintf");
	return REAL(vasprintf)(out, format, args);
}

EXPORT int asprintf(char **out, const char *format, ...)
{
	return WITH_ARGUMENTS(format, vasprintf(out, format, args));
}

EXPORT int __vasprintf_chk(char **out, int safely, const char *format,
			   va_list args)
{
	look_at_arguments(format, args, "asprintf");
	return REAL(__vasprintf_chk)(out, safely, format, args);
}

EXPORT int __asprintf_chk(char **out, int safely, const char *format, ...)
{
	return WITH_ARGUMENTS(format,
			      __vasprintf_chk(out, safely, format, args));
}

/* ---- to streams ---- */

static int print_to(FILE *f, const char *format, va_list args, const char *call)
{
	look_at_arguments(format, args, call);
	return REAL(vfprintf)(f, format, args);
}

EXPORT int vfprintf(FILE *f, const char *format, va_list args)
{
	return print_to(f, format, args, "vfprintf");
}

EXPORT int fprintf(FILE *f, const char *format, ...)
{
	return WITH_ARGUMENTS(format, print_to(f, format, args, "fprintf"));
}

EXPORT int vprintf(const char *format, va_list args)
{
	return print_to(stdout, format, args, "vprintf");
}

EXPORT int printf(const char *format, ...)
{
	return WITH_ARGUMENTS(format, print_to(stdout, format, args, "printf"));
}

EXPORT int vdprintf(int fd, const char *format, va_list args)
{
	look_at_arguments(format, args, "vdprintf");
	return REAL(vdprintf)(fd, format, args);
}

EXPORT int dprintf(int fd, const char *format, ...)
{
	return WITH_ARGUMENTS(format, vdprintf(fd, format, args));
}

EXPORT int __vfprintf_chk(FILE *f, int safely, const char *format, va_list args)
{
	look_at_arguments(format, args, "fprintf");
	return REAL(__vfprintf_chk)(f, safely, format, args);
}

EXPORT int __fprintf_chk(FILE *f, int safely, const char *format, ...)
{
	return WITH_ARGUMENTS(format, __vfprintf_chk(f, safely, format, args));
}

EXPORT int __vprintf_chk(int safely, const char *format, va_list args)
{
	look_at_arguments(format, args, "printf");
	return REAL(__vfprintf_chk)(stdout, safely, format, args);
}

EXPORT int __printf_chk(int safely, const char *format, ...)
{
	return WITH_ARGUMENTS(format, __vprintf_chk(safely, format, args));
}

EXPORT int __vdprintf_chk(int fd, int safely, const char *format, va_list args)
{
	look_at_arguments(format, args, "dprintf");
	return REAL(__vdprintf_chk)(fd, safely, format, args);
}

EXPORT int __dprintf_chk(int fd, int safely, const char *format, ...)
{
	return WITH_ARGUMENTS(format, __vdprintf_chk(fd, safely, format, args));
}

/* ---- of wide characters ---- */

static int print_wide(FILE *f, const wchar_t *format, va_list args,
		      const char *call)
{
	look_at_wide_arguments(format, args, call);
	return REAL(vfwprintf)(f, format, args);
}

EXPORT int vfwprintf(FILE *f, const wchar_t *format, va_list args)
{
	return print_wide(f, format, args, "vfwprintf");
}

EXPORT int fwprintf(FILE *f, const wchar_t *format, ...)
{
	return WITH_ARGUMENTS(format, print_wide(f, format, args, "fwprintf"));
}

EXPORT int vwprintf(const wchar_t *format, va_list args)
{
	return print_wide(stdout, format, args, "vwprintf");
}

EXPORT int wprintf(const wchar_t *format, ...)
{
	return WITH_ARGUMENTS(format,
			      print_wide(stdout, format, args, "wprintf"));
}

EXPORT int __vfwprintf_chk(FILE *f, int safely, const wchar_t *format,
			   va_list args)
{
	look_at_wide_arguments(format, args, "fwprintf");
	return REAL(__vfwprintf_chk)(f, safely, format, args);
}

EXPORT int __fwprintf_chk(FILE *f, int safely, const wchar_t *format, ...)
{
	return WITH_ARGUMENTS(format, __vfwprintf_chk(f, safely, format, args));
}

EXPORT int __vwprintf_chk(int safely, const wchar_t *format, va_list args)
{
	look_at_wide_arguments(format, args, "wprintf");
	return REAL(__vfwprintf_chk)(stdout, safely, format, args);
}

EXPORT int __wprintf_chk(int safely, const wchar_t *format, ...)
{
	return WITH_ARGUMENTS(format, __vwprintf_chk(safely, format, args));
}

/* How much it would write cannot be asked: what it wrote is looked at. */
EXPORT int vswprintf(wchar_t *dst, size_t most, const wchar_t *format,
		     va_list args)
{
	int n;

	look_at_wide_arguments(format, args, "vswprintf");
	n = REAL(vswprintf)(dst, most, format, args);
	if (n >= 0)
		look(dst, ((size_t)n + 1) * sizeof(*dst), WRITE, "swprintf");
	return n;
}

EXPORT int swprintf(wchar_t *dst, size_t most, const wchar_t *format, ...)
{
	return WITH_ARGUMENTS(format, vswprintf(dst, most, format, args));
}

EXPORT int __vswprintf_chk(wchar_t *dst, size_t most, int safely, size_t room,
			   const wchar_t *format, va_list args)
{
	int n;

	look_at_wide_arguments(format, args, "swprintf");
	n = REAL(__vswprintf_chk)(dst, most, safely, room, format, args);
	if (n >= 0)
		look(dst, ((size_t)n + 1) * sizeof(*dst), WRITE, "swprintf");
	return n;
}

EXPORT int __swprintf_chk(wchar_t *dst, size_t most, int safely, size_t room,
			  const wchar_t *format, ...)
{
	return WITH_ARGUMENTS(format, __vswprintf_chk(dst, most, safely, room,
						      format, args));
}
