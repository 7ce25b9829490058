/* SPDX-License-Identifier: MIT */
/* What programs of pressure.h do to their spaces, and to their models. */
#include "pressure.h"
#include <ashlar/string.h>

#define RW (PROT_READ | PROT_WRITE)

struct range {
	unsigned long first, nr; /* pages */
};

#define TRIES 3000

/* Again, as long as it is made to fail. */
#define DONE(call)                                                   \
	({                                                           \
		int done_tries = 0;                                  \
		long done_ret;                                       \
		do {                                                 \
			done_ret = (long)(call);                     \
		} while (MAY_FAIL(done_ret) && setting.fail_alloc && \
			 ++done_tries < TRIES);                      \
		done_ret;                                            \
	})

static struct range some_range(void)
{
	struct range r = { some(setting.window), 1 };

	r.nr += some(one_in(4) ? setting.window / 3 : 24);
	r.nr = min(r.nr, setting.window - r.first);
	return r;
}

static bool all_mapped(const struct space *s, struct range r)
{
	while (r.nr--)
		if (!s->pages[r.first++].mapped)
			return false;
	return true;
}

static bool any_locked(const struct space *s, struct range r)
{
	while (r.nr--)
		if (s->pages[r.first++].locked)
			return true;
	return false;
}

static unsigned long nr_locked(const struct program *t)
{
	unsigned long nr = 0;

	for (int i = 0; i < SPACES; i++)
		for (unsigned long p = 0; p < setting.window; p++)
			nr += t->spaces[i].pages[p].locked;
	return nr;
}

/* ---- accesses ---- */

static void op_access(struct program *t, struct space *s)
{
	struct range r = some_range();
	bool scattered = one_in(3), writes = some(2);

	for (unsigned long i = 0; i < r.nr; i++) {
		unsigned long page = scattered ? some(setting.window) :
						 r.first + i;

		if (writes && some(4))
			write_page(t, s, page);
		else
			check_read(s, page, some(2) ? 0 : PAGE_SIZE - 8);
	}
}

/* A small set of pages, again and again. */
static void op_work(struct program *t, struct space *s)
{
	unsigned long first = some(setting.window);

	for (int i = 0; i < 200; i++) {
		unsigned long page = first + some(setting.window / 10 + 1);

		page %= setting.window;
		if (some(3))
			check_read(s, page, 0);
		else
			write_page(t, s, page);
	}
}

/* ---- areas ---- */

static struct object *new_object(const struct program *t, unsigned long size)
{
	struct object *o = &objects[SHARED_OBJECTS + t->id * OBJECTS];

	for (int i = 2; i < OBJECTS; i++)
		if (!o[i].size) {
			o[i].size = size;
			return &o[i];
		}
	return NULL;
}

/* One of the files that the program may map. */
static struct object *some_file(const struct program *t)
{
	unsigned long i = some(SHARED_OBJECTS + 2);

	return i < SHARED_OBJECTS ? &objects[i] : &objects[t->id * OBJECTS + i];
}

static void op_mmap(struct program *t, struct space *s)
{
	static const u8 prots[] = { RW, RW, RW, PROT_READ, PROT_NONE };
	struct range r = some_range();
	u8 prot = prots[some(ARRAY_SIZE(prots))];
	bool shared = one_in(3), anon = some(3);
	struct object *o = anon ? NULL : some_file(t);
	unsigned long pgoff = anon ? 0 : some(setting.file), i;
	unsigned long flags = MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE);
	long ret;

	r.nr = min(r.nr, OBJECT_PAGES - pgoff);
	if (anon && shared) {
		o = new_object(t, r.nr);
		if (!o)
			return;
	}
	flags |= anon ? MAP_ANONYMOUS : 0;
	ret = DONE(ksys_mmap(s->mm, anon ? NULL : o->file, address(r.first),
			     r.nr << PAGE_SHIFT, prot, flags, pgoff));
	EXPECT_EQ(ret, address(r.first));
	for (i = 0; i < r.nr; i++)
		s->pages[r.first + i] =
			(struct model_page){ .mapped = true,
					     .shared = shared,
					     .prot = prot,
					     .object = o ? (s16)(o - objects) :
							   -1,
					     .pgoff = (u16)(pgoff + i) };
}

