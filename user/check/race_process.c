/* SPDX-License-Identifier: MIT */
/*
 * Memory that processes share: updates are looked for from when there is some,
 * in each process that has it.
 *
 *   fork()                          parent and child
 *   mmap(MAP_SHARED), shmat()       whoever else maps the same
 */
#include "race.h"
#include "real.h"
#include <errno.h>

EXPORT pid_t fork(void)
{
	bool wanted = race_started();
	pid_t pid = REAL(fork)();

	if (wanted && pid >= 0)
		race_begin(RACE_STEPS_START);
	return pid;
}

static void *mapped(void *p, int prot, int flags)
{
	int saved = errno;

	if (p != MAP_FAILED && prot & PROT_WRITE && flags & MAP_SHARED &&
	    race_started())
		race_begin(RACE_STEPS_START);
	errno = saved;
	return p;
}

EXPORT void *mmap(void *p, size_t bytes, int prot, int flags, int fd, off_t at)
{
	return mapped(REAL(mmap)(p, bytes, prot, flags, fd, at), prot, flags);
}

EXPORT void *mmap64(void *p, size_t bytes, int prot, int flags, int fd,
		    off64_t at)
{
	return mapped(REAL(mmap64)(p, bytes, prot, flags, fd, at), prot, flags);
}

EXPORT void *shmat(int id, const void *at, int flags)
{
	int prot = flags & SHM_RDONLY ? PROT_READ : PROT_WRITE;

	return mapped(REAL(shmat)(id, at, flags), prot, MAP_SHARED);
}
