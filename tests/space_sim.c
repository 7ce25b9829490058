/* SPDX-License-Identifier: MIT */
/* Address spaces for tests; see space.h. */
#include "space.h"
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

void space_settle(void)
{
	sim_load_mm(NULL);
	for (int i = 0; i < MOST; i++) {
		if (mms[i])
			give_mm(mms[i]);
		if (files[i])
			give_file(files[i]);
		if (areas[i])
			give_vmalloc(areas[i]);
	}
	sysctl_overcommit_memory = OVERCOMMIT_GUESS;
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
