/* SPDX-License-Identifier: MIT */
/* Option lines, good and bad. */
#include <stdio.h>
#include <string.h>

#include <ashlar/cmdline.h>
#include <ashlar/errno.h>
#include "../harness.h"

static char seen[512], said[2048], unknown[512];

static int set_a(const char *value)
{
	strcat(strcat(seen, "a="), value);
	strcat(seen, ";");
	return strcmp(value, "bad") ? 0 : -EINVAL;
}

static int set_b(const char *value)
{
	strcat(strcat(seen, "b="), value);
	strcat(seen, ";");
	return 0;
}

static const struct cmdline_option options[] = {
	{ "a", "the first", set_a },
	{ "beta", "the second", set_b },
};

static void say(const char *line)
{
	strcat(strcat(said, line), "\n");
}

static void not_known(const char *key)
{
	strcat(strcat(unknown, key), ";");
}

static int parse(const char *line)
{
	static const struct cmdline_sink sink = { say, not_known };

	seen[0] = said[0] = unknown[0] = '\0';
	return cmdline_parse(line, options, ARRAY_SIZE(options), &sink);
}

TEST(pairs_are_separated_by_spaces_and_colons)
{
	CHECK_EQ(parse("a=1 beta=two:a=3  :\t beta=4\n"), 0);
	CHECK_EQ(strcmp(seen, "a=1;b=two;a=3;b=4;"), 0);
	CHECK_EQ(parse(""), 0);
	CHECK_EQ(parse(" :: "), 0);
	CHECK_EQ(strcmp(seen, ""), 0);
}

TEST(a_key_alone_means_one)
{
	CHECK_EQ(parse("a beta= a==2"), 0);
	CHECK_EQ(strcmp(seen, "a=1;b=;a==2;"), 0);
}

TEST(unknown_keys_are_named_and_passed_over)
{
	CHECK_EQ(parse("gamma=1 a=2 root=/dev/sda bet=1"), 3);
	CHECK_EQ(strcmp(unknown, "gamma;root;bet;"), 0);
	CHECK_EQ(strcmp(seen, "a=2;"), 0);
	CHECK_EQ(said[0], 0);
}

TEST(values_that_are_not_understood_are_named)
{
	CHECK_EQ(parse("a=bad:a=good"), 1);
	CHECK(strstr(said, "a: cannot use 'bad'"));
	CHECK(strstr(seen, "a=good;"));
}

TEST(control_bytes_are_shown_and_not_sent)
{
	CHECK_EQ(parse("a=x\033]0;bad\x7f \033[2J=1"), 1);
	CHECK_EQ(strcmp(seen, "a=x\033]0;bad\x7f;"), 0);
	CHECK_EQ(strcmp(unknown, "\\x1b[2J;"), 0);
	CHECK_EQ(parse("a=bad\001"), 0);
	CHECK_EQ(parse("\x9b\x9b\x9b\x9b\x9b\x9b\x9b\x9b\x9b\x9b\x9b\x9b"
		       "\x9b\x9b\x9b\x9b\x9b\x9b\x9b\x9b\x9b\x9b\x9b\x9b"
		       "\x9b\x9b\x9b\x9b\x9b\x9b\x9b\x9b\x9b"),
		 1);
	CHECK(strstr(said, "\\x9b\\x9b") && strstr(said, "...: too long"));
}

TEST(help_lists_what_is_known)
{
	CHECK_EQ(parse("help=1"), 0);
	CHECK(strstr(said, "help"));
	CHECK(strstr(said, "the first"));
	CHECK(strstr(said, "beta"));
	CHECK(strstr(said, "the second"));
}

TEST(help_that_is_not_wanted_is_silent)
{
	CHECK_EQ(parse("help=0"), 0);
	CHECK_EQ(said[0], 0);
}

TEST(pairs_that_are_too_long_do_no_harm)
{
	char line[1000];

	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	memcpy(line, "a=", 2);
	memcpy(line + 900, " beta=7", 7);
	line[907] = '\0';
	CHECK_EQ(parse(line), 1);
	CHECK_EQ(strcmp(seen, "b=7;"), 0);
	memset(line, 'x', 900);
	CHECK_EQ(parse(line), 1);
	CHECK_EQ(strcmp(seen, "b=7;"), 0);
	CHECK(strstr(said, "too long"));
}

TEST(a_line_may_be_parsed_in_silence)
{
	static const struct cmdline_sink none;

	seen[0] = '\0';
	CHECK_EQ(cmdline_parse("help=1 a=bad nothing=1", options,
			       ARRAY_SIZE(options), &none),
		 2);
}

static bool number(const char *text, unsigned long *n, const char **end)
{
	*end = text;
	*n = 77;
	return cmdline_number(end, n);
}

TEST(numbers_and_their_suffixes)
{
	unsigned long n;
	const char *end;

	CHECK(number("0", &n, &end) && n == 0 && !*end);
	CHECK(number("123,4", &n, &end) && n == 123 && *end == ',');
	CHECK(number("4k", &n, &end) && n == 4096 && !*end);
	CHECK(number("3M!", &n, &end) && n == 3 << 20 && *end == '!');
	CHECK(number("2g", &n, &end) && n == 2ul << 30);
	CHECK(number(sizeof(n) == 8 ? "18446744073709551615" : "4294967295", &n,
		     &end) &&
	      n == ~0ul);
}

TEST(numbers_that_are_none)
{
	static const char *const bad[] = { "",
					   "x",
					   "-1",
					   " 1",
					   "18446744073709551616",
					   "99999999999999999999",
					   "17179869184G" };
	unsigned long n;
	const char *end;

	for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
		CHECK(!number(bad[i], &n, &end));
		CHECK_EQ(n, 77);
		CHECK(end == bad[i]);
	}
}
