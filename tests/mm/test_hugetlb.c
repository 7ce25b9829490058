/* SPDX-License-Identifier: MIT */
/*
 * Huge pages of a pool: by hand, and random programs whose words a model knows.
 *
 * After every step the numbers of the pool are counted anew. What is in use is
 * what directories and files have; what is promised is, for a file, what its
 * set has beyond its pages, and for an area what its set has not yet.
 */
#include "../../mm/hugetlb.h"
#include "../../mm/pgtable.h"
#include "../../mm/vma.h"
#include "../space.h"
#include <ashlar/highmem.h>
#include <ashlar/hugetlb.h>
#include <ashlar/shmem_fs.h>

#define RW (PROT_READ | PROT_WRITE)
#define HUGE HPAGE_PMD_SIZE
#define AT 0x10000000ul /* of a huge page */

/* ---- files ---- */

static void release_file(struct file *f)
{
	hugetlb_evict(f->f_mapping);
}

static const struct file_operations fops = {
	.mmap = hugetlb_file_mmap,
	.read_iter = hugetlb_read_iter,
	.fallocate = hugetlb_fallocate,
	.release = release_file,
};

static struct file *take_huge_file(struct hugepage_subpool *spool)
{
	struct file *f = shmem_alloc_file("huge");

	if (IS_ERR(f))
		needed(__FILE__, __LINE__, "shmem_alloc_file");
	address_space_init(f->f_mapping, NULL, NULL, 0);
	keep_file(f);
	if (hugetlb_mapping_init(f->f_mapping, spool, NULL))
		needed(__FILE__, __LINE__, "hugetlb_mapping_init");
	f->f_op = &fops;
	return f;
}

static struct hstate pool(void)
{
	struct hstate h;

	hugetlb_stat(&h);
	return h;
}

/* A pool of so many pages. */
static void take_pool(unsigned long pages)
{
	set_max_huge_pages(pages);
	if (pool().nr_huge_pages < pages)
		needed(__FILE__, __LINE__, "set_max_huge_pages");
	CHECK_EQ(pool().nr_huge_pages, pages);
	CHECK_EQ(global_node_page_state(NR_HUGETLB), pages * HPAGE_PMD_NR);
}

static void check_pool(unsigned long nr, unsigned long free, unsigned long resv,
		       unsigned long surplus)
{
	struct hstate h = pool();

	CHECK_EQ(h.nr_huge_pages, nr);
	CHECK_EQ(h.free_huge_pages, free);
	CHECK_EQ(h.resv_huge_pages, resv);
	CHECK_EQ(h.surplus_huge_pages, surplus);
}

static unsigned long map_file(struct mm_struct *mm, struct file *f,
			      unsigned long pages, unsigned long flags)
{
	return ksys_mmap(mm, f, 0, pages * HUGE, RW, flags, 0);
}

/* ---- one at a time ---- */

TEST(a_mapping_is_promised_its_pages_and_gives_them_back)
{
	struct mm_struct *mm = take_mm();
	struct file *f = take_huge_file(NULL);
	unsigned long at;

	take_pool(3);
	at = SPACE_OK(map_file(mm, f, 2, MAP_PRIVATE));
	CHECK_EQ(at & (HUGE - 1), 0);
	check_pool(3, 3, 2, 0);
	CHECK_EQ(map_file(mm, f, 2, MAP_SHARED), -ENOMEM);
	CHECK_EQ(peek(at + HUGE - 4), 0);
	poke(at, 7);
	check_pool(3, 2, 1, 0);
	CHECK_EQ(mm->hugetlb_usage, 1);
	CHECK_EQ(get_mm_rss(mm), 0);
	check_space(mm);
	SPACE_OK(vm_munmap(mm, at, 2 * HUGE));
	check_pool(3, 3, 0, 0);
}

TEST(a_shared_file_keeps_its_pages_until_it_is_cut)
{
	struct mm_struct *mm = take_mm();
	struct file *f = take_huge_file(NULL);
	unsigned long a, b;

	take_pool(2);
	a = SPACE_OK(map_file(mm, f, 2, MAP_SHARED));
	b = SPACE_OK(map_file(mm, f, 2, MAP_SHARED)); /* the same promise */
	check_pool(2, 2, 2, 0);
	poke(a + 4, 5);
	CHECK_EQ(peek(b + 4), 5);
	SPACE_OK(vm_munmap(mm, a, 2 * HUGE));
	check_pool(2, 1, 1, 0);
	CHECK_EQ(hugetlb_setsize(f->f_mapping, 100), -EINVAL);
	CHECK_EQ(hugetlb_setsize(f->f_mapping, 0), 0);
	check_pool(2, 2, 0, 0);
	CHECK_EQ(try_read(b), SIM_BUS);
	check_space(mm);
}

