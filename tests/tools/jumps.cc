/* SPDX-License-Identifier: MIT */
/*
 * A right program that takes the addresses of functions. At an address of its
 * own, it has the jump to each under the function's name, for everybody.
 */
#include <cstdio>
#include <cstdlib>
#include <string>

static void (*volatile release)(void *);
static void *(*volatile take)(size_t);

int main()
{
	std::string *volatile text = new std::string(100, 'x');
	int *volatile numbers = new int[5];

	release = free;
	take = malloc;
	delete text;
	delete[] numbers;
	release(take(10));
	puts("right");
	return 0;
}
