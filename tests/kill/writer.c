#include "tests/kill/writer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fs/core/fs.h"
#include "lsm/base/rng.h"

enum {
	NO_FILE = UINT32_MAX,
	PAUSE_ONE_IN = 8,          /* after a file was left empty */
	PAUSE_BETWEEN_ONE_IN = 64, /* between a creation or truncation and its write */
	PAUSE_MAX_MS = 3 * FS_HOLD_MS,
	EXCLUSIVE_ONE_IN = 4,
	SCRIPT_CHANGES_MAX = 4, /* of one entry of `scripts` */
};

struct writer {
	const char *root;
	struct history *history;
	struct folder_model model;
	struct rng rng;
	struct buf bytes;
	char path[PATH_MAX]; /* of the change under way */
	char other_path[PATH_MAX];
};

static void file_path(const struct writer *w, uint32_t file, char ret_path[PATH_MAX])
{
	char name[FOLDER_NAME_MAX];

	folder_file_name(w->model.writer, file, name);
	snprintf(ret_path, PATH_MAX, "%s/%s", w->root, name);
}

/* The changes come between these two: the note before, and the end of the call, which also ends us
 * when it failed. */

static void change_begin(struct writer *w, const struct change *c)
{
	history_start(w->history, c);
}

static void change_end(struct writer *w, const struct change *c, const char *call, bool good)
{
	if (!good) {
		history_fail(w->history, call, errno);
		_exit(0);
	}
	history_ack(w->history);
	folder_model_apply(&w->model, c);
}

/* Calls that change nothing but are part of the way. */
static void require(struct writer *w, const char *call, bool good)
{
	if (!good) {
		history_fail(w->history, call, errno);
		_exit(0);
	}
}

/* So that a kill may fall into the time in which something is held, and after it. */
static void pause_a_while(struct writer *w)
{
	struct timespec pause = {.tv_nsec = (long)rng_below(&w->rng, PAUSE_MAX_MS * 1000000)};

	nanosleep(&pause, NULL);
}

/* ---- which file ---- */

static bool is_usable(const struct writer *w, uint32_t file, bool present)
{
	int subfolder = folder_subfolder_of(file);

	if (w->model.files[file].present != present)
		return false;
	return present || subfolder < 0 || w->model.subfolders[subfolder];
}

/* A random file that is there, or that is not there and could be; NO_FILE when there is none. */
static uint32_t pick(struct writer *w, bool present)
{
	uint32_t start = (uint32_t)rng_below(&w->rng, FOLDER_FILES);

	for (uint32_t i = 0; i < FOLDER_FILES; i++) {
		uint32_t file = (start + i) % FOLDER_FILES;

		if (is_usable(w, file, present))
			return file;
	}
	return NO_FILE;
}

/* ---- single changes ---- */

static int open_changing(struct writer *w, enum change_kind kind, uint32_t file)
{
	int flags = O_WRONLY | O_CLOEXEC;
	struct change c = {.kind = kind, .file = file};

	if (kind == CHANGE_TRUNCATE)
		flags |= O_TRUNC;
	else
		flags |= kind == CHANGE_CREATE ? O_CREAT : O_CREAT | O_EXCL;
	file_path(w, file, w->path);
	change_begin(w, &c);
	int fd = open(w->path, flags, 0644);

	change_end(w, &c, "open to create or truncate", fd >= 0);
	return fd;
}

/* One write(2). */
static void write_value(struct writer *w, int fd, enum change_kind kind, uint32_t file)
{
	uint64_t filler =
		VALUE_FILLER_MIN + rng_below(&w->rng, VALUE_FILLER_MAX - VALUE_FILLER_MIN + 1);
	struct change c = {.kind = kind,
			   .file = file,
			   .len = VALUE_HEAD_BYTES + (uint32_t)filler,
			   .generation = w->model.next_generation};
	struct value_name name = {
		.writer = w->model.writer, .file = file, .generation = c.generation, .len = c.len};

	buf_clear(&w->bytes);
	require(w, "memory", value_append(&name, name.len, &w->bytes) == 0);
	change_begin(w, &c);
	errno = 0;
	ssize_t n = write(fd, w->bytes.ptr, w->bytes.len);

	change_end(w, &c, "write", n == (ssize_t)w->bytes.len);
}

static void rename_to(struct writer *w, uint32_t file, uint32_t other)
{
	struct change c = {.kind = CHANGE_RENAME, .file = file, .other = other};

	file_path(w, file, w->path);
	file_path(w, other, w->other_path);
	change_begin(w, &c);
	change_end(w, &c, "rename", rename(w->path, w->other_path) == 0);
}

/* ---- what people do ---- */

static void new_in(struct writer *w, uint32_t file)
{
	bool exclusive = rng_below(&w->rng, EXCLUSIVE_ONE_IN) == 0;
	int fd = open_changing(w, exclusive ? CHANGE_CREATE_EXCLUSIVE : CHANGE_CREATE, file);

	if (rng_below(&w->rng, PAUSE_BETWEEN_ONE_IN) == 0)
		pause_a_while(w);
	write_value(w, fd, CHANGE_WRITE, file);
	close(fd);
}

