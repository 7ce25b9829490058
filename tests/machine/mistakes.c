/* SPDX-License-Identifier: MIT */
/*
 * Each mistake that the kernel makes on request (kernel/debug/provoke.c), and
 * what its log says then: with slub_debug= or check= each write is told of
 * once, with who allocated and who freed; with sample= each access, too.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "text.h"

#define DEBUG "/sys/kernel/debug/"
#define LOG_ALL 3
#define LOG_SIZE 10

/* The log from the last line on that has @mark. */
static char *log_since(const char *mark)
{
	int size = klogctl(LOG_SIZE, NULL, 0), n;
	char *text = malloc((size_t)size + 1), *at, *found = NULL;

	need(text);
	n = klogctl(LOG_ALL, text, size);
	need(n >= 0);
	text[n] = 0;
	for (at = text; (at = strstr(at, mark)); at++)
		found = at;
	return found ? found : text + n;
}

static enum { WATCHED, GENERAL, SAMPLED } mode;

static const struct expected {
	const char *mistake;
	const char *report; /* of watched objects; NULL: it is not seen */
	const char *sampled; /* of guarded ones */
	const char *allocated; /* by this function; NULL: nothing is said */
	const char *freed;
	int other; /* of caches that check=1 does not watch */
} mistakes[] = {
	{ "SLAB_LINEAR_OVERFLOW",
	  "BUG: heap-buffer-overflow: write of 1 byte, 0 bytes past the end "
	  "of a block of 100 (byte 100, right redzone",
	  "just past a block of 100", "write_past+", NULL, 0 },
	{ "SLAB_LINEAR_UNDERFLOW",
	  "BUG: heap-buffer-overflow: write of 1 byte, 1 byte before a block "
	  "of 100 (byte -1, left redzone",
	  "1 byte before a block of 100", "write_before+", NULL, 0 },
	{ "WRITE_AFTER_FREE",
	  "BUG: heap-use-after-free: write of 1 byte, 8 bytes into a freed "
	  "block of 100 (byte 8, poison",
	  "BUG: heap-use-after-free: write 8 bytes into a freed block of 100",
	  "write_freed+", "write_freed+", 0 },
	{ "READ_AFTER_FREE", NULL,
	  "BUG: heap-use-after-free: read 8 bytes into a freed block of 100",
	  "read_freed+", "read_freed+", 0 },
	{ "SLAB_LINEAR_OVERREAD", NULL, "BUG: heap-buffer-overflow: read ",
	  "read_past+", NULL, 0 },
	{ "SLAB_FREE_DOUBLE", "BUG: double-free: ",
	  "BUG: double-free: kfree of a block of 100 that was freed before",
	  "free_twice+", "free_twice+", 0 },
	{ "SLAB_FREE_INSIDE", "it is 16 bytes into a block of 100",
	  "BUG: bad-free: kfree of an address 16 bytes into a block of 100",
	  "free_inside+", NULL, 0 },
	{ "SLAB_FREE_PAGE", "BUG: bad-free: ", "BUG: bad-free: ", NULL, NULL,
	  0 },
	{ "SLAB_FREE_CROSS", "is not of cache lkdtm-heap-b but of lkdtm-heap-a",
	  "lkdtm-heap-a", "free_to_other+", NULL, 1 },
	{ "SLAB_DESTROY_USED",
	  "BUG: cache-in-use: cache lkdtm-used destroyed with 1 objects",
	  "BUG: cache-in-use: cache lkdtm-used destroyed with 1 objects",
	  "destroy_used+", NULL, 1 },
};

/* True if the lines from @from on, up to @end, name @function. */
static int names(const char *text, const char *from, const char *end,
		 const char *function)
{
	const char *start = strstr(text, from), *stop, *at;

	if (!start)
		return 0;
	stop = strstr(start, end);
	at = strstr(start, function);
	return at && (!stop || at < stop);
}

/* What waits in quarantine is looked at when memory is asked back. */
static void look(void)
{
	need(put("/proc/sys/vm/drop_caches", "2") == 0);
}

static void try(const struct expected *e)
{
	const char *report = mode == SAMPLED ? e->sampled : e->report;
	char line[80], *log;
	int bugs;

	need(put(DEBUG "provoke-crash/DIRECT", e->mistake) == 0);
	look();
	snprintf(line, sizeof(line), "direct entry %s", e->mistake);
	log = log_since(line);
	bugs = occurrences(log, "BUG: ");
	check(report ? bugs == 1 && strstr(log, report) : !bugs, e->mistake,
	      "%d reports: %.900s", bugs, log);
	if (!report || (mode != WATCHED && e->other))
		return;
	if (e->allocated) {
		snprintf(line, sizeof(line), "%s says who allocated",
			 e->mistake);
		check(names(log, "Allocated ", "Freed ", e->allocated), line,
		      "%.1800s", log);
	}
	if (e->freed) {
		snprintf(line, sizeof(line), "%s says who freed", e->mistake);
		check(names(log, "Freed ", "Call Trace", e->freed), line,
		      "%.1800s", log);
	}
}

static void debugfs_is_roots(void)
{
	struct stat st;

	is(stat(DEBUG, &st), 0);
	check((st.st_mode & 0777) == 0700, "debugfs is root's", "mode %o",
	      st.st_mode);
	is(put(DEBUG "provoke-crash/DIRECT", "SLAB_FREE_TWICE"), -EINVAL);
}

static void kfence_files(void)
{
	const char *text = text_of(DEBUG "kfence/stats");
	unsigned long bugs = 0, allocated = 0, freed = 0, now = 0;
	const char *at = strstr(text, "total bugs: ");
	char allocator[40], releaser[40];

	check(!strncmp(text, "enabled: 1\n", 11), "samples are taken", "%s",
	      text);
	check(at && sscanf(at, "total bugs: %lu", &bugs) == 1 && bugs >= 7,
	      "mistakes are counted", "%s", text);
	check(sscanf(text,
		     "%*[^\n]\ncurrently allocated: %lu\n"
		     "total allocations: %lu\ntotal frees: %lu",
		     &now, &allocated, &freed) == 3 &&
		      now && allocated == now + freed,
	      "objects are counted", "%s", text);
	/* Made just now: what was freed is there until 48 others were. */
	is(put(DEBUG "provoke-crash/DIRECT", "READ_AFTER_FREE"), 0);
	text = text_of(DEBUG "kfence/objects");
	sprintf(allocator, "\nallocated by task %d ", getpid());
	sprintf(releaser, "\nfreed by task %d ", getpid());
	check(strstr(text, ", size=100, cache=kmalloc-112\n") &&
		      strstr(text, allocator) && strstr(text, releaser) &&
		      strstr(text, " read_freed+0x"),
	      "objects are listed with who had them", "%.3000s", text);
}

int main(int argc, char **argv)
{
	unsigned int i;

	if (argc > 1)
		mode = strcmp(argv[1], "general") ? SAMPLED : GENERAL;
	need(mount("debugfs", DEBUG, "debugfs", 0, NULL) == 0);
	debugfs_is_roots();
	for (i = 0; i < sizeof(mistakes) / sizeof(*mistakes); i++)
		try(&mistakes[i]);
	if (mode == SAMPLED)
		kfence_files();
	return checks_done();
}
