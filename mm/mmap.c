/* SPDX-License-Identifier: MIT */
/*
 * Making and removing areas: mmap, munmap, brk, the stack; and the life of an
 * address space from exec or fork to its end.
 *
 *   3 GB ┌───────────────┐ stack: grows down as it is touched, up to
 *        │ stack         │   RLIMIT_STACK; keeps STACK_GUARD_GAP free below
 *        │ ┄┄┄┄┄┄┄┄┄┄┄┄┄ │
 *        ├───────────────┤ mmap_base: RLIMIT_STACK below the top, but at
 *        │ mmap areas    │   least 128 MB and at most 5/6 of the space
 *        │ ↓             │
 *        │             ↑ │
 *        │ heap          │ start_brk … brk
 *        │ data, text    │
 *        └───────────────┘ MMAP_MIN_ADDR
 *
 * What is checked when an area is made, in Linux's order: the arguments, the
 * number of areas, the place, RLIMIT_MEMLOCK, the file's mode, RLIMIT_AS and
 * _DATA, and last the promise of memory (VM_ACCOUNT, mm/util.c). From then on
 * only a lack of memory for the area itself or the file's ->mmap() can fail.
 *
 * Simpler than Linux: no randomised places, no huge pages, one size of word.
 */
#include <ashlar/shmem_fs.h>
#include <mach/tlb.h>
#include "internal.h"
#include "vma.h"

int sysctl_max_map_count = 65530;
int (*security_mmap_addr)(unsigned long addr);
LIST_HEAD(mm_list);
spinlock_t mmlist_lock = SPIN_LOCK_UNLOCKED;

static struct kmem_cache *mm_cachep;

/** mmap_init - at boot, before the first address space. */
void mmap_init(void)
{
	mm_cachep = kmem_cache_create("mm_struct", sizeof(struct mm_struct), 0,
				      SLAB_PANIC, NULL);
	vma_init();
	rmap_init();
	memory_init();
}

/* ---- limits and accounts ---- */

static unsigned long rlimit_pages(unsigned int resource)
{
	return port_rlimit(resource) >> PAGE_SHIFT;
}

static bool is_data_mapping(u32 vm_flags)
{
	return (vm_flags & (VM_WRITE | VM_SHARED | VM_STACK)) == VM_WRITE;
}

/** may_expand_vm - may the space have @n more pages of this kind? */
bool may_expand_vm(const struct mm_struct *mm, u32 vm_flags, unsigned long n)
{
	if (mm->total_vm + n > rlimit_pages(RLIMIT_AS))
		return false;
	return !is_data_mapping(vm_flags) ||
	       mm->data_vm + n <= rlimit_pages(RLIMIT_DATA);
}

/** vm_stat_account - @pages more, or less, of this kind. */
void vm_stat_account(struct mm_struct *mm, u32 vm_flags, long pages)
{
	mm->total_vm += pages;
	if ((vm_flags & (VM_EXEC | VM_WRITE | VM_STACK)) == VM_EXEC)
		mm->exec_vm += pages;
	else if (vm_flags & VM_STACK)
		mm->stack_vm += pages;
	else if (is_data_mapping(vm_flags))
		mm->data_vm += pages;
	mm->hiwater_vm = max(mm->hiwater_vm, mm->total_vm);
}

/** can_do_mlock - may the running task lock anything at all? */
bool can_do_mlock(void)
{
	return port_rlimit(RLIMIT_MEMLOCK) != 0;
}

/** mlock_future_check - is there room to lock @len bytes? 0 or -EAGAIN. */
int mlock_future_check(const struct mm_struct *mm, u32 vm_flags,
		       unsigned long len)
{
	if (!(vm_flags & VM_LOCKED))
		return 0;
	if (mm->locked_vm + (len >> PAGE_SHIFT) > rlimit_pages(RLIMIT_MEMLOCK))
		return -EAGAIN;
	return 0;
}

/* An area of @len bytes exists now: what is counted about it. */
static void account_area(struct mm_struct *mm, u32 vm_flags, unsigned long len)
{
	vm_stat_account(mm, vm_flags, len >> PAGE_SHIFT);
	if (vm_flags & VM_LOCKED)
		mm->locked_vm += len >> PAGE_SHIFT;
}

