/*
 * Renames of folders with what lies below them, and exchanges.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/fs/core/fs_fixture.h"

static void chmod_at(struct fixture *f, const char *path, mode_t mode)
{
	struct stat want = {.st_mode = mode};
	uint64_t node = node_at(f, path);
	struct stat st;

	ck_assert_int_eq(fs_setattr(f->fs, &f->me, node, &want, FS_SET_MODE, &st), 0);
	fs_forget(f->fs, node, 1);
}

START_TEST(all_below_moves_in_one_batch)
{
	struct fixture *f = fixture_new();
	struct lsm_stats before, after;

	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	ck_assert_int_eq(mkdir_at(f, "d/e"), 0);
	chmod_at(f, "d/e", 0700);
	echo(f, "d/a", "1");
	echo(f, "d/e/b", "2");
	kv_put(f, "d/implied/c", "3");
	kv_put(f, "d", "own value");
	kv_put(f, "d!", "no part of it");
	kv_put(f, "d0", "nor this");
	struct stat mode = stat_at(f, "d/e"), file = stat_at(f, "d/e/b");

	lsm_stats_read(f->db, &before);
	ck_assert_int_eq(rename_at(f, "d", "moved", 0), 0);
	lsm_stats_read(f->db, &after);
	ck_assert_uint_eq(after.writes, before.writes + 1);
	ck_assert(!exists(f, "d"));
	for (int round = 0; round < 2; round++) {
		expect_list(f, "", "d! d0 moved/");
		expect_list(f, "moved", "%= a e/ implied/");
		expect_text(f, "moved/%=", "own value");
		expect_text(f, "moved/a", "1");
		expect_text(f, "moved/e/b", "2");
		expect_text(f, "moved/implied/c", "3");
		ck_assert_uint_eq(stat_at(f, "moved/e").st_mode, S_IFDIR | 0700);
		struct stat now = stat_at(f, "moved/e"), moved = stat_at(f, "moved/e/b");

		ck_assert_mem_eq(&moved.st_mtim, &file.st_mtim, sizeof(file.st_mtim));
		if (round > 0) /* what moved it before was only in memory */
			ck_assert_int_eq(now.st_mode, mode.st_mode);
		fixture_kill(f);
	}
	fixture_free(f);
}
END_TEST

START_TEST(times_below_stay)
{
	struct fixture *f = fixture_new();

	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	ck_assert_int_eq(mkdir_at(f, "d/e"), 0);
	echo(f, "d/a", "1");
	fixture_restart(f); /* what moved a folder's times before was only in memory */
	struct stat top = stat_at(f, "d"), folder = stat_at(f, "d/e"), file = stat_at(f, "d/a");

	for (int round = 0; round < 2; round++) {
		struct stat now;

		ck_assert_int_eq(rename_at(f, round ? "n" : "d", round ? "d" : "n", 0), 0);
		now = stat_at(f, round ? "d" : "n");
		ck_assert_mem_ne(&now.st_ctim, &top.st_ctim, sizeof(now.st_ctim));
		now = stat_at(f, round ? "d/e" : "n/e");
		ck_assert_mem_eq(&now.st_ctim, &folder.st_ctim, sizeof(now.st_ctim));
		now = stat_at(f, round ? "d/a" : "n/a");
		ck_assert_mem_eq(&now.st_ctim, &file.st_ctim, sizeof(now.st_ctim));
	}
	/* a change of their own moves them */
	chmod_at(f, "d/a", 0600);
	struct stat now = stat_at(f, "d/a");

	ck_assert_mem_ne(&now.st_ctim, &file.st_ctim, sizeof(now.st_ctim));
	ck_assert_mem_eq(&now.st_mtim, &file.st_mtim, sizeof(now.st_mtim));
	fixture_free(f);
}
END_TEST

