#include "fs/core/changes.h"

#include "fs/core/search.h"
#include "tests/unit/fs/core/fs_fixture.h"

static struct fixture *f;
static struct fs_stale stale;

static void setup(void)
{
	f = fixture_new();
	stale = (struct fs_stale){0};
}

static void teardown(void)
{
	fs_stale_done(&stale);
	fixture_free(f);
}

/* "key=value" puts, "-key" deletes; a list that ends with NULL. */
static int apply(const char *const *list)
{
	struct fs_changes *changes = fs_changes_new(f->fs);
	int rc = 0;

	ck_assert_ptr_nonnull(changes);
	for (; *list && !rc; list++) {
		const char *equals = strchr(*list, '=');

		if (**list == '-')
			rc = fs_changes_delete(changes, slice_str(*list + 1));
		else
			rc = fs_changes_put(changes, slice_of(*list, (size_t)(equals - *list)),
					    slice_str(equals + 1));
	}
	if (!rc)
		rc = fs_changes_apply(changes, &stale);
	fs_changes_free(changes);
	return rc;
}

#define apply_all(...) ck_assert_int_eq(apply((const char *const[]){__VA_ARGS__, NULL}), 0)

/* Where it stands in the list; -1: nowhere. */
static int stale_index(uint64_t node, const char *name)
{
	struct slice rest = buf_slice(&stale.items);
	struct fs_stale_item item;

	for (int i = 0; fs_stale_next(&rest, &item); i++) {
		if (item.node == node &&
		    (name ? item.name.ptr && slice_eq(item.name, slice_str(name)) : !item.name.ptr))
			return i;
	}
	return -1;
}

static bool has_stale(uint64_t node, const char *name)
{
	return stale_index(node, name) >= 0;
}

static void check_content(const char *path, const char *content)
{
	struct fs_read_result found;
	uint64_t node = node_at(f, path);

	ck_assert_int_eq(fs_read(f->fs, node, 0, 1000, &found), 0);
	ck_assert_msg(slice_eq(found.bytes, slice_str(content)), "%s", path);
	fs_read_done(&found);
	fs_forget(f->fs, node, 1);
}

START_TEST(keys_are_put_and_deleted_in_their_order)
{
	setup();
	apply_all("user/1=Ada", "user/2=Bob", "user/1=Eve", "gone=x", "-gone", "-never");
	check_content("user/1", "Eve");
	check_content("user/2", "Bob");
	ck_assert(!exists(f, "gone"));
	apply_all("-user/1", "user/1=again");
	check_content("user/1", "again");
	teardown();
}
END_TEST

START_TEST(attributes_of_what_is_replaced_stay)
{
	setup();
	ck_assert_int_eq(create_as(f, &f->me, "file", 0600, true, NULL), 0);
	apply_all("file=value", "other=value");
	ck_assert_uint_eq(stat_at(f, "file").st_mode & 07777, 0600);
	ck_assert_uint_eq(stat_at(f, "other").st_mode & 07777, 0644);
	teardown();
}
END_TEST

START_TEST(names_that_were_looked_for_in_vain_are_stale)
{
	struct fs_entry entry;

	setup();
	ck_assert_int_eq(look(f, FS_ROOT, "asked", &entry), -ENOENT);
	ck_assert_int_eq(look(f, FS_ROOT, "folder", &entry), -ENOENT);
	apply_all("asked=1", "other=1", "folder/below/it=1");
	ck_assert(has_stale(FS_ROOT, "asked"));
	ck_assert(has_stale(FS_ROOT, "folder"));
	ck_assert(!has_stale(FS_ROOT, "other"));
	ck_assert(has_stale(FS_ROOT, NULL)); /* the listing */
	check_content("folder/below/it", "1");
	teardown();
}
END_TEST

START_TEST(a_delete_before_the_put_hides_no_name)
{
	struct fs_entry entry;

	setup();
	ck_assert_int_eq(look(f, FS_ROOT, "folder", &entry), -ENOENT);
	apply_all("-folder/gone", "folder/file=1", "folder/more=1");
	ck_assert(has_stale(FS_ROOT, "folder"));
	check_content("folder/file", "1");
	teardown();
}
END_TEST

START_TEST(a_file_that_is_known_is_stale_and_stays_the_same_node)
{
	setup();
	apply_all("file=1");
	uint64_t node = node_at(f, "file");

	apply_all("file=longer");
	ck_assert(has_stale(node, NULL));
	/* behind what waits for those who are just being answered of the folder's entries */
	ck_assert(has_stale(FS_ROOT, "."));
	ck_assert_int_lt(stale_index(FS_ROOT, "."), stale_index(FS_ROOT, NULL));
	ck_assert_int_lt(stale_index(FS_ROOT, "."), stale_index(node, NULL));
	ck_assert_uint_eq(node, node_at(f, "file"));
	ck_assert_int_eq(stat_at(f, "file").st_size, 6);
	fs_forget(f->fs, node, 2);
	teardown();
}
END_TEST

