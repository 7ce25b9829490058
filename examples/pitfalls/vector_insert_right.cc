/* SPDX-License-Identifier: MIT */
/* insert() says where the new element is; a map's elements never move. */
#include <string>
#include <unordered_map>
#include <vector>

int main()
{
	std::vector<int> v = { 1, 2, 3, 4 };
	auto it = v.begin();
	std::unordered_map<std::string, int> map = { { "one", 1 } };
	int &one = map["one"];

	it = v.insert(it, 0);
	*it = 9;
	for (int i = 0; i < 100; i++)
		map[std::to_string(i)] = i;
	one = 11;
	return v[0] == 9 && map["one"] == 11 ? 0 : 1;
}