START_TEST(nodes_below_go_along)
{
	struct fixture *f = fixture_new();
	struct fs_dir *dir;
	struct fs_dirent entry;
	struct stat st;

	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	ck_assert_int_eq(mkdir_at(f, "d/e"), 0);
	echo(f, "d/e/b", "content");
	echo(f, "d/gone", "orphan");
	uint64_t folder = node_at(f, "d/e"), file = node_at(f, "d/e/b"),
		 gone = node_at(f, "d/gone");

	ck_assert_int_eq(unlink_at(f, "d/gone"), 0);
	ck_assert_int_eq(fs_dir_open(f->fs, folder, &dir), 0);
	ck_assert_int_eq(rename_at(f, "d", "n", 0), 0);
	ck_assert_uint_eq(node_at(f, "n/e"), folder);
	ck_assert_uint_eq(node_at(f, "n/e/b"), file);
	expect_node_text(f, file, "content");
	expect_node_text(f, gone, "orphan");
	ck_assert_int_eq(write_node(f, file, 0, "C"), 0);
	expect_text(f, "n/e/b", "Content");
	ck_assert(!kv_has(f, "d/e/b"));
	ck_assert_int_eq(fs_getattr(f->fs, folder, &st), 0);
	/* a folder that was open: as it was, and from its start again as it is */
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(fs_dir_next(dir, &entry), 0);
	ck_assert_str_eq(entry.name, "b");
	struct fs_entry found;

	ck_assert_int_eq(fs_dir_lookup(dir, &found), 0);
	ck_assert_uint_eq(found.node, file);
	echo(f, "n/e/c", "later");
	ck_assert_int_eq(fs_dir_seek(dir, 0), 0);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(fs_dir_next(dir, &entry), 0);
	ck_assert_str_eq(entry.name, "c");
	fs_dir_close(dir);
	fs_forget(f->fs, folder, 2);
	fs_forget(f->fs, file, 3);
	fs_forget(f->fs, gone, 1);
	ck_assert_uint_eq(fs_stats_of(f).nodes, 1);
	fixture_free(f);
}
END_TEST

START_TEST(what_is_held_below_goes_along)
{
	struct fixture *f = fixture_new();
	uint64_t made, cut;

	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	echo(f, "d/old", "content");
	ck_assert_int_eq(create_as(f, &f->other, "d/new", 0600, false, &made), 0);
	cut = node_at(f, "d/old");
	ck_assert_int_eq(truncate_node(f, &f->other, cut, 0), 0);
	ck_assert_uint_eq(fs_stats_of(f).held_now, 1); /* of a caller only the last one */
	ck_assert_int_eq(rename_at(f, "d", "n", 0), 0);
	ck_assert_uint_eq(fs_stats_of(f).held_now, 0);
	expect_list(f, "n", "new old");
	ck_assert_int_eq(write_node(f, made, 0, "1"), 0);
	ck_assert_int_eq(write_node(f, cut, 0, "2"), 0);
	fs_forget(f->fs, made, 1);
	fs_forget(f->fs, cut, 1);
	fixture_kill(f);
	expect_text(f, "n/new", "1");
	expect_text(f, "n/old", "2");
	ck_assert_uint_eq(stat_at(f, "n/new").st_mode, S_IFREG | 0600);
	ck_assert(!exists(f, "d"));
	fixture_free(f);
}
END_TEST

START_TEST(an_empty_folder_is_replaced)
{
	struct fixture *f = fixture_new();

	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	ck_assert_int_eq(mkdir_at(f, "empty"), 0);
	chmod_at(f, "empty", 0700);
	ck_assert_int_eq(mkdir_at(f, "full"), 0);
	echo(f, "full/a", "1");
	echo(f, "file", "1");
	kv_put(f, "implied/x", "2");
	uint64_t replaced = node_at(f, "empty");

	ck_assert_int_eq(rename_at(f, "d", "full", 0), -ENOTEMPTY);
	ck_assert_int_eq(rename_at(f, "d", "file", 0), -ENOTDIR);
	ck_assert_int_eq(rename_at(f, "file", "d", 0), -EISDIR);
	ck_assert_int_eq(rename_at(f, "d", "empty", RENAME_NOREPLACE), -EEXIST);
	ck_assert_int_eq(rename_at(f, "d", "d", RENAME_NOREPLACE), -EEXIST);
	ck_assert_int_eq(rename_at(f, "d", "d", 0), 0);
	ck_assert_int_eq(rename_at(f, "d", "d/below", 0), -EINVAL);
	ck_assert_int_eq(rename_at(f, "implied", "empty", 0), 0);
	expect_list(f, "", "d/ empty/ file full/");
	expect_text(f, "empty/x", "2");
	/* the record went with the folder that had it */
	ck_assert(!kv_has(f, "empty/"));
	ck_assert_uint_eq(stat_at(f, "empty").st_mode, S_IFDIR | 0755);
	uint64_t now = node_at(f, "empty");

	ck_assert_uint_ne(now, replaced);
	fs_forget(f->fs, now, 1);
	fs_forget(f->fs, replaced, 1);
	fixture_free(f);
}
END_TEST

