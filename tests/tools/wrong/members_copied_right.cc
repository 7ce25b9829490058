/* SPDX-License-Identifier: MIT */
/* Members that copy themselves rightly leave nothing to write. */
#include <string>

class name
{
	std::string text;

      public:
	explicit name(const char *s) : text(s)
	{
	}
};

int main()
{
	name one("one");
	name other = one;

	return 0;
}
