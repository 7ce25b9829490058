/* SPDX-License-Identifier: MIT */
/*
 * An iterator is used after an insert() into its vector.
 *
 * The elements may have moved to a larger block; the iterator has not.
 * Seen by: ashlar check --guard=right
 */
#include <vector>

int main()
{
	std::vector<int> v = { 1, 2, 3, 4 };
	auto it = v.begin();

	v.insert(it, 0);
	*it = 9; /* wrong: heap-use-after-free */
	return 0;
}
