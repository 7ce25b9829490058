/* SPDX-License-Identifier: MIT */
/*
 * Address spaces against a model that is too simple to be wrong.
 *
 *   model: for each page of a window      machine: areas, tables, frames
 *     mapped? prot, shared?, object,        │
 *     page of it, own copy, value           │
 *          │                                │
 *          └──── every random operation is done to both, then a program's
 *                reads and writes must end alike: with the same word, or
 *                with the same kind of fault
 *
 * A page's contents are one word, written to its first and its last four
 * bytes. The window lies across the border of two page tables. After each
 * operation nothing the TLB remembers may be out of date, and now and then
 * the structures themselves are checked: order, tree, counts, accounts.
 */
#include "../../mm/internal.h"
#include "../../mm/pgtable.h"
#include "../../mm/vma.h"
#include "../../port/sim/sim.h"
#include "../space.h"
#include <ashlar/commit.h>
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/gup.h>
#include <ashlar/page_ref.h>
#include <ashlar/fault-inject.h>
#include <ashlar/highmem.h>
#include <ashlar/shmem_fs.h>

#define WINDOW_PAGES 160
#define WINDOW (0x10400000ul - 70 * PAGE_SIZE)
#define MMS 4
#define FILES 3
#define FILE_PAGES 24
#define OBJECTS 4096

/* What shared pages, and private ones that were not written, show. */
struct object {
	u32 pages[WINDOW_PAGES];
	unsigned long size; /* pages; beyond is SIGBUS */
};

struct model_page {
	bool mapped, shared, copied, dontfork, wipeonfork, locked;
	u8 prot;
	short object; /* -1: anonymous and private */
	unsigned short pgoff;
	u32 value; /* copied, or anonymous */
};

struct space {
	struct mm_struct *mm; /* NULL: none */
	struct model_page pages[WINDOW_PAGES];
};

static struct space spaces[MMS];
static struct object objects[OBJECTS];
static int nr_objects;
static struct file *files[FILES];
static u32 next_value;

/*
 * A sequence of its own for each seed. (Steps of one sequence would do badly:
 * a few draws more here or less there, and two runs are in step for ever.)
 */
static u64 random_state;

static unsigned long some(unsigned long below)
{
	u64 x = random_state += 0x9e3779b97f4a7c15ull;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return (unsigned long)((x ^ (x >> 31)) % below);
}

static unsigned long address(unsigned long page)
{
	return WINDOW + page * PAGE_SIZE;
}

/* ---- what the model says ---- */

static enum sim_fault expected(const struct model_page *p, bool write)
{
	if (!p->mapped)
		return SIM_MAPERR;
	if (write ? !(p->prot & PROT_WRITE) : !p->prot)
		return SIM_ACCERR;
	if (p->object >= 0 && p->pgoff >= objects[p->object].size)
		return SIM_BUS;
	return SIM_OK;
}

static u32 *shown_by(struct model_page *p)
{
	if (p->object < 0 || p->copied)
		return &p->value;
	return &objects[p->object].pages[p->pgoff];
}

static void model_write(struct model_page *p, u32 value)
{
	if (!p->shared && p->object >= 0)
		p->copied = true;
	*shown_by(p) = value;
}

/*
 * Faulted in ahead of time, up to the first page that cannot be: private
 * pages that may be written as if they were. Returns whether all could.
 */
static bool model_populate(struct model_page *p, unsigned long nr)
{
	for (; nr--; p++) {
		bool write = !p->shared && (p->prot & PROT_WRITE);

		if (expected(p, write) != SIM_OK)
			return false;
		if (write)
			model_write(p, *shown_by(p));
	}
	return true;
}

/* ---- a program's accesses ---- */

static void check_read(struct space *s, unsigned long page, u32 offset)
{
	struct model_page *p = &s->pages[page];
	enum sim_fault want = expected(p, false), got;
	u32 word = 0;

	got = sim_read((u32)address(page) + offset, &word, 4);
	CHECK_EQ(got, want);
	if (want == SIM_OK)
		CHECK_EQ(word, *shown_by(p));
}

