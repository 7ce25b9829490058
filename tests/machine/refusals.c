/* SPDX-License-Identifier: MIT */
/*
 * What a call of memory leaves behind when it refuses: as a rule all areas,
 * promises and locks are as they were. Each row is a call, its error, and what
 * has changed nevertheless; all were recorded on Linux 6.1.
 *
 *   page 0    2   4      8         12      14       16     18     22   24   26
 *        anon r-- (hole) shared rw file rw file r-s locked (hole) NONE shm
 *
 * With "refusals failing" allocations fail, too (failslab=, fail_page_alloc=),
 * and whatever then says ENOMEM has to have changed nothing else.
 */
#include <fcntl.h>
#include <linux/mman.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define PAGE 4096
#define PAGES 32
#define ARENA 0x40000000ul
#define AT(page) (ARENA + (page)*PAGE)
#define LEN(pages) ((pages)*PAGE)
#define R PROT_READ
#define RW (PROT_READ | PROT_WRITE)
#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)
#define SHARED (MAP_SHARED | MAP_ANONYMOUS)
#define FIXED MAP_FIXED
#define MOVE MREMAP_MAYMOVE
#define TO (MREMAP_MAYMOVE | MREMAP_FIXED)
#define KEEP (MREMAP_MAYMOVE | MREMAP_DONTUNMAP)
#define TASK_END 0xc0000000ul
#define NOT_PAGE (ARENA + 1)

/* Descriptors that the calls name. */
enum { PIPE = 30, PIPE_IN, FOLDER, WRITE_ONLY, READ_ONLY, SEALED, FILE_RW };

/* Instead of segments' numbers. */
enum { SEGMENT = 0x5e95e9, BIG };
static int segment, big_segment;

/* In which circumstances. */
enum circumstances {
	PLAIN,
	USER, /* no privileges; locks nothing */
	LITTLE_LOCK, /* no privileges; may lock 4 pages, has locked 2 */
	LITTLE_SPACE, /* RLIMIT_AS is what there is, and 4 pages */
	LITTLE_DATA, /* and RLIMIT_DATA */
	PROMISED, /* vm.overcommit_memory is 2, and nothing is left */
	MANY_AREAS, /* vm.max_map_count is reached */
	NR_CIRCUMSTANCES,
};

struct row {
	enum circumstances in;
	int nr;
	unsigned long arg[6];
	int want;
	const char *effect; /* "?…": or none */
};

#include "refusals.h"

/* ---- what there is ---- */

struct state {
	char maps[32768];
	char page[PAGES][8]; /* rights, or "" */
	long committed, locked, data; /* pages */
};

/* True if a call found no memory, which is its error or mlock's. */
static int lacking(void)
{
	return errno == ENOMEM || errno == EAGAIN;
}

static void read_text(const char *path, char *text, int size)
{
	int fd, n = 0, more;

	while ((fd = open(path, O_RDONLY)) < 0)
		need(lacking());
	while (n < size - 1) {
		more = (int)read(fd, text + n, size - 1 - n);
		if (more < 0 && lacking())
			continue;
		need(more >= 0);
		if (!more)
			break;
		n += more;
	}
	close(fd);
	text[n] = 0;
}

static long pages_of(const char *text, const char *title)
{
	const char *p = strstr(text, title);

	need(p);
	return atol(p + strlen(title)) / 4;
}

static void look(struct state *s)
{
	static char text[8192];
	unsigned long from, to, page;
	const char *line;
	char rights[8];

	read_text("/proc/meminfo", text, sizeof(text));
	s->committed = pages_of(text, "Committed_AS:");
	read_text("/proc/self/status", text, sizeof(text));
	s->locked = pages_of(text, "VmLck:");
	s->data = pages_of(text, "VmData:");
	read_text("/proc/self/maps", s->maps, sizeof(s->maps));
	memset(s->page, 0, sizeof(s->page));
	for (line = s->maps; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) != 3)
			continue;
		for (page = 0; page < PAGES; page++)
			if (AT(page) >= from && AT(page) < to)
				strcpy(s->page[page], rights);
	}
}

static int add_change(char *text, const char *what, long change)
{
	return change ? sprintf(text, " %s %+ld", what, change) : 0;
}

