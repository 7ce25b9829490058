/* SPDX-License-Identifier: MIT */
/*
 * Little memory: address-space and data limits at start and in the run, the
 * end of memory and the way back from it, the kernel's limit on mappings.
 *
 * A limit has to be there before the program starts, so the checks start this
 * program again (in_fresh) with the limit set and the work's name as argument.
 */
#include "check.h"
#include <dirent.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>

struct limit {
	int resource;
	rlim_t bytes;
};

static int set_limit(void *arg)
{
	struct limit *l = arg;
	struct rlimit r = { l->bytes, l->bytes };

	return setrlimit(l->resource, &r);
}

static void *thread_work(void *arg)
{
	void *p[200];
	size_t i, good = 1;

	for (i = 0; i < 200; i++) {
		p[i] = malloc(i * 50);
		if (!p[i])
			_exit(11);
		fill(p[i], i * 50, i);
	}
	for (i = 0; i < 200; i++) {
		good &= intact(p[i], i * 50, i);
		free(p[i]);
	}
	return good ? arg : NULL;
}

static int run_threads(void)
{
	pthread_attr_t attr;
	pthread_t t[4];
	void *ret;
	int i;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 * KB);
	for (i = 0; i < 4; i++)
		if (pthread_create(&t[i], &attr, thread_work, t))
			return 12;
	for (i = 0; i < 4; i++) {
		pthread_join(t[i], &ret);
		if (!ret)
			return 13;
	}
	return 0;
}

/* Ordinary work of `total` bytes: small and large blocks, and threads. */
static int ordinary_work(size_t total)
{
	size_t small = total / 2 / 1000, large = total / 2 / MB, i;
	static char *p[60000];
	char *all;

	for (i = 0; i < small + large; i++) {
		size_t n = i < small ? 1000 : MB;

		p[i] = malloc(n);
		if (!p[i])
			return 10;
		memset(p[i], (int)i & 127, n);
	}
	i = run_threads();
	if (i)
		return i;
	for (i = 0; i < small + large; i++) {
		if (p[i][0] != (char)(i & 127) || p[i][999] != p[i][0])
			return 14;
		free(p[i]);
	}
	all = malloc(total / 2);
	if (!all)
		return 15;
	free(all);
	return 0;
}

static int worst(int a, int b)
{
	return a ? a : b;
}

/* Takes blocks until there is none; how many, and is errno ENOMEM? */
static size_t take_all(size_t n, void ***list)
{
	void **p, *last = NULL;
	size_t count = 0;

	errno = 0;
	while ((p = malloc(n))) {
		*p = last;
		if (n > 16)
			memset(p + 1, 0x11, n < 4096 ? n - 8 : 64);
		last = p;
		count++;
	}
	*list = last;
	return errno == ENOMEM ? count : 0;
}

static void give_all(void **list)
{
	while (list) {
		void **next = *list;

		free(list);
		list = next;
	}
}

/* With no memory left every function says so, and spoils nothing. */
static int refusals(size_t n)
{
	void *mark = &mark, *old;

	errno = 0;
	if (calloc(1, n) || errno != ENOMEM)
		return 22;
	if (posix_memalign(&mark, 64, n) != ENOMEM || mark != &mark)
		return 23;
	old = NULL;
	errno = 0;
	if (realloc(old, n) || errno != ENOMEM)
		return 24;
	errno = 0;
	if (aligned_alloc(64, n) || errno != ENOMEM)
		return 25;
	return 0;
}

/* Exhausts memory with blocks of n, several times: none may be lost. */
static int exhaust(size_t n, size_t limit)
{
	size_t first = 0, count;
	int round, error;
	void **list;

	for (round = 0; round < 3; round++) {
		count = take_all(n, &list);
		if (!count)
			return 20;
		if (!first)
			first = count;
		/* Not all that small blocks held serves large ones again. */
		if (count * n < limit / 2 || count < first * 8 / 10)
			return 21;
		error = refusals(200 * MB);
		if (!error && !list)
			error = 26;
		give_all(list);
		if (error)
			return error;
	}
	return 0;
}

/* A block that cannot grow stays what it was. */
static int exhausted_realloc(void)
{
	unsigned char *p = malloc(100 * KB), *q;
	void **list;

	fill(p, 100 * KB, 5);
	if (!take_all(64 * KB, &list))
		return 30;
	errno = 0;
	q = realloc(p, 8 * MB);
	if (q || errno != ENOMEM || !intact(p, 100 * KB, 5))
		return 31;
	give_all(list);
	q = realloc(p, 2 * MB);
	if (!q || !intact(q, 100 * KB, 5))
		return 32;
	free(q);
	return 0;
}

/* What many small blocks held, and gave back, serves one large one. */
static int small_then_large(void)
{
	void **list, *p;

	if (!take_all(1000, &list))
		return 33;
	give_all(list);
	p = malloc(64 * MB);
	if (!p)
		return 34;
	memset(p, 1, 64 * MB);
	free(p);
	return 0;
}

/*
 * A limit that the program sets on itself, after its start: it must leave
 * room to work, and must be felt.
 */