static void write_page(struct space *s, unsigned long page)
{
	struct model_page *p = &s->pages[page];
	enum sim_fault want = expected(p, true);
	u32 value = ++next_value, at = (u32)address(page);

	CHECK_EQ(sim_write(at, &value, 4), want);
	CHECK_EQ(sim_write(at + PAGE_SIZE - 4, &value, 4), want);
	if (want == SIM_OK)
		model_write(p, value);
}

static void load(struct space *s)
{
	if (sim_loaded_mm() != s->mm)
		sim_load_mm(s->mm);
}

/* ---- the machine's own structures ---- */

/* Entries that map a frame, of all spaces together. */
static u16 entries[1 << 18];

static void count_entries(struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	unsigned long addr;
	pte_t *ptep;

	for (vma = mm->mmap; vma; vma = vma->vm_next)
		for (addr = vma->vm_start; addr < vma->vm_end;
		     addr += PAGE_SIZE) {
			ptep = pte_lookup(mm, addr);
			if (ptep && !pte_none(*ptep) && !pte_special(*ptep))
				entries[page_to_pfn(pte_page(*ptep))]++;
		}
}

static void check_structures(struct mm_struct *mm)
{
	check_space(mm);
	count_entries(mm);
}

static void check_areas_against_model(struct space *s)
{
	struct vm_area_struct *vma;
	unsigned long i;

	for (i = 0; i < WINDOW_PAGES; i++) {
		const struct model_page *p = &s->pages[i];

		vma = find_vma_intersection(s->mm, address(i), address(i + 1));
		CHECK_EQ(vma != NULL, p->mapped);
		if (!vma)
			continue;
		CHECK_EQ(vma->vm_flags & VM_ACCESS_FLAGS, p->prot);
		CHECK_EQ(!!(vma->vm_flags & VM_SHARED), p->shared);
		CHECK_EQ(!!(vma->vm_flags & VM_DONTCOPY), p->dontfork);
		CHECK_EQ(!!(vma->vm_flags & VM_WIPEONFORK), p->wipeonfork);
		CHECK_EQ(!!(vma->vm_flags & VM_LOCKED), p->locked);
	}
}

/* With nothing else going on, only entries and the cache hold a page. */
static void check_entries(void)
{
	for (unsigned long pfn = 0; pfn < port_ram_pages; pfn++) {
		const struct page *page = pfn_to_page(pfn);
		bool cached = !(page->mapping & PAGE_MAPPING_ANON);

		if (!entries[pfn])
			continue;
		CHECK_EQ(atomic_read(&page->_mapcount), entries[pfn]);
		CHECK_EQ(atomic_read(&page->_refcount), entries[pfn] + cached);
		entries[pfn] = 0;
	}
}

static void check_everything(void)
{
	long anon = 0, shmem = 0;

	for (int i = 0; i < MMS; i++) {
		struct space *s = &spaces[i];

		if (!s->mm)
			continue;
		check_areas_against_model(s);
		load(s);
		for (unsigned long p = 0; p < WINDOW_PAGES; p++)
			check_read(s, p, p & 1 ? 0 : PAGE_SIZE - 4);
	}
	for (int i = 0; i < MMS; i++) {
		struct mm_struct *mm = spaces[i].mm;

		if (!mm)
			continue;
		check_structures(mm);
		anon += mm->rss_anon;
		shmem += mm->rss_shmem;
	}
	check_entries();
	CHECK_OP(global_node_page_state(NR_ANON_MAPPED), <=, anon);
	CHECK_OP(global_node_page_state(NR_FILE_MAPPED), <=, shmem);
	sim_tlb_check();
}

/* ---- operations ---- */

struct range {
	unsigned long first, nr; /* pages */
};

static struct range some_range(void)
{
	struct range r = { some(WINDOW_PAGES), 1 + some(some(4) ? 8 : 64) };

