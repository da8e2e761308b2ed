#include "fs/virt/virt_folder.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "fs/virt/virt.h"
#include "lsm/base/thread.h"
#include "tests/unit/unit.h"

/* A folder "lab": a file that shows what was written to it last, and one entry that comes and goes.
 */
struct lab {
	char written[64];
	size_t written_len;
	uint64_t offset;
	char entry[64]; /* its name; "": there is none */
	int objects;    /* alive */
	char renamed_to[64];
};

static struct virt *virt;
static struct lab lab;
static unsigned lab_number;
static const struct fs_caller owner = {.uid = 7, .pid = 100};
static const struct fs_caller other = {.uid = 9, .pid = 101};
static const struct fs_caller root = {.uid = 0, .pid = 102};
static const struct virt_change by_owner = {.caller = &owner};

static int show(void *arg, void *object, struct buf *text)
{
	struct lab *l = arg;

	(void)object;
	return buf_append(text, l->written, l->written_len);
}

static int take(void *arg, void **object, const struct virt_write *write)
{
	struct lab *l = arg;

	(void)object;
	if (write->bytes.len > sizeof(l->written))
		return -EINVAL;
	memcpy(l->written, write->bytes.ptr, write->bytes.len);
	l->written_len = write->bytes.len;
	l->offset = write->offset;
	return 0;
}

static int show_entry(void *arg, void *object, struct buf *text)
{
	(void)arg;
	return buf_printf(text, "object %s\n", object ? "yes" : "no");
}

static void entry_done(void *object)
{
	(void)object;
	lab.objects--;
}

static const struct virt_file entry_file = {
	.mode = 0600, .render = show_entry, .object_done = entry_done};

/* A text that nobody would want a copy of. */
static int read_vast(void *object, uint64_t offset, size_t size, struct buf *bytes)
{
	(void)object;
	(void)size;
	return buf_printf(bytes, "at %" PRIu64, offset);
}

static uint64_t vast_size(void *object)
{
	(void)object;
	return UINT64_C(1) << 40;
}

static const struct virt_file vast_file = {.mode = 0600, .read = read_vast, .size = vast_size};

static int find(void *arg, struct slice name, struct virt_found *ret_found)
{
	struct lab *l = arg;

	if (slice_eq(name, slice_str("elsewhere"))) {
		ret_found->entry = (struct fs_entry){.node = 77};
		return 0;
	}
	if (slice_eq(name, slice_str("vast"))) {
		ret_found->file = &vast_file;
		return 0;
	}
	if (!l->entry[0] || !slice_eq(name, slice_str(l->entry)))
		return -ENOENT;
	l->objects++;
	*ret_found = (struct virt_found){.file = &entry_file, .object = l};
	return 0;
}

static int list(void *arg, struct buf *names)
{
	struct lab *l = arg;

	return l->entry[0] ? virt_list_add(names, slice_str(l->entry), S_IFREG) : 0;
}

static int set_entry(void *arg, const struct virt_change *change, struct slice name)
{
	struct lab *l = arg;

	(void)change;
	memcpy(l->entry, name.ptr, name.len);
	l->entry[name.len] = '\0';
	return 0;
}

static int clear_entry(void *arg, const struct virt_change *change, struct slice name)
{
	struct lab *l = arg;

	(void)change;
	if (!slice_eq(name, slice_str(l->entry)))
		return -ENOENT;
	l->entry[0] = '\0';
	return 0;
}

static int move_entry(void *arg, const struct virt_change *change, struct slice name,
		      const struct virt_folder *to, struct slice to_name)
{
	struct lab *l = arg;
	int rc = clear_entry(arg, change, name);

	snprintf(l->renamed_to, sizeof(l->renamed_to), "%s/%.*s", to->name, (int)to_name.len,
		 (const char *)to_name.ptr);
	return rc;
}

static const struct virt_hooks hooks = {
	.find = find,
	.list = list,
	.create = set_entry,
	.unlink = clear_entry,
	.mkdir = set_entry,
	.rmdir = clear_entry,
	.rename = move_entry,
};
static const struct virt_file lab_files[] = {
	{.name = "public", .mode = 0644, .render = show},
	{.name = "levers", .mode = 0600, .render = show, .write = take},
};
static const struct virt_folder lab_folder = {.name = ".lab",
					      .mode = 0711,
					      .files = lab_files,
					      .file_count = array_size(lab_files),
					      .hooks = &hooks,
					      .arg = &lab};
static const struct virt_folder bare_folder = {.name = "bare", .mode = 0700};

static void setup(void)
{
	struct virt_options options = {.uid = 7, .gid = 8};
	unsigned bare;

	lab = (struct lab){0};
	ck_assert_int_eq(virt_new(&options, &virt), 0);
	ck_assert_int_eq(virt_add_folder(virt, VIRT_ROOT, &lab_folder, &lab_number), 0);
	ck_assert_int_eq(virt_add_folder(virt, lab_number, &bare_folder, &bare), 0);
}

