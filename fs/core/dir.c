/*
 * Open folders: fs_dir_*. A cookie is the ordinal of an entry and some bits of its name's hash.
 * Going back means beginning anew; the kernel asks for that on rewinddir and hardly ever else.
 *
 * Why the hash: the kernel caches a listing for all programs. One that has read part of it from
 * there, and then finds the cache dropped because the folder changed, goes on with its own fs_dir
 * and a cookie of the one that filled the cache, in which the same entry may have had another
 * ordinal. For the same reason the start is read from the folder as it is now: the kernel takes
 * what it reads there for the state after all changes that it knows of.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "fs/core/dir_scan.h"
#include "fs/core/names.h"
#include "lsm/base/cleanup.h"
#include "lsm/base/hash.h"

enum {
	COOKIE_ORDINAL_BITS = 36,
	COOKIE_HASH_BITS = 26, /* together 62: an off_t is not negative, and FS_COOKIE_FREE_BIT */
	COOKIE_SEED = 3,
};

enum dir_stage {
	DIR_DOT,
	DIR_DOT_DOT,
	DIR_OWN_VALUE, /* "%=" */
	DIR_ENTRIES,
};

struct fs_dir {
	struct fs *fs;           /* borrowed */
	struct node_view folder; /* pinned */
	uint64_t ticket;         /* drawn before the snapshot, see stripes.h */
	struct dir_scan scan;
	enum dir_stage stage; /* where the next entry comes from */
	uint64_t position;    /* ordinal of the entry answered last; 0: none */
	uint64_t before;      /* cookie of the entry before `entry`; 0: none */
	bool unread;          /* `entry` is the next one */
	/* the entry read last */
	struct fs_dirent entry;
	char name[PATH_NAME_MAX + 1];
	bool can_lookup;        /* not "." or ".." */
	struct node_name place; /* with bytes of scan.key; bytes.ptr NULL: only the name tells */
};

/*
 * A scan of the folder as it is now; the ticket was drawn before its snapshot. When the folder is
 * just being renamed the keys may have gone from where they were looked for.
 */
static int scan_now(struct fs *fs, struct node_view *view, uint64_t *ret_ticket,
		    struct dir_scan *ret_scan)
{
	for (;;) {
		struct dir_scan scan;
		uint64_t ticket = stripes_ticket(&fs->stripes);
		int err = dir_scan_open(fs, view->key, &scan);

		if (err)
			return err;
		if (!nodes_refresh(&fs->nodes, view) || view->nameless) {
			*ret_ticket = ticket;
			*ret_scan = scan;
			return 0;
		}
		dir_scan_done(fs, &scan);

		struct node_lock lock;

		node_lock_view(fs, view, &lock); /* wait until it is over */
		stripes_unlock(&fs->stripes, &lock.stripes);
		*view = lock.view;
	}
}

static int dir_open(struct fs *fs, struct node_view *view, struct fs_dir **ret_dir)
{
	if (!view->key->name.folder)
		return -ENOTDIR;
	if (view->nameless)
		return -ENOENT;

	cleanup_free struct fs_dir *dir = calloc(1, sizeof(*dir));

	if (!dir)
		return -ENOMEM;
	dir->fs = fs;

	int err = scan_now(fs, view, &dir->ticket, &dir->scan);

	if (err)
		return err;
	dir->folder = *view;
	*ret_dir = move_ptr(&dir);
	return 0;
}

int fs_dir_open(struct fs *fs, uint64_t node, struct fs_dir **ret_dir)
{
	struct node_view view;
	int err = nodes_pin(&fs->nodes, node, &view);

	if (err)
		return err;
	err = dir_open(fs, &view, ret_dir);
	if (err)
		nodes_unpin(&fs->nodes, &view);
	return faults_answer(&fs->faults, err);
}

void fs_dir_close(struct fs_dir *dir)
{
	if (!dir)
		return;
	dir_scan_done(dir->fs, &dir->scan);
	nodes_unpin(&dir->fs->nodes, &dir->folder);
	free(dir);
}

static void restart(struct fs_dir *dir)
{
	dir->stage = DIR_DOT;
	dir->position = 0;
	dir->before = 0;
	dir->entry.cookie = 0;
	dir->unread = false;
	dir_scan_restart(&dir->scan);
}

