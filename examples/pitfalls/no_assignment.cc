/* SPDX-License-Identifier: MIT */
/*
 * A class that owns a block has a copy constructor, but no assignment.
 *
 * `b = a` copies the pointer: what b owned is lost, and a's block has two
 * owners.
 */
#include <cstring>

class text
{
	char *bytes;

      public:
	explicit text(const char *from)
	{
		bytes = new char[strlen(from) + 1]; /* wrong: memory-leak */
		strcpy(bytes, from);
	}
	text(const text &from) : text(from.bytes)
	{
	}
	~text()
	{
		delete[] bytes; /* wrong: double-free */
	}
};

int main()
{
	text a("Emma"), b("Persuasion");

	b = a; /* cause: now one block has two owners */
	return 0;
}
