/* SPDX-License-Identifier: MIT */
/* A wide character is four bytes. */
#include <stdlib.h>
#include <wchar.h>

int main(void)
{
	const wchar_t *name = L"Müller";
	wchar_t *copy = malloc(wcslen(name) + 1);

	wcscpy(copy, name); /* wrong: heap-buffer-overflow */
	free(copy);
	return 0;
}
