/* SPDX-License-Identifier: MIT */
/* What owns its memory is a type of its own; an array needs none. */
#include <memory>

struct point {
	int x, y;
};

int main()
{
	static point corners[4];
	auto own = std::make_unique<point>();

	corners[0].x = 1;
	own->x = corners[0].x;
	return 0;
}
