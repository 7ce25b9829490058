/* SPDX-License-Identifier: MIT */
/* Exercises about address spaces: lessons 3 to 5, 21 to 23, and 36. */
#include <ashlar/err.h>
#include <ashlar/huge_mm.h>
#include <mach/uaccess.h>
#include "exercise.h"
#include "picture.h"
#include "spaces.h"

#define START 0x40000000ul

/* ---- 3: own address spaces; 22: copy on write ---- */

/* Frames that two spaces have in @pages pages, each counted once. */
static unsigned int frames(struct mm_struct *a, struct mm_struct *b,
			   unsigned int pages)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < pages; i++) {
		u32 of_a = entry_of(a, START + i * PAGE_SIZE) >> 12;
		u32 of_b = b ? entry_of(b, START + i * PAGE_SIZE) >> 12 : of_a;

		n += 1 + (of_a != of_b);
	}
	return n;
}

static struct mm_struct *fork_of(struct mm_struct *mm)
{
	struct mm_struct *child = dup_mm(mm);

	if (IS_ERR(child))
		sim_fail("no memory for a fork");
	return child;
}

static struct mm_struct *touched_space(unsigned int pages)
{
	struct mm_struct *mm = new_space();

	map_pages(mm, START, pages, RW);
	for (unsigned int i = 0; i < pages; i++)
		touch(mm, START + i * PAGE_SIZE, true);
	return mm;
}

void ask_own_spaces(void)
{
	unsigned int pages = 4 + (unsigned int)draw_below(12);
	unsigned int writes = 1 + (unsigned int)draw_below(4), i;
	struct mm_struct *mm, *child;

	course_boot();
	mm = touched_space(pages);
	child = fork_of(mm);
	ask("A process has written to %u pages, and forks. How many frames do "
	    "parent and child have for these pages together?",
	    pages);
	answer("%u", frames(mm, child, pages));
	because("fork() copies tables and no page.");
	for (i = 0; i < writes; i++)
		touch(child, START + i * PAGE_SIZE, true);
	ask("The child writes to %u of them. How many frames are there now?",
	    writes);
	answer("%u", frames(mm, child, pages));
	because("Each first write to a shared page makes a copy.");
	touch(mm, START, true);
	ask("The parent writes to the page that the child wrote first. How "
	    "many now?");
	answer("%u", frames(mm, child, pages));
	because("That frame is the parent's alone since the child has its "
		"copy: its entry becomes writable, and nothing is copied.");
}

void ask_cow(void)
{
	unsigned int pages = 3 + (unsigned int)draw_below(40), i, n = 0;
	unsigned int kids = 2 + (unsigned int)draw_below(2);
	struct mm_struct *mm, *child[3] = { NULL };
	unsigned long faults;

	course_boot();
	mm = touched_space(pages);
	for (i = 0; i < kids; i++)
		child[i] = fork_of(mm);
	ask("A process with %u written pages forks %u times. How many entries "
	    "map the frame of its first page?",
	    pages, kids);
	answer("%d", maps_of(entry_of(mm, START)));
	because("One of the parent's table, one of each child's.");
	faults = sim.faults;
	for (i = 0; i < pages; i++)
		touch(child[0], START + i * PAGE_SIZE, true);
	ask("The first child writes to all %u pages, twice each. How many page "
	    "faults is that?",
	    pages);
	for (i = 0; i < pages; i++)
		touch(child[0], START + i * PAGE_SIZE, true);
	answer("%lu", sim.faults - faults);
	because("The first write to a page faults and is copied; then the "
		"entry is writable.");
	sim_load_mm(mm);
	mmput(child[0]);
	for (i = 0; i < pages; i++)
		n += maps_of(entry_of(mm, START + i * PAGE_SIZE)) > 1;
	ask("That child ends. How many of the parent's %u pages are still "
	    "shared?",
	    pages);
	answer("%u", n);
	because("The other children still map the old frames.");
}

/* ---- 4: segments ---- */

void ask_segments(void)
{
	u32 base, limit, offset;
	struct mm_struct *mm;
	enum sim_fault f;
	u8 byte = 0;

	course_boot();
	mm = new_space();
	map_pages(mm, START, 64, RW);
	for (int i = 0; i < 3; i++) {
		base = (u32)START + 0x1000u * (u32)draw_below(16);
		limit = 0xfffu + 0x1000u * (u32)draw_below(8);
		offset = (u32)draw_below(limit + 0x1000u);
		sim.ds = (struct sim_segment){ base, limit, true, true };
		f = sim_write(offset, &byte, 1);
		ask("A data segment has base %#x and limit %#x. A program "
		    "writes a byte at offset %#x. At which linear address? "
		    "A number, or: fault",
		    base, limit, offset);
		if (f == SIM_GP)
			answer("fault");
		else
			answer("%#x", base + offset);
		because(f == SIM_GP ? "The offset is beyond the limit: a "
				      "general protection fault, before any "
				      "table is looked at." :
				      "Linear address = base + offset.");
	}
}

/* ---- 5: paging ---- */

