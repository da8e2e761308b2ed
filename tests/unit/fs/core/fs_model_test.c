/*
 * Random operations against a tree in memory: every answer, and every content, name and attribute
 * that both know.
 */
#include <linux/falloc.h>
#include <unistd.h>

#include "tests/unit/fs/core/fs_fixture.h"

enum {
	ENTRY_MAX = 200,
	FILE_MAX = 2000,
	HANDLE_MAX = 12,
	CONTENT_MAX = 40000,
	WRITE_MAX = 12000,
	SHORT = 300, /* most files stay that short, some become large values */
	PATH_MAX_ = 64,
	STEPS = 6000,
	ROUNDS = 4,
};

struct model_file {
	uint8_t *bytes; /* of CONTENT_MAX; zeros behind the size */
	size_t size;
	bool linked;
};

struct model_entry {
	char path[PATH_MAX_];    /* "" is the root */
	struct model_file *file; /* NULL: a folder */
};

struct handle {
	uint64_t node;
	struct model_file *file;
};

static struct model_file files[FILE_MAX];
static size_t file_count;
static struct model_entry entries[ENTRY_MAX];
static size_t entry_count;
static struct handle handles[HANDLE_MAX];
static size_t handle_count;
static struct rng rng;
static struct fixture *f;

static struct model_entry *find(const char *path)
{
	for (size_t i = 0; i < entry_count; i++) {
		if (strcmp(entries[i].path, path) == 0)
			return &entries[i];
	}
	return NULL;
}

static void remove_entry(struct model_entry *e)
{
	*e = entries[--entry_count];
}

static bool is_child(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	if (strncmp(path, folder, len) != 0 || strlen(path) <= len)
		return false;
	const char *rest = path + len;

	if (len > 0 && *rest++ != '/')
		return false;
	return !strchr(rest, '/');
}

static size_t children(const char *folder)
{
	size_t count = 0;

	for (size_t i = 0; i < entry_count; i++)
		count += is_child(entries[i].path, folder);
	return count;
}

static const char *random_folder(void)
{
	for (;;) {
		const struct model_entry *e = &entries[rng_below(&rng, entry_count)];

		if (!e->file && strlen(e->path) < 20)
			return e->path;
	}
}

/* A name in a folder that exists; the entry itself may or may not. */
static void random_path(char *path)
{
	static const char *const names[] = {"a", "b", "a!", "a.b", "%=", "~", "%25", "c"};
	const char *folder = random_folder();

	snprintf(path, PATH_MAX_, "%s%s%s", folder, *folder ? "/" : "",
		 names[rng_below(&rng, array_size(names))]);
}

static const struct fs_caller *random_caller(void)
{
	return rng_below(&rng, 2) ? &f->me : &f->other;
}

/* "%=" in a folder other than the root: a file's name only. */
static bool is_own_value(const char *path)
{
	size_t len = strlen(path);

	return len > 3 && strcmp(path + len - 3, "/%=") == 0;
}

static struct model_file *new_file(const char *path)
{
	ck_assert_uint_lt(entry_count, ENTRY_MAX);
	ck_assert_uint_lt(file_count, FILE_MAX);
	struct model_file *file = &files[file_count++];

	*file = (struct model_file){.linked = true, .bytes = calloc(1, CONTENT_MAX)};
	ck_assert_ptr_nonnull(file->bytes);
	struct model_entry *e = &entries[entry_count++];

	snprintf(e->path, sizeof(e->path), "%s", path);
	e->file = file;
	return file;
}

static void keep_handle(uint64_t node, struct model_file *file)
{
	if (handle_count == HANDLE_MAX) {
		fs_forget(f->fs, node, 1);
		return;
	}
	handles[handle_count++] = (struct handle){node, file};
}

static void do_create(void)
{
	char path[PATH_MAX_];
	bool exclusive = rng_below(&rng, 2);
	uint64_t node = 0;

	random_path(path);
	struct model_entry *e = find(path);
	int want = 0;

	if (e)
		want = exclusive ? -EEXIST : e->file ? 0 : -EISDIR;
	if (entry_count > ENTRY_MAX - 2)
		return;
	int err = create_as(f, random_caller(), path, 0666, exclusive, &node);

	ck_assert_msg(err == want, "create %s: %d, not %d", path, err, want);
	if (!err)
		keep_handle(node, e ? e->file : new_file(path));
}

static void do_mkdir(void)
{
	char path[PATH_MAX_];

	random_path(path);
	int want = find(path) ? -EEXIST : is_own_value(path) ? -EPERM : 0;

	if (entry_count > ENTRY_MAX - 2)
		return;
	int err = mkdir_at(f, path);

	ck_assert_msg(err == want, "mkdir %s: %d, not %d", path, err, want);
	if (!err)
		snprintf(entries[entry_count++].path, PATH_MAX_, "%s", path);
	if (!err)
		entries[entry_count - 1].file = NULL;
}

