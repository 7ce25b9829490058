/* SPDX-License-Identifier: MIT */
/* Address spaces for scenes and exercises; see spaces.h. */
#include <ashlar/printf.h>
#include "spaces.h"

struct mm_struct *new_space(void)
{
	struct mm_struct *mm = mm_alloc();

	if (!mm)
		sim_fail("no memory for a space");
	sim_load_mm(mm);
	return mm;
}

void map_pages(struct mm_struct *mm, unsigned long addr, unsigned long pages,
	       unsigned long prot)
{
	unsigned long at = ksys_mmap(mm, NULL, addr, pages << PAGE_SHIFT, prot,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
				     0);

	if (at != addr)
		sim_fail("no area at %#lx", addr);
}

enum sim_fault touch(struct mm_struct *mm, unsigned long addr, bool write)
{
	u8 byte = 1;

	if (sim_loaded_mm() != mm)
		sim_load_mm(mm);
	return write ? sim_write((u32)addr, &byte, 1) :
		       sim_read((u32)addr, &byte, 1);
}

u32 entry_of(struct mm_struct *mm, unsigned long addr)
{
	const pte_t *pte = pte_lookup(mm, addr);

	return pte ? pte_val(*pte) : 0;
}

int maps_of(u32 entry)
{
	return atomic_read(&pte_page(__pte(entry))->_mapcount);
}

const char *bits_of(u32 entry)
{
	static char text[64];

	if (!(entry & _PAGE_PRESENT))
		return entry ? "not present" : "empty";
	ashlar_snprintf(text, sizeof(text), "%s%s%s%s",
			entry & _PAGE_RW ? "writable" : "read-only",
			entry & _PAGE_USER ? ", user" : ", kernel",
			entry & _PAGE_ACCESSED ? ", accessed" : "",
			entry & _PAGE_DIRTY ? ", dirty" : "");
	return text;
}

const char *fault_name(enum sim_fault f)
{
	static const char *const names[] = {
		[SIM_OK] = "success",
		[SIM_GP] = "a general protection fault",
		[SIM_MAPERR] = "SIGSEGV: no area is there",
		[SIM_ACCERR] = "SIGSEGV: the area forbids it",
		[SIM_BUS] = "SIGBUS",
		[SIM_OOM] = "out of memory",
	};

	return names[f];
}
