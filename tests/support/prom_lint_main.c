/* prom_lint <FILE: the lint of tests/support/prom_lint.h for a text on standard input. */
#include <err.h>
#include <stdio.h>

#include "lsm/base/buf.h"
#include "tests/support/prom_lint.h"

enum {
	STEP = 64 << 10,
};

int main(void)
{
	cleanup_buf struct buf text = {0};
	char why[PROM_WHY_MAX] = "";
	size_t n;

	do {
		if (buf_reserve(&text, STEP))
			errx(1, "out of memory");
		n = fread(text.ptr + text.len, 1, STEP, stdin);
		text.len += n;
	} while (n > 0);
	if (prom_lint(buf_slice(&text), why))
		errx(1, "%s", why);
	return 0;
}
