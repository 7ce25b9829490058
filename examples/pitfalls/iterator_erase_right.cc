/* SPDX-License-Identifier: MIT */
/* The iterator that erase() returns is the one to go on from. */
#include <list>

int main()
{
	std::list<int> list = { 1, 2, 3 };

	for (auto it = list.begin(); it != list.end();) {
		if (*it == 2)
			it = list.erase(it);
		else
			++it;
	}
	return list.size() == 2 ? 0 : 1;
}
