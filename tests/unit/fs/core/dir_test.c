#include "tests/unit/fs/core/fs_fixture.h"

START_TEST(a_listing_has_every_name_once)
{
	struct fixture *f = fixture_new();

	kv_put(f, "b", "1");
	kv_put(f, "d/x", "1");
	kv_put(f, "d/y/z", "1");
	kv_put(f, "d/y/zz", "1");
	ck_assert_int_eq(mkdir_at(f, "empty"), 0);
	expect_list(f, "", "b d/ empty/");
	expect_list(f, "d", "x y/");
	expect_list(f, "d/y", "z zz");
	expect_list(f, "empty", "");
	fixture_free(f);
}
END_TEST

START_TEST(a_folder_hides_the_file_of_its_name)
{
	struct fixture *f = fixture_new();

	kv_put(f, "a", "1");
	kv_put(f, "a!", "1"); /* between the two */
	kv_put(f, "a!!", "1");
	kv_put(f, "a/b", "1");
	kv_put(f, "a0", "1");
	kv_put(f, "b", "1"); /* and this one nothing hides */
	kv_put(f, "b!", "1");
	kv_put(f, "b0", "1");
	kv_put(f, "c", "1");
	expect_list(f, "", "a! a!! a/ a0 b b! b0 c");
	expect_list(f, "a", "%= b");
	fixture_free(f);
}
END_TEST

START_TEST(dot_and_dot_dot_come_first)
{
	struct fixture *f = fixture_new();
	struct fs_dir *dir;
	struct fs_dirent entry;
	struct fs_entry looked_up;

	kv_put(f, "d/e/x", "1");
	uint64_t node = node_at(f, "d/e");

	ck_assert_int_eq(fs_dir_open(f->fs, node, &dir), 0);
	ck_assert_int_eq(fs_dir_next(dir, &entry), 0);
	ck_assert_str_eq(entry.name, ".");
	ck_assert_uint_eq(entry.ino, stat_at(f, "d/e").st_ino);
	ck_assert_uint_eq(entry.type, S_IFDIR);
	ck_assert_int_eq(fs_dir_lookup(dir, &looked_up), -EINVAL);
	ck_assert_int_eq(fs_dir_next(dir, &entry), 0);
	ck_assert_str_eq(entry.name, "..");
	ck_assert_uint_eq(entry.ino, stat_at(f, "d").st_ino);
	ck_assert_int_eq(fs_dir_next(dir, &entry), 0);
	ck_assert_str_eq(entry.name, "x");
	ck_assert_uint_eq(entry.ino, stat_at(f, "d/e/x").st_ino);
	ck_assert_uint_eq(entry.type, S_IFREG);
	ck_assert_int_eq(fs_dir_next(dir, &entry), -ENOENT);
	ck_assert_int_eq(fs_dir_next(dir, &entry), -ENOENT);
	fs_dir_close(dir);
	echo(f, "file", "x");
	ck_assert_int_eq(fs_dir_open(f->fs, node_at(f, "file"), &dir), -ENOTDIR);
	fixture_free(f);
}
END_TEST

