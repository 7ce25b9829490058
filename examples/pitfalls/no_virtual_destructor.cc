/* SPDX-License-Identifier: MIT */
/*
 * A derived object is deleted through its base, without virtual destructor.
 *
 * The base has virtual functions and works; what the derived class added is
 * not destroyed, and operator delete is told the base's size.
 */
struct shape { /* cause: no virtual destructor */
	virtual double area() const = 0;
};

struct square : shape {
	double side[2] = { 2, 2 };
	double area() const override
	{
		return side[0] * side[1];
	}
};

int main()
{
	shape *s = new square;

	s->area();
	delete s; /* wrong: new-delete-type-mismatch */
	return 0;
}