static void op_munmap(struct program *t, struct space *s)
{
	struct range r = some_range();
	long ret = DONE(vm_munmap(s->mm, address(r.first), r.nr << PAGE_SHIFT));

	(void)t;
	EXPECT_EQ(ret, 0);
	for (unsigned long i = 0; i < r.nr; i++)
		s->pages[r.first + i] = (struct model_page){ 0 };
}

static void op_mprotect(struct program *t, struct space *s)
{
	static const u8 prots[] = { PROT_NONE, PROT_READ, RW, RW };
	struct range r = some_range();
	u8 prot = prots[some(ARRAY_SIZE(prots))];
	long ret;

	(void)t;
	if (!all_mapped(s, r) || any_locked(s, r))
		return;
	ret = DONE(
		mm_mprotect(s->mm, address(r.first), r.nr << PAGE_SHIFT, prot));
	EXPECT_EQ(ret, 0);
	for (; r.nr--; r.first++)
		s->pages[r.first].prot = prot;
}

/* A piece of one area, as mremap wants it. */
static bool one_area(const struct space *s, struct range r)
{
	struct vm_area_struct *vma = find_vma_intersection(
		s->mm, address(r.first), address(r.first) + 1);

	return vma && vma->vm_end >= address(r.first + r.nr);
}

static void op_mremap(struct program *t, struct space *s)
{
	struct range from = some_range(), to = some_range();
	struct model_page *p = s->pages;
	bool keep = one_in(4);
	long ret;

	(void)t;
	from.nr = to.nr = min(from.nr, to.nr);
	if ((from.first < to.first + to.nr && to.first < from.first + from.nr))
		return;
	if (!all_mapped(s, from) || !one_area(s, from) || any_locked(s, from))
		return;
	keep &= p[from.first].object < 0;
	ret = DONE(mm_mremap(s->mm, address(from.first), from.nr << PAGE_SHIFT,
			     to.nr << PAGE_SHIFT,
			     MREMAP_MAYMOVE | MREMAP_FIXED |
				     (keep ? MREMAP_DONTUNMAP : 0),
			     address(to.first)));
	EXPECT_EQ(ret, address(to.first));
	for (unsigned long i = 0; i < from.nr; i++) {
		p[to.first + i] = p[from.first + i];
		if (keep)
			forget_copy(&p[from.first + i]);
		else
			p[from.first + i] = (struct model_page){ 0 };
	}
}

static void op_mlock(struct program *t, struct space *s)
{
	struct range r = some_range();
	unsigned long i;
	long ret;

	r.nr = min(r.nr, setting.ram / 40);
	if (!all_mapped(s, r) || nr_locked(t) > setting.ram / 40)
		return;
	for (i = 0; i < r.nr; i++)
		if (expected(&s->pages[r.first + i], false) != SIM_OK)
			return;
	ret = DONE(mm_mlock(s->mm, address(r.first), r.nr << PAGE_SHIFT,
			    VM_LOCKED));
	if (!disk_has_failed())
		EXPECT_EQ(ret, 0);
	for (i = 0; i < r.nr; i++)
		s->pages[r.first + i].locked = true;
	model_populate(&s->pages[r.first], r.nr);
	if (ret)
		for (i = 0; i < r.nr; i++)
			s->pages[r.first + i].loose |=
				s->pages[r.first + i].copied;
}

static void op_munlock(struct program *t, struct space *s)
{
	struct model_page *p = s->pages;

	(void)t;
	for (unsigned long i = 0; i < setting.window; i++) {
		if (!p[i].locked)
			continue;
		EXPECT_EQ(DONE(mm_munlock(s->mm, address(i), PAGE_SIZE)), 0);
		p[i].locked = false;
	}
}

/* ---- advice ---- */

/* What MADV_FREE leaves to chance is so even where it did nothing. */
static void model_advice(struct model_page *p, int advice)
{
	if (!p->mapped)
		return;
	switch (advice) {
	case MADV_DONTNEED:
		forget_copy(p);
		break;
	case MADV_FREE:
		p->lazy = true;
		break;
	case MADV_DONTFORK:
	case MADV_DOFORK:
		p->dontfork = advice == MADV_DONTFORK;
		break;
	case MADV_WIPEONFORK:
	case MADV_KEEPONFORK:
		p->wipeonfork = advice == MADV_WIPEONFORK;
		break;
	case MADV_POPULATE_WRITE:
		model_populate(p, 1);
		break;
	}
}

