/* SPDX-License-Identifier: MIT */
/*
 * Areas as /proc/PID/maps and smaps tell them: what a system call of memory
 * leaves behind beside its result.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "text.h"

#define PAGE 4096
#define RW (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static char *arena = (char *)0x40000000;

/* True if maps has the area of these pages, with these rights. */
static int is_area(const char *at, int pages, const char *rights)
{
	char line[40];

	sprintf(line, "%08lx-%08lx %s ", (unsigned long)at,
		(unsigned long)at + pages * PAGE, rights);
	return strstr(text_of("/proc/self/maps"), line) != NULL;
}

/* A number of smaps for the area that begins at @at, in kB; or -1. */
static int smaps(const char *at, const char *title)
{
	char line[20], *p;

	sprintf(line, "%08lx-", (unsigned long)at);
	p = strstr(text_of("/proc/self/smaps"), line);
	p = p ? strstr(p, title) : NULL;
	return p ? atoi(strchr(p, ':') + 1) : -1;
}

/* A shared area of which a part is mapped a second time stays whole. */
static void check_second_mapping(void)
{
	need(mmap(arena, 8 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED,
		  -1, 0) == arena);
	arena[3 * PAGE] = 7;
	need(mremap(arena + 3 * PAGE, 0, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
		    arena + 16 * PAGE) == arena + 16 * PAGE);
	check(is_area(arena, 8, "rw-s") && arena[16 * PAGE] == 7,
	      "a second mapping of a part", "%s", text_of("/proc/self/maps"));
	munmap(arena, 17 * PAGE);
}

/* personality(2): what may be read may be run, then and only then. */
static void check_read_implies_exec(void)
{
	need(personality(READ_IMPLIES_EXEC) >= 0);
	need(mmap(arena, 2 * PAGE, PROT_READ, ANON | MAP_FIXED, -1, 0) ==
	     arena);
	need(mmap(arena + 2 * PAGE, 2 * PAGE, PROT_WRITE, ANON | MAP_FIXED, -1,
		  0) == arena + 2 * PAGE);
	check(is_area(arena, 2, "r-xp") && is_area(arena + 2 * PAGE, 2, "-w-p"),
	      "READ_IMPLIES_EXEC and mmap", "%s", text_of("/proc/self/maps"));
	is(mprotect(arena + 2 * PAGE, 2 * PAGE, RW), 0);
	check(is_area(arena + 2 * PAGE, 2, "rwxp"),
	      "READ_IMPLIES_EXEC and mprotect", "%s",
	      text_of("/proc/self/maps"));
	personality(0);
	munmap(arena, 4 * PAGE);
}

/* mlockall(MCL_FUTURE) holds for segments, too. */
static void check_locked_segment(void)
{
	int id = shmget(IPC_PRIVATE, 3 * PAGE, 0600);

	need(id >= 0);
	need(mlockall(MCL_FUTURE) == 0);
	need(shmat(id, arena, 0) == arena);
	check(smaps(arena, "Locked") == 12, "an attached segment is locked",
	      "%d kB", smaps(arena, "Locked"));
	munlockall();
	shmdt(arena);
	shmctl(id, IPC_RMID, NULL);
}

static int write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), ret;

	need(fd >= 0);
	ret = value(write(fd, text, strlen(text)));
	close(fd);
	return ret;
}

/* /proc/PID/clear_refs: nothing is referenced any more. */
static void check_clear_refs(void)
{
	static const char path[] = "/proc/self/clear_refs";
	int before, cleared;

	need(mmap(arena, 4 * PAGE, RW, ANON | MAP_FIXED, -1, 0) == arena);
	memset(arena, 1, 4 * PAGE);
	before = smaps(arena, "Referenced");
	is(write_text(path, "3"), 1);
	is(smaps(arena, "Referenced"), 16);
	is(write_text(path, "2"), 1);
	cleared = smaps(arena, "Referenced");
	check(before == 16 && cleared == 0, "clear_refs", "%d, %d kB", before,
	      cleared);
	is(write_text(path, "1"), 1);
	is(smaps(arena, "Referenced"), 0);
	is(write_text(path, "4"), 1);
	is(write_text(path, "5"), 1);
	is(write_text(path, "0"), -EINVAL);
	is(write_text(path, "6"), -EINVAL);
	munmap(arena, 4 * PAGE);
}