/* What differs, in few words; "" if nothing does. */
static const char *effect(const struct state *a, const struct state *b)
{
	static char text[1024];
	char *p = text;
	int i, j;

	*p = 0;
	for (i = 0; i < PAGES; i = j) {
		for (j = i + 1; j < PAGES; j++)
			if (strcmp(a->page[j], a->page[i]) ||
			    strcmp(b->page[j], b->page[i]))
				break;
		if (strcmp(a->page[i], b->page[i]))
			p += sprintf(p, " %d-%d %s", i, j,
				     *b->page[i] ? b->page[i] : "gone");
	}
	if (p == text && strcmp(a->maps, b->maps))
		p += sprintf(p, " areas");
	p += add_change(p, "promised", b->committed - a->committed);
	p += add_change(p, "locked", b->locked - a->locked);
	p += add_change(p, "data", b->data - a->data);
	return *text ? text + 1 : text;
}

/* ---- the arena ---- */

static void map(int page, int pages, int prot, int flags, int fd)
{
	void *at = (void *)AT(page);

	while (mmap(at, LEN(pages), prot, flags | FIXED, fd, 0) != at)
		need(lacking());
}

static void lock(int page, int pages)
{
	while (mlock((void *)AT(page), LEN(pages)))
		need(lacking());
}

static void build_arena(void)
{
	volatile char *p = (volatile char *)ARENA;

	while (munmap((void *)ARENA, LEN(PAGES)))
		need(lacking());
	map(0, 2, RW, PRIVATE, -1);
	map(2, 2, R, PRIVATE, -1);
	map(8, 4, RW, SHARED, -1);
	map(12, 2, RW, MAP_PRIVATE, FILE_RW);
	map(14, 2, R, MAP_SHARED, READ_ONLY);
	map(16, 2, RW, PRIVATE, -1);
	map(22, 2, PROT_NONE, PRIVATE, -1);
	while (shmat(segment, (void *)AT(24), 0) != (void *)AT(24))
		need(lacking());
	p[0] = p[LEN(8)] = p[LEN(12)] = 1;
	lock(16, 2);
}

static void put_at(int fd, int want)
{
	need(fd >= 0 && dup2(fd, want) == want);
	close(fd);
}

static void open_all(void)
{
	static const char bytes[LEN(4)];
	int ends[2], fd = memfd_create("file", MFD_ALLOW_SEALING);
	char path[40];

	need(fd >= 0 && write(fd, bytes, sizeof(bytes)) == sizeof(bytes));
	sprintf(path, "/proc/self/fd/%d", fd);
	put_at(open(path, O_RDONLY), READ_ONLY);
	put_at(open(path, O_WRONLY), WRITE_ONLY);
	put_at(fd, FILE_RW);
	fd = memfd_create("sealed", MFD_ALLOW_SEALING);
	need(fd >= 0 && ftruncate(fd, LEN(4)) == 0 &&
	     fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE) == 0);
	put_at(fd, SEALED);
	need(pipe(ends) == 0);
	put_at(ends[0], PIPE);
	put_at(ends[1], PIPE_IN);
	put_at(open("/tmp", O_RDONLY | O_DIRECTORY), FOLDER);
	segment = shmget(IPC_PRIVATE, LEN(2), 0600);
	big_segment = shmget(IPC_PRIVATE, LEN(8), 0600);
	need(segment >= 0 && big_segment >= 0);
}

static int write_number(const char *path, long number)
{
	char text[24];
	int fd, n = sprintf(text, "%ld", number);

	while ((fd = open(path, O_WRONLY)) < 0)
		need(lacking());
	while (write(fd, text, n) != n)
		need(lacking());
	return close(fd);
}

static long count_lines(const char *text)
{
	long n = 0;

	while ((text = strchr(text, '\n')))
		text++, n++;
	return n;
}

static void limit(int what, unsigned long bytes)
{
	struct rlimit r = { bytes, bytes };

	need(setrlimit(what, &r) == 0);
}

/* ---- circumstances ---- */

#define OVERCOMMIT "/proc/sys/vm/overcommit_memory"
#define KBYTES "/proc/sys/vm/overcommit_kbytes"
#define MAX_AREAS "/proc/sys/vm/max_map_count"

static void begin(enum circumstances in)
{
	static char text[8192];
	static struct state s;

	look(&s);
	read_text("/proc/self/status", text, sizeof(text));
	switch (in) {
	case USER:
		limit(RLIMIT_MEMLOCK, 0);
		need(setresuid(1000, 1000, 1000) == 0);
		break;
	case LITTLE_LOCK:
		limit(RLIMIT_MEMLOCK, LEN(4));
		need(setresuid(1000, 1000, 1000) == 0);
		break;
	case LITTLE_SPACE:
		limit(RLIMIT_AS, LEN(pages_of(text, "VmSize:") + 4));
		break;
	case LITTLE_DATA:
		limit(RLIMIT_DATA, LEN(pages_of(text, "VmData:") + 4));
		break;
	case PROMISED:
		write_number(KBYTES, 1);
		write_number(OVERCOMMIT, 2);
		need(setresuid(1000, 1000, 1000) == 0);
		break;
	case MANY_AREAS:
		write_number(MAX_AREAS, count_lines(s.maps) - 1);
		break;
	default:
		break;
	}
}

