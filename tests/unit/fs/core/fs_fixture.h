/*
 * A file system over a real engine over a disk in memory, without the timer, and short ways to use
 * it.
 */
#pragma once

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/core/fs_internal.h"
#include "lsm/base/rng.h"
#include "lsm/env/env_fault.h"
#include "lsm/env/env_mem.h"
#include "lsm/lsm.h"
#include "tests/unit/unit.h"

enum {
	FIXTURE_UID = 1000,
	FIXTURE_GID = 1001,
	FIXTURE_VALUE_MAX = 1 << 20,
	FIXTURE_RENAME_MAX_KEYS = 1000,
};

struct fixture {
	struct env *env;   /* the disk */
	struct env *fault; /* around it */
	struct lsm *db;
	struct fs *fs;
	struct fs_caller me;    /* the mounting user */
	struct fs_caller other; /* the same user in another process */
	uint64_t memtable_bytes;
	bool read_only;
	bool with_timer;
};

static inline void fixture_start(struct fixture *f)
{
	struct lsm_options options;

	lsm_options_init(&options);
	options.env = f->fault;
	options.filter_separator = '/';
	options.sync_mode = LSM_SYNC_MANUAL;
	options.reserve_bytes = 128 << 10;
	/* So small that short values are kept as large ones are, in several chunks. */
	options.large_value_threshold = 2048;
	options.chunk_bytes = 4096;
	options.value_max = FIXTURE_VALUE_MAX;
	if (f->memtable_bytes)
		options.memtable_bytes = f->memtable_bytes;
	int err = lsm_open("store", &options, &f->db);

	ck_assert_msg(!err, "open: %d %s", err, lsm_error_text());

	struct fs_options fs_options = {
		.db = f->db,
		.separator = '/',
		.uid = FIXTURE_UID,
		.gid = FIXTURE_GID,
		.umask = 022,
		.value_max = FIXTURE_VALUE_MAX,
		.rename_max_keys = FIXTURE_RENAME_MAX_KEYS,
		.read_only = f->read_only,
	};

	err = f->with_timer ? fs_new(&fs_options, &f->fs) : fs_build(&fs_options, &f->fs);
	ck_assert_int_eq(err, 0);
}

static inline struct fixture *fixture_new(void)
{
	struct fixture *f = calloc(1, sizeof(*f));

	ck_assert_ptr_nonnull(f);
	f->env = env_mem_new();
	f->fault = env_fault_new(f->env);
	ck_assert_ptr_nonnull(f->fault);
	f->me = (struct fs_caller){FIXTURE_UID, FIXTURE_GID, 100, 022};
	f->other = (struct fs_caller){FIXTURE_UID, FIXTURE_GID, 200, 022};
	fixture_start(f);
	return f;
}

static inline void fixture_stop(struct fixture *f)
{
	ck_assert_int_eq(fs_free(f->fs), 0);
	ck_assert_int_eq(lsm_close(f->db), 0);
}

/* Unmount and mount again. */
static inline void fixture_restart(struct fixture *f)
{
	fixture_stop(f);
	fixture_start(f);
}

/* The process dies: what the file system holds in memory is lost, what is in the log files is not.
 */
static inline void fixture_kill(struct fixture *f)
{
	struct env *disk = env_mem_clone(f->env);

	ck_assert_ptr_nonnull(disk);
	ignore_result(fs_free(f->fs)); /* writes to the disk that is left behind */
	ignore_result(lsm_close(f->db));
	env_free(f->fault);
	env_free(f->env);
	f->env = disk;
	f->fault = env_fault_new(disk);
	fixture_start(f);
}

static inline void fixture_free(struct fixture *f)
{
	fixture_stop(f);
	env_free(f->fault);
	env_free(f->env);
	free(f);
}

/* Change an option and mount again. */
static inline void fixture_set_read_only(struct fixture *f, bool read_only)
{
	f->read_only = read_only;
	fixture_restart(f);
}

static inline int look(struct fixture *f, uint64_t parent, const char *name,
		       struct fs_entry *ret_entry)
{
	return fs_lookup(f->fs, parent, slice_str(name), ret_entry);
}

