/* SPDX-License-Identifier: MIT */
/*
 * Transparent huge pages: by hand, and against a model that is a word a page.
 *
 * A window of three huge pages and some pages at both ends. Every random
 * operation is done to the model and to the machine; then a program's reads end
 * alike in both. At any time the structures agree: a huge page is mapped whole,
 * a table is put by for each, and both counts are those of the entries and of
 * who holds a frame.
 */
#include "../../mm/huge_page.h"
#include "../../mm/internal.h"
#include "../../mm/lru.h"
#include "../../mm/pgtable.h"
#include "../../mm/vma.h"
#include "../space.h"
#include <ashlar/fault-inject.h>
#include <ashlar/highmem.h>
#include <ashlar/huge_mm.h>
#include <ashlar/khugepaged.h>
#include <ashlar/shrinker.h>

#define RW (PROT_READ | PROT_WRITE)
#define PAGES(n) ((unsigned long)(n) << PAGE_SHIFT)
#define AT 0x10000000ul /* of a huge page */
#define HUGE HPAGE_PMD_SIZE

static bool is_huge(struct mm_struct *mm, unsigned long addr)
{
	return pgd_huge(*pgd_offset(mm, addr));
}

/* An area of one huge page, written to. */
static struct mm_struct *take_huge(void)
{
	struct mm_struct *mm = take_mm();

	thp_mode = THP_ALWAYS;
	take_area(mm, AT, HUGE, RW);
	poke(AT + PAGES(3), 33);
	return mm;
}

static struct page *head_of(struct mm_struct *mm)
{
	return pte_page(*pte_lookup(mm, AT));
}

/* ---- one at a time ---- */

TEST(the_first_write_of_4_mb_maps_them_all)
{
	struct mm_struct *mm = take_huge();

	if (!sweeping())
		CHECK(is_huge(mm, AT));
	CHECK_EQ(peek(AT + PAGES(3)), 33);
	CHECK_EQ(peek(AT + HUGE - 4), 0);
	if (is_huge(mm, AT)) {
		CHECK_EQ(mm->rss_anon, HPAGE_PMD_NR);
		CHECK_EQ(global_node_page_state(NR_ANON_THPS), 1);
		CHECK_EQ(vm_events(THP_FAULT_ALLOC), 1);
	} else {
		CHECK_EQ(mm->nr_huge, 0);
	}
	check_space(mm);
}

TEST(a_read_an_edge_or_a_word_against_it_does_not)
{
	struct mm_struct *mm = take_mm();

	thp_mode = THP_ALWAYS;
	take_area(mm, AT - PAGES(4), HUGE + PAGES(3), RW);
	poke(AT, 1); /* the last page is not the area's */
	poke(AT - PAGES(1), 1);
	CHECK(!is_huge(mm, AT));
	take_area(mm, AT + HUGE, HUGE, RW);
	CHECK_EQ(peek(AT + HUGE), 0);
	poke(AT + HUGE, 1);
	CHECK(!is_huge(mm, AT + HUGE));
	take_area(mm, AT + 3 * HUGE, HUGE, RW);
	SPACE_OK(mm_madvise(mm, AT + 3 * HUGE, HUGE, MADV_NOHUGEPAGE));
	poke(AT + 3 * HUGE, 1);
	CHECK(!is_huge(mm, AT + 3 * HUGE));
	check_space(mm);
}

TEST(the_mode_the_advice_and_the_process_decide)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, 4 * HUGE, RW);
	thp_mode = THP_NEVER;
	SPACE_OK(mm_madvise(mm, AT, HUGE, MADV_HUGEPAGE));
	poke(AT, 1);
	CHECK(!is_huge(mm, AT));
	thp_mode = THP_MADVISE;
	poke(AT + HUGE, 1);
	CHECK(!is_huge(mm, AT + HUGE));
	SPACE_OK(mm_madvise(mm, AT + 2 * HUGE, HUGE, MADV_HUGEPAGE));
	mm->thp_disable = true;
	poke(AT + 2 * HUGE, 1);
	CHECK(!is_huge(mm, AT + 2 * HUGE));
	mm->thp_disable = false;
	zap_page_range(mm->mmap, AT, AT + HUGE);
	port_has_pse = false;
	thp_mode = THP_ALWAYS;
	poke(AT + 3 * HUGE, 1);
	CHECK(!is_huge(mm, AT + 3 * HUGE));
	CHECK_EQ(mm_madvise(mm, AT, HUGE, MADV_HUGEPAGE), -EINVAL);
	check_space(mm);
}