static void unlink_file(struct writer *w)
{
	struct change c = {.kind = CHANGE_UNLINK, .file = pick(w, true)};

	if (c.file == NO_FILE)
		return;
	file_path(w, c.file, w->path);
	change_begin(w, &c);
	change_end(w, &c, "unlink", unlink(w->path) == 0);
}

static void new_file(struct writer *w)
{
	uint32_t file = pick(w, false);

	if (file == NO_FILE)
		unlink_file(w);
	else
		new_in(w, file);
}

static void overwrite(struct writer *w)
{
	uint32_t file = pick(w, true);

	if (file == NO_FILE)
		return;
	int fd = open_changing(w, CHANGE_TRUNCATE, file);

	if (rng_below(&w->rng, PAUSE_BETWEEN_ONE_IN) == 0)
		pause_a_while(w);
	write_value(w, fd, CHANGE_WRITE, file);
	close(fd);
}

static void append(struct writer *w)
{
	uint32_t file = pick(w, true);

	if (file == NO_FILE || w->model.files[file].value_count == FILE_VALUES_MAX)
		return;
	file_path(w, file, w->path);
	int fd = open(w->path, O_WRONLY | O_APPEND | O_CLOEXEC);

	require(w, "open to append", fd >= 0);
	write_value(w, fd, CHANGE_APPEND, file);
	close(fd);
}

/* As editors do: a new file takes the place of an old one. */
static void replace(struct writer *w)
{
	uint32_t file = pick(w, false), other = pick(w, true);

	if (file == NO_FILE || other == NO_FILE)
		return;
	new_in(w, file);
	rename_to(w, file, other);
}

static void move(struct writer *w)
{
	uint32_t file = pick(w, true), other = pick(w, false);

	if (file != NO_FILE && other != NO_FILE)
		rename_to(w, file, other);
}

static void leave_empty(struct writer *w, enum change_kind kind, uint32_t file)
{
	if (file == NO_FILE)
		return;
	close(open_changing(w, kind, file));
	if (rng_below(&w->rng, PAUSE_ONE_IN) == 0)
		pause_a_while(w);
}

static void new_empty(struct writer *w)
{
	leave_empty(w, CHANGE_CREATE, pick(w, false));
}

static void empty(struct writer *w)
{
	leave_empty(w, CHANGE_TRUNCATE, pick(w, true));
}

static bool is_empty_subfolder(const struct writer *w, uint32_t subfolder)
{
	for (uint32_t i = 0; i < FOLDER_FILES; i++) {
		if (folder_subfolder_of(i) == (int)subfolder && w->model.files[i].present)
			return false;
	}
	return true;
}

static void make_or_remove_subfolder(struct writer *w)
{
	uint32_t subfolder = (uint32_t)rng_below(&w->rng, FOLDER_SUBFOLDERS);
	bool there = w->model.subfolders[subfolder];
	struct change c = {.kind = there ? CHANGE_RMDIR : CHANGE_MKDIR, .file = subfolder};
	char name[FOLDER_NAME_MAX];

	if (there && !is_empty_subfolder(w, subfolder))
		return;
	folder_subfolder_name(w->model.writer, subfolder, name);
	snprintf(w->path, sizeof(w->path), "%s/%s", w->root, name);
	change_begin(w, &c);
	change_end(w, &c, there ? "rmdir" : "mkdir",
		   (there ? rmdir(w->path) : mkdir(w->path, 0755)) == 0);
}

static void sync_folder(struct writer *w)
{
	struct change c = {.kind = CHANGE_SYNC};
	char name[FOLDER_NAME_MAX];

	folder_top_name(w->model.writer, name);
	snprintf(w->path, sizeof(w->path), "%s/%s", w->root, name);
	int fd = open(w->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	require(w, "open of the folder", fd >= 0);
	change_begin(w, &c);
	change_end(w, &c, "fsync", fsync(fd) == 0);
	close(fd);
}

static const struct {
	unsigned weight;
	void (*run)(struct writer *w);
} scripts[] = {
	{25, new_file},   {25, overwrite}, {15, append},
	{12, replace},    {4, move},       {8, unlink_file},
	{4, new_empty},   {3, empty},      {6, make_or_remove_subfolder},
	{1, sync_folder},
};

static void run_script(struct writer *w)
{
	unsigned total = 0;
	size_t i = 0;

	for (i = 0; i < array_size(scripts); i++)
		total += scripts[i].weight;
	unsigned at = (unsigned)rng_below(&w->rng, total);

	for (i = 0; at >= scripts[i].weight; i++)
		at -= scripts[i].weight;
	scripts[i].run(w);
}

void writer_run(const struct writer_task *task)
{
	struct writer *w = calloc(1, sizeof(*w));

	if (!w)
		_exit(1);
	w->root = task->root;
	w->history = task->history;
	w->model = *task->model;
	rng_seed(&w->rng, task->seed);
	while (w->history->started + SCRIPT_CHANGES_MAX <= HISTORY_MAX)
		run_script(w);
	_exit(0);
}
