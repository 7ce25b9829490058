/* SPDX-License-Identifier: MIT */
/*
 * Blocks that ASHLAR_OPTIONS=slub_debug=FZPU watches: what a right program may
 * count on, and what a wrong one is told. The runner sets the option.
 */
#include "check.h"
#include "last_words.h"
#include <malloc.h>

#define ANY_SIZE (1 * MB)

/* C23; the runner's C library has none. */
void free_sized(void *p, size_t size) __attribute__((weak));
void free_aligned_sized(void *p, size_t align, size_t size)
	__attribute__((weak));

/* What a checker asks of the library. */
size_t ashlar_check_room(const void *p) __attribute__((weak));
bool ashlar_check_range(const void *p, size_t bytes, bool is_write,
			const char *call) __attribute__((weak));
unsigned long ashlar_look(void) __attribute__((weak));

static size_t size_tried;

/* The compiler is not to know where it comes from, nor how large it is. */
static unsigned char *block(void)
{
	unsigned char *volatile p = malloc(size_tried);

	memset(p, 1, malloc_usable_size(p));
	return p;
}

static void write_behind(void)
{
	unsigned char *p = block();

	p[malloc_usable_size(p)] = 2;
	free(p);
}

static void write_far_behind(void)
{
	unsigned char *p = block();

	p[malloc_usable_size(p) + 31] = 2;
	free(p);
}

/* All that there is behind a block, and what the checker knows about it. */
static void write_on_and_on(void)
{
	unsigned char *p = block();

	memset(p + size_tried, 2, 48);
	free(p);
}

static void write_before(void)
{
	unsigned char *p = block();

	p[-1] = 2;
	free(p);
}

static void write_late(void)
{
	unsigned char *p = block();

	block();
	free(p);
	p[size_tried / 2] = 2;
	malloc_trim(0);
}

static void free_twice(void)
{
	unsigned char *p;

	block();
	p = block();
	block();
	free(p);
	free(p);
}

static void free_middle(void)
{
	free(block() + 16);
}

static void free_a_little_less(void)
{
	free_sized(block(), size_tried - 1);
}

static void free_aligned_otherwise(void)
{
	free_aligned_sized(aligned_alloc(64, size_tried), 128, size_tried);
}

/* What is never freed is looked at when the program ends. */
static void end_written_behind(void)
{
	unsigned char *p = block();

	p[size_tried] = 2;
	exit(0);
}

static void end_written_before(void)
{
	unsigned char *p = block();

	p[-3] = 2;
	exit(0);
}

static void end_written_late(void)
{
	unsigned char *p = block();

	free(p);
	p[size_tried - 1] = 2;
	exit(0);
}

static void look_written(void)
{
	unsigned char *p = block();

	p[size_tried] = 2;
	ashlar_look();
}

static void read_too_far(void)
{
	ashlar_check_range(block() + size_tried - 4, 7, false, "memcpy");
}

static void write_to_freed(void)
{
	unsigned char *p = block();

	free(p);
	ashlar_check_range(p + 2, 7, true, "memcpy");
}

static void grow_behind(void)
{
	unsigned char *p = block();

	p[malloc_usable_size(p)] = 2;
	p = realloc(p, 4 * size_tried);
	p[0] = 1;
}

static const struct mistake {
	const char *name;
	void (*make)(void);
	const char *kind; /* in the report */
	const char *who; /* in the lines before it */
	size_t largest; /* a block with a slab of its own takes it along */
} mistakes[] = {
	{ "write-behind", write_behind, "heap-buffer-overflow", "Allocated",
	  ANY_SIZE },
	{ "write-far-behind", write_far_behind, "heap-buffer-overflow",
	  "31 bytes past the end of a block of ", 20000 },
	{ "write-on-and-on", write_on_and_on, "heap-buffer-overflow",
	  "past the end of a block", 20000 },
	{ "write-before", write_before, "heap-buffer-overflow", "Allocated",
	  ANY_SIZE },
	{ "write-after-free", write_late, "heap-use-after-free", "Freed",
	  ANY_SIZE },
	{ "free-twice", free_twice, "double-free", "Freed", ANY_SIZE },
	{ "free-middle", free_middle, "bad-free", "", ANY_SIZE },
	{ "free-with-another-size", free_a_little_less,
	  "alloc-dealloc-mismatch", "Allocated", 20000 },
	{ "free-with-another-alignment", free_aligned_otherwise,
	  "alloc-dealloc-mismatch", "an alignment of 64 bytes", 20000 },
	{ "end-written-behind", end_written_behind, "heap-buffer-overflow",
	  "Allocated", ANY_SIZE },
	{ "end-written-before", end_written_before, "heap-buffer-overflow",
	  "3 bytes before a block", ANY_SIZE },
	{ "end-written-late", end_written_late, "heap-use-after-free", "Freed",
	  20000 },
	{ "look", look_written, "heap-buffer-overflow", "Allocated", ANY_SIZE },
	{ "read-too-far", read_too_far, "heap-buffer-overflow",
	  "read of 7 bytes by memcpy, ", 20000 },
	{ "write-to-freed", write_to_freed, "heap-use-after-free",
	  "write of 7 bytes by memcpy, 2 bytes into a freed block", 20000 },
	{ "write-then-realloc", grow_behind, "heap-buffer-overflow",
	  "Allocated", ANY_SIZE },
};

