/* SPDX-License-Identifier: MIT */
/* In place of top_screen.c, where the command is built without ncurses. */
#include "top.h"

/* top_screen() - there is no terminal that can show it */
bool top_screen(struct top *t, const struct top_wish *wish, int *status)
{
	(void)t;
	(void)wish;
	(void)status;
	return false;
}