	r.nr = min(r.nr, WINDOW_PAGES - r.first);
	return r;
}

static bool all_mapped(const struct space *s, struct range r)
{
	while (r.nr--)
		if (!s->pages[r.first++].mapped)
			return false;
	return true;
}

static void op_mmap(struct space *s)
{
	static const u8 prots[] = { PROT_READ | PROT_WRITE,
				    PROT_READ | PROT_WRITE,
				    PROT_READ,
				    PROT_NONE,
				    PROT_READ | PROT_EXEC,
				    PROT_WRITE };
	struct range r = some_range();
	u8 prot = prots[some(ARRAY_SIZE(prots))];
	bool shared = some(3) == 0, anon = some(2);
	int file = anon ? -1 : (int)some(FILES), object = anon ? -1 : file;
	unsigned long pgoff = anon ? 0 : some(FILE_PAGES), i, ret;
	unsigned long flags = MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE);

	if (shared && anon && nr_objects == OBJECTS)
		return;
	flags |= anon ? MAP_ANONYMOUS : 0;
	flags |= some(8) ? 0 : MAP_POPULATE;
	flags |= some(8) ? 0 : MAP_NORESERVE;
	ret = ksys_mmap(s->mm, anon ? NULL : files[file], address(r.first),
			r.nr << PAGE_SHIFT, prot, flags, pgoff);
	CHECK_EQ(ret, address(r.first));
	if (shared && anon) {
		object = nr_objects++;
		objects[object].size = r.nr;
	}
	for (i = 0; i < r.nr; i++)
		s->pages[r.first + i] =
			(struct model_page){ .mapped = true,
					     .shared = shared,
					     .prot = prot,
					     .object = (short)object,
					     .pgoff = (u16)(pgoff + i) };
	if (flags & MAP_POPULATE)
		model_populate(&s->pages[r.first], r.nr);
}

/* Where nothing is it succeeds, else it says so and changes nothing. */
static void op_mmap_noreplace(struct space *s)
{
	struct range r = some_range();
	bool empty = true;
	unsigned long i, ret;

	for (i = 0; i < r.nr; i++)
		empty &= !s->pages[r.first + i].mapped;
	ret = ksys_mmap(s->mm, NULL, address(r.first), r.nr << PAGE_SHIFT,
			PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, 0);
	CHECK_EQ((long)ret, empty ? (long)address(r.first) : -EEXIST);
	for (i = 0; empty && i < r.nr; i++)
		s->pages[r.first + i] =
			(struct model_page){ .mapped = true,
					     .prot = PROT_READ | PROT_WRITE,
					     .object = -1 };
}

/* Somewhere: outside of what is mapped, usable, and gone again. */
static void op_mmap_anywhere(struct space *s)
{
	unsigned long len = (1 + some(3000)) << PAGE_SHIFT, at;
	unsigned long hint = some(2) ? address(some(WINDOW_PAGES)) : 0;
	u32 word = 17;

	at = ksys_mmap(s->mm, NULL, hint, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, 0);
	CHECK(!IS_ERR_VALUE(at));
	CHECK(IS_ALIGNED(at, PAGE_SIZE));
	for (unsigned long i = 0; i < WINDOW_PAGES; i++)
		CHECK(!s->pages[i].mapped || address(i + 1) <= at ||
		      address(i) >= at + len);
	CHECK_EQ(sim_write((u32)(at + len - 4), &word, 4), SIM_OK);
	CHECK_EQ(vm_munmap(s->mm, at, len), 0);
}

static void op_munmap(struct space *s)
{
	struct range r = some_range();

	CHECK_EQ(vm_munmap(s->mm, address(r.first), r.nr << PAGE_SHIFT), 0);
	for (unsigned long i = 0; i < r.nr; i++)
		s->pages[r.first + i] = (struct model_page){ 0 };
}

