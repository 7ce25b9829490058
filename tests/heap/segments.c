/* SPDX-License-Identifier: MIT */
/*
 * Shared heaps as their users meet them: names, descriptors and memory of
 * shmat(); unrelated processes; segments that are none; wrong releases; and
 * workers of which one after the other is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/shm.h>
#include <time.h>
#include "heap_test.h"

#define MB (1ul << 20)

static char name[40];

/* ---- whole programs: this one, started anew ---- */

static int other_process(void)
{
	struct ashlar_heap *h;
	char *text;

	if (ashlar_heap_open(&h, name))
		return 1;
	text = ashlar_heap_root(h);
	if (!text || strcmp(text, "from the first"))
		return 2;
	if (ashlar_heap_free_from(h, ashlar_heap_root_ref(h)))
		return 3;
	text = ashlar_heap_alloc_to(h, 5000, ashlar_heap_root_ref(h));
	if (!text)
		return 4;
	strcpy(text, "from the second");
	ashlar_heap_close(h);
	return 0;
}

static int run_other(const char *self)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		execl(self, self, "other", name, NULL);
		_exit(9);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static void check_processes(const char *self)
{
	struct ashlar_heap *h, *again;
	size_t blocks;
	int err = ashlar_heap_create(&h, name, 4 * MB);

	if (!check(!err, "create", "%s", ashlar_heap_error(err)))
		return;
	check(ashlar_heap_create(&again, name, MB) == -EEXIST, "create-twice",
	      "it was let through");
	strcpy(ashlar_heap_alloc_to(h, 100, ashlar_heap_root_ref(h)),
	       "from the first");
	err = run_other(self);
	check(!err, "unrelated-process", "it ended with %d", err);
	check(!strcmp(ashlar_heap_root(h), "from the second"), "its-answer",
	      "%s", (char *)ashlar_heap_root(h));
	/* A second mapping, elsewhere: the references are the same. */
	err = ashlar_heap_open(&again, name);
	check(!err && ashlar_heap_root(again) != ashlar_heap_root(h) &&
		      !strcmp(ashlar_heap_root(again), "from the second"),
	      "relocatable", "%s", ashlar_heap_error(err));
	ashlar_heap_used(again, &blocks);
	check(blocks == 1, "blocks", "%zu", blocks);
	ashlar_heap_close(again);
	ashlar_heap_destroy(h);
	check(ashlar_heap_open(&h, name) == -ENOENT, "destroyed",
	      "it is still there");
}

static void check_sysv(void)
{
	int id = shmget(IPC_PRIVATE, MB, 0600);
	void *first = shmat(id, NULL, 0), *second = shmat(id, NULL, 0);
	struct ashlar_heap *h = NULL, *again = NULL;
	int err;

	shmctl(id, IPC_RMID, NULL);
	err = ashlar_heap_create_at(&h, first, MB);
	if (!err)
		err = ashlar_heap_open_at(&again, second, MB);
	check(!err, "sysv-segment", "%s", ashlar_heap_error(err));
	if (!err) {
		void *p = ashlar_heap_alloc(h, 300);
		ashlar_heap_ref ref = ashlar_heap_ref_of(h, p);

		check(!ashlar_heap_free(again, ashlar_heap_pointer(again, ref)),
		      "sysv-release", "of a block of the other mapping");
	}
	ashlar_heap_close(h);
	ashlar_heap_close(again);
	shmdt(first);
	shmdt(second);
}

/* ---- segments that are none ---- */

static int open_changed(size_t size, size_t offset, const void *bytes, size_t n)
{
	struct ashlar_heap *h = NULL, *other;
	int fd, err;

	ashlar_heap_create(&h, NULL, MB);
	fd = dup(ashlar_heap_fd(h));
	if (pwrite(fd, bytes, n, (off_t)offset) < 0 ||
	    ftruncate(fd, (off_t)size))
		return 1;
	err = ashlar_heap_open_fd(&other, fd);
	if (!err)
		ashlar_heap_close(other);
	else
		close(fd);
	ashlar_heap_close(h);
	return err;
}

#define AT(field) __builtin_offsetof(struct heap_header, field)

static void expect(const char *what, int want, int err)
{
	check(err == want && strlen(ashlar_heap_error(err)) > 10, what,
	      "%d: %s", err, ashlar_heap_error(err));
}

