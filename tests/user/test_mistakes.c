/* SPDX-License-Identifier: MIT */
/*
 * Wrong programs: each mistake must end in exactly one line on stderr,
 *
 *	==PID==ERROR: Ashlar: KIND ...
 *
 * and SIGABRT; never in silence, never in a crash.  Every mistake is made by
 * a forked child, whose stderr we read.
 *
 * KIND as wanted here: "double-free", "bad-free", or a pattern that ends in
 * '*'; several are separated by '|'.
 */
#include "check.h"
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/resource.h>

extern void free_sized(void *p, size_t size) __attribute__((weak));
extern char **environ;

struct outcome {
	int status;
	pid_t pid;
	char text[2000];
};

/* Everything the child says until it ends, or until the time is over. */
static void listen_to(int fd, struct outcome *o)
{
	size_t used = 0;
	ssize_t n;
	struct pollfd p = { fd, POLLIN, 0 };

	while (used < sizeof(o->text) - 1 && poll(&p, 1, 10000) > 0) {
		n = read(fd, o->text + used, sizeof(o->text) - 1 - used);
		if (n <= 0)
			break;
		used += n;
	}
	o->text[used] = '\0';
	o->status = wait_for(o->pid, 10);
}

static void make_mistake(void (*mistake)(void *arg), void *arg,
			 struct outcome *o)
{
	int fds[2];

	if (pipe(fds))
		_exit(99);
	o->pid = fork();
	if (!o->pid) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		close(fds[1]);
		mistake(arg);
		_exit(0);
	}
	close(fds[1]);
	listen_to(fds[0], o);
	close(fds[0]);
}

static bool kind_fits(const char *text, const char *kinds)
{
	while (*kinds) {
		size_t n = strcspn(kinds, "|*");
		bool prefix = kinds[n] == '*';

		if (!strncmp(text, kinds, n) &&
		    (prefix || strchr(" :\n", text[n])))
			return true;
		kinds += n;
		kinds += strcspn(kinds, "|");
		kinds += *kinds == '|';
	}
	return false;
}

/* What is wrong with the way it ended, or NULL. */
static const char *complaint(struct outcome *o, const char *kinds)
{
	static char why[300];
	char head[60];
	size_t n = snprintf(head, sizeof(head),
			    "==%d==ERROR: Ashlar: ", (int)o->pid);
	char *newline = strchr(o->text, '\n');

	if (o->status == HUNG || !WIFSIGNALED(o->status) ||
	    WTERMSIG(o->status) != SIGABRT)
		snprintf(why, sizeof(why), "no SIGABRT but %s, stderr: %.120s",
			 ending(o->status), *o->text ? o->text : "(empty)");
	else if (!on_ashlar())
		return NULL;
	else if (strncmp(o->text, head, n))
		snprintf(why, sizeof(why), "no report line, stderr: %.150s",
			 *o->text ? o->text : "(empty)");
	else if (!newline || newline[1])
		snprintf(why, sizeof(why), "not one line: %.200s", o->text);
	else if (!kind_fits(o->text + n, kinds))
		snprintf(why, sizeof(why), "want %s: %.150s", kinds, o->text);
	else
		return NULL;
	return why;
}

static void expect(const char *name, const char *kinds,
		   void (*mistake)(void *arg), void *arg)
{
	struct outcome o;
	const char *why;

	make_mistake(mistake, arg, &o);
	why = complaint(&o, kinds);
	check(!why, name, "%s", why);
}

/* The same of many sizes: one check, which names the first to fail. */
struct sized {
	size_t n, offset, others;
};

struct sweep {
	const char *name, *kinds;
	int failures, tried;
	char first[400];
};

static void sweep_one(struct sweep *s, void (*mistake)(void *arg),
		      struct sized *what)
{
	struct outcome o;
	const char *why;

	make_mistake(mistake, what, &o);
	why = complaint(&o, s->kinds);
	s->tried++;
	if (why && !s->failures++)
		snprintf(s->first, sizeof(s->first),
			 "size %zu, offset %zu, others %zu: %s", what->n,
			 what->offset, what->others, why);
}

static void sweep_end(struct sweep *s)
{
	check(s->tried && !s->failures, s->name, "%d of %d, first: %s",
	      s->failures, s->tried, s->first);
}

static const size_t sizes[] = {
	1,     16,    24,    32,     48,     64,     100,    128,     200,
	256,   500,   1000,  1024,   2000,   4096,   5000,   8192,    10000,
	20000, 32768, 65536, 100000, 131072, 140000, 262144, 1000000, 10000000
};

/* ---- double frees ---- */

static void free_twice(void *arg)
{
	struct sized *s = arg;
	void *p = malloc(s->n);

	free(p);
	free(p);
}