TEST(only_whole_pages_are_cut_out)
{
	struct mm_struct *mm = take_mm();
	struct file *f = take_huge_file(NULL);
	unsigned long at;

	take_pool(3);
	at = SPACE_OK(map_file(mm, f, 3, MAP_PRIVATE));
	poke(at + HUGE, 1);
	CHECK_EQ(vm_munmap(mm, at + PAGE_SIZE, HUGE), -EINVAL);
	CHECK_EQ(vm_munmap(mm, at, HUGE + PAGE_SIZE), -EINVAL);
	CHECK_EQ(mm_mprotect(mm, at + PAGE_SIZE, HUGE, PROT_READ), -EINVAL);
	CHECK_EQ(mm_madvise(mm, at + PAGE_SIZE, HUGE, MADV_DONTNEED), -EINVAL);
	CHECK_EQ(mm_madvise(mm, at, HUGE, MADV_FREE), -EINVAL);
	SPACE_OK(vm_munmap(mm, at + HUGE, HUGE));
	check_pool(3, 3, 2, 0);
	poke(at + 2 * HUGE, 3);
	check_pool(3, 2, 1, 0);
	SPACE_OK(mm_mprotect(mm, at, HUGE, PROT_READ));
	CHECK_EQ(try_write(at), SIM_ACCERR);
	check_space(mm);
}

TEST(a_parent_takes_its_page_back_from_its_child)
{
	struct mm_struct *mm = take_mm(), *child;
	struct file *f = take_huge_file(NULL);
	unsigned long at;

	take_pool(1);
	at = SPACE_OK(map_file(mm, f, 1, MAP_PRIVATE));
	poke(at, 1);
	child = take_fork(mm);
	CHECK_EQ(child->hugetlb_usage, 1);
	sim_load_mm(child);
	CHECK_EQ(peek(at), 1);
	CHECK_EQ(try_write(at), SIM_BUS); /* there is none for a child */
	sim_load_mm(mm);
	poke(at, 2);
	CHECK_EQ(child->hugetlb_usage, 0);
	sim_load_mm(child);
	CHECK_EQ(try_read(at), SIM_BUS);
	sim_load_mm(mm);
	CHECK_EQ(peek(at), 2);
	check_pool(1, 0, 0, 0);
}

/* (Without memory the child loses its page, as without a huge one.) */
TEST_NO_SWEEP(a_copy_is_made_where_there_is_a_page_for_it)
{
	struct mm_struct *mm = take_mm(), *child;
	struct file *f = take_huge_file(NULL);
	unsigned long at;

	take_pool(2);
	at = SPACE_OK(map_file(mm, f, 1, MAP_PRIVATE));
	poke(at + HUGE - 4, 1);
	child = take_fork(mm);
	poke(at + 8, 2);
	sim_load_mm(child);
	CHECK_EQ(peek(at + 8), 0);
	CHECK_EQ(peek(at + HUGE - 4), 1);
	poke(at + 8, 3); /* it is the child's alone by now */
	check_pool(2, 0, 0, 0);
	sim_load_mm(mm);
	CHECK_EQ(peek(at + 8), 2);
	check_space(mm);
	check_space(child);
}

TEST(surplus_pages_come_for_promises_and_go_with_them)
{
	struct mm_struct *mm = take_mm();
	struct file *f = take_huge_file(NULL);
	unsigned long at;

	set_nr_overcommit_huge_pages(2);
	at = SPACE_OK(map_file(mm, f, 2, MAP_SHARED));
	check_pool(2, 2, 2, 2);
	poke(at, 1);
	check_pool(2, 1, 1, 2);
	set_max_huge_pages(1);
	check_pool(2, 1, 1, 1);
	set_max_huge_pages(0);
	check_pool(2, 1, 1, 2);
	CHECK_EQ(hugetlb_setsize(f->f_mapping, 0), 0);
	check_pool(0, 0, 0, 0);
}

