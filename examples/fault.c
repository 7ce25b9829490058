/* SPDX-License-Identifier: MIT */
/*
 * A unit test in which each allocation fails once: the first, the second, and
 * so on, until the code under test gets through. It has to report each, and
 * leave nothing behind. What finds a free object at hand does not fail.
 *
 *	cc fault.c $(pkg-config --cflags --libs ashlar)
 */
#include <stdio.h>
#include <ashlar/fault-inject.h>
#include <ashlar/slab.h>
#include <ashlar/stats.h>

struct pair {
	char *key, *value;
};

/* The code under test. */
static struct pair *pair_new(const char *key, const char *value)
{
	struct pair *p = kzalloc(sizeof(*p), GFP_KERNEL);

	if (!p)
		return NULL;
	p->key = kstrdup(key, GFP_KERNEL);
	p->value = p->key ? kstrdup(value, GFP_KERNEL) : NULL;
	if (p->value)
		return p;
	kfree(p->key);
	kfree(p);
	return NULL;
}

static void pair_free(struct pair *p)
{
	kfree(p->key);
	kfree(p->value);
	kfree(p);
}

static unsigned long blocks(void)
{
	struct ashlar_memory s = { .size = sizeof(s) };

	return ashlar_memory_stats(&s, 0) ? 0 : (unsigned long)s.blocks;
}

int main(void)
{
	struct pair *p = pair_new("warm", "up");
	unsigned long before, n;

	pair_free(p);
	before = blocks();
	for (n = 1; n < 100; n++) {
		fail_nth(n);
		p = pair_new("colour", "a text that takes a size of its own");
		fail_nth(0);
		if (p)
			break;
		if (blocks() != before) {
			printf("allocation %lu fails: something leaks\n", n);
			return 1;
		}
	}
	if (!p)
		return 1;
	pair_free(p);
	printf("%lu allocations failed, nothing leaks\n", n - 1);
	return 0;
}
