/* SPDX-License-Identifier: MIT */
/*
 * What a program calls that was compiled with _FORTIFY_SOURCE: each function
 * has a second name, and takes the bytes that the compiler knows to be behind
 * its destination. Those that are more than fit in there end the program as the
 * C library would end it; the others do what the first name does.
 */
#include "fortify.h"
#include "real.h"

static inline void must_fit(size_t n, size_t room)
{
	if (unlikely(n > room))
		__chk_fail();
}

/* ---- memory and strings ---- */

EXPORT void *__memcpy_chk(void *dst, const void *src, size_t n, size_t room)
{
	must_fit(n, room);
	return memcpy(dst, src, n);
}

EXPORT void *__memmove_chk(void *dst, const void *src, size_t n, size_t room)
{
	must_fit(n, room);
	return memmove(dst, src, n);
}

EXPORT void *__mempcpy_chk(void *dst, const void *src, size_t n, size_t room)
{
	must_fit(n, room);
	return mempcpy(dst, src, n);
}

EXPORT void *__memset_chk(void *dst, int c, size_t n, size_t room)
{
	must_fit(n, room);
	return memset(dst, c, n);
}

EXPORT void __explicit_bzero_chk(void *dst, size_t n, size_t room)
{
	must_fit(n, room);
	explicit_bzero(dst, n);
}

EXPORT char *__strcpy_chk(char *dst, const char *src, size_t room)
{
	size_t n = string_length(src, "strcpy");

	must_fit(n + 1, room);
	string_copy(dst, src, n, "strcpy");
	return dst;
}

EXPORT char *__stpcpy_chk(char *dst, const char *src, size_t room)
{
	must_fit(string_length(src, "stpcpy") + 1, room);
	return stpcpy(dst, src);
}

EXPORT char *__strncpy_chk(char *dst, const char *src, size_t n, size_t room)
{
	must_fit(n, room);
	return strncpy(dst, src, n);
}

EXPORT char *__stpncpy_chk(char *dst, const char *src, size_t n, size_t room)
{
	must_fit(n, room);
	return stpncpy(dst, src, n);
}

EXPORT char *__strcat_chk(char *dst, const char *src, size_t room)
{
	size_t n = string_length(src, "strcat");
	size_t before = string_length(dst, "strcat");

	must_fit(before + n + 1, room);
	string_copy(dst + before, src, n, "strcat");
	return dst;
}

EXPORT char *__strncat_chk(char *dst, const char *src, size_t n, size_t room)
{
	must_fit(string_length(dst, "strncat") +
			 string_length_most(src, n, "strncat") + 1,
		 room);
	return strncat(dst, src, n);
}

/* ---- wide ones; their rooms are of characters ---- */

EXPORT wchar_t *__wmemcpy_chk(wchar_t *dst, const wchar_t *src, size_t n,
			      size_t room)
{
	must_fit(n, room);
	return wmemcpy(dst, src, n);
}

EXPORT wchar_t *__wmemmove_chk(wchar_t *dst, const wchar_t *src, size_t n,
			       size_t room)
{
	must_fit(n, room);
	return wmemmove(dst, src, n);
}

EXPORT wchar_t *__wmempcpy_chk(wchar_t *dst, const wchar_t *src, size_t n,
			       size_t room)
{
	must_fit(n, room);
	return wmempcpy(dst, src, n);
}

EXPORT wchar_t *__wmemset_chk(wchar_t *dst, wchar_t c, size_t n, size_t room)
{
	must_fit(n, room);
	return wmemset(dst, c, n);
}

EXPORT wchar_t *__wcscpy_chk(wchar_t *dst, const wchar_t *src, size_t room)
{
	must_fit(wide_length(src, "wcscpy") + 1, room);
	return wcscpy(dst, src);
}

EXPORT wchar_t *__wcpcpy_chk(wchar_t *dst, const wchar_t *src, size_t room)
{
	must_fit(wide_length(src, "wcpcpy") + 1, room);
	return wcpcpy(dst, src);
}

EXPORT wchar_t *__wcsncpy_chk(wchar_t *dst, const wchar_t *src, size_t n,
			      size_t room)
{
	must_fit(n, room);
	return wcsncpy(dst, src, n);
}

EXPORT wchar_t *__wcpncpy_chk(wchar_t *dst, const wchar_t *src, size_t n,
			      size_t room)
{
	must_fit(n, room);
	return wcpncpy(dst, src, n);
}

EXPORT wchar_t *__wcscat_chk(wchar_t *dst, const wchar_t *src, size_t room)
{
	must_fit(wide_length(dst, "wcscat") + wide_length(src, "wcscat") + 1,
		 room);
	wcscat(dst, src);
	return dst;
}

EXPORT wchar_t *__wcsncat_chk(wchar_t *dst, const wchar_t *src, size_t n,
			      size_t room)
{
	must_fit(wide_length(dst, "wcsncat") +
			 wide_length_most(src, n, "wcsncat") + 1,
		 room);
	return wcsncat(dst, src, n);
}

/* ---- files ---- */

EXPORT ssize_t __read_chk(int fd, void *dst, size_t n, size_t room)
{
	must_fit(n, room);
	return read(fd, dst, n);
}

EXPORT ssize_t __pread_chk(int fd, void *dst, size_t n, off_t at, size_t room)
{
	must_fit(n, room);
	return pread(fd, dst, n, at);
}

EXPORT ssize_t __pread64_chk(int fd, void *dst, size_t n, off64_t at,
			     size_t room)
{
	must_fit(n, room);
	return pread64(fd, dst, n, at);
}

EXPORT ssize_t __recv_chk(int fd, void *dst, size_t n, size_t room, int flags)
{
	must_fit(n, room);
	return recv(fd, dst, n, flags);
}

EXPORT ssize_t __recvfrom_chk(int fd, void *dst, size_t n, size_t room,
			      int flags, __SOCKADDR_ARG from, socklen_t *size)
{
	must_fit(n, room);
	return recvfrom(fd, dst, n, flags, from, size);
}

EXPORT size_t __fread_chk(void *dst, size_t room, size_t size, size_t n,
			  FILE *f)
{
	must_fit(size * n, room);
	return fread(dst, size, n, f);
}

EXPORT char *__fgets_chk(char *dst, size_t room, int n, FILE *f)
{
	must_fit((size_t)max(n, 0), room);
	return fgets(dst, n, f);
}

EXPORT ssize_t __readlink_chk(const char *path, char *dst, size_t n,
			      size_t room)
{
	must_fit(n, room);
	return readlink(path, dst, n);
}

EXPORT ssize_t __readlinkat_chk(int dir, const char *path, char *dst, size_t n,
				size_t room)
{
	must_fit(n, room);
	return readlinkat(dir, path, dst, n);
}

EXPORT char *__getcwd_chk(char *dst, size_t n, size_t room)
{
	must_fit(n, room);
	return getcwd(dst, n);
}

EXPORT int __gethostname_chk(char *dst, size_t n, size_t room)
{
	must_fit(n, room);
	return gethostname(dst, n);
}
