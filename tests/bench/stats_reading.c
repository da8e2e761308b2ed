/*
 * How long it takes to open, read and close a file, .stats of a mount for example, while other
 * programs work there: milliseconds of the median, of 95, 99 and 99.9 in 100, and the longest.
 *
 * usage: stats_reading FILE [READINGS [PAUSE_US]]
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lsm/base/clock.h"
#include "lsm/base/compiler.h"

enum {
	TEXT_MAX = 1 << 20,
};

static size_t read_whole(const char *name, char *text)
{
	int fd = open(name, O_RDONLY);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		err(1, "%s", name);
	while ((n = read(fd, text + len, TEXT_MAX - len)) > 0)
		len += (size_t)n;
	if (n < 0 || len == 0 || text[len - 1] != '\n')
		errx(1, "%s: not whole, %zu bytes", name, len);
	close(fd);
	return len;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	size_t count = argc > 2 ? (size_t)atoi(argv[2]) : 2000;
	useconds_t pause_us = argc > 3 ? (useconds_t)atoi(argv[3]) : 1000;
	double *ms = calloc(count, sizeof(double));
	char *text = malloc(TEXT_MAX);
	size_t len = 0;

	if (argc < 2 || !ms || !text || count == 0)
		errx(2, "usage: stats_reading FILE [READINGS [PAUSE_US]]");
	for (size_t i = 0; i < count; i++) {
		uint64_t start = clock_mono_ns();

		len = read_whole(argv[1], text);
		ms[i] = (double)(clock_mono_ns() - start) / 1e6;
		usleep(pause_us);
	}
	qsort(ms, count, sizeof(*ms), compare);
	printf("%zu readings of %zu bytes: p50 %.3f p95 %.3f p99 %.3f p99.9 %.3f max %.3f ms\n",
	       count, len, ms[count / 2], ms[count * 95 / 100], ms[count * 99 / 100],
	       ms[count * 999 / 1000], ms[count - 1]);
	free(ms);
	free(text);
	return 0;
}
