/* SPDX-License-Identifier: MIT */
/* Owners go one way; a weak_ptr goes back, and is asked before it is used. */
#include <memory>

struct node {
	std::weak_ptr<node> parent;
	std::shared_ptr<node> child;
};

int main()
{
	auto top = std::make_shared<node>();
	auto child = top->child = std::make_shared<node>();

	child->parent = top;
	if (child->parent.lock().get() != top.get())
		return 1;
	top.reset();
	return child->parent.expired() && !child->parent.lock() ? 0 : 1;
}
