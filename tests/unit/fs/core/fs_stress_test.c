/*
 * Threads that do everything to the same few names at once; meant for TSan. A value is always one
 * letter many times, written at once, so a torn or mixed one shows. The threads use plain assert:
 * check's own is for one thread.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#include "tests/unit/fs/core/fs_fixture.h"

enum {
	THREADS = 4,
	STEPS = UNIT_SLOWNESS == 1 ? 3000 : 1000,
	VALUE_BYTES = 6000, /* longer than what is put anew, so that it is patched */
};

static struct fixture *f;
static const char *const folders[] = {"d", "e", "implied"};
static const char *const names[] = {"a", "b", "c", "a!"};

struct worker {
	pthread_t thread;
	struct fs_caller caller;
	struct rng rng;
};

static uint64_t folder_of(struct worker *w)
{
	struct fs_entry entry;
	int err = look(f, FS_ROOT, folders[rng_below(&w->rng, array_size(folders))], &entry);

	assert(err == 0); /* they do not vanish */
	return entry.node;
}

static struct slice name_of(struct worker *w)
{
	return slice_str(names[rng_below(&w->rng, array_size(names))]);
}

static bool is_one_of(int err, int a, int b)
{
	return err == 0 || err == a || err == b;
}

static void write_value(struct worker *w, uint64_t node)
{
	char value[VALUE_BYTES];

	memset(value, 'a' + (int)rng_below(&w->rng, 26), sizeof(value));
	int err = fs_write(f->fs, &w->caller, node, 0, slice_of(value, sizeof(value)));

	assert(err == 0);
}

/* From one whole value or an empty one to another. */
static void copy_value(struct worker *w, uint64_t from, uint64_t to)
{
	struct fs_copy copy = {.from = from, .to = to, .len = UINT64_MAX};
	uint64_t copied;
	int err = fs_copy_range(f->fs, &w->caller, &copy, &copied);

	assert(err == 0 || err == -EINVAL); /* one file */
	assert(err || copied == 0 || copied == VALUE_BYTES);
}

/* Its letter, 0 when it is empty. */
static uint8_t read_value(uint64_t node)
{
	struct fs_read_result read;

	assert(fs_read(f->fs, node, 0, VALUE_BYTES * 2, &read) == 0);
	assert(read.bytes.len == 0 || read.bytes.len == VALUE_BYTES);
	for (size_t i = 1; i < read.bytes.len; i++)
		assert(read.bytes.ptr[i] == read.bytes.ptr[0]);
	uint8_t letter = read.bytes.len > 0 ? read.bytes.ptr[0] : 0;

	fs_read_done(&read);
	return letter;
}

static void use_file(struct worker *w, uint64_t node)
{
	struct stat st;
	struct stat want = {.st_mode = 0640};

	switch (rng_below(&w->rng, 6)) {
	case 0:
		assert(truncate_node(f, &w->caller, node, 0) == 0);
		break;
	case 1:
		assert(fs_getattr(f->fs, node, &st) == 0);
		assert(st.st_size == 0 || st.st_size == VALUE_BYTES);
		break;
	case 2:
		assert(fs_setattr(f->fs, &w->caller, node, &want, FS_SET_MODE, &st) == 0);
		break;
	case 3:
		(void)read_value(node);
		break;
	default:
		write_value(w, node);
	}
}

static void list(struct worker *w, uint64_t folder)
{
	struct fs_dir *dir;
	struct fs_dirent dirent;
	struct fs_entry entry;
	int count = 0;

	assert(fs_dir_open(f->fs, folder, &dir) == 0);
	while (fs_dir_next(dir, &dirent) == 0) {
		if (dirent.cookie <= 2)
			continue;
		count++;
		int err = fs_dir_lookup(dir, &entry);

		assert(is_one_of(err, -ENOENT, -ENOENT));
		if (!err) {
			use_file(w, entry.node);
			fs_forget(f->fs, entry.node, 1);
		}
	}
	assert(count <= (int)array_size(names));
	fs_dir_close(dir);
}

static void rename_one(struct worker *w)
{
	uint64_t from = folder_of(w);
	uint64_t to = folder_of(w);
	struct fs_rename rename = {
		.parent = from,
		.name = name_of(w),
		.new_parent = to,
		.new_name = name_of(w),
		.flags = rng_below(&w->rng, 4) ? 0 : RENAME_NOREPLACE,
	};

	assert(is_one_of(fs_rename(f->fs, &w->caller, &rename), -ENOENT, -EEXIST));
	fs_forget(f->fs, from, 1);
	fs_forget(f->fs, to, 1);
}

