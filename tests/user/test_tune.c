/* SPDX-License-Identifier: MIT */
/*
 * The GNU family around malloc: mallopt, mallinfo, mallinfo2, malloc_trim,
 * malloc_info, malloc_stats.
 */
#include "check.h"
#include <malloc.h>

/* mallinfo is deprecated but still called. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static size_t mapped_blocks(void)
{
	return mallinfo2().hblks;
}

/*
 * True if blocks of n bytes get mappings of their own. It takes eight: the
 * first ones may fit into memory that is free already.
 */
static bool is_mapped(size_t n)
{
	size_t before = mapped_blocks(), i;
	void *p[8];
	bool mapped;

	for (i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = malloc(n);
	mapped = mapped_blocks() > before;
	for (i = 0; i < ARRAY_SIZE(p); i++)
		free(p[i]);
	return mapped;
}

static void check_mmap_threshold(void)
{
	check(!is_mapped(100 * KB) && !is_mapped(126 * KB), "below-128K",
	      "a block under 128 KiB has a mapping of its own");
	check(is_mapped(130 * KB), "above-128K",
	      "a block over 128 KiB has no mapping of its own");
	check(mallopt(M_MMAP_THRESHOLD, MB) == 1, "M_MMAP_THRESHOLD",
	      "refused 1 MiB");
	check(!is_mapped(600 * KB) && is_mapped(1200 * KB),
	      "M_MMAP_THRESHOLD-1M", "1 MiB has no effect");
	mallopt(M_MMAP_THRESHOLD, 32 * KB);
	check(is_mapped(64 * KB) && !is_mapped(16 * KB), "M_MMAP_THRESHOLD-32K",
	      "32 KiB has no effect");
	mallopt(M_MMAP_THRESHOLD, 128 * KB);
	check(is_mapped(130 * KB) && !is_mapped(64 * KB),
	      "M_MMAP_THRESHOLD-128K", "the default cannot be set again");
}

/* Blocks live through a change of the threshold. */
static void check_threshold_change(void)
{
	size_t n[] = { 40 * KB, 100 * KB, 200 * KB, 700 * KB };
	unsigned char *p[ARRAY_SIZE(n)];
	bool good = true;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(n); i++)
		fill(p[i] = malloc(n[i]), n[i], i);
	mallopt(M_MMAP_THRESHOLD, 32 * KB);
	for (i = 0; i < ARRAY_SIZE(n); i++) {
		p[i] = realloc(p[i], n[i] + 30000);
		good &= intact(p[i], n[i], i);
	}
	mallopt(M_MMAP_THRESHOLD, MB);
	for (i = 0; i < ARRAY_SIZE(n); i++) {
		p[i] = realloc(p[i], n[i] + 60000);
		good &= intact(p[i], n[i], i);
		free(p[i]);
	}
	mallopt(M_MMAP_THRESHOLD, 128 * KB);
	check(good, "threshold-change", "contents lost");
}

static void check_mallopt_accepted(void)
{
	static const struct {
		int param, value;
		const char *name;
	} opts[] = {
		{ M_TRIM_THRESHOLD, 128 * 1024, "M_TRIM_THRESHOLD" },
		{ M_TRIM_THRESHOLD, 64 * 1024 * 1024, "M_TRIM_THRESHOLD" },
		{ M_TOP_PAD, 64 * 1024, "M_TOP_PAD" },
		{ M_MMAP_MAX, 65536, "M_MMAP_MAX" },
		{ M_MXFAST, 64, "M_MXFAST" },
		{ M_CHECK_ACTION, 3, "M_CHECK_ACTION" },
		{ M_ARENA_MAX, 2, "M_ARENA_MAX" },
		{ M_ARENA_TEST, 2, "M_ARENA_TEST" },
		{ M_PERTURB, 0, "M_PERTURB" },
	};
	const char *refused = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(opts); i++)
		if (mallopt(opts[i].param, opts[i].value) != 1)
			refused = opts[i].name;
	check(!refused, "mallopt-accepted", "%s refused", refused);
}

static void check_perturb(void)
{
	static const size_t sizes[] = { 24, 200, 3000, 50000, 300000 };
	size_t bad = 0, dirty = 0, i;

	mallopt(M_PERTURB, 0x35a);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t n = sizes[i];
		void *p = malloc(n), *q = calloc(1, n);

		if (first_not(p, n, 0xa5) != n)
			bad = n;
		if (first_not(q, n, 0) != n)
			dirty = n;
		free(p);
		free(q);
		if (!on_ashlar())
			continue; /* glibc forgets its per-thread cache */
		p = malloc(n);
		if (first_not(p, n, 0xa5) != n)
			bad = n;
		free(p);
	}
	mallopt(M_PERTURB, 0);
	check(!bad, "M_PERTURB", "%zu bytes are not 0xa5", bad);
	check(!dirty, "M_PERTURB-calloc", "calloc of %zu bytes was dirty",
	      dirty);
}

