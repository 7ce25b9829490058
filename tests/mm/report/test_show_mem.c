/* SPDX-License-Identifier: MIT */
/* Where memory is, as the log has it: mm/report/show_mem.c, gfp.c. */
#include "../../../mm/report/report.h"
#include "../../space.h"
#include <ashlar/seq_file.h>
#include <ashlar/string.h>

#define AT 0x10000000ul
#define RW (PROT_READ | PROT_WRITE)

static char text[8 << 10];

static void report(void)
{
	struct seq_file m = { .buf = text, .size = sizeof(text) - 1 };

	write_mem_info(&m);
	CHECK(!seq_has_overflowed(&m));
	text[m.count] = '\0';
}

/* Behind the first @what from @s on, or NULL. */
static const char *behind(const char *s, const char *what)
{
	size_t n = strlen(what);

	for (; strlen(s) >= n; s++)
		if (!memcmp(s, what, n))
			return s + n;
	return NULL;
}

static unsigned long number_at(const char *s)
{
	unsigned long value = 0;

	CHECK(s && *s >= '0' && *s <= '9');
	for (; *s >= '0' && *s <= '9'; s++)
		value = value * 10 + (unsigned long)(*s - '0');
	return value;
}

/* The sum of the numbers behind each @what in lines that begin with a zone. */
static unsigned long in_zones(const char *what)
{
	const char *s = behind(text, "all_unreclaimable?");
	unsigned long sum = 0;

	while ((s = behind(s, what)))
		sum += number_at(s);
	return sum;
}

TEST(what_memory_is_used_for_adds_up)
{
	struct mm_struct *mm = take_mm();

	take_area(mm, AT, 30ul << PAGE_SHIFT, RW);
	for (unsigned long i = 0; i < 30; i++)
		poke(AT + (i << PAGE_SHIFT), 1);
	report();
	CHECK_OP(number_at(behind(text, "\nactive_anon:")), >=, 30);
	CHECK_EQ(number_at(behind(text, "Node 0 active_anon:")),
		 in_zones(" active_anon:"));
	CHECK_EQ(number_at(behind(text, "kB inactive_anon:")),
		 in_zones(" inactive_anon:"));
	CHECK_EQ(number_at(behind(text, " free:")) * 4, in_zones(" free:"));
	CHECK_EQ(number_at(behind(text, " free:")) * 4, in_zones("= "));
	CHECK_EQ(number_at(behind(text, "free_pcp:")) * 4,
		 in_zones(" free_pcp:"));
	CHECK_EQ(in_zones(" managed:"), totalram_pages() * 4);
}

static void check_gfp(gfp_t gfp, unsigned int order, const char *want)
{
	char buf[GFP_TEXT];

	format_gfp(buf, sizeof(buf), gfp, order);
	if (strlen(buf) != strlen(want) || memcmp(buf, want, strlen(want)))
		check_failed(__FILE__, __LINE__, "%s", buf);
}

/* As Linux 6.1 prints the same requests. */
TEST(flags_have_names)
{
	check_gfp(GFP_KERNEL, 0, "0xcc0(GFP_KERNEL)");
	check_gfp(GFP_HIGHUSER_MOVABLE, 0, "0x100cca(GFP_HIGHUSER_MOVABLE)");
	check_gfp(GFP_HIGHUSER_MOVABLE | __GFP_ZERO, 0,
		  "0x100dca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO)");
	check_gfp(GFP_HIGHUSER | __GFP_NOWARN, 0,
		  "0x102cc2(GFP_HIGHUSER|__GFP_NOWARN)");
	check_gfp(GFP_ATOMIC, 0, "0xa20(GFP_ATOMIC)");
	check_gfp(GFP_NOWAIT, 0, "0x800(GFP_NOWAIT)");
	check_gfp(GFP_KERNEL | __GFP_NORETRY | __GFP_ZERO, 2,
		  "0x50dc0(GFP_KERNEL|__GFP_NORETRY|__GFP_ZERO|__GFP_COMP)");
	check_gfp(GFP_KERNEL | GFP_DMA, 0, "0xcc1(GFP_KERNEL|GFP_DMA)");
}
