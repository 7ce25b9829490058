/* SPDX-License-Identifier: MIT */
/*
 * The processor's walk and the kernel's agree: what a program sees at an
 * address (the processor walked) is what lies in the frame that pagemap names
 * (the kernel walked), byte for byte, on every page of the program; and the
 * entries in /proc/self/mmu are those that pagemap tells of.
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "check.h"

#define PG 4096u
#define PRESENT (1ull << 63)
#define PFN(e) ((e) & ((1ull << 55) - 1))

static char seen[PG] __attribute__((aligned(4096)));
static char there[PG] __attribute__((aligned(4096)));
static char text[1 << 20];
static int pagemap, mem;

static uint64_t entry(uint32_t addr)
{
	uint64_t e = 0;

	need(pread64(pagemap, &e, 8, (off64_t)(addr / PG) * 8) == 8);
	return e;
}

static void read_text(const char *path)
{
	int fd = open(path, O_RDONLY);
	size_t len = 0;
	ssize_t n;

	need(fd >= 0);
	while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = 0;
	close(fd);
}

/* These change while they are looked at: buffers, and the stack in use. */
static int changes(uint32_t addr)
{
	uint32_t s = (uint32_t)(uintptr_t)seen, t = (uint32_t)(uintptr_t)there;

	return addr == s || addr == t ||
	       addr == ((uint32_t)(uintptr_t)__builtin_frame_address(0) & -PG);
}

static int same(uint32_t addr)
{
	memcpy(seen, (void *)(uintptr_t)addr, PG);
	need(pread64(mem, there, PG, (off64_t)PFN(entry(addr)) * PG) == PG);
	return memcmp(seen, there, PG) == 0;
}

/* All areas: pages compared, and pages that differ. */
static void compare(unsigned int *pages, unsigned int *wrong)
{
	static char maps[1 << 16];
	unsigned long start, end;
	char *line;

	read_text("/proc/self/maps");
	strncpy(maps, text, sizeof(maps) - 1);
	for (line = strtok(maps, "\n"); line; line = strtok(NULL, "\n")) {
		need(sscanf(line, "%lx-%lx", &start, &end) == 2);
		for (; start < end; start += PG) {
			if (!(entry((uint32_t)start) & PRESENT) ||
			    changes((uint32_t)start))
				continue;
			++*pages;
			if (same((uint32_t)start))
				continue;
			++*wrong;
			printf("# %08lx differs: %s\n", start, line);
		}
	}
}

/* Entries of the user's half: how many, and how many pagemap denies. */
static void count_entries(unsigned int *entries, unsigned int *wrong)
{
	unsigned int dir, tab;
	unsigned long value;
	uint64_t e;
	char *line;

	read_text("/proc/self/mmu");
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (sscanf(line, "pte %u %u %lx", &dir, &tab, &value) != 3 ||
		    dir >= 768 || !(value & 1))
			continue;
		++*entries;
		e = entry(dir << 22 | tab << 12);
		*wrong += !(e & PRESENT) || PFN(e) != value >> 12;
	}
}

int main(void)
{
	unsigned int pages = 0, wrong = 0, entries = 0, denied = 0;
	char *p = mmap(NULL, 64 * PG, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int i;

	pagemap = open("/proc/self/pagemap", O_RDONLY);
	mem = open("/dev/mem", O_RDONLY);
	need(p != MAP_FAILED && pagemap >= 0 && mem >= 0);
	for (i = 0; i < 64; i += 2)
		memset(p + i * PG, (int)i + 1, PG);
	compare(&pages, &wrong);
	check(pages >= 40 && !wrong, "every page is in the frame pagemap names",
	      "%u of %u are not", wrong, pages);
	count_entries(&entries, &denied);
	check(entries >= 40 && !denied, "every entry is what pagemap tells",
	      "%u of %u are not", denied, entries);
	check(entry((uint32_t)(uintptr_t)p + PG) == 0, "a hole has no frame",
	      "it has");
	return checks_done();
}