static bool is_for_anonymous(int advice)
{
	return advice == MADV_FREE || advice == MADV_WIPEONFORK ||
	       advice == MADV_COLLAPSE;
}

static bool advice_fits(const struct space *s, struct range r, int advice)
{
	const struct model_page *p = &s->pages[r.first];

	if (any_locked(s, r) || !all_mapped(s, r))
		return false;
	for (; r.nr--; p++) {
		if (is_for_anonymous(advice) && p->object >= 0)
			return false;
		if (advice == MADV_POPULATE_WRITE &&
		    expected(p, true) != SIM_OK)
			return false;
	}
	return true;
}

static void op_madvise(struct program *t, struct space *s)
{
	static const int advices[] = {
		MADV_DONTNEED,	 MADV_FREE,	      MADV_FREE,
		MADV_COLD,	 MADV_PAGEOUT,	      MADV_PAGEOUT,
		MADV_WILLNEED,	 MADV_POPULATE_WRITE, MADV_DONTFORK,
		MADV_DOFORK,	 MADV_WIPEONFORK,     MADV_KEEPONFORK,
		MADV_HUGEPAGE,	 MADV_NOHUGEPAGE,     MADV_COLLAPSE,
		MADV_SEQUENTIAL, MADV_RANDOM,	      MADV_NORMAL
	};
	int advice = advices[some(ARRAY_SIZE(advices))];
	struct range r = some_range();
	long ret;

	(void)t;
	if (!advice_fits(s, r, advice))
		return;
	ret = DONE(mm_madvise(s->mm, address(r.first), r.nr << PAGE_SHIFT,
			      advice));
	if (advice == MADV_POPULATE_WRITE && ret) {
		if (!disk_has_failed())
			EXPECT_EQ(ret, 0);
		for (; r.nr--; r.first++)
			s->pages[r.first].loose = true;
		return;
	}
	if (advice != MADV_COLLAPSE)
		EXPECT_EQ(ret, 0);
	for (; r.nr--; r.first++)
		model_advice(&s->pages[r.first], advice);
}

/* ---- lives ---- */

static void end_space(struct space *s)
{
	struct mm_struct *mm = s->mm;

	sim_load_mm(NULL);
	s->mm = NULL;
	mmput(mm);
}

static void begin_space(struct program *t, struct space *s)
{
	long ret;

	memset(s->pages, 0, sizeof(s->pages));
	do {
		s->mm = mm_alloc();
	} while (!s->mm && setting.fail_alloc);
	EXPECT(s->mm);
	sim_load_mm(s->mm);
	ret = DONE(ksys_mmap(s->mm, NULL, WINDOW, setting.window << PAGE_SHIFT,
			     RW, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, 0));
	EXPECT_EQ(ret, WINDOW);
	for (unsigned long i = 0; i < setting.window; i++)
		s->pages[i] = (struct model_page){ .mapped = true,
						   .prot = RW,
						   .object = -1 };
	for (unsigned long i = 0; i < setting.window; i++)
		write_page(t, s, i);
}

static void op_fork(struct program *t, struct space *s)
{
	struct space *child = &t->spaces[s == t->spaces];
	struct mm_struct *mm;

	if (child->mm)
		end_space(child);
	sim_load_mm(s->mm);
	do {
		mm = dup_mm(s->mm);
	} while (mm == ERR_PTR(-ENOMEM) && setting.fail_alloc);
	EXPECT(!IS_ERR(mm));
	*child = *s;
	child->mm = mm;
	for (unsigned long i = 0; i < setting.window; i++) {
		struct model_page *p = &child->pages[i];

		if (p->dontfork)
			*p = (struct model_page){ 0 };
		else if (p->wipeonfork)
			forget_copy(p);
		p->locked = false;
	}
}

static void op_exit(struct program *t, struct space *s)
{
	end_space(s);
	begin_space(t, s);
}

/* ---- others' spaces ---- */

