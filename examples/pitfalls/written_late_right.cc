/* SPDX-License-Identifier: MIT */
/* A copy of the value stays when the element goes. */
#include <list>

int main()
{
	std::list<int> numbers{ 1, 2, 3 };
	int first = numbers.front();

	numbers.pop_front();
	first = 4;
	numbers.push_back(first);
	return 0;
}