START_TEST(folders_above_do_not_vanish)
{
	struct fixture *f = fixture_new();

	kv_put(f, "a/b/c/file", "1");
	ck_assert_int_eq(rename_at(f, "a/b/c", "a/b/d", 0), 0);
	ck_assert(!kv_has(f, "a/b/"));
	ck_assert_int_eq(rename_at(f, "a/b/d", "top", 0), 0);
	ck_assert(kv_has(f, "a/b/"));
	expect_list(f, "a/b", "");
	/* others there keep it, before and after what goes */
	kv_put(f, "k/m!", "between the own value and what is below");
	kv_put(f, "k/m", "own");
	kv_put(f, "k/m/x", "1");
	ck_assert_int_eq(rename_at(f, "k/m", "m", 0), 0);
	ck_assert(!kv_has(f, "k/"));
	expect_list(f, "k", "m!");
	kv_put(f, "k/l/x", "1");
	ck_assert_int_eq(unlink_at(f, "k/m!"), 0);
	ck_assert_int_eq(rename_at(f, "k/l", "l", 0), 0);
	ck_assert(kv_has(f, "k/"));
	/* below an empty name the key of the own value is the folder's record */
	ck_assert_int_eq(mkdir_at(f, "p"), 0);
	ck_assert_int_eq(mkdir_at(f, "p/%"), 0);
	echo(f, "p/%/x", "1");
	ck_assert_int_eq(rename_at(f, "p/%", "q", 0), 0);
	ck_assert(kv_has(f, "p/"));
	ck_assert(!kv_has(f, "q"));
	expect_text(f, "q/x", "1");
	fixture_free(f);
}
END_TEST

START_TEST(exchange_swaps_whatever_is_there)
{
	struct fixture *f = fixture_new();

	echo(f, "a", "file a");
	echo(f, "b", "file b");
	kv_put(f, "d/x/1", "in d");
	kv_put(f, "d", "own of d");
	kv_put(f, "e/y", "in e");
	uint64_t a = node_at(f, "a"), y = node_at(f, "e/y");

	ck_assert_int_eq(rename_at(f, "a", "b", RENAME_EXCHANGE), 0);
	expect_text(f, "a", "file b");
	expect_text(f, "b", "file a");
	expect_node_text(f, a, "file a");
	ck_assert_int_eq(rename_at(f, "d", "e", RENAME_EXCHANGE), 0);
	expect_text(f, "e/x/1", "in d");
	expect_text(f, "e/%=", "own of d");
	expect_list(f, "d", "y");
	ck_assert_int_eq(write_node(f, y, 0, "I"), 0);
	expect_text(f, "d/y", "In e");
	ck_assert_int_eq(rename_at(f, "d", "a", RENAME_EXCHANGE), 0);
	expect_text(f, "d", "file b");
	expect_text(f, "a/y", "In e");
	ck_assert_int_eq(rename_at(f, "a", "none", RENAME_EXCHANGE), -ENOENT);
	ck_assert_int_eq(rename_at(f, "none", "a", RENAME_EXCHANGE), -ENOENT);
	ck_assert_int_eq(rename_at(f, "a", "a/y", RENAME_EXCHANGE), -EINVAL);
	ck_assert_int_eq(rename_at(f, "a/y", "a", RENAME_EXCHANGE), -EINVAL);
	ck_assert_int_eq(rename_at(f, "a", "e/%=", RENAME_EXCHANGE), -EPERM);
	ck_assert_int_eq(rename_at(f, "a", "b", RENAME_EXCHANGE | RENAME_NOREPLACE), -EINVAL);
	fs_forget(f->fs, a, 1);
	fs_forget(f->fs, y, 1);
	fixture_kill(f);
	expect_list(f, "", "a/ b d e/");
	expect_text(f, "a/y", "In e");
	fixture_free(f);
}
END_TEST