/* Takes effect up to the first hole, and then fails. */
static void op_mprotect(struct space *s)
{
	static const u8 prots[] = { PROT_NONE, PROT_READ,
				    PROT_READ | PROT_WRITE,
				    PROT_READ | PROT_WRITE | PROT_EXEC };
	struct range r = some_range();
	u8 prot = prots[some(ARRAY_SIZE(prots))];
	int ret =
		mm_mprotect(s->mm, address(r.first), r.nr << PAGE_SHIFT, prot);

	CHECK_EQ(ret, all_mapped(s, r) ? 0 : -ENOMEM);
	for (; r.nr-- && s->pages[r.first].mapped; r.first++) {
		struct model_page *p = &s->pages[r.first];
		bool writable = p->prot & PROT_WRITE;

		p->prot = prot;
		if (p->locked && !p->shared && !writable)
			model_populate(p, prot & PROT_WRITE ? 1 : 0);
	}
}

static void forget_copy(struct model_page *p)
{
	if (p->shared)
		return;
	p->copied = false;
	p->value = 0;
}

static bool any_locked(const struct space *s, struct range r)
{
	while (r.nr--)
		if (s->pages[r.first++].locked)
			return true;
	return false;
}

/* Skips holes, and then fails. */
static void op_madvise(struct space *s)
{
	static const int advices[] = { MADV_DONTNEED,	MADV_DONTNEED,
				       MADV_DONTFORK,	MADV_DOFORK,
				       MADV_KEEPONFORK, MADV_WILLNEED,
				       MADV_RANDOM,	MADV_NORMAL };
	int advice = advices[some(ARRAY_SIZE(advices))], ret;
	struct range r = some_range();

	if (advice == MADV_DONTNEED && any_locked(s, r))
		return;
	ret = mm_madvise(s->mm, address(r.first), r.nr << PAGE_SHIFT, advice);
	CHECK_EQ(ret, all_mapped(s, r) ? 0 : -ENOMEM);
	for (; r.nr--; r.first++) {
		struct model_page *p = &s->pages[r.first];

		if (!p->mapped)
			continue;
		if (advice == MADV_DONTNEED)
			forget_copy(p);
		if (advice == MADV_DONTFORK || advice == MADV_DOFORK)
			p->dontfork = advice == MADV_DONTFORK;
		if (advice == MADV_KEEPONFORK)
			p->wipeonfork = false;
	}
}

static void op_wipeonfork(struct space *s)
{
	struct range r = some_range();
	unsigned long i;

	/* Only private anonymous memory can be wiped. */
	for (i = 0; i < r.nr; i++)
		if (!s->pages[r.first + i].mapped ||
		    s->pages[r.first + i].object >= 0)
			return;
	CHECK_EQ(mm_madvise(s->mm, address(r.first), r.nr << PAGE_SHIFT,
			    MADV_WIPEONFORK),
		 0);
	for (i = 0; i < r.nr; i++)
		s->pages[r.first + i].wipeonfork = true;
}

/* A piece of one area, as mremap wants it. */
static bool one_area(const struct space *s, struct range r)
{
	struct vm_area_struct *vma;

	vma = find_vma_intersection(s->mm, address(r.first),
				    address(r.first) + 1);
	return vma && vma->vm_end >= address(r.first + r.nr);
}

static bool overlap(struct range a, struct range b)
{
	return a.first < b.first + b.nr && b.first < a.first + a.nr;
}

static void op_mremap(struct space *s)
{
	struct range from = some_range(), to = some_range();
	struct model_page moved[WINDOW_PAGES], last;
	unsigned long i, ret, old_nr = from.nr;

	to.nr = min(to.nr, WINDOW_PAGES - to.first);
	if (overlap(from, to) || !one_area(s, from))
		return;
	ret = mm_mremap(s->mm, address(from.first), from.nr << PAGE_SHIFT,
			to.nr << PAGE_SHIFT, MREMAP_MAYMOVE | MREMAP_FIXED,
			address(to.first));
	CHECK_EQ(ret, address(to.first));
	for (i = 0; i < old_nr; i++) {
		moved[i] = s->pages[from.first + i];
		s->pages[from.first + i] = (struct model_page){ 0 };
	}
	last = moved[old_nr - 1];
	for (; i < to.nr; i++) {
		last.pgoff++;
		last.copied = false;
		last.value = 0;
		moved[i] = last;
	}
	for (i = 0; i < to.nr; i++)
		s->pages[to.first + i] = moved[i];
	if (to.nr > old_nr && last.locked)
		model_populate(&s->pages[to.first + old_nr], to.nr - old_nr);
}