START_TEST(cookies_lead_back_to_their_place)
{
	struct fixture *f = fixture_new();
	struct fs_dir *dir;
	struct fs_dirent entry;
	uint64_t cookies[12];
	char names[12][8];
	size_t count = 0;

	for (int i = 0; i < 10; i++) {
		char key[16];

		snprintf(key, sizeof(key), i % 2 ? "k%d" : "k%d/x", i);
		kv_put(f, key, "1");
	}
	ck_assert_int_eq(fs_dir_open(f->fs, FS_ROOT, &dir), 0);
	while (fs_dir_next(dir, &entry) == 0) {
		ck_assert_uint_lt(count, array_size(cookies));
		cookies[count] = entry.cookie;
		snprintf(names[count++], sizeof(names[0]), "%s", entry.name);
	}
	ck_assert_uint_eq(count, 12);
	for (size_t from = 0; from < count; from++) {
		for (size_t to = 0; to < count; to++) {
			ck_assert_int_eq(fs_dir_seek(dir, cookies[from]), 0);
			ck_assert_int_eq(fs_dir_seek(dir, cookies[to]), 0);
			int err = fs_dir_next(dir, &entry);

			ck_assert_int_eq(err, to + 1 == count ? -ENOENT : 0);
			if (!err)
				ck_assert_str_eq(entry.name, names[to + 1]);
		}
	}
	ck_assert_int_eq(fs_dir_seek(dir, 0), 0);
	ck_assert_int_eq(fs_dir_next(dir, &entry), 0);
	ck_assert_str_eq(entry.name, ".");
	ck_assert_int_eq(fs_dir_seek(dir, 1000), 0);
	ck_assert_int_eq(fs_dir_next(dir, &entry), -ENOENT);
	fs_dir_close(dir);
	fixture_free(f);
}
END_TEST

/* The names from where the cursor stands, joined. */
static void rest_is(struct fs_dir *dir, const char *want)
{
	struct fs_dirent entry;
	char got[256] = "";

	while (fs_dir_next(dir, &entry) == 0) {
		if (entry.cookie > 2) {
			strcat(got, entry.name);
			strcat(got, " ");
		}
	}
	ck_assert_str_eq(got, want);
}

START_TEST(the_start_is_of_the_folder_as_it_is_now)
{
	struct fixture *f = fixture_new();
	struct fs_dir *dir;

	echo(f, "a", "1");
	echo(f, "b", "1");
	ck_assert_int_eq(fs_dir_open(f->fs, FS_ROOT, &dir), 0);
	echo(f, "c", "1");
	ck_assert_int_eq(fs_dir_seek(dir, 0), 0);
	rest_is(dir, "a b c ");
	rest_is(dir, "");
	ck_assert_int_eq(fs_unlink(f->fs, &f->me, FS_ROOT, slice_str("a")), 0);
	ck_assert_int_eq(fs_dir_seek(dir, 0), 0);
	rest_is(dir, "b c ");
	fs_dir_close(dir);
	fixture_free(f);
}
END_TEST

START_TEST(a_cookie_of_another_time_leads_behind_the_same_name)
{
	struct fixture *f = fixture_new();
	struct fs_dir *older;
	struct fs_dir *newer;
	struct fs_dirent entry;

	for (char name[] = "b"; name[0] <= 'f'; name[0]++)
		echo(f, name, "1");
	ck_assert_int_eq(fs_dir_open(f->fs, FS_ROOT, &older), 0);
	do
		ck_assert_int_eq(fs_dir_next(older, &entry), 0);
	while (strcmp(entry.name, "d") != 0);
	echo(f, "a", "1");
	echo(f, "aa", "1");
	ck_assert_int_eq(fs_dir_open(f->fs, FS_ROOT, &newer), 0);
	ck_assert_int_eq(fs_dir_seek(newer, entry.cookie), 0);
	rest_is(newer, "e f ");
	fs_dir_close(newer);
	ck_assert_int_eq(fs_unlink(f->fs, &f->me, FS_ROOT, slice_str("a")), 0);
	ck_assert_int_eq(fs_unlink(f->fs, &f->me, FS_ROOT, slice_str("aa")), 0);
	ck_assert_int_eq(fs_unlink(f->fs, &f->me, FS_ROOT, slice_str("b")), 0);
	ck_assert_int_eq(fs_unlink(f->fs, &f->me, FS_ROOT, slice_str("f")), 0);
	ck_assert_int_eq(fs_dir_open(f->fs, FS_ROOT, &newer), 0);
	ck_assert_int_eq(fs_dir_seek(newer, entry.cookie), 0);
	rest_is(newer, "e ");
	fs_dir_close(newer);
	fs_dir_close(older);
	fixture_free(f);
}
END_TEST

