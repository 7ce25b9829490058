/* SPDX-License-Identifier: MIT */
/*
 * The walk 10 · 10 · 12: a linear address is cut in three; the first ten bits
 * choose an entry of the directory, the next ten one of the table it leads to,
 * and the last twelve are the place in the page.
 *
 * The processor's part is the paper machine's (port/sim/mmu.c). Three areas
 * wait for a first touch.
 */
#include "picture.h"
#include "spaces.h"

static const u32 places[] = { 0x0804f123, 0x0804c008, 0x40001ffc, 0xbfffe010,
			      0x00000010 };
#define PLACES ((long)ARRAY_SIZE(places))

static struct mm_struct *mm;
static u32 at;

static void start(void)
{
	course_boot();
	mm = new_space();
	map_pages(mm, 0x08048000, 2, PROT_READ);
	map_pages(mm, 0x0804c000, 4, RW);
	map_pages(mm, 0x40000000, 4, RW);
	map_pages(mm, 0xbfffe000, 2, RW);
	at = places[0];
	tell("A new process: its areas are there, its tables are empty. The "
	     "address was cut in three.");
}

static bool step(const char *what, unsigned long n)
{
	bool write = same(what, "write");
	unsigned long faults = sim.faults;
	enum sim_fault f;

	if (same(what, "look") && n < PLACES) {
		at = places[n];
		tell("Address %#010x, cut in three: directory %u, table %u, "
		     "offset %#x.",
		     at, at >> 22, at >> 12 & 1023, at & 4095);
		return true;
	}
	if (!write && !same(what, "read"))
		return false;
	f = touch(mm, at, write);
	faults = sim.faults - faults;
	if (f != SIM_OK)
		tell("The walk found no entry that allows it; the kernel's "
		     "answer is %s.",
		     fault_name(f));
	else if (faults)
		tell("A page fault: the walk found no entry that allows it. "
		     "The kernel made one, and the instruction was run "
		     "again.");
	else
		tell("The walk found its way; the kernel was not asked.");
	return true;
}

static void draw_bits(void)
{
	row("address %#010x", at);
	cell(NEW, 10, "directory %u", at >> 22);
	cell(USED, 10, "table %u", at >> 12 & 1023);
	cell(FREE, 12, "offset %#x", at & 4095);
}

static void draw_walk(void)
{
	u32 pgd = pgd_val(*pgd_offset(mm, at)), pte = entry_of(mm, at);

	row("directory[%u]", at >> 22);
	if (pgd)
		cell(NEW, 12, "%#010x: table in frame %#x", pgd, pgd >> 12);
	else
		cell(LOW, 12, "0: no table");
	row("table[%u]", at >> 12 & 1023);
	if (!pgd)
		cell(PLAIN, 12, "-");
	else
		cell(pte & 1 ? USED : LOW, 6, "%#010x", pte);
	if (pte & 1)
		cell(USED, 6, "frame %#x", pte >> 12);
	if (pgd)
		cell(PLAIN, 6, "%s", bits_of(pte));
	row("physical");
	if (pte & 1)
		cell(FREE, 12, "%#010x", (pte & ~4095u) | (at & 4095));
	else
		cell(PLAIN, 12, "nowhere yet");
}

static void draw_areas(void)
{
	const struct vm_area_struct *vma;

	row("areas");
	for (vma = mm->mmap; vma; vma = vma->vm_next)
		cell(at >= vma->vm_start && at < vma->vm_end ? NEW : FREE, 5,
		     "%08lx-%08lx %s", vma->vm_start, vma->vm_end,
		     vma->vm_flags & 2 ? "rw" : "r");
}

static void draw(void)
{
	draw_bits();
	draw_walk();
	draw_areas();
	row("tables, VmRSS");
	cell(PLAIN, 4, "%lu tables, %lu pages", mm->nr_ptes, get_mm_rss(mm));
	button("read", NO_NUMBER, "read this byte");
	button("write", NO_NUMBER, "write this byte");
	for (long i = 0; i < PLACES; i++)
		button("look", i, "look at %#010x", places[i]);
}

const struct scene scene_walk = {
	.name = "walk",
	.title = "From an address to its frame",
	.start = start,
	.step = step,
	.draw = draw,
	.legend = "red: directory, and the address's area · blue: table · "
		  "green: offset",
};