/* A mapping that can only be read does not keep a file from being sealed. */
static void check_sealed(void)
{
	int fd = memfd_create("sealed", MFD_ALLOW_SEALING);

	need(fd >= 0 && ftruncate(fd, PAGE) == 0);
	is(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
	need(mmap(arena, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 0) ==
	     arena);
	is(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	is(mprotect(arena, PAGE, RW), -EACCES);
	check(fcntl(fd, F_GET_SEALS) == (F_SEAL_FUTURE_WRITE | F_SEAL_WRITE),
	      "seals", "%x", fcntl(fd, F_GET_SEALS));
	munmap(arena, PAGE);
	close(fd);
}

/* Pages at the low mark of all zones together, from zoneinfo. */
static int min_pages(void)
{
	char *text = text_of("/proc/zoneinfo"), *p;
	int pages = 0;

	for (p = text; (p = strstr(p, "\n        min ")); p++)
		pages += atoi(p + 13);
	return pages;
}

/* /proc/sys/vm: what is written is what holds. */
static void check_knobs(void)
{
	static const char reserve[] = "/proc/sys/vm/min_free_kbytes";
	static const char ratio[] = "/proc/sys/vm/overcommit_ratio";
	static const char kbytes[] = "/proc/sys/vm/overcommit_kbytes";
	char before[20];
	int pages = min_pages();

	strcpy(before, text_of(reserve));
	is(write_text(reserve, "4096"), 4);
	is(atoi(text_of(reserve)), 4096);
	check(min_pages() >= pages + (4096 - atoi(before)) / 4 - 4,
	      "vm.min_free_kbytes", "%d pages, then %d", pages, min_pages());
	is(write_text(reserve, "-1"), -EINVAL);
	is(write_text(reserve, before), strlen(before));

	is(write_text(kbytes, "100000"), 6);
	is(atoi(text_of(ratio)), 0);
	is(write_text(ratio, "50"), 2);
	check(atoi(text_of(kbytes)) == 0, "vm.overcommit_kbytes", "%s",
	      text_of(kbytes));
}

/* RLIMIT_DATA for a child that maps so many pages of its own. */
static int with_data_limit(rlim_t soft, rlim_t hard, int pages)
{
	struct rlimit limit = { soft, hard };
	int status, pid = fork();
	char *p;

	need(pid >= 0);
	if (!pid) {
		if (setrlimit(RLIMIT_DATA, &limit))
			_exit(99);
		if (brk((char *)sbrk(0) + 64 * PAGE) == 0)
			_exit(98);
		p = mmap(NULL, pages * PAGE, RW, ANON, -1, 0);
		_exit(p == MAP_FAILED ? errno : 0);
	}
	need(waitpid(pid, &status, 0) == pid);
	return WEXITSTATUS(status);
}

/*
 * A soft limit of 0 keeps out the heap alone, up to the hard one; any other
 * counts, be it less than a page.
 */
static void check_data_limit(void)
{
	is(with_data_limit(0, RLIM_INFINITY, 500), 0);
	is(with_data_limit(0, 1000 * PAGE, 500), 0);
	is(with_data_limit(0, 400 * PAGE, 500), ENOMEM);
	is(with_data_limit(1, RLIM_INFINITY, 1), ENOMEM);
	is(with_data_limit(PAGE - 1, RLIM_INFINITY, 1), ENOMEM);
	is(with_data_limit(PAGE, RLIM_INFINITY, 1), ENOMEM);
}

int main(void)
{
	check_data_limit();
	check_sealed();
	check_knobs();
	check_second_mapping();
	check_read_implies_exec();
	check_locked_segment();
	check_clear_refs();
	return checks_done();
}