/* The file "%" has the key of the record of the folder around it. */
START_TEST(a_folders_attributes_are_not_written_over)
{
	struct fixture *f = fixture_new();

	ck_assert_int_eq(mkdir_at(f, "a"), 0);
	chmod_at(f, "a", 0700);
	ck_assert_int_eq(mkdir_at(f, "a/%"), 0);
	echo(f, "x", "file");
	kv_put(f, "s", "own");
	kv_put(f, "s/y", "below");
	ck_assert_int_eq(rename_at(f, "x", "a/%", RENAME_EXCHANGE), -EPERM);
	ck_assert_int_eq(rename_at(f, "s", "a/%", 0), -EPERM);
	ck_assert_int_eq(rename_at(f, "s", "%", 0), -EPERM); /* "%" at the root has no own value */
	ck_assert_uint_eq(stat_at(f, "a").st_mode, S_IFDIR | 0700);
	expect_text(f, "s/%=", "own");
	/* where a file has it, it moves */
	kv_put(f, "b/", "file");
	kv_put(f, "b/c", "1");
	ck_assert_int_eq(rename_at(f, "x", "b/%", RENAME_EXCHANGE), 0);
	expect_text(f, "x", "file");
	expect_text(f, "b/%", "file");
	fixture_free(f);
}
END_TEST

START_TEST(what_cannot_be_done_at_once_is_refused)
{
	struct fixture *f = fixture_new();
	char path[400] = "long/", key[64];

	memset(path + 5, 'x', 300);
	kv_put(f, path, "1"); /* long/xxx%~ is a folder within a name */
	for (int i = 0; i < 60; i++) {
		(void)snprintf(key, sizeof(key), "many/%d", i);
		kv_put(f, key, "1");
	}
	f->fs->rename_max_keys = 59;
	ck_assert_int_eq(rename_at(f, "many", "n", 0), -EXDEV);
	f->fs->rename_max_keys = 60;
	ck_assert_int_eq(rename_at(f, "many", "n", 0), 0);
	uint64_t node = node_at(f, "long");
	char *name = list_node(f, node);

	name[strlen(name) - 1] = '\0'; /* the slash */
	(void)snprintf(path, sizeof(path), "long/%s", name);
	ck_assert_int_eq(rename_at(f, path, "other", 0), -EXDEV);
	ck_assert_int_eq(rename_at(f, "n", path, 0), -EXDEV);
	ck_assert_int_eq(rename_at(f, "long", "short", 0), 0); /* names below may be long */
	ck_assert_int_eq(rename_at(f, "n", ".apex", 0), -EPERM);
	fs_forget(f->fs, node, 1);
	free(name);
	fixture_free(f);
}
END_TEST

START_TEST(a_key_that_would_be_too_long_stops_it)
{
	struct fixture *f = fixture_new();
	char *key = malloc(LSM_KEY_MAX + 1);

	for (int i = 0; i < LSM_KEY_MAX; i++)
		key[i] = i % 100 == 1 ? '/' : 'x';
	key[LSM_KEY_MAX] = '\0';
	kv_put(f, key, "1");
	ck_assert_int_eq(rename_at(f, "x", "yy", 0), -ENAMETOOLONG);
	ck_assert(kv_has(f, key));
	ck_assert_int_eq(rename_at(f, "x", "y", 0), 0);
	ck_assert(!kv_has(f, key));
	free(key);
	fixture_free(f);
}
END_TEST

START_TEST(large_values_stay_where_they_are)
{
	struct fixture *f = fixture_new();
	struct lsm_stats before, after;
	char *bytes = malloc(100001);
	uint64_t node;

	for (int i = 0; i < 100000; i++)
		bytes[i] = (char)('a' + i * 7 % 26);
	bytes[100000] = '\0';
	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	ck_assert_int_eq(create_as(f, &f->me, "d/big", 0666, false, &node), 0);
	ck_assert_int_eq(write_node(f, node, 0, bytes), 0);
	lsm_stats_read(f->db, &before);
	ck_assert_int_eq(rename_at(f, "d", "n", 0), 0);
	lsm_stats_read(f->db, &after);
	ck_assert_uint_eq(after.blob_written_bytes, before.blob_written_bytes);
	expect_text(f, "n/big", bytes);
	fs_forget(f->fs, node, 1);
	fixture_kill(f);
	expect_text(f, "n/big", bytes);
	free(bytes);
	fixture_free(f);
}
END_TEST