/* … or not any more. */
static void unaccount_area(struct mm_struct *mm, u32 vm_flags,
			   unsigned long len)
{
	long pages = len >> PAGE_SHIFT;

	vm_stat_account(mm, vm_flags, -pages);
	if (vm_flags & VM_LOCKED)
		mm->locked_vm -= pages;
	if (vm_flags & VM_ACCOUNT)
		vm_unacct_memory(pages);
}

/* ---- where ---- */

/* Can an area be at @addr, as the program would like? */
static bool hint_is_free(struct mm_struct *mm, unsigned long addr,
			 unsigned long len)
{
	struct vm_area_struct *vma;

	if (addr < MMAP_MIN_ADDR || addr > TASK_SIZE - len)
		return false;
	vma = find_vma(mm, addr);
	return !vma || addr + len <= vm_start_gap(vma);
}

/**
 * get_unmapped_area - the place of a new area
 * @addr: with MAP_FIXED the place; else a wish, or 0
 * @len: bytes, whole pages
 *
 * Return: an address; -ENOMEM: no room; -EINVAL: not the start of a page;
 * -EPERM: too low. Context: mmap_lock.
 */
unsigned long get_unmapped_area(struct mm_struct *mm, unsigned long addr,
				unsigned long len, unsigned long flags)
{
	if (len > TASK_SIZE)
		return -ENOMEM;
	if (!(flags & MAP_FIXED)) {
		if (addr)
			addr = PAGE_ALIGN(max(addr, MMAP_MIN_ADDR));
		if (!addr || !hint_is_free(mm, addr, len))
			return vm_unmapped_area(mm, len);
		return addr;
	}
	if (addr > TASK_SIZE - len)
		return -ENOMEM;
	if (addr & ~PAGE_MASK)
		return -EINVAL;
	if (addr < MMAP_MIN_ADDR &&
	    (!security_mmap_addr || security_mmap_addr(addr)))
		return -EPERM;
	return addr;
}

/* ---- munmap ---- */

static void remove_vma(struct vm_area_struct *vma)
{
	if (vma->vm_ops && vma->vm_ops->close)
		vma->vm_ops->close(vma);
	vm_area_free(vma);
}

/*
 * Nothing is left of [start, end): areas go, or lose an end. @vma is the
 * first of them, and does not reach beyond on both sides.
 */
static void unmap_areas(struct mm_struct *mm, struct vm_area_struct *vma,
			unsigned long start, unsigned long end)
{
	unsigned long floor, from, to;
	struct vm_area_struct *next;

	floor = vma->vm_start < start ? start :
		vma->vm_prev	      ? vma->vm_prev->vm_end :
					0;
	for (; vma && vma->vm_start < end; vma = next) {
		next = vma->vm_next;
		from = max(start, vma->vm_start);
		to = min(end, vma->vm_end);
		unaccount_area(mm, vma->vm_flags, to - from);
		zap_page_range(vma, from, to);
		if (from > vma->vm_start) {
			vma_resize(vma, vma->vm_start, from);
		} else if (to < vma->vm_end) {
			vma_resize(vma, to, vma->vm_end);
			break;
		} else {
			vma_unlink(vma);
			remove_vma(vma);
		}
	}
	free_pgtables(mm, start, end, floor, vma ? vma->vm_start : TASK_SIZE);
}

/**
 * do_munmap - remove what is mapped in a range
 * @start: start of a page
 * @len: bytes
 *
 * Return: 0; -EINVAL: no such range; -ENOMEM: an area would have to be cut
 * and cannot, nothing is changed. Context: mmap_lock for write; may sleep.
 */
int do_munmap(struct mm_struct *mm, unsigned long start, size_t len)
{
	struct vm_area_struct *vma;
	unsigned long end;

	if ((start & ~PAGE_MASK) || start > TASK_SIZE ||
	    len > TASK_SIZE - start)
		return -EINVAL;
	end = start + PAGE_ALIGN(len);
	if (end == start)
		return -EINVAL;
	vma = find_vma_intersection(mm, start, end);
	if (!vma)
		return 0;
	if (vma->vm_start < start && end < vma->vm_end &&
	    (mm->map_count >= sysctl_max_map_count || !split_vma(vma, end)))
		return -ENOMEM;
	unmap_areas(mm, vma, start, end);
	return 0;
}

/** vm_munmap - do_munmap() that takes mmap_lock. */
int vm_munmap(struct mm_struct *mm, unsigned long start, size_t len)
{
	int err;

	down_write(&mm->mmap_lock);
	err = do_munmap(mm, start, len);
	up_write(&mm->mmap_lock);
	return err;
}

