/* SPDX-License-Identifier: MIT */
/*
 * Slab caches on a machine that does as it is told: other CPUs step in
 * between any two locks, CPUs are missing, memory has run out, frames of
 * slabs go back to the host.
 */
#include <ashlar/shrinker.h>
#include <string.h>

#include "../../mm/barn.h"
#include "../../port/sim/sim.h"
#include "../harness.h"

/* ---- other CPUs step in ---- */

#define SHARED 64
#define SIZE 96

static struct kmem_cache *cache;
static struct {
	u8 *p; /* NULL: none */
	int kind; /* 0 object of the cache, 1 kmalloc, 2 page */
	u8 fill;
} shared[SHARED];
static unsigned long steps_in;

static void *allocate(int kind)
{
	if (kind == 0)
		return kmem_cache_alloc(cache, GFP_KERNEL);
	if (kind == 1)
		return kmalloc(SIZE, GFP_KERNEL);
	return (void *)__get_free_pages(GFP_KERNEL, 0);
}

static void release(int kind, void *p)
{
	if (kind == 0)
		kmem_cache_free(cache, p);
	else if (kind == 1)
		kfree(p);
	else
		free_page((unsigned long)p);
}

/*
 * Take something into a slot, or give what is there. The slot is emptied or
 * filled only when no call of the core is under way, so what another CPU
 * does meanwhile goes to other slots.
 */
static void one_operation(void)
{
	unsigned long i = rnd(SHARED);
	u8 *p = shared[i].p;

	if (p) {
		CHECK_EQ(p[0], shared[i].fill);
		CHECK_EQ(memcmp(p, p + 1, SIZE - 1), 0);
		shared[i].p = NULL;
		release(shared[i].kind, p);
	} else {
		int kind = (int)rnd(10) / 4;

		p = allocate(kind);
		CHECK(p != NULL);
		if (shared[i].p) { /* filled meanwhile */
			release(kind, p);
			return;
		}
		shared[i].p = p;
		shared[i].kind = kind;
		shared[i].fill = (u8)rnd(256);
		memset(p, shared[i].fill, SIZE);
	}
}

/* Locks that only their own CPU takes do not keep another from running. */
static void step_in(void)
{
	unsigned int before = sim_cpu();

	if (sim_locks_held_beside("mm_cpu_online", "pcp_init") || rnd(3))
		return;
	steps_in++;
	sim_run_on((before + 1 + (unsigned int)rnd(3)) % 4);
	switch (rnd(40)) {
	case 0:
		kmem_cache_shrink(cache);
		break;
	case 1:
		shrink_slab(GFP_KERNEL, 0);
		break;
	default:
		one_operation();
	}
	sim_run_on(before);
}

TEST_NO_SWEEP(cpus_step_in_between_any_two_locks)
{
	cache = take_cache("stepped", SIZE, 0, 0, NULL);
	memset(shared, 0, sizeof(shared));
	for (unsigned long step = 0; step < 30000; step++) {
		sim.on_unlock = step_in;
		one_operation();
		sim.on_unlock = NULL;
		if (step % 1000 == 0)
			mm_validate();
	}
	CHECK_OP(steps_in, >, 1000);
	for (unsigned int i = 0; i < SHARED; i++)
		if (shared[i].p)
			release(shared[i].kind, shared[i].p);
}

/* ---- a thread without a CPU ---- */

static void work_without_a_cpu(void *arg)
{
	struct kmem_cache *s = arg;
	char *obj = kmem_cache_alloc(s, GFP_KERNEL);
	char *p = kmalloc(300, GFP_KERNEL);
	struct page *page = alloc_pages(GFP_KERNEL, 1);

	CHECK(*this_cpu_ptr(mm_cpu_self) == NULL);
	if (obj)
		memset(obj, 1, 64);
	if (p)
		memset(p, 2, 300);
	kmem_cache_free(s, obj);
	kfree(p);
	__free_pages(page, page ? 1 : 0);
}

TEST(a_thread_past_its_end_still_allocates)
{
	struct kmem_cache *s = take_cache("late", 64, 0, 0, NULL);

	sim_cpu_bury(7);
	on_cpu(7, work_without_a_cpu, s);
}