START_TEST(a_deleted_file_lives_on_for_who_uses_it)
{
	struct fs_read_result found;
	struct stat attr;

	setup();
	apply_all("d/file=content", "d/more=1");
	uint64_t folder = node_at(f, "d");
	uint64_t node = node_at(f, "d/file");

	apply_all("-d/file");
	ck_assert(has_stale(folder, "file"));
	ck_assert(!exists(f, "d/file"));
	ck_assert_int_eq(fs_read(f->fs, node, 0, 100, &found), 0);
	ck_assert(slice_eq(found.bytes, slice_str("content")));
	fs_read_done(&found);
	ck_assert_int_eq(fs_getattr(f->fs, node, &attr), 0);
	ck_assert_uint_eq(attr.st_nlink, 0);
	fs_forget(f->fs, node, 1);
	fs_forget(f->fs, folder, 1);
	teardown();
}
END_TEST

START_TEST(folders_go_with_their_last_key)
{
	setup();
	apply_all("a/b/c=1", "x=1");
	uint64_t a = node_at(f, "a");
	uint64_t b = node_at(f, "a/b");

	apply_all("-a/b/c");
	ck_assert(has_stale(a, "b"));
	ck_assert(has_stale(FS_ROOT, "a"));
	ck_assert(!exists(f, "a"));
	apply_all("a/b/c=2");
	check_content("a/b/c", "2");
	fs_forget(f->fs, a, 1);
	fs_forget(f->fs, b, 1);
	teardown();
}
END_TEST

START_TEST(a_file_becomes_a_folder_and_again_a_file)
{
	setup();
	apply_all("a=own");
	uint64_t file = node_at(f, "a");

	apply_all("a/b=1");
	ck_assert(has_stale(FS_ROOT, "a"));
	check_content("a/b", "1");
	check_content("a/%=", "own");
	uint64_t folder = node_at(f, "a");

	fs_stale_done(&stale);
	apply_all("-a/b");
	ck_assert(has_stale(FS_ROOT, "a"));
	check_content("a", "own");
	fs_stale_done(&stale);
	apply_all("a/b=1");
	fs_forget(f->fs, folder, 1);
	folder = node_at(f, "a");
	fs_stale_done(&stale);
	apply_all("a=new");
	ck_assert(has_stale(folder, "%="));
	fs_forget(f->fs, folder, 1);
	fs_forget(f->fs, file, 1);
	teardown();
}
END_TEST

START_TEST(the_file_without_a_name_is_one_too)
{
	struct fs_entry entry;

	setup();
	apply_all("d/file=1");
	uint64_t folder = node_at(f, "d");

	ck_assert_int_eq(look(f, folder, "%", &entry), -ENOENT);
	apply_all("d/=1");
	ck_assert(has_stale(folder, "%"));
	check_content("d/%", "1");
	uint64_t node = node_at(f, "d/%");

	fs_stale_done(&stale);
	apply_all("-d/");
	ck_assert(has_stale(folder, "%"));
	ck_assert(!exists(f, "d/%"));
	fs_forget(f->fs, node, 1);
	fs_forget(f->fs, folder, 1);
	teardown();
}
END_TEST

START_TEST(what_is_held_is_logged_first)
{
	uint64_t node;

	setup();
	ck_assert_int_eq(create_as(f, &f->me, "held", 0600, false, &node), 0);
	apply_all("held=value", "other=1");
	check_content("held", "value");
	ck_assert_uint_eq(stat_at(f, "held").st_mode & 07777, 0600);
	ck_assert_int_eq(create_as(f, &f->me, "d2", 0644, false, NULL), 0);
	apply_all("-d2");
	ck_assert(!exists(f, "d2"));
	fs_forget(f->fs, node, 1);
	teardown();
}
END_TEST

START_TEST(after_a_failure_all_is_as_before)
{
	struct stat attr;

	setup();
	apply_all("file=old");
	uint64_t node = node_at(f, "file");

	env_fault_set(f->fault,
		      &(struct env_fault_plan){
			      .at_call = 0, .sticky = true, .writes_only = true, .error = -EIO});
	ck_assert_int_lt(apply((const char *const[]){"-file", "new=1", NULL}), 0);
	env_fault_set(f->fault, NULL);
	ck_assert(!exists(f, "new"));
	ck_assert_int_eq(fs_getattr(f->fs, node, &attr), 0);
	ck_assert_uint_eq(attr.st_nlink, 1);
	check_content("file", "old");
	fs_forget(f->fs, node, 1);
	fixture_kill(f);
	check_content("file", "old");
	teardown();
}
END_TEST

