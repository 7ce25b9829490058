/* SPDX-License-Identifier: MIT */
/*
 * As much of KUnit as Linux's tests of its allocator use: their suites are
 * run by ../../runner.c, inside the kernel.
 *
 *   suite ─► init ─► case ─► exit     a failed KUNIT_EXPECT goes on,
 *             │                       a failed KUNIT_ASSERT and kunit_skip()
 *             └ again for each case   end the case
 *
 * A test leaves the address of its counters under a name, and what counts
 * looks for the name (kunit_find_named).
 */
#ifndef ASHLAR_KUNIT_TEST_H
#define ASHLAR_KUNIT_TEST_H

#include <linux_shim.h>

#define KUNIT_SUBTEST_INDENT "    "

struct kunit {
	const char *name;
	void *priv;
};

struct kunit_case {
	void (*run_case)(struct kunit *test);
	const char *name;
};

struct kunit_suite {
	const char name[64];
	int (*init)(struct kunit *test);
	void (*exit)(struct kunit *test);
	struct kunit_case *test_cases;
};

struct kunit_resource {
	const char *name;
	void *data;
};

#define KUNIT_CASE(fn)                      \
	{                                   \
		.run_case = fn, .name = #fn \
	}

#define kunit_test_suite(suite)                                          \
	static const struct kunit_suite *const kunit_registered          \
		__attribute__((__section__("kunit_suites"), __used__)) = \
			&(suite)

int kunit_add_named_resource(struct kunit *test,
			     int (*init)(struct kunit_resource *r, void *arg),
			     void (*release)(struct kunit_resource *r),
			     struct kunit_resource *r, const char *name,
			     void *data);

void kunit_failed(const char *file, int line, const char *what, bool ends);
void kunit_skip_case(const char *why) __attribute__((noreturn));

/* Texts are for people: the shim prints where it was, and the expression. */
#define KUNIT_CHECK(cond, text, ends)                                 \
	do {                                                          \
		if (!(cond))                                          \
			kunit_failed(__FILE__, __LINE__, text, ends); \
	} while (0)

#define KUNIT_EXPECT_OP(a, op, b) \
	KUNIT_CHECK((a)op(b), #a " " #op " " #b, false)
#define KUNIT_ASSERT_OP(a, op, b) KUNIT_CHECK((a)op(b), #a " " #op " " #b, true)
#define KUNIT_IS_BAD(p) (!(p) || (unsigned long)(p) >= -4095ul)

#define KUNIT_EXPECT_EQ(test, a, b) KUNIT_EXPECT_OP(a, ==, b)
#define KUNIT_EXPECT_NE(test, a, b) KUNIT_EXPECT_OP(a, !=, b)
#define KUNIT_EXPECT_GE(test, a, b) KUNIT_EXPECT_OP(a, >=, b)
#define KUNIT_EXPECT_LE(test, a, b) KUNIT_EXPECT_OP(a, <=, b)
#define KUNIT_EXPECT_LT(test, a, b) KUNIT_EXPECT_OP(a, <, b)
#define KUNIT_EXPECT_PTR_EQ(test, a, b) KUNIT_EXPECT_OP(a, ==, b)
#define KUNIT_EXPECT_PTR_NE(test, a, b) KUNIT_EXPECT_OP(a, !=, b)
#define KUNIT_EXPECT_TRUE(test, cond) KUNIT_CHECK(cond, #cond, false)
#define KUNIT_EXPECT_FALSE(test, cond) KUNIT_CHECK(!(cond), "!" #cond, false)
#define KUNIT_ASSERT_GE(test, a, b) KUNIT_ASSERT_OP(a, >=, b)
#define KUNIT_ASSERT_LT(test, a, b) KUNIT_ASSERT_OP(a, <, b)
#define KUNIT_ASSERT_TRUE(test, cond) KUNIT_CHECK(cond, #cond, true)
#define KUNIT_ASSERT_NULL(test, p) KUNIT_CHECK(!(p), #p " is NULL", true)
#define KUNIT_ASSERT_NOT_ERR_OR_NULL(test, p) \
	KUNIT_CHECK(!KUNIT_IS_BAD(p), #p " is a pointer", true)
#define KUNIT_FAIL(test, text, ...) \
	kunit_failed(__FILE__, __LINE__, text, false)

#define kunit_skip(test, why) kunit_skip_case(why)
#define kunit_err(test, text, ...) kunit_failed(__FILE__, __LINE__, text, false)

#endif
