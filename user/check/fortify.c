/* SPDX-License-Identifier: MIT */
/*
 * What a program calls that was compiled with _FORTIFY_SOURCE: each function
 * has a second name, and takes the bytes that the compiler knows to be behind
 * its destination. Those that are more than fit in there end the program as the
 * C library would end it; the others do what the first name does. A row each:
 *
 *   FORTIFIED(type, name, (parameters), (arguments), what must fit in room)
 */
#include "fortify.h"
#include "real.h"

static inline void must_fit(size_t n, size_t room)
{
	if (unlikely(n > room))
		__chk_fail();
}

#define FORTIFIED(type, name, parameters, arguments, n) \
	EXPORT type __##name##_chk parameters;          \
	EXPORT type __##name##_chk parameters           \
	{                                               \
		must_fit(n, room);                      \
		return name arguments;                  \
	}

char *__strcpy_chk(char *dst, const char *src, size_t room);
EXPORT char *__strcpy_chk(char *dst, const char *src, size_t room)
{
	size_t n = string_length(src, "strcpy");

	must_fit(n + 1, room);
	string_copy(dst, src, n, "strcpy");
	return dst;
}

char *__strcat_chk(char *dst, const char *src, size_t room);
EXPORT char *__strcat_chk(char *dst, const char *src, size_t room)
{
	size_t n = string_length(src, "strcat");
	size_t before = string_length(dst, "strcat");

	must_fit(before + n + 1, room);
	string_copy(dst + before, src, n, "strcat");
	return dst;
}

wchar_t *__wcscat_chk(wchar_t *dst, const wchar_t *src, size_t room);
EXPORT wchar_t *__wcscat_chk(wchar_t *dst, const wchar_t *src, size_t room)
{
	must_fit(REAL(wcslen)(dst) + REAL(wcslen)(src) + 1, room);
	wcscat(dst, src);
	return dst;
}

/* clang-format off */

/* ---- memory and strings ---- */

FORTIFIED(void *, memcpy, (void *dst, const void *src, size_t n, size_t room),
	  (dst, src, n), n)
FORTIFIED(void *, memmove, (void *dst, const void *src, size_t n, size_t room),
	  (dst, src, n), n)
FORTIFIED(void *, mempcpy, (void *dst, const void *src, size_t n, size_t room),
	  (dst, src, n), n)
FORTIFIED(void *, memset, (void *dst, int c, size_t n, size_t room),
	  (dst, c, n), n)
FORTIFIED(void, explicit_bzero, (void *dst, size_t n, size_t room), (dst, n), n)
FORTIFIED(char *, stpcpy, (char *dst, const char *src, size_t room), (dst, src),
	  REAL(strlen)(src) + 1)
FORTIFIED(char *, strncpy, (char *dst, const char *src, size_t n, size_t room),
	  (dst, src, n), n)
FORTIFIED(char *, stpncpy, (char *dst, const char *src, size_t n, size_t room),
	  (dst, src, n), n)
FORTIFIED(char *, strncat, (char *dst, const char *src, size_t n, size_t room),
	  (dst, src, n), REAL(strlen)(dst) +
			 REAL(strnlen)(src, n) + 1)

/* ---- wide ones; their rooms are of characters ---- */

FORTIFIED(wchar_t *, wmemcpy,
	  (wchar_t *dst, const wchar_t *src, size_t n, size_t room),
	  (dst, src, n), n)
FORTIFIED(wchar_t *, wmemmove,
	  (wchar_t *dst, const wchar_t *src, size_t n, size_t room),
	  (dst, src, n), n)
FORTIFIED(wchar_t *, wmempcpy,
	  (wchar_t *dst, const wchar_t *src, size_t n, size_t room),
	  (dst, src, n), n)
FORTIFIED(wchar_t *, wmemset, (wchar_t *dst, wchar_t c, size_t n, size_t room),
	  (dst, c, n), n)
FORTIFIED(wchar_t *, wcscpy, (wchar_t *dst, const wchar_t *src, size_t room),
	  (dst, src), REAL(wcslen)(src) + 1)
FORTIFIED(wchar_t *, wcpcpy, (wchar_t *dst, const wchar_t *src, size_t room),
	  (dst, src), REAL(wcslen)(src) + 1)
