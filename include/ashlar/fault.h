/* SPDX-License-Identifier: MIT */
/* Faults, and what an area's owner does about them. Code: mm/fault.c. */
#ifndef ASHLAR_FAULT_H
#define ASHLAR_FAULT_H

#include <ashlar/types.h>
#include <mach/pgtable.h>

struct mm_struct;
struct page;
struct vm_area_struct;

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
#define VM_FAULT_NOPAGE 0x100u /* nothing was done: try the access again */
#define VM_FAULT_RETRY 0x400u /* mmap_lock was let go: look again */
#define VM_FAULT_ERROR \
	(VM_FAULT_OOM | VM_FAULT_SIGBUS | VM_FAULT_SIGSEGV | VM_FAULT_ACCERR)

struct vm_operations_struct {
	void (*open)(struct vm_area_struct *vma); /* split, fork */
	void (*close)(struct vm_area_struct *vma);
	/* The file's page, from its cache; may sleep. */
	vm_fault_t (*fault)(struct vm_fault *vmf);
	/*
	 * A store into vmf->page of a shared area is due. 0: the page is locked
	 * and dirty, and may be made writable; else it is not locked. May
	 * sleep. NULL: nobody asks what is stored.
	 */
	vm_fault_t (*page_mkwrite)(struct vm_fault *vmf);
	/*
	 * Pass what is cached of [start_pgoff, end_pgoff) to set_pte_range().
	 * At most 16 pages, in one table and in the area; page_table_lock is
	 * held. NULL: one page at a time.
	 */
	void (*map_pages)(struct vm_fault *vmf, unsigned long start_pgoff,
			  unsigned long end_pgoff);
	const char *(*name)(struct vm_area_struct *vma); /* in maps */
};

/*
 * Take a fault at @addr: find the area (growing a stack into the gap below
 * it), check the access, and make it possible. Takes mmap_lock for read.
 * Any thread, any mm: also on behalf of a debugger or a copy.
 */
vm_fault_t handle_page_fault(struct mm_struct *mm, unsigned long addr,
			     unsigned int flags);

/*
 * For ->map_pages: map those of @pages (a NULL is skipped) whose place is
 * still empty; pages[0] is the file's page @first_pgoff.
 */
void set_pte_range(struct vm_fault *vmf, struct page **pages,
		   unsigned long first_pgoff, unsigned int nr);

/* A device's frames in an area: VM_PFNMAP. With mmap_lock for write. */
int remap_pfn_range(struct vm_area_struct *vma, unsigned long addr,
		    unsigned long pfn, unsigned long size);

#endif
