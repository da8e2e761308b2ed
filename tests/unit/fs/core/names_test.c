#include "tests/unit/fs/core/fs_fixture.h"

START_TEST(prefixes_are_folders)
{
	struct fixture *f = fixture_new();

	kv_put(f, "user/1/name", "Ada");
	ck_assert(exists(f, "user"));
	ck_assert(exists(f, "user/1"));
	expect_text(f, "user/1/name", "Ada");
	ck_assert(!exists(f, "use"));
	ck_assert(!exists(f, "user/2"));
	ck_assert(!exists(f, "user/1/nam"));
	ck_assert_uint_eq(stat_at(f, "user").st_mode, S_IFDIR | 0755);
	fixture_free(f);
}
END_TEST

/* Neither for the file of that name nor for the folder. */
START_TEST(a_lookup_that_misses_touches_no_block)
{
	struct fixture *f = fixture_new();
	struct lsm_stats before, after;
	struct fs_entry entry;
	unsigned wrong_guesses = 0;
	char name[32];

	for (unsigned i = 0; i < 10000; i++) {
		(void)snprintf(name, sizeof(name), "d/%u", i);
		kv_put(f, name, "value");
	}
	ck_assert_int_eq(lsm_compact(f->db, slice_str(""), slice_str("")), 0);
	uint64_t node = node_at(f, "d");

	for (unsigned i = 0; i < 1000; i++) {
		(void)snprintf(name, sizeof(name), "%ux", i);
		lsm_stats_read(f->db, &before);
		ck_assert_int_eq(look(f, node, name, &entry), -ENOENT);
		lsm_stats_read(f->db, &after);
		if (after.filter_checks - before.filter_checks !=
		    after.filter_negatives - before.filter_negatives) {
			wrong_guesses++;
			continue;
		}
		ck_assert_uint_eq(after.blocks_read, before.blocks_read);
		ck_assert_uint_eq(after.cache_hits, before.cache_hits);
		ck_assert_uint_eq(after.cache_misses, before.cache_misses);
	}
	ck_assert_uint_lt(wrong_guesses, 40);
	fixture_free(f);
}
END_TEST

START_TEST(a_file_is_no_folder)
{
	struct fixture *f = fixture_new();
	struct fs_entry entry;
	uint64_t node;

	echo(f, "a", "x");
	node = node_at(f, "a");
	ck_assert_int_eq(look(f, node, "b", &entry), -ENOTDIR);
	ck_assert_int_eq(fs_create(f->fs, &f->me, node, slice_str("b"), 0666, &entry), -ENOTDIR);
	ck_assert_int_eq(fs_mkdir(f->fs, &f->me, node, slice_str("b"), 0777, &entry), -ENOTDIR);
	ck_assert_int_eq(fs_unlink(f->fs, &f->me, node, slice_str("b")), -ENOTDIR);
	fixture_free(f);
}
END_TEST

START_TEST(a_key_and_keys_below_it)
{
	struct fixture *f = fixture_new();

	kv_put(f, "a", "own");
	kv_put(f, "a/b", "below");
	ck_assert_uint_eq(stat_at(f, "a").st_mode & S_IFMT, S_IFDIR);
	expect_text(f, "a/%=", "own");
	expect_text(f, "a/b", "below");
	expect_list(f, "", "a/");
	expect_list(f, "a", "%= b");
	echo(f, "a/%=", "changed");
	fixture_restart(f);
	expect_text(f, "a/%=", "changed");
	ck_assert_int_eq(rmdir_at(f, "a"), -ENOTEMPTY);
	ck_assert_int_eq(unlink_at(f, "a/b"), 0);
	expect_list(f, "a", "%=");
	ck_assert_int_eq(rmdir_at(f, "a"), -ENOTEMPTY);
	ck_assert_int_eq(unlink_at(f, "a/%="), 0);
	expect_list(f, "a", "");
	ck_assert_int_eq(rmdir_at(f, "a"), 0);
	expect_list(f, "", "");
	fixture_free(f);
}
END_TEST

