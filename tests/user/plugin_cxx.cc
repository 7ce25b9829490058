/* SPDX-License-Identifier: MIT */
// A C++ library for test_dlopen.c: statics and thread_locals that allocate.
#include <map>
#include <string>
#include <thread>
#include <vector>

static std::map<int, std::string> names;
static thread_local std::vector<std::string> own;

static struct filler {
	filler()
	{
		for (int i = 0; i < 200; i++)
			names[i] = std::string(i, 'n');
	}
	~filler()
	{
		names.clear();
		names[1] = std::string(100000, 'm');
	}
} filler;

extern "C" int plugin_cxx_use(void)
{
	size_t sum = 0;

	std::thread([&] {
		own.assign(50, std::string(300, 'o'));
		for (const auto &name : names)
			sum += name.second.size();
	}).join();
	try {
		throw std::string("thrown inside a plugin");
	} catch (const std::string &s) {
		sum += s.size();
	}
	return sum == 199 * 200 / 2 + 22;
}
