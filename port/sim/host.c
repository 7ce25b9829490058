/* SPDX-License-Identifier: MIT */
/*
 * The paper machine in a process.
 *
 *   RAM      a file without a name, mapped once as a whole, and a page at a
 *            time in the window
 *   window   SIM_KERNEL_WINDOW + 0xf0000000 … + 4 GiB: vmalloc, kmap; what no
 *            entry maps there ends the run when it is touched
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <mach/page.h>
#include <mach/pgtable.h>
#include "host.h"
#include "sim.h"

/* Behind the window, so that addresses are the same in each run. */
#define RAM_HINT ((void *)(SIM_KERNEL_WINDOW + 0x200000000ul))

static int ram_fd;

/*
 * A page at a place of its own, within a window reserved at power on: that of
 * a frame, or none, so that touching it ends the run.
 */
void sim_host_map(unsigned long addr, unsigned long pfn, bool present,
		  bool writable)
{
	int prot = PROT_READ | (writable ? PROT_WRITE : 0);
	void *at = (void *)addr, *p;

	if (present)
		p = mmap(at, PAGE_SIZE, prot, MAP_SHARED | MAP_FIXED, ram_fd,
			 (off_t)(pfn << PAGE_SHIFT));
	else
		p = mmap(at, PAGE_SIZE, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED |
				 MAP_NORESERVE,
			 -1, 0);
	if (p != at)
		sim_fail("the host does not map %#lx", addr);
}

static void reserve_kernel_window(void)
{
	void *window = (void *)VMALLOC_START;
	size_t size = SIM_KERNEL_WINDOW + 0x100000000ul - VMALLOC_START;

	if (mmap(window, size, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE |
			 MAP_NORESERVE,
		 -1, 0) != window)
		sim_fail("the host has no room for the kernel's window");
}

/* A file, so that a frame can be seen through a window as well. */
void *host_ram(size_t size, size_t align)
{
	void *room = mmap(RAM_HINT, size + align, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	void *at = (void *)ALIGN((uintptr_t)room, align);

	ram_fd = memfd_create("sim-ram", MFD_CLOEXEC);
	if (room == MAP_FAILED || ram_fd < 0 ||
	    ftruncate(ram_fd, (off_t)size) ||
	    mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		 ram_fd, 0) != at)
		sim_fail("the host has no %zu bytes for RAM", size);
	reserve_kernel_window();
	return at;
}

bool host_has_windows(void)
{
	return PAGE_SIZE == 4096;
}

void *host_alloc(size_t align, size_t size)
{
	void *p = aligned_alloc(align, ALIGN(size, align));

	if (!p)
		sim_fail("the host has no %zu bytes", size);
	return memset(p, 0, size);
}

void host_say(const char *line)
{
	fprintf(stderr, "Ashlar: %s\n", line);
}

void host_end(const char *line)
{
	fprintf(stderr, "==%d==ERROR: Ashlar: %s\n", (int)getpid(), line);
	abort();
}