static void try_mistake(const struct mistake *m)
{
	static const size_t sizes[] = { 24,   64,   100,   200,
					4096, 5000, 20000, 300001 };
	char text[8192];
	bool good = true;

	for (size_t i = 0; i < ARRAY_SIZE(sizes) && good; i++) {
		if (sizes[i] > m->largest)
			break;
		size_tried = sizes[i];
		good = dies_of(m->make, m->kind, m->who, text, sizeof(text));
	}
	check(good, m->name, "size %zu, stderr: %.300s", size_tried, text);
}

#define ALIKE(name)                                                \
	static __attribute__((noinline)) unsigned char *name(void) \
	{                                                          \
		unsigned char *p = block();                        \
                                                                   \
		__asm__ volatile("");                              \
		return p;                                          \
	}

ALIKE(from_here)
ALIKE(from_there)

static unsigned int wrong_one;

/* Two callers in turn, from one frame: each is to be known from the other. */
static void take_turns(void)
{
	unsigned char *p[40];

	size_tried = 100;
	for (unsigned int i = 0; i < ARRAY_SIZE(p); i++)
		p[i] = (i / 2 % 2 ? from_there : from_here)();
	p[wrong_one][100] = 1;
	for (unsigned int i = 0; i < ARRAY_SIZE(p); i++)
		free(p[i]);
}

static void check_callers(void)
{
	char text[8192], *who;
	uintptr_t function, pc;
	bool good = true;

	for (wrong_one = 0; wrong_one < 40 && good; wrong_one += 3) {
		function =
			(uintptr_t)(wrong_one / 2 % 2 ? from_there : from_here);
		last_words(take_turns, text, sizeof(text));
		who = strstr(text, "Allocated");
		for (good = false; who && !good; who = strstr(who + 1, " 0x")) {
			pc = strtoul(who + 1, NULL, 16);
			good = pc - function < 64;
		}
	}
	check(good, "callers-in-turn", "block %u: %.600s", wrong_one, text);
}

static void check_contents(void)
{
	unsigned char *p = malloc(100);
	bool fresh = true;

	for (int i = 0; i < 100; i++)
		fresh = fresh && p[i] == 0x5a;
	check(fresh, "new-is-5a", "first byte %#x", p[0]);
	free(p);
	p = calloc(25, 4);
	for (int i = 0; i < 100; i++)
		fresh = fresh && p[i] == 0;
	check(fresh, "calloc-is-0", "first byte %#x", p[0]);
	free(p);
}

/* Nothing may be written there, and it is a block like any other. */
static void check_empty(void)
{
	void *p = malloc(0), *q = malloc(0);

	check(p && q && p != q && !malloc_usable_size(p), "no-bytes",
	      "%p, %p, %zu usable", p, q, malloc_usable_size(p));
	p = realloc(p, 10);
	memset(p, 1, 10);
	free_sized(p, 10);
	free_sized(q, 0);
	free_aligned_sized(aligned_alloc(256, 100), 256, 100);
}

static void check_sizes(void)
{
	size_t n, bad = 0;
	void *p = NULL;

	for (n = 1; n < 200000; n += 1 + n / 9) {
		p = realloc(p, n);
		if (malloc_usable_size(p) != n)
			bad = n;
		if (malloc_usable_size(p) < n || (uintptr_t)p % 16)
			bad = n;
		memset(p, 3, malloc_usable_size(p));
	}
	free(p);
	check(!bad, "usable-size", "%zu bytes", bad);
	for (n = 16; n <= 4096; n *= 2) {
		p = aligned_alloc(n, n / 2 + 1);
		if ((uintptr_t)p % n || malloc_usable_size(p) != n / 2 + 1)
			bad = n;
		memset(p, 3, malloc_usable_size(p));
		free(p);
	}
	check(!bad, "aligned", "to %zu bytes", bad);
}

static void check_rooms(void)
{
	char *p = malloc(100), here;

	check(ashlar_check_room(p) == 100 && ashlar_check_room(p + 99) == 1,
	      "room", "%zu, %zu", ashlar_check_room(p),
	      ashlar_check_room(p + 99));
	check(!ashlar_check_room(p + 100) && !ashlar_check_room(p - 1),
	      "no-room", "%zu, %zu", ashlar_check_room(p + 100),
	      ashlar_check_room(p - 1));
	check(ashlar_check_room(&here) == SIZE_MAX &&
		      ashlar_check_room(NULL) == SIZE_MAX,
	      "any-room", "on the stack: %zu", ashlar_check_room(&here));
	check(ashlar_check_range(p, 100, true, "write") &&
		      ashlar_check_range(p + 100, 0, true, "write") &&
		      !ashlar_look(),
	      "all-is-well", "it is not");
	free(p);
	check(!ashlar_check_room(p), "none-in-freed", "%zu",
	      ashlar_check_room(p));
}

/* With look=1: a look comes by itself to who goes on allocating. */
static int wait_for_look(void)
{
	size_tried = 100;
	block()[100] = 2;
	for (int i = 0; i < 60 * 1000; i++) {
		usleep(1000);
		free(malloc(10));
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "look"))
		return wait_for_look();
	begin("watched");
	check_rooms();
	check_contents();
	check_sizes();
	check_empty();
	check_callers();
	for (size_t i = 0; i < ARRAY_SIZE(mistakes); i++)
		try_mistake(&mistakes[i]);
	return finish();
}
