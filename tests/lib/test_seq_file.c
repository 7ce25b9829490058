/* SPDX-License-Identifier: MIT */
/* Reports that fit and reports that do not. */
#include <string.h>

#include <ashlar/seq_file.h>
#include "../harness.h"

static void report(struct seq_file *m)
{
	seq_puts(m, "one ");
	seq_putc(m, '2');
	seq_printf(m, " %s %4d", "three", 4);
	seq_write(m, "\0five", 5);
}

static const char whole[] = "one 2 three    4\0five";
#define WHOLE (sizeof(whole) - 1)

TEST(a_report_of_any_length)
{
	char buf[WHOLE + 8];

	for (size_t size = 0; size <= sizeof(buf); size++) {
		struct seq_file m = { .buf = buf, .size = size };

		memset(buf, '#', sizeof(buf));
		report(&m);
		CHECK_EQ(m.wanted, WHOLE);
		CHECK_EQ(m.count, min(size, WHOLE));
		CHECK_EQ(seq_has_overflowed(&m), size < WHOLE);
		CHECK_EQ(memcmp(buf, whole, m.count), 0);
		for (size_t i = m.count; i < sizeof(buf); i++)
			CHECK_EQ(buf[i], '#');
	}
}