/* a, then others of the same size, then a again. */
static void free_around(void *arg)
{
	struct sized *s = arg;
	void **others = map_pages((s->others + 1) * sizeof(*others));
	void *p = malloc(s->n);
	size_t i;

	for (i = 0; i < s->others; i++)
		others[i] = malloc(s->n);
	free(p);
	for (i = 0; i < s->others; i++)
		free(others[i]);
	free(p);
}

/*
 * The freed block stays free: what is allocated since has other sizes, and
 * neighbours of its own size keep its pages from serving them.
 */
static void free_after_mallocs(void *arg)
{
	struct sized *s = arg;
	void *p, *neighbours[32];
	size_t i, n;

	for (i = 0; i < 16; i++)
		neighbours[i] = malloc(s->n);
	p = malloc(s->n);
	for (; i < 32; i++)
		neighbours[i] = malloc(s->n);
	free(p);
	for (i = 0, n = 1; i < 300; i++) {
		n = n * 5 % 8191 + 1;
		if (n / 2 > s->n + 16 || n * 2 + 16 < s->n)
			memset(malloc(n), 1, n);
	}
	free(p);
	free(neighbours[0]);
}

/* The block was taken again and freed by its second owner. */
static void free_recycled(void *arg)
{
	struct sized *s = arg;
	void *p = malloc(s->n);

	free(p);
	free(malloc(s->n));
	free(p);
}

static void free_after_trim(void *arg)
{
	struct sized *s = arg;
	void *p = malloc(s->n), *q = malloc(s->n);

	free(q);
	free(p);
#ifdef __GLIBC__
	malloc_trim(0);
#endif
	free(p);
}

static void *thread_free(void *p)
{
	free(p);
	return NULL;
}

static void in_thread(void *(*work)(void *), void *arg)
{
	pthread_t t;

	if (pthread_create(&t, NULL, work, arg))
		_exit(95);
	pthread_join(t, NULL);
}

static void free_here_then_there(void *arg)
{
	struct sized *s = arg;
	void *p = malloc(s->n);

	free(p);
	in_thread(thread_free, p);
}

static void free_there_then_here(void *arg)
{
	struct sized *s = arg;
	void *p = malloc(s->n);

	in_thread(thread_free, p);
	free(p);
}

static void free_there_twice(void *arg)
{
	struct sized *s = arg;
	void *p = malloc(s->n);

	in_thread(thread_free, p);
	in_thread(thread_free, p);
}

static void *thread_malloc(void *arg)
{
	void **result = arg;

	*result = malloc((size_t)*result);
	return NULL;
}

/* Allocated by a thread that is gone by now. */
static void free_of_the_dead(void *arg)
{
	struct sized *s = arg;
	void *p = (void *)s->n;

	in_thread(thread_malloc, &p);
	free(p);
	free(p);
}

static void *thread_wait(void *arg)
{
	pthread_barrier_wait(arg);
	pthread_barrier_wait(arg);
	return NULL;
}

struct keeper {
	pthread_barrier_t b;
	void *p;
};

static void *thread_free_and_stay(void *arg)
{
	struct keeper *k = arg;

	free(k->p);
	return thread_wait(&k->b);
}

/* The block lies in the lists of another thread that lives. */
static void free_of_the_living(void *arg)
{
	struct sized *s = arg;
	struct keeper k;
	pthread_t t;

	k.p = malloc(s->n);
	pthread_barrier_init(&k.b, NULL, 2);
	pthread_create(&t, NULL, thread_free_and_stay, &k);
	pthread_barrier_wait(&k.b);
	free(k.p);
}

static void free_moved(void *arg)
{
	struct sized *s = arg;
	void *p = malloc(s->n), *wall = malloc(s->n), *q;

	q = realloc(p, s->n * 20 + 300000);
	/* Moved in place by mremap: then that is one block freed twice. */
	free(q);
	free(wall);
	free(p);
}

static void realloc_freed(void *arg)
{
	struct sized *s = arg;
	void *p = malloc(s->n);

	free(p);
	p = realloc(p, s->n * 2);
}

static void free_after_realloc_zero(void *arg)
{
	struct sized *s = arg;
	void *p = malloc(s->n), *q = realloc(p, 0);

	free(q);
	free(p);
}

static void sweep_sizes(const char *name, const char *kinds,
			void (*mistake)(void *), size_t others)
{
	struct sweep s = { .name = name, .kinds = kinds };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct sized what = { sizes[i], 0, others };

		if (others * sizes[i] <= 64 * MB)
			sweep_one(&s, mistake, &what);
	}
	sweep_end(&s);
}