TEST(a_fork_shares_it_and_a_write_takes_it_back_or_splits)
{
	struct mm_struct *mm = take_huge(), *child;

	if (!is_huge(mm, AT))
		return;
	child = take_fork(mm);
	CHECK(is_huge(child, AT));
	CHECK_EQ(atomic_read(&head_of(mm)->_mapcount), 2);
	poke(AT + PAGES(3), 34);
	CHECK(!is_huge(mm, AT));
	CHECK(!is_huge(child, AT));
	CHECK_EQ(peek(AT + PAGES(3)), 34);
	sim_load_mm(child);
	CHECK_EQ(peek(AT + PAGES(3)), 33);
	CHECK_EQ(peek(AT + PAGES(4)), 0);
	check_space(mm);
	check_space(child);
}

TEST(after_the_childs_end_it_is_writable_as_it_is)
{
	struct mm_struct *mm = take_huge();

	if (!is_huge(mm, AT))
		return;
	give_mm(take_fork(mm));
	poke(AT + PAGES(5), 55);
	CHECK(is_huge(mm, AT));
	CHECK_EQ(vm_events(PGREUSE), 1);
	check_space(mm);
}

TEST(a_part_that_goes_or_changes_splits_it)
{
	struct mm_struct *mm = take_huge();

	if (!is_huge(mm, AT))
		return;
	SPACE_OK(vm_munmap(mm, AT + PAGES(5), PAGES(1)));
	CHECK(!is_huge(mm, AT));
	CHECK_EQ(mm->rss_anon, HPAGE_PMD_NR - 1);
	CHECK_EQ(peek(AT + PAGES(3)), 33);
	CHECK_EQ(try_read(AT + PAGES(5)), SIM_MAPERR);
	SPACE_OK(vm_munmap(mm, AT, HUGE));
	take_area(mm, AT, HUGE, RW);
	poke(AT, 7);
	CHECK(is_huge(mm, AT) || sweeping());
	SPACE_OK(mm_mprotect(mm, AT, PAGES(2), PROT_READ));
	CHECK(!is_huge(mm, AT));
	CHECK_EQ(try_write(AT), SIM_ACCERR);
	CHECK_EQ(try_write(AT + PAGES(2)), SIM_OK);
	check_space(mm);
}

TEST(the_whole_changes_its_rights_and_moves_whole)
{
	struct mm_struct *mm = take_huge();

	if (!is_huge(mm, AT))
		return;
	SPACE_OK(mm_mprotect(mm, AT, HUGE, PROT_NONE));
	CHECK_EQ(try_read(AT), SIM_ACCERR);
	CHECK(is_huge(mm, AT));
	SPACE_OK(mm_mprotect(mm, AT, HUGE, RW));
	CHECK_EQ(peek(AT + PAGES(3)), 33);
	SPACE_OK(mm_mlock(mm, AT, HUGE, VM_LOCKED));
	CHECK_EQ(global_node_page_state(NR_MLOCK), HPAGE_PMD_NR);
	SPACE_OK(mm_mremap(mm, AT, HUGE, HUGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			   AT + 4 * HUGE));
	CHECK(is_huge(mm, AT + 4 * HUGE));
	CHECK_EQ(peek(AT + 4 * HUGE + PAGES(3)), 33);
	SPACE_OK(mm_munlock(mm, AT + 4 * HUGE, PAGES(1)));
	CHECK(!is_huge(mm, AT + 4 * HUGE));
	CHECK_EQ(global_node_page_state(NR_MLOCK), HPAGE_PMD_NR - 1);
	SPACE_OK(mm_munlock(mm, AT + 4 * HUGE, HUGE));
	SPACE_OK(mm_mremap(mm, AT + 4 * HUGE, HUGE, HUGE,
			   MREMAP_MAYMOVE | MREMAP_FIXED, AT + PAGES(1)));
	CHECK_EQ(peek(AT + PAGES(4)), 33);
	check_space(mm);
}

