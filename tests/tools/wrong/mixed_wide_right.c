/* SPDX-License-Identifier: MIT */
/* ... so a length is multiplied, or wcsdup() does it. */
#include <stdlib.h>
#include <wchar.h>

int main(void)
{
	const wchar_t *name = L"Müller";
	wchar_t *copy = malloc((wcslen(name) + 1) * sizeof(*copy));

	wcscpy(copy, name);
	free(copy);
	return 0;
}
