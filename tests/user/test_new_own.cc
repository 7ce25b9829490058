/* SPDX-License-Identifier: MIT */
/*
 * A program that replaces only operator new(size_t) and operator
 * delete(void *), as many do.  By [new.delete] every other plain form is to
 * end in these two: a sized delete, an array or a nothrow form that goes
 * straight to the allocator would free what it never gave.
 */
// Without the sized form: that is what is tried here.
#pragma GCC diagnostic ignored "-Wsized-deallocation"
#include "check.h"
#include <memory>
#include <new>
#include <string>
#include <vector>

static const size_t HEAD = 64;
static const size_t MAGIC = (size_t)0x0fedcba987654321;
static long news, deletes, strangers;

void *operator new(size_t n)
{
	char *p = static_cast<char *>(malloc(n + HEAD));

	if (!p)
		throw std::bad_alloc();
	memcpy(p, &MAGIC, sizeof(MAGIC));
	news++;
	return p + HEAD;
}

void operator delete(void *p) noexcept
{
	char *block = static_cast<char *>(p) - HEAD;

	if (!p)
		return;
	if (memcmp(block, &MAGIC, sizeof(MAGIC))) {
		strangers++;
		return;
	}
	memset(block, 0, HEAD);
	free(block);
	deletes++;
}

// Has one new and one delete been counted since, and nothing strange?
static bool counted(long n)
{
	bool good = news == n && deletes == n && !strangers;

	news = deletes = strangers = 0;
	return good;
}

struct object {
	int values[25];
	object() { values[24] = 1; }
	~object() { values[24] = 0; }
};

static void check_forms()
{
	static object *volatile one;
	static char *volatile text;

	one = new object;
	delete one;
	check(counted(1), "new", "bypassed");
	one = new object[20];
	delete[] one;
	check(counted(1), "array", "bypassed");
	one = new (std::nothrow) object;
	delete one;
	check(counted(1), "nothrow", "bypassed");
	one = new (std::nothrow) object[3];
	delete[] one;
	check(counted(1), "array-nothrow", "bypassed");
	::operator delete(::operator new(40), 40);
	check(counted(1), "sized", "bypassed");
	::operator delete[](::operator new[](40), 40);
	check(counted(1), "array-sized", "bypassed");
	::operator delete(::operator new(40), std::nothrow);
	::operator delete[](::operator new[](40), std::nothrow);
	check(counted(2), "delete-nothrow", "bypassed");
	text = new char[10];
	delete[] text;
	check(counted(1), "characters", "bypassed");
}

// libstdc++.so's own templates and its compiled parts.
static void check_library()
{
	news = deletes = 0;
	{
		std::vector<std::string> words(100, "longer than the short");
		auto shared = std::make_shared<std::string>(300, 's');

		words.push_back(*shared);
		words[3].append(5000, 'x');
	}
	check(news > 100 && news == deletes && !strangers, "library",
	      "%ld news, %ld deletes, %ld strangers", news, deletes,
	      strangers);
}

int main()
{
	begin("new_own");
	check_forms();
	check_library();
	return finish();
}