TEST(a_frame_that_is_held_outlives_the_split_and_the_area)
{
	struct mm_struct *mm = take_huge();
	struct page *a, *b;

	if (!is_huge(mm, AT))
		return;
	a = get_user_page(mm, AT + PAGES(3), true, false);
	b = get_user_page(mm, AT + PAGES(3) + 5, false, false);
	CHECK(a == b && a == head_of(mm) + 3);
	CHECK_EQ(atomic_read(&head_of(mm)->_refcount), 2);
	split_huge_pgd(mm, AT);
	CHECK_EQ(atomic_read(&head_of(mm)->_refcount), 1);
	CHECK_EQ(atomic_read(&a->_refcount), 3);
	SPACE_OK(vm_munmap(mm, AT, HUGE));
	put_page(b);
	CHECK_EQ(atomic_read(&a->_refcount), 1);
	put_page(a);
	take_area(mm, AT, HUGE, RW);
	poke(AT, 7);
	if (is_huge(mm, AT)) {
		a = get_user_page(mm, AT + HUGE - 1, false, false);
		SPACE_OK(vm_munmap(mm, AT, HUGE));
		CHECK_EQ(compound_head(a)->pflags & PG_huge, PG_huge);
		put_page(a);
	}
	check_space(mm);
}

TEST(reports_say_how_much_is_huge)
{
	struct mm_struct *mm = take_huge();
	u64 first, last;

	if (!is_huge(mm, AT))
		return;
	first = pagemap_entry(mm, AT);
	last = pagemap_entry(mm, AT + HUGE - 1);
	CHECK_EQ(last - first, HPAGE_PMD_NR - 1);
	CHECK_EQ(clear_refs(mm, 1), 0);
	CHECK(!pte_young(*pte_lookup(mm, AT)));
	CHECK(is_huge(mm, AT));
}

/* ---- pages that become one ---- */

/* Two pages of 4 MB: written, and copied from. */
static struct mm_struct *take_small(void)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT - PAGES(1), HUGE + PAGES(1), RW);
	poke(AT - PAGES(1), 9);
	poke(AT, 1);
	poke(AT + HUGE - PAGES(1), 2);
	CHECK_EQ(peek(AT + PAGES(1)), 0);
	thp_mode = THP_ALWAYS;
	return mm;
}

static void check_small_values(void)
{
	CHECK_EQ(peek(AT), 1);
	CHECK_EQ(peek(AT + PAGES(1)), 0);
	CHECK_EQ(peek(AT + HUGE - PAGES(1)), 2);
	CHECK_EQ(peek(AT - PAGES(1)), 9);
}

TEST(a_table_is_collapsed_if_it_is_asked_for)
{
	struct mm_struct *mm = take_small();
	int err = mm_madvise(mm, AT - PAGES(1), HUGE + PAGES(1), MADV_COLLAPSE);

	if (err == -ENOMEM)
		needed(__FILE__, __LINE__, "a block");
	CHECK_EQ(err, 0);
	CHECK(is_huge(mm, AT));
	CHECK_EQ(mm->rss_anon, HPAGE_PMD_NR + 1);
	CHECK_EQ(vm_events(THP_COLLAPSE_ALLOC), 1);
	check_small_values();
	check_space(mm);
	CHECK_EQ(mm_madvise(mm, AT, HUGE, MADV_COLLAPSE), 0);
}

TEST(what_is_held_is_not_copied)
{
	struct mm_struct *mm = take_small();
	struct page *page = get_user_page(mm, AT, true, false);
	int err;

	if (IS_ERR(page))
		needed(__FILE__, __LINE__, "a page");
	err = mm_madvise(mm, AT, HUGE, MADV_COLLAPSE);
	put_page(page);
	if (err == -ENOMEM)
		needed(__FILE__, __LINE__, "a block");
	CHECK_EQ(err, -EAGAIN);
	CHECK(!is_huge(mm, AT));
	check_small_values();
	check_space(mm);
}

