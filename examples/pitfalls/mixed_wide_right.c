/* SPDX-License-Identifier: MIT */
/* The length is multiplied by the size of one; wcsdup() does the same. */
#include <stdlib.h>
#include <wchar.h>

int main(void)
{
	const wchar_t *name = L"Müller";
	wchar_t *copy = malloc((wcslen(name) + 1) * sizeof(*copy));

	if (copy)
		wcscpy(copy, name);
	free(copy);
	return 0;
}
