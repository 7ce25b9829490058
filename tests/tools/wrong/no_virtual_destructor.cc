/* SPDX-License-Identifier: MIT */
/* A derived object is deleted as its base, which does not know of the rest. */
struct shape {
	int sides = 0;
};

struct polygon : shape {
	double corner[8];
};

static void drop(shape *s)
{
	delete s; /* wrong: new-delete-type-mismatch */
}

int main()
{
	drop(new polygon);
	return 0;
}