static void do_unlink(void)
{
	char path[PATH_MAX_];

	random_path(path);
	struct model_entry *e = find(path);
	int want = !e ? -ENOENT : e->file ? 0 : -EISDIR;
	int err = unlink_at(f, path);

	ck_assert_msg(err == want, "unlink %s: %d, not %d", path, err, want);
	if (!err) {
		e->file->linked = false;
		remove_entry(e);
	}
}

static void do_rmdir(void)
{
	char path[PATH_MAX_];

	random_path(path);
	struct model_entry *e = find(path);
	int want = !e ? -ENOENT : e->file ? -ENOTDIR : children(path) ? -ENOTEMPTY : 0;
	int err = rmdir_at(f, path);

	ck_assert_msg(err == want, "rmdir %s: %d, not %d", path, err, want);
	if (!err)
		remove_entry(e);
}

static bool is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	return strncmp(path, folder, len) == 0 && path[len] == '/';
}

static int exchange_answer(const struct model_entry *from, const char *to_path)
{
	const struct model_entry *to = find(to_path);

	if (!from || !to)
		return -ENOENT;
	if (from == to)
		return 0;
	/* a folder's own value cannot be a folder */
	if ((!from->file && is_own_value(to_path)) || (!to->file && is_own_value(from->path)))
		return -EPERM;
	return is_below(from->path, to_path) || is_below(to_path, from->path) ? -EINVAL : 0;
}

static int rename_answer(const struct model_entry *from, const char *to_path, unsigned flags)
{
	const struct model_entry *to = find(to_path);

	if (flags & RENAME_EXCHANGE)
		return exchange_answer(from, to_path);
	if (!from)
		return -ENOENT;
	if (from == to)
		return flags ? -EEXIST : 0;
	if (from->file)
		return to && flags ? -EEXIST : to && !to->file ? -EISDIR : 0;
	if (is_own_value(to_path))
		return -EPERM;
	if (is_below(to_path, from->path))
		return -EINVAL;
	if (to && flags)
		return -EEXIST;
	if (to && to->file)
		return -ENOTDIR;
	return to && children(to_path) ? -ENOTEMPTY : 0;
}

/* All paths from here to there; false: one would be too long. */
static bool paths_fit(const char *from, const char *to)
{
	for (size_t i = 0; i < entry_count; i++) {
		const char *path = entries[i].path;

		if ((strcmp(path, from) == 0 || is_below(path, from)) &&
		    strlen(path) - strlen(from) + strlen(to) >= PATH_MAX_)
			return false;
	}
	return true;
}

/* Entries with a mark are passed over: they have come from the other side of an exchange. */
static void move_paths(const char *from, const char *to, char *came)
{
	char moved[PATH_MAX_ * 2];

	for (size_t i = 0; i < entry_count; i++) {
		char *path = entries[i].path;

		if (came[i] || (strcmp(path, from) != 0 && !is_below(path, from)))
			continue;
		snprintf(moved, sizeof(moved), "%s%s", to, path + strlen(from));
		snprintf(path, PATH_MAX_, "%.*s", PATH_MAX_ - 1, moved);
		came[i] = 1;
	}
}

static void move_entries(const char *from_path, const char *to_path, unsigned flags)
{
	struct model_entry *to = find(to_path);
	char came[ENTRY_MAX] = {0};

	if (to && !(flags & RENAME_EXCHANGE)) {
		if (to->file)
			to->file->linked = false;
		remove_entry(to);
	}
	move_paths(from_path, to_path, came);
	if (flags & RENAME_EXCHANGE)
		move_paths(to_path, from_path, came);
}

static void do_rename(void)
{
	char from_path[PATH_MAX_];
	char to_path[PATH_MAX_];
	unsigned kind = (unsigned)rng_below(&rng, 4);
	unsigned flags = kind == 0 ? RENAME_NOREPLACE : kind == 1 ? RENAME_EXCHANGE : 0;

	random_path(from_path);
	random_path(to_path);
	if (!paths_fit(from_path, to_path) || !paths_fit(to_path, from_path))
		return;
	int want = rename_answer(find(from_path), to_path, flags);
	int err = rename_at(f, from_path, to_path, flags);

	ck_assert_msg(err == want, "rename %s %s, flags %u: %d, not %d", from_path, to_path, flags,
		      err, want);
	if (!err && strcmp(from_path, to_path) != 0)
		move_entries(from_path, to_path, flags);
}

static void do_open(void)
{
	const struct model_entry *e = &entries[rng_below(&rng, entry_count)];

	if (e->file)
		keep_handle(node_at(f, e->path), e->file);
}