static void teardown(void)
{
	virt_free(virt);
	ck_assert_int_eq(lab.objects, 0);
}

static struct fs_entry look_up(uint64_t parent, const char *name)
{
	struct fs_entry entry;

	ck_assert_int_eq(virt_lookup(virt, &owner, parent, slice_str(name), 0, &entry), 0);
	return entry;
}

static int look_up_fails(const struct fs_caller *caller, uint64_t parent, const char *name)
{
	struct fs_entry entry;

	return virt_lookup(virt, caller, parent, slice_str(name), 0, &entry);
}

static int write_text(const struct fs_caller *caller, uint64_t node, const char *text)
{
	struct virt_write write = {
		.change = {.caller = caller}, .offset = 3, .bytes = slice_str(text)};

	return virt_write(virt, node, &write);
}

/* Names, each with a '/' behind it if it is a folder, and a blank. */
static char *listing(uint64_t node)
{
	static char text[256];
	struct buf names = {0};
	struct virt_name name;

	text[0] = '\0';
	ck_assert_int_eq(virt_list(virt, &owner, node, &names), 0);
	struct slice rest = buf_slice(&names);

	while (virt_list_next(&rest, &name)) {
		strncat(text, (const char *)name.name.ptr, name.name.len);
		strcat(text, S_ISDIR(name.type) ? "/ " : " ");
	}
	buf_done(&names);
	return text;
}

START_TEST(folder_keeps_its_number_and_lists_its_entries)
{
	setup();
	struct fs_entry folder = look_up(FS_ROOT, ".lab");

	ck_assert_uint_eq(folder.node, look_up(FS_ROOT, ".lab").node);
	ck_assert_uint_eq(folder.attr.st_mode, S_IFDIR | 0711);
	ck_assert_str_eq(listing(FS_ROOT), ".lab/ ");
	ck_assert_str_eq(listing(folder.node), "./ ../ public levers bare/ ");
	strcpy(lab.entry, "guest");
	ck_assert_str_eq(listing(folder.node), "./ ../ public levers bare/ guest ");
	ck_assert_str_eq(listing(look_up(folder.node, "bare").node), "./ ../ ");
	virt_forget(virt, folder.node, 10);
	ck_assert_uint_eq(folder.node, look_up(FS_ROOT, ".lab").node);
	teardown();
}
END_TEST

START_TEST(names_lead_to_files_folders_guests_and_elsewhere)
{
	setup();
	uint64_t folder = look_up(FS_ROOT, ".lab").node;

	strcpy(lab.entry, "guest");
	ck_assert_uint_eq(look_up(folder, "public").attr.st_mode, S_IFREG | 0644);
	ck_assert_uint_eq((size_t)look_up(folder, "guest").attr.st_size, strlen("object yes\n"));
	ck_assert_uint_eq(look_up(folder, "elsewhere").node, 77);
	ck_assert_int_eq(look_up_fails(&owner, folder, "nothing"), -ENOENT);
	ck_assert_int_eq(look_up_fails(&owner, look_up(folder, "public").node, "x"), -ENOTDIR);
	ck_assert_int_eq(look_up_fails(&owner, FS_ROOT, "nothing"), -ENOENT);
	teardown();
}
END_TEST

START_TEST(write_reaches_the_file_and_the_next_lookup_shows_it)
{
	setup();
	uint64_t folder = look_up(FS_ROOT, ".lab").node;
	struct fs_entry file = look_up(folder, "levers");
	struct stat attr;

	ck_assert_int_eq(write_text(&owner, file.node, "pull\n"), 0);
	ck_assert_uint_eq(lab.offset, 3);
	ck_assert_int_eq(virt_getattr(virt, file.node, &attr), 0);
	ck_assert_int_eq(attr.st_size, 8); /* as the kernel counts: the end of the write */
	ck_assert_int_eq(look_up(folder, "levers").attr.st_size, 5);
	ck_assert_int_eq(write_text(&owner, look_up(folder, "public").node, "x"), -EACCES);
	ck_assert_int_eq(write_text(&owner, folder, "x"), -ESTALE);
	teardown();
}
END_TEST

/* Whether two questions in a row, each alone, get one node. */
static bool are_one(uint64_t folder, const char *name)
{
	static uint64_t asked;
	struct fs_entry first, second;

	asked += 2;
	ck_assert_int_eq(virt_lookup(virt, &owner, folder, slice_str(name), asked, &first), 0);
	ck_assert_int_eq(virt_lookup(virt, &owner, folder, slice_str(name), ++asked, &second), 0);
	return first.node == second.node;
}