/* ---- mmap ---- */

/**
 * shmem_zero_setup - memory that is shared, but with nobody by name
 * @vma: an area that is being made; a file it has is given up for a new one
 *
 * Return: 0 or -errno.
 */
int shmem_zero_setup(struct vm_area_struct *vma)
{
	u32 flags = vma->vm_flags & VM_NORESERVE ? VM_NORESERVE_FILE : 0;
	struct file *file;

	file = shmem_file_setup("dev/zero", vma->vm_end - vma->vm_start, flags);
	if (IS_ERR(file))
		return (int)PTR_ERR(file);
	if (vma->vm_file)
		fput(vma->vm_file);
	vma->vm_file = file;
	return file->f_op->mmap(file, vma);
}

/* Give a new area its object; 0 or -errno. */
static int vma_set_object(struct vm_area_struct *vma, struct file *file)
{
	int err;

	if (!file)
		return vma->vm_flags & VM_SHARED ? shmem_zero_setup(vma) : 0;
	vma->vm_file = get_file(file);
	err = file->f_op->mmap(file, vma);
	vma->vm_page_prot = vm_get_page_prot(vma->vm_flags);
	return err;
}

/*
 * One shared mapping more, if that is not denied. Nobody seals the file
 * against it from now on, though it is not in the file's list yet.
 */
static bool mapping_map_writable(struct address_space *m)
{
	bool allowed;

	spin_lock(&m->i_mmap_lock);
	allowed = m->i_mmap_writable >= 0;
	m->i_mmap_writable += allowed;
	spin_unlock(&m->i_mmap_lock);
	return allowed;
}

static void mapping_unmap_writable(struct address_space *m)
{
	spin_lock(&m->i_mmap_lock);
	m->i_mmap_writable--;
	spin_unlock(&m->i_mmap_lock);
}

/* Like @vma, that could not be finished: its pages, tables and object go. */
static void abandon_vma(struct vm_area_struct *vma)
{
	struct mm_struct *mm = vma->vm_mm;
	struct vm_area_struct *prev, *next;

	next = find_vma_prev(mm, vma->vm_start, &prev);
	zap_page_range(vma, vma->vm_start, vma->vm_end);
	free_pgtables(mm, vma->vm_start, vma->vm_end, prev ? prev->vm_end : 0,
		      next ? next->vm_start : TASK_SIZE);
	vm_area_free(vma);
}

/* See new_area(). */
static int make_area(struct mm_struct *mm, struct vm_area_struct *prev,
		     struct file *file, unsigned long addr, unsigned long len,
		     u32 vm_flags, unsigned long pgoff)
{
	struct vm_area_struct *vma;
	int err;

	vma = vm_area_alloc(mm, addr, addr + len, vm_flags, pgoff);
	if (!vma)
		return -ENOMEM;
	err = vma_set_object(vma, file);
	if (err) {
		abandon_vma(vma);
		return err;
	}
	if (vma->vm_flags & VM_SPECIAL)
		vma->vm_flags &= ~VM_LOCKED_MASK;
	vma_link(vma, prev);
	mm->vmacache = vma; /* most likely touched next */
	account_area(mm, vma->vm_flags, len);
	return 0;
}

/* An area after @prev in a range where there is none; 0 or -errno. */
static int new_area(struct mm_struct *mm, struct vm_area_struct *prev,
		    struct file *file, unsigned long addr, unsigned long len,
		    u32 vm_flags, unsigned long pgoff)
{
	struct address_space *m = file ? file->f_mapping : NULL;
	int err;

	if (!m || !(vm_flags & VM_SHARED))
		return make_area(mm, prev, file, addr, len, vm_flags, pgoff);
	if (!mapping_map_writable(m))
		return -EPERM;
	err = make_area(mm, prev, file, addr, len, vm_flags, pgoff);
	mapping_unmap_writable(m);
	return err;
}

/* Pages of [start, end) that are mapped, and would be replaced. */
static unsigned long count_mapped_pages(struct mm_struct *mm,
					unsigned long start, unsigned long end)
{
	struct vm_area_struct *vma = find_vma(mm, start);
	unsigned long n = 0;

	for (; vma && vma->vm_start < end; vma = vma->vm_next)
		n += (min(end, vma->vm_end) - max(start, vma->vm_start)) >>
		     PAGE_SHIFT;
	return n;
}