static void copy_one(struct worker *w)
{
	uint64_t from_folder = folder_of(w);
	uint64_t to_folder = folder_of(w);
	struct fs_entry from;
	struct fs_entry to;

	if (fs_lookup(f->fs, from_folder, name_of(w), &from) == 0) {
		if (fs_lookup(f->fs, to_folder, name_of(w), &to) == 0) {
			copy_value(w, from.node, to.node);
			fs_forget(f->fs, to.node, 1);
		}
		fs_forget(f->fs, from.node, 1);
	}
	fs_forget(f->fs, from_folder, 1);
	fs_forget(f->fs, to_folder, 1);
}

static void step(struct worker *w)
{
	uint64_t folder = folder_of(w);
	struct fs_entry entry;
	int err = -1;

	switch (rng_below(&w->rng, 14)) {
	case 0:
	case 1:
	case 2:
		if (rng_below(&w->rng, 4))
			err = fs_create(f->fs, &w->caller, folder, name_of(w), 0666, &entry);
		else
			err = fs_mknod(f->fs, &w->caller, folder, name_of(w), 0666, &entry);
		assert(is_one_of(err, -EEXIST, -EEXIST));
		break;
	case 3:
	case 4:
		assert(is_one_of(fs_unlink(f->fs, &w->caller, folder, name_of(w)), -ENOENT,
				 -ENOENT));
		break;
	case 5:
		rename_one(w);
		break;
	case 6:
		list(w, folder);
		break;
	case 7:
	case 8:
		copy_one(w);
		break;
	case 9:
		if (rng_below(&w->rng, 20) == 0)
			assert(fs_sync(f->fs) == 0);
		break;
	default:
		err = fs_lookup(f->fs, folder, name_of(w), &entry);
		assert(is_one_of(err, -ENOENT, -ENOENT));
	}
	if (!err) {
		use_file(w, entry.node);
		use_file(w, entry.node);
		fs_forget(f->fs, entry.node, 1);
	}
	fs_forget(f->fs, folder, 1);
}

static void *work(void *arg)
{
	struct worker *w = arg;

	for (int i = 0; i < STEPS; i++)
		step(w);
	return NULL;
}

START_TEST(threads_on_the_same_names_see_whole_values)
{
	static struct worker workers[THREADS];
	uint64_t seed = test_seed();

	f = fixture_new();
	f->with_timer = true;
	f->memtable_bytes = 256 * 1024;
	fixture_restart(f);
	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	ck_assert_int_eq(mkdir_at(f, "e"), 0);
	echo(f, "d/a", "");
	kv_put(f, "implied/a", "");
	for (int i = 0; i < THREADS; i++) {
		workers[i].caller = (struct fs_caller){FIXTURE_UID, FIXTURE_GID, 1000 + i, 022};
		rng_seed(&workers[i].rng, seed + (uint64_t)i);
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
	ck_assert_int_eq(fs_sync(f->fs), 0);
	ck_assert_uint_eq(fs_stats_of(f).nodes, 1);
	ck_assert_uint_eq(fs_stats_of(f).unlinked_bytes, 0);

	char *before[array_size(folders)];

	for (size_t i = 0; i < array_size(folders); i++)
		before[i] = list_node(f, node_at(f, folders[i]));
	fixture_restart(f);
	for (size_t i = 0; i < array_size(folders); i++) {
		expect_list(f, folders[i], before[i]);
		free(before[i]);
	}
	fixture_free(f);
}
END_TEST

enum {
	RMDIR_STEPS = UNIT_SLOWNESS == 1 ? 1500 : 500,
};

/* One makes and removes the folder, the other a file in it: neither may be lost under the other. */
static void *make_and_remove_folder(void *arg)
{
	struct worker *w = arg;
	struct fs_entry entry;

	for (int i = 0; i < RMDIR_STEPS; i++) {
		int err = fs_mkdir(f->fs, &w->caller, FS_ROOT, slice_str("x"), 0777, &entry);

		assert(is_one_of(err, -EEXIST, -EEXIST));
		if (!err)
			fs_forget(f->fs, entry.node, 1);
		err = fs_rmdir(f->fs, &w->caller, FS_ROOT, slice_str("x"));
		assert(is_one_of(err, -ENOTEMPTY, -ENOENT));
	}
	return NULL;
}

static void *make_and_remove_file(void *arg)
{
	struct worker *w = arg;

	for (int i = 0; i < RMDIR_STEPS; i++) {
		struct fs_entry folder;
		struct fs_entry file;
		struct fs_entry again;

		if (look(f, FS_ROOT, "x", &folder) < 0)
			continue;
		int err = fs_create(f->fs, &w->caller, folder.node, slice_str("f"), 0666, &file);

		assert(is_one_of(err, -ENOENT, -ENOENT));
		if (!err) {
			/* As long as it is there, its folder is. */
			assert(look(f, FS_ROOT, "x", &again) == 0);
			assert(again.node == folder.node);
			fs_forget(f->fs, again.node, 1);
			write_value(w, file.node);
			assert(fs_unlink(f->fs, &w->caller, folder.node, slice_str("f")) == 0);
			assert(read_value(file.node) != 0);
			fs_forget(f->fs, file.node, 1);
		}
		fs_forget(f->fs, folder.node, 1);
	}
	return NULL;
}

START_TEST(a_folder_in_use_is_not_removed)
{
	static struct worker workers[2];

	f = fixture_new();
	f->with_timer = true;
	fixture_restart(f);
	for (int i = 0; i < 2; i++) {
		workers[i].caller = (struct fs_caller){FIXTURE_UID, FIXTURE_GID, 1000 + i, 022};
		rng_seed(&workers[i].rng, test_seed() + (uint64_t)i);
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL,
						i ? make_and_remove_file : make_and_remove_folder,
						&workers[i]),
				 0);
	}
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
	ck_assert_uint_eq(fs_stats_of(f).nodes, 1);
	fixture_free(f);
}
END_TEST

