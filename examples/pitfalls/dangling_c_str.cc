/* SPDX-License-Identifier: MIT */
/*
 * A pointer to the characters of a temporary string is kept.
 *
 * The sum of two strings lives until the end of its line. Short strings lie in
 * the object and not in a block: with them it goes unnoticed.
 */
#include <cstdio>
#include <string>

int main()
{
	std::string folder = "/var/lib/accounts/2026/november";
	const char *path = (folder + "/invoice.txt").c_str();

	puts(path); /* wrong: heap-use-after-free */
	return 0;
}
