/* SPDX-License-Identifier: MIT */
/* Two that add to one variable; see pair.h. */
#include <ashlar/err.h>
#include <ashlar/shmem_fs.h>
#include "pair.h"

const char *const step_names[EACH_STEPS] = { "load", "add", "store" };

static struct mm_struct *with_file(struct file *f)
{
	struct mm_struct *mm = new_space();

	ksys_mmap(mm, f, SHARED, PAGE_SIZE, RW, MAP_SHARED | MAP_FIXED, 0);
	return mm;
}

void pair_share(struct pair *p)
{
	struct file *f = shmem_file_setup("n", PAGE_SIZE, 0);

	if (IS_ERR(f))
		sim_fail("no memory for a page");
	p->mm[0] = with_file(f);
	p->mm[1] = with_file(f);
}

u32 pair_value(struct pair *p, unsigned int who)
{
	u32 v = 0;

	sim_load_mm(p->mm[who]);
	sim_read(SHARED, &v, sizeof(v));
	return v;
}

static void set_value(struct pair *p, unsigned int who, u32 v)
{
	sim_load_mm(p->mm[who]);
	sim_write(SHARED, &v, sizeof(v));
}

void pair_begin(struct pair *p, u32 value)
{
	p->did[0] = p->did[1] = 0;
	set_value(p, 0, value);
}

void pair_step(struct pair *p, unsigned int who)
{
	switch (p->did[who]++) {
	case 0:
		p->reg[who] = pair_value(p, who);
		break;
	case 1:
		p->reg[who] += p->adds[who];
		break;
	default:
		set_value(p, who, p->reg[who]);
	}
}
