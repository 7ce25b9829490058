/* SPDX-License-Identifier: MIT */
/*
 * A cache with a constructor: what is expensive to set up, here a buffer and
 * its lock, is set up once for each object, and stays so while the object is
 * free. So whoever frees one leaves it as the constructor did.
 *
 *	cc cache.c $(pkg-config --cflags --libs ashlar)
 */
#include <stdio.h>
#include <string.h>
#include <ashlar/slab.h>

struct request {
	int locked; /* a lock would be here */
	unsigned int length;
	char text[200];
};

static int constructed;

static void request_init(void *obj)
{
	struct request *r = obj;

	memset(r, 0, sizeof(*r));
	constructed++;
}

int main(void)
{
	struct kmem_cache *requests = kmem_cache_create(
		"request", sizeof(struct request), 0, 0, request_init);
	int i, served = 0;

	if (!requests)
		return 1;
	for (i = 0; i < 100000; i++) {
		struct request *r = kmem_cache_alloc(requests, GFP_KERNEL);

		if (!r || r->locked || r->length)
			return 1;
		r->length = (unsigned int)snprintf(r->text, sizeof(r->text),
						   "request %d", i);
		served++;
		r->length = 0; /* as it was constructed */
		kmem_cache_free(requests, r);
	}
	printf("%d requests, %s constructions\n", served,
	       constructed < 1000 ? "few" : "many");
	kmem_cache_destroy(requests);
	return 0;
}
