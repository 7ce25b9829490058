/* SPDX-License-Identifier: MIT */
/* Reports that fit and reports that do not. */
#include <stdio.h>
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

TEST(numbers_set_to_the_right)
{
	static const unsigned long values[] = { 0,	     7,	  10,
						99999999,    100, 12345,
						4294967295ul };
	char buf[64], expected[64];

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		for (unsigned int width = 0; width <= 20; width++) {
			struct seq_file m = { .buf = buf, .size = sizeof(buf) };
			int len = snprintf(expected, sizeof(expected),
					   "a: %*lu", (int)width, values[i]);

			seq_put_decimal_ul_width(&m, "a: ", values[i], width);
			CHECK_EQ(m.count, len);
			CHECK_EQ(memcmp(buf, expected, (size_t)len), 0);
		}
}

TEST(hexadecimal_numbers)
{
	static const unsigned long long values[] = {
		0,	    7,		 0xabc,		0x12345678,
		0xffffffff, 0x100000000, 0x123456789ab, ~0ull
	};
	char buf[64], expected[64];

	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		for (unsigned int width = 1; width <= 16; width++) {
			struct seq_file m = { .buf = buf, .size = sizeof(buf) };
			int len = snprintf(expected, sizeof(expected),
					   "-%0*llx", (int)width, values[i]);

			seq_put_hex_ll(&m, "-", values[i], width);
			CHECK_EQ(m.count, len);
			CHECK_EQ(memcmp(buf, expected, (size_t)len), 0);
		}
}
