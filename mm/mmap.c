/* SPDX-License-Identifier: MIT */
/*
 * Making areas: mmap, and a program's first stack.
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
 * _DATA, and last the promise of memory (VM_ACCOUNT, mm/commit.c). From then on
 * only a lack of memory for the area itself or the file's ->mmap() can fail.
 */
#include <ashlar/commit.h>
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fs.h>
#include <ashlar/gup.h>
#include <ashlar/hugetlb.h>
#include <ashlar/mm_types.h>
#include <ashlar/mman.h>
#include <ashlar/mmap.h>
#include <ashlar/pgtable.h>
#include <ashlar/port.h>
#include <ashlar/resource.h>
#include <ashlar/rwsem.h>
#include <ashlar/shmem_fs.h>
#include <mach/spinlock.h>
#include "pgtable.h"
#include "vma.h"
int (*security_mmap_addr)(unsigned long addr);
bool (*vma_file_noexec)(const struct file *file);

/* ---- where ---- */

/* What the place of an area, and its length, are multiples of. */
static unsigned long area_alignment(const struct file *file)
{
	return file && is_file_hugepages(file) ? HPAGE_PMD_SIZE : PAGE_SIZE;
}

/* True if an area can be at @addr, as the program would like. */
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
 * get_unmapped_area() - the place of a new area
 * @file: what it maps, or NULL
 * @addr: with MAP_FIXED the place; else a wish, or 0
 * @len: bytes, whole pages
 *
 * Return: an address; -ENOMEM: no room; -EINVAL: not the start of a page, or
 * not whole pages of the file;
 * -EPERM: too low. Context: mmap_lock.
 */
unsigned long get_unmapped_area(struct mm_struct *mm, struct file *file,
				unsigned long addr, unsigned long len,
				unsigned long flags)
{
	unsigned long align = area_alignment(file);

	if (len & (align - 1))
		return -EINVAL;
	if (len > TASK_SIZE)
		return -ENOMEM;
	if (!(flags & MAP_FIXED)) {
		if (addr)
			addr = ALIGN(max(addr, MMAP_MIN_ADDR), align);
		if (!addr || !hint_is_free(mm, addr, len))
			return vm_unmapped_area(mm, len, align);
		return addr;
	}
	if (addr > TASK_SIZE - len)
		return -ENOMEM;
	if (addr & (align - 1))
		return -EINVAL;
	if (addr < MMAP_MIN_ADDR &&
	    (!security_mmap_addr || security_mmap_addr(addr)))
		return -EPERM;
	return addr;
}

/* ---- mmap ---- */

/* A file without a name for shared anonymous memory; or ERR_PTR. */
static struct file *zero_file(unsigned long len, u32 vm_flags)
{
	return shmem_file_setup("dev/zero", (loff_t)len,
				vm_flags & VM_NORESERVE ? VM_NORESERVE_FILE :
							  0);
}

/**
 * shmem_zero_setup() - the same for an area of /dev/zero
 * @vma: an area that is being made; a file it has is given up for a new one
 *
 * Return: 0 or -errno.
 */
