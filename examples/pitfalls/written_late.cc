/* SPDX-License-Identifier: MIT */
/*
 * A list forgets an element, and a reference to it does not.
 *
 * The freed node waits in quarantine, and is looked at when it leaves, at the
 * latest when the program ends; the report names the release.
 */
#include <list>

int main()
{
	std::list<int> numbers{ 1, 2, 3 };
	int &first = numbers.front();

	numbers.pop_front(); /* wrong: heap-use-after-free */
	first = 4;
	return 0;
}