TEST(a_thread_past_its_end_frees_what_others_allocated)
{
	struct kmem_cache *s = take_cache("late", 64, 0, 0, NULL);
	void *obj = NEED(kmem_cache_alloc(s, GFP_KERNEL));
	void *p = kmalloc(100, GFP_KERNEL);

	sim_cpu_bury(7);
	sim_run_on(7);
	kmem_cache_free(s, obj);
	kfree(p);
	sim_run_on(0);
}

/* ---- fork ---- */

static void hold_objects(void *arg)
{
	struct kmem_cache *s = arg;
	void *obj[20];

	for (unsigned int i = 0; i < 20; i++)
		obj[i] = kmem_cache_alloc(s, GFP_KERNEL);
	for (unsigned int i = 0; i < 20; i++)
		kmem_cache_free(s, obj[i]);
	free_page(__get_free_page(GFP_KERNEL));
}

static void fork_with_cpus(struct kmem_cache *s)
{
	for (unsigned int cpu = 0; cpu < 4; cpu++)
		on_cpu(cpu, hold_objects, s);
	CHECK_EQ(sim_locks_held(), 0);
	mm_fork_prepare();
	CHECK_OP(sim_locks_held(), >, 10);
}

TEST(the_parent_goes_on_after_a_fork)
{
	struct kmem_cache *s = take_cache("parent", 64, 0, 0, NULL);

	fork_with_cpus(s);
	mm_fork_parent();
	CHECK_EQ(sim_locks_held(), 0);
	for (unsigned int cpu = 0; cpu < 4; cpu++)
		on_cpu(cpu, hold_objects, s);
}

TEST_NO_SWEEP(the_child_has_one_cpu_and_everything_else_back)
{
	struct kmem_cache *s = take_cache("child", 64, 0, 0, NULL);
	struct mm_cpu *cpu;
	unsigned int n = 0;

	fork_with_cpus(s);
	sim.forked = true;
	mm_fork_child(mm_this_cpu());
	sim_forget_other_cpus();
	CHECK_EQ(sim_locks_held(), 0);
	list_for_each_entry(cpu, &mm_cpus, list)
		n++;
	CHECK_EQ(n, 1);
	mm_validate();
	kmem_cache_shrink(s);
	CHECK_EQ(s->inuse, 0);
	for (unsigned int i = 0; i < 4; i++)
		on_cpu(i, hold_objects, s);
}

TEST_NO_SWEEP(the_child_writes_to_nothing_that_is_another_cpus)
{
	struct kmem_cache *s = take_cache("gone", 64, 0, 0, NULL);
	static struct mm_cpu before;
	struct mm_cpu *gone;

	fork_with_cpus(s);
	gone = list_last_entry(&mm_cpus, struct mm_cpu, list);
	if (gone == mm_this_cpu())
		gone = list_first_entry(&mm_cpus, struct mm_cpu, list);
	before = *gone;
	page_report_set_keep(~0ul >> 1); /* what is free is not cleared */
	sim.forked = true;
	mm_fork_child(mm_this_cpu());
	port_unpoison(gone, sizeof(*gone));
	CHECK_EQ(memcmp(&gone->list, &before.list, sizeof(before.list)), 0);
	CHECK_EQ(gone->pcp.count, before.pcp.count);
	CHECK_EQ(memcmp(gone->pcp.lists, before.pcp.lists,
			sizeof(before.pcp.lists)),
		 0);
	sim_forget_other_cpus();
}

/* ---- CPUs that end ---- */

static void keep_a_sheaf(void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < 2 * SHEAF_WARM_CALLS; i++)
		kfree(kmalloc(100, GFP_KERNEL));
}

TEST(a_cpu_that_ends_waits_for_no_chain_of_caches)
{
	on_cpu(1, keep_a_sheaf, NULL);
	spin_lock(&slab_mutex);
	sim_cpu_stop(1);
	spin_unlock(&slab_mutex);
}

static void keep_own_sheaf(void *arg)
{
	kmem_cache_free(arg, kmem_cache_alloc(arg, GFP_KERNEL));
}