FORTIFIED(wchar_t *, wcsncpy,
	  (wchar_t *dst, const wchar_t *src, size_t n, size_t room),
	  (dst, src, n), n)
FORTIFIED(wchar_t *, wcpncpy,
	  (wchar_t *dst, const wchar_t *src, size_t n, size_t room),
	  (dst, src, n), n)
FORTIFIED(wchar_t *, wcsncat,
	  (wchar_t *dst, const wchar_t *src, size_t n, size_t room),
	  (dst, src, n), REAL(wcslen)(dst) +
			 REAL(wcsnlen)(src, n) + 1)
FORTIFIED(size_t, mbstowcs,
	  (wchar_t *dst, const char *src, size_t n, size_t room),
	  (dst, src, n), n)
FORTIFIED(size_t, wcstombs,
	  (char *dst, const wchar_t *src, size_t n, size_t room),
	  (dst, src, n), n)

/* ---- files ---- */

FORTIFIED(ssize_t, read, (int fd, void *dst, size_t n, size_t room),
	  (fd, dst, n), n)
FORTIFIED(ssize_t, pread, (int fd, void *dst, size_t n, off_t at, size_t room),
	  (fd, dst, n, at), n)
FORTIFIED(ssize_t, pread64,
	  (int fd, void *dst, size_t n, off64_t at, size_t room),
	  (fd, dst, n, at), n)
FORTIFIED(ssize_t, recv, (int fd, void *dst, size_t n, size_t room, int flags),
	  (fd, dst, n, flags), n)
FORTIFIED(ssize_t, recvfrom,
	  (int fd, void *dst, size_t n, size_t room, int flags,
	   __SOCKADDR_ARG from, socklen_t *size),
	  (fd, dst, n, flags, from, size), n)
FORTIFIED(int, poll, (struct pollfd *fds, nfds_t n, int ms, size_t room),
	  (fds, n, ms), n * sizeof(*fds))
FORTIFIED(int, ppoll,
	  (struct pollfd *fds, nfds_t n, const struct timespec *t,
	   const sigset_t *mask, size_t room),
	  (fds, n, t, mask), n * sizeof(*fds))
FORTIFIED(size_t, fread,
	  (void *dst, size_t room, size_t size, size_t n, FILE *f),
	  (dst, size, n, f), size * n)
FORTIFIED(size_t, fread_unlocked,
	  (void *dst, size_t room, size_t size, size_t n, FILE *f),
	  (dst, size, n, f), size * n)
FORTIFIED(char *, fgets, (char *dst, size_t room, int n, FILE *f),
	  (dst, n, f), (size_t)max(n, 0))
FORTIFIED(char *, fgets_unlocked, (char *dst, size_t room, int n, FILE *f),
	  (dst, n, f), (size_t)max(n, 0))
FORTIFIED(wchar_t *, fgetws, (wchar_t *dst, size_t room, int n, FILE *f),
	  (dst, n, f), (size_t)max(n, 0))
FORTIFIED(ssize_t, readlink,
	  (const char *path, char *dst, size_t n, size_t room),
	  (path, dst, n), n)
FORTIFIED(ssize_t, readlinkat,
	  (int dir, const char *path, char *dst, size_t n, size_t room),
	  (dir, path, dst, n), n)
FORTIFIED(char *, realpath, (const char *path, char *dst, size_t room),
	  (path, dst), PATH_MAX)

/* ---- names ---- */

FORTIFIED(char *, getcwd, (char *dst, size_t n, size_t room), (dst, n), n)
FORTIFIED(int, gethostname, (char *dst, size_t n, size_t room), (dst, n), n)
FORTIFIED(int, getdomainname, (char *dst, size_t n, size_t room), (dst, n), n)
FORTIFIED(int, ttyname_r, (int fd, char *dst, size_t n, size_t room),
	  (fd, dst, n), n)
FORTIFIED(int, getlogin_r, (char *dst, size_t n, size_t room), (dst, n), n)
FORTIFIED(size_t, confstr, (int name, char *dst, size_t n, size_t room),
	  (name, dst, n), n)