TEST(what_others_have_is_copied_and_stays_theirs)
{
	struct mm_struct *mm = take_small();
	struct mm_struct *child = take_fork(mm);
	int err = mm_madvise(mm, AT, HUGE, MADV_COLLAPSE);

	if (err == -ENOMEM)
		needed(__FILE__, __LINE__, "a block");
	CHECK_EQ(err, 0);
	poke(AT, 77);
	sim_load_mm(child);
	check_small_values();
	check_space(mm);
	check_space(child);
}

TEST_NO_SWEEP(the_scan_takes_what_is_dense_enough)
{
	struct mm_struct *mm = take_small();
	unsigned long scans = khugepaged_full_scans;

	khugepaged_max_ptes_none = HPAGE_PMD_NR - 3;
	while (khugepaged_full_scans < scans + 2)
		khugepaged_do_scan();
	CHECK(!is_huge(mm, AT));
	CHECK_OP(vm_events(THP_SCAN_EXCEED_NONE_PTE), >, 0);
	khugepaged_max_ptes_none = HPAGE_PMD_NR - 1;
	while (khugepaged_full_scans < scans + 4)
		khugepaged_do_scan();
	CHECK(is_huge(mm, AT));
	check_small_values();
	check_space(mm);
	khugepaged_forget();
}

/* ---- memory is short ---- */

TEST(what_was_not_written_goes_back)
{
	struct mm_struct *mm = take_huge();
	unsigned long i;

	if (!is_huge(mm, AT))
		return;
	for (i = 0; i < HPAGE_PMD_NR / 2; i++)
		poke(AT + PAGES(i), (u32)i + 1);
	poke(AT + HUGE - PAGES(1), 5);
	shrink_slab(GFP_KERNEL, 0);
	CHECK(is_huge(mm, AT)); /* half of it is used */
	poke(AT, 0);
	shrink_slab(GFP_KERNEL, 0);
	CHECK(!is_huge(mm, AT));
	CHECK_EQ(mm->rss_anon, HPAGE_PMD_NR / 2 + 1);
	for (i = 0; i < HPAGE_PMD_NR / 2; i++)
		CHECK_EQ(peek(AT + PAGES(i)), i ? i + 1 : 0);
	CHECK_EQ(peek(AT + PAGES(HPAGE_PMD_NR / 2)), 0);
	CHECK_EQ(peek(AT + HUGE - PAGES(1)), 5);
	check_space(mm);
}

TEST(what_is_held_or_locked_stays)
{
	struct mm_struct *mm = take_huge();
	struct page *page;

	if (!is_huge(mm, AT))
		return;
	page = get_user_page(mm, AT + PAGES(7), true, false);
	shrink_slab(GFP_KERNEL, 0);
	CHECK_EQ(mm->rss_anon, 3); /* the first, what was written, the held */
	CHECK(page == pte_page(*pte_lookup(mm, AT + PAGES(7))));
	put_page(page);
	take_area(mm, AT, HUGE, RW);
	SPACE_OK(mm_mlock(mm, AT, HUGE, VM_LOCKED));
	shrink_slab(GFP_KERNEL, 0);
	CHECK_EQ(mm->rss_anon, HPAGE_PMD_NR);
	check_space(mm);
}

/* ---- blocks that slabs lay in ---- */

TEST(what_slabs_left_in_the_descriptors_does_no_harm)
{
	struct page *block = take_pages(GFP_HIGHUSER_MOVABLE, HPAGE_PMD_ORDER);
	struct mm_struct *mm;
	struct page *page;

	for (unsigned long i = 1; i < HPAGE_PMD_NR; i++)
		memset(block[i].free_bits, 0x55, sizeof(block[i].free_bits));
	give_pages(block, HPAGE_PMD_ORDER);
	mm = take_huge();
	if (!is_huge(mm, AT))
		return;
	page = get_user_page(mm, AT + PAGES(9), true, false);
	CHECK_EQ(atomic_read(&page->_refcount), 1);
	put_page(page);
	CHECK_EQ(atomic_read(&head_of(mm)->_refcount), 1);
	split_huge_pgd(mm, AT);
	CHECK_EQ(atomic_read(&head_of(mm)->_refcount), 1);
	check_space(mm);
}

/* ---- the model ---- */

