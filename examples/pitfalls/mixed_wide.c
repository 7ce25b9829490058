/* SPDX-License-Identifier: MIT */
/*
 * A length in characters is taken for one in bytes.
 *
 * A wide character is four bytes; with char both numbers are the same, and the
 * program was made for wide ones later.
 */
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
