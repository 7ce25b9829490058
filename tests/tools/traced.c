/* SPDX-License-Identifier: MIT */
/* Calls, each once, of what has a probe; and a line of what each was about. */
#include <stdio.h>
#include <ashlar/mm.h>
#include <ashlar/slab.h>

int main(void)
{
	struct kmem_cache *s = kmem_cache_create("traced", 200, 0, 0, NULL);
	struct page *page;
	void *p;

	if (!s)
		return 1;
	kfree(kmalloc(1000, GFP_KERNEL)); /* the core is there from here on */
	puts("begin");
	p = kmalloc(1001, GFP_KERNEL | __GFP_ZERO);
	printf("kmalloc %p 1001\n", p);
	kfree(p);
	printf("kfree %p\n", p);
	p = kmem_cache_alloc(s, GFP_KERNEL);
	printf("kmem_cache_alloc %p %p\n", p, (void *)s);
	kmem_cache_free(s, p);
	printf("kmem_cache_free %p %p\n", p, (void *)s);
	page = alloc_pages(GFP_KERNEL, 3);
	printf("mm_page_alloc %p 3\n", (void *)page);
	__free_pages(page, 3);
	printf("mm_page_free %p 3\n", (void *)page);
	puts("end");
	return 0;
}
