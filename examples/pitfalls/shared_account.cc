/* SPDX-License-Identifier: MIT */
/*
 * Two threads change one object on the heap, without a lock.
 *
 * A pointer to it was handed to a thread; it is not to be seen in the line that
 * changes the object.
 * Seen by: g++ -fsanitize=thread
 */
#include <memory>
#include <thread>

struct account {
	long cents = 0;
};

static void pay_in(account &a)
{
	for (int i = 0; i < 1000; i++)
		a.cents += 10; /* wrong: data race */
}

int main()
{
	auto mine = std::make_unique<account>();
	std::thread other(pay_in, std::ref(*mine));

	pay_in(*mine);
	other.join();
	return 0;
}