START_TEST(a_folder_gets_a_value_of_its_own)
{
	struct fixture *f = fixture_new();

	ck_assert_int_eq(mkdir_at(f, "a"), 0);
	ck_assert(!exists(f, "a/%="));
	echo(f, "a/%=", "own");
	ck_assert(kv_has(f, "a"));
	expect_list(f, "a", "%=");
	ck_assert_uint_eq(stat_at(f, "a").st_mode & S_IFMT, S_IFDIR);
	fixture_free(f);
}
END_TEST

START_TEST(empty_components_have_names)
{
	struct fixture *f = fixture_new();

	kv_put(f, "/x", "1");
	kv_put(f, "a//b", "2");
	kv_put(f, "c/", "3");
	expect_text(f, "%/x", "1");
	expect_text(f, "a/%/b", "2");
	expect_text(f, "c/%", "3");
	expect_list(f, "", "%/ a/ c/");
	expect_list(f, "c", "%");
	ck_assert_int_eq(create_as(f, &f->me, "%", 0666, false, NULL), -EISDIR);
	ck_assert_int_eq(unlink_at(f, "%/x"), 0);
	ck_assert_int_eq(rmdir_at(f, "%"), 0);
	/* There is no key without bytes. */
	ck_assert_int_eq(create_as(f, &f->me, "%", 0666, false, NULL), -EPERM);
	fixture_free(f);
}
END_TEST

START_TEST(the_file_of_an_empty_component_and_its_folder_are_two_things)
{
	struct fixture *f = fixture_new();
	struct stat want = {.st_mode = 0700};
	struct stat st;

	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	ck_assert(!exists(f, "d/%"));
	/* It takes the key of the folder's record, also while it is empty. */
	ck_assert_int_eq(create_as(f, &f->me, "d/%", 0666, true, NULL), 0);
	fixture_restart(f);
	expect_text(f, "d/%", "");
	expect_list(f, "d", "%");
	expect_list(f, "", "d/");
	ck_assert_int_eq(rmdir_at(f, "d"), -ENOTEMPTY);
	uint64_t d = node_at(f, "d");

	ck_assert_int_eq(fs_setattr(f->fs, &f->me, d, &want, FS_SET_MODE, &st), -EPERM);
	fs_forget(f->fs, d, 1);
	echo(f, "d/%", "text");
	expect_text(f, "d/%", "text");
	ck_assert_int_eq(unlink_at(f, "d/%"), 0);
	ck_assert(exists(f, "d"));
	expect_list(f, "d", "");

	/* Attributes that somebody gave the folder are not lost that way. */
	d = node_at(f, "d");
	ck_assert_int_eq(fs_setattr(f->fs, &f->me, d, &want, FS_SET_MODE, &st), 0);
	ck_assert_int_eq(create_as(f, &f->me, "d/%", 0666, false, NULL), -EPERM);
	ck_assert_uint_eq(stat_at(f, "d").st_mode, S_IFDIR | 0700);
	ck_assert_int_eq(rmdir_at(f, "d"), 0);
	fixture_free(f);
}
END_TEST

START_TEST(reserved_names_hold_nothing)
{
	struct fixture *f = fixture_new();
	struct fs_entry entry;

	ck_assert_int_eq(look(f, FS_ROOT, ".stats", &entry), -ENOENT);
	ck_assert_int_eq(create_as(f, &f->me, ".stats", 0666, false, NULL), -EPERM);
	ck_assert_int_eq(mkdir_at(f, ".apex"), -EPERM);
	kv_put(f, ".stats", "key");
	ck_assert_int_eq(look(f, FS_ROOT, ".stats", &entry), -ENOENT);
	expect_text(f, "%2Estats", "key");
	fixture_free(f);
}
END_TEST

