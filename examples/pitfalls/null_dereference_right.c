/* SPDX-License-Identifier: MIT */
/* A result that may be NULL is tested before it is used. */
#include <stddef.h>
#include <string.h>

struct user {
	char name[16];
	int logins;
};

static struct user users[] = { { "ada", 3 }, { "emma", 5 } };

static struct user *find(const char *name)
{
	for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++)
		if (!strcmp(users[i].name, name))
			return &users[i];
	return NULL;
}

int main(void)
{
	struct user *jane = find("jane");

	if (jane)
		jane->logins++;
	return 0;
}