/* In place: shrinks always, grows if there is room. */
static void op_mremap_in_place(struct space *s)
{
	struct range r = some_range();
	unsigned long nr = 1 + some(2 * r.nr), i, ret;
	struct model_page last;
	bool room;

	if (!one_area(s, r) || r.first + nr > WINDOW_PAGES)
		return;
	room = nr <= r.nr || find_vma(s->mm, address(r.first))->vm_end ==
				     address(r.first + r.nr);
	for (i = r.nr; i < nr; i++)
		room &= !s->pages[r.first + i].mapped;
	ret = mm_mremap(s->mm, address(r.first), r.nr << PAGE_SHIFT,
			nr << PAGE_SHIFT, 0, 0);
	CHECK_EQ((long)ret, room ? (long)address(r.first) : -ENOMEM);
	if (!room)
		return;
	last = s->pages[r.first + r.nr - 1];
	for (i = r.nr; i < nr; i++) {
		last.pgoff++;
		last.copied = false;
		last.value = 0;
		s->pages[r.first + i] = last;
	}
	for (i = nr; i < r.nr; i++)
		s->pages[r.first + i] = (struct model_page){ 0 };
	if (nr > r.nr && last.locked)
		model_populate(&s->pages[r.first + r.nr], nr - r.nr);
}

static void op_mlock(struct space *s)
{
	struct range r = some_range();
	bool lock = some(2), good = all_mapped(s, r);
	int ret;

	if (lock)
		ret = mm_mlock(s->mm, address(r.first), r.nr << PAGE_SHIFT,
			       VM_LOCKED);
	else
		ret = mm_munlock(s->mm, address(r.first), r.nr << PAGE_SHIFT);
	for (unsigned long i = 0; i < r.nr; i++) {
		if (!s->pages[r.first + i].mapped)
			break;
		s->pages[r.first + i].locked = lock;
	}
	if (good && lock)
		good = model_populate(&s->pages[r.first], r.nr);
	CHECK_EQ(ret, good ? 0 : -ENOMEM);
}

/* The page that was written last is there; others may be. */
static void op_mincore(struct space *s)
{
	struct range r = some_range();
	u8 vec[WINDOW_PAGES];
	int ret = mm_mincore(s->mm, address(r.first), r.nr, vec);

	if (ret == -ENOMEM)
		CHECK(!all_mapped(s, r));
	for (unsigned long i = 0; ret == 0 && i < r.nr; i++) {
		const struct model_page *p = &s->pages[r.first + i];

		CHECK(p->mapped);
		if (p->object < 0 && p->value)
			CHECK(vec[i] & 1);
	}
}

static void op_access(struct space *s)
{
	unsigned long first = some(WINDOW_PAGES), i;

	for (i = first; i < min(first + 1 + some(12), WINDOW_PAGES + 0ul);
	     i++) {
		if (some(3))
			write_page(s, i);
		else
			check_read(s, i, some(2) ? 0 : PAGE_SIZE - 4);
	}
}