START_TEST(names_end_at_255_bytes)
{
	struct fixture *f = fixture_new();
	char name[300];
	struct fs_entry entry;

	memset(name, 'n', sizeof(name));
	name[255] = '\0';
	echo(f, name, "longest");
	expect_text(f, name, "longest");
	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	name[255] = 'n';
	name[256] = '\0';
	ck_assert_int_eq(look(f, FS_ROOT, name, &entry), -ENAMETOOLONG);
	ck_assert_int_eq(create_as(f, &f->me, name, 0666, false, NULL), -ENAMETOOLONG);
	ck_assert_int_eq(mkdir_at(f, name), -ENAMETOOLONG);
	ck_assert_int_eq(rename_at(f, "d", name, 0), -ENAMETOOLONG);
	fixture_free(f);
}
END_TEST

START_TEST(a_component_of_1000_bytes_is_reached_in_steps)
{
	struct fixture *f = fixture_new();
	char key[1001];
	char path[1200] = "";
	uint64_t node = FS_ROOT;

	memset(key, 'k', 1000);
	key[1000] = '\0';
	kv_put(f, key, "deep");
	for (;;) {
		char *names = list_node(f, node);
		size_t len = strlen(names);

		ck_assert_ptr_null(strchr(names, ' '));
		bool folder = names[len - 1] == '/';

		ck_assert_uint_lt(strlen(path) + len, sizeof(path));
		strcat(path, names);
		if (folder)
			names[len - 1] = '\0';
		struct fs_entry entry;

		ck_assert_int_eq(look(f, node, names, &entry), 0);
		free(names);
		node = entry.node;
		if (!folder)
			break;
	}
	expect_node_text(f, node, "deep");
	ck_assert_int_eq(unlink_at(f, path), 0);
	ck_assert(!kv_has(f, key));
	/* The steps are there as long as somebody knows them. */
	*strrchr(path, '/') = '\0';
	ck_assert_int_eq(rmdir_at(f, path), 0);
	ck_assert(!exists(f, path));
	fixture_free(f);
}
END_TEST

START_TEST(a_long_component_is_made_in_steps)
{
	struct fixture *f = fixture_new();
	char piece[256];
	char path[600];

	memset(piece, 'p', sizeof(piece));
	memcpy(piece + 251, "%~", 3);
	const char *name;
	uint64_t parent = parent_at(f, piece, &name);
	struct fs_entry entry;

	ck_assert_int_eq(fs_mkdir(f->fs, &f->me, parent, slice_str(piece), 0777, &entry), 0);
	snprintf(path, sizeof(path), "%s/~and on and on", piece);
	echo(f, path, "x");
	fixture_restart(f);
	expect_text(f, path, "x");
	ck_assert_int_eq(create_as(f, &f->me, piece, 0666, false, NULL), -EISDIR);
	fixture_free(f);
}
END_TEST

START_TEST(create_answers_a_new_file)
{
	struct fixture *f = fixture_new();
	struct fs_caller caller = {.uid = 7, .gid = 8, .pid = 1, .umask = 027};
	struct fs_entry entry;

	ck_assert_int_eq(fs_mknod(f->fs, &caller, FS_ROOT, slice_str("a"), S_IFREG | 0666, &entry),
			 0);
	ck_assert_uint_eq(entry.attr.st_mode, S_IFREG | 0640);
	ck_assert_uint_eq(entry.attr.st_uid, 7);
	ck_assert_uint_eq(entry.attr.st_gid, 8);
	ck_assert_int_eq(entry.attr.st_size, 0);
	struct stat st = stat_at(f, "a");

	ck_assert_mem_eq(&st, &entry.attr, sizeof(st));
	ck_assert_int_eq(create_as(f, &caller, "a", 0666, true, NULL), -EEXIST);
	uint64_t node;

	ck_assert_int_eq(create_as(f, &caller, "a", 0666, false, &node), 0);
	ck_assert_uint_eq(node, entry.node);
	fixture_free(f);
}
END_TEST