enum {
	MOVE_STEPS = UNIT_SLOWNESS == 1 ? 3000 : 1000,
};

static _Atomic bool movers_done;

/* A file is made, moved over another and removed, again and again. */
static void *make_move_remove(void *arg)
{
	struct worker *w = arg;
	struct fs_rename rename = {
		.parent = FS_ROOT,
		.name = slice_str("x"),
		.new_parent = FS_ROOT,
		.new_name = slice_str("y"),
	};

	for (int i = 0; i < MOVE_STEPS; i++) {
		struct fs_entry entry;

		int err = fs_mknod(f->fs, &w->caller, FS_ROOT, slice_str("x"), 0666, &entry);

		assert(err == 0);
		write_value(w, entry.node);
		assert(fs_rename(f->fs, &w->caller, &rename) == 0);
		if (i % 2)
			assert(fs_unlink(f->fs, &w->caller, FS_ROOT, slice_str("y")) == 0);
		fs_forget(f->fs, entry.node, 1);
	}
	atomic_store(&movers_done, true);
	return NULL;
}

/* Whoever has its number can use it all the time. */
static void *use_what_moves(void *arg)
{
	struct worker *w = arg;

	while (!atomic_load(&movers_done)) {
		const char *name = rng_below(&w->rng, 2) ? "x" : "y";
		struct fs_entry entry;
		struct stat st;

		if (look(f, FS_ROOT, name, &entry) < 0)
			continue;
		uint8_t letter = 0;

		for (int i = 0; i < 30; i++) {
			uint8_t now = read_value(entry.node);

			/* Each file is written once. */
			assert(letter == 0 || now == letter);
			letter = now;
			assert(fs_getattr(f->fs, entry.node, &st) == 0);
			assert(st.st_ino == entry.attr.st_ino);
		}
		fs_forget(f->fs, entry.node, 1);
	}
	return NULL;
}

START_TEST(a_file_in_use_is_never_missing)
{
	static struct worker workers[3];
	uint64_t seed = test_seed();

	f = fixture_new();
	atomic_store(&movers_done, false);
	for (int i = 0; i < 3; i++) {
		workers[i].caller = (struct fs_caller){FIXTURE_UID, FIXTURE_GID, 1000 + i, 022};
		rng_seed(&workers[i].rng, seed + (uint64_t)i);
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL,
						i ? use_what_moves : make_move_remove, &workers[i]),
				 0);
	}
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
	ck_assert_uint_eq(fs_stats_of(f).nodes, 1);
	fixture_free(f);
}
END_TEST

static const TTest *const *const tests[] = {
	&threads_on_the_same_names_see_whole_values,
	&a_folder_in_use_is_not_removed,
	&a_file_in_use_is_never_missing,
};

UNIT_SUITE("fs/core/fs_stress", tests)