/* The kernel's way, into any space. */
static void op_remote(struct space *s)
{
	unsigned long page = some(WINDOW_PAGES);
	struct model_page *p = &s->pages[page];
	u32 word = 0, at = (u32)address(page);

	if (expected(p, true) == SIM_OK && some(2)) {
		u32 value[1] = { ++next_value };

		CHECK_EQ(access_process_vm(s->mm, at, value, 4, true), 4);
		CHECK_EQ(access_process_vm(s->mm, at + PAGE_SIZE - 4, value, 4,
					   true),
			 4);
		model_write(p, value[0]);
	} else if (expected(p, false) == SIM_OK) {
		CHECK_EQ(access_process_vm(s->mm, at, &word, 4, false), 4);
		CHECK_EQ(word, *shown_by(p));
	}
}

static void op_file_write(struct space *s)
{
	int file = (int)some(FILES);
	unsigned long page = some(FILE_PAGES);
	u32 value = ++next_value;
	struct page *cached;

	(void)s;
	if (page >= objects[file].size)
		return;
	cached = read_mapping_page(files[file]->f_mapping, page);
	CHECK(!IS_ERR(cached));
	memcpy_to_page(cached, 0, &value, 4);
	memcpy_to_page(cached, PAGE_SIZE - 4, &value, 4);
	put_page(cached);
	objects[file].pages[page] = value;
}

/* Pages past the end are gone, from private copies as well. */
static void op_truncate(struct space *s)
{
	int file = (int)some(FILES);
	unsigned long size = 1 + some(FILE_PAGES), i;

	(void)s;
	CHECK_EQ(shmem_setsize(files[file]->f_mapping,
			       (loff_t)size << PAGE_SHIFT),
		 0);
	for (i = size; i < WINDOW_PAGES; i++)
		objects[file].pages[i] = 0;
	for (int m = 0; size < objects[file].size && m < MMS; m++) {
		for (i = 0; i < WINDOW_PAGES; i++) {
			struct model_page *p = &spaces[m].pages[i];

			if (p->mapped && p->object == file && p->pgoff >= size)
				forget_copy(p);
		}
	}
	objects[file].size = size;
}

static void op_punch_hole(struct space *s)
{
	int file = (int)some(FILES);
	unsigned long first = some(FILE_PAGES), nr = 1 + some(4), i;

	(void)s;
	CHECK_EQ(shmem_fallocate(files[file]->f_mapping,
				 FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				 (loff_t)first << PAGE_SHIFT,
				 (loff_t)nr << PAGE_SHIFT),
		 0);
	for (i = first; i < first + nr; i++)
		objects[file].pages[i] = 0;
}

static void op_exit(struct space *s)
{
	sim_load_mm(NULL);
	mmput(s->mm);
	*s = (struct space){ 0 };
}

static void op_fork(struct space *s)
{
	struct space *child = &spaces[some(MMS)];

	if (child == s)
		return;
	if (child->mm)
		op_exit(child);
	load(s);
	*child = *s;
	child->mm = dup_mm(s->mm);
	CHECK(!IS_ERR(child->mm));
	for (unsigned long i = 0; i < WINDOW_PAGES; i++) {
		struct model_page *p = &child->pages[i];

		if (p->dontfork)
			*p = (struct model_page){ 0 };
		else if (p->wipeonfork)
			forget_copy(p);
		p->locked = false;
	}
}

static const struct op {
	void (*fn)(struct space *s);
	unsigned int weight;
} ops[] = {
	{ op_access, 60 },	  { op_mmap, 14 },
	{ op_munmap, 10 },	  { op_mprotect, 16 },
	{ op_madvise, 8 },	  { op_wipeonfork, 3 },
	{ op_mremap, 12 },	  { op_mremap_in_place, 8 },
	{ op_mlock, 4 },	  { op_mincore, 3 },
	{ op_remote, 10 },	  { op_file_write, 5 },
	{ op_truncate, 3 },	  { op_punch_hole, 3 },
	{ op_mmap_noreplace, 4 }, { op_mmap_anywhere, 3 },
	{ op_fork, 6 },		  { op_exit, 1 },
};

static void random_op(struct space *s)
{
	unsigned int total = 0, pick, i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		total += ops[i].weight;
	pick = (unsigned int)some(total);
	for (i = 0; pick >= ops[i].weight; i++)
		pick -= ops[i].weight;
	ops[i].fn(s);
}

