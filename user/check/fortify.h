/* SPDX-License-Identifier: MIT */
/*
 * The second names of the C library's functions (fortify.c): its headers
 * declare them only for a program that is compiled with _FORTIFY_SOURCE.
 */
#ifndef ASHLAR_USER_CHECK_FORTIFY_H
#define ASHLAR_USER_CHECK_FORTIFY_H

#include <stdarg.h>
#include <stdio.h>
#include <wchar.h>

/* Says that a destination is too small, and ends the program. */
void __chk_fail(void) __attribute__((__noreturn__));

/* Other names, of which the headers show one: by what C the program is. */
int __xpg_strerror_r(int error, char *dst, size_t n);
int __isoc99_vsscanf(const char *s, const char *format, va_list args);
int __isoc99_vfscanf(FILE *f, const char *format, va_list args);

/* printf's: @safely as the C library's, %n only in a constant format. */
int __vsnprintf_chk(char *dst, size_t most, int safely, size_t room,
		    const char *format, va_list args);
int __snprintf_chk(char *dst, size_t most, int safely, size_t room,
		   const char *format, ...);
int __vsprintf_chk(char *dst, int safely, size_t room, const char *format,
		   va_list args);
int __sprintf_chk(char *dst, int safely, size_t room, const char *format, ...);
int __vasprintf_chk(char **out, int safely, const char *format, va_list args);
int __asprintf_chk(char **out, int safely, const char *format, ...);
int __vfprintf_chk(FILE *f, int safely, const char *format, va_list args);
int __fprintf_chk(FILE *f, int safely, const char *format, ...);
int __vprintf_chk(int safely, const char *format, va_list args);
int __printf_chk(int safely, const char *format, ...);
int __vdprintf_chk(int fd, int safely, const char *format, va_list args);
int __dprintf_chk(int fd, int safely, const char *format, ...);
int __vfwprintf_chk(FILE *f, int safely, const wchar_t *format, va_list args);
int __fwprintf_chk(FILE *f, int safely, const wchar_t *format, ...);
int __vwprintf_chk(int safely, const wchar_t *format, va_list args);
int __wprintf_chk(int safely, const wchar_t *format, ...);
int __vswprintf_chk(wchar_t *dst, size_t most, int safely, size_t room,
		    const wchar_t *format, va_list args);
int __swprintf_chk(wchar_t *dst, size_t most, int safely, size_t room,
		   const wchar_t *format, ...);

#endif
