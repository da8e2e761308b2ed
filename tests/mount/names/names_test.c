/*
 * Every key is a path: awkward keys, put into a store beside the file system, are shown, read,
 * written, renamed and removed through their paths, and paths that are made have these keys. What
 * the store then holds is read from the store.
 *
 * usage: names_test APEXFS
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/lsm.h"
#include "tests/mount/names/keys.h"
#include "tests/mount/names/tree.h"
#include "tests/support/mounted.h"
#include "tests/support/tap.h"

enum {
	TEXT_MAX = 64,
};

struct names_test {
	struct mounted mounted;
	char options[TEXT_MAX];
	struct keys keys;
	unsigned generation; /* of the values: each stage that writes has its own */
	int root;            /* the mount point, open while it is mounted */
};

static struct slice value_of(const struct names_test *t, size_t i, char text[TEXT_MAX])
{
	return slice_of(text, (size_t)snprintf(text, TEXT_MAX, "value %zu, %u", i, t->generation));
}

static struct slice moved_name(size_t i, char text[TEXT_MAX])
{
	return slice_of(text, (size_t)snprintf(text, TEXT_MAX, "moved %zu", i));
}

/* ---- the store ---- */

static int store_open(const struct names_test *t, struct lsm **ret_db)
{
	struct lsm_options options;

	lsm_options_init(&options);
	options.filter_separator = t->keys.separator;
	return lsm_open(t->mounted.store, &options, ret_db);
}

static int store_fill(struct names_test *t)
{
	struct lsm *db;
	int err = store_open(t, &db);

	if (err)
		return err;
	for (size_t i = 0; !err && i < t->keys.count; i++) {
		char text[TEXT_MAX];

		err = lsm_put(db, buf_slice(&t->keys.items[i].key), value_of(t, i, text), NULL);
	}
	int close_err = lsm_close(db);

	return err ? err : close_err;
}

/* A folder's record has no value, and each key here has one. */
static bool is_folder_record(const struct names_test *t, const struct lsm_record *record)
{
	return record->value_len == 0 && record->key.ptr[record->key.len - 1] == t->keys.separator;
}

/* The key of each, moved or not, with its value. */
static bool has_all(struct names_test *t, struct lsm *db, bool moved)
{
	for (size_t i = 0; i < t->keys.count; i++) {
		char value[TEXT_MAX], name[TEXT_MAX];
		struct slice key = moved ? moved_name(i, name) : buf_slice(&t->keys.items[i].key);
		struct lsm_record record;
		int err = lsm_get(db, key, NULL, &record);
		bool good = !err && slice_eq(record.value, value_of(t, i, value));

		if (!err)
			lsm_record_release(&record);
		if (!good) {
			tap_note("the store has not the key %zu (%d), %.80s", i, err,
				 t->keys.items[i].path);
			return false;
		}
	}
	return true;
}

static bool has_records(struct names_test *t, struct lsm *db, size_t files)
{
	struct lsm_read_options options = {0};
	struct lsm_iter *it;
	size_t found = 0;
	int err = lsm_iter_new(db, &options, &it);

	if (err)
		return false;
	for (lsm_iter_first(it); lsm_iter_valid(it); lsm_iter_next(it))
		found += !is_folder_record(t, lsm_iter_record(it));
	err = lsm_iter_status(it);
	lsm_iter_free(it);
	if (err || found != files)
		tap_note("%zu keys with values instead of %zu (%d)", found, files, err);
	return !err && found == files;
}

/* ---- the mount ---- */