static void end(enum circumstances in)
{
	if (in == PROMISED)
		write_number(OVERCOMMIT, 0);
	if (in == MANY_AREAS)
		write_number(MAX_AREAS, 65530);
}

/* ---- the calls ---- */

static int call(const struct row *row)
{
	unsigned long a[6], was;
	int i;

	memcpy(a, row->arg, sizeof(a));
	for (i = 0; i < 6; i++)
		if (a[i] == SEGMENT)
			a[i] = segment;
		else if (a[i] == BIG)
			a[i] = big_segment;
	was = syscall(SYS_brk, 0);
	if (row->nr == SYS_brk)
		return (unsigned long)syscall(SYS_brk, was + a[0]) == was ?
			       ENOMEM :
			       0;
	if (syscall(row->nr, a[0], a[1], a[2], a[3], a[4], a[5]) == -1)
		return errno;
	return 0;
}

/* True if a row may have had this effect. */
static int is_effect(const struct row *row, const char *what)
{
	const char *want = row->effect;

	if (*want == '?')
		return !*what || strcmp(what, want + 1) == 0;
	return strcmp(what, want) == 0;
}

/* True if the call removes first what is in its way, so that a failure later
 * leaves a gap: also Linux finds some of its memory only then. */
static int replaces(const struct row *row)
{
	switch (row->nr) {
	case SYS_mmap2:
		return (row->arg[3] & MAP_FIXED) != 0;
	case SYS_mremap:
		return (row->arg[3] & MREMAP_FIXED) != 0;
	case SYS_shmat:
		return (row->arg[2] & SHM_REMAP) != 0;
	}
	return 0;
}

static int only_gone(const struct state *a, const struct state *b)
{
	int i;

	for (i = 0; i < PAGES; i++)
		if (*b->page[i] && strcmp(a->page[i], b->page[i]))
			return 0;
	return 1;
}

static void tell(const struct row *row, int error, const char *what)
{
	char line[1200];
	int n = sprintf(line, "# row %d: %s \"%s\"\n", (int)(row - rows),
			error ? strerrorname_np(error) : "0", what);

	while (write(1, line, n) < 0)
		need(lacking());
}

static void check_row(const struct row *row, int failing)
{
	static struct state before, after;
	const char *what;
	int error;

	look(&before);
	error = call(row);
	look(&after);
	what = effect(&before, &after);
	if (error == row->want && is_effect(row, what))
		return;
	if (failing && (error == ENOMEM || error == EAGAIN) &&
	    (!*what || is_effect(row, what) ||
	     (replaces(row) && only_gone(&before, &after))))
		return;
	checks_failed++;
	tell(row, error, what);
}

static void in_child(const struct row *row, int failing)
{
	int status = -1;
	pid_t pid;

	while ((pid = fork()) < 0)
		need(lacking());
	if (pid == 0) {
		checks_failed = 0;
		build_arena();
		begin(row->in);
		check_row(row, failing);
		_exit(checks_failed != 0);
	}
	need(waitpid(pid, &status, 0) == pid);
	end(row->in);
	if (status)
		printf("# row %d: status %x\n", (int)(row - rows), status);
	checks_failed += status != 0;
}

static void run_in(enum circumstances in, int failing)
{
	const struct row *row, *last = rows + sizeof(rows) / sizeof(*rows);
	int i;

	for (row = rows; row < last; row++)
		for (i = 0; row->in == in && i < (failing ? 6 : 1); i++)
			in_child(row, failing);
}

int main(int argc, char **argv)
{
	static const char *const names[] = {
		"refusals",
		"without privileges",
		"with little to lock",
		"with little space",
		"with little data",
		"with all memory promised",
		"with too many areas",
	};
	int in, failing = argc > 1 && strcmp(argv[1], "failing") == 0;

	open_all();
	for (in = 0; in < NR_CIRCUMSTANCES; in++) {
		int before = checks_failed;

		run_in(in, failing);
		check(checks_failed == before, names[in], "see above");
	}
	return checks_done();
}
