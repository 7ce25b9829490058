/* SPDX-License-Identifier: MIT */
/* Exercises about objects: lessons 13 to 16, and 20. */
#include <ashlar/mempool.h>
#include <ashlar/string.h>
#include "exercise.h"
#include "objects.h"
#include "picture.h"

/* ---- 13: slabs, and what stays constructed ---- */

static unsigned long constructed;
static void *held[64];

static void construct(void *obj)
{
	memset(obj, 0, 4);
	constructed++;
}

void ask_slab(void)
{
	unsigned int size = 400 + 8 * (unsigned int)draw_below(100);
	unsigned int a = 3 + (unsigned int)draw_below(9), b, c, i;
	struct kmem_cache *s;

	course_boot();
	s = kmem_cache_create("node", size, 0, SLAB_NO_SHEAVES, construct);
	b = 1 + (unsigned int)draw_below(a);
	c = 1 + (unsigned int)draw_below(6);
	for (i = 0; i < a; i++)
		held[i] = kmem_cache_alloc(s, GFP_KERNEL);
	ask("A cache has objects of %u bytes and a constructor. %u are "
	    "allocated. How many slabs has it?",
	    size, a);
	answer("%lu", s->nr_slabs);
	because("A slab is %lu frames here; a new one is made when no other "
		"has a free object.",
		s->nr_pages / s->nr_slabs);
	for (i = 0; i < b; i++)
		kmem_cache_free(s, held[i]);
	for (i = 0; i < c; i++)
		kmem_cache_alloc(s, GFP_KERNEL);
	ask("%u of them are freed, then %u are allocated. How often has the "
	    "constructor run in all? (It runs when an object is first handed "
	    "out.)",
	    b, c);
	answer("%lu", constructed);
	because("An object that was freed is still constructed: only %lu were "
		"new.",
		constructed - a);
}

/* ---- 14: colouring ---- */

#define LINE 64u
#define SETS 64u

void ask_colour(void)
{
	unsigned int size = 16 * (11 + (unsigned int)draw_below(40)), i, n;
	struct kmem_cache *s;
	const struct page *slab;
	unsigned long start;

	course_boot();
	s = kmem_cache_create("node", size, 0, SLAB_NO_SHEAVES, NULL);
	for (i = 0; i < 40; i++)
		kmem_cache_alloc(s, GFP_KERNEL);
	slab = list_first_entry(&s->slabs_full, struct page, lru);
	start = (unsigned long)(slab_start(s, slab) -
				(char *)page_address(slab));
	ask("Objects of %u bytes lie at multiples of their size, counted from "
	    "address 0. A slab begins at address %#lx (= %lu x %u + %lu). How "
	    "many bytes into the slab is its first object?",
	    size, (unsigned long)(uintptr_t)page_address(slab),
	    (unsigned long)(uintptr_t)page_address(slab) / size, size,
	    (unsigned long)(uintptr_t)page_address(slab) % size);
	answer("%lu", start);
	because("It is the next multiple of %u: so slabs begin at different "
		"cache lines.",
		size);
	n = (unsigned int)draw_below(slab_objects(s, slab));
	ask("A cache of the processor has %u sets of %u bytes a line. In which "
	    "set does object %u of that slab begin?",
	    SETS, LINE, n);
	answer("%u", (unsigned int)(((uintptr_t)slab_start(s, slab) +
				     (uintptr_t)n * size) /
				    LINE % SETS));
	because("(address / %u) mod %u.", LINE, SETS);
}

/* ---- 15: general caches ---- */

void ask_classes(void)
{
	for (int i = 0; i < 3; i++) {
		unsigned long n = 1 + draw_below(i == 2 ? 20000 : 600);
		void *p;

		if (i == 0)
			course_boot();
		p = kmalloc(n, GFP_KERNEL);
		ask("kmalloc(%lu): how many bytes has the object?", n);
		answer("%lu", (unsigned long)ksize(p));
		because("Classes go in steps of 16 up to 128, then there are "
			"eight to each doubling.");
		kfree(p);
	}
}

/* ---- 16: pools ---- */

static bool failing;

static void *may_fail(gfp_t gfp, void *data)
{
	return failing ? NULL : mempool_kmalloc(gfp, data);
}

void ask_pools(void)
{
	int reserve = 2 + (int)draw_below(4);
	unsigned long tries = (unsigned long)reserve + 1 + draw_below(2), i;
	unsigned long got = 0;
	mempool_t *pool;
	void *p[8] = { NULL };

	course_boot();
	pool = mempool_create(reserve, may_fail, mempool_kfree, (void *)64);
	failing = true;
	for (i = 0; i < tries; i++) {
		p[i] = mempool_alloc(pool, GFP_NOWAIT);
		got += p[i] != NULL;
	}
	ask("A pool keeps %d elements in reserve. From now on kmalloc() fails. "
	    "%lu elements are asked for, by a caller that may not wait. How "
	    "many does it get?",
	    reserve, tries);
	answer("%lu", got);
	because("What the allocator refuses comes from the reserve, until that "
		"is empty.");
	mempool_free(p[0], pool);
	p[0] = mempool_alloc(pool, GFP_NOWAIT);
	ask("One goes back to the pool, and one is asked for. Is it had? yes "
	    "or no");
	answer("%s", p[0] ? "yes" : "no");
	because("While the reserve is not full, what is freed fills it first: "
		"that is what the next caller gets.");
}

/* ---- 20: which block comes next ---- */

void ask_free_lists(void)
{
	static const char letters[] = "abcdef";
	unsigned int size = 24 + 16 * (unsigned int)draw_below(8), i, n = 6;
	unsigned int x = (unsigned int)draw_below(6), y;
	char *p[6];
	void *next;

	course_boot();
	y = (x + 1 + (unsigned int)draw_below(5)) % 6;
	for (i = 0; i < 40; i++) /* from here on the CPU has a sheaf */
		kfree(kmalloc(size, GFP_KERNEL));
	for (i = 0; i < n; i++)
		p[i] = kmalloc(size, GFP_KERNEL);
	kfree(p[x]);
	kfree(p[y]);
	for (int k = 0; k < 2; k++) {
		next = kmalloc(size, GFP_KERNEL);
		for (i = 0; i < n && p[i] != next;)
			i++;
		ask(k ? "And a call after that?" :
			"Six blocks of %u bytes are taken, a to f. Then %c is "
			"freed, then %c. Which of them does the next call of "
			"the same size return? a letter, or: another",
		    size, letters[x], letters[y]);
		if (i < n)
			answer("%c", letters[i]);
		else
			answer("another");
		because("A sheaf is a stack: what was freed last is warm in "
			"the processor's cache, and is handed out first.");
	}
}
