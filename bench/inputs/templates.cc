/* SPDX-License-Identifier: MIT */
/*
 * Work for the C++ compiler: standard headers, and containers of ever new
 * types. SCALE is the work in percent.
 */
#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

template <int N> struct item {
	std::string name;
	int value[N % 5 + 1];

	bool operator<(const item &other) const { return name < other.name; }
};

template <int N> int exercise(int seed)
{
	std::vector<item<N>> list;
	std::map<std::string, std::shared_ptr<item<N>>> index;
	std::unordered_map<int, std::function<int(const item<N> &)>> visit;

	for (int i = 0; i < seed; i++) {
		list.push_back({ std::to_string(i * N), {} });
		index[list.back().name] =
			std::make_shared<item<N>>(list.back());
		visit[i] = [i](const item<N> &it) {
			return it.value[0] + i;
		};
	}
	std::sort(list.begin(), list.end());
	return visit[0](list.front()) + static_cast<int>(index.size());
}

template <int N> struct series {
	static int run(int seed)
	{
		return exercise<N>(seed) + series<N - 1>::run(seed);
	}
};

template <> struct series<0> {
	static int run(int) { return 0; }
};

int all(int seed)
{
	return series<SCALE / 25>::run(seed);
}