TEST_NO_SWEEP(a_cpu_that_ends_gives_every_sheaf_back)
{
	struct kmem_cache *s = take_cache("ends", 32, 0, 0, NULL);

	on_cpu(1, keep_a_sheaf, NULL);
	on_cpu(1, keep_own_sheaf, s);
	CHECK_OP(s->inuse, >, 0);
	CHECK_OP(cache_by_id[kmalloc_index(100)]->inuse, >, 0);
	sim_cpu_stop(1);
	CHECK_EQ(s->inuse, 0);
	CHECK_EQ(cache_by_id[kmalloc_index(100)]->inuse, 0);
}

/* ---- a size that is seldom asked for ---- */

static void look_for_a_sheaf(void *arg)
{
	const struct kmem_cache *s = arg;
	const sheaf_t *tops = this_cpu_ptr(sheaf_tops)->top;

	for (unsigned int i = 0; i < SHEAF_WARM_CALLS / 2; i++) {
		CHECK_EQ((uintptr_t)tops[s->id], (uintptr_t)tops[0]);
		keep_own_sheaf(arg);
	}
	CHECK_EQ((uintptr_t)tops[s->id], (uintptr_t)tops[0]);
	keep_own_sheaf(arg);
	CHECK_OP((uintptr_t)tops[s->id], !=, (uintptr_t)tops[0]);
}

TEST_NO_SWEEP(a_cpu_gets_a_sheaf_after_a_few_calls)
{
	struct kmem_cache *s = take_cache("seldom", 64, 0, 0, NULL);

	on_cpu(3, look_for_a_sheaf, s);
}

/* ---- whole sheaves change hands ---- */

static void *handed[(BARN_FULL_MAX + 12) * SHEAF_SLOTS];
static unsigned int nr_handed;

static unsigned int sheaves(sheaf_t top)
{
	unsigned int n = 0;

	for (; top; top = sheaf_base(top)[0])
		n++;
	return n;
}

static unsigned int sheaves_in_barns(const struct kmem_cache *s)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < NR_CPU_GROUPS; i++)
		n += sheaves(s->barns[i].full) + sheaves(s->barns[i].empty);
	return n;
}

static void take_all(void *arg)
{
	for (unsigned int i = 0; i < nr_handed; i++)
		handed[i] = kmem_cache_alloc(arg, GFP_KERNEL);
}

static void give_all(void *arg)
{
	mm_this_cpu();
	for (unsigned int i = 0; i < nr_handed; i++)
		kmem_cache_free(arg, handed[i]);
}

static void *many[5000];

static void take_many(void *arg)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = NEED(kmem_cache_alloc(arg, GFP_KERNEL));
}

static void give_many(void *arg)
{
	unsigned int i;

	for (i = 0; i < 1000; i++)
		kmem_cache_free(arg, many[i]);
	CHECK(!*this_cpu_ptr(mm_cpu_self));
	for (; i < ARRAY_SIZE(many); i++)
		kmem_cache_free(arg, many[i]);
	CHECK(*this_cpu_ptr(mm_cpu_self) != NULL);
}

/* It might be at its end already; but one that goes on is none that ends. */
TEST_NO_SWEEP(who_never_allocated_releases_without_a_cpu)
{
	struct kmem_cache *s = take_cache("late", 16, 0, 0, NULL);

	on_cpu(1, take_many, s);
	on_cpu(2, give_many, s);
}

TEST_NO_SWEEP(full_sheaves_go_through_the_barn)
{
	struct kmem_cache *s = take_cache("barn", 16, 0, 0, NULL);
	unsigned long put, got, refills;

	/* What two sheaves and the barn hold: nothing is flushed. */
	nr_handed = s->barn_max + 2 * s->sheaf_capacity;
	on_cpu(1, take_all, s);
	on_cpu(2, give_all, s);
	put = vm_events(BARN_PUT);
	got = vm_events(BARN_GET);
	refills = vm_events(SLAB_REFILL);
	CHECK_OP(put, >, 0);
	CHECK_OP(barn_objects(s), >, 0);
	on_cpu(1, take_all, s);
	CHECK_OP(vm_events(BARN_GET) - got, >=, min(put, 2ul));
	CHECK_OP(vm_events(SLAB_REFILL) - refills, <=,
		 nr_handed / s->sheaf_capacity);
	on_cpu(2, give_all, s);
	/* Sheaves do not multiply: the empty ones come back to be filled. */
	CHECK_OP(sheaves_in_barns(s), <=,
		 (nr_handed + s->barn_max) / s->sheaf_capacity);
}

