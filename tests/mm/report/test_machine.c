/* SPDX-License-Identifier: MIT */
/* The reports of a whole machine are true and add up: mm/report/machine.c. */
#include "../../../mm/internal.h"
#include "../../space.h"
#include <ashlar/seq_file.h>
#include <ashlar/string.h>
#include <ashlar/vmstat.h>

#define AT 0x10000000ul
#define RW (PROT_READ | PROT_WRITE)

static char text[32 << 10];

static void report(void (*show)(struct seq_file *m))
{
	struct seq_file m = { .buf = text, .size = sizeof(text) - 1 };

	show(&m);
	CHECK(!seq_has_overflowed(&m));
	text[m.count] = '\0';
}

/* The number behind @name at the beginning of a line of the last report. */
static unsigned long row(const char *name)
{
	size_t n = strlen(name);
	unsigned long value = 0;
	const char *s;

	for (s = text; memcmp(s, name, n) || (s[n] != ':' && s[n] != ' ');) {
		while (*s && *s != '\n')
			s++;
		CHECK(*s);
		s++;
	}
	for (s += n; *s < '0' || *s > '9'; s++)
		;
	for (; *s >= '0' && *s <= '9'; s++)
		value = value * 10 + (unsigned long)(*s - '0');
	return value;
}

static unsigned long pages(const char *name)
{
	return row(name) >> (PAGE_SHIFT - 10);
}

static void touch(struct mm_struct *mm, unsigned long nr)
{
	take_area(mm, AT, nr << PAGE_SHIFT, RW);
	for (unsigned long i = 0; i < nr; i++)
		poke(AT + (i << PAGE_SHIFT), 1);
}

TEST(meminfo_adds_up)
{
	struct mm_struct *mm = take_mm();
	struct file *file = take_file(16);

	touch(mm, 40);
	take_file_area(mm, file, 2 * AT, 16 << PAGE_SHIFT, RW, MAP_SHARED, 0);
	for (unsigned long i = 0; i < 9; i++)
		poke(2 * AT + (i << PAGE_SHIFT), 1);
	report(meminfo_proc_show);
	CHECK_EQ(pages("MemTotal"), totalram_pages());
	CHECK_EQ(pages("MemFree"), pages_free());
	CHECK_EQ(row("MemTotal"), row("LowTotal") + row("HighTotal"));
	CHECK_EQ(row("MemFree"), row("LowFree") + row("HighFree"));
	CHECK_EQ(pages("AnonPages"), 40);
	CHECK_EQ(pages("Cached"), 9);
	CHECK_EQ(pages("Shmem"), 9);
	CHECK_EQ(pages("Mapped"), 9);
	CHECK_EQ(pages("PageTables"), 2);
	CHECK_EQ(row("Active") + row("Inactive") + row("Unevictable"),
		 row("AnonPages") + row("Cached"));
	CHECK_EQ(row("Slab"), row("SReclaimable") + row("SUnreclaim"));
	CHECK_EQ(pages("Committed_AS"), 40 + 16);
	CHECK_EQ(pages("CommitLimit"), totalram_pages() / 2);
}

/* Every number ends in the same column, as in Linux. */
TEST(meminfo_is_a_table)
{
	const char *s, *line = text;

	report(meminfo_proc_show);
	for (s = text; *s; s++) {
		if (*s != '\n')
			continue;
		CHECK(s - line == 24 || s - line == 27);
		CHECK(s - line == 24 || !memcmp(s - 3, " kB", 3));
		line = s + 1;
	}
}

TEST(vmstat_counts_what_happens)
{
	struct mm_struct *mm = take_mm();
	unsigned long faults, anon;

	report(vmstat_proc_show);
	faults = row("pgfault");
	anon = row("nr_anon_pages");
	touch(mm, 25);
	report(vmstat_proc_show);
	CHECK_EQ(row("pgfault"), faults + 25);
	CHECK_EQ(row("nr_anon_pages"), anon + 25);
	CHECK_EQ(row("nr_free_pages"), pages_free());
	CHECK_OP(row("pgalloc_high"), >=, 25);
}

TEST(zoneinfo_says_where_user_pages_are)
{
	struct mm_struct *mm = take_mm();
	const char *s = text;
	bool found = false;

	touch(mm, 25);
	report(zoneinfo_proc_show);
	for (; *s; s++)
		found |= !memcmp(s, "nr_zone_active_anon 25\n",
				 min(strlen(s), 23ul));
	CHECK(found);
}