START_TEST(each_opening_of_what_can_be_written_has_a_node)
{
	setup();
	uint64_t folder = look_up(FS_ROOT, ".lab").node;

	strcpy(lab.entry, "guest");
	ck_assert(are_one(folder, "public"));
	ck_assert(are_one(folder, "guest"));
	ck_assert(!are_one(folder, "levers"));
	teardown();
}
END_TEST

START_TEST(a_name_over_name_max_is_refused)
{
	char name[NAME_MAX + 2];

	setup();
	memset(name, 'n', NAME_MAX + 1);
	name[NAME_MAX + 1] = '\0';
	uint64_t folder = look_up(FS_ROOT, ".lab").node;

	ck_assert_int_eq(look_up_fails(&owner, folder, name), -ENAMETOOLONG);
	name[NAME_MAX] = '\0';
	ck_assert_int_eq(look_up_fails(&owner, folder, name), -ENOENT);
	teardown();
}
END_TEST

START_TEST(text_that_is_not_rendered_has_no_limit)
{
	setup();
	struct fs_entry entry = look_up(look_up(FS_ROOT, ".lab").node, "vast");
	struct buf bytes = {0};

	ck_assert_uint_eq((uint64_t)entry.attr.st_size, UINT64_C(1) << 40);
	ck_assert_int_eq(virt_read(virt, &owner, entry.node, UINT64_C(1) << 39, 9, &bytes), 0);
	ck_assert(slice_eq(buf_slice(&bytes), slice_str("at 549755813888")));
	buf_done(&bytes);
	teardown();
}
END_TEST

START_TEST(truncation_is_taken_and_changes_nothing)
{
	struct stat want = {.st_size = 0};
	struct stat attr;

	setup();
	uint64_t folder = look_up(FS_ROOT, ".lab").node;
	struct fs_entry file = look_up(folder, "levers");

	ck_assert_int_eq(write_text(&owner, file.node, "pull\n"), 0);
	ck_assert_int_eq(virt_setattr(virt, &owner, file.node, &want, FS_SET_SIZE, &attr), 0);
	ck_assert_int_eq(attr.st_size, 0);
	ck_assert_int_eq(look_up(folder, "levers").attr.st_size, 5);
	ck_assert_int_eq(virt_setattr(virt, &owner, look_up(folder, "public").node, &want,
				      FS_SET_SIZE, &attr),
			 -EACCES);
	ck_assert_int_eq(virt_setattr(virt, &owner, folder, &want, FS_SET_MODE, &attr), -EACCES);
	ck_assert_int_eq(virt_setattr(virt, &other, file.node, &want, FS_SET_SIZE, &attr), -EACCES);
	teardown();
}
END_TEST

START_TEST(others_get_what_the_mode_grants_and_root_gets_all)
{
	struct buf bytes = {0};
	struct buf names = {0};

	setup();
	uint64_t folder = look_up(FS_ROOT, ".lab").node;
	uint64_t bare = look_up(folder, "bare").node;
	uint64_t levers = look_up(folder, "levers").node;

	ck_assert_int_eq(look_up_fails(&other, folder, "public"), 0);
	ck_assert_int_eq(look_up_fails(&other, bare, "x"), -EACCES);
	ck_assert_int_eq(look_up_fails(&root, bare, "x"), -ENOENT);
	ck_assert_int_eq(virt_read(virt, &other, look_up(folder, "public").node, 0, 1, &bytes), 0);
	ck_assert_int_eq(virt_read(virt, &other, levers, 0, 1, &bytes), -EACCES);
	ck_assert_int_eq(write_text(&other, levers, "x"), -EACCES);
	ck_assert_int_eq(write_text(&root, levers, "x"), 0);
	ck_assert_int_eq(virt_list(virt, &other, folder, &names), -EACCES);
	ck_assert_int_eq(virt_unlink(virt, &(struct virt_change){.caller = &other}, folder,
				     slice_str("levers")),
			 -EACCES);
	teardown();
}
END_TEST

