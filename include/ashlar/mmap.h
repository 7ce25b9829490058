/* SPDX-License-Identifier: MIT */
/*
 * An address space: a process's areas (VMAs) and the page tables that carry
 * them out. mm/mmap.c keeps the areas, mm/memory.c the tables, mm/rmap.c the
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
#define VM_WIPEONFORK 0x2000000u
#define VM_DONTDUMP 0x4000000u
#define VM_NOHUGEPAGE 0x40000000u

#define MMAP_MIN_ADDR 0x10000ul /* vm.mmap_min_addr */
#define STACK_GUARD_GAP (256ul << PAGE_SHIFT)
#define STACK_GROWN_BY_EXEC (32ul << PAGE_SHIFT) /* room for arguments */

struct mm_struct;
struct vm_area_struct;
struct anon_vma;

/* A fault on its way through an area. */
struct vm_fault {
	struct vm_area_struct *vma;
	unsigned long address; /* rounded down to its page */
	unsigned long pgoff; /* page of the file */
	unsigned int flags; /* FAULT_FLAG_* */
	pte_t *pte; /* entry of @address, in a table that is there */
	struct page *page; /* out of ->fault: with a reference */
};

#define FAULT_FLAG_WRITE 0x1u
#define FAULT_FLAG_USER 0x2u /* the program itself, not a copy for it */
#define FAULT_FLAG_INSTRUCTION 0x4u
#define FAULT_FLAG_NOWAIT 0x8u /* mmap_lock is not to be let go */

/* What handle_mm_fault() says; 0 is done, without I/O. */
typedef unsigned int vm_fault_t;
#define VM_FAULT_OOM 0x1u
#define VM_FAULT_SIGBUS 0x2u
#define VM_FAULT_MAJOR 0x4u
#define VM_FAULT_SIGSEGV 0x40u /* SEGV_MAPERR */
#define VM_FAULT_ACCERR 0x80u /* SIGSEGV with SEGV_ACCERR */
#define VM_FAULT_RETRY 0x400u /* mmap_lock was let go: look again */
#define VM_FAULT_ERROR \
	(VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV | VM_FAULT_ACCERR)

struct vm_operations_struct {
	void (*open)(struct vm_area_struct *vma); /* split, fork */
	void (*close)(struct vm_area_struct *vma);
	/* The file's page, from its cache; may sleep. */
	vm_fault_t (*fault)(struct vm_fault *vmf);
	/*
	 * Pass what is cached of [start_pgoff, end_pgoff) to set_pte_range().
	 * At most 16 pages, in one table and in the area; page_table_lock is
	 * held. NULL: one page at a time.
	 */
	void (*map_pages)(struct vm_fault *vmf, unsigned long start_pgoff,
			  unsigned long end_pgoff);
	const char *(*name)(struct vm_area_struct *vma); /* in maps */
};

struct vm_area_struct {
	unsigned long vm_start; /* first byte */
	unsigned long vm_end; /* past the last */
	struct mm_struct *vm_mm;
	u32 vm_flags;
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
	unsigned long nr_ptes; /* page tables (page_table_lock) */
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
	void *owner; /* the kernel's, for the choice of a victim */
	bool dumpable; /* the kernel's: may others of the same user look in */
};

static inline unsigned long get_mm_rss(const struct mm_struct *mm)
{
	return (unsigned long)(mm->rss_file + mm->rss_anon + mm->rss_shmem);
}

extern struct mm_struct init_mm; /* the kernel's own tables, no areas */
extern struct list_head mm_list;
extern spinlock_t mmlist_lock;

extern int sysctl_max_map_count; /* areas a space may have */
/* May areas lie at @addr, below MMAP_MIN_ADDR? NULL: none may. The kernel's. */
extern int (*security_mmap_addr)(unsigned long addr);

/* ---- life of a space, mm/mmap.c ---- */

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
unsigned long mm_brk(struct mm_struct *mm, unsigned long brk);
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
/* A device's frames in an area: VM_PFNMAP. With mmap_lock for write. */
int remap_pfn_range(struct vm_area_struct *vma, unsigned long addr,
		    unsigned long pfn, unsigned long size);

/* ---- faults and pages, mm/memory.c ---- */

/*
 * Take a fault at @addr: find the area (growing a stack into the gap below
 * it), check the access, and make it possible. Takes mmap_lock for read.
 * Any thread, any mm: also on behalf of a debugger or a copy.
 */
vm_fault_t handle_page_fault(struct mm_struct *mm, unsigned long addr,
			     unsigned int flags);
/*
 * The page that holds @addr with a reference, faulted in; ERR_PTR(-EFAULT,
 * -ENOMEM). @write: made private for writing. @force: past the area's
 * protection (debuggers, /proc/PID/mem). Takes mmap_lock for read.
 */
struct page *get_user_page(struct mm_struct *mm, unsigned long addr, bool write,
			   bool force);
/* Bytes of another space to or from kernel memory; returns bytes done. */
size_t access_process_vm(struct mm_struct *mm, unsigned long addr, void *buf,
			 size_t len, bool write);