static unsigned int given;

static void give_half(void *arg)
{
	mm_this_cpu();
	for (unsigned int i = 0; i < nr_handed / 2; i++)
		kmem_cache_free(arg, handed[given++]);
}

/* Each group of CPUs puts its sheaves into its own; any CPU finds them. */
TEST_NO_SWEEP(all_barns_of_a_cache_are_one)
{
	struct kmem_cache *s = take_cache("barns", 16, 0, 0, NULL);
	unsigned long refills;

	nr_handed = s->barn_max + 10 * s->sheaf_capacity;
	on_cpu(1, take_all, s);
	given = 0;
	on_cpu(1, give_half, s);
	CHECK_OP(barn_objects(s), <=, s->barn_max);
	on_cpu(2, give_half, s);
	CHECK_OP(barn_objects(s), <=, s->barn_max);
	CHECK_OP(barn_objects(s), >, s->barn_max - s->sheaf_capacity);
	stop_cpu(1);
	stop_cpu(2);
	kmem_cache_shrink(s);
	CHECK_EQ(barn_objects(s), 0);
	CHECK_EQ(sheaves_in_barns(s), 0);

	nr_handed = s->barn_max + 4 * s->sheaf_capacity;
	on_cpu(1, take_all, s);
	given = 0;
	on_cpu(1, give_half, s);
	on_cpu(2, give_half, s);
	refills = vm_events(SLAB_REFILL);
	nr_handed = barn_objects(s);
	CHECK_OP(nr_handed, >, 0);
	for (unsigned int i = 0; i < NR_CPU_GROUPS; i++)
		CHECK_OP(s->barns[i].objects, >, 0);
	on_cpu(1, take_all, s);
	CHECK_EQ(vm_events(SLAB_REFILL), refills);
	/* The CPU had two sheaves as well. */
	CHECK_OP(barn_objects(s), <=, 2 * s->sheaf_capacity);
	on_cpu(1, give_all, s);
}

TEST_NO_SWEEP(a_barn_grows_with_batches_and_shrinks_after_them)
{
	struct kmem_cache *s = take_cache("batches", 16, 0, 0, NULL);
	unsigned int i, least = s->barn_min;
	unsigned long flushes, refills;

	nr_handed = least + 8 * s->sheaf_capacity;
	for (i = 0; i < 8; i++) {
		on_cpu(1, take_all, s);
		on_cpu(1, give_all, s);
	}
	CHECK_OP(s->barn_max, >, least);
	flushes = vm_events(SLAB_FLUSH);
	refills = vm_events(SLAB_REFILL);
	on_cpu(1, take_all, s);
	on_cpu(1, give_all, s);
	CHECK_EQ(vm_events(SLAB_FLUSH), flushes);
	CHECK_EQ(vm_events(SLAB_REFILL), refills);
	mm_validate();
	kmem_cache_shrink(s);
	CHECK_EQ(s->barn_max, least);
	CHECK_OP(s->inuse, <=, 2ul * s->sheaf_capacity); /* CPU 1's */
}

TEST_NO_SWEEP(sheaves_grow_with_exchanges_and_shrink_after_them)
{
	struct kmem_cache *s = take_cache("exchanged", 1024, 0, 0, NULL);
	int growth = atomic_read(&sheaf_growth);
	unsigned long moved, i;

	nr_handed = s->barn_min + 8 * s->sheaf_min;
	for (i = 0; i < 16; i++) {
		on_cpu(1, take_all, s);
		on_cpu(1, give_all, s);
	}
	CHECK_EQ(s->sheaf_capacity, s->sheaf_most);
	CHECK_OP(atomic_read(&sheaf_growth), >, growth);
	moved = vm_events(BARN_PUT) + vm_events(SLAB_FLUSH);
	on_cpu(1, take_all, s);
	on_cpu(1, give_all, s);
	moved = vm_events(BARN_PUT) + vm_events(SLAB_FLUSH) - moved;
	CHECK_OP(moved, <=, nr_handed / s->sheaf_most + 1);
	mm_validate();
	kmem_cache_shrink(s);
	CHECK_EQ(s->sheaf_capacity, s->sheaf_min);
	stop_cpu(1);
	kmem_cache_shrink(s);
	CHECK_EQ(s->inuse, 0);
	CHECK_EQ(atomic_read(&sheaf_growth), growth);
}