static struct space *some_space(void)
{
	struct space *s = &spaces[some(MMS)];

	if (!s->mm) {
		s->mm = mm_alloc();
		CHECK(s->mm);
	}
	return s;
}

static void begin(void)
{
	nr_objects = FILES;
	for (int i = 0; i < FILES; i++) {
		files[i] =
			shmem_file_setup("file", FILE_PAGES << PAGE_SHIFT, 0);
		CHECK(!IS_ERR(files[i]));
		objects[i].size = FILE_PAGES;
	}
}

static void end(void)
{
	for (int i = 0; i < MMS; i++)
		if (spaces[i].mm)
			op_exit(&spaces[i]);
	for (int i = 0; i < FILES; i++)
		fput(files[i]);
	CHECK_EQ(sim.files, 0);
	CHECK_EQ(vm_committed_as, 0);
	for (int i = 0; i < NR_NODE_STAT_ITEMS; i++)
		CHECK_EQ(vm_node_stat[i], 0);
}

static void random_operations(unsigned long seed, unsigned long n)
{
	random_state = seed << 32;
	begin();
	for (unsigned long i = 0; i < n; i++) {
		struct space *s = some_space();

		load(s);
		random_op(s);
		sim_tlb_check();
		if (i % 64 == 0)
			check_everything();
	}
	check_everything();
	end();
}

#define RANDOM_TEST(n)                       \
	TEST_NO_SWEEP(random_operations_##n) \
	{                                    \
		random_operations(n, 6000);  \
	}

RANDOM_TEST(1)
RANDOM_TEST(2)
RANDOM_TEST(3)
RANDOM_TEST(4)
RANDOM_TEST(5)
RANDOM_TEST(6)

/* ---- without the model: any arguments, and no memory at any moment ---- */

/* In the window, around it, or anywhere; seldom the start of a page. */
static unsigned long any_address(void)
{
	unsigned long a = address(some(WINDOW_PAGES));

	switch (some(16)) {
	case 0:
		return some(1ul << 32);
	case 1:
		return TASK_SIZE - some(64) * PAGE_SIZE;
	case 2:
		return a + some(PAGE_SIZE);
	case 3:
		return some(32) * PAGE_SIZE;
	default:
		return a;
	}
}

static unsigned long any_length(void)
{
	switch (some(16)) {
	case 0:
		return some(1ul << 32);
	case 1:
		return some(3 * PAGE_SIZE);
	case 2:
		return 0;
	default:
		return (1 + some(40)) << PAGE_SHIFT;
	}
}

static void any_mmap(struct mm_struct *mm)
{
	static const unsigned long flags[] = {
		MAP_POPULATE,  MAP_LOCKED,	    MAP_NORESERVE, MAP_FIXED,
		MAP_GROWSDOWN, MAP_FIXED_NOREPLACE, MAP_FIXED,	   MAP_FIXED
	};
	unsigned long f = some(4);
	bool anon = some(2);

	for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++)
		f |= some(3) ? 0 : flags[i];
	ksys_mmap(mm, anon ? NULL : files[some(FILES)], any_address(),
		  any_length(), some(8), f | (anon ? MAP_ANONYMOUS : 0),
		  some(FILE_PAGES));
}

static void any_access(struct mm_struct *mm)
{
	u8 bytes[64] = { 1 };
	unsigned long at = any_address(), n = 1 + some(64);

	if (some(8) == 0)
		access_process_vm(mm, at, bytes, n, some(2));
	else if (some(2))
		sim_write((u32)at, bytes, n);
	else
		sim_read((u32)at, bytes, n);
}