/*
 * An area at @addr, in place of what is there; joined with a neighbour if it
 * is of its kind. Return: 0 or -errno.
 */
static int mmap_region(struct mm_struct *mm, struct file *file,
		       unsigned long addr, unsigned long len, u32 vm_flags,
		       unsigned long pgoff)
{
	unsigned long end = addr + len, pages = len >> PAGE_SHIFT;
	struct vm_area_struct *prev, *next;
	int err = 0;

	if (!may_expand_vm(mm, vm_flags, pages) &&
	    !may_expand_vm(mm, vm_flags,
			   pages - count_mapped_pages(mm, addr, end)))
		return -ENOMEM;
	next = find_vma_prev(mm, addr, &prev);
	if (next && next->vm_start < end) {
		err = do_munmap(mm, addr, len);
		if (err)
			return err;
		find_vma_prev(mm, addr, &prev);
	}
	if (accountable_mapping(vm_flags)) {
		if (security_vm_enough_memory_mm(mm, pages))
			return -ENOMEM;
		vm_flags |= VM_ACCOUNT;
	}
	if ((file || !(vm_flags & VM_SHARED)) &&
	    vma_merge(mm, prev, addr, end, vm_flags, NULL, file, pgoff))
		account_area(mm, vm_flags, len);
	else
		err = new_area(mm, prev, file, addr, len, vm_flags, pgoff);
	if (err && (vm_flags & VM_ACCOUNT))
		vm_unacct_memory(pages);
	return err;
}

static u32 calc_vm_flags(unsigned long prot, unsigned long flags)
{
	u32 vm_flags = prot & VM_ACCESS_FLAGS; /* the same bits */

	if (flags & MAP_GROWSDOWN)
		vm_flags |= VM_GROWSDOWN;
	if (flags & MAP_LOCKED)
		vm_flags |= VM_LOCKED;
	return vm_flags | VM_MAY_ACCESS;
}

/* Does the file allow such a mapping? May take flags from *@vm_flags. */
static int check_file_mapping(const struct file *file, unsigned long prot,
			      unsigned long flags, u32 *vm_flags)
{
	const unsigned long legacy =
		MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_DENYWRITE |
		MAP_EXECUTABLE | MAP_GROWSDOWN | MAP_LOCKED | MAP_NORESERVE |
		MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB |
		MAP_FIXED_NOREPLACE;
	bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;

	if ((flags & MAP_TYPE) == MAP_SHARED_VALIDATE && (flags & ~legacy))
		return -EOPNOTSUPP;
	if (shared) {
		if ((prot & PROT_WRITE) && !(file->f_mode & FMODE_WRITE))
			return -EACCES;
		*vm_flags |= VM_SHARED | VM_MAYSHARE;
		if (!(file->f_mode & FMODE_WRITE))
			*vm_flags &= ~(VM_MAYWRITE | VM_SHARED);
	}
	if (!(file->f_mode & FMODE_READ))
		return -EACCES;
	if (!file->f_op->mmap)
		return -ENODEV;
	return *vm_flags & VM_GROWSDOWN ? -EINVAL : 0;
}

/* The checks of what is to be mapped; 0 or -errno. */
static int check_mapping(const struct file *file, unsigned long prot,
			 unsigned long flags, u32 *vm_flags)
{
	unsigned long type = flags & MAP_TYPE;

	if (type != MAP_PRIVATE && type != MAP_SHARED &&
	    (type != MAP_SHARED_VALIDATE || !file))
		return -EINVAL;
	if (file)
		return check_file_mapping(file, prot, flags, vm_flags);
	if (type == MAP_SHARED) {
		if (*vm_flags & VM_GROWSDOWN)
			return -EINVAL;
		*vm_flags |= VM_SHARED | VM_MAYSHARE;
	}
	return 0;
}

/**
 * do_mmap - make an area
 * @file: what to map, or NULL: anonymous memory
 * @addr: wished or, with MAP_FIXED, demanded
 * @len: bytes
 * @prot: PROT_*
 * @flags: MAP_*
 * @vm_flags: VM_* beside those that follow from @prot and @flags
 * @pgoff: page of the file
 *
 * Context: mmap_lock for write; may sleep. What is locked or to be populated
 * is the caller's to fault in. Return: the address, or -errno as mmap(2).
 */
