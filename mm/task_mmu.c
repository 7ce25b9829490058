/* SPDX-License-Identifier: MIT */
/*
 * What an address space looks like from outside: maps, smaps, numa_maps
 * and pagemap of /proc/PID, in Linux's formats; and clear_refs.
 *
 *   start-end rights offset dev inode          name
 *
 * A frame mapped n times counts 1/n to each area's Pss, kept in fractions of
 * 2^-12 pages so that sums over processes come out right.
 */
#include <ashlar/atomic.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/huge_mm.h>
#include <ashlar/hugetlb.h>
#include <ashlar/mempolicy.h>
#include <ashlar/mm_types.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <ashlar/pgtable.h>
#include <ashlar/rwsem.h>
#include <ashlar/seq_file.h>
#include <ashlar/string.h>
#include <ashlar/swapops.h>
#include <ashlar/task_mmu.h>
#include <ashlar/pagemap.h>
#include <mach/pgtable.h>
#include <mach/spinlock.h>
#include <mach/tlb.h>
#include "pgtable.h"
#include "rmap.h"
#include "shmem.h"
#include "swapfile.h"

#define PSS_SHIFT 12
#define NAME_COLUMN 49

void (*vma_file_id)(const struct file *file, u32 *dev, u64 *ino);

/* ---- maps ---- */

static const char *anon_vma_name(const struct vm_area_struct *vma)
{
	const struct mm_struct *mm = vma->vm_mm;

	if (vma->vm_start <= mm->brk && vma->vm_end >= mm->start_brk)
		return "[heap]";
	if (vma->vm_start <= mm->start_stack && vma->vm_end >= mm->start_stack)
		return "[stack]";
	return NULL;
}

static void pad_to_name(struct seq_file *m, size_t line_start)
{
	static const char blanks[NAME_COLUMN + 1] =
		"                                                 ";
	size_t used = m->wanted - line_start;

	if (used < NAME_COLUMN)
		seq_write(m, blanks, NAME_COLUMN - used);
}

static void show_map_header(struct seq_file *m, unsigned long start,
			    unsigned long end, u32 flags, u64 offset, u32 dev,
			    u64 ino)
{
	char perms[] = " rwxp";

	if (!(flags & VM_READ))
		perms[1] = '-';
	if (!(flags & VM_WRITE))
		perms[2] = '-';
	if (!(flags & VM_EXEC))
		perms[3] = '-';
	if (flags & VM_MAYSHARE)
		perms[4] = 's';
	seq_put_hex_ll(m, "", start, 8);
	seq_put_hex_ll(m, "-", end, 8);
	seq_puts(m, perms);
	seq_put_hex_ll(m, " ", offset, 8);
	seq_put_hex_ll(m, " ", dev >> 8, 2);
	seq_put_hex_ll(m, ":", dev & 0xff, 2);
	if (ino >> 32)
		seq_printf(m, " %llu", (unsigned long long)ino);
	else
		seq_put_decimal_ul_width(m, " ", (unsigned long)ino, 0);
	seq_putc(m, ' ');
}

/* What a report knows beside the space. */
struct area_report {
	vma_file_name_t name;
	u32 policy; /* of the task, for areas without one */
};

static void show_map_vma(struct seq_file *m, struct vm_area_struct *vma,
			 const struct area_report *r)
{
	size_t line_start = m->wanted;
	const char *text = NULL;
	u64 ino = 0, offset = 0;
	u32 dev = 0;

	if (vma->vm_file) {
		offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
		if (vma_file_id)
			vma_file_id(vma->vm_file, &dev, &ino);
	} else {
		text = anon_vma_name(vma);
	}
	show_map_header(m, vma->vm_start, vma->vm_end, vma->vm_flags, offset,
			dev, ino);
	if (vma->vm_ops && vma->vm_ops->name)
		text = vma->vm_ops->name(vma);
	if (text || vma->vm_file)
		pad_to_name(m, line_start);
	if (text)
		seq_puts(m, text);
	else if (vma->vm_file)
		r->name(m, vma->vm_file);
	seq_putc(m, '\n');
}

typedef void show_area_t(struct seq_file *m, struct vm_area_struct *vma,
			 const struct area_report *r);