START_TEST(a_mount_that_takes_no_changes_takes_none_of_these)
{
	setup();
	fixture_set_read_only(f, true);
	ck_assert_int_eq(apply((const char *const[]){"k=v", NULL}), -EROFS);
	fixture_set_read_only(f, false);
	ck_assert_int_eq(apply((const char *const[]){"=v", NULL}), -EINVAL);
	teardown();
}
END_TEST

/* What a search finds, with ' ' behind each. */
static const char *find(enum fs_search_in in, const char *text, uint64_t results_max)
{
	static char found[1000];
	struct fs_search search = {.in = in,
				   .text = slice_str(text),
				   .results_max = results_max,
				   .output_max = sizeof(found) / 2,
				   .separator = ' '};
	struct buf paths = {0};
	uint64_t count;
	bool cut;

	ck_assert_int_eq(fs_search(f->fs, &search, &paths, &cut), 0);
	ck_assert_int_eq(buf_append_byte(&paths, 0), 0);
	strcpy(found, (const char *)paths.ptr);
	ck_assert_int_eq(fs_search_count(f->fs, &search, &count), 0);
	for (const char *p = found; *p; p++)
		count -= *p == ' ';
	ck_assert(cut ? count > 0 : count == 0);
	buf_done(&paths);
	return found;
}

START_TEST(searches_find_what_is_there)
{
	char *large = calloc(1, 600001);

	setup();
	apply_all("a=own", "a/b=needle", "a//c=hay", "ab=1", "d/=", "e=needles");
	ck_assert_int_eq(create_as(f, &f->me, "held", 0644, false, NULL), 0);
	ck_assert_str_eq(find(FS_SEARCH_PREFIX, "a", 100), "a/%= a/%/c a/b ab ");
	ck_assert_str_eq(find(FS_SEARCH_PREFIX, "a", 2), "a/%= a/%/c ");
	ck_assert_str_eq(find(FS_SEARCH_PREFIX, "nothing", 2), "");
	ck_assert_str_eq(find(FS_SEARCH_PREFIX, "", 100), "a/%= a/%/c a/b ab d/ e held ");
	ck_assert_str_eq(find(FS_SEARCH_SUBSTRING, "b", 100), "a/b ab ");
	ck_assert_str_eq(find(FS_SEARCH_VALUE, "needle", 100), "a/b e ");
	/* across the pieces in which a long value is read */
	memset(large, 'x', 600000);
	memcpy(large + (256 << 10) - 3, "across", 6);
	ck_assert_int_eq(lsm_put(f->db, slice_str("large"), slice_of(large, 600000), NULL), 0);
	ck_assert_str_eq(find(FS_SEARCH_VALUE, "across", 100), "large ");
	ck_assert_str_eq(find(FS_SEARCH_VALUE, "acrosx", 100), "");
	free(large);
	teardown();
}
END_TEST

START_TEST(a_file_system_of_a_snapshot_shows_what_was)
{
	struct lsm_snapshot *snapshot;
	struct fs *now;

	setup();
	apply_all("a/b=old", "gone=1");
	ck_assert_int_eq(lsm_snapshot_new(f->db, &snapshot), 0);
	apply_all("a/b=new", "-gone", "later=1");
	struct fs_options options = {.db = f->db,
				     .separator = '/',
				     .umask = 022,
				     .value_max = FIXTURE_VALUE_MAX,
				     .read_only = true,
				     .snapshot = snapshot};
	struct fs *then;

	ck_assert_int_eq(fs_new(&options, &then), 0);
	now = f->fs;
	f->fs = then;
	check_content("a/b", "old");
	check_content("gone", "1");
	ck_assert(!exists(f, "later"));
	ck_assert_str_eq(find(FS_SEARCH_PREFIX, "", 100), "a/b gone ");
	ck_assert_int_eq(unlink_at(f, "gone"), -EROFS);
	f->fs = now;
	check_content("a/b", "new");
	ck_assert_int_eq(fs_free(then), 0);
	lsm_snapshot_release(f->db, snapshot);
	teardown();
}
END_TEST

static const TTest *const *const tests[] = {
	&keys_are_put_and_deleted_in_their_order,
	&attributes_of_what_is_replaced_stay,
	&names_that_were_looked_for_in_vain_are_stale,
	&a_delete_before_the_put_hides_no_name,
	&a_file_that_is_known_is_stale_and_stays_the_same_node,
	&a_deleted_file_lives_on_for_who_uses_it,
	&folders_go_with_their_last_key,
	&a_file_becomes_a_folder_and_again_a_file,
	&the_file_without_a_name_is_one_too,
	&what_is_held_is_logged_first,
	&after_a_failure_all_is_as_before,
	&a_mount_that_takes_no_changes_takes_none_of_these,
	&searches_find_what_is_there,
	&a_file_system_of_a_snapshot_shows_what_was,
};

UNIT_SUITE("fs/core/changes", tests)
