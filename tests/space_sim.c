/* SPDX-License-Identifier: MIT */
/* Address spaces for tests; see space.h. */
#include "../mm/lru.h"
#include "../mm/pgtable.h"
#include "../mm/vma.h"
#include "space.h"
#include "swap.h"
#include <ashlar/fault-inject.h>
#include <ashlar/huge_mm.h>
#include <ashlar/hugetlb.h>
#include <ashlar/ksm.h>
#include <ashlar/vmalloc.h>

#define MOST 64

static struct mm_struct *mms[MOST];
static struct file *files[MOST];
static void *areas[MOST];

static void **slot_of(void **slots, const void *what)
{
	for (int i = 0; i < MOST; i++)
		if (slots[i] == what)
			return &slots[i];
	check_failed(__FILE__, __LINE__, "not taken, or too much taken");
}

struct mm_struct *take_mm(void)
{
	struct mm_struct *mm = NEED(mm_alloc());

	*slot_of((void **)mms, NULL) = mm;
	sim_load_mm(mm);
	return mm;
}

struct mm_struct *take_fork(struct mm_struct *mm)
{
	struct mm_struct *child = dup_mm(mm);

	if (IS_ERR(child))
		needed(__FILE__, __LINE__, "dup_mm");
	*slot_of((void **)mms, NULL) = child;
	return child;
}

void give_mm(struct mm_struct *mm)
{
	*slot_of((void **)mms, mm) = NULL;
	if (sim_loaded_mm() == mm)
		sim_load_mm(NULL);
	mmput(mm);
}

struct file *take_file(unsigned long pages)
{
	struct file *f =
		shmem_file_setup("test", (loff_t)pages << PAGE_SHIFT, 0);

	if (IS_ERR(f))
		needed(__FILE__, __LINE__, "shmem_file_setup");
	return keep_file(f);
}

struct file *keep_file(struct file *f)
{
	*slot_of((void **)files, NULL) = f;
	return f;
}

void give_file(struct file *file)
{
	*slot_of((void **)files, file) = NULL;
	fput(file);
}

void *take_vmalloc(unsigned long size)
{
	void *area = NEED(vzalloc(size));

	*slot_of(areas, NULL) = area;
	return area;
}

void give_vmalloc(void *area)
{
	*slot_of(areas, area) = NULL;
	vfree(area);
}

/* Nothing is merged, and no space that ended is remembered. */
static void ksm_settle(void)
{
	ksm_set_run(KSM_RUN_UNMERGE);
	ksm_set_run(KSM_RUN_STOP);
	ksm_max_page_sharing = 256;
	ksm_use_zero_pages = false;
}

void space_settle(void)
{
	lru_validate_frames();
	sim_load_mm(NULL);
	for (int i = 0; i < MOST; i++) {
		if (mms[i])
			give_mm(mms[i]);
		if (files[i])
			give_file(files[i]);
		if (areas[i])
			give_vmalloc(areas[i]);
	}
	ksm_settle();
	swap_settle();
	set_nr_overcommit_huge_pages(0);
	set_max_huge_pages(0);
	sysctl_overcommit_memory = OVERCOMMIT_GUESS;
	thp_mode = THP_NEVER;
	port_has_pse = true;
}

unsigned long take_area(struct mm_struct *mm, unsigned long addr,
			unsigned long len, unsigned long prot)
{
	return SPACE_OK(ksys_mmap(
		mm, NULL, addr, len, prot,
		MAP_PRIVATE | MAP_ANONYMOUS | (addr ? MAP_FIXED : 0), 0));
}

unsigned long take_file_area(struct mm_struct *mm, struct file *file,
			     unsigned long addr, unsigned long len,
			     unsigned long prot, unsigned long flags,
			     unsigned long pgoff)
{
	return SPACE_OK(ksys_mmap(mm, file, addr, len, prot,
				  flags | (addr ? MAP_FIXED : 0), pgoff));
}

u32 peek(unsigned long addr)
{
	u32 word = 0;
	enum sim_fault f = sim_read((u32)addr, &word, 4);

	if (f == SIM_OOM)
		needed(__FILE__, __LINE__, "a page to read");
	CHECK_EQ(f, SIM_OK);
	return word;
}

void poke(unsigned long addr, u32 word)
{
	enum sim_fault f = sim_write((u32)addr, &word, 4);

	if (f == SIM_OOM)
		needed(__FILE__, __LINE__, "a page to write");
	CHECK_EQ(f, SIM_OK);
}

static enum sim_fault need_memory(enum sim_fault f)
{
	if (f == SIM_OOM)
		needed(__FILE__, __LINE__, "a page");
	return f;
}

enum sim_fault try_read(unsigned long addr)
{
	u8 byte;

	return need_memory(sim_read((u32)addr, &byte, 1));
}

enum sim_fault try_write(unsigned long addr)
{
	u8 byte = 1;

