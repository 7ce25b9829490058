/* SPDX-License-Identifier: MIT */
/*
 * Address spaces that several CPUs use at once: where one lets a lock go, or
 * may sleep, another may step in and do something else to the same spaces,
 * from beginning to end. What nobody could foresee is not compared with a
 * model; what must hold in any order is:
 *
 *   a word of page n of an area is 0 or was written for page n
 *   rss = entries that are there; nobody's page is lost or left
 *   a file's page that is mapped is in the file's cache
 *   the TLB remembers nothing that the tables have forgotten
 */
#include "../../mm/internal.h"
#include "../../mm/lru.h"
#include "../../mm/migrate.h"
#include "../../mm/pgtable.h"
#include "../../mm/vma.h"
#include "../space.h"

#define CPUS 4
#define SPACES 3
#define PAGES 12ul
#define STEPS 40000
#define RW (PROT_READ | PROT_WRITE)
/* The third lies across the end of a table. */
#define ANON 0x10000000ul
#define SHARED 0x20000000ul
#define PRIVATE (0x30000000ul - 5 * PAGE_SIZE)

static const unsigned long areas[] = { ANON, SHARED, PRIVATE };
static struct mm_struct *spaces[SPACES];
static struct file *file;
static unsigned long stepped_in, changes_stepped_in, pages_moved;
/* Pages on their way to other frames: who touches one waits for it. */
static int moving;

/* ---- what can be done ---- */

static struct mm_struct *some_space(void)
{
	return spaces[rnd(SPACES)];
}

static unsigned long word_for(unsigned long page)
{
	return 0xabc00000ul | page;
}

static void touch(unsigned long area)
{
	unsigned long page = rnd(PAGES), at = area + page * PAGE_SIZE;
	u32 word = (u32)word_for(page);

	if (rnd(2)) {
		sim_write((u32)at, &word, 4);
		return;
	}
	word = 0;
	if (sim_read((u32)at, &word, 4) == SIM_OK)
		CHECK(!word || word == word_for(page));
}

static void touch_remotely(unsigned long area)
{
	unsigned long page = rnd(PAGES), at = area + page * PAGE_SIZE;
	u32 word = (u32)word_for(page);

	if (rnd(2)) {
		access_process_vm(some_space(), at, &word, 4, true);
		return;
	}
	word = 0;
	access_process_vm(some_space(), at, &word, 4, false);
	CHECK(!word || word == word_for(page));
}

static bool count_one(struct page *page, struct vm_area_struct *vma,
		      unsigned long addr, void *arg)
{
	++*(int *)arg;
	return true;
}

static void look(unsigned long area)
{
	struct page *page = find_get_page(file->f_mapping, rnd(PAGES));
	int found = 0;

	pagemap_entry(some_space(), area + rnd(PAGES) * PAGE_SIZE);
	if (!page)
		return;
	rmap_walk(page, count_one, &found);
	CHECK_OP(found, <=, 2 * SPACES);
	put_page(page);
}

/* What maps a page of the area, off its list and with a reference; or NULL. */
static struct page *isolate_some_page(unsigned long area)
{
	struct mm_struct *mm = some_space();
	struct page *page = NULL;
	pte_t *pte;

	spin_lock(&mm->page_table_lock);
	pte = pte_lookup(mm, area + rnd(PAGES) * PAGE_SIZE);
	if (pte && pte_present(*pte) && !pte_special(*pte) &&
	    isolate_lru_page(pte_page(*pte)))
		page = pte_page(*pte);
	spin_unlock(&mm->page_table_lock);
	return page;
}

static void move_page(unsigned long area)
{
	struct page *newpage = alloc_user_page(GFP_HIGHUSER_MOVABLE);
	struct page *page = newpage ? isolate_some_page(area) : NULL;

	moving++;
	if (page && !migrate_page(page, newpage, MIGRATE_ASYNC)) {
		put_page(page);
		page = newpage;
		newpage = NULL;
		pages_moved++;
	}
	moving--;
	if (page)
		putback_lru_page(page);
	if (newpage)
		put_page(newpage);
}

/* With mmap_lock for read. */
static void use_space(unsigned long area)
{
	unsigned long at = area + rnd(PAGES / 2) * PAGE_SIZE;
	unsigned long len = (1 + rnd(PAGES / 2)) * PAGE_SIZE;

	switch (rnd(9)) {
	case 0:
		mm_madvise(some_space(), at, len, MADV_DONTNEED);
		break;
	case 1:
		mm_madvise(some_space(), at, len, MADV_FREE);
		break;
	case 2:
		look(area);
		break;
	case 3:
		move_page(area);
		break;
	case 4:
		if (!moving)
			touch_remotely(area);
		break;
	default:
		if (!moving)
			touch(area);
	}
}

/* Without mmap_lock. */
static void use_file(void)
{
	loff_t at = (loff_t)(rnd(PAGES) * PAGE_SIZE);

	if (rnd(2))
		shmem_setsize(file->f_mapping, at);
	else
		shmem_fallocate(file->f_mapping,
				FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at,
				2 * PAGE_SIZE);
	shmem_setsize(file->f_mapping, (loff_t)(PAGES * PAGE_SIZE));
}

static void map_all(struct mm_struct *mm)
{
	take_area(mm, ANON, PAGES * PAGE_SIZE, RW);
	take_file_area(mm, file, SHARED, PAGES * PAGE_SIZE, RW, MAP_SHARED, 0);
	take_file_area(mm, file, PRIVATE, PAGES * PAGE_SIZE, RW, MAP_PRIVATE,
		       0);
}

