/* SPDX-License-Identifier: MIT */
/*
 * Pages that nobody may access, for guarded blocks (mm/kfence.c).
 *
 *   | PROT_NONE ......... | open | PROT_NONE ........ | open | PROT_NONE |
 *
 * Whatever is open is a mapping more of the kernel's, and so is what lies
 * between two open ones: closed pages are one mapping with all around them.
 */
#include <ashlar/port.h>
#include <mach/page.h>
#include <sys/resource.h>
#include "sys.h"
#include "user.h"

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

int port_guard_open(void *p, size_t bytes)
{
	long err = sys_mprotect(p, bytes, PROT_READ | PROT_WRITE);

	/* A frame becomes one mapping with those around it again. */
	if (!err && virt_addr_valid(p))
		sys_madvise(p, bytes, MADV_NOHUGEPAGE);
	return (int)err;
}

/* One call takes the memory and the access. */
int port_guard_close(void *p, size_t bytes)
{
	return sys_mmap(p, bytes, PROT_NONE, MAP_NORESERVE | MAP_FIXED) ?
		       0 :
		       -ENOMEM;
}