/* As a processor of the other order writes it: each number turned around. */
static int open_turned(void)
{
	struct heap_header turned = {
		.magic = __builtin_bswap64(HEAP_MAGIC),
		.version = __builtin_bswap32(HEAP_VERSION),
		.word = __builtin_bswap16(sizeof(void *)),
		.page_shift = __builtin_bswap16(HEAP_PAGE_SHIFT),
		.size = __builtin_bswap64(MB),
		.nr_pages = __builtin_bswap64(MB >> HEAP_PAGE_SHIFT),
		.first_page = __builtin_bswap64(2),
	};

	return open_changed(MB, 0, &turned, sizeof(turned));
}

/* Each has a sentence of its own, but what the system says. */
static void check_sentences(void)
{
	static const int errors[] = {
		0,	  EMEDIUMTYPE, EAGAIN,		EILSEQ,
		ENOEXEC,  ERANGE,      ENODATA,		EBADMSG,
		EXDEV,	  EEXIST,      ENOENT,		EINVAL,
		EALREADY, ENOMEM,      EPROTONOSUPPORT, ENOTRECOVERABLE
	};
	size_t n = sizeof(errors) / sizeof(*errors), i, j, same = 0;

	for (i = 0; i < n; i++)
		for (j = 0; j < i; j++)
			same += !strcmp(ashlar_heap_error(-errors[i]),
					ashlar_heap_error(-errors[j]));
	check(!same, "a-sentence-each", "%zu are another's", same);
}

static void check_bad_segments(void)
{
	static char garbage[1 << 16];
	u64 state = 7, huge = 1ull << 40;
	u32 version = HEAP_VERSION + 1;
	u16 word = 12 - sizeof(void *), page_shift = HEAP_PAGE_SHIFT + 3;
	struct ashlar_heap *h;
	size_t i;

	for (i = 0; i < sizeof(garbage); i++)
		garbage[i] = (char)next_random(&state);
	expect("as-it-is", 0, open_changed(MB, 0, "", 0));
	expect("garbage", -EMEDIUMTYPE,
	       open_changed(MB, 0, garbage, sizeof(garbage)));
	expect("other-version", -EPROTONOSUPPORT,
	       open_changed(MB, AT(version), &version, sizeof(version)));
	expect("other-word", -ENOEXEC,
	       open_changed(MB, AT(word), &word, sizeof(word)));
	expect("other-order", -EILSEQ, open_turned());
	expect("other-pages", -ERANGE,
	       open_changed(MB, AT(page_shift), &page_shift,
			    sizeof(page_shift)));
	expect("cut-short", -ENODATA, open_changed(MB / 2, 0, "", 0));
	expect("cut-to-nothing", -ENODATA, open_changed(0, 0, "", 0));
	expect("cut-to-a-part-of-a-page", -ENODATA, open_changed(10, 0, "", 0));
	expect("size-of-another", -ENODATA,
	       open_changed(MB, AT(size), &huge, sizeof(huge)));
	expect("pages-of-another", -EBADMSG,
	       open_changed(MB, AT(nr_pages), &huge, sizeof(huge)));
	expect("other-pid-space", -EXDEV,
	       open_changed(MB, AT(pid_space), &huge, sizeof(huge)));
	expect("not-made-yet", -EAGAIN,
	       open_changed(MB, 0, "\0\0\0\0\0\0\0", 8));
	expect("name-without-slash", -EINVAL,
	       ashlar_heap_create(&h, "heap", MB));
	expect("name-with-two", -EINVAL, ashlar_heap_create(&h, "/a/b", MB));
	expect("too-small", -EINVAL, ashlar_heap_create(&h, name, 4096));
}

/* A header that is right, and garbage behind it: calls end, and fail. */
static void check_damaged(void)
{
	struct ashlar_heap *h;
	u64 state = 3;
	size_t i, n;
	char *byte;

	ashlar_heap_create(&h, NULL, MB);
	for (i = 0; i < 200; i++) {
		void *p = ashlar_heap_alloc(h, i * 40);

		if (i % 2)
			ashlar_heap_free(h, p);
	}
	byte = (char *)h->page + 16 * sizeof(*h->page);
	n = (h->nr_pages - 16) * sizeof(*h->page);
	for (i = 0; i < n; i++)
		byte[i] = (char)next_random(&state);
	alarm(10);
	for (i = 0; i < 2000; i++)
		ashlar_heap_free(h, h->base + next_random(&state) % MB);
	check(ashlar_heap_validate(h) == -EBADMSG, "damage-is-found",
	      "it was not");
	alarm(0);
	ashlar_heap_close(h);
}