/* As many areas as fit, from the one at m->index on; at least one. */
static void show_areas(struct seq_file *m, struct mm_struct *mm,
		       const struct area_report *r, show_area_t *show)
{
	struct vm_area_struct *vma;
	size_t whole = 0;

	down_read(&mm->mmap_lock);
	for (vma = find_vma(mm, m->index); vma; vma = vma->vm_next) {
		show(m, vma, r);
		if (seq_has_overflowed(m))
			break;
		whole = m->count;
	}
	if (vma && whole)
		m->count = m->wanted = whole;
	m->index = vma ? vma->vm_start : 0;
	up_read(&mm->mmap_lock);
}

/**
 * show_maps() - /proc/PID/maps, in parts
 * @m: where to
 * @name: writes a file's name
 *
 * Context: takes @mm's mmap_lock for read.
 */
void show_maps(struct seq_file *m, struct mm_struct *mm, vma_file_name_t name)
{
	const struct area_report r = { name, 0 };

	show_areas(m, mm, &r, show_map_vma);
}

/* ---- smaps ---- */

/* Bytes, but for the shares: those in 2^-12 bytes. */
struct mem_size_stats {
	u64 resident, shared_clean, shared_dirty, private_clean, private_dirty;
	u64 referenced, anonymous, lazyfree, anonymous_thp;
	u64 swap, swap_pss;
	u64 shared_hugetlb, private_hugetlb;
	u64 pss, pss_anon, pss_file, pss_shmem, pss_dirty, pss_locked;
};

static void smaps_account(struct mem_size_stats *mss, const struct page *page,
			  pte_t pte, bool locked)
{
	int mapcount = max(atomic_read(&page->_mapcount), 1);
	bool dirty = pte_dirty(pte) || (page->pflags & PG_dirty);
	u64 size = pte_huge(pte) ? HPAGE_PMD_SIZE : PAGE_SIZE;
	u64 share = (size << PSS_SHIFT) / (unsigned int)mapcount;

	mss->resident += size;
	mss->pss += share;
	if (pte_huge(pte))
		mss->anonymous_thp += size;
	if (PageAnon(page)) {
		mss->anonymous += size;
		mss->pss_anon += share;
		if (!(page->pflags & PG_swapbacked) && !dirty)
			mss->lazyfree += size;
	} else if (page->pflags & PG_swapbacked) {
		mss->pss_shmem += share;
	} else {
		mss->pss_file += share;
	}
	if (pte_young(pte) || (page->pflags & PG_referenced))
		mss->referenced += size;
	if (dirty)
		mss->pss_dirty += share;
	if (locked)
		mss->pss_locked += share;
	if (mapcount > 1)
		*(dirty ? &mss->shared_dirty : &mss->shared_clean) += size;
	else
		*(dirty ? &mss->private_dirty : &mss->private_clean) += size;
}

/* An entry that is not present: a page in a swap area, or on its way. */
static void smaps_account_swap(struct mem_size_stats *mss, pte_t pte,
			       bool locked)
{
	swp_entry_t entry = pte_to_swp_entry(pte);

	if (is_migration_entry(entry)) {
		smaps_account(mss, migration_entry_to_page(entry), __pte(0),
			      locked);
		return;
	}
	mss->swap += PAGE_SIZE;
	mss->swap_pss +=
		((u64)PAGE_SIZE << PSS_SHIFT) / max(swp_swapcount(entry), 1u);
}

/* Pages of a file in memory that swap areas have are in no page table. */
static void smaps_account_file(struct vm_area_struct *vma,
			       struct mem_size_stats *mss)
{
	struct address_space *m = vma->vm_file ? vma->vm_file->f_mapping : NULL;

	if (m && m->flags & AS_SHMEM && vma->vm_flags & VM_SHARED)
		mss->swap +=
			(u64)shmem_swap_usage(m, vma->vm_pgoff, vma_pages(vma))
			<< PAGE_SHIFT;
}

/* Huge pages of a file are counted by themselves. */
static void smaps_hugetlb(struct vm_area_struct *vma,
			  struct mem_size_stats *mss)
{
	struct mm_struct *mm = vma->vm_mm;
	unsigned long addr;
	pte_t *pte;