static int late_limit(void)
{
	struct limit l = { RLIMIT_AS, 512 * MB };
	size_t got = 0, n = 64 * KB;
	int error = ordinary_work(8 * MB);

	if (error || set_limit(&l))
		return 36;
	error = ordinary_work(96 * MB);
	if (error)
		return error;
	while (got < 1024 * MB && malloc(n))
		got += n;
	return got < 512 * MB ? 0 : 37;
}

/* Locked in RAM, present and future: that holds what is used, no more. */
static int locked_work(void)
{
	int error = ordinary_work(8 * MB);
	long before, grown;

	if (!error && mlockall(MCL_CURRENT | MCL_FUTURE))
		return 38;
	before = rss_kb();
	error = worst(error, ordinary_work(64 * MB));
	grown = rss_kb() - before;
	return error ? error : grown > 192 * 1024 ? 39 : 0;
}

/*
 * A daemon without privileges has all that it maps locked, and may lock 8 MB:
 * most of that is to be had, though memory that grows by steps does not fit.
 */
static int locked_to_the_limit(void)
{
	struct rlimit most = { 8 * MB, 8 * MB };
	size_t got = 0, room;

	free(malloc(100));
	if (setrlimit(RLIMIT_MEMLOCK, &most) || setgid(65534) || setuid(65534))
		return 60;
	if (mlockall(MCL_CURRENT | MCL_FUTURE))
		return 61;
	room = 8 * MB - (size_t)status_kb("VmLck:") * KB;
	while (malloc(1000))
		got += 1000;
	return got > room / 13 * 12 ? 0 : 62;
}

/* A limit is there to be used: most of it in one block. */
static int one_block(size_t n)
{
	char *p = malloc(n);

	if (!p)
		return 35;
	p[0] = p[n - 1] = 1;
	free(p);
	return 0;
}

static void *exhaust_thread(void *arg)
{
	size_t n = (size_t)arg;
	void **list;
	int i;

	for (i = 0; i < 3; i++) {
		if (!take_all(n, &list) && list)
			return arg;
		give_all(list);
	}
	return NULL;
}

static int exhaust_in_threads(void)
{
	static const size_t n[] = { 64, 1000, 20000, 300000 };
	pthread_attr_t attr;
	pthread_t t[4];
	void *ret;
	int i, bad = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 256 * KB);
	for (i = 0; i < 4; i++)
		if (pthread_create(&t[i], &attr, exhaust_thread, (void *)n[i]))
			return 40;
	for (i = 0; i < 4; i++) {
		pthread_join(t[i], &ret);
		bad += ret != NULL;
	}
	return bad ? 41 : ordinary_work(6 * MB);
}

/* More live blocks with mappings of their own than the kernel allows. */
static int many_mappings(void)
{
	enum { BLOCKS = 70000 };
	void **p = map_pages(BLOCKS * sizeof(*p));
	size_t i;
	void *q;

	for (i = 0; i < BLOCKS; i++) {
		p[i] = malloc(132 * KB);
		if (!p[i] && errno != ENOMEM)
			return 50;
	}
	for (i = 0; i < BLOCKS; i += 2)
		free(p[i]);
	q = malloc(100);
	if (!q)
		return 51;
	free(q);
	for (i = 1; i < BLOCKS; i += 2)
		free(p[i]);
	q = malloc(32 * MB);
	if (!q)
		return 52;
	free(q);
	return 0;
}

/* Every function of the family, with nothing to be had; 0: all say so. */
static int all_refused(void)
{
	static const size_t sizes[] = { 1, 100, 1000, 64 * KB, 200 * KB, MB };
	void *out = NULL;
	size_t i, n;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		n = sizes[i];
		errno = 0;
		if (malloc(n) || errno != ENOMEM)
			return 70;
		errno = 0;
		if (calloc(1, n) || errno != ENOMEM)
			return 71;
		errno = 0;
		if (realloc(NULL, n) || errno != ENOMEM)
			return 72;
		if (posix_memalign(&out, 64, n) != ENOMEM || out)
			return 73;
		if (aligned_alloc(8 * KB, n) || valloc(n))
			return 74;
	}
	free(NULL);
	malloc_trim(0);
	return mallinfo2().uordblks != 0;
}

/*
 * The process cannot get any memory when it first allocates: each call is
 * refused, in silence, until there is some.
 */
static int first_malloc(void)
{
	struct rlimit was, none;
	int silent = memfd_create("stderr", 0), error;

	getrlimit(RLIMIT_AS, &was);
	none = was;
	none.rlim_cur = 4 * KB;
	if (silent < 0 || dup2(silent, 2) != 2 || setrlimit(RLIMIT_AS, &none))
		return 75;
	error = all_refused();
	if (setrlimit(RLIMIT_AS, &was))
		return 76;
	if (error || lseek(silent, 0, SEEK_END) > 0)
		return worst(error, 78);
	return ordinary_work(8 * MB);
}