static void set_entry(struct fs_dir *dir, struct slice name, uint64_t ino, mode_t type)
{
	memcpy(dir->name, name.ptr, name.len);
	dir->name[name.len] = '\0';
	dir->entry.name = dir->name;
	dir->entry.name_len = name.len;
	dir->entry.ino = ino;
	dir->entry.type = type;
}

static struct node_name parent_of(uint8_t separator, const struct node_name *folder)
{
	struct slice prefix = folder_anchor(separator, folder);

	if (!folder->partial && prefix.len > 0)
		prefix.len--;
	while (prefix.len > 0 && prefix.ptr[prefix.len - 1] != separator)
		prefix.len--;
	return node_name_folder(prefix, false);
}

/* The folder's own value is an entry of it: -ENOENT when there is none. */
static int read_own_value(struct fs_dir *dir)
{
	struct lsm_read_options options = {.snapshot = dir->scan.source.snapshot};
	struct fs *fs = dir->fs;
	const struct node_name *folder = &dir->folder.key->name;
	struct lsm_record record;

	if (folder->partial || folder->bytes.len < 2)
		return -ENOENT;

	struct node_name own = node_name_file(slice_of(folder->bytes.ptr, folder->bytes.len - 1));
	struct attr attr = {.mode = S_IFREG};
	int err = lsm_stat(fs->db, own.bytes, &options, &record);

	if (!err) {
		bool is_folder; /* below an empty name it is the record of the folder above */

		err = attr_is_folder_record(fs->separator, &record, &is_folder);
		if (!err)
			err = is_folder ? -ENOENT : attr_of_file(&fs->defaults, &record, &attr);
		lsm_record_release(&record);
	}
	if (err == -ENOENT && hold_has(fs, own.bytes)) {
		err = 0;
	}
	if (!err) {
		set_entry(dir, slice_str(PATH_OWN_NAME), nodes_ino(&fs->nodes, &own),
			  attr.mode & S_IFMT);
		dir->place = (struct node_name){0};
		dir->can_lookup = true;
	}
	return err;
}

/* What is held, and so not known from a record, is a regular file. */
static mode_t entry_type(const struct dir_scan *scan)
{
	if (scan->name.folder)
		return S_IFDIR;
	return scan->attr_known ? scan->attr.mode & S_IFMT : S_IFREG;
}

static int read_scan(struct fs_dir *dir)
{
	struct dir_scan *scan = &dir->scan;
	int err = dir_scan_next(dir->fs, scan);

	if (err)
		return err;
	set_entry(dir, slice_of(scan->entry.name, scan->entry.name_len),
		  nodes_ino(&dir->fs->nodes, &scan->name), entry_type(scan));
	dir->place = scan->name;
	dir->can_lookup = true;
	return 0;
}

/* One more entry into dir->entry. */
static int read_entry(struct fs_dir *dir)
{
	struct fs *fs = dir->fs;
	int err;

	switch (dir->stage) {
	case DIR_DOT:
		set_entry(dir, slice_str("."), dir->folder.node->ino, S_IFDIR);
		dir->can_lookup = false;
		dir->stage = DIR_DOT_DOT;
		return 0;
	case DIR_DOT_DOT: {
		struct node_name parent = parent_of(fs->separator, &dir->folder.key->name);

		set_entry(dir, slice_str(".."), nodes_ino(&fs->nodes, &parent), S_IFDIR);
		dir->can_lookup = false;
		dir->stage = DIR_OWN_VALUE;
		return 0;
	}
	case DIR_OWN_VALUE:
		err = read_own_value(dir);
		if (!err || err == -ENOENT)
			dir->stage = DIR_ENTRIES;
		return err == -ENOENT ? read_scan(dir) : err;
	case DIR_ENTRIES:
		break;
	}
	return read_scan(dir);
}

static uint64_t ordinal_of(uint64_t cookie)
{
	return cookie & ((UINT64_C(1) << COOKIE_ORDINAL_BITS) - 1);
}

static uint64_t hash_of(uint64_t cookie)
{
	return cookie >> COOKIE_ORDINAL_BITS;
}

static uint64_t cookie_of(const struct fs_dir *dir, uint64_t ordinal)
{
	struct slice name = slice_of(dir->name, dir->entry.name_len);

	/* "." and ".." always have the same place. */
	if (!dir->can_lookup)
		return ordinal;
	return hash64(name, COOKIE_SEED) >> (64 - COOKIE_HASH_BITS) << COOKIE_ORDINAL_BITS |
	       ordinal;
}