/* Away and back, so that each page lies where it was. */
static void move(struct mm_struct *mm, unsigned long area)
{
	unsigned long len = PAGES * PAGE_SIZE, away = area + PGDIR_SIZE / 2;

	if (mm_mremap(mm, area, len, len, MREMAP_MAYMOVE | MREMAP_FIXED,
		      away) != away)
		return;
	CHECK_EQ(mm_mremap(mm, away, len, len, MREMAP_MAYMOVE | MREMAP_FIXED,
			   area),
		 area);
}

static void fork_over(unsigned int i)
{
	struct mm_struct *mm = spaces[i], *parent = some_space();

	if (mm == parent)
		return;
	if (sim_loaded_mm() == mm)
		sim_load_mm(parent);
	spaces[i] = parent; /* no CPU steps into what is not there */
	give_mm(mm);
	spaces[i] = take_fork(parent);
}

/* With mmap_lock for write. */
static void change_space(unsigned long area)
{
	struct mm_struct *mm = some_space();
	unsigned long at = area + rnd(PAGES / 2) * PAGE_SIZE;
	unsigned long len = (1 + rnd(PAGES / 2)) * PAGE_SIZE;

	switch (rnd(6)) {
	case 0:
		vm_munmap(mm, at, len);
		map_all(mm);
		break;
	case 1:
		mm_mprotect(mm, at, len, PROT_READ);
		mm_mprotect(mm, at, len, RW);
		break;
	case 2:
		if (!moving) /* a page on its way would be waited for */
			mm_mlock(mm, at, len, VM_LOCKED);
		break;
	case 3:
		mm_munlock(mm, area, PAGES * PAGE_SIZE);
		break;
	case 4:
		move(mm, area);
		break;
	default:
		sim_load_mm(mm);
	}
}

/* ---- who does it ---- */

/* No space is used by anybody who would have to be waited for. */
static bool spaces_are(bool (*so)(const struct mm_struct *mm))
{
	for (int i = 0; i < SPACES; i++)
		if (!so(spaces[i]))
			return false;
	return true;
}

static bool readable(const struct mm_struct *mm)
{
	return mm->mmap_lock.count >= 0;
}

static bool idle(const struct mm_struct *mm)
{
	return !mm->mmap_lock.count;
}

static void one_operation(void)
{
	unsigned long area = areas[rnd(ARRAY_SIZE(areas))];

	/* A page on its way would be waited for. */
	if (!rnd(8) && !moving && !file->f_mapping->i_rwsem.count)
		use_file();
	else if (!rnd(4) && spaces_are(idle))
		change_space(area), changes_stepped_in++;
	else if (spaces_are(readable))
		use_space(area);
}

static void step_in(void)
{
	unsigned int before = sim_cpu();

	if (sim_locks_held_beside("mm_cpu_online", "pcp_init") || rnd(6) ||
	    sim_tlb_is_behind())
		return;
	stepped_in++;
	sim_run_on((before + 1 + (unsigned int)rnd(CPUS - 1)) % CPUS);
	one_operation();
	sim_run_on(before);
}

/* ---- what must hold ---- */

static void check_cached(const struct page *page)
{
	struct page *cached = find_get_page(file->f_mapping, page->index);

	CHECK(cached == page);
	put_page(cached);
}

static void check_pages(struct mm_struct *mm)
{
	unsigned long there = 0, end;
	struct vm_area_struct *vma;
	pte_t *pte;

	for (vma = mm->mmap; vma; vma = vma->vm_next) {
		end = vma->vm_end;
		for (unsigned long a = vma->vm_start; a < end; a += PAGE_SIZE) {
			pte = pte_lookup(mm, a);
			if (!pte || !pte_present(*pte) || pte_special(*pte))
				continue;
			there++;
			if (!PageAnon(pte_page(*pte)))
				check_cached(pte_page(*pte));
		}
	}
	CHECK_EQ(there, get_mm_rss(mm));
}

TEST_NO_SWEEP(cpus_step_in_wherever_they_can)
{
	file = take_file(PAGES);
	for (unsigned int i = 0; i < SPACES; i++) {
		spaces[i] = take_mm();
		map_all(spaces[i]);
	}
	for (unsigned long step = 0; step < STEPS; step++) {
		sim.on_unlock = step_in;
		one_operation();
		sim.on_unlock = NULL;
		if (!rnd(20)) {
			sim.on_unlock = step_in;
			fork_over((unsigned int)rnd(SPACES));
			sim.on_unlock = NULL;
		}
		sim_tlb_check();
		for (int i = 0; step % 10 == 0 && i < SPACES; i++)
			check_pages(spaces[i]);
	}
	CHECK_OP(stepped_in, >, 1000);
	CHECK_OP(changes_stepped_in, >, 100);
	CHECK_OP(pages_moved, >, 500);
	for (int i = 0; i < SPACES; i++)
		give_mm(spaces[i]);
	CHECK_EQ(global_node_page_state(NR_MLOCK), 0);
	CHECK_EQ(global_node_page_state(NR_ANON_MAPPED), 0);
	CHECK_EQ(global_node_page_state(NR_FILE_MAPPED), 0);
	CHECK_EQ(global_node_page_state(NR_PAGETABLE), 0);
	for (unsigned int cpu = 1; cpu < CPUS; cpu++)
		stop_cpu(cpu);
}