	spin_lock(&mm->page_table_lock);
	for (addr = vma->vm_start; addr < vma->vm_end; addr += HPAGE_PMD_SIZE) {
		pte = (pte_t *)pgd_offset(mm, addr);
		if (pte_none(*pte))
			continue;
		if (atomic_read(&pte_page(*pte)->_mapcount) > 1)
			mss->shared_hugetlb += HPAGE_PMD_SIZE;
		else
			mss->private_hugetlb += HPAGE_PMD_SIZE;
	}
	spin_unlock(&mm->page_table_lock);
}

static void smap_gather_stats(struct vm_area_struct *vma,
			      struct mem_size_stats *mss)
{
	bool locked = vma->vm_flags & VM_LOCKED;
	struct mm_struct *mm = vma->vm_mm;
	unsigned long addr, next, nr;
	pte_t *pte;

	if (is_vm_hugetlb_page(vma)) {
		smaps_hugetlb(vma, mss);
		return;
	}
	smaps_account_file(vma, mss);
	for (addr = vma->vm_start; addr < vma->vm_end; addr = next) {
		pte = pte_span_lock(mm, addr, vma->vm_end, &next, &nr);
		if (!pte)
			continue;
		for (; nr; nr--, pte++)
			if (is_swap_pte(*pte))
				smaps_account_swap(mss, *pte, locked);
			else if (pte_present(*pte) && !pte_special(*pte))
				smaps_account(mss, pte_page(*pte), *pte,
					      locked);
		spin_unlock(&mm->page_table_lock);
	}
}

/* "Name:     1234 kB", the number ending in Linux's column. */
static void put_kb(struct seq_file *m, const char *title, u64 bytes)
{
	seq_printf(m, "%-16s%8llu kB\n", title,
		   (unsigned long long)(bytes >> 10));
}

static void show_smap_stats(struct seq_file *m,
			    const struct mem_size_stats *mss, bool rollup)
{
	put_kb(m, "Rss:", mss->resident);
	put_kb(m, "Pss:", mss->pss >> PSS_SHIFT);
	put_kb(m, "Pss_Dirty:", mss->pss_dirty >> PSS_SHIFT);
	if (rollup) {
		put_kb(m, "Pss_Anon:", mss->pss_anon >> PSS_SHIFT);
		put_kb(m, "Pss_File:", mss->pss_file >> PSS_SHIFT);
		put_kb(m, "Pss_Shmem:", mss->pss_shmem >> PSS_SHIFT);
	}
	put_kb(m, "Shared_Clean:", mss->shared_clean);
	put_kb(m, "Shared_Dirty:", mss->shared_dirty);
	put_kb(m, "Private_Clean:", mss->private_clean);
	put_kb(m, "Private_Dirty:", mss->private_dirty);
	put_kb(m, "Referenced:", mss->referenced);
	put_kb(m, "Anonymous:", mss->anonymous);
	put_kb(m, "LazyFree:", mss->lazyfree);
	put_kb(m, "AnonHugePages:", mss->anonymous_thp);
	put_kb(m, "ShmemPmdMapped:", 0);
	put_kb(m, "FilePmdMapped:", 0);
	put_kb(m, "Shared_Hugetlb:", mss->shared_hugetlb);
	put_kb(m, "Private_Hugetlb:", mss->private_hugetlb);
	put_kb(m, "Swap:", mss->swap);
	put_kb(m, "SwapPss:", mss->swap_pss >> PSS_SHIFT);
	put_kb(m, "Locked:", mss->pss_locked >> PSS_SHIFT);
}

