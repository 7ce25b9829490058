/* SPDX-License-Identifier: MIT */
/* make_shared leaves no plain pointer about; owners are copies of owners. */
#include <memory>

struct session {
	int user;
};

int main()
{
	auto list = std::make_shared<session>(session{ 7 });
	std::shared_ptr<session> current(list);

	current->user = 8;
	return list->user == 8 && list.use_count() == 2 ? 0 : 1;
}
