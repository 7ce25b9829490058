/* SPDX-License-Identifier: MIT */
/*
 * Address spaces for tests, on the paper machine: what a test takes here is
 * given back when it ends, also when an allocation is made to fail in it.
 */
#ifndef ASHLAR_TESTS_SPACE_H
#define ASHLAR_TESTS_SPACE_H

#include "../port/sim/sim.h"
#include "harness.h"
#include <ashlar/commit.h>
#include <ashlar/err.h>
#include <ashlar/errno.h>
#include <ashlar/fault.h>
#include <ashlar/gup.h>
#include <ashlar/mman.h>
#include <ashlar/mmap.h>
#include <ashlar/page_ref.h>
#include <ashlar/resource.h>
#include <ashlar/rmap.h>
#include <ashlar/shmem_fs.h>
#include <ashlar/task_mmu.h>
#include <ashlar/vmstat.h>
#include <mach/uaccess.h>

/* An empty space; it is loaded. */
struct mm_struct *take_mm(void);
/* Its copy, as fork makes it; @mm stays loaded. */
struct mm_struct *take_fork(struct mm_struct *mm);
/* Its process ends. */
void give_mm(struct mm_struct *mm);
/* A file in memory of so many pages. */
struct file *take_file(unsigned long pages);
/* @f is given back like those. */
struct file *keep_file(struct file *f);
void give_file(struct file *file);

/* Kernel memory in an area of its own; zeroed. */
void *take_vmalloc(unsigned long size);
void give_vmalloc(void *area);

/* A result, unless it is the lack of memory that a sweep has made. */
#define SPACE_OK(ret)                                             \
	({                                                        \
		long space_ret = (long)(ret);                     \
		if (space_ret == -ENOMEM || space_ret == -EAGAIN) \
			needed(__FILE__, __LINE__, #ret);         \
		CHECK(!IS_ERR_VALUE(space_ret));                  \
		(unsigned long)space_ret;                         \
	})

/* Private anonymous memory of @len bytes at @addr. */
unsigned long take_area(struct mm_struct *mm, unsigned long addr,
			unsigned long len, unsigned long prot);
/* The same of a file, from page @pgoff on. */
unsigned long take_file_area(struct mm_struct *mm, struct file *file,
			     unsigned long addr, unsigned long len,
			     unsigned long prot, unsigned long flags,
			     unsigned long pgoff);

/* A program's words; memory running out ends the test in a sweep. */
u32 peek(unsigned long addr);
void poke(unsigned long addr, u32 word);
/* What reading or writing a byte comes to. */
enum sim_fault try_read(unsigned long addr);
enum sim_fault try_write(unsigned long addr);

/*
 * What a space's structures must be at any time: areas in order, in the tree
 * and in the list; its counts those of its areas and entries; no TLB behind.
 */
void check_space(struct mm_struct *mm);

/*
 * The k-th allocation from now on fails, be it one that a CPU has at hand;
 * fail_nth(0) ends it.
 */
void fail_at(unsigned long k);

/* For machine_settle(). */
void space_settle(void);

#endif