TEST(without_a_promise_a_fault_may_find_none)
{
	struct mm_struct *mm = take_mm();
	struct file *f = take_huge_file(NULL), *g = take_huge_file(NULL);
	unsigned long a, b;

	take_pool(1);
	a = SPACE_OK(map_file(mm, f, 1, MAP_SHARED));
	b = SPACE_OK(map_file(mm, g, 1, MAP_SHARED | MAP_NORESERVE));
	CHECK_EQ(try_write(b), SIM_BUS);
	poke(a, 1);
	CHECK_EQ(try_write(b), SIM_BUS);
	check_pool(1, 0, 0, 0);
}

TEST(a_hole_gives_pages_back_and_parts_become_zeroes)
{
	struct mm_struct *mm = take_mm();
	struct file *f = take_huge_file(NULL);
	const int punch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	unsigned long at;

	take_pool(3);
	at = SPACE_OK(map_file(mm, f, 3, MAP_SHARED));
	poke(at, 1);
	poke(at + HUGE, 2);
	poke(at + 2 * HUGE, 3);
	poke(at + 2 * HUGE + 8192, 4);
	if (hugetlb_fallocate(f, punch, 100, (loff_t)(2 * HUGE)))
		needed(__FILE__, __LINE__, "a hole");
	CHECK_EQ(peek(at), 1);
	CHECK_EQ(peek(at + 2 * HUGE), 0);
	CHECK_EQ(peek(at + 2 * HUGE + 8192), 4);
	CHECK_EQ(f->f_mapping->nrpages, 2);
	check_pool(3, 1, sweeping() ? pool().resv_huge_pages : 0, 0);
	CHECK_EQ(peek(at + HUGE), 0);
	check_space(mm);
}

TEST(fallocate_fills_and_read_reads)
{
	struct file *f = take_huge_file(NULL);
	u32 words[2] = { 1, 1 };
	long err;

	take_pool(2);
	err = hugetlb_fallocate(f, 0, 0, (loff_t)HUGE + 1);
	if (err == -ENOMEM)
		needed(__FILE__, __LINE__, "hugetlb_fallocate");
	CHECK_EQ(err, 0);
	check_pool(2, 0, 0, 0);
	err = hugetlb_fallocate(f, 0, 0, (loff_t)(3 * HUGE));
	if (err == -ENOMEM)
		needed(__FILE__, __LINE__, "hugetlb_fallocate");
	CHECK_EQ(err, -ENOSPC);
	CHECK_EQ(kernel_read(f, words, 8, (loff_t)HUGE - 3), 4);
	CHECK_EQ(words[0], 0);
	CHECK_EQ(words[1], 1);
	CHECK_EQ(hugetlb_setsize(f->f_mapping, 0), 0);
}

TEST(it_moves_whole_with_its_promise_and_does_not_grow)
{
	struct mm_struct *mm = take_mm();
	struct file *f = take_huge_file(NULL);
	const unsigned long move = MREMAP_MAYMOVE | MREMAP_FIXED;
	unsigned long at;

	take_pool(3);
	at = SPACE_OK(map_file(mm, f, 3, MAP_PRIVATE));
	poke(at + HUGE, 5);
	CHECK_EQ(mm_mremap(mm, at, HUGE, 4 * HUGE, MREMAP_MAYMOVE, 0), -EINVAL);
	CHECK_EQ(mm_mremap(mm, at, HUGE, HUGE, move, AT + PAGE_SIZE), -EINVAL);
	SPACE_OK(mm_mremap(mm, at + HUGE, HUGE, HUGE, move, AT));
	CHECK_EQ(peek(AT), 5);
	CHECK_EQ(try_read(at + HUGE), SIM_MAPERR);
	check_pool(3, 2, 2, 0);
	check_space(mm);
	SPACE_OK(vm_munmap(mm, AT, HUGE));
	check_pool(3, 3, 2, 0);
	poke(at, 1);
	poke(at + 2 * HUGE, 1);
	check_pool(3, 1, 0, 0);
}

TEST(the_kernel_holds_a_frame_beyond_the_file)
{
	struct mm_struct *mm = take_mm();
	struct file *f = take_huge_file(NULL);
	struct page *page;
	unsigned long at;

	take_pool(1);
	at = SPACE_OK(map_file(mm, f, 1, MAP_SHARED));
	poke(at + 3 * PAGE_SIZE, 9);
	page = get_user_page(mm, at + 3 * PAGE_SIZE, true, false);
	CHECK(!IS_ERR(page));
	CHECK_EQ(hugetlb_setsize(f->f_mapping, 0), 0);
	check_pool(1, 0, 0, 0);
	put_page(page);
	check_pool(1, 1, 0, 0);
}

