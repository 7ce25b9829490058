/* SPDX-License-Identifier: MIT */
/*
 * Two objects own each other: neither count ever falls to 0.
 *
 * A parent owns its children, and a child wants to know its parent; every
 * pointer of the program is a shared_ptr, because that one is safe.
 */
#include <memory>

struct node {
	std::shared_ptr<node> parent, child;
};

int main()
{
	auto top = std::make_shared<node>(); /* wrong: memory-leak */

	top->child = std::make_shared<node>();
	top->child->parent = top; /* cause: a cycle */
	return 0;
}
