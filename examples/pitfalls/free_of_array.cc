/* SPDX-License-Identifier: MIT */
/*
 * What new never gave is deleted.
 *
 * A function that deletes its argument works for years, until it is called
 * with the address of a variable.
 */
struct point {
	int x, y;
};

static void drop(point *p)
{
	delete p; /* wrong: bad-free */
}

int main()
{
	static point corners[4];

	corners[0].x = 1;
	drop(&corners[0]); /* cause: not from new */
	return 0;
}
