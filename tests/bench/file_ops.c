/*
 * What a program does with many small files, timed: prints the seconds that a step took.
 *
 * usage: file_ops STEP FOLDER COUNT
 *
 * Files lie in FOLDER/files, folders in FOLDER/folders. Steps: create, overwrite, stat, cat, du,
 * list, unlink (of COUNT files), mkdir, rmdir (of COUNT folders).
 */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
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

static void look(const char *name)
{
	struct stat st;

	require(stat(name, &st) == 0 && st.st_size == VALUE_BYTES, name);
}

static void cat(const char *name)
{
	char bytes[4096];
	int fd = open(name, O_RDONLY);

	require(fd >= 0 && read(fd, bytes, sizeof(bytes)) == VALUE_BYTES && close(fd) == 0, name);
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

static void each(unsigned count, void (*step)(const char *name))
{
	char name[32];

	for (unsigned i = 0; i < count; i++) {
		(void)snprintf(name, sizeof(name), "name%08u", i);
		step(name);
	}
}

static const struct step {
	const char *name;
	const char *folder;
	void (*one)(const char *name);
	bool by_listing;
} steps[] = {
	{"create", "files", create, false},
	{"overwrite", "files", overwrite, false},
	{"stat", "files", look, false},
	{"cat", "files", cat, false},
	{"du", "files", look, true},
	{"list", "files", NULL, true},
	{"unlink", "files", remove_file, false},
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
	if (argc != 4)
		errx(1, "usage: file_ops STEP FOLDER COUNT");
	const struct step *step = find_step(argv[1]);
	unsigned count = (unsigned)strtoul(argv[3], NULL, 10);

	require(chdir(argv[2]) == 0, argv[2]);
	require(mkdir(step->folder, 0755) == 0 || errno == EEXIST, step->folder);
	require(chdir(step->folder) == 0, step->folder);
	uint64_t start = clock_mono_ns();

	if (step->by_listing)
		list(count, step->one);
	else
		each(count, step->one);
	printf("%.6f\n", (double)(clock_mono_ns() - start) / 1e9);
	return 0;
}
