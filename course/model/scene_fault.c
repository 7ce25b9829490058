/* SPDX-License-Identifier: MIT */
/*
 * Page faults: ten pages that a process has asked for, and what it takes until
 * they are there. A first read gets the zero page, which all share; a first
 * write a frame of its own.
 */
#include "picture.h"
#include "spaces.h"

#define PAGES 10u
#define START 0x40000000ul
#define WORDS START + (PAGES + 4ul) * PAGE_SIZE /* read-only, behind a hole */

static struct mm_struct *mm;
static long last; /* page that was touched, or -1 */

static void start(void)
{
	course_boot();
	mm = new_space();
	map_pages(mm, START, PAGES, RW);
	map_pages(mm, WORDS, 1, PROT_READ);
	last = -1;
	tell("mmap() has returned: there is an area of ten pages, and not one "
	     "page of memory.");
}

static void tell_touch(enum sim_fault f, unsigned long faults, bool write,
		       long rss)
{
	if (f != SIM_OK)
		tell("A page fault, and no way to mend it: %s.", fault_name(f));
	else if (!faults)
		tell("No fault: the entry is there, and allows it.");
	else if (rss)
		tell("A page fault: the area is found, a frame is taken, "
		     "filled with zeroes and entered. VmRSS grows by a page.");
	else if (write)
		tell("A page fault, but VmRSS stays as it is.");
	else
		tell("A page fault: a read of what nobody wrote gets the zero "
		     "page, which all processes share; VmRSS stays.");
}

static bool step(const char *what, unsigned long n)
{
	bool write = same(what, "write");
	unsigned long addr = START + n * PAGE_SIZE, faults = sim.faults;
	long rss = (long)get_mm_rss(mm);
	enum sim_fault f;

	if (same(what, "const")) {
		addr = WORDS;
		write = true;
	} else if ((!write && !same(what, "read")) || n >= PAGES + 3) {
		return false;
	}
	last = (long)((addr - START) / PAGE_SIZE);
	f = touch(mm, addr, write);
	tell_touch(f, sim.faults - faults, write, (long)get_mm_rss(mm) - rss);
	return true;
}

static void draw_page(unsigned int i)
{
	u32 pte = entry_of(mm, START + i * PAGE_SIZE);

	if (!(pte & _PAGE_PRESENT))
		cell(i == last ? NEW : LOW, 3, "%u -", i);
	else if (pte_pfn(__pte(pte)) == zero_pfn)
		cell(i == last ? NEW : HELD, 3, "%u zero", i);
	else
		cell(i == last ? NEW : USED, 3, "%u %#x", i, pte >> 12);
}

static void draw(void)
{
	row("page, frame");
	for (unsigned int i = 0; i < PAGES; i++)
		draw_page(i);
	row("VmSize");
	cell(PLAIN, 1, "%lu kB", mm->total_vm * 4);
	row("VmRSS");
	cell(PLAIN, 1, "%lu kB", get_mm_rss(mm) * 4);
	row("page faults");
	cell(PLAIN, 1, "%lu", sim.faults);
	for (long i = 0; i < (long)PAGES; i += 3) {
		button("read", i, "read page %ld", i);
		button("write", i, "write page %ld", i);
	}
	button("read", PAGES + 1, "read behind the area");
	button("const", NO_NUMBER, "write where only reading is allowed");
}

const struct scene scene_fault = {
	.name = "fault",
	.title = "A page's first touch",
	.start = start,
	.step = step,
	.draw = draw,
	.legend = "blue: has a frame · yellow: the page of zeroes · "
		  "red: just now",
};

/* ---- copy on write ---- */

#define SHARED 4u /* pages */

static struct mm_struct *child;

static void start_cow(void)
{
	course_boot();
	mm = new_space();
	child = NULL;
	map_pages(mm, START, SHARED, RW);
	for (unsigned int i = 0; i < SHARED; i++)
		touch(mm, START + i * PAGE_SIZE, true);
	tell("A process has written to four pages, and has four frames.");
}

static void tell_write(const char *who, u32 before, u32 after)
{
	if (before == after)
		tell("No fault: the %s's entry is writable already.", who);
	else if (before >> 12 == after >> 12)
		tell("A fault, but no copy: nobody else has this frame any "
		     "more, so the %s's entry is made writable.",
		     who);
	else
		tell("A fault: the frame %#x is shared, so the %s gets a copy, "
		     "in frame %#x.",
		     before >> 12, who, after >> 12);
}

static bool write_of(struct mm_struct *who, const char *name, unsigned long n)
{
	unsigned long addr = START + n * PAGE_SIZE;
	u32 before;

	if (!who || n >= SHARED)
		return false;
	before = entry_of(who, addr);
	touch(who, addr, true);
	/* That it was used again is no change. */
	tell_write(name, before | _PAGE_DIRTY | _PAGE_ACCESSED,
		   entry_of(who, addr) | _PAGE_DIRTY | _PAGE_ACCESSED);
	return true;
}

static bool step_cow(const char *what, unsigned long n)
{
	if (same(what, "parent"))
		return write_of(mm, "parent", n);
	if (same(what, "child"))
		return write_of(child, "child", n);
	if (same(what, "fork") && !child) {
		child = dup_mm(mm);
		sim_load_mm(mm);
		tell("fork() copies the tables and not one page: both have the "
		     "same frames, and neither may write.");
		return true;
	}
	if (!same(what, "exit") || !child)
		return false;
	sim_load_mm(mm);
	mmput(child);
	child = NULL;
	tell("The child is gone: what it alone had is free again.");
	return true;
}

static void draw_table(const char *name, struct mm_struct *who)
{
	row("%s's table", name);
	for (unsigned int i = 0; i < SHARED; i++) {
		u32 pte = entry_of(who, START + i * PAGE_SIZE);

		cell(pte & _PAGE_RW ? USED : HELD, 5, "%u: %#x %s", i,
		     pte >> 12, pte & _PAGE_RW ? "rw" : "r");
	}
}

static void draw_frames(struct mm_struct *who, struct mm_struct *other)
{
	for (unsigned int i = 0; i < SHARED; i++) {
		u32 pte = entry_of(who, START + i * PAGE_SIZE);

		if (other &&
		    entry_of(other, START + i * PAGE_SIZE) >> 12 == pte >> 12)
			continue;
		cell(FREE, 5, "%#x: mapped %d", pte >> 12, maps_of(pte));
	}
}

static void draw_cow(void)
{
	draw_table("parent", mm);
	if (child)
		draw_table("child", child);
	row("frames");
	draw_frames(mm, NULL);
	if (child)
		draw_frames(child, mm);
	if (!child)
		button("fork", NO_NUMBER, "fork");
	for (long i = 0; i < 3; i++) {
		button("parent", i, "parent writes page %ld", i);
		if (child)
			button("child", i, "child writes page %ld", i);
	}
	if (child)
		button("exit", NO_NUMBER, "child exits");
}

const struct scene scene_cow = {
	.name = "cow",
	.title = "Copy on write",
	.start = start_cow,
	.step = step_cow,
	.draw = draw_cow,
	.legend = "blue: may be written · yellow: read-only, so a write "
		  "faults · green: frames",
};
