#!/bin/sh
# SPDX-License-Identifier: MIT
# Debian's gcc compiles, assembles, links and the result runs: static and
# dynamic, one file and several, optimised, as a library.
cd /tmp || exit 1
failed=0
check() { # check NAME WANTED COMMAND
	got=$(eval "$3" 2>&1)
	if [ "$got" = "$2" ]; then
		echo "ok $1"
	else
		echo "not ok $1 - $(echo "$got" | tail -n 1)"
		failed=1
	fi
}
cat >hello.c <<'C'
#include <stdio.h>
int main(void) { printf("hello, %zu\n", sizeof(long)); return 0; }
C
cat >life.c <<'C'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
extern int step(int);
static int cmp(const void *a, const void *b) { return *(int *)a - *(int *)b; }
int main(int argc, char **argv)
{
	int n = 100000, *v = malloc(n * sizeof(*v)), i, x = 1;
	long long sum = 0;
	for (i = 0; i < n; i++)
		v[i] = x = step(x);
	qsort(v, n, sizeof(*v), cmp);
	for (i = 0; i < n; i++)
		sum += (long long)v[i] * i % 1009;
	printf("%lld %.6f %s\n", sum, sqrt(v[n / 2]), argv[argc - 1]);
	free(v);
	return 0;
}
C
cat >step.c <<'C'
int step(int x) { return (x * 1103515245u + 12345u) >> 1; }
C
check "version" 12 'gcc -dumpversion'
check "hello" "hello, 4" 'gcc -o hello hello.c && ./hello'
check "static" "hello, 4" 'gcc -static -O2 -o hello-static hello.c && ./hello-static'
check "two files" "50346542 32669.987756 end" 'gcc -O2 -c life.c && gcc -O2 -c step.c && gcc -o life life.o step.o -lm && ./life end'
check "not optimised, the same" "$(./life end)" 'gcc -O0 -g -o life0 life.c step.c -lm && ./life0 end'
check "library" "$(./life end)" 'gcc -shared -fPIC -O2 -o libstep.so step.c && gcc -o lifeso life.c -L. -lstep -lm -Wl,-rpath,/tmp && ./lifeso end'
check "archive" "$(./life end)" '/usr/bin/ar rcs libstep.a step.o && gcc -static -o lifea life.o libstep.a -lm && ./lifea end'
check "error" 1 'echo "int main(void) { return x; }" >bad.c; gcc bad.c 2>/dev/null; echo $?'
check "preprocessor" 42 'printf "#define A 42\nA\n" | cpp -P'
check "assembler" 1 'gcc -S -O2 step.c && grep -c "imull" step.s'
check "own source again" "" 'gcc -O2 -c -pipe life.c -o again.o && cmp again.o life.o'
exit $failed
