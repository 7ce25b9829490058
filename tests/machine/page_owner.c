/* SPDX-License-Identifier: MIT */
/* What page_owner=on says of the frames that this program has. */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "check.h"

#define DEBUG "/sys/kernel/debug/"
#define PAGE 4096
#define PAGES 300

static char *text;

static void read_owners(void)
{
	int fd = open(DEBUG "page_owner", O_RDONLY);
	size_t room = 8u << 20, all = 0;
	ssize_t n;

	need(fd >= 0);
	if (!text)
		text = mmap(NULL, room, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	need(text != MAP_FAILED);
	while ((n = read(fd, text + all, room - 1 - all)) > 0)
		all += (size_t)n;
	need(n == 0);
	close(fd);
	text[all] = 0;
}

/* Blocks whose first line has all of that, and how many are malformed. */
static int count(const char *a, const char *b, int *malformed)
{
	const char *at = text, *end, *p;
	unsigned long pfn, order;
	int n = 0, used;
	char line[256];

	*malformed = 0;
	for (; *at; at = end + 2) {
		end = strstr(at, "\n\n");
		if (!end)
			break;
		p = strchr(at, '\n');
		used = 0;
		if (sscanf(at,
			   "Page allocated via order %lu, mask 0x%*x(%*[^)]), "
			   "pid %*d, tgid %*d (%*[^)]), ts %*u ns%n",
			   &order, &used) != 1 ||
		    at + used != p || p == end ||
		    sscanf(p + 1,
			   "PFN %lu type %*s Block %*u type %*s Flags 0x%*x(%n",
			   &pfn, &used) != 1) {
			++*malformed;
			continue;
		}
		snprintf(line, sizeof(line), "%.*s", (int)(p - at), at);
		n += strstr(line, a) && strstr(line, b);
	}
	*malformed += *at != 0;
	return n;
}

int main(void)
{
	char me[48], *memory;
	int before, during, after, bad, all;

	need(mount("debugfs", DEBUG, "debugfs", 0, NULL) == 0);
	snprintf(me, sizeof(me), "tgid %d (page_owner)", getpid());
	read_owners();
	before = count("order 0, mask 0x4a(GFP_HIGHUSER_MOVABLE", me, &bad);
	all = count("order", "pid", &bad);
	check(!bad && all > 100, "each block is told of in Linux's form",
	      "%d of %d are not: %.600s", bad, all, text);
	memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	need(memory != MAP_FAILED);
	read_owners();
	during = count("order 0, mask 0x4a(GFP_HIGHUSER_MOVABLE", me, &bad);
	check(during - before >= PAGES && during - before < PAGES + 20,
	      "a program's pages are its", "%d, then %d", before, during);
	check(strstr(text, " alloc_user_page+0x") != NULL,
	      "the functions that called", "%.900s", text);
	munmap(memory, PAGES * PAGE);
	read_owners();
	after = count("order 0, mask 0x4a(GFP_HIGHUSER_MOVABLE", me, &bad);
	check(during - after >= PAGES - 20, "what is free is nobody's",
	      "%d, then %d", during, after);
	return checks_done();
}