/* Walk a path from the root; 0 when it does not exist. Only the last node's lookup stays. */
static inline uint64_t walk(struct fixture *f, const char *path)
{
	uint64_t node = FS_ROOT;

	while (*path) {
		const char *end = strchrnul(path, '/');
		struct fs_entry entry;
		int err = fs_lookup(f->fs, node, slice_of(path, (size_t)(end - path)), &entry);

		fs_forget(f->fs, node, 1);
		if (err) {
			ck_assert_int_eq(err, -ENOENT);
			return 0;
		}
		node = entry.node;
		path = *end ? end + 1 : end;
	}
	return node;
}

/* The node of a path that must exist. */
static inline uint64_t node_at(struct fixture *f, const char *path)
{
	uint64_t node = walk(f, path);

	ck_assert_msg(node != 0, "%s is missing", path);
	return node;
}

static inline bool exists(struct fixture *f, const char *path)
{
	uint64_t node = walk(f, path);

	fs_forget(f->fs, node, 1);
	return node != 0;
}

/* The folder of a path's last name, and that name. */
static inline uint64_t parent_at(struct fixture *f, const char *path, const char **ret_name)
{
	const char *slash = strrchr(path, '/');
	char folder[4096] = "";

	if (slash)
		memcpy(folder, path, (size_t)(slash - path));
	*ret_name = slash ? slash + 1 : path;
	return node_at(f, folder);
}

static inline struct stat stat_at(struct fixture *f, const char *path)
{
	uint64_t node = node_at(f, path);
	struct stat st;

	ck_assert_int_eq(fs_getattr(f->fs, node, &st), 0);
	fs_forget(f->fs, node, 1);
	return st;
}

static inline int create_as(struct fixture *f, const struct fs_caller *caller, const char *path,
			    mode_t mode, bool exclusive, uint64_t *ret_node)
{
	const char *name;
	uint64_t parent = parent_at(f, path, &name);
	struct fs_entry entry;
	int err = exclusive ? fs_mknod(f->fs, caller, parent, slice_str(name), mode, &entry)
			    : fs_create(f->fs, caller, parent, slice_str(name), mode, &entry);

	fs_forget(f->fs, parent, 1);
	if (!err && ret_node)
		*ret_node = entry.node;
	else if (!err)
		fs_forget(f->fs, entry.node, 1);
	return err;
}

static inline int mkdir_at(struct fixture *f, const char *path)
{
	const char *name;
	uint64_t parent = parent_at(f, path, &name);
	struct fs_entry entry;
	int err = fs_mkdir(f->fs, &f->me, parent, slice_str(name), 0777, &entry);

	fs_forget(f->fs, parent, 1);
	if (!err)
		fs_forget(f->fs, entry.node, 1);
	return err;
}

static inline int unlink_at(struct fixture *f, const char *path)
{
	const char *name;
	uint64_t parent = parent_at(f, path, &name);
	int err = fs_unlink(f->fs, &f->me, parent, slice_str(name));

	fs_forget(f->fs, parent, 1);
	return err;
}

static inline int rmdir_at(struct fixture *f, const char *path)
{
	const char *name;
	uint64_t parent = parent_at(f, path, &name);
	int err = fs_rmdir(f->fs, &f->me, parent, slice_str(name));

	fs_forget(f->fs, parent, 1);
	return err;
}

static inline int rename_at(struct fixture *f, const char *from, const char *to, unsigned flags)
{
	const char *from_name;
	const char *to_name;
	uint64_t from_parent = parent_at(f, from, &from_name);
	uint64_t to_parent = parent_at(f, to, &to_name);
	struct fs_rename rename = {
		.parent = from_parent,
		.name = slice_str(from_name),
		.new_parent = to_parent,
		.new_name = slice_str(to_name),
		.flags = flags,
	};
	int err = fs_rename(f->fs, &f->me, &rename);

	fs_forget(f->fs, from_parent, 1);
	fs_forget(f->fs, to_parent, 1);
	return err;
}

