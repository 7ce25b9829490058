/* SPDX-License-Identifier: MIT */
/*
 * An address space: a process's areas (VMAs) and the page tables that carry
 * them out. mm/vma.c keeps the areas, mm/pgtable.c the tables, mm/rmap.c the
 * way back from a page to its areas.
 *
 * Every function takes the space as an argument; none asks who is running,
 * so the paper machine can drive many of them. User addresses are unsigned
 * long; lengths are bytes unless they say pages.
 *
 * Locks: mm->mmap_lock (sleeps; read for faults, write for changes of areas),
 * and below it others that do not: mm/vma.h has them all, in their order.
 */
#ifndef ASHLAR_MMAP_H
#define ASHLAR_MMAP_H

#include <ashlar/atomic.h>
#include <ashlar/fs.h>
#include <ashlar/list.h>
#include <ashlar/mman.h>
#include <ashlar/rbtree.h>
#include <ashlar/rwsem.h>
#include <ashlar/types.h>
#include <mach/pgtable.h>
#include <mach/spinlock.h>

/* vm_area_struct::vm_flags, Linux's values. */
#define VM_READ 0x1u
#define VM_WRITE 0x2u
#define VM_EXEC 0x4u
#define VM_SHARED 0x8u
#define VM_MAYREAD 0x10u
#define VM_MAYWRITE 0x20u
#define VM_MAYEXEC 0x40u
#define VM_MAYSHARE 0x80u
#define VM_GROWSDOWN 0x100u
#define VM_UFFD_MISSING 0x200u /* a program provides missing pages */
#define VM_PFNMAP 0x400u /* frames without descriptors: devices */
#define VM_LOCKED 0x2000u
#define VM_IO 0x4000u
#define VM_SEQ_READ 0x8000u
#define VM_RAND_READ 0x10000u
#define VM_DONTCOPY 0x20000u
#define VM_DONTEXPAND 0x40000u
#define VM_LOCKONFAULT 0x80000u
#define VM_ACCOUNT 0x100000u
#define VM_NORESERVE 0x200000u
#define VM_HUGETLB 0x400000u /* of a file made of huge pages */
#define VM_WIPEONFORK 0x2000000u
#define VM_DONTDUMP 0x4000000u
#define VM_HUGEPAGE 0x20000000u
#define VM_NOHUGEPAGE 0x40000000u
#define VM_MERGEABLE 0x80000000u /* by mm/ksm.c */

#define MMAP_MIN_ADDR 0x10000ul /* vm.mmap_min_addr */
#define STACK_GUARD_GAP (256ul << PAGE_SHIFT)
#define STACK_GROWN_BY_EXEC (32ul << PAGE_SHIFT) /* room for arguments */

struct mm_struct;
struct vm_area_struct;
struct anon_vma;

struct vm_area_struct {
	unsigned long vm_start; /* first byte */
	unsigned long vm_end; /* past the last */
	struct mm_struct *vm_mm;
	u32 vm_flags;
	u32 vm_policy; /* <ashlar/mempolicy.h> */
	pgprot_t vm_page_prot;
	struct rb_node vm_rb; /* mm->mm_rb, by address */
	unsigned long rb_subtree_gap; /* bound on gaps before VMAs below */
	struct vm_area_struct *vm_next, *vm_prev;
	struct list_head shared_node; /* address_space::i_mmap */
	struct list_head anon_node; /* anon_vma::head */
	struct anon_vma *anon_vma;
	const struct vm_operations_struct *vm_ops; /* NULL: anonymous */
	unsigned long vm_pgoff; /* pages; anonymous: address at birth */
	struct file *vm_file; /* with a reference, or NULL */
	void *vm_private_data;
};

/* So many faults later a page that came back is asked whether it is used. */
#define SWAPPED_IN 4u

struct mm_struct {
	struct vm_area_struct *mmap; /* first area */
	struct rb_root mm_rb;
	struct vm_area_struct *vmacache; /* where the last lookup ended */
	pgd_t *pgd;
	atomic_t mm_users; /* tasks; 0: areas go */
	atomic_t mm_count; /* + those who borrow it; 0: freed */
	int map_count;
	unsigned long highest_vm_end; /* end of the last area */
	struct rw_semaphore mmap_lock; /* the areas; what is counted of them */
	spinlock_t page_table_lock; /* the tables; what is counted of them */
	struct list_head mmlist; /* mm_list, all spaces (mmlist_lock) */
	unsigned long mmap_base; /* areas are placed below it */
	unsigned long total_vm, locked_vm, data_vm, exec_vm,
		stack_vm; /* pages */
	unsigned long hiwater_vm; /* pages */
	unsigned long hiwater_rss; /* pages (page_table_lock) */
	long rss_file, rss_anon, rss_shmem; /* pages (page_table_lock) */
	unsigned long swapped_in[SWAPPED_IN]; /* addresses of late, in turns */
	unsigned int nr_swapped_in; /* … (page_table_lock) */
	long swap_ents; /* entries for swap areas (page_table_lock) */
	unsigned long nr_ptes; /* page tables (page_table_lock) */
	unsigned long nr_huge; /* transparent huge pages (page_table_lock) */
	unsigned long hugetlb_usage; /* huge pages of files, and copies of
				      * them (page_table_lock) */
	struct page *huge_tables; /* as many tables, put by (page_table_lock) */
	u32 def_flags; /* VM_LOCKED by mlockall(MCL_FUTURE) */
	unsigned long start_code, end_code, start_data, end_data;
	unsigned long start_brk, brk, start_stack;
	unsigned long arg_start, arg_end, env_start, env_end;
	u32 saved_auxv[44];
	struct file *exe_file; /* with a reference */
	struct mm_context context; /* the port's: LDT … */
	short oom_score_adj;
	bool oom_victim; /* was chosen, and is on its way out … */
	bool oom_reaped; /* its private pages go, or went: none come again */
	struct ksm_mm_slot *ksm_slot; /* or NULL: no area is VM_MERGEABLE */
	unsigned long ksm_merging_pages, ksm_rmap_items; /* see mm/ksm.c */
	void *owner; /* the kernel's, for the choice of a victim */
	bool dumpable; /* the kernel's: may others of the same user look in */
	bool thp_disable; /* PR_SET_THP_DISABLE: kept to be told */
};