START_TEST(unread_gives_the_entry_again)
{
	struct fixture *f = fixture_new();
	struct fs_dir *dir;
	struct fs_dirent entry;

	kv_put(f, "a", "1");
	kv_put(f, "b", "1");
	ck_assert_int_eq(fs_dir_open(f->fs, FS_ROOT, &dir), 0);
	fs_dir_unread(dir); /* nothing to undo */
	uint64_t before = 0;

	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(fs_dir_next(dir, &entry), 0);
		fs_dir_unread(dir);
		ck_assert_int_eq(fs_dir_seek(dir, before), 0);
		struct fs_dirent again;

		ck_assert_int_eq(fs_dir_next(dir, &again), 0);
		ck_assert_uint_eq(again.cookie, entry.cookie);
		ck_assert_uint_eq(again.ino, entry.ino);
		before = entry.cookie;
	}
	ck_assert_str_eq(entry.name, "b");
	ck_assert_int_eq(fs_dir_next(dir, &entry), -ENOENT);
	fs_dir_close(dir);
	fixture_free(f);
}
END_TEST

/* Stand on the entry of that name, as the folder was when it was opened: behind ".". */
static void go_to(struct fs_dir *dir, const char *name)
{
	struct fs_dirent entry;

	ck_assert_int_eq(fs_dir_seek(dir, 1), 0);
	do
		ck_assert_int_eq(fs_dir_next(dir, &entry), 0);
	while (strcmp(entry.name, name) != 0);
}

static void expect_lookup(struct fixture *f, struct fs_dir *dir, const char *name)
{
	struct fs_entry entry;
	struct stat st = stat_at(f, name);

	go_to(dir, name);
	ck_assert_int_eq(fs_dir_lookup(dir, &entry), 0);
	ck_assert_mem_eq(&entry.attr, &st, sizeof(st));
	uint64_t node = node_at(f, name);

	ck_assert_uint_eq(entry.node, node);
	fs_forget(f->fs, node, 2);
}

START_TEST(an_entrys_attributes_are_those_of_now)
{
	struct fixture *f = fixture_new();
	struct fs_dir *dir;
	struct fs_entry entry;
	uint64_t node;

	echo(f, "file", "12345");
	echo(f, "other", "12345");
	echo(f, "gone", "1");
	echo(f, "moved", "1");
	ck_assert_int_eq(mkdir_at(f, "folder"), 0);
	kv_put(f, "implied/x", "1");
	ck_assert_int_eq(fs_dir_open(f->fs, FS_ROOT, &dir), 0);
	expect_lookup(f, dir, "file");
	expect_lookup(f, dir, "folder");
	expect_lookup(f, dir, "implied");

	/* The cursor is from before these. */
	node = node_at(f, "file");
	ck_assert_int_eq(write_node(f, node, 5, "678"), 0);
	expect_lookup(f, dir, "file");
	ck_assert_int_eq(truncate_node(f, &f->me, node, 0), 0);
	expect_lookup(f, dir, "file");
	expect_lookup(f, dir, "other");
	echo(f, "folder/new", "x");
	expect_lookup(f, dir, "folder");
	ck_assert_int_eq(unlink_at(f, "gone"), 0);
	go_to(dir, "gone");
	ck_assert_int_eq(fs_dir_lookup(dir, &entry), -ENOENT);
	ck_assert_int_eq(rename_at(f, "moved", "other", 0), 0);
	go_to(dir, "moved");
	ck_assert_int_eq(fs_dir_lookup(dir, &entry), -ENOENT);
	expect_lookup(f, dir, "other");
	fs_forget(f->fs, node, 1);
	fs_dir_close(dir);
	fixture_free(f);
}
END_TEST