static inline int write_node(struct fixture *f, uint64_t node, uint64_t offset, const char *text)
{
	return fs_write(f->fs, &f->me, node, offset, slice_str(text));
}

static inline int truncate_node(struct fixture *f, const struct fs_caller *caller, uint64_t node,
				off_t size)
{
	struct stat want = {.st_size = size};
	struct stat got;

	return fs_setattr(f->fs, caller, node, &want, FS_SET_SIZE, &got);
}

/* echo -n text > path */
static inline void echo(struct fixture *f, const char *path, const char *text)
{
	uint64_t node;
	int err = create_as(f, &f->me, path, 0666, 0, &node);

	ck_assert_msg(!err, "create %s: %d", path, err);
	ck_assert_int_eq(truncate_node(f, &f->me, node, 0), 0);
	ck_assert_int_eq(write_node(f, node, 0, text), 0);
	fs_forget(f->fs, node, 1);
}

static inline void expect_node_text(struct fixture *f, uint64_t node, const char *text)
{
	struct fs_read_result read;

	ck_assert_int_eq(fs_read(f->fs, node, 0, 1 << 20, &read), 0);
	ck_assert_msg(slice_eq(read.bytes, slice_str(text)), "\"%.*s\" instead of \"%s\"",
		      (int)read.bytes.len, (const char *)read.bytes.ptr, text);
	fs_read_done(&read);
}

static inline void expect_text(struct fixture *f, const char *path, const char *text)
{
	uint64_t node = node_at(f, path);

	expect_node_text(f, node, text);
	fs_forget(f->fs, node, 1);
}

/* Straight into the store, as apexkv does. */
static inline void kv_put(struct fixture *f, const char *key, const char *value)
{
	ck_assert_int_eq(lsm_put(f->db, slice_str(key), slice_str(value), NULL), 0);
}

static inline bool kv_has(struct fixture *f, const char *key)
{
	struct lsm_record record;
	int err = lsm_stat(f->db, slice_str(key), NULL, &record);

	ck_assert(err == 0 || err == -ENOENT);
	if (!err)
		lsm_record_release(&record);
	return !err;
}

static inline size_t kv_meta_len(struct fixture *f, const char *key)
{
	struct lsm_record record;

	ck_assert_int_eq(lsm_stat(f->db, slice_str(key), NULL, &record), 0);
	size_t len = record.meta.len;

	lsm_record_release(&record);
	return len;
}

static inline uint64_t records_written(struct fixture *f)
{
	struct lsm_stats stats;

	lsm_stats_read(f->db, &stats);
	return stats.records_written;
}

static inline struct fs_stats fs_stats_of(struct fixture *f)
{
	struct fs_stats stats;

	fs_stats_read(f->fs, &stats);
	return stats;
}

/* The names in a folder, but "." and "..", in order of the listing, with a '/' after folders,
 * joined by blanks. */
static inline char *list_node(struct fixture *f, uint64_t node)
{
	struct fs_dir *dir;
	struct fs_dirent entry;
	struct buf names = {0};
	int err;

	ck_assert_int_eq(fs_dir_open(f->fs, node, &dir), 0);
	while ((err = fs_dir_next(dir, &entry)) == 0) {
		if (entry.cookie <= 2)
			continue;
		ck_assert_int_eq(buf_printf(&names, "%s%s%s", names.len ? " " : "", entry.name,
					    S_ISDIR(entry.type) ? "/" : ""),
				 0);
	}
	ck_assert_int_eq(err, -ENOENT);
	fs_dir_close(dir);
	ck_assert_int_eq(buf_append_byte(&names, 0), 0);
	return (char *)names.ptr;
}

static inline void expect_list(struct fixture *f, const char *path, const char *names)
{
	uint64_t node = node_at(f, path);
	char *found = list_node(f, node);

	ck_assert_str_eq(found, names);
	free(found);
	fs_forget(f->fs, node, 1);
}

static inline uint64_t test_seed(void)
{
	const char *text = getenv("APEX_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : 20251120;

	printf("APEX_SEED=%llu\n", (unsigned long long)seed);
	return seed;
}
