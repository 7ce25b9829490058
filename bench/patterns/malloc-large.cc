/* SPDX-License-Identifier: MIT */
/*
 * malloc-large: a few large buffers, replaced at random.
 *
 * Twenty buffers of 5 to 25 MiB live at a time; each new one is filled
 * with zeros. What is measured is how large memory is kept or given back.
 */
#include <memory>

#include "bench.h"

enum { BUFFERS = 20 };

int main(int argc, char **argv)
{
	static const size_t mib = 1 << 20;
	std::unique_ptr<char[]> buffer[BUFFERS];
	long steps = bench_scaled(argc, argv, 150);
	uint64_t seed = 3, sum = 0;

	for (long i = 0; i < steps; i++) {
		size_t at = bench_between(&seed, 0, BUFFERS - 1);
		size_t size = bench_between(&seed, 5 * mib, 25 * mib);

		buffer[at] = std::make_unique<char[]>(size);
		buffer[at][size - 1] = 1;
		sum += size;
	}
	printf("checksum %llu\n", static_cast<unsigned long long>(sum));
	return 0;
}