TEST_NO_SWEEP(a_mount_has_its_part_of_the_pool)
{
	struct hugepage_subpool *spool;
	struct mm_struct *mm = take_mm();
	struct file *f;
	unsigned long at;

	take_pool(3);
	CHECK(!hugepage_new_subpool(4, 4));
	spool = hugepage_new_subpool(2, 1);
	check_pool(3, 3, 1, 0);
	f = take_huge_file(spool);
	CHECK_EQ(map_file(mm, f, 3, MAP_SHARED), -ENOMEM);
	at = SPACE_OK(map_file(mm, f, 2, MAP_SHARED));
	check_pool(3, 3, 2, 0);
	poke(at, 1);
	check_pool(3, 2, 1, 0);
	SPACE_OK(vm_munmap(mm, at, 2 * HUGE));
	CHECK_EQ(hugetlb_setsize(f->f_mapping, 0), 0);
	check_pool(3, 3, 1, 0);
	at = SPACE_OK(map_file(mm, f, 2, MAP_SHARED));
	poke(at, 1);
	hugepage_put_subpool(spool); /* the mount goes first */
	sim_load_mm(NULL);
	give_mm(mm);
	give_file(f);
	check_pool(3, 3, 0, 0);
}

TEST(without_4_mb_pages_there_is_no_pool)
{
	port_has_pse = false;
	set_max_huge_pages(2);
	CHECK_EQ(pool().nr_huge_pages, 0);
	port_has_pse = true;
}

/* ---- random programs ---- */

#define SPACES 3
#define SLOTS 3 /* areas of a space, each with a place of its own */
#define PAGES 3 /* of an area, and of the file */

struct area {
	bool mapped, shared, owner;
	bool lost; /* a page of it, to its owner */
	u8 prot;
	bool there[PAGES], own[PAGES]; /* the page is a copy */
	u32 value[PAGES]; /* of the copy */
};

static struct space {
	struct mm_struct *mm;
	struct area areas[SLOTS];
} spaces[SPACES];

static struct file *file;
static u32 file_value[PAGES];
static u32 next_value;

static unsigned long place(unsigned long slot)
{
	return AT + slot * 8 * HUGE;
}

static bool file_has(unsigned long i)
{
	struct page *page = hugetlb_find_page(file->f_mapping, i);

	if (page)
		put_page(page);
	return page;
}

/* What areas of one space are promised still. */
static unsigned long promised_to(struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	unsigned long n = 0, from, to;
	unsigned long word;

	for (vma = mm->mmap; vma; vma = vma->vm_next) {
		if (!vma_is_resv_owner(vma))
			continue;
		word = (unsigned long)vma->vm_private_data & ~3ul;
		from = vma_hugecache_offset(vma, vma->vm_start);
		to = vma_hugecache_offset(vma, vma->vm_end);
		n += to - from -
		     (unsigned long)region_count((struct resv_map *)word, from,
						 to);
	}
	return n;
}

/* Pages that only areas have: each once, be it mapped in several. */
static unsigned long count_copies(void)
{
	const struct page *seen[64];
	struct vm_area_struct *vma;
	unsigned long n = 0, addr, k;
	const struct page *page;
	pte_t *pte;

	for (int i = 0; i < SPACES; i++) {
		vma = spaces[i].mm ? spaces[i].mm->mmap : NULL;
		for (; vma; vma = vma->vm_next)
			for (addr = vma->vm_start; addr < vma->vm_end;
			     addr += HUGE) {
				pte = pte_lookup(vma->vm_mm, addr);
				if (!pte || pte_none(*pte))
					continue;
				page = pte_page(*pte);
				for (k = 0; k < n && seen[k] != page; k++)
					;
				if (k == n && PageAnon(page))
					seen[n++] = page;
			}
	}
	return n;
}

static void check_promises(void)
{
	struct address_space *m = file->f_mapping;
	unsigned long resv, used = m->nrpages + count_copies();
	struct hstate h = pool();

	resv = (unsigned long)region_count(inode_resv_map(m), 0, ~0ul) -
	       m->nrpages;
	for (int i = 0; i < SPACES; i++) {
		if (!spaces[i].mm)
			continue;
		resv += promised_to(spaces[i].mm);
		check_space(spaces[i].mm);
	}
	CHECK_EQ(h.resv_huge_pages, resv);
	CHECK_EQ(h.nr_huge_pages, h.free_huge_pages + used);
	CHECK_OP(h.free_huge_pages, >=, h.resv_huge_pages);
	CHECK_OP(h.surplus_huge_pages, <=, h.nr_huge_pages);
}