#define WINDOW_PAGES (3 * HPAGE_PMD_NR + 24)
#define WINDOW (AT - PAGES(12))
#define SPACES 3
#define PINS 6

struct model_page {
	bool mapped, locked;
	u8 prot;
	u32 value;
};

static struct space {
	struct mm_struct *mm;
	struct model_page pages[WINDOW_PAGES];
} spaces[SPACES];

static struct page *pins[PINS];
static u32 next_value;
static unsigned long huge_seen;

static unsigned long address(unsigned long page)
{
	return WINDOW + PAGES(page);
}

struct range {
	unsigned long first, nr;
};

/* Often whole huge pages, or what has a border near that of one. */
static struct range some_range(void)
{
	unsigned long first = 12 + rnd(3) * HPAGE_PMD_NR, nr = HPAGE_PMD_NR;
	struct range r;

	switch (rnd(7)) {
	case 0:
		nr *= 1 + rnd(3);
		break;
	case 1:
		first += rnd(24) - 12;
		break;
	case 2:
		first = rnd(WINDOW_PAGES);
		nr = 1 + rnd(40);
		break;
	}
	r.first = first;
	r.nr = min(nr, WINDOW_PAGES - first);
	return r;
}

static enum sim_fault expected(const struct model_page *p, bool write)
{
	if (!p->mapped)
		return SIM_MAPERR;
	if (write ? !(p->prot & PROT_WRITE) : !p->prot)
		return SIM_ACCERR;
	return SIM_OK;
}

static void check_read(struct space *s, unsigned long page)
{
	struct model_page *p = &s->pages[page];
	enum sim_fault want = expected(p, false);
	u32 word = 0;

	CHECK_EQ(sim_read((u32)address(page) + 8, &word, 4), want);
	if (want == SIM_OK)
		CHECK_EQ(word, p->value);
}

static void write_page(struct space *s, unsigned long page)
{
	struct model_page *p = &s->pages[page];
	enum sim_fault want = expected(p, true);
	u32 value = ++next_value;

	CHECK_EQ(sim_write((u32)address(page) + 8, &value, 4), want);
	if (want == SIM_OK)
		p->value = value;
}

static void load(struct space *s)
{
	if (sim_loaded_mm() != s->mm)
		sim_load_mm(s->mm);
}

/* ---- the structures ---- */

static u16 entries[1 << 18];

static void count_entries(struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	unsigned long addr;
	pte_t *pte;

	for (vma = mm->mmap; vma; vma = vma->vm_next)
		for (addr = vma->vm_start; addr < vma->vm_end;
		     addr += PAGE_SIZE) {
			pte = pte_lookup(mm, addr);
			if (!pte || pte_none(*pte) || pte_special(*pte))
				continue;
			if (pte_huge(*pte) && (addr & ~HPAGE_PMD_MASK))
				continue;
			entries[page_to_pfn(pte_page(*pte))]++;
			huge_seen += pte_huge(*pte);
		}
}

/* Frames of a huge page that are held, without its first. */
static int held_frames(const struct page *head)
{
	int n = 0;

	for (unsigned long i = 1; i < HPAGE_PMD_NR; i++)
		n += atomic_read(&head[i]._refcount) > 0;
	return n;
}

static int pins_of(const struct page *page)
{
	int n = 0;

	for (int i = 0; i < PINS; i++)
		n += pins[i] == page;
	return n;
}

static void check_counts(void)
{
	for (unsigned long pfn = 0; pfn < port_ram_pages; pfn++) {
		const struct page *page = pfn_to_page(pfn);
		int others;

		if (!entries[pfn])
			continue;
		others = pins_of(page);
		if (PageTransHuge(page))
			others += held_frames(page);
		CHECK_EQ(atomic_read(&page->_mapcount), entries[pfn]);
		CHECK_EQ(atomic_read(&page->_refcount), entries[pfn] + others);
		entries[pfn] = 0;
	}
}

/*
 * To read what was never written makes a table, and so no huge page later: most
 * of that is left alone.
 */
static bool worth_a_look(const struct space *s, unsigned long page)
{
	return s->pages[page].value || pte_lookup(s->mm, address(page)) ||
	       !rnd(20000);
}

