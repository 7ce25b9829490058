/* SPDX-License-Identifier: MIT */
/* What kmalloc() gives for each size, and what is lost inside. */
#include <stdio.h>
#include <stdlib.h>
#include <ashlar/slab.h>

int main(int argc, char **argv)
{
	int i;

	puts("  asked    given     lost");
	for (i = 1; i < argc; i++) {
		size_t n = (size_t)atol(argv[i]), got;
		void *p = kmalloc(n, GFP_KERNEL);

		if (!p)
			return 1;
		got = ksize(p);
		printf("%7zu  %7zu  %7zu  (%zu %%)\n", n, got, got - n,
		       (got - n) * 100 / got);
		kfree(p);
	}
	return 0;
}