static void any_file_change(void)
{
	struct address_space *m = files[some(FILES)]->f_mapping;

	if (some(2))
		shmem_setsize(m, (loff_t)some(FILE_PAGES << PAGE_SHIFT));
	else
		shmem_fallocate(m,
				some(2) ? FALLOC_FL_PUNCH_HOLE |
						  FALLOC_FL_KEEP_SIZE :
					  0,
				(loff_t)some(FILE_PAGES) << PAGE_SHIFT,
				(loff_t)(1 + some(5)) << PAGE_SHIFT);
}

static void any_call(struct mm_struct *mm)
{
	unsigned long at = any_address(), len = any_length();
	static u8 vec[1 << 20];

	switch (some(13)) {
	case 0:
		vm_munmap(mm, at, len);
		return;
	case 1:
		mm_mprotect(mm, at, len, some(16));
		return;
	case 2:
		mm_madvise(mm, at, len, (int)some(24));
		return;
	case 3:
		mm_mremap(mm, at, len, any_length(), some(8), any_address());
		return;
	case 4:
		if (some(2))
			mm_mlock(mm, at, len, VM_LOCKED);
		else
			mm_munlock(mm, at, len);
		return;
	case 5:
		mm_mincore(mm, at & PAGE_MASK, len >> PAGE_SHIFT, vec);
		return;
	case 6:
		mm_msync(mm, at, len, (int)some(8));
		return;
	case 7:
		mm_remap_file_pages(mm, at, len, 0, some(FILE_PAGES), 0);
		return;
	case 8:
		mm_brk(mm, some(2) ? at : mm->brk + len, 0);
		return;
	case 9:
		any_file_change();
		return;
	default:
		any_mmap(mm);
		return;
	}
}

/* One space becomes another's copy, or ends. */
static void any_life(struct space *s)
{
	struct space *other = &spaces[some(MMS)];
	struct mm_struct *child;

	if (other == s)
		return;
	if (other->mm)
		op_exit(other);
	if (some(2))
		return;
	load(s);
	child = dup_mm(s->mm);
	if (!IS_ERR(child))
		other->mm = child;
}

/* What areas and files have been promised; each file is visited once. */
static void check_promises(void)
{
	static struct address_space *seen[4096];
	unsigned int nr_seen = 0, j;
	struct vm_area_struct *vma;
	struct address_space *m;
	long promised = 0;

	for (int i = 0; i < FILES; i++)
		seen[nr_seen++] = files[i]->f_mapping;
	for (int i = 0; i < MMS; i++) {
		vma = spaces[i].mm ? spaces[i].mm->mmap : NULL;
		for (; vma; vma = vma->vm_next) {
			if (vma->vm_flags & VM_ACCOUNT)
				promised += (long)vma_pages(vma);
			m = vma_mapping(vma);
			for (j = 0; j < nr_seen && seen[j] != m; j++)
				;
			if (m && j == nr_seen)
				seen[nr_seen++] = m;
		}
	}
	while (nr_seen--) {
		m = seen[nr_seen];
		promised +=
			(long)(m->flags & AS_ACCOUNT ? m->acct : m->nrpages);
	}
	CHECK_EQ(vm_committed_as, promised);
}

static void check_all_structures(void)
{
	check_promises();
	for (int i = 0; i < MMS; i++)
		if (spaces[i].mm)
			check_structures(spaces[i].mm);
	check_entries();
}

static void any_calls(unsigned long seed, unsigned long n)
{
	random_state = seed << 32;
	begin();
	for (unsigned long i = 0; i < n; i++) {
		struct space *s = some_space();

		load(s);
		if (some(2))
			fail_nth(1 + some(12));
		if (some(3))
			any_access(s->mm);
		else if (some(16))
			any_call(s->mm);
		else
			any_life(s);
		fail_nth(0);
		sim_tlb_check();
		if (i % 16 == 0)
			check_all_structures();
	}
	end();
}

#define ANY_CALLS(n)                     \
	TEST_NO_SWEEP(any_calls_##n)     \
	{                                \
		any_calls(n + 50, 6000); \
	}

ANY_CALLS(1)
ANY_CALLS(2)
ANY_CALLS(3)
ANY_CALLS(4)