START_TEST(a_file_truncated_before_and_after_the_listing_began)
{
	struct fixture *f = fixture_new();
	struct fs_dir *dir;
	uint64_t node;

	echo(f, "a", "12345");
	node = node_at(f, "a");
	ck_assert_int_eq(truncate_node(f, &f->me, node, 0), 0); /* held */
	ck_assert_int_eq(fs_dir_open(f->fs, FS_ROOT, &dir), 0);
	expect_lookup(f, dir, "a");
	ck_assert_int_eq(stat_at(f, "a").st_size, 0);
	ck_assert_int_eq(fs_sync(f->fs), 0);
	expect_lookup(f, dir, "a");
	fs_dir_close(dir);
	fixture_free(f);
}
END_TEST

START_TEST(held_files_are_listed_in_their_place)
{
	struct fixture *f = fixture_new();
	struct fs_dir *dir;
	uint64_t node;

	kv_put(f, "d/a", "1");
	kv_put(f, "d/c/x", "1");
	kv_put(f, "d/e", "1");
	for (int i = 0; i < 4; i++) {
		static const char *const names[] = {"d/0", "d/b", "d/d", "d/z"};
		struct fs_caller caller = {.pid = 1000 + i};

		ck_assert_int_eq(create_as(f, &caller, names[i], 0666, false, &node), 0);
	}
	expect_list(f, "d", "0 a b c/ d e z");
	/* Logged, removed or renamed while it is read: it is a listing of what was. */
	ck_assert_int_eq(fs_dir_open(f->fs, node_at(f, "d"), &dir), 0);
	ck_assert_int_eq(fs_sync(f->fs), 0);
	struct fs_dirent entry;
	int count = 0;

	while (fs_dir_next(dir, &entry) == 0)
		count++;
	ck_assert_int_eq(count, 2 + 7);
	fs_dir_close(dir);
	expect_list(f, "d", "0 a b c/ d e z");
	fixture_free(f);
}
END_TEST

static uint64_t blocks_looked_at(struct fixture *f)
{
	struct lsm_stats stats;

	lsm_stats_read(f->db, &stats);
	return stats.blocks_read + stats.cache_hits;
}

START_TEST(what_lies_below_costs_nothing)
{
	struct fixture *f = fixture_new();

	for (int sub = 0; sub < 10; sub++) {
		char key[64];

		for (int i = 0; i < 5000; i++) {
			snprintf(key, sizeof(key), "sub%d/deeper/%06d", sub, i);
			kv_put(f, key, "x");
		}
		snprintf(key, sizeof(key), "sub%d.txt", sub);
		kv_put(f, key, "x");
	}
	ck_assert_int_eq(lsm_flush(f->db), 0);
	fixture_restart(f);

	uint64_t before = blocks_looked_at(f);

	expect_list(f, "",
		    "sub0.txt sub0/ sub1.txt sub1/ sub2.txt sub2/ sub3.txt sub3/ "
		    "sub4.txt sub4/ sub5.txt sub5/ sub6.txt sub6/ sub7.txt sub7/ "
		    "sub8.txt sub8/ sub9.txt sub9/");
	/* 50 000 keys are some hundreds of blocks. */
	ck_assert_uint_lt(blocks_looked_at(f) - before, 60);
	fixture_free(f);
}
END_TEST

enum {
	MANY = 100000,
};

START_TEST(a_large_folder_is_listed_whole_while_it_changes)
{
	struct fixture *f = fixture_new();
	struct fs_dir *dir;
	struct fs_dirent entry;
	char name[32];
	unsigned seen = 0;

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "d/%06u", i);
		kv_put(f, name, "x");
	}
	uint64_t d = node_at(f, "d");

	ck_assert_int_eq(fs_dir_open(f->fs, d, &dir), 0);
	while (fs_dir_next(dir, &entry) == 0) {
		if (entry.cookie <= 2)
			continue;
		snprintf(name, sizeof(name), "%06u", seen);
		ck_assert_str_eq(entry.name, name);
		seen++;
		if (seen % 10 != 0 || seen >= MANY / 2)
			continue;
		/* One goes behind the cursor, one before it, and one comes between the next two. */
		snprintf(name, sizeof(name), "%06u", seen - 1);
		ck_assert_int_eq(fs_unlink(f->fs, &f->me, d, slice_str(name)), 0);
		snprintf(name, sizeof(name), "%06u", MANY - seen / 10);
		ck_assert_int_eq(fs_unlink(f->fs, &f->me, d, slice_str(name)), 0);
		snprintf(name, sizeof(name), "d/%06u!", seen);
		kv_put(f, name, "x");
	}
	ck_assert_uint_eq(seen, MANY);
	fs_dir_close(dir);
	fixture_free(f);
}
END_TEST

