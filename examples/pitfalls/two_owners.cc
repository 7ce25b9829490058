/* SPDX-License-Identifier: MIT */
/*
 * Two shared_ptr are made of one plain pointer: each has a count of its own.
 *
 * A function takes a plain pointer and keeps it in a shared_ptr, as its caller
 * already does.
 */
#include <memory>

struct session {
	int user;
};

int main()
{
	auto *made = new session{ 7 };
	std::shared_ptr<session> list(made);
	std::shared_ptr<session> current(made); /* cause: counts anew */

	current->user = 8;
	return 0;
} /* wrong: double-free */
