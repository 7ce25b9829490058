/* SPDX-License-Identifier: MIT */
/*
 * Two threads change one object on the heap, without a lock.
 *
 * Both have its address from the one that started them. The line that changes
 * the object does not show that it is shared.
 * Seen by: ashlar check --races
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
		a.cents += 10; /* wrong: data-race, data race */
}

int main()
{
	auto mine = std::make_unique<account>();
	std::thread one(pay_in, std::ref(*mine));
	std::thread other(pay_in, std::ref(*mine));

	one.join();
	other.join();
	return 0;
}