/* The type of an entry as a listing says it; 0: it is not there. */
static mode_t listed_type(struct fixture *f, const char *folder, const char *name)
{
	uint64_t node = node_at(f, folder);
	struct fs_dirent entry;
	struct fs_dir *dir;
	mode_t type = 0;

	ck_assert_int_eq(fs_dir_open(f->fs, node, &dir), 0);
	while (fs_dir_next(dir, &entry) == 0) {
		if (strcmp(entry.name, name) == 0)
			type = entry.type;
	}
	fs_dir_close(dir);
	fs_forget(f->fs, node, 1);
	return type;
}

static int mknod_at(struct fixture *f, const char *path, mode_t mode)
{
	return create_as(f, &f->me, path, mode, true, NULL);
}

START_TEST(fifos_and_sockets_are_files_that_say_so)
{
	static const mode_t types[] = {S_IFIFO, S_IFSOCK};
	struct stat want = {.st_mode = 0600, .st_uid = 7, .st_mtim = {.tv_sec = 3}};
	struct fixture *f = fixture_new();
	struct stat st;

	for (size_t i = 0; i < array_size(types); i++) {
		ck_assert_int_eq(mknod_at(f, "p", types[i] | 0666), 0);
		ck_assert_uint_eq(stat_at(f, "p").st_mode, types[i] | 0644);
		ck_assert_uint_eq(listed_type(f, "", "p"), types[i]);
		ck_assert_int_eq(mknod_at(f, "p", types[i] | 0666), -EEXIST);
		uint64_t p = node_at(f, "p");

		ck_assert_int_eq(fs_setattr(f->fs, &f->me, p, &want,
					    FS_SET_MODE | FS_SET_UID | FS_SET_MTIME, &st),
				 0);
		fs_forget(f->fs, p, 1);
		ck_assert_int_eq(rename_at(f, "p", "q", 0), 0);
		fixture_kill(f);
		st = stat_at(f, "q");
		ck_assert_uint_eq(st.st_mode, types[i] | 0600);
		ck_assert_uint_eq(st.st_uid, 7);
		ck_assert_int_eq(st.st_mtim.tv_sec, 3);
		ck_assert_int_eq(st.st_size, 0);
		ck_assert_uint_eq(listed_type(f, "", "q"), types[i]);
		ck_assert_int_eq(unlink_at(f, "q"), 0);
		ck_assert(!exists(f, "q"));
	}
	/* under a key that ends in the separator it is no folder's record either */
	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	ck_assert_int_eq(mknod_at(f, "d/%", S_IFIFO | 0644), 0);
	fixture_restart(f);
	ck_assert_uint_eq(stat_at(f, "d/%").st_mode, S_IFIFO | 0644);
	ck_assert_uint_eq(listed_type(f, "d", "%"), S_IFIFO);
	fixture_free(f);
}
END_TEST

START_TEST(devices_are_not_made)
{
	struct fixture *f = fixture_new();

	ck_assert_int_eq(mknod_at(f, "p", S_IFCHR | 0666), -EPERM);
	ck_assert_int_eq(mknod_at(f, "p", S_IFBLK | 0666), -EPERM);
	ck_assert(!exists(f, "p"));
	fixture_free(f);
}
END_TEST

START_TEST(create_over_a_folder_fails)
{
	struct fixture *f = fixture_new();

	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	ck_assert_int_eq(create_as(f, &f->me, "d", 0666, false, NULL), -EISDIR);
	ck_assert_int_eq(create_as(f, &f->me, "d", 0666, true, NULL), -EEXIST);
	fixture_free(f);
}
END_TEST

START_TEST(mkdir_makes_a_record)
{
	struct fixture *f = fixture_new();

	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	ck_assert(kv_has(f, "d/"));
	ck_assert_uint_eq(kv_meta_len(f, "d/"), 0);
	ck_assert_int_eq(mkdir_at(f, "d"), -EEXIST);
	echo(f, "a", "x");
	ck_assert_int_eq(mkdir_at(f, "a"), -EEXIST);
	kv_put(f, "implied/x", "1");
	ck_assert_int_eq(mkdir_at(f, "implied"), -EEXIST);
	ck_assert_int_eq(mkdir_at(f, "d/%="), -EPERM);
	fixture_kill(f);
	ck_assert(exists(f, "d"));
	fixture_free(f);
}
END_TEST

