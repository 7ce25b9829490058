/* SPDX-License-Identifier: MIT */
/*
 * A class that owns a block has a destructor, but no copy constructor.
 *
 * The compiler's own copies the pointer. Nobody wrote a copy: the object was
 * passed by value.
 */
#include <cstdio>
#include <cstring>

class text
{
	char *bytes;

      public:
	explicit text(const char *from)
	{
		bytes = new char[strlen(from) + 1];
		strcpy(bytes, from);
	}
	~text()
	{
		delete[] bytes; /* wrong: double-free */
	}
	const char *get() const
	{
		return bytes;
	}
};

static void show(text t) /* cause: a copy */
{
	puts(t.get());
}

int main()
{
	text title("Emma");

	show(title);
	return 0;
}