static void check_everything(void)
{
	for (int i = 0; i < SPACES; i++) {
		struct space *s = &spaces[i];

		if (!s->mm)
			continue;
		load(s);
		for (unsigned long p = 0; p < WINDOW_PAGES; p++)
			if (worth_a_look(s, p))
				check_read(s, p);
		check_space(s->mm);
		count_entries(s->mm);
	}
	check_counts();
	lru_validate_frames();
	sim_tlb_check();
}

/* ---- operations ---- */

static void op_mmap(struct space *s)
{
	struct range r = some_range();
	u8 prot = rnd(4) ? RW : PROT_READ;

	CHECK_EQ(ksys_mmap(s->mm, NULL, address(r.first), PAGES(r.nr), prot,
			   MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS |
				   (rnd(8) ? 0 : MAP_POPULATE),
			   0),
		 address(r.first));
	for (unsigned long i = r.first; i < r.first + r.nr; i++)
		s->pages[i] = (struct model_page){ true, false, prot, 0 };
}

static void op_munmap(struct space *s)
{
	struct range r = some_range();

	CHECK_EQ(vm_munmap(s->mm, address(r.first), PAGES(r.nr)), 0);
	for (unsigned long i = r.first; i < r.first + r.nr; i++)
		s->pages[i] = (struct model_page){ 0 };
}

static void op_mprotect(struct space *s)
{
	static const u8 prots[] = { PROT_NONE, PROT_READ, RW, RW };
	struct range r = some_range();
	u8 prot = prots[rnd(4)];

	mm_mprotect(s->mm, address(r.first), PAGES(r.nr), prot);
	for (unsigned long i = r.first;
	     i < r.first + r.nr && s->pages[i].mapped; i++)
		s->pages[i].prot = prot;
}

static void op_madvise(struct space *s)
{
	static const int advices[] = { MADV_HUGEPAGE, MADV_NOHUGEPAGE,
				       MADV_HUGEPAGE, MADV_FREE };
	struct range r = some_range();

	mm_madvise(s->mm, address(r.first), PAGES(r.nr), advices[rnd(4)]);
}

static void op_dontneed(struct space *s)
{
	struct range r = some_range();

	for (unsigned long i = r.first; i < r.first + r.nr; i++)
		if (s->pages[i].locked)
			return;
	mm_madvise(s->mm, address(r.first), PAGES(r.nr), MADV_DONTNEED);
	for (unsigned long i = r.first; i < r.first + r.nr; i++)
		s->pages[i].value = 0;
}

/* True if one area has them all: mremap moves no more at a time. */
static bool one_area(const struct space *s, struct range r)
{
	struct vm_area_struct *vma = find_vma(s->mm, address(r.first));

	return vma && vma->vm_start <= address(r.first) &&
	       vma->vm_end >= address(r.first + r.nr);
}

static void op_mremap(struct space *s)
{
	static struct model_page moved[WINDOW_PAGES];
	struct range from = some_range(), to = some_range();

	to.nr = from.nr = min(from.nr, to.nr);
	if (!one_area(s, from) ||
	    (from.first < to.first + to.nr && to.first < from.first + from.nr))
		return;
	CHECK_EQ(mm_mremap(s->mm, address(from.first), PAGES(from.nr),
			   PAGES(to.nr), MREMAP_MAYMOVE | MREMAP_FIXED,
			   address(to.first)),
		 address(to.first));
	memcpy(moved, s->pages + from.first, from.nr * sizeof(moved[0]));
	memset(s->pages + from.first, 0, from.nr * sizeof(moved[0]));
	memcpy(s->pages + to.first, moved, to.nr * sizeof(moved[0]));
}

static void op_mlock(struct space *s)
{
	struct range r = some_range();
	bool lock = rnd(2);

	if (lock)
		mm_mlock(s->mm, address(r.first), PAGES(r.nr), VM_LOCKED);
	else
		mm_munlock(s->mm, address(r.first), PAGES(r.nr));
	for (unsigned long i = r.first;
	     i < r.first + r.nr && s->pages[i].mapped; i++)
		s->pages[i].locked = lock;
}

static void op_access(struct space *s)
{
	struct range r = some_range();
	unsigned long nr = min(r.nr, 1 + rnd(8));

	for (unsigned long i = r.first; i < r.first + nr; i++) {
		if (rnd(4))
			write_page(s, i);
		else
			check_read(s, i);
	}
}

