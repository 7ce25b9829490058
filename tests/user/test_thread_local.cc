/* SPDX-License-Identifier: MIT */
/*
 * C++ threads: thread_local objects whose constructors and destructors
 * allocate, also ones first touched in another's destructor; async; shared
 * ownership across threads; statics destroyed after main.
 */
#include "check.h"
#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

static std::atomic<int> alive, ended;

struct late {
	std::vector<std::string> words;
	late() : words(20, "first touched while the thread ends") { alive++; }
	~late()
	{
		words.emplace_back(5000, 'x');
		alive--;
	}
};

static thread_local late touched_late;

struct eager {
	std::map<int, std::string> map;
	std::unique_ptr<char[]> large{ new char[200000] };
	eager() { alive++; }
	~eager()
	{
		for (int i = 0; i < 100; i++)
			map[i * 3] = std::string(i * 7, 'y');
		touched_late.words.push_back("from a destructor");
		large.reset(new char[300000]);
		alive--;
		ended++;
	}
};

static thread_local eager touched_first;

static void use_thread_locals(int i)
{
	touched_first.map[i] = std::to_string(i);
	touched_first.large[199999] = 1;
}

static void check_thread_locals()
{
	for (int round = 0; round < 60; round++) {
		std::vector<std::thread> threads;

		for (int i = 0; i < 8; i++)
			threads.emplace_back(use_thread_locals, i);
		for (auto &t : threads)
			t.join();
	}
	check(ended == 480 && alive == 0, "destructors",
	      "%d of 480 ran, %d objects left", ended.load(), alive.load());
}

static void check_async()
{
	size_t sum = 0;

	for (int i = 0; i < 300; i++) {
		auto text = std::make_shared<std::string>(i, 'z');
		auto future = std::async(std::launch::async, [text, i] {
			return std::string(*text) + std::to_string(i);
		});

		text.reset();
		sum += future.get().size();
	}
	check(sum == 300 * 299 / 2 + 10 + 180 + 600, "async", "sum %zu", sum);
}

// Two threads, one makes and the other one ends the objects.
static void check_hand_over()
{
	std::deque<std::unique_ptr<std::vector<int>>> queue;
	std::condition_variable changed;
	std::mutex lock;
	long sum = 0;

	std::thread consumer([&] {
		for (int i = 0; i < 50000; i++) {
			std::unique_lock<std::mutex> held(lock);

			changed.wait(held, [&] { return !queue.empty(); });
			auto v = std::move(queue.front());
			queue.pop_front();
			held.unlock();
			changed.notify_one();
			sum += v->back();
		}
	});
	for (int i = 0; i < 50000; i++) {
		auto v = std::make_unique<std::vector<int>>(i % 200 + 1, i);
		std::unique_lock<std::mutex> held(lock);

		changed.wait(held, [&] { return queue.size() < 500; });
		queue.push_back(std::move(v));
		held.unlock();
		changed.notify_one();
	}
	consumer.join();
	check(sum == 25000L * 49999, "hand-over", "sum %ld", sum);
}

// Exceptions are allocated by one thread and may end in another.
static void check_exceptions()
{
	int caught = 0;

	for (int i = 0; i < 200; i++) {
		std::exception_ptr e;

		std::thread([&] {
			try {
				throw std::string(i * 10, 'e');
			} catch (...) {
				e = std::current_exception();
			}
		}).join();
		try {
			std::rethrow_exception(e);
		} catch (const std::string &s) {
			caught += s.size() == (size_t)i * 10;
		}
	}
	check(caught == 200, "exceptions", "%d of 200", caught);
}

// Its destructor runs after main, and allocates.
struct at_end {
	std::string s = std::string(1000, 's');
	~at_end()
	{
		s += std::string(100000, 't');
		if (s.size() != 101000)
			_exit(41);
	}
};

static at_end static_object;

int main(int argc, char **)
{
	int status;

	begin("thread_local");
	if (argc > 1) {
		use_thread_locals(1);
		std::thread(use_thread_locals, 2).detach();
		exit(0);
	}
	check_thread_locals();
	check_async();
	check_hand_over();
	check_exceptions();
	for (int i = 0; i < 20; i++) {
		status = in_fresh("exit", nullptr, nullptr, 10);
		if (!exited_well(status))
			break;
	}
	check(exited_well(status), "exit", "%s", ending(status));
	return finish();
}
