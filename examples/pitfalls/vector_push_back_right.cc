/* SPDX-License-Identifier: MIT */
/* Nodes of a forward_list stay where they are; so do a vector's indices. */
#include <forward_list>
#include <vector>

int main()
{
	std::forward_list<int> list = { 10, 20, 30 };
	int &first = list.front();
	std::vector<int> scores = { 10, 20, 30 };
	const std::size_t best = 2;

	list.push_front(5);
	first = 15;
	scores.push_back(40);
	scores[best] = 35;
	return 0;
}