START_TEST(no_key_can_follow_the_last_prefix)
{
	struct fixture *f = fixture_new();
	uint8_t key[600];

	memset(key, 0xff, sizeof(key));
	kv_put(f, "a", "1");
	for (size_t len = 580; len <= sizeof(key); len += 10)
		ck_assert_int_eq(lsm_put(f->db, slice_of(key, len), slice_str("1"), NULL), 0);
	char *names = list_node(f, FS_ROOT);

	ck_assert_uint_eq(strlen(names), strlen("a ") + 251 + strlen("%~/"));
	free(names);
	fixture_free(f);
}
END_TEST

enum {
	RANDOM_KEYS = 400,
};

struct random_key {
	uint8_t bytes[800];
	size_t len;
	int found;
};

static struct random_key keys[RANDOM_KEYS];
static size_t key_count;

static int key_find(struct slice key)
{
	for (size_t i = 0; i < key_count; i++) {
		if (slice_eq(slice_of(keys[i].bytes, keys[i].len), key))
			return (int)i;
	}
	return -1;
}

/* Short ones that meet in the same folders, and some with components that are too long for a name.
 */
static void random_key(struct rng *rng, struct random_key *key)
{
	static const char alphabet[] = "//ab!%=~.02";

	key->found = 0;
	key->len = 1 + rng_below(rng, 7);
	for (size_t i = 0; i < key->len; i++)
		key->bytes[i] = (uint8_t)alphabet[rng_below(rng, sizeof(alphabet) - 1)];
	if (rng_below(rng, 8) == 0) {
		size_t more = 245 + rng_below(rng, 20) + 250 * rng_below(rng, 2);

		memset(key->bytes + key->len, 'k', more);
		key->len += more;
		for (int i = 0; i < 2; i++)
			key->bytes[key->len++] =
				(uint8_t)alphabet[rng_below(rng, sizeof(alphabet) - 1)];
	}
}

/* Everything below a folder, by listing, lookup and read; each file's key is its content. */
static void collect(struct fixture *f, uint64_t folder, int depth)
{
	struct fs_dir *dir;
	struct fs_dirent entry;
	struct fs_entry by_cursor;
	struct fs_entry by_name;

	ck_assert_int_lt(depth, 20);
	ck_assert_int_eq(fs_dir_open(f->fs, folder, &dir), 0);
	while (fs_dir_next(dir, &entry) == 0) {
		if (entry.cookie <= 2)
			continue;
		ck_assert_int_eq(fs_dir_lookup(dir, &by_cursor), 0);
		ck_assert_int_eq(look(f, folder, entry.name, &by_name), 0);
		ck_assert_uint_eq(by_cursor.node, by_name.node);
		ck_assert_mem_eq(&by_cursor.attr, &by_name.attr, sizeof(by_name.attr));
		ck_assert_uint_eq(by_name.attr.st_mode & S_IFMT, entry.type);
		ck_assert_uint_eq(by_name.attr.st_ino, entry.ino);
		if (S_ISDIR(entry.type)) {
			collect(f, by_name.node, depth + 1);
		} else {
			struct fs_read_result read;

			ck_assert_int_eq(fs_read(f->fs, by_name.node, 0, 1000, &read), 0);
			int at = key_find(read.bytes);

			ck_assert_int_ge(at, 0);
			keys[at].found++;
			fs_read_done(&read);
		}
		fs_forget(f->fs, by_name.node, 2);
	}
	fs_dir_close(dir);
}