static void check_mallinfo(void)
{
	enum { BLOCKS = 4000, SIZE = 1000 };
	static void *p[BLOCKS];
	struct mallinfo2 before = mallinfo2(), with, after;
	struct mallinfo old;
	size_t grown, i;
	void *large;

	for (i = 0; i < BLOCKS; i++)
		p[i] = memset(malloc(SIZE), 1, SIZE);
	large = malloc(8 * MB);
	with = mallinfo2();
	old = mallinfo();
	for (i = 0; i < BLOCKS; i++)
		free(p[i]);
	free(large);
	after = mallinfo2();
	grown = with.uordblks - before.uordblks;
	check(grown >= BLOCKS * SIZE && grown < BLOCKS * SIZE * 3 / 2 + 8 * MB,
	      "mallinfo2-uordblks", "%zu more for %d bytes", grown,
	      BLOCKS * SIZE);
	check(with.hblks == before.hblks + 1 &&
		      with.hblkhd >= before.hblkhd + 8 * MB,
	      "mallinfo2-hblkhd", "%zu blocks, %zu bytes for one of 8 MiB",
	      with.hblks, with.hblkhd);
	check(with.arena >= BLOCKS * SIZE &&
		      with.arena + with.hblkhd >= with.uordblks,
	      "mallinfo2-arena", "arena %zu", with.arena);
	check(after.uordblks + BLOCKS * SIZE <= with.uordblks &&
		      after.hblks == before.hblks,
	      "mallinfo2-after-free", "uordblks %zu, hblks %zu", after.uordblks,
	      after.hblks);
	check((unsigned int)old.uordblks == (unsigned int)with.uordblks &&
		      (unsigned int)old.hblkhd == (unsigned int)with.hblkhd,
	      "mallinfo", "not the values of mallinfo2");
}

static void check_trim(void)
{
	enum { BLOCKS = 60000, SIZE = 1000 };
	void **p = map_pages(BLOCKS * sizeof(*p));
	long before = rss_kb(), full, trimmed;
	int i, ret;

	for (i = 0; i < BLOCKS; i++)
		p[i] = memset(malloc(SIZE), 1, SIZE);
	full = rss_kb() - before;
	for (i = 0; i < BLOCKS; i++)
		if (i != BLOCKS - 1)
			free(p[i]);
	ret = malloc_trim(0);
	trimmed = rss_kb() - before;
	check(ret == 0 || ret == 1, "trim-returns", "%d", ret);
	check(trimmed < full / 8, "trim", "%ld of %ld KiB still resident",
	      trimmed, full);
	free(p[BLOCKS - 1]);
	p[0] = malloc(SIZE);
	check(p[0], "trim-then-malloc", "NULL");
	free(p[0]);
	malloc_trim(SIZE_MAX);
	munmap(p, BLOCKS * sizeof(*p));
}

/* Every element closed in order, attributes quoted: 0 when well formed. */
static int xml_error(const char *s, int *elements)
{
	const char *open[64];
	size_t depth = 0, n;

	for (*elements = 0; (s = strchr(s, '<')); s++) {
		const char *end = strchr(s, '>');

		if (!end)
			return __LINE__;
		n = strcspn(s + 1, " \t\n/>");
		if (s[1] == '?')
			continue;
		if (s[1] == '/') {
			n = end - s - 2;
			if (!depth || strncmp(open[--depth], s + 2, n) ||
			    !strchr(" \t\n/>", open[depth][n]))
				return __LINE__;
		} else {
			++*elements;
			if (!n || depth == ARRAY_SIZE(open))
				return __LINE__;
			if (end[-1] != '/')
				open[depth++] = s + 1;
		}
	}
	return depth ? __LINE__ : 0;
}

static void check_info(void)
{
	static char text[1 << 20];
	int elements, wrong;
	FILE *f = tmpfile();
	size_t n;

	check(malloc_info(0, f) == 0, "malloc_info", "failed");
	rewind(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	wrong = xml_error(text, &elements);
	check(!strncmp(text, "<malloc version=", 16) ||
		      !strncmp(text, "<?xml", 5),
	      "malloc_info-root", "starts with %.20s", text);
	check(!wrong && elements > 1, "malloc_info-xml",
	      "not well formed (line %d of the test), %d elements", wrong,
	      elements);
	check(malloc_info(1, f) != 0, "malloc_info-options",
	      "options other than 0 accepted");
	fclose(f);
}

static void check_stats(void)
{
	char text[4096];
	FILE *f = tmpfile();
	int saved = dup(2);
	ssize_t n;

	fflush(stderr);
	dup2(fileno(f), 2);
	malloc_stats();
	fflush(stderr);
	dup2(saved, 2);
	close(saved);
	n = pread(fileno(f), text, sizeof(text) - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	check(strchr(text, '\n') && strpbrk(text, "123456789"), "malloc_stats",
	      "no numbers on stderr");
	fclose(f);
}

int main(void)
{
	begin("tune");
	check_mmap_threshold();
	check_threshold_change();
	check_mallinfo();
	check_trim();
	check_info();
	check_stats();
	check_perturb();
	check_mallopt_accepted();
	return finish();
}