static void check_wrong_releases(void)
{
	struct ashlar_heap *h;
	char *small, *large;
	ashlar_heap_ref outside = 0;
	int here;

	ashlar_heap_create(&h, NULL, MB);
	small = ashlar_heap_alloc(h, 100);
	large = ashlar_heap_alloc(h, 50000);
	check(ashlar_heap_usable_size(h, small) == 112 &&
		      ashlar_heap_usable_size(h, large) == 57344,
	      "usable-size", "%zu, %zu", ashlar_heap_usable_size(h, small),
	      ashlar_heap_usable_size(h, large));
	check(ashlar_heap_free(h, small + 16) == -EINVAL &&
		      ashlar_heap_free(h, large + 8192) == -EINVAL &&
		      ashlar_heap_free(h, large + 16) == -EINVAL &&
		      ashlar_heap_free(h, &here) == -EINVAL &&
		      ashlar_heap_free(h, h->base) == -EINVAL &&
		      ashlar_heap_free(h, h->base + MB - 8) == -EINVAL,
	      "no-blocks", "one was released");
	ashlar_heap_alloc(h, 100);
	check(!ashlar_heap_free(h, small) &&
		      ashlar_heap_free(h, small) == -EALREADY,
	      "twice", "it was released twice");
	check(!ashlar_heap_free(h, large) &&
		      ashlar_heap_free(h, large) == -EINVAL,
	      "large-twice", "it was released twice");
	check(!ashlar_heap_alloc_to(h, 10, &outside), "reference-outside",
	      "it was written");
	check(!ashlar_heap_alloc(h, 2 * MB) && !ashlar_heap_alloc(h, ~0ul),
	      "too-large", "there was room");
	check(!ashlar_heap_validate(h), "whole-afterwards", "it is damaged");
	ashlar_heap_close(h);
}

/* Until there is no room, and again as much when all is released. */
static void check_full(void)
{
	static void *p[100000];
	struct ashlar_heap *h;
	size_t first, second, i;

	ashlar_heap_create(&h, NULL, MB);
	for (first = 0; (p[first] = ashlar_heap_alloc(h, 24)); first++)
		memset(p[first], 1, 24);
	for (i = 0; i < first; i++)
		ashlar_heap_free(h, p[i]);
	for (second = 0; (p[second] = ashlar_heap_alloc(h, 1500)); second++)
		memset(p[second], 2, 1500);
	check(first * 32 > MB * 9 / 10 && second * 1638 > MB * 9 / 10, "full",
	      "%zu of 24 bytes, then %zu of 1500", first, second);
	check(!ashlar_heap_validate(h), "whole-when-full", "it is damaged");
	ashlar_heap_close(h);
}

/* ---- workers that are killed ---- */

enum { WORKERS = 4, DEATHS = 60 };

static pid_t worker(struct ashlar_heap *h, unsigned int nr, u64 seed)
{
	pid_t pid = fork();
	unsigned int share = NR_REFS / WORKERS;

	if (!pid) {
		for (;;)
			churn(h, seed++, 1000, nr * share, (nr + 1) * share);
	}
	return pid;
}

static void check_workers(void)
{
	struct ashlar_heap *h = heap_with_table(4 * MB);
	const char *wrong;
	pid_t pid[WORKERS];
	u64 state = 5;
	int i;

	for (i = 0; i < WORKERS; i++)
		pid[i] = worker(h, (unsigned int)i, (u64)i + 1);
	for (i = 0; i < DEATHS; i++) {
		struct timespec t = { .tv_nsec = (long)(next_random(&state) %
							20000000) };
		int w = i % WORKERS;

		nanosleep(&t, NULL);
		kill(pid[w], SIGKILL);
		waitpid(pid[w], NULL, 0);
		pid[w] = worker(h, (unsigned int)w, (u64)i + 100);
	}
	for (i = 0; i < WORKERS; i++) {
		kill(pid[i], SIGKILL);
		waitpid(pid[i], NULL, 0);
	}
	ashlar_heap_repair(h);
	wrong = what_is_wrong(h);
	check(!wrong, "workers-are-killed", "%s", wrong);
	ashlar_heap_close(h);
}

int main(int argc, char **argv)
{
	if (argc == 3) {
		snprintf(name, sizeof(name), "%s", argv[2]);
		return other_process();
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	snprintf(name, sizeof(name), "/ashlar-test-%d", (int)getpid());
	check_processes(argv[0]);
	check_sysv();
	check_bad_segments();
	check_sentences();
	check_damaged();
	check_wrong_releases();
	check_full();
	check_workers();
	return failures != 0;
}
