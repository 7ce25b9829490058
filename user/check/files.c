/* SPDX-License-Identifier: MIT */
/*
 * What the kernel and the C library's streams write into memory and take from
 * it. A call is told how much it may touch: all of that has to be there,
 * however little comes.
 */
#include "real.h"

/* ---- from files and sockets into memory ---- */

EXPORT ssize_t read(int fd, void *dst, size_t n)
{
	look(dst, n, WRITE, "read");
	return REAL(read)(fd, dst, n);
}

EXPORT ssize_t pread(int fd, void *dst, size_t n, off_t at)
{
	look(dst, n, WRITE, "pread");
	return REAL(pread)(fd, dst, n, at);
}

EXPORT ssize_t pread64(int fd, void *dst, size_t n, off64_t at)
{
	look(dst, n, WRITE, "pread64");
	return REAL(pread64)(fd, dst, n, at);
}

EXPORT ssize_t recv(int fd, void *dst, size_t n, int flags)
{
	look(dst, n, WRITE, "recv");
	return REAL(recv)(fd, dst, n, flags);
}

EXPORT ssize_t recvfrom(int fd, void *dst, size_t n, int flags,
			__SOCKADDR_ARG from, socklen_t *size)
{
	look(dst, n, WRITE, "recvfrom");
	return REAL(recvfrom)(fd, dst, n, flags, from, size);
}

EXPORT size_t fread(void *dst, size_t size, size_t n, FILE *f)
{
	look(dst, size * n, WRITE, "fread");
	return REAL(fread)(dst, size, n, f);
}

EXPORT char *fgets(char *dst, int n, FILE *f)
{
	if (n > 0)
		look(dst, (size_t)n, WRITE, "fgets");
	return REAL(fgets)(dst, n, f);
}

/* ---- from memory ---- */

EXPORT ssize_t write(int fd, const void *src, size_t n)
{
	look(src, n, READ, "write");
	return REAL(write)(fd, src, n);
}

EXPORT ssize_t pwrite(int fd, const void *src, size_t n, off_t at)
{
	look(src, n, READ, "pwrite");
	return REAL(pwrite)(fd, src, n, at);
}

EXPORT ssize_t pwrite64(int fd, const void *src, size_t n, off64_t at)
{
	look(src, n, READ, "pwrite64");
	return REAL(pwrite64)(fd, src, n, at);
}

EXPORT ssize_t send(int fd, const void *src, size_t n, int flags)
{
	look(src, n, READ, "send");
	return REAL(send)(fd, src, n, flags);
}

EXPORT ssize_t sendto(int fd, const void *src, size_t n, int flags,
		      __CONST_SOCKADDR_ARG to, socklen_t size)
{
	look(src, n, READ, "sendto");
	return REAL(sendto)(fd, src, n, flags, to, size);
}

EXPORT size_t fwrite(const void *src, size_t size, size_t n, FILE *f)
{
	look(src, size * n, READ, "fwrite");
	return REAL(fwrite)(src, size, n, f);
}

/* ---- names and texts into memory ---- */

EXPORT ssize_t readlink(const char *path, char *dst, size_t n)
{
	look(dst, n, WRITE, "readlink");
	return REAL(readlink)(path, dst, n);
}

EXPORT ssize_t readlinkat(int dir, const char *path, char *dst, size_t n)
{
	look(dst, n, WRITE, "readlinkat");
	return REAL(readlinkat)(dir, path, dst, n);
}

EXPORT char *getcwd(char *dst, size_t n)
{
	if (dst)
		look(dst, n, WRITE, "getcwd");
	return REAL(getcwd)(dst, n);
}

EXPORT int gethostname(char *dst, size_t n)
{
	look(dst, n, WRITE, "gethostname");
	return REAL(gethostname)(dst, n);
}

EXPORT ssize_t getrandom(void *dst, size_t n, unsigned int flags)
{
	look(dst, n, WRITE, "getrandom");
	return REAL(getrandom)(dst, n, flags);
}

EXPORT size_t strftime(char *dst, size_t n, const char *format,
		       const struct tm *t)
{
	look(dst, n, WRITE, "strftime");
	return REAL(strftime)(dst, n, format, t);
}