START_TEST(every_key_is_reached_by_exactly_one_path)
{
	struct rng rng;

	rng_seed(&rng, test_seed());
	for (int round = 0; round < 15; round++) {
		struct fixture *f = fixture_new();

		key_count = 0;
		for (int i = 0; i < RANDOM_KEYS; i++) {
			struct random_key *key = &keys[key_count];

			random_key(&rng, key);
			struct slice bytes = slice_of(key->bytes, key->len);

			if (key_find(bytes) >= 0)
				continue;
			ck_assert_int_eq(lsm_put(f->db, bytes, bytes, NULL), 0);
			key_count++;
		}
		collect(f, FS_ROOT, 0);
		for (size_t i = 0; i < key_count; i++)
			ck_assert_msg(keys[i].found == 1, "%.*s: %d times", (int)keys[i].len,
				      (const char *)keys[i].bytes, keys[i].found);
		ck_assert_uint_eq(fs_stats_of(f).nodes, 1);
		fixture_free(f);
	}
}
END_TEST

START_TEST(a_damaged_record_ends_the_listing_with_an_error)
{
	struct fixture *f = fixture_new();
	struct lsm_write_options options = {.meta = slice_str("\x63nonsense")};
	struct fs_dir *dir;
	struct fs_dirent entry;

	kv_put(f, "a", "1");
	ck_assert_int_eq(lsm_put(f->db, slice_str("b"), slice_str("x"), &options), 0);
	ck_assert_int_eq(fs_dir_open(f->fs, FS_ROOT, &dir), 0);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(fs_dir_next(dir, &entry), 0);
	ck_assert_int_eq(fs_dir_next(dir, &entry), -EIO);
	fs_dir_close(dir);
	fixture_free(f);
}
END_TEST

START_TEST(a_listing_leaves_the_block_cache_alone)
{
	struct fixture *f = fixture_new();
	struct lsm_stats stats;
	struct fs_dirent entry;
	struct fs_dir *dir;
	char name[32];
	unsigned count = 0;

	for (unsigned i = 0; i < 20000; i++) {
		(void)snprintf(name, sizeof(name), "d/%u", i);
		kv_put(f, name, "value");
	}
	ck_assert_int_eq(lsm_compact(f->db, slice_str(""), slice_str("")), 0);
	fixture_restart(f);
	ck_assert_int_eq(fs_dir_open(f->fs, node_at(f, "d"), &dir), 0);
	lsm_stats_read(f->db, &stats);
	uint64_t before = stats.cache_bytes;

	while (fs_dir_next(dir, &entry) == 0)
		count++;
	ck_assert_uint_eq(count, 20002);
	fs_dir_close(dir);
	lsm_stats_read(f->db, &stats);
	ck_assert_uint_gt(stats.blocks_read, 20);
	ck_assert_uint_eq(stats.cache_bytes, before);
	fixture_free(f);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_listing_leaves_the_block_cache_alone,
	&a_listing_has_every_name_once,
	&a_folder_hides_the_file_of_its_name,
	&dot_and_dot_dot_come_first,
	&cookies_lead_back_to_their_place,
	&the_start_is_of_the_folder_as_it_is_now,
	&a_cookie_of_another_time_leads_behind_the_same_name,
	&unread_gives_the_entry_again,
	&an_entrys_attributes_are_those_of_now,
	&a_file_truncated_before_and_after_the_listing_began,
	&held_files_are_listed_in_their_place,
	&what_lies_below_costs_nothing,
	&a_large_folder_is_listed_whole_while_it_changes,
	&no_key_can_follow_the_last_prefix,
	&every_key_is_reached_by_exactly_one_path,
	&a_damaged_record_ends_the_listing_with_an_error,
};

UNIT_SUITE("fs/core/dir", tests)