static int count_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int count = 0;

	if (!d)
		return -1;
	while (readdir(d))
		count++;
	closedir(d);
	return count - 3; /* ".", ".." and the directory itself */
}

static int close_all(void *arg)
{
	(void)arg;
	return close_range(0, ~0U, 0);
}

static int close_but_standard(void *arg)
{
	(void)arg;
	return close_range(3, ~0U, 0);
}

/* The allocator holds no descriptor that a program could trip over. */
static int use_descriptors(int want)
{
	int error = ordinary_work(8 * MB);

	return worst(error, count_descriptors() == want ? 0 : 60);
}

static int no_randomization(void *arg)
{
	(void)arg;
	return personality(ADDR_NO_RANDOMIZE) < 0;
}

/* The legacy layout: mappings grow upwards. */
static int legacy_layout(void *arg)
{
	(void)arg;
	return personality(ADDR_COMPAT_LAYOUT) < 0;
}

static int no_huge_pages(void *arg)
{
	(void)arg;
	return prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
}

static int perform(const char *work)
{
	if (!strcmp(work, "32M"))
		return ordinary_work(32 * MB);
	if (!strcmp(work, "96M"))
		return ordinary_work(96 * MB);
	if (!strcmp(work, "exhaust-48"))
		return exhaust(48, 128 * MB);
	if (!strcmp(work, "exhaust-5000"))
		return exhaust(5000, 128 * MB);
	if (!strcmp(work, "exhaust-64K"))
		return exhaust(64 * KB, 128 * MB);
	if (!strcmp(work, "exhaust-1M"))
		return exhaust(MB, 128 * MB);
	if (!strcmp(work, "realloc"))
		return exhausted_realloc();
	if (!strcmp(work, "small-then-large"))
		return small_then_large();
	if (!strcmp(work, "late-limit"))
		return late_limit();
	if (!strcmp(work, "locked"))
		return locked_work();
	if (!strcmp(work, "locked-8M"))
		return locked_to_the_limit();
	if (!strcmp(work, "one-180M"))
		return one_block(180 * MB);
	if (!strcmp(work, "threads"))
		return exhaust_in_threads();
	if (!strcmp(work, "first"))
		return first_malloc();
	if (!strcmp(work, "mappings"))
		return many_mappings();
	if (!strcmp(work, "no-descriptors"))
		return use_descriptors(0);
	if (!strcmp(work, "descriptors"))
		return use_descriptors(3);
	return 77;
}

static void try(const char *name, const char *work, int (*prepare)(void *),
		void *arg)
{
	int status = in_fresh(work, prepare, arg, 20);

	check(exited_well(status), name, "%s", ending(status));
}

static void check_limits(void)
{
	static struct limit as[] = {
		{ RLIMIT_AS, 128 * MB },
		{ RLIMIT_AS, 256 * MB },
		{ RLIMIT_AS, 1024 * MB },
		{ RLIMIT_AS, 8192 * MB },
	};
	static struct limit data = { RLIMIT_DATA, 64 * MB };

	try("as-128M", "32M", set_limit, &as[0]);
	try("as-256M", "96M", set_limit, &as[1]);
	try("as-256M-one-block", "one-180M", set_limit, &as[1]);
	try("as-1G", "96M", set_limit, &as[2]);
	try("as-512M-set-late", "late-limit", NULL, NULL);
	try("as-8G", "96M", set_limit, &as[3]);
	try("data-64M", "32M", set_limit, &data);
}

static void check_exhaustion(void)
{
	static struct limit as = { RLIMIT_AS, 256 * MB };
	static struct limit data = { RLIMIT_DATA, 192 * MB };

	try("exhaust-48", "exhaust-48", set_limit, &as);
	try("exhaust-5000", "exhaust-5000", set_limit, &as);
	try("exhaust-64K", "exhaust-64K", set_limit, &as);
	try("exhaust-1M", "exhaust-1M", set_limit, &as);
	try("exhaust-realloc", "realloc", set_limit, &as);
	try("small-then-large", "small-then-large", set_limit, &as);
	try("exhaust-threads", "threads", set_limit, &as);
	try("exhaust-data-5000", "exhaust-5000", set_limit, &data);
	try("exhaust-data-1M", "exhaust-1M", set_limit, &data);
}

int main(int argc, char **argv)
{
	begin("limits");
	if (argc > 1)
		return perform(argv[1]);
	check_limits();
	check_exhaustion();
	try("first-malloc-refused", "first", NULL, NULL);
	try("many-mappings", "mappings", NULL, NULL);
	try("closed-descriptors", "no-descriptors", close_all, NULL);
	try("no-descriptor-kept", "descriptors", close_but_standard, NULL);
	try("no-randomization", "32M", no_randomization, NULL);
	try("legacy-layout", "32M", legacy_layout, NULL);
	if (!geteuid())
		try("locked", "locked", NULL, NULL);
	else
		say("# locking memory needs root: not checked");
	if (!geteuid())
		try("locked-8M", "locked-8M", NULL, NULL);
	try("no-huge-pages", "32M", no_huge_pages, NULL);
	return finish();
}