/* Two letters for each flag that is set. */
static void show_vm_flags(struct seq_file *m, u32 flags)
{
	static const struct {
		u32 flag;
		char letters[3];
	} names[] = {
		{ VM_READ, "rd" },	   { VM_WRITE, "wr" },
		{ VM_EXEC, "ex" },	   { VM_SHARED, "sh" },
		{ VM_MAYREAD, "mr" },	   { VM_MAYWRITE, "mw" },
		{ VM_MAYEXEC, "me" },	   { VM_MAYSHARE, "ms" },
		{ VM_GROWSDOWN, "gd" },	   { VM_PFNMAP, "pf" },
		{ VM_UFFD_MISSING, "um" }, { VM_LOCKED, "lo" },
		{ VM_IO, "io" },	   { VM_SEQ_READ, "sr" },
		{ VM_RAND_READ, "rr" },	   { VM_DONTCOPY, "dc" },
		{ VM_DONTEXPAND, "de" },   { VM_LOCKONFAULT, "lf" },
		{ VM_ACCOUNT, "ac" },	   { VM_NORESERVE, "nr" },
		{ VM_HUGETLB, "ht" },	   { VM_WIPEONFORK, "wf" },
		{ VM_DONTDUMP, "dd" },	   { VM_HUGEPAGE, "hg" },
		{ VM_NOHUGEPAGE, "nh" },   { VM_MERGEABLE, "mg" },
	};
	unsigned int i;

	seq_puts(m, "VmFlags: ");
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (flags & names[i].flag)
			seq_printf(m, "%s ", names[i].letters);
	seq_putc(m, '\n');
}

static void show_smap(struct seq_file *m, struct vm_area_struct *vma,
		      const struct area_report *r)
{
	u64 page_size = is_vm_hugetlb_page(vma) ? HPAGE_PMD_SIZE : PAGE_SIZE;
	struct mem_size_stats mss = { 0 };

	smap_gather_stats(vma, &mss);
	show_map_vma(m, vma, r);
	put_kb(m, "Size:", vma->vm_end - vma->vm_start);
	put_kb(m, "KernelPageSize:", page_size);
	put_kb(m, "MMUPageSize:", page_size);
	show_smap_stats(m, &mss, false);
	seq_printf(m, "THPeligible:    %d\n", hugepage_vma_check(vma));
	show_vm_flags(m, vma->vm_flags);
}

static void show_rollup(struct seq_file *m, struct mm_struct *mm)
{
	struct mem_size_stats mss = { 0 };
	struct vm_area_struct *vma;
	unsigned long end = 0;
	size_t line_start = m->wanted;

	for (vma = mm->mmap; vma; vma = vma->vm_next) {
		smap_gather_stats(vma, &mss);
		end = vma->vm_end;
	}
	show_map_header(m, mm->mmap ? mm->mmap->vm_start : 0, end, 0, 0, 0, 0);
	pad_to_name(m, line_start);
	seq_puts(m, "[rollup]\n");
	show_smap_stats(m, &mss, true);
}

/**
 * show_smaps() - /proc/PID/smaps, in parts, or smaps_rollup
 * @rollup: one sum over all areas
 *
 * Context: takes @mm's mmap_lock for read.
 */
void show_smaps(struct seq_file *m, struct mm_struct *mm, vma_file_name_t name,
		bool rollup)
{
	const struct area_report r = { name, 0 };

	if (!rollup) {
		show_areas(m, mm, &r, show_smap);
		return;
	}
	down_read(&mm->mmap_lock);
	show_rollup(m, mm);
	up_read(&mm->mmap_lock);
}

/* ---- numa_maps ---- */

/* Pages, or huge pages of a file. */
struct numa_maps {
	unsigned long pages, anon, dirty, swapcache, active, writeback;
	int mapcount_max;
};

static void numa_account(struct numa_maps *md, const struct page *page,
			 pte_t pte, unsigned long nr)
{
	u32 flags = page->pflags;

	md->pages += nr;
	if (PageAnon(page))
		md->anon += nr;
	if (pte_dirty(pte) || (flags & PG_dirty))
		md->dirty += nr;
	if (PageSwapCache(page))
		md->swapcache += nr;
	if (flags & (PG_active | PG_unevictable))
		md->active += nr;
	if (PageWriteback(page))
		md->writeback += nr;
	md->mapcount_max = max(md->mapcount_max, atomic_read(&page->_mapcount));
}

