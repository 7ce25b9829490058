/* SPDX-License-Identifier: MIT */
/* Text in blocks of its own, and caches that are named after their objects. */
#include <string.h>

#include "../harness.h"

TEST(text_has_its_block)
{
	char *text = kasprintf(GFP_KERNEL, "%s has %d bytes", "a text", 123456);
	char *empty;

	NEED(text);
	CHECK(!strcmp(text, "a text has 123456 bytes"));
	CHECK_OP(ksize(text), <, 64);
	kfree(text);
	empty = kasprintf(GFP_KERNEL, "%s", "");
	NEED(empty);
	CHECK_EQ(empty[0], 0);
	kfree(empty);
}

TEST_NO_SWEEP(text_of_many_bytes)
{
	char *text = kasprintf(GFP_KERNEL, "%*d", 5000, 7);

	CHECK(text != NULL);
	CHECK_EQ(strlen(text), 5000);
	CHECK_EQ(text[4999], '7');
	kfree(text);
}

struct wide {
	char bytes[100];
} __attribute__((__aligned__(64)));

TEST(a_cache_is_named_after_its_objects)
{
	struct kmem_cache *s = KMEM_CACHE(wide, 0);
	void *obj;

	NEED(s);
	CHECK_EQ(kmem_cache_size(s), sizeof(struct wide));
	obj = kmem_cache_alloc(s, GFP_KERNEL);
	CHECK_EQ((uintptr_t)obj % 64, 0);
	if (obj)
		kmem_cache_free(s, obj);
	kmem_cache_destroy(s);
}