static void op_remote(struct space *s)
{
	unsigned long page = some_range().first;
	u32 value = ++next_value;

	if (expected(&s->pages[page], true) != SIM_OK)
		return;
	CHECK_EQ(access_process_vm(s->mm, address(page) + 8, &value, 4, true),
		 4);
	s->pages[page].value = value;
}

/* The kernel holds a frame for a while. */
static void op_pin(struct space *s)
{
	unsigned int i = (unsigned int)rnd(PINS);
	struct page *page;

	if (pins[i]) {
		put_page(pins[i]);
		pins[i] = NULL;
		return;
	}
	page = get_user_page(s->mm, address(some_range().first), rnd(2), false);
	if (!IS_ERR(page) && page != pfn_to_page(zero_pfn))
		pins[i] = page;
	else if (!IS_ERR(page))
		put_page(page);
}

static void op_split(struct space *s)
{
	pte_t *pte = pte_lookup(s->mm, AT + rnd(3) * HUGE);

	if (pte && pte_huge(*pte))
		CHECK(split_huge_page(pte_page(*pte)));
}

static void op_collapse(struct space *s)
{
	unsigned long at = AT + rnd(3) * HUGE;

	if (rnd(2))
		mm_madvise(s->mm, at, HUGE, MADV_COLLAPSE);
	else
		khugepaged_do_scan();
}

static void op_shrink(struct space *s)
{
	(void)s;
	if (!rnd(3)) /* it looks at every byte */
		shrink_slab(GFP_KERNEL, 0);
}

static void op_clear_refs(struct space *s)
{
	CHECK_EQ(clear_refs(s->mm, 1 + (unsigned int)rnd(3)), 0);
}

static void op_exit(struct space *s)
{
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
	load(s);
	*child = *s;
	child->mm = dup_mm(s->mm);
	CHECK(!IS_ERR(child->mm));
	for (unsigned long i = 0; i < WINDOW_PAGES; i++)
		child->pages[i].locked = false;
}

static const struct op {
	void (*fn)(struct space *s);
	unsigned int weight;
} ops[] = {
	{ op_access, 60 },   { op_mmap, 12 },	   { op_munmap, 6 },
	{ op_mprotect, 12 }, { op_madvise, 5 },	   { op_dontneed, 6 },
	{ op_mremap, 10 },   { op_mlock, 5 },	   { op_remote, 10 },
	{ op_pin, 10 },	     { op_split, 3 },	   { op_collapse, 8 },
	{ op_shrink, 1 },    { op_clear_refs, 2 }, { op_fork, 8 },
	{ op_exit, 2 },
};

static void random_op(struct space *s)
{
	unsigned int total = 0, pick, i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		total += ops[i].weight;
	pick = (unsigned int)rnd(total);
	for (i = 0; pick >= ops[i].weight; i++)
		pick -= ops[i].weight;
	ops[i].fn(s);
}

static void give_pins(void)
{
	for (int i = 0; i < PINS; i++) {
		if (pins[i])
			put_page(pins[i]);
		pins[i] = NULL;
	}
}

TEST_NO_SWEEP(random_operations_agree_with_the_model)
{
	thp_mode = THP_ALWAYS;
	for (unsigned long n = 0; n < 8000; n++) {
		struct space *s = &spaces[rnd(SPACES)];

		if (!s->mm)
			s->mm = NEED(mm_alloc());
		load(s);
		random_op(s);
		sim_tlb_check();
		if (n % 50 == 0)
			check_everything();
	}
	check_everything();
	give_pins();
	khugepaged_forget();
	for (int i = 0; i < SPACES; i++)
		if (spaces[i].mm)
			op_exit(&spaces[i]);
	CHECK_OP(huge_seen, >, 50);
	CHECK_OP(vm_events(THP_SPLIT_PAGE), >, 50);
	CHECK_OP(vm_events(THP_COLLAPSE_ALLOC), >, 30);
	for (int i = 0; i < NR_NODE_STAT_ITEMS; i++)
		CHECK_EQ(vm_node_stat[i], 0);
}