static void give_last(void *arg)
{
	kmem_cache_free(arg, handed[nr_handed - 1]);
}

static void take_one(void *arg)
{
	handed[nr_handed++] = kmem_cache_alloc(arg, GFP_KERNEL);
}

/* Only a CPU's first refill is of memory that no other had. */
TEST_NO_SWEEP(a_warm_cpu_takes_what_was_used_before)
{
	struct kmem_cache *s =
		take_cache("used", SHEAF_WARM_BYTES + 512, 0, 0, NULL);
	void *last;

	nr_handed = 24;
	on_cpu(1, take_all, s);
	while (nr_handed < 32) {
		on_cpu(1, take_one, s);
		last = handed[nr_handed - 1];
		on_cpu(2, give_last, s); /* into its slab: 2 has no sheaf */
		nr_handed--;
		on_cpu(1, take_one, s);
		CHECK_EQ((uintptr_t)handed[nr_handed - 1], (uintptr_t)last);
	}
	on_cpu(1, give_all, s);
}

TEST_NO_SWEEP(a_barn_does_not_grow_when_all_is_freed)
{
	struct kmem_cache *s = take_cache("freed", 16, 0, 0, NULL);

	nr_handed = s->barn_min + 10 * s->sheaf_capacity;
	on_cpu(1, take_all, s);
	on_cpu(1, give_all, s);
	CHECK_EQ(s->barn_max, s->barn_min);
}

/* ---- no memory ---- */

static struct page *hoard[1 << 16];
static unsigned long nr_hoard;

static void use_up_memory(void)
{
	sim.refuse_ram = true;
	while ((hoard[nr_hoard] = alloc_pages(GFP_ATOMIC | __GFP_NOWARN, 0)))
		nr_hoard++;
}

static void give_memory_back(void)
{
	while (nr_hoard)
		__free_page(hoard[--nr_hoard]);
	sim.refuse_ram = false;
}

static void stop_without_memory(void *arg)
{
	struct kmem_cache *s = arg;

	kmem_cache_free(s, kmem_cache_alloc(s, GFP_NOWAIT | __GFP_NOWARN));
	kfree(kmalloc(200, GFP_ATOMIC | __GFP_NOWARN));
}

TEST_NO_SWEEP(freeing_needs_no_memory)
{
	struct kmem_cache *s = take_cache("last", 128, 0, 0, NULL);
	static void *obj[500];
	unsigned int n = 0;

	for (n = 0; n < 500; n++)
		CHECK((obj[n] = kmem_cache_alloc(s, GFP_KERNEL)));
	use_up_memory();
	while (n)
		kmem_cache_free(s, obj[--n]);
	/* A CPU that comes now finds no memory for itself, and works. */
	on_cpu(5, stop_without_memory, s);
	stop_cpu(5);
	give_memory_back();
	CHECK_EQ(sim.waits, 0);
}

TEST_NO_SWEEP(a_failure_leaves_the_cache_as_it_was)
{
	struct kmem_cache *s = take_cache("none", 1024, 0, 0, NULL);
	unsigned long n;
	void *obj;

	use_up_memory();
	CHECK_EQ(s->nr_slabs, 0);
	obj = kmem_cache_alloc(s, GFP_NOWAIT | __GFP_NOWARN);
	CHECK(obj == NULL);
	CHECK_EQ(s->nr_slabs, 0);
	CHECK_EQ(s->inuse, 0);
	n = sim.log_lines;
	CHECK(!kmem_cache_alloc(s, GFP_NOWAIT));
	CHECK_EQ(sim.log_lines, n + 1);
	mm_validate();
	give_memory_back();
}

