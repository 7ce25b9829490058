// SPDX-License-Identifier: MIT
/* The containers of the standard library, shared and handed over by threads. */
#include <algorithm>
#include <deque>
#include <functional>
#include <future>
#include <iostream>
#include <list>
#include <map>
#include <memory>
#include <memory_resource>
#include <mutex>
#include <numeric>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

using text = std::string;

struct alignas(128) wide {
	char bytes[256];
};

struct node {
	std::unique_ptr<node> left, right;
	int key;
};

static void insert(std::unique_ptr<node> &at, int key)
{
	if (!at)
		at = std::make_unique<node>(node{ nullptr, nullptr, key });
	else
		insert(key < at->key ? at->left : at->right, key);
}

static long sum(const std::unique_ptr<node> &at)
{
	return at ? at->key + sum(at->left) + sum(at->right) : 0;
}

template <int N> struct power {
	static constexpr unsigned long value = 3 * power<N - 1>::value;
};
template <> struct power<0> {
	static constexpr unsigned long value = 1;
};

static size_t strings(int seed)
{
	std::map<text, std::vector<text>> index;
	std::unordered_map<text, std::list<int>> places;
	size_t total = 0;

	for (int i = 0; i < 20000; i++) {
		text key = std::to_string((i * 7919L + seed) % 1009);

		index[key].push_back(key + text(i % 97, 'x'));
		places[key].push_front(i);
	}
	for (auto &[key, list] : index) {
		std::sort(list.begin(), list.end(), std::greater<>());
		total += list.front().size() * places[key].size();
	}
	return total;
}

static int throwing(int n)
{
	int caught = 0;

	for (int i = 0; i < n; i++) {
		try {
			throw std::runtime_error("number " + std::to_string(i));
		} catch (const std::exception &e) {
			caught += text(e.what()).size();
		}
	}
	return caught;
}

static long handed_over()
{
	std::deque<std::shared_ptr<std::vector<int>>> queue;
	std::mutex lock;
	bool done = false;
	long total = 0;

	std::thread consumer([&] {
		for (;;) {
			std::unique_lock hold(lock);

			if (queue.empty() && done)
				return;
			if (queue.empty()) {
				hold.unlock();
				std::this_thread::yield();
				continue;
			}
			auto piece = queue.front();
			queue.pop_front();
			hold.unlock();
			total += std::accumulate(piece->begin(), piece->end(),
						 0L);
		}
	});
	for (int i = 0; i < 20000; i++) {
		auto piece = std::make_shared<std::vector<int>>(i % 200, i);
		std::lock_guard hold(lock);

		queue.push_back(piece);
	}
	{
		std::lock_guard hold(lock);

		done = true;
	}
	consumer.join();
	return total;
}

int main()
{
	std::vector<std::future<size_t>> jobs;
	std::unique_ptr<node> tree;
	std::vector<std::unique_ptr<wide>> aligned;
	std::pmr::unsynchronized_pool_resource pool;
	std::pmr::set<int> pooled(&pool);
	std::ostringstream out;
	int crooked = 0;

	for (int i = 0; i < 8; i++)
		jobs.push_back(std::async(std::launch::async, strings, i));
	for (auto &job : jobs)
		std::cout << job.get() << ' ';
	std::cout << '\n' << handed_over() << ' ' << throwing(5000) << '\n';

	for (long i = 0; i < 50000; i++)
		insert(tree, i * 7919 % 50021);
	std::cout << sum(tree) << ' ' << power<30>::value << '\n';

	for (int i = 0; i < 1000; i++) {
		aligned.push_back(std::make_unique<wide>());
		crooked += (reinterpret_cast<uintptr_t>(aligned.back().get()) &
			    127) != 0;
		pooled.insert(i * 37 % 1009);
	}
	std::cout << crooked << " crooked, " << pooled.size() << " pooled\n";

	for (int i = 0; i < 2000; i++)
		out << "key" << i << '=' << i * i << ';';
	const text all = out.str();
	const std::regex pair("key(\\d+)=(\\d*7);");
	std::cout << std::distance(std::sregex_iterator(all.begin(), all.end(),
							pair),
				   std::sregex_iterator())
		  << " end in 7\n";
	return 0;
}