START_TEST(a_set_group_id_folder_hands_its_group_on)
{
	struct fixture *f = fixture_new();
	struct stat want = {.st_mode = 02775, .st_gid = 50};
	struct fs_entry entry;
	struct stat st;

	ck_assert_int_eq(mkdir_at(f, "d"), 0);
	uint64_t d = node_at(f, "d");

	ck_assert_int_eq(fs_setattr(f->fs, &f->me, d, &want, FS_SET_MODE | FS_SET_GID, &st), 0);
	echo(f, "d/a", "x");
	ck_assert_uint_eq(stat_at(f, "d/a").st_gid, 50);
	ck_assert_int_eq(fs_mkdir(f->fs, &f->me, d, slice_str("e"), 0777, &entry), 0);
	ck_assert_uint_eq(entry.attr.st_mode, S_IFDIR | 02755);
	ck_assert_uint_eq(entry.attr.st_gid, 50);
	fixture_free(f);
}
END_TEST

START_TEST(misses_cost_no_reads)
{
	struct fixture *f = fixture_new();
	struct lsm_stats before;
	struct lsm_stats after;

	for (int i = 0; i < 1000; i++) {
		char key[32];

		snprintf(key, sizeof(key), "dir%d/file", i);
		kv_put(f, key, "x");
	}
	ck_assert_int_eq(lsm_flush(f->db), 0);
	fixture_restart(f);
	lsm_stats_read(f->db, &before);
	for (int i = 0; i < 1000; i++) {
		struct fs_entry entry;
		char name[32];

		snprintf(name, sizeof(name), "none%d", i);
		ck_assert_int_eq(look(f, FS_ROOT, name, &entry), -ENOENT);
	}
	lsm_stats_read(f->db, &after);
	/* Filters err now and then. */
	ck_assert_uint_lt(after.blocks_read - before.blocks_read, 100);
	ck_assert_uint_lt(after.cache_hits - before.cache_hits, 300);
	fixture_free(f);
}
END_TEST

START_TEST(lookups_are_counted)
{
	struct fixture *f = fixture_new();
	struct fs_entry first;
	struct fs_entry second;
	struct stat st;

	echo(f, "a", "x");
	ck_assert_uint_eq(fs_stats_of(f).nodes, 1);
	ck_assert_int_eq(look(f, FS_ROOT, "a", &first), 0);
	ck_assert_int_eq(look(f, FS_ROOT, "a", &second), 0);
	ck_assert_uint_eq(first.node, second.node);
	ck_assert_uint_eq(fs_stats_of(f).nodes, 2);
	fs_forget(f->fs, first.node, 1);
	ck_assert_int_eq(fs_getattr(f->fs, first.node, &st), 0);
	fs_forget(f->fs, first.node, 1);
	ck_assert_int_eq(fs_getattr(f->fs, first.node, &st), -ESTALE);
	ck_assert_uint_eq(fs_stats_of(f).nodes, 1);
	fixture_free(f);
}
END_TEST

static const TTest *const *const tests[] = {
	&prefixes_are_folders,
	&a_lookup_that_misses_touches_no_block,
	&a_file_is_no_folder,
	&a_key_and_keys_below_it,
	&a_folder_gets_a_value_of_its_own,
	&empty_components_have_names,
	&the_file_of_an_empty_component_and_its_folder_are_two_things,
	&reserved_names_hold_nothing,
	&names_end_at_255_bytes,
	&a_component_of_1000_bytes_is_reached_in_steps,
	&a_long_component_is_made_in_steps,
	&create_answers_a_new_file,
	&fifos_and_sockets_are_files_that_say_so,
	&devices_are_not_made,
	&create_over_a_folder_fails,
	&mkdir_makes_a_record,
	&a_set_group_id_folder_hands_its_group_on,
	&misses_cost_no_reads,
	&lookups_are_counted,
};

UNIT_SUITE("fs/core/names", tests)
