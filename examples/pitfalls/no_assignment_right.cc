/* SPDX-License-Identifier: MIT */
/* One assignment for all cases: it takes a copy, and swaps with it. */
#include <cstring>
#include <utility>

class text
{
	char *bytes;

      public:
	explicit text(const char *from)
		: bytes(strcpy(new char[strlen(from) + 1], from))
	{
	}
	text(const text &from) : text(from.bytes)
	{
	}
	text &operator=(text from)
	{
		std::swap(bytes, from.bytes);
		return *this;
	}
	~text()
	{
		delete[] bytes;
	}
};

int main()
{
	text a("Emma"), b("Persuasion");

	b = a;
	a = text("Mansfield Park");
	return 0;
}