static int dir_next(struct fs_dir *dir)
{
	if (dir->unread) {
		dir->unread = false;
		dir->position++;
		return 0;
	}

	uint64_t before = dir->entry.cookie;
	int err = read_entry(dir);

	if (err)
		return err;
	dir->position++;
	dir->before = before;
	dir->entry.cookie = cookie_of(dir, dir->position);
	return 0;
}

int fs_dir_next(struct fs_dir *dir, struct fs_dirent *ret_entry)
{
	int err = dir_next(dir);

	if (!err)
		*ret_entry = dir->entry;
	return faults_answer(&dir->fs->faults, err);
}

void fs_dir_unread(struct fs_dir *dir)
{
	if (dir->position == 0 || dir->unread)
		return;
	dir->position--;
	dir->unread = true;
}

/* To the start of the folder as it is now. */
static int begin_anew(struct fs_dir *dir)
{
	struct fs *fs = dir->fs;

	(void)nodes_refresh(&fs->nodes, &dir->folder); /* scan_now asks again */
	struct stripe *stripe = stripe_of(&fs->stripes, &dir->folder.key->name);

	if (!dir->folder.nameless && stripe_changed(stripe) > dir->ticket) {
		struct dir_scan scan;
		int err = scan_now(fs, &dir->folder, &dir->ticket, &scan);

		if (err)
			return err;
		dir_scan_done(fs, &dir->scan);
		dir->scan = scan;
	}
	restart(dir);
	return 0;
}

/* Behind the entry with this ordinal; -ENOENT: there are fewer. */
static int seek_ordinal(struct fs_dir *dir, uint64_t ordinal)
{
	int err = 0;

	if (ordinal < dir->position)
		restart(dir);
	while (!err && dir->position < ordinal)
		err = dir_next(dir);
	return err;
}

/* Behind the first entry whose name has this hash; -ENOENT: there is none. */
static int seek_hash(struct fs_dir *dir, uint64_t hash)
{
	int err;

	restart(dir);
	do
		err = dir_next(dir);
	while (!err && (!dir->can_lookup || hash_of(dir->entry.cookie) != hash));
	return err;
}

static int dir_seek(struct fs_dir *dir, uint64_t cookie)
{
	if (cookie == 0)
		return begin_anew(dir);
	if (cookie == dir->before) {
		fs_dir_unread(dir);
		return 0;
	}

	int err = seek_ordinal(dir, ordinal_of(cookie));

	if (!err && !dir->unread && dir->entry.cookie == cookie)
		return 0;
	if (!err || err == -ENOENT)
		err = seek_hash(dir, hash_of(cookie));
	return err == -ENOENT ? seek_ordinal(dir, ordinal_of(cookie)) : err;
}

int fs_dir_seek(struct fs_dir *dir, uint64_t cookie)
{
	int err = dir_seek(dir, cookie);

	/* A cookie past the end is the end. */
	return err == -ENOENT ? 0 : faults_answer(&dir->fs->faults, err);
}

/* From what the cursor has seen, if that still holds; -EAGAIN when it may not. */
static int lookup_seen(struct fs_dir *dir, struct fs_entry *ret_entry)
{
	struct fs *fs = dir->fs;
	struct attr attr = dir->scan.attr;
	struct node_view view;

	if (!dir->place.bytes.ptr || !dir->scan.attr_known || !hold_is_empty(&fs->hold))
		return -EAGAIN;

	int err = name_enter_unchanged(fs, &dir->place, dir->ticket, &view);

	if (err)
		return err;
	if (dir->place.folder)
		folder_attr_add_touched(fs, view.node, &attr);
	ret_entry->node = view.node->id;
	node_stat(fs, &view, &attr, &ret_entry->attr);
	/* A folder's links were counted by its name, which a folder above it may just have lost. */
	if (dir->place.folder && nodes_refresh(&fs->nodes, &view)) {
		(void)nodes_forget(&fs->nodes, view.node->id, 1); /* pinned: nothing ends here */
		err = -EAGAIN;
	}
	nodes_unpin(&fs->nodes, &view);
	return err;
}

int fs_dir_lookup(struct fs_dir *dir, struct fs_entry *ret_entry)
{
	if (!dir->can_lookup || dir->position == 0)
		return -EINVAL;

	int err = lookup_seen(dir, ret_entry);

	if (err != -EAGAIN)
		return faults_answer(&dir->fs->faults, err);
	return fs_lookup(dir->fs, dir->folder.node->id, slice_of(dir->name, dir->entry.name_len),
			 ret_entry);
}
