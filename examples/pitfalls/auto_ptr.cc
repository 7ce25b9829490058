/* SPDX-License-Identifier: MIT */
/*
 * A copy of an auto_ptr takes the object away from the original.
 *
 * It looks like passing by value. C++11 deprecates auto_ptr, C++17 has it no
 * more, and old programs are full of it.
 * Build: -std=c++03
 */
#include <memory>

struct account {
	int cents;
};

static int worth(std::auto_ptr<account> a)
{
	return a->cents;
}

int main()
{
	std::auto_ptr<account> mine(new account);

	mine->cents = 100;
	worth(mine); /* cause: now mine is null */
	mine->cents = 200; /* wrong: SEGV */
	return 0;
}