static int mount_it(struct names_test *t)
{
	int err = mounted_start(&t->mounted, t->options);

	if (err)
		return err;
	t->root = open(t->mounted.point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return t->root < 0 ? -errno : 0;
}

static int unmount_it(struct names_test *t)
{
	close(t->root);
	return mounted_stop(&t->mounted);
}

/* A step for each key, by its path. */
typedef int step_fn(struct names_test *t, size_t i, int parent, const char *name);

/* How its folder is found. */
typedef int parent_fn(int root, const char *path, int *ret_fd, const char **ret_name);

static bool each_path(struct names_test *t, parent_fn *find_parent, step_fn *step)
{
	for (size_t i = 0; i < t->keys.count; i++) {
		const char *path = t->keys.items[i].path, *name;
		int parent;
		int err = find_parent(t->root, path, &parent, &name);

		if (!err) {
			err = step(t, i, parent, name);
			close(parent);
		}
		if (err) {
			tap_note("key %zu (%d), %.80s", i, err, path);
			return false;
		}
	}
	return true;
}

static int read_file(struct names_test *t, size_t i, int parent, const char *name)
{
	char expected[TEXT_MAX], found[TEXT_MAX];
	struct slice value = value_of(t, i, expected);
	cleanup_fd int fd = openat(parent, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, found, sizeof(found));

	if (n < 0)
		return -errno;
	return slice_eq(value, slice_of(found, (size_t)n)) ? 0 : -EUCLEAN;
}

static int write_all(struct names_test *t, size_t i, int fd)
{
	char text[TEXT_MAX];
	struct slice value = value_of(t, i, text);

	return write(fd, value.ptr, value.len) == (ssize_t)value.len ? 0 : -EIO;
}

static int write_file(struct names_test *t, size_t i, int parent, const char *name)
{
	cleanup_fd int fd = openat(parent, name, O_WRONLY | O_TRUNC | O_CLOEXEC);

	return fd < 0 ? -errno : write_all(t, i, fd);
}

static int move_away(struct names_test *t, size_t i, int parent, const char *name)
{
	char moved[TEXT_MAX];

	(void)moved_name(i, moved);
	return renameat(parent, name, t->root, moved) < 0 ? -errno : 0;
}

/* Folders that are parts of longer keys did not outlive the mount, so they are made again. */
static int move_back(struct names_test *t, size_t i, int parent, const char *name)
{
	char moved[TEXT_MAX];

	(void)moved_name(i, moved);
	return renameat(t->root, moved, parent, name) < 0 ? -errno : 0;
}

static int remove_file(struct names_test *t, size_t i, int parent, const char *name)
{
	(void)t;
	(void)i;
	return unlinkat(parent, name, 0) < 0 ? -errno : 0;
}

static int remove_folder(void *arg, int above, const char *name)
{
	(void)arg;
	/* What is only a part of longer keys is gone with the last of them. */
	return unlinkat(above, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

/* Folders first: what a path is, the folder's value or a file, depends on them. */
static int make_all(struct names_test *t)
{
	const char *name;
	int parent, err = 0;

	for (size_t i = 0; !err && i < t->keys.count; i++) {
		err = tree_make_parent(t->root, t->keys.items[i].path, &parent, &name);
		if (!err)
			close(parent);
	}
	for (size_t i = 0; !err && i < t->keys.count; i++) {
		err = tree_parent(t->root, t->keys.items[i].path, &parent, &name);
		if (err)
			break;
		cleanup_fd int fd =
			openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

		err = fd < 0 ? -errno : write_all(t, i, fd);
		close(parent);
		if (err)
			tap_note("key %zu (%d), %.80s", i, err, t->keys.items[i].path);
	}
	return err;
}

/* ---- what is shown ---- */

static int see_file(void *arg, const char *path)
{
	struct keys *keys = arg;

	for (size_t i = 0; i < keys->count; i++) {
		if (strcmp(keys->items[i].path, path) == 0) {
			keys->items[i].seen++;
			return 0;
		}
	}
	tap_note("a stranger: %.80s", path);
	return -EUCLEAN;
}

static bool is_shown(struct names_test *t)
{
	struct tree_visitor visitor = {.file = see_file, .arg = &t->keys};

	for (size_t i = 0; i < t->keys.count; i++)
		t->keys.items[i].seen = 0;

	int err = tree_walk(t->root, &visitor);

	for (size_t i = 0; !err && i < t->keys.count; i++) {
		if (t->keys.items[i].seen != 1) {
			tap_note("key %zu was shown %u times: %.80s", i, t->keys.items[i].seen,
				 t->keys.items[i].path);
			err = -EUCLEAN;
		}
	}
	return !err;
}

/* ---- stages ---- */

/* The store holds each key and nothing else; then mounted again. */
static void check_store(struct names_test *t, bool moved, const char *when)
{
	struct lsm *db;
	int err = unmount_it(t);
	bool good = false;

	if (!err)
		err = store_open(t, &db);
	if (!err) {
		good = has_all(t, db, moved) && has_records(t, db, t->keys.count);
		err = lsm_close(db);
	}
	tap_result(!err && good, "%c: %s: the store holds these %zu keys and no other (%d)",
		   t->keys.separator, when, t->keys.count, err);
	err = mount_it(t);
	tap_result(!err, "%c: mounted again (%d)", t->keys.separator, err);
}

static void check_shown(struct names_test *t, const char *when)
{
	tap_result(is_shown(t),
		   "%c: %s: %zu keys are shown at their paths, once each, and no other",
		   t->keys.separator, when, t->keys.count);
	tap_result(each_path(t, tree_parent, read_file), "%c: %s: and are read there",
		   t->keys.separator, when);
}

static void check_moves(struct names_test *t)
{
	tap_result(each_path(t, tree_parent, move_away), "%c: each is renamed to the top",
		   t->keys.separator);
	check_store(t, true, "renamed");
	tap_result(each_path(t, tree_make_parent, move_back), "%c: and back", t->keys.separator);
	check_shown(t, "renamed back");
	check_store(t, false, "renamed back");
}

static void check_removal(struct names_test *t)
{
	struct tree_visitor visitor = {.folder = remove_folder};
	size_t count = t->keys.count;

	tap_result(each_path(t, tree_parent, remove_file), "%c: each is removed",
		   t->keys.separator);
	t->keys.count = 0;
	check_shown(t, "removed");
	check_store(t, false, "removed");
	int err = tree_walk(t->root, &visitor);

	tap_result(!err, "%c: and the folders (%d)", t->keys.separator, err);
	t->keys.count = count;
}

static void check_stages(struct names_test *t)
{
	check_shown(t, "put beside the file system");
	t->generation++;
	tap_result(each_path(t, tree_parent, write_file), "%c: each is written", t->keys.separator);
	check_shown(t, "written");
	check_store(t, false, "written");
	check_moves(t);
	check_removal(t);
	t->generation++;
	int err = make_all(t);

	tap_result(!err, "%c: each is made at its path (%d)", t->keys.separator, err);
	check_shown(t, "made");
	check_store(t, false, "made");
	(void)unmount_it(t);
}

static void run(const char *program, uint8_t separator)
{
	struct names_test t = {0};
	int err = keys_make(separator, &t.keys);

	snprintf(t.options, sizeof(t.options), "store.separator=%c", separator);
	if (!err)
		err = mounted_begin(&t.mounted, program, "apexfs-names");
	if (!tap_result(!err, "%c: keys and a scratch folder (%d)", separator, err))
		return;
	/* the mount notes the separator in the new store */
	err = mount_it(&t);
	if (!err)
		err = unmount_it(&t);
	if (!err)
		err = store_fill(&t);
	if (!err)
		err = mount_it(&t);
	if (tap_result(!err, "%c: %zu keys in a store, mounted (%d)", separator, t.keys.count, err))
		check_stages(&t);
	mounted_end(&t.mounted, tap_has_failed());
	keys_done(&t.keys);
}

int main(int argc, char **argv)
{
	const char *obstacle = mounted_obstacle();

	if (argc != 2) {
		fprintf(stderr, "usage: names_test APEXFS\n");
		return EXIT_FAILURE;
	}
	if (obstacle) {
		tap_skip("names", obstacle);
		return tap_end();
	}
	run(argv[1], '/');
	run(argv[1], ':');
	return tap_end();
}