static void check_double_frees(void)
{
	const char *either = "double-free|bad-free";

	sweep_sizes("free-twice", "double-free", free_twice, 0);
	sweep_sizes("free-a-b-a", either, free_around, 1);
	sweep_sizes("free-around-10", either, free_around, 10);
	sweep_sizes("free-around-100", either, free_around, 100);
	sweep_sizes("free-around-1000", either, free_around, 1000);
	sweep_sizes("free-around-20000", either, free_around, 20000);
	sweep_sizes("free-after-mallocs", either, free_after_mallocs, 0);
	sweep_sizes("free-recycled", either, free_recycled, 0);
	sweep_sizes("free-after-trim", either, free_after_trim, 0);
	sweep_sizes("free-here-then-there", either, free_here_then_there, 0);
	sweep_sizes("free-there-then-here", either, free_there_then_here, 0);
	sweep_sizes("free-there-twice", either, free_there_twice, 0);
	sweep_sizes("free-of-the-dead", either, free_of_the_dead, 0);
	sweep_sizes("free-of-the-living", either, free_of_the_living, 0);
	sweep_sizes("free-moved", either, free_moved, 0);
	sweep_sizes("realloc-freed", "*", realloc_freed, 0);
	sweep_sizes("free-after-realloc-zero", either, free_after_realloc_zero,
		    0);
}

/* The kind is told right where a block's slab is still there. */
static void check_double_free_kind(void)
{
	struct sized small = { 100, 0, 0 };

	expect("kind", "double-free", free_twice, &small);
}

/* ---- interior pointers ---- */

static void free_inside(void *arg)
{
	struct sized *s = arg;
	char *p = malloc(s->n);

	free(p + s->offset);
}

static void free_inside_warm(void *arg)
{
	struct sized *s = arg;
	size_t i;

	for (i = 0; i < 40; i++)
		memset(malloc(s->n), 1, 1);
	free_inside(arg);
}

static void realloc_inside(void *arg)
{
	struct sized *s = arg;
	char *p = malloc(s->n);

	p = realloc(p + s->offset, s->n * 2);
}

static void usable_inside(void *arg)
{
	struct sized *s = arg;
	char *p = malloc(s->n);

	if (malloc_usable_size(p + s->offset) > s->n * 2)
		_exit(1);
}

static void free_inside_aligned(void *arg)
{
	struct sized *s = arg;
	char *p = aligned_alloc(4096, s->n);

	free(p + s->offset);
}

static void sweep_offsets(const char *name, const char *kinds,
			  void (*mistake)(void *), bool all)
{
	static const size_t offsets[] = { 1,	 2,	 4,	8,    15,
					  16,	 24,	 32,	48,   64,
					  100,	 128,	 1024,	4096, 8192,
					  65536, 131072, 262144 };
	struct sweep s = { .name = name, .kinds = kinds };
	size_t i, j;

	for (i = 1; i < ARRAY_SIZE(sizes); i++) {
		size_t n = sizes[i];
		struct sized last = { n, n - 1, 0 }, half = { n, n / 2, 0 };

		for (j = 0; j < ARRAY_SIZE(offsets); j++) {
			struct sized what = { n, offsets[j], 0 };

			if (offsets[j] < n && (all || (i + j) % 3 == 0))
				sweep_one(&s, mistake, &what);
		}
		sweep_one(&s, mistake, &last);
		sweep_one(&s, mistake, &half);
	}
	sweep_end(&s);
}

static void check_interior(void)
{
	sweep_offsets("interior", "bad-free", free_inside, true);
	sweep_offsets("interior-warm", "bad-free", free_inside_warm, false);
	sweep_offsets("interior-aligned", "bad-free", free_inside_aligned,
		      false);
	sweep_offsets("interior-realloc", "bad-*", realloc_inside, false);
	sweep_offsets("interior-usable-size", "bad-*", usable_inside, false);
}

/* ---- foreign pointers ---- */

static long data[16] = { 1 };
static long bss[16];
static __thread long tls[16];

static void free_it(void *p)
{
	free(p);
}

static void realloc_it(void *p)
{
	p = realloc(p, 100);
}

static void usable_it(void *p)
{
	if (malloc_usable_size(p) == 1)
		_exit(1);
}

static void free_sized_it(void *p)
{
	if (free_sized)
		free_sized(p, 64);
	else
		free(p);
}

static void after_use(void *p)
{
	int i;

	for (i = 1; i < 200; i++)
		free(malloc(i * i));
	memset(malloc(100), 1, 100);
	free(p);
}

static const struct {
	const char *name;
	void (*mistake)(void *p);
} ways[] = {
	{ "free", free_it },
	{ "free-after-use", after_use },
	{ "realloc", realloc_it },
	{ "usable-size", usable_it },
	{ "free_sized", free_sized_it },
};

