/* SPDX-License-Identifier: MIT */
/* The string has a name, and lives as long as the pointer to it. */
#include <cstdio>
#include <string>

int main()
{
	std::string folder = "/var/lib/accounts/2026/november";
	const std::string path = folder + "/invoice.txt";

	puts(path.c_str());
	return 0;
}
