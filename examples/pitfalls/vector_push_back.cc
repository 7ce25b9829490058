/* SPDX-License-Identifier: MIT */
/*
 * The address of an element is kept, and the vector grows.
 *
 * A vector that is full moves its elements to a larger block. It works as long
 * as there happens to be room.
 * Seen by: ashlar check --guard=right
 */
#include <vector>

int main()
{
	std::vector<int> scores = { 10, 20, 30 };
	int &best = scores[2];

	scores.push_back(40);
	best = 35; /* wrong: heap-use-after-free */
	return 0;
}
