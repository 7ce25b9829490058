/* SPDX-License-Identifier: MIT */
/*
 * Slab caches and a reserve on a board without an operating system: a Cortex-M4
 * with 16 MB (docs/port.md).
 *
 *     port/board/build firmware.elf examples/firmware.c
 *     qemu-system-arm -M mps2-an386 -kernel firmware.elf -nographic \
 *         -semihosting-config enable=on
 */
#include <ashlar/mempool.h>
#include <ashlar/mm.h>
#include <ashlar/port.h>

#define SAMPLES 1000
#define RESERVE 4

struct sample {
	struct sample *next;
	unsigned int number, value;
};

static void say(const char *what, unsigned long n)
{
	char *line = kasprintf(GFP_KERNEL, "%s: %lu", what, n);

	port_log(line ? line : what);
	kfree(line);
}

/* All samples, in a list; each is an object of the cache. */
static struct sample *take_samples(struct kmem_cache *cache)
{
	struct sample *list = 0, *s;
	unsigned int i;

	for (i = 1; i <= SAMPLES; i++) {
		s = (struct sample *)kmem_cache_alloc(cache, GFP_KERNEL);
		if (!s)
			break;
		s->number = i;
		s->value = i * i;
		s->next = list;
		list = s;
	}
	return list;
}

int main(void)
{
	struct kmem_cache *cache = KMEM_CACHE(sample, 0);
	mempool_t *urgent = mempool_create_kmalloc_pool(RESERVE, 256);
	struct sample *list, *s;
	unsigned long sum = 0;
	void *message;

	if (!cache || !urgent)
		return 1;
	list = take_samples(cache);
	while ((s = list)) {
		list = s->next;
		sum += s->number;
		kmem_cache_free(cache, s);
	}
	say("the sum of all numbers", sum);
	message = mempool_alloc(urgent, GFP_ATOMIC);
	say("bytes for a message", ksize(message));
	mempool_free(message, urgent);
	mempool_destroy(urgent);
	kmem_cache_destroy(cache);
	return mm_validate();
}
