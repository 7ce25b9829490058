/* SPDX-License-Identifier: MIT */
/* Address spaces for scenes and exercises: made, mapped, looked at. */
#ifndef COURSE_SPACES_H
#define COURSE_SPACES_H

#include <ashlar/mman.h>
#include <ashlar/mmap.h>
#include "../../mm/internal.h"
#include "../../mm/pgtable.h"
#include "../../port/sim/sim.h"

#define RW (PROT_READ | PROT_WRITE)

/* An empty space, which is loaded. */
struct mm_struct *new_space(void);
/* Private anonymous memory of @pages pages at @addr. */
void map_pages(struct mm_struct *mm, unsigned long addr, unsigned long pages,
	       unsigned long prot);
/* A byte of the space is read, or written; it is loaded then. */
enum sim_fault touch(struct mm_struct *mm, unsigned long addr, bool write);
/* The table's entry, or 0 if there is no table. */
u32 entry_of(struct mm_struct *mm, unsigned long addr);
/* How many entries map the frame of an entry. */
int maps_of(u32 entry);
/* "present, writable, …" of an entry. */
const char *bits_of(u32 entry);
const char *fault_name(enum sim_fault f);

#endif
