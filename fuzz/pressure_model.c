/* SPDX-License-Identifier: MIT */
/* The model of pressure.h: what a page may show, and programs' accesses. */
#include "pressure.h"
#include <ashlar/gup.h>

#define TRIES 10000 /* accesses that lack of memory ends */

/* ---- stamps ---- */

u32 next_number(void)
{
	static u32 number;

	return ++number;
}

u64 stamp_of(const struct object *o, unsigned long index, u32 number)
{
	u64 tag = o ? (u64)(o - objects + 1) << 16 | index : 0xffffffffu;

	return number ? tag << 32 | number : 0;
}

struct bounds bounds_before(struct object *o, unsigned long index)
{
	const struct object_page *p = &o->pages[index];

	return (struct bounds){ o, index, p->low, p->high, o->cuts };
}

void check_stamp(const struct bounds *b, u64 value, const char *what)
{
	const struct object_page *p = &b->o->pages[b->index];
	u32 number = (u32)value, high = max(b->high, p->high);
	bool cut = (b->cuts & 1) || b->cuts != b->o->cuts;

	if (value == 0 && (!b->low || cut))
		return;
	if (value != stamp_of(b->o, b->index, number) || number > high ||
	    (number < b->low && !cut))
		sim_fail("%s: page %lu of object %d shows %#llx, not %u to %u",
			 what, b->index, (int)(b->o - objects),
			 (unsigned long long)value, b->low, high);
}

/* A stamp is about to be written, or has been. */
void note_write(struct object *o, unsigned long index, u32 number)
{
	o->pages[index].high = max(o->pages[index].high, number);
	o->pages[index].tainted = false;
}

void note_written(struct object *o, unsigned long index, u32 number)
{
	struct object_page *p = &o->pages[index];

	if (!o->disk || !setting.fail_disk)
		p->low = max(p->low, number);
}

/* ---- pages of a space ---- */

struct object *object_of(const struct model_page *p)
{
	return p->object >= 0 && !p->copied ? &objects[p->object] : NULL;
}

enum sim_fault expected(const struct model_page *p, bool write)
{
	if (!p->mapped)
		return SIM_MAPERR;
	if (write ? !(p->prot & PROT_WRITE) : !p->prot)
		return SIM_ACCERR;
	if (p->object >= 0 && p->pgoff >= objects[p->object].size)
		return SIM_BUS;
	return SIM_OK;
}

bool disk_has_failed(void)
{
	return disk_failures != 0;
}

static bool is_exact(const struct object *o, unsigned long index)
{
	return o->pages[index].low == o->pages[index].high && !(o->cuts & 1);
}

/* A private page has what it showed: it is a copy by now, or may be. */
static void model_copy(struct model_page *p)
{
	struct object *o = object_of(p);

	if (!o || p->shared)
		return;
	p->loose = !is_exact(o, p->pgoff) || o < objects + SHARED_OBJECTS;
	p->value = stamp_of(o, p->pgoff, o->pages[p->pgoff].low);
	p->copied = true;
}

bool model_populate(struct model_page *p, unsigned long nr)
{
	for (; nr--; p++) {
		bool write = !p->shared && (p->prot & PROT_WRITE);

		if (expected(p, write) != SIM_OK)
			return false;
		if (write)
			model_copy(p);
	}
	return true;
}

void forget_copy(struct model_page *p)
{
	if (p->shared)
		return;
	p->copied = p->lazy = p->loose = false;
	p->value = 0;
}

void model_write(struct model_page *p, u32 number)
{
	struct object *o = object_of(p);

	if (p->shared) {
		note_written(o, p->pgoff, number);
		return;
	}
	p->copied = p->object >= 0;
	p->lazy = p->loose = false;
	p->value = stamp_of(NULL, 0, number);
}

/* ---- accesses ---- */

static enum sim_fault try_access(u32 at, u64 *value, bool write)
{
	enum sim_fault f;
	int tries = 0;

	do {
		f = write ? sim_write(at, value, 8) : sim_read(at, value, 8);
	} while (f == SIM_OOM && setting.fail_alloc && ++tries < TRIES);
	progress++;
	return f;
}

/* True if it ended as the model says; a disk that fails is an excuse. */
static bool ended_well(enum sim_fault got, enum sim_fault want,
		       const struct space *s, unsigned long page)
{
	if (got == SIM_BUS && want == SIM_OK && disk_has_failed())
		return false;
	if (got != want)
		sim_fail("page %lu of space %d ends in %d, not %d", page,
			 (int)(s - programs[0].spaces), got, want);
	return want == SIM_OK;
}

void check_read(struct space *s, unsigned long page, u32 offset)
{
	struct model_page *p = &s->pages[page];
	enum sim_fault want = expected(p, false), got;
	struct object *o = object_of(p);
	struct bounds b = { 0 };
	u64 value = 0;

	if (o && want == SIM_OK)
		b = bounds_before(o, p->pgoff);
	got = try_access((u32)address(page) + offset, &value, false);
	if (!ended_well(got, want, s, page) || p->loose)
		return;
	if (o) {
		check_stamp(&b, value, "an area");
		return;
	}
	if (p->lazy && !value) {
		p->lazy = false;
		p->value = 0;
	}
	if (value != p->value)
		sim_fail("page %lu shows %#llx and was written %#llx", page,
			 (unsigned long long)value,
			 (unsigned long long)p->value);
}

/* Pages of files that all programs have are written by one each. */
static bool may_write(const struct program *t, const struct model_page *p)
{
	return !p->shared || p->object >= SHARED_OBJECTS || p->object < 0 ||
	       p->pgoff % PROGRAMS == t->id;
}

/* As ptrace does, through the kernel; it cannot say why it failed. */
static enum sim_fault poke_page(struct space *s, u32 at, u64 *value,
				enum sim_fault want)
{
	size_t done;
	int tries = 0;

	do {
		done = access_process_vm(s->mm, at, value, 8, true);
	} while (done < 8 && want == SIM_OK && setting.fail_alloc &&
		 ++tries < TRIES);
	progress++;
	if (done == 8)
		return SIM_OK;
	return want == SIM_OK ? SIM_BUS : want;
}

void write_page(struct program *t, struct space *s, unsigned long page)
{
	struct model_page *p = &s->pages[page];
	enum sim_fault want = expected(p, true), got;
	bool pokes = want == SIM_OK && one_in(10);
	struct object *o = p->shared ? object_of(p) : NULL;
	u32 number = next_number(), at = (u32)address(page);
	u64 stamp = stamp_of(o, p->pgoff, number);

	if (!may_write(t, p))
		return;
	if (o && want == SIM_OK)
		note_write(o, p->pgoff, number);
	got = pokes ? poke_page(s, at, &stamp, want) :
		      try_access(at, &stamp, true);
	at += PAGE_SIZE - 8;
	if (got == SIM_OK)
		got = pokes ? poke_page(s, at, &stamp, want) :
			      try_access(at, &stamp, true);
	if (ended_well(got, want, s, page))
		model_write(p, number);
	else if (o && want == SIM_OK)
		o->pages[p->pgoff].tainted = true;
	else if (want == SIM_OK)
		p->loose = true;
}

/* Both ends of every page. */
void check_program(struct program *t)
{
	for (int i = 0; i < SPACES; i++) {
		struct space *s = &t->spaces[i];

		if (!s->mm)
			continue;
		sim_load_mm(s->mm);
		for (unsigned long p = 0; p < setting.window; p++) {
			check_read(s, p, 0);
			check_read(s, p, PAGE_SIZE - 8);
		}
	}
	sim_load_mm(NULL);
}