static void numa_gather_stats(struct vm_area_struct *vma, struct numa_maps *md)
{
	bool pool = is_vm_hugetlb_page(vma);
	struct mm_struct *mm = vma->vm_mm;
	unsigned long addr, next, nr;
	pte_t *pte;

	for (addr = vma->vm_start; addr < vma->vm_end; addr = next) {
		pte = pte_span_lock(mm, addr, vma->vm_end, &next, &nr);
		if (!pte)
			continue;
		for (; nr; nr--, pte++)
			if (pte_present(*pte) && !pte_special(*pte))
				numa_account(md, pte_page(*pte), *pte,
					     pte_huge(*pte) && !pool ?
						     HPAGE_PMD_NR :
						     1);
		spin_unlock(&mm->page_table_lock);
	}
}

/* A mode, its flags, and the nodes: "bind=static:0". */
static void show_policy(struct seq_file *m, u32 policy)
{
	static const char modes[][16] = {
		"default",    "prefer", "bind",
		"interleave", "local",	"prefer (many)",
	};
	unsigned int mode = policy & MPOL_MODE;

	seq_puts(m, modes[mode]);
	if (policy & MPOL_MODE_FLAGS)
		seq_putc(m, '=');
	if (policy & MPOL_F_STATIC_NODES)
		seq_puts(m, "static");
	else if (policy & MPOL_F_RELATIVE_NODES)
		seq_puts(m, "relative");
	if (policy & MPOL_F_NUMA_BALANCING)
		seq_puts(m, policy & MPOL_MODE_FLAGS & ~MPOL_F_NUMA_BALANCING ?
				    "|balancing" :
				    "balancing");
	if (mode != MPOL_DEFAULT && mode != MPOL_LOCAL)
		seq_puts(m, ":0");
}

static void show_numa_stats(struct seq_file *m, const struct numa_maps *md,
			    bool pool)
{
	if (md->anon)
		seq_put_decimal_ul_width(m, " anon=", md->anon, 0);
	if (md->dirty)
		seq_put_decimal_ul_width(m, " dirty=", md->dirty, 0);
	if (md->pages != md->anon && md->pages != md->dirty)
		seq_put_decimal_ul_width(m, " mapped=", md->pages, 0);
	if (md->mapcount_max > 1)
		seq_printf(m, " mapmax=%d", md->mapcount_max);
	if (md->swapcache)
		seq_put_decimal_ul_width(m, " swapcache=", md->swapcache, 0);
	if (md->active < md->pages && !pool)
		seq_put_decimal_ul_width(m, " active=", md->active, 0);
	if (md->writeback)
		seq_put_decimal_ul_width(m, " writeback=", md->writeback, 0);
	seq_put_decimal_ul_width(m, " N0=", md->pages, 0);
	seq_put_decimal_ul_width(m, " kernelpagesize_kB=",
				 (pool ? HPAGE_PMD_SIZE : PAGE_SIZE) >> 10, 0);
}

static void show_numa_map(struct seq_file *m, struct vm_area_struct *vma,
			  const struct area_report *r)
{
	struct numa_maps md = { 0 };
	const char *name;

	seq_put_hex_ll(m, "", vma->vm_start, 8);
	seq_putc(m, ' ');
	show_policy(m, vma->vm_policy ? vma->vm_policy : r->policy);
	name = vma->vm_file ? NULL : anon_vma_name(vma);
	if (vma->vm_file) {
		seq_puts(m, " file=");
		r->name(m, vma->vm_file);
	} else if (name) {
		seq_putc(m, ' ');
		seq_write(m, name + 1, strlen(name) - 2); /* no brackets */
	}
	if (is_vm_hugetlb_page(vma))
		seq_puts(m, " huge");
	numa_gather_stats(vma, &md);
	if (md.pages)
		show_numa_stats(m, &md, is_vm_hugetlb_page(vma));
	seq_putc(m, '\n');
}

/**
 * show_numa_maps() - /proc/PID/numa_maps, in parts
 * @policy: of the task whose file it is
 *
 * Context: takes @mm's mmap_lock for read.
 */
void show_numa_maps(struct seq_file *m, struct mm_struct *mm, u32 policy,
		    vma_file_name_t name)
{
	const struct area_report r = { name, policy };

	show_areas(m, mm, &r, show_numa_map);
}

/* ---- clear_refs ---- */

#define CLEAR_REFS_ANON 2
#define CLEAR_REFS_MAPPED 3
#define CLEAR_REFS_SOFT_DIRTY 4
#define CLEAR_REFS_MM_HIWATER_RSS 5

