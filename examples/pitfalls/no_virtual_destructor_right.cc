/* SPDX-License-Identifier: MIT */
/* A class to derive from has a virtual destructor. */
#include <memory>

struct shape {
	virtual ~shape() = default;
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
	std::unique_ptr<shape> s = std::make_unique<square>();

	return s->area() == 4 ? 0 : 1;
}