START_TEST(a_failed_rename_changes_nothing)
{
	struct env_fault_plan plan = {.sticky = true, .writes_only = true, .error = -EIO};

	for (unsigned flags = 0; flags <= RENAME_EXCHANGE; flags += RENAME_EXCHANGE) {
		struct fixture *f = fixture_new();

		kv_put(f, "d/a", "1");
		ck_assert_int_eq(mkdir_at(f, "e"), 0);
		uint64_t a = node_at(f, "d/a"), e = node_at(f, "e");

		env_fault_set(f->fault, &plan);
		ck_assert_int_lt(rename_at(f, "d", "e", flags), 0);
		expect_node_text(f, a, "1");
		expect_text(f, "d/a", "1");
		expect_list(f, "e", "");
		env_fault_set(f->fault, NULL);
		fs_forget(f->fs, a, 1);
		fs_forget(f->fs, e, 1);
		fixture_kill(f);
		expect_text(f, "d/a", "1");
		expect_list(f, "e", "");
		fixture_free(f);
	}
}
END_TEST

/* ---- with others at work below ---- */

enum {
	READERS = 3,
	RENAMES = 300 / UNIT_SLOWNESS,
};

struct busy {
	struct fixture *f;
	uint64_t folder; /* m/x/, wherever it is */
	uint64_t file;   /* "file" in it */
	_Atomic bool stop;
	_Atomic unsigned number;
};

/* "file" and "other" are always there, whoever asks and how. */
static void look_around(struct busy *b)
{
	struct fixture *f = b->f;
	struct fs_read_result read;
	struct fs_entry entry;
	struct fs_dirent dirent;
	struct fs_dir *dir;
	struct stat st;

	assert(fs_read(f->fs, b->file, 0, 100, &read) == 0);
	assert(slice_eq(read.bytes, slice_str("content")));
	fs_read_done(&read);
	assert(fs_getattr(f->fs, b->folder, &st) == 0 && st.st_mode == (S_IFDIR | 0700));
	assert(look(f, b->folder, "file", &entry) == 0 && entry.node == b->file);
	fs_forget(f->fs, entry.node, 1);
	assert(look(f, b->folder, "other", &entry) == 0);
	fs_forget(f->fs, entry.node, 1);
	assert(look(f, b->folder, "absent", &entry) == -ENOENT);
	assert(fs_dir_open(f->fs, b->folder, &dir) == 0);
	unsigned seen = 0;

	while (fs_dir_next(dir, &dirent) == 0) {
		if (strcmp(dirent.name, "file") != 0 && strcmp(dirent.name, "other") != 0)
			continue;
		seen++;
		assert(fs_dir_lookup(dir, &entry) == 0);
		fs_forget(f->fs, entry.node, 1);
	}
	assert(seen == 2);
	fs_dir_close(dir);
}

/* What this thread makes is there until this thread removes it. */
static void make_and_remove(struct busy *b, unsigned number)
{
	struct fixture *f = b->f;
	struct fs_caller me = {FIXTURE_UID, FIXTURE_GID, 1000 + (pid_t)number, 022};
	struct fs_entry entry, again;
	char name[32];

	(void)snprintf(name, sizeof(name), "made%u", number);
	assert(fs_create(f->fs, &me, b->folder, slice_str(name), 0644, &entry) == 0);
	assert(fs_write(f->fs, &me, entry.node, 0, slice_str(name)) == 0);
	assert(look(f, b->folder, name, &again) == 0 && again.node == entry.node);
	expect_node_text(f, entry.node, name);
	assert(fs_unlink(f->fs, &me, b->folder, slice_str(name)) == 0);
	assert(look(f, b->folder, name, &again) == -ENOENT);
	fs_forget(f->fs, entry.node, 2);
}

static void *be_busy(void *arg)
{
	struct busy *b = arg;
	unsigned number = atomic_fetch_add(&b->number, 1);

	while (!atomic_load(&b->stop)) {
		look_around(b);
		make_and_remove(b, number);
	}
	return NULL;
}