static void clear_area_refs(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma->vm_mm;
	unsigned long addr, next, nr;
	pte_t *pte;

	for (addr = vma->vm_start; addr < vma->vm_end; addr = next) {
		pte = pte_span_lock(mm, addr, vma->vm_end, &next, &nr);
		if (!pte)
			continue;
		for (; nr; nr--, pte++) {
			if (!pte_present(*pte) || pte_special(*pte))
				continue;
			set_pte(pte, pte_mkold(ptep_get_and_clear(pte)));
			clear_page_flags(pte_page(*pte), PG_referenced);
		}
		spin_unlock(&mm->page_table_lock);
	}
	flush_tlb_range(mm, vma->vm_start, vma->vm_end);
}

/**
 * clear_refs() - /proc/PID/clear_refs: what is referenced from now on?
 * @type: 1: all areas; 2: those without a file; 3: those with one; 4: nothing,
 *	  as soft-dirty bits are not kept; 5: the largest Rss is today's
 *
 * Return: 0 or -EINVAL. Context: takes mmap_lock.
 */
int clear_refs(struct mm_struct *mm, unsigned int type)
{
	struct vm_area_struct *vma;

	if (!type || type > CLEAR_REFS_MM_HIWATER_RSS)
		return -EINVAL;
	if (type == CLEAR_REFS_SOFT_DIRTY)
		return 0;
	down_write(&mm->mmap_lock);
	if (type == CLEAR_REFS_MM_HIWATER_RSS) {
		spin_lock(&mm->page_table_lock);
		mm->hiwater_rss = get_mm_rss(mm);
		spin_unlock(&mm->page_table_lock);
	} else {
		for (vma = mm->mmap; vma; vma = vma->vm_next)
			if (!is_vm_hugetlb_page(vma) &&
			    type != (vma->vm_file ? CLEAR_REFS_ANON :
						    CLEAR_REFS_MAPPED))
				clear_area_refs(vma);
	}
	up_write(&mm->mmap_lock);
	return 0;
}

/* ---- pagemap ---- */

#define PM_MMAP_EXCLUSIVE (1ull << 56)
#define PM_FILE (1ull << 61)
#define PM_SWAP (1ull << 62)
#define PM_PRESENT (1ull << 63)
#define PM_TYPE_BITS 5 /* of a swap area; its page comes above */

/* The word for an entry that is present. */
static u64 pagemap_present(pte_t pte, unsigned long addr)
{
	u64 entry = PM_PRESENT |
		    (pte_pfn(pte) + (pte_huge(pte) ? pte_index(addr) : 0));
	struct page *page;

	if (pte_special(pte))
		return entry;
	page = pte_page(pte);
	if (!PageAnon(page))
		entry |= PM_FILE;
	if (atomic_read(&page->_mapcount) == 1)
		entry |= PM_MMAP_EXCLUSIVE;
	return entry;
}

/* The word for an entry that says where its page is. */
static u64 pagemap_swap(pte_t pte)
{
	swp_entry_t swp = pte_to_swp_entry(pte);
	u64 entry = PM_SWAP | swp_type(swp) |
		    (u64)swp_offset(swp) << PM_TYPE_BITS;

	if (is_migration_entry(swp) && !PageAnon(migration_entry_to_page(swp)))
		entry |= PM_FILE;
	return entry;
}

/**
 * pagemap_entry() - what /proc/PID/pagemap says about one page
 * @addr: any byte of it
 *
 * Return: frame number and PM_* bits. Context: takes mmap_lock for read.
 */
u64 pagemap_entry(struct mm_struct *mm, unsigned long addr)
{
	u64 entry = 0;
	pte_t *pte;

	if (addr >= TASK_SIZE)
		return 0;
	down_read(&mm->mmap_lock);
	spin_lock(&mm->page_table_lock);
	pte = pte_lookup(mm, addr);
	if (pte && pte_present(*pte))
		entry = pagemap_present(*pte, addr);
	else if (pte && is_swap_pte(*pte))
		entry = pagemap_swap(*pte);
	spin_unlock(&mm->page_table_lock);
	up_read(&mm->mmap_lock);
	return entry;
}