/*
 * Unmap a file's pages from every area that maps them, before they go.
 * @even_cows: private copies of them as well (truncation; not: a hole).
 */
void unmap_mapping_range(struct address_space *m, unsigned long first_pgoff,
			 unsigned long nr, bool even_cows);
/*
 * For ->map_pages: map those of @pages (a NULL is skipped) whose place is
 * still empty; pages[0] is the file's page @first_pgoff.
 */
void set_pte_range(struct vm_fault *vmf, struct page **pages,
		   unsigned long first_pgoff, unsigned int nr);
/* Fault in what is not there; 0, or the first -errno. Takes mmap_lock. */
int mm_populate(struct mm_struct *mm, unsigned long start, unsigned long len);

/* ---- from a page to where it is mapped, mm/rmap.c ---- */

typedef bool rmap_fn(struct page *page, struct vm_area_struct *vma,
		     unsigned long addr, void *arg);
/* @fn for each (area, address) that maps @page, until it returns false. */
void rmap_walk(struct page *page, rmap_fn *fn, void *arg);

/* Other CPUs may change other flags at the same time. */
static inline void set_page_flags(struct page *page, u32 flags)
{
	__atomic_fetch_or(&page->pflags, flags, __ATOMIC_RELAXED);
}

static inline void clear_page_flags(struct page *page, u32 flags)
{
	__atomic_fetch_and(&page->pflags, ~flags, __ATOMIC_RELAXED);
}

static inline void get_page(struct page *page)
{
	atomic_inc(&page->_refcount);
}

void __put_page(struct page *page); /* the last reference went */

static inline void put_page(struct page *page)
{
	if (atomic_dec_and_test(&page->_refcount))
		__put_page(page);
}

/* A page for user memory, with one reference; NULL without memory. */
struct page *alloc_user_page(gfp_t gfp);

/* ---- commit accounting, mm/util.c ---- */

#define OVERCOMMIT_GUESS 0
#define OVERCOMMIT_ALWAYS 1
#define OVERCOMMIT_NEVER 2
extern int sysctl_overcommit_memory; /* OVERCOMMIT_* */
extern int sysctl_overcommit_ratio; /* per cent of RAM, OVERCOMMIT_NEVER */
extern unsigned long sysctl_overcommit_kbytes; /* instead, if not 0 */
extern unsigned long sysctl_admin_reserve_kbytes;
extern unsigned long sysctl_user_reserve_kbytes;
extern long vm_committed_as; /* pages */
/* Has the running task CAP_SYS_ADMIN? Set by the kernel; NULL: no. */
extern bool (*vm_commit_privileged)(void);

void init_reserves(void); /* defaults of the two, once RAM is known */
unsigned long vm_commit_limit(void); /* pages */
/* 0 and counted, or -ENOMEM. @mm: who grows, or NULL. */
int security_vm_enough_memory_mm(struct mm_struct *mm, long pages);

static inline int security_vm_enough_memory(long pages)
{
	return security_vm_enough_memory_mm(NULL, pages);
}

static inline void vm_acct_memory(long pages)
{
	__atomic_fetch_add(&vm_committed_as, pages, __ATOMIC_RELAXED);
}

static inline void vm_unacct_memory(long pages)
{
	vm_acct_memory(-pages);
}

/* ---- out of memory, mm/oom_kill.c ---- */

#define OOM_SCORE_ADJ_MIN (-1000) /* never */
#define OOM_SCORE_ADJ_MAX 1000

/* What the kernel knows of tasks. */
struct oom_hooks {
	/* End every task that uses @mm, with a line in the log. */
	void (*kill)(struct mm_struct *mm, unsigned long points);
	/* Is the running task on its way to its end? */
	bool (*dying)(void);
	/* May @mm's tasks not be ended, whatever they use? */
	bool (*spared)(struct mm_struct *mm);
};

/* From now on memory that runs out costs a process. */
void oom_killer_enable(const struct oom_hooks *hooks);
/* Ask for somebody's end; false: there is nobody to be ended. */
bool out_of_memory(gfp_t gfp, unsigned int order);
/* How much would come free; 0: spared. /proc/PID/oom_score. */
unsigned long oom_badness(struct mm_struct *mm, unsigned long totalpages);

/* ---- reports of one space, mm/task_mmu.c ---- */

struct seq_file;
/* @name: what the kernel calls a file; writes it escaped. */
typedef void (*vma_file_name_t)(struct seq_file *m, struct file *file);
/* A file's device and inode number, for maps. The kernel's; NULL: zeroes. */
extern void (*vma_file_id)(const struct file *file, u32 *dev, u64 *ino);
void show_maps(struct seq_file *m, struct mm_struct *mm, vma_file_name_t name);
void show_smaps(struct seq_file *m, struct mm_struct *mm, vma_file_name_t name,
		bool rollup);
int clear_refs(struct mm_struct *mm, unsigned int type);
/* One 64-bit word of /proc/PID/pagemap for the page at @addr. */
u64 pagemap_entry(struct mm_struct *mm, unsigned long addr);

#endif