static void forget(struct area *a, unsigned long i)
{
	a->there[i] = a->own[i] = false;
}

/* The file's page went: so did all copies of it. */
static void forget_everywhere(unsigned long i)
{
	file_value[i] = 0;
	for (int s = 0; s < SPACES; s++)
		for (int k = 0; k < SLOTS; k++)
			forget(&spaces[s].areas[k], i);
}

static void op_mmap(struct space *s)
{
	unsigned long slot = rnd(SLOTS), flags, ret;
	struct area *a = &s->areas[slot];

	if (a->mapped)
		return;
	*a = (struct area){ .shared = rnd(2), .prot = rnd(4) ? RW : PROT_READ };
	flags = MAP_FIXED | (a->shared ? MAP_SHARED : MAP_PRIVATE);
	a->owner = !a->shared && rnd(3);
	if (!a->owner && rnd(2))
		flags |= MAP_NORESERVE;
	else
		a->owner = !a->shared;
	ret = ksys_mmap(s->mm, file, place(slot), PAGES * HUGE, a->prot, flags,
			0);
	if (IS_ERR_VALUE(ret))
		CHECK_EQ(ret, -ENOMEM);
	else
		a->mapped = true;
}

static void op_munmap(struct space *s)
{
	unsigned long slot = rnd(SLOTS);

	CHECK_EQ(vm_munmap(s->mm, place(slot), PAGES * HUGE), 0);
	s->areas[slot] = (struct area){ 0 };
}

/* A copy leaves others who had it the only ones: no word changes. */
static void wrote(struct area *a, unsigned long i, u32 value)
{
	a->there[i] = true;
	if (a->shared) {
		file_value[i] = value;
	} else {
		a->own[i] = true;
		a->value[i] = value;
	}
}

/* Areas of others that lost a page to the one that was promised it. */
static void find_lost(const struct space *s)
{
	for (int k = 0; k < SPACES; k++) {
		struct vm_area_struct *vma;

		if (!spaces[k].mm || &spaces[k] == s)
			continue;
		for (unsigned long slot = 0; slot < SLOTS; slot++) {
			struct area *a = &spaces[k].areas[slot];

			vma = find_vma(spaces[k].mm, place(slot));
			if (!a->mapped || !vma_is_resv_unmapped(vma))
				continue;
			CHECK(!a->owner && !a->shared);
			a->lost = true;
			for (unsigned long i = 0; i < PAGES; i++)
				if (!pte_lookup(spaces[k].mm,
						place(slot) + i * HUGE))
					forget(a, i);
		}
	}
}

static void op_write(struct space *s)
{
	unsigned long slot = rnd(SLOTS), i = rnd(PAGES);
	u32 value = ++next_value;
	struct area *a = &s->areas[slot];
	enum sim_fault f;

	f = sim_write((u32)(place(slot) + i * HUGE + 16), &value, 4);
	if (!a->mapped) {
		CHECK_EQ(f, SIM_MAPERR);
	} else if (!(a->prot & PROT_WRITE)) {
		CHECK_EQ(f, SIM_ACCERR);
	} else if (f == SIM_OK) {
		wrote(a, i, value);
		find_lost(s);
	} else {
		CHECK_EQ(f, SIM_BUS);
		CHECK(!(a->owner &&
			(loff_t)i < file->f_mapping->i_size >> PGDIR_SHIFT));
	}
}

static void op_read(struct space *s)
{
	unsigned long slot = rnd(SLOTS), i = rnd(PAGES);
	struct area *a = &s->areas[slot];
	bool has = file_has(i);
	enum sim_fault f;
	u32 word = 0;

	f = sim_read((u32)(place(slot) + i * HUGE + 16), &word, 4);
	if (!a->mapped) {
		CHECK_EQ(f, SIM_MAPERR);
		return;
	}
	if (f != SIM_OK) {
		CHECK_EQ(f, SIM_BUS);
		CHECK(!a->there[i]);
		return;
	}
	if (!a->shared && !a->there[i] && !has) {
		a->own[i] = true;
		a->value[i] = 0;
	}
	a->there[i] = true;
	CHECK_EQ(word, a->own[i] ? a->value[i] : file_value[i]);
}

static void op_mprotect(struct space *s)
{
	unsigned long slot = rnd(SLOTS);
	u8 prot = rnd(3) ? RW : PROT_READ;

	if (!s->areas[slot].mapped)
		return;
	CHECK_EQ(mm_mprotect(s->mm, place(slot), PAGES * HUGE, prot), 0);
	s->areas[slot].prot = prot;
}

