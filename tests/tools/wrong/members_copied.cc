/* SPDX-License-Identifier: MIT */
/* The compiler copies a pointer; both copies free what it points at. */
#include <cstring>

class name
{
	char *text;

      public:
	explicit name(const char *s) : text(new char[strlen(s) + 1])
	{
		strcpy(text, s);
	}
	~name()
	{
		delete[] text; /* wrong: double-free */
	}
};

int main()
{
	name one("one");
	name other = one;

	return 0;
}