static inline unsigned long get_mm_rss(const struct mm_struct *mm)
{
	return (unsigned long)(mm->rss_file + mm->rss_anon + mm->rss_shmem);
}

extern struct mm_struct init_mm; /* the kernel's own tables, no areas */
extern struct list_head mm_list;
extern spinlock_t mmlist_lock;

extern int sysctl_max_map_count; /* areas a space may have */
/* 0 if an area may lie at @addr, below MMAP_MIN_ADDR; NULL: it may not. */
extern int (*security_mmap_addr)(unsigned long addr);
/* Does a file lie where no programs may be? NULL: none does. The kernel's. */
extern bool (*vma_file_noexec)(const struct file *file);
/* A shared mapping of @file is about to be written. NULL: no matter. */
extern void (*vma_file_written)(struct file *file);

/* ---- life of a space, mm/space.c ---- */

void mmap_init(void); /* once, before the first space: caches, zero page */
struct mm_struct *mm_alloc(void); /* empty: pgd, no areas; NULL: no memory */
struct mm_struct *dup_mm(struct mm_struct *old); /* fork; ERR_PTR(-ENOMEM) */
void mmput(struct mm_struct *mm); /* last user: exit_mmap, then mmdrop */
void __mmdrop(struct mm_struct *mm);

static inline void mmget(struct mm_struct *mm)
{
	atomic_inc(&mm->mm_users);
}

/* True if the space still had a user, and so has one more. */
static inline bool mmget_not_zero(struct mm_struct *mm)
{
	return atomic_inc_not_zero(&mm->mm_users);
}

static inline void mmgrab(struct mm_struct *mm)
{
	atomic_inc(&mm->mm_count);
}

static inline void mmdrop(struct mm_struct *mm)
{
	if (atomic_dec_and_test(&mm->mm_count))
		__mmdrop(mm);
}

/* ---- areas; with mmap_lock as said ---- */

/* First area that ends after @addr. Read. */
struct vm_area_struct *find_vma(struct mm_struct *mm, unsigned long addr);
struct vm_area_struct *find_vma_intersection(struct mm_struct *mm,
					     unsigned long start,
					     unsigned long end);

/*
 * The system calls' bodies take mmap_lock themselves and return what the
 * call returns: an address or 0, or -errno.
 */
unsigned long ksys_mmap(struct mm_struct *mm, struct file *file,
			unsigned long addr, unsigned long len,
			unsigned long prot, unsigned long flags,
			unsigned long pgoff);
/* With mmap_lock for write; @vm_flags are added to those of prot and flags. */
unsigned long do_mmap(struct mm_struct *mm, struct file *file,
		      unsigned long addr, unsigned long len, unsigned long prot,
		      unsigned long flags, u32 vm_flags, unsigned long pgoff);
int do_munmap(struct mm_struct *mm, unsigned long start, size_t len);
int vm_munmap(struct mm_struct *mm, unsigned long start, size_t len);
unsigned long vm_mmap(struct mm_struct *mm, struct file *file,
		      unsigned long addr, unsigned long len, unsigned long prot,
		      unsigned long flags, unsigned long offset);
int vm_brk_flags(struct mm_struct *mm, unsigned long addr, unsigned long len,
		 u32 vm_flags);
unsigned long mm_brk(struct mm_struct *mm, unsigned long brk, u32 vm_flags);
int mm_mprotect(struct mm_struct *mm, unsigned long start, size_t len,
		unsigned long prot);
unsigned long mm_mremap(struct mm_struct *mm, unsigned long addr,
			unsigned long old_len, unsigned long new_len,
			unsigned long flags, unsigned long new_addr);
int mm_msync(struct mm_struct *mm, unsigned long start, size_t len, int flags);
int mm_madvise(struct mm_struct *mm, unsigned long start, size_t len,
	       int advice);
/* Fills @vec (kernel memory, a byte a page). */
int mm_mincore(struct mm_struct *mm, unsigned long start, unsigned long pages,
	       u8 *vec);
int mm_mlock(struct mm_struct *mm, unsigned long start, size_t len,
	     u32 vm_flags);
int mm_munlock(struct mm_struct *mm, unsigned long start, size_t len);
int mm_mlockall(struct mm_struct *mm, int flags);
int mm_munlockall(struct mm_struct *mm);
int mm_remap_file_pages(struct mm_struct *mm, unsigned long start,
			unsigned long size, unsigned long prot,
			unsigned long pgoff, unsigned long flags);

/* A file's ->mmap: make the area shared memory without a name. 0 or -errno. */
int shmem_zero_setup(struct vm_area_struct *vma);
/*
 * execve: a stack area that ends at @top, of 33 pages, none of them there yet;
 * the program's arguments go to its top. Also sets mmap_base. ERR_PTR.
 */
struct vm_area_struct *mm_setup_stack(struct mm_struct *mm, unsigned long top);

#endif