START_TEST(whoever_works_below_notices_nothing)
{
	struct fixture *f = fixture_new();
	struct busy b = {.f = f};
	pthread_t threads[READERS];

	ck_assert_int_eq(mkdir_at(f, "m"), 0);
	ck_assert_int_eq(mkdir_at(f, "m/x"), 0);
	chmod_at(f, "m/x", 0700);
	echo(f, "m/x/file", "content");
	echo(f, "m/x/other", "content");
	echo(f, "s", "swapped with a folder");
	b.folder = node_at(f, "m/x");
	b.file = node_at(f, "m/x/file");
	for (int i = 0; i < READERS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, be_busy, &b), 0);
	for (int i = 0; i < RENAMES / 3; i++) {
		ck_assert_int_eq(rename_at(f, "m", "n", 0), 0);
		ck_assert_int_eq(rename_at(f, "n", "s", RENAME_EXCHANGE), 0);
		ck_assert_int_eq(rename_at(f, "s", "m", 0), 0);
		ck_assert_int_eq(rename_at(f, "n", "s", 0), 0);
	}
	atomic_store(&b.stop, true);
	for (int i = 0; i < READERS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	expect_list(f, "m/x", "file other");
	fs_forget(f->fs, b.folder, 1);
	fs_forget(f->fs, b.file, 1);
	ck_assert_uint_eq(fs_stats_of(f).nodes, 1);
	fixture_free(f);
}
END_TEST

struct pair {
	struct fixture *f;
	uint64_t folder[2]; /* the first has a value of its own, the second has none */
	uint64_t file[2];   /* "a" in each */
	_Atomic bool stop;
};

/* What is listed from here to the end is the folder's own. */
static void expect_own_entries(struct pair *p, struct fs_dir *dir, int which)
{
	struct fs_dirent dirent;
	struct fs_entry entry;
	bool has_value = false;

	while (fs_dir_next(dir, &dirent) == 0) {
		has_value = has_value || strcmp(dirent.name, "%=") == 0;
		if (strcmp(dirent.name, "a") != 0)
			continue;
		assert(fs_dir_lookup(dir, &entry) == 0 && entry.node == p->file[which]);
		fs_forget(p->f->fs, entry.node, 1);
	}
	assert(has_value == (which == 0));
}

static void *list_both(void *arg)
{
	struct pair *p = arg;

	for (int i = 0; !atomic_load(&p->stop); i++) {
		struct fs_dir *dir;

		assert(fs_dir_open(p->f->fs, p->folder[i % 2], &dir) == 0);
		expect_own_entries(p, dir, i % 2);
		assert(fs_dir_seek(dir, 0) == 0);
		expect_own_entries(p, dir, i % 2);
		fs_dir_close(dir);
	}
	return NULL;
}

START_TEST(folders_are_listed_while_they_change_places)
{
	struct fixture *f = fixture_new();
	struct pair p = {.f = f};
	pthread_t threads[READERS];
	char key[32];

	kv_put(f, "m", "own value");
	for (int i = 0; i < 100; i++) {
		(void)snprintf(key, sizeof(key), "m/b%d", i);
		kv_put(f, key, "1");
	}
	echo(f, "m/a", "in m");
	ck_assert_int_eq(mkdir_at(f, "n"), 0);
	echo(f, "n/a", "in n");
	for (int i = 0; i < 2; i++) {
		p.folder[i] = node_at(f, i ? "n" : "m");
		p.file[i] = node_at(f, i ? "n/a" : "m/a");
	}
	for (int i = 0; i < READERS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, list_both, &p), 0);
	for (int i = 0; i < RENAMES; i++)
		ck_assert_int_eq(rename_at(f, "m", "n", RENAME_EXCHANGE), 0);
	atomic_store(&p.stop, true);
	for (int i = 0; i < READERS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	for (int i = 0; i < 2; i++) {
		fs_forget(f->fs, p.folder[i], 1);
		fs_forget(f->fs, p.file[i], 1);
	}
	fixture_free(f);
}
END_TEST

static const TTest *const *const tests[] = {
	&all_below_moves_in_one_batch,
	&times_below_stay,
	&nodes_below_go_along,
	&what_is_held_below_goes_along,
	&an_empty_folder_is_replaced,
	&folders_above_do_not_vanish,
	&exchange_swaps_whatever_is_there,
	&a_folders_attributes_are_not_written_over,
	&what_cannot_be_done_at_once_is_refused,
	&a_key_that_would_be_too_long_stops_it,
	&large_values_stay_where_they_are,
	&a_failed_rename_changes_nothing,
	&whoever_works_below_notices_nothing,
	&folders_are_listed_while_they_change_places,
};

UNIT_SUITE("fs/core/rename_tree", tests)