unsigned long do_mmap(struct mm_struct *mm, struct file *file,
		      unsigned long addr, unsigned long len, unsigned long prot,
		      unsigned long flags, u32 vm_flags, unsigned long pgoff)
{
	int err;

	if (!len)
		return -EINVAL;
	if (flags & MAP_FIXED_NOREPLACE)
		flags |= MAP_FIXED;
	len = PAGE_ALIGN(len);
	if (!len)
		return -ENOMEM;
	if (pgoff + (len >> PAGE_SHIFT) < pgoff)
		return -EOVERFLOW;
	if (len > TASK_SIZE)
		return -ENOMEM;
	if (mm->map_count > sysctl_max_map_count)
		return -ENOMEM;
	if (!(flags & MAP_FIXED))
		addr &= PAGE_MASK;
	addr = get_unmapped_area(mm, addr, len, flags);
	if (IS_ERR_VALUE(addr))
		return addr;
	if ((flags & MAP_FIXED_NOREPLACE) &&
	    find_vma_intersection(mm, addr, addr + len))
		return -EEXIST;
	vm_flags |= calc_vm_flags(prot, flags) | mm->def_flags;
	if ((flags & MAP_LOCKED) && !can_do_mlock())
		return -EPERM;
	if (mlock_future_check(mm, vm_flags, len))
		return -EAGAIN;
	err = check_mapping(file, prot, flags, &vm_flags);
	if (err)
		return err;
	if ((flags & MAP_NORESERVE) && sysctl_overcommit_memory != 2)
		vm_flags |= VM_NORESERVE;
	if (!file)
		pgoff = vm_flags & VM_SHARED ? 0 : addr >> PAGE_SHIFT;
	err = mmap_region(mm, file, addr, len, vm_flags, pgoff);
	return err ? (unsigned long)err : addr;
}

