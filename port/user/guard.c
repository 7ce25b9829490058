/* SPDX-License-Identifier: MIT */
/*
 * Pages that nobody may access, for guarded blocks (mm/kfence.c).
 *
 *   | PROT_NONE ......... | open | PROT_NONE ........ | open | PROT_NONE |
 *
 * Whatever is open is a mapping more of the kernel's, and so is what lies
 * between two open ones: closed pages are one mapping with all around them.
 *
 * Linux 6.13 and later can take single pages of a mapping away from everybody.
 * So they do with what was prepared: it stays one mapping, however much of it
 * is open, and a fork has thousands less to copy.
 *
 *   | prepared: one mapping, read and write             | PROT_NONE ...... |
 *   |   taken away  | open |  taken away | open | t. a. |
 *   light.from                                    light.to
 */
#include <ashlar/port.h>
#include <mach/page.h>
#include <sys/resource.h>
#include "sys.h"
#include "user.h"

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#define MADV_GUARD_REMOVE 103
#endif

/*
 * Grows at its end, before a page there is opened for the first time. Pages are
 * counted, for the address of one would be a pointer to a block.
 */
static struct {
	unsigned long from, to; /* both 0: nothing */
	bool given_up; /* the kernel cannot, or will not */
	bool mixed; /* some page in it had to be closed the other way */
} light;

/* Bytes of addresses that the process may have. (A name less to look for.) */
size_t address_limit(void)
{
	struct rlimit limit = { 0 };

	return sys6(SYS_prlimit64, 0, RLIMIT_AS, 0, (long)&limit, 0, 0) ?
		       SIZE_MAX :
		       limit.rlim_cur;
}

/* Where they are few, most of them are for the program itself. */
static bool takes_too_many(size_t bytes)
{
	size_t most = address_limit();

	return most != SIZE_MAX && bytes > most / 8;
}

void *port_guard_reserve(size_t bytes)
{
	if (port_host_page_size() > PAGE_SIZE || takes_too_many(bytes))
		return NULL;
	return sys_mmap(NULL, bytes, PROT_NONE, MAP_NORESERVE);
}

void port_guard_release(void *p, size_t bytes)
{
	sys_munmap(p, bytes);
}

static unsigned long page_of(const void *p)
{
	return (uintptr_t)p >> PAGE_SHIFT;
}

static __racy bool is_light(const void *p)
{
	return page_of(p) - light.from < READ_ONCE(light.to) - light.from;
}

/*
 * True if the kernel refuses to read there: an emulator may ignore advice. It
 * waits only if it reads a 1, and there are zeroes; valgrind leaves this call
 * to the kernel, where those that take a set of signals it reads itself.
 */
static bool is_taken_away(void *p)
{
	return sys6(SYS_futex, (long)p, FUTEX_WAIT_PRIVATE, 1, 0, 0, 0) ==
	       -EFAULT;
}

static bool take_away(void *p, size_t bytes)
{
	return !sys_madvise(p, bytes, MADV_GUARD_INSTALL) && is_taken_away(p);
}

/* Where it is refused each page is a mapping, as without it. */
int port_guard_prepare(void *p, size_t bytes)
{
	bool first = !light.to;

	if (light.given_up || (!first && page_of(p) != light.to))
		return 0;
	light.given_up = sys_mprotect(p, bytes, PROT_READ | PROT_WRITE) ||
			 !take_away(p, bytes);
	if (light.given_up)
		return port_guard_close(p, bytes);
	if (first)
		light.from = page_of(p);
	WRITE_ONCE(light.to, page_of(p) + (bytes >> PAGE_SHIFT));
	return 0;
}

static int open_light(void *p, size_t bytes)
{
	long err = READ_ONCE(light.mixed) ?
			   sys_mprotect(p, bytes, PROT_READ | PROT_WRITE) :
			   0;

	return (int)(err ? err : sys_madvise(p, bytes, MADV_GUARD_REMOVE));
}

int port_guard_open(void *p, size_t bytes)
{
	long err;

	if (is_light(p))
		return open_light(p, bytes);
	err = sys_mprotect(p, bytes, PROT_READ | PROT_WRITE);
	/* A frame becomes one mapping with those around it again. */
	if (!err && virt_addr_valid(p))
		sys_madvise(p, bytes, MADV_NOHUGEPAGE);
	return (int)err;
}

/* One call takes the memory and the access. */
int port_guard_close(void *p, size_t bytes)
{
	if (is_light(p)) {
		if (!sys_madvise(p, bytes, MADV_GUARD_INSTALL))
			return 0;
		WRITE_ONCE(light.mixed, true); /* it is locked in memory */
	}
	return sys_mmap(p, bytes, PROT_NONE, MAP_NORESERVE | MAP_FIXED) ?
		       0 :
		       -ENOMEM;
}