	return need_memory(sim_write((u32)addr, &byte, 1));
}

void fail_at(unsigned long k)
{
	stop_all_cpus();
	fail_nth(k);
}

/* ---- a space's structures ---- */

/* Areas of the tree below @n, and the widest gap before one of them. */
static int count_tree(struct rb_node *n, unsigned long *gap)
{
	unsigned long left = 0, right = 0;
	struct vm_area_struct *vma;
	int nr;

	if (!n)
		return 0;
	vma = rb_entry(n, struct vm_area_struct, vm_rb);
	nr = 1 + count_tree(n->rb_left, &left) +
	     count_tree(n->rb_right, &right);
	*gap = vm_start_gap(vma);
	if (vma->vm_prev)
		*gap = *gap > vma->vm_prev->vm_end ?
			       *gap - vma->vm_prev->vm_end :
			       0;
	*gap = max(*gap, max(left, right));
	CHECK(vma->rb_subtree_gap >= *gap);
	return nr;
}

/* Pages of an area: anonymous, in memory files, of other files, swapped. */
static void count_pages(struct vm_area_struct *vma, long rss[4])
{
	struct page *page;
	unsigned long addr;
	pte_t *ptep;

	if (vma->vm_flags & VM_HUGETLB)
		return;
	for (addr = vma->vm_start; addr < vma->vm_end; addr += PAGE_SIZE) {
		ptep = pte_lookup(vma->vm_mm, addr);
		if (!ptep || pte_none(*ptep) || pte_special(*ptep))
			continue;
		if (is_swap_pte(*ptep) &&
		    !is_migration_entry(pte_to_swp_entry(*ptep))) {
			CHECK(swp_swapcount(pte_to_swp_entry(*ptep)));
			rss[3]++;
			continue;
		}
		page = is_swap_pte(*ptep) ? migration_entry_to_page(
						    pte_to_swp_entry(*ptep)) :
					    pte_page(*ptep);
		CHECK(page->flags & PG_used);
		CHECK((vma->vm_flags & VM_WRITE) || !pte_present(*ptep) ||
		      !pte_write(*ptep));
		if (page->mapping & PAGE_MAPPING_ANON)
			rss[0]++;
		else
			rss[page->pflags & PG_swapbacked ? 1 : 2]++;
	}
}

/* A table is put by for each huge page, and each lies in one area. */
static void check_huge(struct mm_struct *mm)
{
	unsigned long huge = 0, hugetlb = 0, tables = 0, addr;
	struct vm_area_struct *vma;
	struct page *table;

	for (addr = 0; addr < TASK_SIZE; addr += HPAGE_PMD_SIZE) {
		if (!pgd_huge(*pgd_offset(mm, addr)))
			continue;
		vma = find_vma(mm, addr);
		CHECK(vma && vma->vm_start <= addr &&
		      vma->vm_end >= addr + HPAGE_PMD_SIZE);
		if (vma->vm_flags & VM_HUGETLB) {
			hugetlb++;
			continue;
		}
		huge++;
		CHECK(PageTransHuge(pgd_page(*pgd_offset(mm, addr))));
	}
	for (table = mm->huge_tables; table; table = (struct page *)table->priv)
		tables++;
	CHECK_EQ(huge, mm->nr_huge);
	CHECK_EQ(hugetlb, mm->hugetlb_usage);
	CHECK_EQ(tables, mm->nr_huge);
}

void check_space(struct mm_struct *mm)
{
	struct vm_area_struct *vma, *prev = NULL;
	unsigned long total = 0, locked = 0, gap = 0;
	long rss[4] = { 0 };
	int count = 0;

	for (vma = mm->mmap; vma; prev = vma, vma = vma->vm_next) {
		CHECK(vma->vm_prev == prev);
		CHECK(vma->vm_mm == mm);
		CHECK_OP(vma->vm_start, <, vma->vm_end);
		CHECK(!prev || prev->vm_end <= vma->vm_start);
		CHECK(find_vma(mm, vma->vm_start) == vma);
		CHECK(find_vma(mm, vma->vm_end - 1) == vma);
		total += vma_pages(vma);
		locked += vma->vm_flags & VM_LOCKED ? vma_pages(vma) : 0;
		count_pages(vma, rss);
		count++;
	}
	CHECK_EQ(count, mm->map_count);
	CHECK_EQ(count_tree(mm->mm_rb.rb_node, &gap), count);
	CHECK_EQ(total, mm->total_vm);
	CHECK_EQ(locked, mm->locked_vm);
	CHECK_EQ(rss[0], mm->rss_anon);
	CHECK_EQ(rss[1], mm->rss_shmem);
	CHECK_EQ(rss[2], mm->rss_file);
	CHECK_EQ(rss[3], mm->swap_ents);
	check_huge(mm);
	sim_tlb_check();
}
