/* SPDX-License-Identifier: MIT */
/*
 * An element is erased in a loop, and the loop goes on from it.
 *
 * ++ reads the link in the node that is gone. It works as long as the freed node
 * keeps its bytes.
 * Seen by: ashlar check --guard=right
 */
#include <list>

int main()
{
	std::list<int> list = { 1, 2, 3 };
	auto it = list.begin();

	while (it != list.end()) {
		if (*it == 2) /* again: SEGV */
			list.erase(it);
		++it; /* wrong: heap-use-after-free */
	}
	return 0;
}