/* Under pressure an allocation takes the empty slabs of other caches. */
TEST_NO_SWEEP(empty_slabs_are_reaped_when_memory_is_short)
{
	struct kmem_cache *s = take_cache("idle", 256, 0, 0, NULL);
	static void *obj[600];
	struct page *page;

	for (unsigned int i = 0; i < 600; i++)
		CHECK((obj[i] = kmem_cache_alloc(s, GFP_KERNEL)));
	use_up_memory();
	for (unsigned int i = 0; i < 600; i++)
		kmem_cache_free(s, obj[i]);
	CHECK_OP(s->nr_slabs, >, 0);
	while (!list_empty(&s->slabs_free) || s->inuse) {
		page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, 0);
		if (!page)
			break;
		hoard[nr_hoard++] = page;
	}
	CHECK_EQ(s->nr_slabs, 0);
	CHECK_OP(vm_events(SLAB_RECLAIM), >, 0);
	give_memory_back();
}

/* ---- where slabs come from ---- */

static unsigned int zone_index(const void *p)
{
	unsigned int z = 0;

	while (virt_to_pfn(p) - zones[z].start_pfn >= zones[z].spanned_pages)
		z++;
	return z;
}

TEST(dma_caches_lie_in_the_dma_zone)
{
	struct kmem_cache *s = take_cache("dma", 64, 0, SLAB_CACHE_DMA, NULL);
	void *p;

	CHECK_EQ(zone_index(take_object(s, GFP_KERNEL)), ZONE_DMA);
	p = NEED(kmalloc(100, GFP_KERNEL | GFP_DMA));
	CHECK_EQ(zone_index(p), ZONE_DMA);
	memset(p, 1, 100);
	kfree(p);
	s = take_cache("anywhere", 64, 0, 0, NULL);
	CHECK_EQ(zone_index(take_object(s, GFP_KERNEL)), ZONE_NORMAL);
}

TEST(reclaimable_slabs_lie_in_reclaimable_blocks)
{
	struct kmem_cache *s =
		take_cache("reclaimable", 64, 0, SLAB_RECLAIM_ACCOUNT, NULL);
	void *obj = take_object(s, GFP_KERNEL);
	unsigned long pfn =
		ALIGN_DOWN(virt_to_pfn(obj), 1ul << pageblock_order);

	CHECK_EQ(pageblock_type_of(pfn_to_page(pfn)), MIGRATE_RECLAIMABLE);
}

/* ---- frames of slabs given back ---- */

#define SPARSE (2u << 20) /* bytes of objects */

static void free_most_and_look(unsigned int size)
{
	static unsigned char *obj[SPARSE / 64];
	struct kmem_cache *s = take_cache("sparse", size, 0, 0, NULL);
	unsigned int n = SPARSE / size, kept = (32 << 10) / size;
	unsigned long discarded = sim.discarded;

	for (unsigned int i = 0; i < n; i++) {
		CHECK((obj[i] = kmem_cache_alloc(s, GFP_KERNEL)));
		memset(obj[i], (int)i, size);
	}
	for (unsigned int i = 0; i < n; i++) {
		if (i % kept == 0)
			continue;
		kmem_cache_free(s, obj[i]);
		obj[i] = NULL;
	}
	kmem_cache_shrink(s);
	slab_report(s);
	CHECK_OP(sim.discarded - discarded, >, 100);
	mm_validate();
	/* The objects in them can be allocated as before. */
	for (unsigned int i = 0; i < n; i++) {
		if (obj[i])
			continue;
		CHECK((obj[i] = kmem_cache_alloc(s, GFP_KERNEL)));
		memset(obj[i], (int)i, size);
	}
	for (unsigned int i = 0; i < n; i++) {
		for (unsigned int k = 0; k < size; k++)
			CHECK_EQ(obj[i][k], i & 255);
		kmem_cache_free(s, obj[i]);
	}
}

TEST_NO_SWEEP(idle_frames_of_slabs_go_back_to_the_host)
{
	free_most_and_look(64);
}

/* Twice of what barns may hold. */
static unsigned char *breath[2 * BARN_GROWTH_BYTES / 64];

