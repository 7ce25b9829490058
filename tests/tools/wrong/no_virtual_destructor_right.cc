/* SPDX-License-Identifier: MIT */
/* A base that is deleted through has a virtual destructor. */
struct shape {
	int sides = 0;
	virtual ~shape() = default;
};

struct polygon : shape {
	double corner[8];
};

static void drop(shape *s)
{
	delete s;
}

int main()
{
	drop(new polygon);
	return 0;
}
