/* SPDX-License-Identifier: MIT */
/* What owns it knows how it was made. */
#include <memory>
#include <string>

int main()
{
	auto name = std::make_unique<std::string>("a name that is too long");

	return name->empty();
}