int shmem_zero_setup(struct vm_area_struct *vma)
{
	struct file *file =
		zero_file(vma->vm_end - vma->vm_start, vma->vm_flags);

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
		return 0;
	vma->vm_file = get_file(file);
	err = file->f_op->mmap(file, vma);
	vma_set_page_prot(vma);
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

/* Undo a half-built area: its pages, tables and object go. */
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

/* An area after @prev in a range where there is none; 0 or -errno. A shared
 * one's file is kept from being sealed: mapping_map_writable(). */
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

/* Pages of [start, end) that are mapped and would be replaced: of all areas,
 * or of those with all of @vm_flags. */
static unsigned long count_mapped_pages(struct mm_struct *mm,
					unsigned long start, unsigned long end,
					u32 vm_flags)
{
	struct vm_area_struct *vma = find_vma(mm, start);
	unsigned long n = 0;

	for (; vma && vma->vm_start < end; vma = vma->vm_next)
		if ((vma->vm_flags & vm_flags) == vm_flags)
			n += (min(end, vma->vm_end) -
			      max(start, vma->vm_start)) >>
			     PAGE_SHIFT;
	return n;
}

/**
 * may_replace() - may @n pages of this kind come in place of what is mapped?
 * @start: start of the place
 * @end: its end
 */
bool may_replace(struct mm_struct *mm, unsigned long start, unsigned long end,
		 u32 vm_flags, unsigned long n)
{
	unsigned long old;

	if (may_expand_vm(mm, vm_flags, n))
		return true;
	old = count_mapped_pages(mm, start, end, 0);
	return old && may_expand_vm(mm, vm_flags, n - min(n, old));
}

/**
 * charge_replacement() - promise pages before those go that they replace
 * @start: start of the place
 * @end: its end
 * @pages: promised there from now on
 *
 * A refusal comes before anything is unmapped. Where every promise counts,
 * those that will be given back count as well. Return: 0 or -ENOMEM.
 */
int charge_replacement(struct mm_struct *mm, unsigned long start,
		       unsigned long end, long pages)
{
	long old;

	if (!security_vm_enough_memory_mm(mm, pages))
		return 0;
	if (sysctl_overcommit_memory != OVERCOMMIT_NEVER)
		return -ENOMEM;
	old = (long)count_mapped_pages(mm, start, end, VM_ACCOUNT);
	if (!old || security_vm_enough_memory_mm(mm, pages - old))
		return -ENOMEM;
	vm_acct_memory(old);
	return 0;
}

/* mmap_region(), all that can be refused having been asked. */
static int replace_region(struct mm_struct *mm, struct file *file,
			  unsigned long addr, unsigned long len, u32 vm_flags,
			  unsigned long pgoff)
{
	unsigned long end = addr + len;
	struct vm_area_struct *prev, *next;
	int err;

	next = find_vma_prev(mm, addr, &prev);
	if (next && next->vm_start < end) {
		err = do_munmap(mm, addr, len);
		if (err)
			return err;
		find_vma_prev(mm, addr, &prev);
	}
	if (!vma_merge(mm, prev, addr, end, vm_flags, 0, NULL, file, pgoff))
		return make_area(mm, prev, file, addr, len, vm_flags, pgoff);
	account_area(mm, vm_flags, len);
	return 0;
}

/**
 * mmap_region() - make an area whose place and flags are decided
 *
 * It is at @addr, in place of what is there; joined with a neighbour if it
 * is of its kind. What is there goes last: a caller who is refused keeps it.
 * Return: 0 or -errno.
 */
int mmap_region(struct mm_struct *mm, struct file *file, unsigned long addr,
		unsigned long len, u32 vm_flags, unsigned long pgoff)
{
	unsigned long end = addr + len, pages = len >> PAGE_SHIFT;
	struct address_space *m = file ? file->f_mapping : NULL;
	int err;

	if (!may_replace(mm, addr, end, vm_flags, pages))
		return -ENOMEM;
	if (!(vm_flags & VM_SHARED))
		m = NULL;
	if (m && !mapping_map_writable(m))
		return -EPERM;
	err = 0;
	if (accountable_mapping(vm_flags) &&
	    !(file && is_file_hugepages(file))) {
		err = charge_replacement(mm, addr, end, (long)pages);
		vm_flags |= VM_ACCOUNT;
	}
	if (!err) {
		err = replace_region(mm, file, addr, len, vm_flags, pgoff);
		if (err && (vm_flags & VM_ACCOUNT))
			vm_unacct_memory((long)pages);
	}
	if (m)
		mapping_unmap_writable(m);
	return err;
}

static int mmap_shared_zero(struct mm_struct *mm, unsigned long addr,
			    unsigned long len, u32 vm_flags)
{
	struct file *file = zero_file(len, vm_flags);
	int err;

	if (IS_ERR(file))
		return (int)PTR_ERR(file);
	err = mmap_region(mm, file, addr, len, vm_flags, 0);
	fput(file);
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

/* A file sealed against writing is shared to be read, for good. */
static int check_seals(const struct address_space *m, u32 *vm_flags)
{
	if (!m || !(*vm_flags & VM_SHARED) ||
	    !(m->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)))
		return 0;
	if (*vm_flags & VM_WRITE)
		return -EPERM;
	*vm_flags &= ~VM_MAYWRITE;
	return 0;
}

/* 0 if the file allows such a mapping, else -errno; may clear *@vm_flags. */
static int check_file_mapping(const struct file *file, unsigned long prot,
			      unsigned long flags, u32 *vm_flags)
{
	const unsigned long legacy =
		MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_DENYWRITE |
		MAP_EXECUTABLE | MAP_GROWSDOWN | MAP_LOCKED | MAP_NORESERVE |
		MAP_POPULATE | MAP_NONBLOCK | MAP_STACK | MAP_HUGETLB |
		MAP_FIXED_NOREPLACE | MAP_HUGE_SIZES;
	bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;
	int err;

	if ((flags & MAP_TYPE) == MAP_SHARED_VALIDATE && (flags & ~legacy))
		return -EOPNOTSUPP;
	if (shared) {
		if ((prot & PROT_WRITE) && !(file->f_mode & FMODE_WRITE))
			return -EACCES;
		if ((prot & PROT_WRITE) && file->f_mapping &&
		    IS_SWAPFILE(file->f_mapping))
			return -ETXTBSY;
		*vm_flags |= VM_SHARED | VM_MAYSHARE;
		if (!(file->f_mode & FMODE_WRITE))
			*vm_flags &= ~(VM_MAYWRITE | VM_SHARED);
		err = check_seals(file->f_mapping, vm_flags);
		if (err)
			return err;
	}
	if (!(file->f_mode & FMODE_READ))
		return -EACCES;
	if (vma_file_noexec && vma_file_noexec(file)) {
		if (prot & PROT_EXEC)
			return -EPERM;
		*vm_flags &= ~VM_MAYEXEC;
	}
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
 * do_mmap() - make an area
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
	addr = get_unmapped_area(mm, file, addr, len, flags);
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
	if ((flags & MAP_NORESERVE) && (sysctl_overcommit_memory != 2 ||
					(file && is_file_hugepages(file))))
		vm_flags |= VM_NORESERVE;
	if (!file && (vm_flags & VM_SHARED))
		err = mmap_shared_zero(mm, addr, len, vm_flags);
	else
		err = mmap_region(mm, file, addr, len, vm_flags,
				  file ? pgoff : addr >> PAGE_SHIFT);
	return err ? (unsigned long)err : addr;
}

/** ksys_mmap() - do_mmap() that takes mmap_lock and faults in. */
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

/** vm_mmap() - map part of a file. @offset: bytes, whole pages. */
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
 * mm_remap_file_pages() - show other pages of a shared file in a range of it
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

/* ---- the stack ---- */

/**
 * mm_setup_stack() - a program's first stack; also sets mmap_base
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
	err = make_area(mm, prev, NULL, start, top - start,
			flags | mm->def_flags, start >> PAGE_SHIFT);
	up_write(&mm->mmap_lock);
	if (err) {
		vm_unacct_memory((top - start) >> PAGE_SHIFT);
		return ERR_PTR(err);
	}
	return find_vma(mm, start);
}
