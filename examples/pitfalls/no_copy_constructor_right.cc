/* SPDX-License-Identifier: MIT */
/* The owner of the block is a unique_ptr, and a copy has to be asked for. */
#include <cstdio>
#include <cstring>
#include <memory>

class text
{
	std::unique_ptr<char[]> bytes;

      public:
	explicit text(const char *from) : bytes(new char[strlen(from) + 1])
	{
		strcpy(bytes.get(), from);
	}
	text(const text &from) : text(from.get())
	{
	}
	const char *get() const
	{
		return bytes.get();
	}
};

static void show(const text &t)
{
	puts(t.get());
}

int main()
{
	text title("Emma"), copy(title);

	show(title);
	show(copy);
	return 0;
}