static void op_dontneed(struct space *s)
{
	unsigned long slot = rnd(SLOTS), i = rnd(PAGES);

	if (!s->areas[slot].mapped)
		return;
	CHECK_EQ(mm_madvise(s->mm, place(slot) + i * HUGE, HUGE, MADV_DONTNEED),
		 0);
	forget(&s->areas[slot], i);
}

static void op_exit(struct space *s)
{
	if (sim_loaded_mm() == s->mm)
		sim_load_mm(NULL);
	mmput(s->mm);
	*s = (struct space){ 0 };
}

static void op_fork(struct space *s)
{
	struct space *child = &spaces[rnd(SPACES)];

	if (child == s)
		return;
	if (child->mm)
		op_exit(child);
	*child = *s;
	child->mm = dup_mm(s->mm);
	CHECK(!IS_ERR(child->mm));
	for (int k = 0; k < SLOTS; k++) {
		child->areas[k].owner = child->areas[k].lost = false;
		if (!child->areas[k].shared)
			continue;
		for (unsigned long i = 0; i < PAGES; i++)
			forget(&child->areas[k], i);
	}
}

static void op_file(struct space *s)
{
	unsigned long i = rnd(PAGES);
	long err;

	(void)s;
	switch (rnd(4)) {
	case 0:
		CHECK_EQ(hugetlb_setsize(file->f_mapping, (loff_t)(i * HUGE)),
			 0);
		for (; i < PAGES; i++)
			forget_everywhere(i);
		break;
	case 1:
		err = hugetlb_fallocate(
			file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			(loff_t)(i * HUGE), (loff_t)HUGE);
		CHECK_EQ(err, 0);
		forget_everywhere(i);
		break;
	case 2:
		err = hugetlb_fallocate(file, 0, (loff_t)(i * HUGE),
					(loff_t)HUGE);
		CHECK(!err || err == -ENOSPC);
		break;
	default:
		CHECK_EQ(hugetlb_setsize(file->f_mapping,
					 (loff_t)(PAGES * HUGE)),
			 0);
	}
}

static void op_pool(struct space *s)
{
	(void)s;
	if (rnd(2))
		set_max_huge_pages(rnd(6));
	else
		set_nr_overcommit_huge_pages(rnd(3));
}

static void random_op(struct space *s)
{
	static void (*const ops[])(struct space * s) = {
		op_write, op_write, op_write,	 op_read,     op_read,
		op_mmap,  op_mmap,  op_munmap,	 op_fork,     op_exit,
		op_file,  op_pool,  op_mprotect, op_dontneed,
	};

	ops[rnd(ARRAY_SIZE(ops))](s);
}

TEST_NO_SWEEP(random_programs_see_what_the_model_says)
{
	file = take_huge_file(NULL);
	for (unsigned long i = 0; i < PAGES; i++)
		file_value[i] = 0;
	take_pool(4);
	for (unsigned long n = 0; n < 1500; n++) {
		struct space *s = &spaces[rnd(SPACES)];

		if (!s->mm) {
			s->mm = mm_alloc();
			CHECK(s->mm);
		}
		sim_load_mm(s->mm);
		random_op(s);
		check_promises();
	}
	for (int i = 0; i < SPACES; i++)
		if (spaces[i].mm)
			op_exit(&spaces[i]);
}

/* ---- the sets ---- */

TEST(a_set_of_pages_is_as_a_map_of_bits_says)
{
	struct resv_map *map = NEED(resv_map_alloc());
	bool in[24] = { false };
	unsigned long from, to, i;
	long want, got;

	for (unsigned long n = 0; n < 400; n++) {
		from = rnd(24);
		to = from + 1 + rnd(24 - from);
		want = 0;
		for (i = from; i < to; i++)
			want += in[i];
		CHECK_EQ(region_count(map, from, to), want);
		if (rnd(2)) {
			got = region_chg(map, from, to);
			if (got == -ENOMEM)
				continue;
			CHECK_EQ(got, (long)(to - from) - want);
			if (!rnd(4)) {
				region_abort(map);
				continue;
			}
			CHECK_EQ(region_add(map, from, to), got);
			for (i = from; i < to; i++)
				in[i] = true;
		} else {
			got = region_del(map, from, to);
			if (got == -ENOMEM)
				continue;
			CHECK_EQ(got, want);
			for (i = from; i < to; i++)
				in[i] = false;
		}
	}
	resv_map_put(map);
}