/* Another program's thread, so to speak: what it does changes no contents. */
static void op_remote(struct program *t, struct space *s)
{
	static const int advices[] = { MADV_COLD, MADV_PAGEOUT, MADV_WILLNEED,
				       MADV_POPULATE_READ, MADV_COLLAPSE };
	struct space *other = &programs[some(PROGRAMS)].spaces[some(SPACES)];
	struct range r = some_range();
	struct mm_struct *mm = other->mm;
	u8 bytes[3 * PAGE_SIZE];

	(void)s;
	if (!mm || !mmget_not_zero(mm))
		return;
	if (some(2))
		access_process_vm(mm, address(r.first) + some(PAGE_SIZE), bytes,
				  some(sizeof(bytes)), false);
	else
		mm_madvise(mm, address(r.first), r.nr << PAGE_SHIFT,
			   advices[some(ARRAY_SIZE(advices))]);
	mmput(mm);
	progress++;
	(void)t;
}

/* A store into the middle of a page, of which the model says nothing. */
static void thread_writes(struct space *s, unsigned long page)
{
	struct model_page *p = &s->pages[page];
	u32 word = 0x5a5a5a5a;

	if (p->object < 0 || p->shared)
		sim_write((u32)address(page) + PAGE_SIZE / 2, &word, 4);
	if (p->object >= 0 && !p->shared) /* it became one: a copy, perhaps */
		p->loose = true;
}

/* A thread of another program: its faults meet whatever that one does. */
static void op_thread(struct program *t, struct space *s)
{
	struct space *other = &programs[some(PROGRAMS)].spaces[some(SPACES)];
	struct mm_struct *mm = other->mm;
	unsigned long first = some(setting.window), page;
	u32 word;

	(void)t, (void)s;
	if (!mm || !mmget_not_zero(mm))
		return;
	sim_load_mm(mm);
	for (int i = 0; i < 30; i++) {
		page = (first + some(40)) % setting.window;
		if (some(2))
			sim_read((u32)address(page), &word, 4);
		else
			thread_writes(other, page);
		progress++;
	}
	sim_load_mm(NULL);
	mmput(mm);
}

static void op_file(struct program *t, struct space *s)
{
	(void)s;
	file_op(t);
}

/* An error that it is told of is one that fsync is not told of any more. */
static void op_msync(struct program *t, struct space *s)
{
	struct object *o = &objects[SHARED_OBJECTS + t->id * OBJECTS];
	struct range r = some_range();
	int err = mm_msync(s->mm, address(r.first), r.nr << PAGE_SHIFT,
			   some(2) ? MS_SYNC : MS_ASYNC);

	for (unsigned long i = 0; err == -EIO && i < OBJECT_PAGES; i++)
		o->pages[i].tainted = true;
}

static const struct op {
	void (*fn)(struct program *t, struct space *s);
	unsigned int weight;
} ops[] = {
	{ op_access, 60 }, { op_work, 10 },    { op_mmap, 12 },
	{ op_munmap, 3 },  { op_mprotect, 8 }, { op_mremap, 8 },
	{ op_mlock, 3 },   { op_munlock, 1 },  { op_madvise, 30 },
	{ op_fork, 3 },	   { op_exit, 1 },     { op_remote, 12 },
	{ op_thread, 12 }, { op_file, 40 },    { op_msync, 3 },
};

static void random_op(struct program *t, struct space *s)
{
	unsigned int total = 0, pick, i;

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		total += ops[i].weight;
	pick = (unsigned int)some(total);
	for (i = 0; pick >= ops[i].weight; i++)
		pick -= ops[i].weight;
	ops[i].fn(t, s);
}

/* Files that only this program writes: one on a disk, one in RAM. */
void program_begin(struct program *t)
{
	struct object *o = &objects[SHARED_OBJECTS + t->id * OBJECTS];

	o[0].file = new_disk_file(&o[0], setting.file);
	o[1].file = shmem_file_setup("file", setting.file << PAGE_SHIFT, 0);
	EXPECT(!IS_ERR(o[1].file));
	o[0].size = o[1].size = setting.file;
}

void program_run(void *arg)
{
	struct program *t = arg;

	for (int i = 0; i < SPACES; i++)
		begin_space(t, &t->spaces[i]);
	for (; t->done < setting.ops; t->done++) {
		struct space *s = &t->spaces[some(SPACES)];

		park_if_asked();
		if (!s->mm)
			begin_space(t, s);
		sim_load_mm(s->mm);
		random_op(t, s);
		sim_load_mm(NULL);
		progress++;
	}
}