void ask_paging(void)
{
	struct mm_struct *mm;

	course_boot();
	mm = new_space();
	for (int i = 0; i < 2; i++) {
		unsigned long at = (1 + draw_below(700)) << 22 |
				   draw_below(1020) << 12;
		u32 linear = (u32)at | (u32)draw_below(4096), entry;

		map_pages(mm, at, 1, RW);
		touch(mm, at, true);
		entry = entry_of(mm, at);
		ask("Translate %#010x by hand. Directory entry %u is %#010x; "
		    "in the table it leads to, entry %u is %#010x. Which "
		    "physical address is it?",
		    linear, linear >> 22, pgd_val(*pgd_offset(mm, at)),
		    linear >> 12 & 1023, entry);
		answer("%#x", (entry & ~4095u) | (linear & 4095));
		because("The upper 20 bits of the table's entry are the "
			"frame; the lower 12 of the address stay as they are.");
	}
	{
		u32 linear = (u32)draw_below(0xc0000000ul);

		ask("Which entry of the directory does the address %#010x use?",
		    linear);
		answer("%u", (unsigned int)(pgd_offset(mm, linear) - mm->pgd));
		because("Its upper ten bits: %#010x >> 22.", linear);
	}
}

/* ---- 21: faults ---- */

void ask_faults(void)
{
	unsigned int reads = 1 + (unsigned int)draw_below(4);
	unsigned int writes = 1 + (unsigned int)draw_below(5), i;
	struct mm_struct *mm;
	unsigned long before = 0;

	course_boot();
	mm = new_space();
	map_pages(mm, START, 10, RW);
	for (i = 0; i < writes; i++)
		touch(mm, START + i * PAGE_SIZE, true);
	for (i = 0; i < reads; i++)
		touch(mm, START + (9 - i) * PAGE_SIZE, false);
	ask("A program maps ten pages of 4 kB, writes to %u of them and reads "
	    "a byte of %u others. What is VmRSS of this area, in kB?",
	    writes, reads);
	answer("%lu", get_mm_rss(mm) * 4);
	because("A written page has a frame of its own. A page that is only "
		"read maps the zero page, which is not counted.");
	ask("How many page faults was that?");
	answer("%lu", sim.faults - before);
	because("One for the first touch of each page.");
	before = sim.faults;
	for (i = 0; i < reads; i++)
		touch(mm, START + (9 - i) * PAGE_SIZE, true);
	ask("It then writes to the %u pages it had read. How many faults more?",
	    reads);
	answer("%lu", sim.faults - before);
	because("The entry of the zero page is read-only: each first write "
		"faults again.");
}

/* ---- 23: copies from and to user memory ---- */

void ask_user_copies(void)
{
	unsigned long at, n, left;
	struct mm_struct *mm;
	static u8 bytes[8192];

	course_boot();
	mm = new_space();
	map_pages(mm, START, 2, RW);
	map_pages(mm, START + 2 * PAGE_SIZE, 1, PROT_READ);
	for (int i = 0; i < 3; i++) {
		at = START + draw_below(3 * PAGE_SIZE);
		n = 1 + draw_below(sizeof(bytes) - 1);
		left = copy_to_user((void __user *)at, bytes, n);
		ask("Two pages at %#lx may be written; the page behind them "
		    "only read, and behind that there is nothing. The kernel "
		    "calls copy_to_user() with %lu bytes for address %#lx. How "
		    "many bytes are not copied?",
		    START, n, at);
		answer("%lu", left);
		because("It ends at the first byte that the program itself "
			"could not write. A call then says EFAULT; nothing "
			"crashes.");
	}
}

/* ---- 36: huge pages ---- */

void ask_huge(void)
{
	unsigned long pages = 40 + draw_below(900), i, n = 0, faults;
	struct mm_struct *mm;

	course_boot();
	mm = new_space();
	map_pages(mm, START, 1024, RW);
	thp_mode = THP_NEVER;
	for (i = 0; i < pages; i++)
		touch(mm, START + i * PAGE_SIZE, true);
	for (i = 0; i < 1024; i++)
		n += entry_of(mm, START + i * PAGE_SIZE) != 0;
	ask("A program touches %lu pages of a 4 MB area. How many entries of "
	    "the page table are filled, without huge pages?",
	    pages);
	answer("%lu", n);
	because("One for each page.");
	sim_load_mm(NULL);
	mmput(mm);
	thp_mode = THP_ALWAYS;
	mm = new_space();
	map_pages(mm, START, 1024, RW);
	faults = sim.faults;
	for (i = 0; i < pages; i++)
		touch(mm, START + i * PAGE_SIZE, true);
	ask("With transparent huge pages (4 MB, one entry of the directory): "
	    "how many page faults do the same touches take?");
	answer("%lu", sim.faults - faults);
	because("The first touch maps all 4 MB.");
	ask("And what is VmRSS of the area then, in kB?");
	answer("%lu", get_mm_rss(mm) * 4);
	because("All of the huge page counts, touched or not: that is its "
		"price.");
}
