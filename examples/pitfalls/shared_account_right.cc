/* SPDX-License-Identifier: MIT */
/* The lock lies beside what it guards; lock_guard holds it to the block's end. */
#include <memory>
#include <mutex>
#include <thread>

struct account {
	std::mutex lock;
	long cents = 0; /* under lock */
};

static void pay_in(account &a)
{
	for (int i = 0; i < 1000; i++) {
		std::lock_guard<std::mutex> guard(a.lock);

		a.cents += 10;
	}
}

int main()
{
	auto mine = std::make_unique<account>();
	std::thread one(pay_in, std::ref(*mine));
	std::thread other(pay_in, std::ref(*mine));

	one.join();
	other.join();
	return mine->cents == 20000 ? 0 : 1;
}
