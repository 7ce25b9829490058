/* SPDX-License-Identifier: MIT */
/* What C shall free is made by malloc(); what is made by new is deleted. */
#include <cstdlib>
#include <memory>

struct point {
	int x, y;
};

int main()
{
	auto mine = std::make_unique<point>(point{ 1, 2 });
	auto *theirs = static_cast<point *>(malloc(sizeof(point)));

	if (theirs)
		*theirs = *mine;
	free(theirs);
	return 0;
}
