/* SPDX-License-Identifier: MIT */
/*
 * What memory is used for, in parts that add up to all that is held:
 *
 *   slabs    | live | rounding | cached | room |  live = its callers' blocks
 *   frames   | live, of alloc_pages | free_kept |
 *   large    | live | large_kept |
 *   records  | own |        the caches of SLAB_OWN, and descriptors of frames
 *
 *   held = live + rounding + room + cached + own + free_kept + large_kept
 *
 * The structures may be copies of another process's, as in totals.c. Whoever
 * held memory is not asked what it had asked for: in the general caches that
 * is at most rounding_most less than its blocks have.
 */
#include "report.h"

/* Of a general cache's block, what was not asked for, at most. */
static unsigned long rounding_most(const struct kmem_cache *s)
{
	if (!(s->flags & SLAB_KMALLOC))
		return 0;
	return s->size <= 128 ? SLAB_GRANULE - 1 : s->size / 8;
}

/**
 * parts_add_cache() - count a cache's slabs
 * @p: zero before the first cache; parts_finish() is called after the last
 * @c: filled with this cache's parts
 * @s: the cache
 * @cached_objects: of @s in all CPUs' sheaves and in its barns
 */
void parts_add_cache(struct ashlar_memory *p, struct ashlar_memory_class *c,
		     const struct kmem_cache *s, unsigned long cached_objects)
{
	unsigned long held = less(s->inuse, cached_objects);
	unsigned long cached = min(s->inuse, cached_objects);
	bool own = s->flags & SLAB_OWN;

	*c = (struct ashlar_memory_class){
		.object_size = s->object_size,
		.slot = s->size,
		.blocks = own ? 0 : held,
		.live = own ? 0 : held * s->object_size,
		.own = own ? held * s->object_size : 0,
		.rounding = held * less(s->size, s->object_size) +
			    less(s->nr_pages << PAGE_SHIFT,
				 s->total_objects * s->size),
		.room = less(s->total_objects, s->inuse) * s->size,
		.cached = cached * s->size,
	};
	__builtin_memcpy(c->name, s->name, sizeof(c->name));
	c->name[sizeof(c->name) - 1] = '\0';
	p->live += c->live;
	p->own += c->own;
	p->rounding += c->rounding;
	p->room += c->room;
	p->cached += c->cached;
	p->blocks += c->blocks;
	p->rounding_most += c->blocks * rounding_most(s);
}

/**
 * parts_finish() - count what lies in no slab, and add up
 * @p: all caches are in
 * @t: the same memory in numbers
 */
void parts_finish(struct ashlar_memory *p, const struct mm_totals *t)
{
	p->live += (t->direct << PAGE_SHIFT) + t->large_bytes;
	p->blocks += t->large_count;
	p->rounding_most += t->large_bytes / 8 + (t->large_count << PAGE_SHIFT);
	p->own += t->managed * (sizeof(struct page) + 1);
	p->free_kept = t->all_resident << PAGE_SHIFT;
	p->large_kept = t->large_cached_bytes;
	p->given_back = less(t->all_free, t->all_resident) << PAGE_SHIFT;
	p->held = p->live + p->rounding + p->room + p->cached + p->own +
		  p->free_kept + p->large_kept;
}

/** write_parts() - @p as the members of a JSON object */
void write_parts(struct seq_file *m, const struct ashlar_memory *p)
{
	seq_printf(m, "\"held\":%zu,\"live\":%zu,\"rounding\":%zu,", p->held,
		   p->live, p->rounding);
	seq_printf(m, "\"room\":%zu,\"cached\":%zu,\"own\":%zu,", p->room,
		   p->cached, p->own);
	seq_printf(m, "\"free_kept\":%zu,\"large_kept\":%zu,", p->free_kept,
		   p->large_kept);
	seq_printf(m, "\"given_back\":%zu,\"blocks\":%zu,", p->given_back,
		   p->blocks);
	seq_printf(m, "\"rounding_most\":%zu", p->rounding_most);
}

/* A name is its creator's: what JSON cannot have becomes '_'. */
static void write_name(struct seq_file *m, const char *name)
{
	for (; *name; name++)
		seq_putc(m, *name < ' ' || *name > '~' || *name == '"' ||
					    *name == '\\' ?
				    '_' :
				    *name);
}

/** write_parts_class() - @c as a JSON object */
void write_parts_class(struct seq_file *m, const struct ashlar_memory_class *c)
{
	seq_puts(m, "{\"name\":\"");
	write_name(m, c->name);
	seq_printf(m, "\",\"object_size\":%zu,\"slot\":%zu,\"blocks\":%zu,",
		   c->object_size, c->slot, c->blocks);
	seq_printf(m, "\"live\":%zu,\"rounding\":%zu,\"room\":%zu,", c->live,
		   c->rounding, c->room);
	seq_printf(m, "\"cached\":%zu,\"own\":%zu}", c->cached, c->own);
}
