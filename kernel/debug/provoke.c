/* SPDX-License-Identifier: MIT */
/*
 * Mistakes on request: what the checks of memory are tried with.
 *
 *   echo SLAB_FREE_DOUBLE >/sys/kernel/debug/provoke-crash/DIRECT
 *
 * The file is that of Linux's lkdtm, and so are the names that Linux has; read,
 * it lists them. Each function makes one mistake as real code would, so memory
 * may well be broken afterwards without slub_debug=. Only root reaches it.
 */
#include <ashlar/errno.h>
#include <ashlar/gfp.h>
#include <ashlar/mm_types.h>
#include <ashlar/seq_file.h>
#include <ashlar/slab.h>
#include <ashlar/string.h>
#include <ashlar/vmalloc.h>
#include <kernel/init.h>
#include <kernel/printk.h>
#include <kernel/proc/proc_fs.h>
#include <mm/kfence.h>

#define ASKED 100u /* bytes; in a class of 112 */
#define HELD 64 /* objects, of a sheaf */
#define ROUNDS 1000

/* Called through these, so that no compiler knows what comes of it. */
static void *(*volatile const allocate)(size_t size, gfp_t gfp) = kmalloc;
static void (*volatile const release)(const void *p) = kfree;

#define MISTAKE static __attribute__((__noinline__)) void

/*
 * Where a sample of all objects is guarded (sample=): one that is. As many as
 * lie at hand have to be taken before another can be.
 */
static __always_inline u8 *block(void)
{
	u8 *held[HELD], *found = NULL;
	unsigned int round, i;
	size_t size;

	if (!kfence_slab)
		return allocate(ASKED, GFP_KERNEL);
	for (round = 0; round < ROUNDS && !found; round++) {
		for (i = 0; i < HELD && !found; i++) {
			held[i] = allocate(ASKED, GFP_KERNEL);
			if (kfence_holds(held[i], &size))
				found = held[i--];
		}
		while (i)
			release(held[--i]);
	}
	return found;
}

MISTAKE write_past(void)
{
	u8 *p = block();

	if (p)
		p[ASKED] = 0x41;
	release(p);
}

MISTAKE write_before(void)
{
	u8 *p = block();

	if (p)
		p[-1] = 0x41;
	release(p);
}

MISTAKE write_freed(void)
{
	u8 *p = block();

	release(p);
	if (p)
		p[8] = 0x41;
}

MISTAKE read_freed(void)
{
	volatile u8 *p = block();

	release((const void *)p);
	if (p)
		(void)p[8];
}

/* A page further: of a guarded block, on either side, that is the guard. */
MISTAKE read_past(void)
{
	volatile u8 *p = block();

	if (p)
		(void)p[PAGE_SIZE];
	release((const void *)p);
}

/* Unless the block waited in quarantine, it would be another's by now. */
MISTAKE free_twice(void)
{
	u8 *p = block(), *other;

	release(p);
	other = block();
	release(p);
	release(other);
}

MISTAKE free_inside(void)
{
	u8 *p = block();

	release(p + 16);
	release(p);
}

MISTAKE free_page_as_object(void)
{
	unsigned long page = get_zeroed_page(GFP_KERNEL);

	release((void *)page);
	free_page(page);
}

/* Both caches are full of what their names say, and go again. */
MISTAKE free_to_other(void)
{
	struct kmem_cache *a, *b;
	void *p;

	a = kmem_cache_create("lkdtm-heap-a", 64, 0, SLAB_PANIC, NULL);
	b = kmem_cache_create("lkdtm-heap-b", 64, 0, SLAB_PANIC, NULL);
	p = kmem_cache_alloc(a, GFP_KERNEL);
	if (p) {
		kmem_cache_free(b, p);
		kmem_cache_free(a, p);
	}
	kmem_cache_destroy(a);
	kmem_cache_destroy(b);
}

/* The cache stays for ever: someone has its object. */
MISTAKE destroy_used(void)
{
	struct kmem_cache *s;

	s = kmem_cache_create("lkdtm-used", 64, 0, SLAB_PANIC, NULL);
	kmem_cache_alloc(s, GFP_KERNEL);
	kmem_cache_destroy(s);
}

/* Nothing of the calls below is left on the stack. */
MISTAKE forget_stack(void)
{
	volatile char old[3072];
	unsigned int i;

	for (i = 0; i < sizeof(old); i++)
		old[i] = 0;
}

static void lose(void *p)
{
	if (p)
		memset(p, 0x4c, 16);
}

MISTAKE lose_object(void)
{
	lose(allocate(ASKED, GFP_KERNEL));
	forget_stack();
}

MISTAKE lose_area(void)
{
	lose(vmalloc(3 * 4096));
	forget_stack();
}

static const struct mistake {
	const char *name;
	void (*make)(void);
} mistakes[] = {
	{ "SLAB_LINEAR_OVERFLOW", write_past },
	{ "SLAB_LINEAR_UNDERFLOW", write_before },
	{ "WRITE_AFTER_FREE", write_freed },
	{ "READ_AFTER_FREE", read_freed },
	{ "SLAB_LINEAR_OVERREAD", read_past },
	{ "SLAB_FREE_DOUBLE", free_twice },
	{ "SLAB_FREE_INSIDE", free_inside },
	{ "SLAB_FREE_PAGE", free_page_as_object },
	{ "SLAB_FREE_CROSS", free_to_other },
	{ "SLAB_DESTROY_USED", destroy_used },
	{ "SLAB_LEAK", lose_object },
	{ "VMALLOC_LEAK", lose_area },
};

static int show_mistakes(struct seq_file *m, void *data)
{
	unsigned int i;

	(void)data;
	seq_puts(m, "Available crash types:\n");
	for (i = 0; i < ARRAY_SIZE(mistakes); i++)
		seq_printf(m, "%s\n", mistakes[i].name);
	return 0;
}

static ssize_t make_mistake(const char *text, size_t len, void *data)
{
	size_t n = len && text[len - 1] == '\n' ? len - 1 : len;
	unsigned int i;

	(void)data;
	for (i = 0; i < ARRAY_SIZE(mistakes); i++) {
		if (strlen(mistakes[i].name) != n ||
		    memcmp(mistakes[i].name, text, n))
			continue;
		printk("lkdtm: Performing direct entry %s\n", mistakes[i].name);
		mistakes[i].make();
		return (ssize_t)len;
	}
	return -EINVAL;
}

/** provoke_init() - name the file. Context: boot, once. */
void provoke_init(void)
{
	static const struct proc_entry entry = {
		.name = "provoke-crash/DIRECT",
		.mode = 0600,
		.show = show_mistakes,
		.write = make_mistake,
	};

	debugfs_create(&entry);
}
