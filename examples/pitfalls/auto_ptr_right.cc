/* SPDX-License-Identifier: MIT */
/* A unique_ptr cannot be copied; std::move says where the object goes. */
#include <memory>

struct account {
	int cents;
};

static int worth(const account &a)
{
	return a.cents;
}

static int close(std::unique_ptr<account> a)
{
	return a->cents;
}

int main()
{
	auto mine = std::make_unique<account>();

	mine->cents = 100;
	worth(*mine);
	mine->cents = 200;
	return close(std::move(mine)) == 200 && !mine ? 0 : 1;
}