static void do_forget(void)
{
	if (handle_count == 0)
		return;
	struct handle *h = &handles[rng_below(&rng, handle_count)];

	fs_forget(f->fs, h->node, 1);
	*h = handles[--handle_count];
}

static void do_write(const struct handle *h)
{
	bool large = rng_below(&rng, 4) == 0;
	size_t offset = rng_below(&rng, 3) == 0
				? rng_below(&rng, large ? CONTENT_MAX - WRITE_MAX : SHORT)
				: 0;
	size_t len = 1 + rng_below(&rng, large ? WRITE_MAX : SHORT);
	uint8_t *bytes = h->file->bytes + offset;

	if (rng_below(&rng, 4) == 0 && h->file->size <= CONTENT_MAX - WRITE_MAX)
		bytes = h->file->bytes + h->file->size; /* append */
	offset = (size_t)(bytes - h->file->bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)rng_next(&rng);
	ck_assert_int_eq(fs_write(f->fs, random_caller(), h->node, offset, slice_of(bytes, len)),
			 0);
	h->file->size = max_of(h->file->size, offset + len);
}

static void do_truncate(const struct handle *h)
{
	size_t size = rng_below(&rng, 2) ? 0 : rng_below(&rng, CONTENT_MAX);

	if (rng_below(&rng, 4))
		size = min_of(size, (size_t)SHORT);
	ck_assert_int_eq(truncate_node(f, random_caller(), h->node, (off_t)size), 0);
	if (size < h->file->size)
		memset(h->file->bytes + size, 0, h->file->size - size);
	h->file->size = size;
}

static void do_allocate(const struct handle *h)
{
	static const unsigned modes[] = {
		0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		FALLOC_FL_ZERO_RANGE, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE};
	unsigned mode = modes[rng_below(&rng, array_size(modes))];
	size_t offset = rng_below(&rng, rng_below(&rng, 4) ? SHORT : CONTENT_MAX);
	size_t len = 1 + rng_below(&rng, min_of((size_t)WRITE_MAX, CONTENT_MAX - offset));

	ck_assert_int_eq(fs_allocate(f->fs, random_caller(), h->node, mode, offset, len), 0);
	if ((mode & ~(unsigned)FALLOC_FL_KEEP_SIZE) && offset < h->file->size)
		memset(h->file->bytes + offset, 0, min_of(len, h->file->size - offset));
	if (!(mode & FALLOC_FL_KEEP_SIZE))
		h->file->size = max_of(h->file->size, offset + len);
}

static void do_copy(const struct handle *to)
{
	const struct handle *from = &handles[rng_below(&rng, handle_count)];
	bool whole = rng_below(&rng, 3) == 0;
	struct fs_copy copy = {
		.from = from->node,
		.from_offset = whole ? 0 : rng_below(&rng, from->file->size + 1),
		.to = to->node,
		.to_offset = whole ? 0 : rng_below(&rng, CONTENT_MAX),
	};
	size_t from_offset = (size_t)copy.from_offset;
	size_t to_offset = (size_t)copy.to_offset;
	size_t len = 1 + rng_below(&rng, whole ? CONTENT_MAX * 2 : CONTENT_MAX - to_offset);
	size_t want = min_of(len, from->file->size - from_offset);
	bool overlap = from->file == to->file && from_offset < to_offset + want &&
		       to_offset < from_offset + want;
	uint64_t copied = 0;

	copy.len = len;
	int err = fs_copy_range(f->fs, random_caller(), &copy, &copied);

	ck_assert_int_eq(err, want > 0 && overlap ? -EINVAL : 0);
	if (err || want == 0)
		return;
	ck_assert_uint_eq(copied, want);
	memcpy(to->file->bytes + to_offset, from->file->bytes + from_offset, want);
	to->file->size = max_of(to->file->size, to_offset + want);
}

static void do_chmod(const struct handle *h)
{
	struct stat want = {.st_mode = (mode_t)(0600 + rng_below(&rng, 0100))};
	struct stat st;

	ck_assert_int_eq(fs_setattr(f->fs, random_caller(), h->node, &want, FS_SET_MODE, &st), 0);
	ck_assert_uint_eq(st.st_mode, S_IFREG | want.st_mode);
	ck_assert_int_eq(st.st_size, (off_t)h->file->size);
}

/* What is said to be a hole is zeros. */
static void check_holes(uint64_t node, const struct model_file *file)
{
	uint64_t from = rng_below(&rng, CONTENT_MAX), data = file->size, hole;
	int err = fs_seek(f->fs, node, from, SEEK_HOLE, &hole);

	ck_assert_int_eq(err, from < file->size ? 0 : -ENXIO);
	if (err)
		return;
	ck_assert_uint_ge(hole, from);
	ck_assert_uint_le(hole, file->size);
	err = fs_seek(f->fs, node, hole, SEEK_DATA, &data);
	ck_assert(err == 0 || err == -ENXIO);
	ck_assert_uint_le(data, file->size);
	while (hole < data)
		ck_assert(file->bytes[hole++] == 0);
}