static void breathe_in(struct kmem_cache *s)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(breath); i++)
		if (!breath[i])
			CHECK((breath[i] = kmem_cache_alloc(s, GFP_KERNEL)));
}

/* Most objects of the cache are freed; how many frames the host gets, then. */
static unsigned long breathe_out(struct kmem_cache *s)
{
	unsigned long before;

	breathe_in(s);
	before = sim.discarded;
	for (unsigned int i = 0; i < ARRAY_SIZE(breath); i++) {
		if (i % 512 == 0)
			continue;
		kmem_cache_free(s, breath[i]);
		breath[i] = NULL;
	}
	return sim.discarded - before;
}

static void free_breath(struct kmem_cache *s)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(breath); i++) {
		kmem_cache_free(s, breath[i]);
		breath[i] = NULL;
	}
}

TEST_NO_SWEEP(a_cache_that_breathes_keeps_its_breath_for_a_while)
{
	struct kmem_cache *s = take_cache("breath", 64, 0, 0, NULL);
	unsigned long first = breathe_out(s), last = 0;

	CHECK_OP(first, >, 0);
	for (unsigned int round = 0; round < 20; round++) {
		sim.time_ms += 1;
		last = breathe_out(s);
	}
	CHECK_EQ(last, 0);
	sim.time_ms += 60000;
	CHECK_OP(breathe_out(s), >, 0);
	breathe_in(s);
	CHECK_OP(s->report_slack, >, 0);
	free_breath(s);
}

TEST_NO_SWEEP(while_objects_only_go_no_empty_slab_is_kept)
{
	struct kmem_cache *s = take_cache("goes", 64, 0, 0, NULL);
	unsigned long slabs;

	breathe_in(s);
	slabs = s->nr_slabs;
	free_breath(s);
	CHECK_OP(s->flushes, >=, BARN_FLUSHES);
	CHECK_EQ(s->nr_free_slabs, 0);
	CHECK_OP(s->nr_slabs, <, slabs / 2);
}

TEST_NO_SWEEP(where_there_is_no_host_one_pass_finds_out)
{
	struct kmem_cache *s = take_cache("alone", 64, 0, 0, NULL);
	unsigned long refused;

	page_report_set_keep(~0ul >> 1);
	sim.no_host = true;
	breathe_out(s);
	slab_report(s);
	refused = sim.refused;
	CHECK_OP(refused, >, 0);
	breathe_out(s);
	slab_report(s);
	CHECK_EQ(sim.refused, refused);
	free_breath(s);
}

/* What is wanted long after it was given back is not kept the next time. */
TEST_NO_SWEEP(a_cache_that_breathes_slowly_gives_its_breath_back)
{
	struct kmem_cache *s = take_cache("slow breath", 64, 0, 0, NULL);

	for (unsigned int round = 0; round < 4; round++) {
		CHECK_OP(breathe_out(s), >, 0);
		sim.time_ms += 60000;
		breathe_in(s);
		CHECK_EQ(s->report_slack, 0);
	}
	free_breath(s);
}

/* Of objects as large as a frame each that is free has an idle one. */
TEST_NO_SWEEP(frames_of_large_objects_are_given_back_early)
{
	struct kmem_cache *s = take_cache("large", PAGE_SIZE, 0, 0, NULL);
	static void *obj[2 * BARN_GROWTH_BYTES / PAGE_SIZE];
	unsigned long discarded;

	for (unsigned int i = 0; i < ARRAY_SIZE(obj); i++)
		CHECK((obj[i] = kmem_cache_alloc(s, GFP_KERNEL)));
	discarded = sim.discarded;
	for (unsigned int i = 0; i < ARRAY_SIZE(obj); i++)
		if (i % 5 < 2)
			kmem_cache_free(s, obj[i]);
	CHECK_OP(s->inuse, >, s->total_objects / 2);
	CHECK_OP(sim.discarded, >, discarded);
	for (unsigned int i = 0; i < ARRAY_SIZE(obj); i++)
		if (i % 5 >= 2)
			kmem_cache_free(s, obj[i]);
}

static struct kmem_cache *busy_cache;
static void *busy_object[64];
static unsigned int nr_busy;

