/*
 * What a program does with many small files, timed: prints the seconds that a step took, and, but
 * of listings, the median of its parts in microseconds: that stands also on a machine that is not
 * idle.
 *
 * usage: file_ops STEP FOLDER COUNT [THREADS]
 *
 * Files lie in FOLDER/files, folders in FOLDER/folders. Steps: create, overwrite, append, fsync
 * (create and sync), stat, fstat (which a mount with attr_timeout=0 is asked for each time), cat,
 * du, list, rename, unlink (of COUNT files), mkdir, rmdir (of COUNT folders). Each thread does its
 * share.
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lsm/base/clock.h"
#include "lsm/base/compiler.h"

enum {
	VALUE_BYTES = 100,
	THREADS_MAX = 64,
};

static void require(bool good, const char *name)
{
	if (!good)
		err(1, "%s", name);
}

static void write_file(const char *name, int flags)
{
	static const char value[VALUE_BYTES] = "a value of some length";
	int fd = open(name, O_WRONLY | flags, 0644);

	require(fd >= 0 && write(fd, value, sizeof(value)) == VALUE_BYTES && close(fd) == 0, name);
}

static void create(const char *name)
{
	write_file(name, O_CREAT);
}

static void overwrite(const char *name)
{
	write_file(name, O_TRUNC);
}

static void append(const char *name)
{
	write_file(name, O_APPEND);
}

static void create_synced(const char *name)
{
	static const char value[VALUE_BYTES] = "a value that is to last";
	int fd = open(name, O_WRONLY | O_CREAT, 0644);

	require(fd >= 0 && write(fd, value, sizeof(value)) == VALUE_BYTES && fsync(fd) == 0 &&
			close(fd) == 0,
		name);
}

/* There and back, so that the next step finds it. */
static void rename_file(const char *name)
{
	char other[64];

	(void)snprintf(other, sizeof(other), "%s.renamed", name);
	require(rename(name, other) == 0 && rename(other, name) == 0, name);
}

/* One file, again and again. */
static void look_again(const char *name)
{
	static int fd = -1;
	struct stat st;

	if (fd < 0)
		fd = open(name, O_RDONLY);
	require(fd >= 0 && fstat(fd, &st) == 0, name);
}

static void look(const char *name)
{
	struct stat st;

	require(stat(name, &st) == 0 && st.st_size >= VALUE_BYTES, name);
}

static void cat(const char *name)
{
	char bytes[4096];
	int fd = open(name, O_RDONLY);

	require(fd >= 0 && read(fd, bytes, sizeof(bytes)) >= VALUE_BYTES && close(fd) == 0, name);
}

static void remove_file(const char *name)
{
	require(unlink(name) == 0, name);
}

static void make_folder(const char *name)
{
	require(mkdir(name, 0755) == 0, name);
}

static void remove_folder(const char *name)
{
	require(rmdir(name) == 0, name);
}

/* All entries of the folder that we stand in; each name, of a walk. */
static void list(unsigned count, void (*visit)(const char *name))
{
	DIR *dir = opendir(".");
	unsigned seen = 0;

	require(dir != NULL, "opendir");
	for (const struct dirent *entry; (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		seen++;
		if (visit)
			visit(entry->d_name);
	}
	closedir(dir);
	if (seen != count)
		errx(1, "%u entries, not %u", seen, count);
}

/* One thread's share: each so-many-th name. */
struct share {
	void (*step)(const char *name);
	unsigned first, end, stride;
	uint64_t *ns; /* borrowed: of each name */
};

static void *each(void *arg)
{
	const struct share *s = arg;
	char name[32];

	for (unsigned i = s->first; i < s->end; i += s->stride) {
		(void)snprintf(name, sizeof(name), "name%08u", i);
		uint64_t start = clock_mono_ns();

		s->step(name);
		s->ns[i] = clock_mono_ns() - start;
	}
	return NULL;
}

static void each_in_threads(unsigned count, unsigned threads, void (*step)(const char *name),
			    uint64_t *ns)
{
	pthread_t ids[THREADS_MAX];
	struct share shares[THREADS_MAX];

	for (unsigned i = 0; i < threads; i++) {
		shares[i] = (struct share){step, i, count, threads, ns};
		require(pthread_create(&ids[i], NULL, each, &shares[i]) == 0, "pthread_create");
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static double median_us(uint64_t *ns, unsigned count)
{
	qsort(ns, count, sizeof(*ns), compare);
	return count ? (double)ns[count / 2] / 1e3 : 0;
}

static const struct step {
	const char *name;
	const char *folder;
	void (*one)(const char *name);
	bool by_listing;
} steps[] = {
	{"create", "files", create, false},
	{"overwrite", "files", overwrite, false},
	{"append", "files", append, false},
	{"fsync", "synced", create_synced, false},
	{"rename", "files", rename_file, false},
	{"fstat", "files", look_again, false},
	{"stat", "files", look, false},
	{"cat", "files", cat, false},
	{"du", "files", look, true},
	{"list", "files", NULL, true},
	{"unlink", "files", remove_file, false},
	{"unlink synced", "synced", remove_file, false},
	{"mkdir", "folders", make_folder, false},
	{"rmdir", "folders", remove_folder, false},
};

static const struct step *find_step(const char *name)
{
	for (size_t i = 0; i < array_size(steps); i++) {
		if (strcmp(steps[i].name, name) == 0)
			return &steps[i];
	}
	errx(1, "no step %s", name);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		errx(1, "usage: file_ops STEP FOLDER COUNT [THREADS]");
	const struct step *step = find_step(argv[1]);
	unsigned count = (unsigned)strtoul(argv[3], NULL, 10);
	unsigned threads = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 1;

	if (threads < 1 || threads > THREADS_MAX)
		errx(1, "1 to %d threads", THREADS_MAX);

	require(chdir(argv[2]) == 0, argv[2]);
	require(mkdir(step->folder, 0755) == 0 || errno == EEXIST, step->folder);
	require(chdir(step->folder) == 0, step->folder);
	uint64_t *ns = calloc(count + 1, sizeof(*ns));

	require(ns != NULL, "calloc");
	uint64_t start = clock_mono_ns();

	if (step->by_listing)
		list(count, step->one);
	else
		each_in_threads(count, threads, step->one, ns);
	printf("%.6f", (double)(clock_mono_ns() - start) / 1e9);
	if (!step->by_listing)
		printf(" %.1f", median_us(ns, count));
	putchar('\n');
	free(ns);
	return 0;
}