/** ksys_mmap - do_mmap() that takes mmap_lock and faults in. */
unsigned long ksys_mmap(struct mm_struct *mm, struct file *file,
			unsigned long addr, unsigned long len,
			unsigned long prot, unsigned long flags,
			unsigned long pgoff)
{
	bool locked, populate;

	down_write(&mm->mmap_lock);
	addr = do_mmap(mm, file, addr, len, prot, flags, 0, pgoff);
	locked = (flags & MAP_LOCKED) || (mm->def_flags & VM_LOCKED);
	up_write(&mm->mmap_lock);
	populate = (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE;
	if ((locked || populate) && !IS_ERR_VALUE(addr))
		mm_populate(mm, addr, PAGE_ALIGN(len));
	return addr;
}

/** vm_mmap - map part of a file. @offset: bytes, whole pages. */
unsigned long vm_mmap(struct mm_struct *mm, struct file *file,
		      unsigned long addr, unsigned long len, unsigned long prot,
		      unsigned long flags, unsigned long offset)
{
	if (offset & ~PAGE_MASK)
		return -EINVAL;
	return ksys_mmap(mm, file, addr, len, prot, flags,
			 offset >> PAGE_SHIFT);
}

/**
 * mm_remap_file_pages - show other pages of a shared file in a range of it
 * @pgoff: page of the file that @start shall show
 *
 * As in Linux today, a new area for each call. Return: 0 or -errno.
 */
int mm_remap_file_pages(struct mm_struct *mm, unsigned long start,
			unsigned long size, unsigned long prot,
			unsigned long pgoff, unsigned long flags)
{
	struct vm_area_struct *vma, *last;
	unsigned long addr = -EINVAL;
	struct file *file;

	start &= PAGE_MASK;
	size &= PAGE_MASK;
	if (prot || start + size <= start ||
	    pgoff + (size >> PAGE_SHIFT) < pgoff)
		return -EINVAL;
	down_write(&mm->mmap_lock);
	vma = find_vma_intersection(mm, start, start + 1);
	if (!vma || !(vma->vm_flags & VM_SHARED))
		goto out;
	for (last = vma; last->vm_end < start + size; last = last->vm_next)
		if (!last->vm_next || last->vm_next->vm_start != last->vm_end ||
		    last->vm_next->vm_file != vma->vm_file ||
		    last->vm_next->vm_flags != vma->vm_flags)
			goto out;
	prot = vma->vm_flags & VM_ACCESS_FLAGS;
	flags = MAP_SHARED | MAP_FIXED |
		(vma->vm_flags & VM_LOCKED ? MAP_LOCKED : 0);
	file = get_file(vma->vm_file);
	addr = do_mmap(mm, file, start, size, prot, flags, 0, pgoff);
	fput(file);
out:
	up_write(&mm->mmap_lock);
	if (IS_ERR_VALUE(addr))
		return (int)addr;
	mm_populate(mm, start, size);
	return 0;
}

/* ---- brk ---- */

/* Anonymous memory at @addr, where there is none; 0 or -errno. */
static int do_brk_flags(struct mm_struct *mm, unsigned long addr,
			unsigned long len, u32 vm_flags)
{
	int err;

	vm_flags |= VM_DATA_DEFAULT_FLAGS | mm->def_flags;
	err = mlock_future_check(mm, vm_flags, len);
	if (err)
		return err;
	if (mm->map_count > sysctl_max_map_count)
		return -ENOMEM;
	return mmap_region(mm, NULL, addr, len, vm_flags, addr >> PAGE_SHIFT);
}

/**
 * vm_brk_flags - anonymous memory at a fixed place: a program's bss
 * @addr: start of a page
 * @len: bytes
 * @vm_flags: 0 or VM_EXEC
 *
 * Return: 0 or -errno. Context: takes mmap_lock.
 */
int vm_brk_flags(struct mm_struct *mm, unsigned long addr, unsigned long len,
		 u32 vm_flags)
{
	int err;

	if (!len)
		return 0;
	if (len > TASK_SIZE || addr > TASK_SIZE - PAGE_ALIGN(len))
		return -ENOMEM;
	if (addr & ~PAGE_MASK)
		return -EINVAL;
	len = PAGE_ALIGN(len);
	down_write(&mm->mmap_lock);
	err = do_brk_flags(mm, addr, len, vm_flags);
	up_write(&mm->mmap_lock);
	if (!err && (mm->def_flags & VM_LOCKED))
		mm_populate(mm, addr, len);
	return err;
}

/* Does RLIMIT_DATA allow a heap that ends at @brk? */
static bool brk_within_limit(const struct mm_struct *mm, unsigned long brk)
{
	unsigned long limit = port_rlimit(RLIMIT_DATA);

	return limit == RLIM_INFINITY ||
	       brk - mm->start_brk + mm->end_data - mm->start_data <= limit;
}

/* Move the heap's last page from @old to @new, ends of pages; whether. */
static bool brk_move(struct mm_struct *mm, unsigned long old, unsigned long new)
{
	struct vm_area_struct *next;

	if (new < old)
		return !do_munmap(mm, new, old - new);
	if (new > TASK_SIZE)
		return false;
	next = find_vma(mm, old);
	if (next && new + PAGE_SIZE > vm_start_gap(next))
		return false;
	return !do_brk_flags(mm, old, new - old, 0);
}

/**
 * mm_brk - set the end of the heap
 * @brk: the first address past it, or anything else to learn where it is
 *
 * Return: where it is now. Context: takes mmap_lock.
 */
unsigned long mm_brk(struct mm_struct *mm, unsigned long brk)
{
	unsigned long old, new, populate = 0;

	down_write(&mm->mmap_lock);
	old = PAGE_ALIGN(mm->brk);
	new = PAGE_ALIGN(brk);
	if (brk >= mm->start_brk && brk <= TASK_SIZE &&
	    brk_within_limit(mm, brk) &&
	    (old == new || brk_move(mm, old, new))) {
		mm->brk = brk;
		if (new > old && (mm->def_flags & VM_LOCKED))
			populate = new - old;
	}
	brk = mm->brk;
	up_write(&mm->mmap_lock);
	if (populate)
		mm_populate(mm, old, populate);
	return brk;
}

/* ---- the stack ---- */

/**
 * expand_stack - let a stack grow down to @addr
 * @vma: VM_GROWSDOWN, the first area that ends after @addr
 *
 * Return: 0; -ENOMEM: another area is too near, or a limit. Context:
 * mmap_lock for write; does not sleep.
 */
int expand_stack(struct vm_area_struct *vma, unsigned long addr)
{
	struct mm_struct *mm = vma->vm_mm;
	struct vm_area_struct *prev = vma->vm_prev;
	unsigned long grow;

	addr &= PAGE_MASK;
	if (addr < MMAP_MIN_ADDR)
		return -EPERM;
	if (prev && !(prev->vm_flags & VM_GROWSDOWN) &&
	    (prev->vm_flags & VM_ACCESS_FLAGS) &&
	    addr - prev->vm_end < STACK_GUARD_GAP)
		return -ENOMEM;
	grow = (vma->vm_start - addr) >> PAGE_SHIFT;
	if (grow > vma->vm_pgoff ||
	    vma->vm_end - addr > port_rlimit(RLIMIT_STACK) ||
	    !may_expand_vm(mm, vma->vm_flags, grow) ||
	    mlock_future_check(mm, vma->vm_flags, grow << PAGE_SHIFT) ||
	    ((vma->vm_flags & VM_ACCOUNT) &&
	     security_vm_enough_memory_mm(mm, grow)))
		return -ENOMEM;
	account_area(mm, vma->vm_flags, grow << PAGE_SHIFT);
	vma_resize(vma, addr, vma->vm_end);
	return 0;
}

static unsigned long pick_mmap_base(unsigned long stack_limit)
{
	const unsigned long least = 128ul << 20, most = TASK_SIZE / 6 * 5;

	if (stack_limit > most - STACK_GUARD_GAP)
		return PAGE_ALIGN(TASK_SIZE - most);
	return PAGE_ALIGN(TASK_SIZE -
			  max(stack_limit + STACK_GUARD_GAP, least));
}

/**
 * mm_setup_stack - a program's first stack; also sets mmap_base
 * @top: its end, the start of a page; nothing is mapped below it yet
 *
 * As large as Linux's after exec, 132 KB, or as RLIMIT_STACK allows; nothing
 * of it is there yet. RLIMIT_AS is not asked: a program that it leaves no
 * room fails by its own first mapping. Return: the area, or ERR_PTR(-ENOMEM).
 */
struct vm_area_struct *mm_setup_stack(struct mm_struct *mm, unsigned long top)
{
	const u32 flags = VM_DATA_DEFAULT_FLAGS | VM_GROWSDOWN | VM_ACCOUNT;
	unsigned long limit = port_rlimit(RLIMIT_STACK), start;
	struct vm_area_struct *prev;
	int err;

	mm->mmap_base = pick_mmap_base(limit);
	start = top - PAGE_SIZE - min(limit & PAGE_MASK, STACK_GROWN_BY_EXEC);
	if (security_vm_enough_memory_mm(mm, (top - start) >> PAGE_SHIFT))
		return ERR_PTR(-ENOMEM);
	down_write(&mm->mmap_lock);
	find_vma_prev(mm, start, &prev);
	err = new_area(mm, prev, NULL, start, top - start,
		       flags | mm->def_flags, start >> PAGE_SHIFT);
	up_write(&mm->mmap_lock);
	if (err) {
		vm_unacct_memory((top - start) >> PAGE_SHIFT);
		return ERR_PTR(err);
	}
	return find_vma(mm, start);
}

/* ---- life of a space ---- */

/* What is new in every space, be it a copy of another or not. 0 or -ENOMEM. */
static int mm_init_one(struct mm_struct *mm, struct mm_struct *old)
{
	mm->mmap = NULL;
	mm->mm_rb = RB_ROOT;
	mm->vmacache = NULL;
	mm->map_count = 0;
	mm->highest_vm_end = 0;
	mm->locked_vm = 0;
	mm->rss_file = mm->rss_anon = mm->rss_shmem = 0;
	mm->hiwater_rss = 0;
	mm->hiwater_vm = mm->total_vm;
	mm->nr_ptes = 0;
	mm->def_flags = 0;
	mm->oom_victim = mm->oom_reaped = false;
	mm->owner = NULL;
	atomic_set(&mm->mm_users, 1);
	atomic_set(&mm->mm_count, 1);
	init_rwsem(&mm->mmap_lock);
	spin_lock_init(&mm->page_table_lock);
	mm->pgd = pgd_alloc(mm);
	if (!mm->pgd)
		return -ENOMEM;
	if (init_new_context(old, mm)) {
		pgd_free(mm, mm->pgd);
		return -ENOMEM;
	}
	if (mm->exe_file)
		get_file(mm->exe_file);
	spin_lock(&mmlist_lock);
	list_add_tail(&mm->mmlist, &mm_list);
	spin_unlock(&mmlist_lock);
	return 0;
}

/** mm_alloc - an empty space with one user; NULL without memory. */
struct mm_struct *mm_alloc(void)
{
	struct mm_struct *mm = kmem_cache_zalloc(mm_cachep, GFP_KERNEL);

	if (!mm)
		return NULL;
	mm->mmap_base = pick_mmap_base(port_rlimit(RLIMIT_STACK));
	if (mm_init_one(mm, NULL)) {
		kmem_cache_free(mm_cachep, mm);
		return NULL;
	}
	return mm;
}

/*
 * The child's copy of one area, with its pages. @last: the area before it,
 * then itself. Return: 0 or -ENOMEM.
 */
static int dup_area(struct mm_struct *mm, struct vm_area_struct *old,
		    struct vm_area_struct **last)
{
	bool promised = old->vm_flags & VM_ACCOUNT;
	struct vm_area_struct *vma;

	if (promised && security_vm_enough_memory_mm(mm, vma_pages(old)))
		return -ENOMEM;
	vma = vm_area_dup(old);
	if (!vma) {
		if (promised)
			vm_unacct_memory(vma_pages(old));
		return -ENOMEM;
	}
	vma->vm_mm = mm;
	vma->vm_flags &= ~(VM_LOCKED_MASK | VM_UFFD_MISSING);
	if (old->anon_vma && !(old->vm_flags & VM_WIPEONFORK))
		anon_vma_link(vma, old->anon_vma);
	vma_link(vma, *last);
	*last = vma;
	if (vma->vm_ops && vma->vm_ops->open)
		vma->vm_ops->open(vma);
	if (old->vm_flags & VM_WIPEONFORK)
		return 0;
	return copy_page_range(vma, old);
}

static int dup_areas(struct mm_struct *mm, struct mm_struct *old)
{
	struct vm_area_struct *vma, *last = NULL;
	int err = 0;

	for (vma = old->mmap; vma && !err; vma = vma->vm_next) {
		if (vma->vm_flags & VM_DONTCOPY)
			vm_stat_account(mm, vma->vm_flags,
					-(long)vma_pages(vma));
		else
			err = dup_area(mm, vma, &last);
	}
	flush_tlb_mm(old); /* writable entries are so no more */
	return err;
}

/**
 * dup_mm - the space of a forked process
 * @old: the parent's
 *
 * Private pages are shared until one of the two writes. Context: takes
 * @old's mmap_lock; may sleep. Return: a space with one user, or
 * ERR_PTR(-ENOMEM).
 */
struct mm_struct *dup_mm(struct mm_struct *old)
{
	struct mm_struct *mm = kmem_cache_alloc(mm_cachep, GFP_KERNEL);
	int err;

	if (!mm)
		return ERR_PTR(-ENOMEM);
	down_write(&old->mmap_lock);
	*mm = *old;
	err = mm_init_one(mm, old);
	if (err) {
		up_write(&old->mmap_lock);
		kmem_cache_free(mm_cachep, mm);
		return ERR_PTR(err);
	}
	err = dup_areas(mm, old);
	up_write(&old->mmap_lock);
	if (err) {
		mmput(mm);
		return ERR_PTR(err);
	}
	return mm;
}

/*
 * Every area, page and table goes. There is no user left; mmap_lock keeps the
 * OOM killer away.
 */
static void exit_mmap(struct mm_struct *mm)
{
	struct vm_area_struct *vma, *next;
	long promised = 0;

	down_write(&mm->mmap_lock);
	mm->oom_reaped = true;
	zap_address_space(mm);
	for (vma = mm->mmap; vma; vma = next) {
		next = vma->vm_next;
		if (vma->vm_flags & VM_ACCOUNT)
			promised += vma_pages(vma);
		vma_unlink_file(vma);
		remove_vma(vma);
	}
	vm_unacct_memory(promised);
	mm->mmap = NULL;
	mm->mm_rb = RB_ROOT;
	mm->vmacache = NULL;
	mm->map_count = 0;
	mm->highest_vm_end = 0;
	mm->total_vm = mm->locked_vm = 0;
	up_write(&mm->mmap_lock);
}

/** mmput - one user less; the last one's areas go. Context: may sleep. */
void mmput(struct mm_struct *mm)
{
	if (!atomic_dec_and_test(&mm->mm_users))
		return;
	exit_mmap(mm);
	spin_lock(&mmlist_lock);
	list_del(&mm->mmlist);
	spin_unlock(&mmlist_lock);
	if (mm->exe_file)
		fput(mm->exe_file);
	mm->exe_file = NULL;
	mmdrop(mm);
}

/** __mmdrop - nobody refers to the space any more, nor has it loaded. */
void __mmdrop(struct mm_struct *mm)
{
	destroy_context(mm);
	pgd_free(mm, mm->pgd);
	kmem_cache_free(mm_cachep, mm);
}