static void check_file(uint64_t node, const struct model_file *file)
{
	struct fs_read_result read;
	struct stat st;

	ck_assert_int_eq(fs_getattr(f->fs, node, &st), 0);
	ck_assert_int_eq(st.st_size, (off_t)file->size);
	ck_assert_uint_eq(st.st_nlink, file->linked);
	ck_assert_int_eq(fs_read(f->fs, node, 0, CONTENT_MAX, &read), 0);
	ck_assert(slice_eq(read.bytes, slice_of(file->bytes, file->size)));
	fs_read_done(&read);
	check_holes(node, file);
}

static void check_folder(const char *path)
{
	struct fs_dir *dir;
	struct fs_dirent dirent;
	struct fs_entry entry;
	uint64_t node = node_at(f, path);
	size_t count = 0;

	ck_assert_int_eq(fs_dir_open(f->fs, node, &dir), 0);
	while (fs_dir_next(dir, &dirent) == 0) {
		char child[PATH_MAX_ * 2];

		if (dirent.cookie <= 2)
			continue;
		count++;
		snprintf(child, sizeof(child), "%s%s%s", path, *path ? "/" : "", dirent.name);
		const struct model_entry *e = find(child);

		ck_assert_msg(e, "%s is listed", child);
		ck_assert_uint_eq(dirent.type, e->file ? S_IFREG : S_IFDIR);
		ck_assert_int_eq(fs_dir_lookup(dir, &entry), 0);
		if (e->file) {
			ck_assert_int_eq(entry.attr.st_size, (off_t)e->file->size);
			check_file(entry.node, e->file);
		}
		fs_forget(f->fs, entry.node, 1);
	}
	ck_assert_uint_eq(count, children(path));
	fs_dir_close(dir);
	fs_forget(f->fs, node, 1);
}

static void check_all(void)
{
	for (size_t i = 0; i < entry_count; i++) {
		if (!entries[i].file)
			check_folder(entries[i].path);
	}
	for (size_t i = 0; i < handle_count; i++)
		check_file(handles[i].node, handles[i].file);
}

static void forget_all(void)
{
	while (handle_count > 0)
		fs_forget(f->fs, handles[--handle_count].node, 1);
	ck_assert_uint_eq(fs_stats_of(f).nodes, 1);
}

static void do_upkeep(void)
{
	switch (rng_below(&rng, 5)) {
	case 0:
		ck_assert_int_eq(lsm_flush(f->db), 0);
		break;
	case 1:
		ck_assert_int_eq(lsm_compact(f->db, slice_str("\1"), slice_of(NULL, 0)), 0);
		break;
	case 2:
		forget_all();
		fixture_restart(f);
		break;
	case 3:
		/* What is held may be lost with the process, so it is logged first. */
		forget_all();
		ck_assert_int_eq(fs_sync(f->fs), 0);
		fixture_kill(f);
		break;
	default:
		ck_assert_int_eq(hold_expire(f->fs, UINT64_MAX), 0);
	}
	check_all();
}

static void do_on_handle(void)
{
	if (handle_count == 0)
		return;
	const struct handle *h = &handles[rng_below(&rng, handle_count)];

	switch (rng_below(&rng, 10)) {
	case 0:
	case 1:
	case 2:
		do_write(h);
		break;
	case 3:
		do_truncate(h);
		break;
	case 5:
		do_copy(h);
		break;
	case 4:
		do_chmod(h);
		break;
	case 6:
		do_allocate(h);
		break;
	default:
		check_file(h->node, h->file);
	}
}

static void step(void)
{
	static void (*const operations[])(void) = {
		do_create,    do_create,    do_mkdir,     do_mkdir,     do_unlink,
		do_rmdir,     do_rename,    do_rename,    do_open,      do_forget,
		do_on_handle, do_on_handle, do_on_handle, do_on_handle,
	};

	if (rng_below(&rng, 100) == 0)
		do_upkeep();
	else
		operations[rng_below(&rng, array_size(operations))]();
}

START_TEST(the_file_system_does_what_a_tree_does)
{
	rng_seed(&rng, test_seed());
	for (int round = 0; round < ROUNDS; round++) {
		f = fixture_new();
		entries[0] = (struct model_entry){.path = ""};
		entry_count = 1;
		file_count = 0;
		for (int i = 0; i < STEPS / UNIT_SLOWNESS && file_count < FILE_MAX - 1; i++)
			step();
		check_all();
		forget_all();
		fixture_free(f);
		while (file_count > 0)
			free(files[--file_count].bytes);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&the_file_system_does_what_a_tree_does,
};

UNIT_SUITE("fs/core/fs_model", tests)