/* What others do while the host has frames of a slab: it may become empty. */
static void free_and_allocate(void)
{
	void *obj;

	sim.on_discard = NULL;
	while (nr_busy)
		kmem_cache_free(busy_cache, busy_object[--nr_busy]);
	kmem_cache_shrink(busy_cache);
	mm_validate();
	CHECK((obj = kmem_cache_alloc(busy_cache, GFP_KERNEL)));
	memset(obj, 0x5a, 64);
	kmem_cache_free(busy_cache, obj);
}

TEST_NO_SWEEP(objects_come_and_go_while_the_host_has_frames_of_their_slab)
{
	static void *obj[(1u << 20) / 64];

	busy_cache = take_cache("busy", 64, 0, 0, NULL);
	for (unsigned int i = 0; i < ARRAY_SIZE(obj); i++)
		CHECK((obj[i] = kmem_cache_alloc(busy_cache, GFP_KERNEL)));
	for (unsigned int i = 0; i < ARRAY_SIZE(obj); i++) {
		if (i % 256 == 0 && nr_busy < ARRAY_SIZE(busy_object))
			busy_object[nr_busy++] = obj[i];
		else
			kmem_cache_free(busy_cache, obj[i]);
	}
	sim.on_discard = free_and_allocate;
	kmem_cache_shrink(busy_cache);
	sim.on_discard = NULL;
	CHECK_EQ(nr_busy, 0);
	mm_validate();
	CHECK_EQ(kmem_cache_shrink(busy_cache), 0);
}

TEST_NO_SWEEP(objects_across_two_frames_keep_both)
{
	free_most_and_look(208);
	free_most_and_look(1008);
}

static void mark(void *obj)
{
	memset(obj, 0x33, 64);
}

TEST_NO_SWEEP(constructed_objects_are_never_given_back)
{
	struct kmem_cache *s = take_cache("constructed", 64, 0, 0, mark);
	static unsigned char *obj[5000];

	for (unsigned int i = 0; i < 5000; i++)
		CHECK((obj[i] = kmem_cache_alloc(s, GFP_KERNEL)));
	/* The last slabs are large: most of their frames are idle then. */
	for (unsigned int i = 0; i < 5000; i++)
		if (i % 1000 != 999)
			kmem_cache_free(s, obj[i]);
	kmem_cache_shrink(s);
	slab_report(s);
	for (unsigned int i = 0; i < 5000; i++) {
		if (i % 1000 == 999)
			continue;
		CHECK((obj[i] = kmem_cache_alloc(s, GFP_KERNEL)));
		CHECK_EQ(obj[i][0], 0x33);
		CHECK_EQ(obj[i][63], 0x33);
	}
	for (unsigned int i = 0; i < 5000; i++)
		kmem_cache_free(s, obj[i]);
}

/* ---- after a report the program may go on ---- */

TEST(a_reported_mistake_changes_nothing)
{
	struct kmem_cache *s =
		take_cache("tolerant", 64, 0, SLAB_NO_SHEAVES, NULL);
	void *obj = take_object(s, GFP_KERNEL), *other;
	unsigned long inuse = s->inuse;
	char *p = take(100, GFP_KERNEL);

	sim.tolerate_reports = true;
	sim.reports = 0;
	kmem_cache_free(s, (char *)obj + 16);
	CHECK_EQ(sim.reports, 1);
	CHECK(strstr(sim.last_report, "bad-free"));
	CHECK_EQ(s->inuse, inuse);
	other = take_object(s, GFP_KERNEL);
	give_object(s, other);
	kmem_cache_free(s, other);
	CHECK_EQ(sim.reports, 2);
	CHECK(strstr(sim.last_report, "double-free"));
	CHECK_EQ(s->inuse, inuse);
	give(p);
	kfree(p);
	CHECK_EQ(sim.reports, 3);
	CHECK(strstr(sim.last_report, "double-free"));
	kmem_cache_destroy(s);
	CHECK_EQ(sim.reports, 4);
	CHECK(strstr(sim.last_report, "cache-in-use"));
	CHECK_EQ(s->inuse, inuse);
	mm_validate();
}
