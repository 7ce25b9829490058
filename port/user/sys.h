/* SPDX-License-Identifier: MIT */
/*
 * System calls without the C library around them: errno stays as it was, and
 * nothing of the program's runs. Each returns the kernel's value: -errno on
 * failure.
 */
#ifndef ASHLAR_PORT_SYS_H
#define ASHLAR_PORT_SYS_H

#include <errno.h>
#include <linux/futex.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
static inline long sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
			   "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}
#else
static inline long sys6(long nr, long a, long b, long c, long d, long e, long f)
{
	int saved = errno;
	long ret = syscall(nr, a, b, c, d, e, f);

	if (ret == -1)
		ret = -errno;
	errno = saved;
	return ret;
}
#endif

/* Where a long has 32 bits, files' offsets are told in pages. */
#ifdef SYS_mmap2
#define SYS_MAP_PAGES SYS_mmap2
#else
#define SYS_MAP_PAGES SYS_mmap
#endif

static inline int sys_is_error(long ret)
{
	return (unsigned long)ret >= -4095ul;
}

/* NULL on failure. @hint with MAP_FIXED* in @flags is exact. */
static inline void *sys_mmap(void *hint, size_t size, int prot, int flags)
{
	long ret = sys6(SYS_MAP_PAGES, (long)hint, (long)size, prot,
			MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	return sys_is_error(ret) ? NULL : (void *)ret;
}

static inline long sys_munmap(void *addr, size_t size)
{
	return sys6(SYS_munmap, (long)addr, (long)size, 0, 0, 0, 0);
}

static inline long sys_mprotect(void *addr, size_t size, int prot)
{
	return sys6(SYS_mprotect, (long)addr, (long)size, prot, 0, 0, 0);
}

static inline long sys_madvise(void *addr, size_t size, int advice)
{
	return sys6(SYS_madvise, (long)addr, (long)size, advice, 0, 0, 0);
}

static inline void *sys_mremap(void *addr, size_t old, size_t new, int flags)
{
	long ret =
		sys6(SYS_mremap, (long)addr, (long)old, (long)new, flags, 0, 0);

	return sys_is_error(ret) ? NULL : (void *)ret;
}

/* Until @word is not @value, somebody wakes, or @timeout, if any, is over. */
/* Let the others run that are to run on this processor. */
static inline void sys_yield(void)
{
	sys6(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
}

static inline void sys_futex_wait(unsigned int *word, unsigned int value,
				  const struct timespec *timeout)
{
	sys6(SYS_futex, (long)word, FUTEX_WAIT_PRIVATE, value, (long)timeout, 0,
	     0);
}

static inline void sys_futex_wake(unsigned int *word, int nr)
{
	sys6(SYS_futex, (long)word, FUTEX_WAKE_PRIVATE, nr, 0, 0, 0);
}

static inline long sys_write(int fd, const void *data, size_t size)
{
	return sys6(SYS_write, fd, (long)data, (long)size, 0, 0, 0);
}

#endif
