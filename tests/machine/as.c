/* SPDX-License-Identifier: MIT */
/* as PROGRAM ARGS: runs it as nobody, with no other group. For scripts. */
#include <grp.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	const unsigned int nobody = 65534;

	if (argc < 2 || setgroups(0, NULL) || setgid(nobody) || setuid(nobody))
		return 125;
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}
