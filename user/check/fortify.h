/* SPDX-License-Identifier: MIT */
/*
 * The second names of the C library's functions (fortify.c): its headers
 * declare them only for a program that is compiled with _FORTIFY_SOURCE.
 */
#ifndef ASHLAR_USER_CHECK_FORTIFY_H
#define ASHLAR_USER_CHECK_FORTIFY_H

#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <wchar.h>

/* Says that a destination is too small, and ends the program. */
void __chk_fail(void) __attribute__((__noreturn__));

void *__memcpy_chk(void *dst, const void *src, size_t n, size_t room);
void *__memmove_chk(void *dst, const void *src, size_t n, size_t room);
void *__mempcpy_chk(void *dst, const void *src, size_t n, size_t room);
void *__memset_chk(void *dst, int c, size_t n, size_t room);
void __explicit_bzero_chk(void *dst, size_t n, size_t room);
char *__strcpy_chk(char *dst, const char *src, size_t room);
char *__stpcpy_chk(char *dst, const char *src, size_t room);
char *__strncpy_chk(char *dst, const char *src, size_t n, size_t room);
char *__stpncpy_chk(char *dst, const char *src, size_t n, size_t room);
char *__strcat_chk(char *dst, const char *src, size_t room);
char *__strncat_chk(char *dst, const char *src, size_t n, size_t room);
wchar_t *__wmemcpy_chk(wchar_t *dst, const wchar_t *src, size_t n, size_t room);
wchar_t *__wmemmove_chk(wchar_t *dst, const wchar_t *src, size_t n,
			size_t room);
wchar_t *__wmempcpy_chk(wchar_t *dst, const wchar_t *src, size_t n,
			size_t room);
wchar_t *__wmemset_chk(wchar_t *dst, wchar_t c, size_t n, size_t room);
wchar_t *__wcscpy_chk(wchar_t *dst, const wchar_t *src, size_t room);
wchar_t *__wcpcpy_chk(wchar_t *dst, const wchar_t *src, size_t room);
wchar_t *__wcsncpy_chk(wchar_t *dst, const wchar_t *src, size_t n, size_t room);
wchar_t *__wcpncpy_chk(wchar_t *dst, const wchar_t *src, size_t n, size_t room);
wchar_t *__wcscat_chk(wchar_t *dst, const wchar_t *src, size_t room);
wchar_t *__wcsncat_chk(wchar_t *dst, const wchar_t *src, size_t n, size_t room);
ssize_t __read_chk(int fd, void *dst, size_t n, size_t room);
ssize_t __pread_chk(int fd, void *dst, size_t n, off_t at, size_t room);
ssize_t __pread64_chk(int fd, void *dst, size_t n, off64_t at, size_t room);
ssize_t __recv_chk(int fd, void *dst, size_t n, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *dst, size_t n, size_t room, int flags,
		       __SOCKADDR_ARG from, socklen_t *size);
size_t __fread_chk(void *dst, size_t room, size_t size, size_t n, FILE *f);
char *__fgets_chk(char *dst, size_t room, int n, FILE *f);
ssize_t __readlink_chk(const char *path, char *dst, size_t n, size_t room);
ssize_t __readlinkat_chk(int dir, const char *path, char *dst, size_t n,
			 size_t room);
char *__getcwd_chk(char *dst, size_t n, size_t room);
int __gethostname_chk(char *dst, size_t n, size_t room);

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