START_TEST(entries_are_made_removed_and_renamed_by_the_hooks)
{
	struct fs_entry made;
	struct fs_rename rename = {.name = slice_str("guest"), .new_name = slice_str("levers")};

	setup();
	uint64_t folder = look_up(FS_ROOT, ".lab").node;

	ck_assert_int_eq(virt_create(virt, &by_owner, folder, slice_str("guest"), true, &made), 0);
	ck_assert_str_eq(lab.entry, "guest");
	ck_assert_int_eq(virt_create(virt, &by_owner, folder, slice_str("guest"), true, &made),
			 -EEXIST);
	ck_assert_int_eq(virt_create(virt, &by_owner, folder, slice_str("guest"), false, &made), 0);
	rename.parent = folder;
	rename.new_parent = folder;
	ck_assert_int_eq(virt_rename(virt, &by_owner, &rename), 0);
	ck_assert_str_eq(lab.renamed_to, ".lab/levers");
	ck_assert_int_eq(virt_mkdir(virt, &by_owner, folder, slice_str("sub"), &made), 0);
	ck_assert_int_eq(virt_rmdir(virt, &by_owner, folder, slice_str("sub")), 0);
	ck_assert_int_eq(virt_unlink(virt, &by_owner, folder, slice_str("sub")), -ENOENT);
	ck_assert_int_eq(virt_mkdir(virt, &by_owner, folder, slice_str("public"), &made), -EEXIST);
	ck_assert_int_eq(virt_rmdir(virt, &by_owner, folder, slice_str("bare")), -EACCES);
	ck_assert_int_eq(virt_rmdir(virt, &by_owner, folder, slice_str("public")), -ENOTDIR);
	teardown();
}
END_TEST

START_TEST(without_hooks_nothing_is_made_or_removed)
{
	struct fs_entry made;

	setup();
	uint64_t bare = look_up(look_up(FS_ROOT, ".lab").node, "bare").node;

	ck_assert_int_eq(virt_create(virt, &by_owner, bare, slice_str("x"), false, &made), -EACCES);
	ck_assert_int_eq(virt_mkdir(virt, &by_owner, bare, slice_str("x"), &made), -EACCES);
	ck_assert_int_eq(virt_unlink(virt, &by_owner, bare, slice_str("x")), -EACCES);
	ck_assert_int_eq(virt_rmdir(virt, &by_owner, bare, slice_str("x")), -EACCES);
	teardown();
}
END_TEST

/* What mv(1) does across file systems: unlink, then open with O_EXCL. */
START_TEST(command_file_is_absent_for_who_removed_it_until_it_is_made_again)
{
	struct fs_entry made;

	setup();
	uint64_t folder = look_up(FS_ROOT, ".lab").node;

	ck_assert_int_eq(virt_create(virt, &by_owner, folder, slice_str("levers"), true, &made),
			 -EEXIST);
	ck_assert_int_eq(virt_unlink(virt, &by_owner, folder, slice_str("levers")), 0);
	ck_assert_int_eq(look_up_fails(&owner, folder, "levers"), -ENOENT);
	ck_assert_int_eq(look_up_fails(&root, folder, "levers"), 0);
	ck_assert_int_eq(virt_create(virt, &by_owner, folder, slice_str("levers"), true, &made), 0);
	ck_assert_int_eq(write_text(&owner, made.node, "pull\n"), 0);
	ck_assert_int_eq(look_up_fails(&owner, folder, "levers"), 0);
	ck_assert_int_eq(virt_unlink(virt, &by_owner, folder, slice_str("public")), -EACCES);
	teardown();
}
END_TEST

START_TEST(rename_across_the_border_says_copy_or_no)
{
	setup();
	uint64_t folder = look_up(FS_ROOT, ".lab").node;
	const struct {
		uint64_t from, to;
		const char *name, *new_name;
		int expected;
	} cases[] = {
		{FS_ROOT, folder, "key", "levers", -EXDEV},
		{FS_ROOT, folder, "key", "public", -EACCES},
		{5, folder, "key", "levers", -EXDEV},
		{folder, FS_ROOT, "levers", "key", -EXDEV},
		{folder, 5, "public", "key", -EACCES},
		{FS_ROOT, FS_ROOT, ".lab", "key", -EACCES},
		{folder, folder, "public", "levers", -EACCES},
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct fs_rename rename = {.parent = cases[i].from,
					   .name = slice_str(cases[i].name),
					   .new_parent = cases[i].to,
					   .new_name = slice_str(cases[i].new_name)};

		ck_assert_msg(virt_rename(virt, &by_owner, &rename) == cases[i].expected,
			      "case %zu", i);
	}
	teardown();
}
END_TEST

static const TTest *const *const tests[] = {
	&folder_keeps_its_number_and_lists_its_entries,
	&names_lead_to_files_folders_guests_and_elsewhere,
	&write_reaches_the_file_and_the_next_lookup_shows_it,
	&each_opening_of_what_can_be_written_has_a_node,
	&a_name_over_name_max_is_refused,
	&text_that_is_not_rendered_has_no_limit,
	&truncation_is_taken_and_changes_nothing,
	&others_get_what_the_mode_grants_and_root_gets_all,
	&entries_are_made_removed_and_renamed_by_the_hooks,
	&without_hooks_nothing_is_made_or_removed,
	&command_file_is_absent_for_who_removed_it_until_it_is_made_again,
	&rename_across_the_border_says_copy_or_no,
};

UNIT_SUITE("fs/virt/virt_folder", tests)