static void check_foreign(void *stack)
{
	char *map = map_pages(16 * MB), *hole = map_pages(MB);
	struct {
		const char *name;
		void *p;
	} foreign[] = {
		{ "stack", stack },
		{ "stack-odd", (char *)stack + 1 },
		{ "data", data },
		{ "data-inside", data + 2 },
		{ "bss", bss },
		{ "thread-local", tls },
		{ "text", (void *)(uintptr_t)check_foreign },
		{ "literal", (void *)(uintptr_t) "a string of some length" },
		{ "environment", environ[0] },
		{ "libc-data", stdout },
		{ "vdso", (void *)getauxval(AT_SYSINFO_EHDR) },
		{ "mapping", map },
		{ "mapping-inside", map + 5 * MB + 64 },
		{ "mapping-header", map + 16 },
		{ "unmapped", hole + 4096 },
		{ "8", (void *)8 },
		{ "16", (void *)16 },
		{ "4096", (void *)4096 },
		{ "minus-16", (void *)-16L },
		{ "minus-1", (void *)-1L },
		{ "non-canonical", (void *)0x00de00adbeef0000 },
		{ "kernel", (void *)0xffff888000000000 },
		{ "2^47", (void *)0x7ffffffff000 },
		{ "brk", sbrk(0) },
	};
	char name[80];
	size_t i, j;

	munmap(hole, MB);
	for (i = 0; i < ARRAY_SIZE(foreign); i++)
		for (j = 0; j < ARRAY_SIZE(ways); j++) {
			snprintf(name, sizeof(name), "foreign-%s-%s",
				 foreign[i].name, ways[j].name);
			expect(name, j < 2 ? "bad-free" : "bad-*",
			       ways[j].mistake, foreign[i].p);
		}
	munmap(map, 16 * MB);
}

/* ---- circumstances ---- */

static void *thread_mistake(void *arg)
{
	free_twice(arg);
	return NULL;
}

static void mistake_in_thread(void *arg)
{
	in_thread(thread_mistake, arg);
}

static void mistake_on_small_stack(void *arg)
{
	pthread_attr_t attr;
	pthread_t t;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 32 * KB);
	if (!pthread_create(&t, &attr, thread_mistake, arg))
		pthread_join(t, NULL);
}

static void mistake_with_ignored(void *arg)
{
	signal(SIGABRT, SIG_IGN);
	free_twice(arg);
}

static void mistake_with_blocked(void *arg)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	free_twice(arg);
}

static void mistake_without_stderr(void *arg)
{
	close(STDERR_FILENO);
	free_twice(arg);
}

static void on_abort(int sig)
{
	_exit(sig == SIGABRT ? 42 : 43);
}

static void mistake_with_handler(void *arg)
{
	signal(SIGABRT, on_abort);
	free_twice(arg);
}

static void mistake_in_exec(void *arg)
{
	execl("/proc/self/exe", "mistakes", "free-twice", (char *)arg);
}

static void check_circumstances(void)
{
	struct sized s = { 100, 0, 0 };
	const char *either = "double-free|bad-free";
	struct outcome o;

	expect("in-thread", either, mistake_in_thread, &s);
	expect("on-small-stack", either, mistake_on_small_stack, &s);
	expect("abort-ignored", either, mistake_with_ignored, &s);
	expect("signals-blocked", either, mistake_with_blocked, &s);
	expect("first-thing-in-a-program", either, mistake_in_exec, NULL);
	make_mistake(mistake_without_stderr, &s, &o);
	check(WIFSIGNALED(o.status) && WTERMSIG(o.status) == SIGABRT,
	      "stderr-closed", "%s", ending(o.status));
	make_mistake(mistake_with_handler, &s, &o);
	check(WIFEXITED(o.status) && WEXITSTATUS(o.status) == 42,
	      "abort-handler-runs", "%s", ending(o.status));
}

/* A program with a small heap, which ends not far behind its blocks. */
static void check_far_write(void)
{
	int status = in_fresh("write-far", NULL, NULL, 20);

	check(status != HUNG && WIFSIGNALED(status) &&
		      WTERMSIG(status) == SIGSEGV,
	      "a-megabyte-behind", "%s", ending(status));
}

static int write_far(void)
{
	struct rlimit none = { 0, 0 };
	char *volatile p = malloc(40);

	setrlimit(RLIMIT_CORE, &none);
	memset(p, 1, 40 + MB);
	return 0;
}

int main(int argc, char **argv)
{
	static struct sized s = { 40, 0, 0 };
	long stack[16] = { 0 };

	begin("mistakes");
	if (argc > 1 && !strcmp(argv[1], "write-far"))
		return write_far();
	if (argc > 1 && argv[1]) {
		free_twice(&s);
		return 0;
	}
	check_double_frees();
	check_double_free_kind();
	check_interior();
	check_foreign(stack);
	check_circumstances();
	check_far_write();
	return finish();
}
