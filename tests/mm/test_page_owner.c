/* SPDX-License-Identifier: MIT */
/* For each frame, the call that took it: mm/page_owner.c. */
#include <string.h>

#include "../space.h"
#include <ashlar/debug_hooks.h>
#include <ashlar/fault-inject.h>
#include <ashlar/page_owner.h>
#include <ashlar/printf.h>
#include <ashlar/seq_file.h>

static void somebody(struct task_ids *ids)
{
	*ids = (struct task_ids){ .pid = 8, .tgid = 7, .comm = "somebody" };
}

static void name_it(struct seq_file *m, unsigned long pc)
{
	seq_printf(m, "at%lu", pc);
}

static const struct debug_hooks hooks = {
	.running = somebody,
	.name = name_it,
};

static void begin(void)
{
	debug_hooks = &hooks;
	if (setup_page_owner("on"))
		needed(__FILE__, __LINE__, "tables");
}

static void end(void)
{
	CHECK_EQ(setup_page_owner("off"), 0);
	debug_hooks = NULL;
}

/* All parts of the report, each as large as @size lets it be. */
static const char *report(size_t size)
{
	static char text[1 << 20];
	size_t n = 0;
	struct seq_file m;
	unsigned long index = 0;

	do {
		m = (struct seq_file){ .buf = text + n,
				       .size = size,
				       .index = index };
		CHECK_OP(n + size, <, sizeof(text));
		show_page_owner(&m);
		CHECK(!seq_has_overflowed(&m));
		CHECK(!m.index || m.index > index);
		index = m.index;
		n += m.count;
	} while (index);
	text[n] = '\0';
	return text;
}

/* The entry of a block, or NULL. */
static const char *entry(const char *text, const struct page *page)
{
	char line[40];

	ashlar_snprintf(line, sizeof(line), "\nPFN %lu type ",
			page_to_pfn(page));
	text = strstr(text, line);
	return text ? text + 1 : NULL;
}

TEST_NO_SWEEP(a_block_has_an_owner_while_it_is_in_use)
{
	struct page *old = take_pages(GFP_KERNEL, 0), *one, *eight;

	begin();
	sim.time_ms = 1234;
	one = take_pages(GFP_KERNEL | __GFP_ZERO, 0);
	eight = take_pages(GFP_HIGHUSER_MOVABLE, 3);
	CHECK(strstr(report(4096),
		     "Page allocated via order 0, mask 0x240(GFP_KERNEL|"
		     "__GFP_ZERO), pid 8, tgid 7 (somebody), ts 1234000000 "
		     "ns\nPFN "));
	CHECK(strstr(report(4096), "order 3, mask 0x4a(GFP_HIGHUSER_MOVABLE)"));
	CHECK(!strncmp(strstr(entry(report(4096), eight), " type "),
		       " type Movable Block ", 20));
	CHECK(strstr(entry(report(4096), one), " Flags 0x0()\n at"));
	CHECK(!entry(report(4096), old));
	CHECK(!entry(report(4096), eight + 1));
	CHECK(!strcmp(strstr(entry(report(4096), eight), "\n\n"), "\n\n") ||
	      strstr(entry(report(4096), eight), "\n\nPage allocated"));
	give_pages(eight, 3);
	CHECK(!entry(report(4096), eight));
	give_pages(one, 0);
	CHECK(!entry(report(4096), one));
	give_pages(old, 0);
	end();
	CHECK_EQ(*report(4096), 0);
}

TEST_NO_SWEEP(parts_of_the_report_are_all_of_it)
{
	struct page *page[40];
	static char whole[1 << 20];

	begin();
	for (int i = 0; i < 40; i++)
		page[i] = take_pages(i % 2 ? GFP_KERNEL : GFP_HIGHUSER, 0);
	strcpy(whole, report(512 << 10));
	CHECK(!strcmp(report(2048), whole));
	for (int i = 0; i < 40; i++) {
		CHECK(entry(whole, page[i]));
		give_pages(page[i], 0);
	}
	end();
}

TEST_NO_SWEEP(frames_of_a_block_that_is_split)
{
	struct page *page;

	begin();
	page = NEED(alloc_pages(GFP_KERNEL, 1));
	split_page(page, 1);
	CHECK(entry(report(4096), page));
	CHECK(entry(report(4096), page + 1));
	__free_pages(page + 1, 0);
	__free_pages(page, 0);
	end();
}

TEST_NO_SWEEP(without_memory_for_tables_it_is_off)
{
	fail_nth(1);
	CHECK_EQ(setup_page_owner("on"), -ENOMEM);
	CHECK_EQ(fail_nth(0), 0);
	CHECK_EQ(*report(4096), 0);
	CHECK_EQ(setup_page_owner("maybe"), -EINVAL);
}

TEST(a_page_that_moves_takes_its_owner_along)
{
	struct page *from, *to;
	char line[40];

	begin();
	from = take_pages(GFP_HIGHUSER_MOVABLE, 0);
	to = take_pages(GFP_KERNEL, 0);
	page_owner_move(from, to);
	give_pages(from, 0);
	ashlar_snprintf(line, sizeof(line), "PFN %lu type Movable",
			page_to_pfn(to));
	CHECK(strstr(report(4096), line));
	CHECK(strstr(report(4096), "last migrate reason: compaction\n"));
	give_pages(to, 0);
	end();
}
