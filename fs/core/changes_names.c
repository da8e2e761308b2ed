/*
 * What the kernel may have wrong after changes by key: names that it remembers as absent, listings,
 * and folders that are no more.
 *
 * It knows names only in folders that are nodes here. So each key is followed from the root, as far
 * as the folders on its way are nodes: the deepest one is where a name may have come or gone. Keys
 * of one batch mostly come folder by folder, so the last way is kept.
 */
#include <errno.h>

#include "fs/core/changes_impl.h"
#include "fs/core/folder.h"
#include "fs/core/names.h"

/* The way of a key, as far as the kernel may know it. */
struct way {
	struct node_view folder;      /* the deepest node; node NULL: none yet */
	struct node_view above;       /* in which that stands; node NULL: it is the root */
	char name[PATH_NAME_MAX + 1]; /* of the folder in `above` */
	size_t name_len;
	struct path_entry entry; /* the key's, in the folder */
	bool ends;               /* the entry is the key's file itself */
	bool put;                /* not `ends`: a put below the entry has been noted */
	struct buf below; /* not `ends`: what keys below the entry begin with; len 0: unknown */
};

/* What is being noted. */
struct noting {
	struct fs_changes *c;
	struct fs_stale *stale;
	int64_t time_ns;
	struct way way;
	bool lost;         /* a key in way.folder was deleted */
	bool below;        /* a key below an entry of way.folder changed, so that may be a folder */
	struct buf prefix; /* room for a folder's */
};

static void way_end(struct fs *fs, struct way *way)
{
	if (way->folder.node)
		nodes_unpin(&fs->nodes, &way->folder);
	if (way->above.node)
		nodes_unpin(&fs->nodes, &way->above);
	buf_done(&way->below);
	*way = (struct way){0};
}

/* The node of the folder of this name in way->folder, pinned. False: the kernel does not know it.
 */
static int step(struct fs *fs, struct way *way, bool *ret_known)
{
	struct slice name = slice_of(way->entry.name, way->entry.name_len);
	struct path_place place = {0};
	struct node_name folder;
	struct node_view view;
	int err = path_resolve(fs->separator, node_name_as_folder(&way->folder.key->name), name,
			       &place);

	if (err)
		return err;
	*ret_known = place_as_folder(&place, &folder) && nodes_find(&fs->nodes, &folder, &view);
	path_place_done(&place);
	if (!*ret_known)
		return 0;
	if (way->above.node)
		nodes_unpin(&fs->nodes, &way->above);
	way->above = way->folder;
	way->folder = view;
	memcpy(way->name, name.ptr, name.len);
	way->name_len = name.len;
	return 0;
}

/* A key that ends in the separator may have been a folder's own record, or the file "%": it is
 * taken for the file, as there is nothing to tell of a record but what every key says of its
 * folder. */
static void find_entry(const struct fs *fs, struct slice key, struct way *way)
{
	path_entry_of(fs->separator, node_name_as_folder(&way->folder.key->name), key, false,
		      &way->entry);
	way->ends = way->entry.kind == PATH_PLAIN && !way->entry.folder;
}

static int way_find(struct fs *fs, struct slice key, struct way *way)
{
	bool known = true;
	int err;

	way_end(fs, way);
	err = nodes_pin(&fs->nodes, FS_ROOT, &way->folder);
	while (!err && known) {
		find_entry(fs, key, way);
		if (way->ends || way->entry.kind == PATH_ELSEWHERE)
			break;
		err = step(fs, way, &known);
	}
	if (!err && !way->ends)
		err = buf_set(&way->below, slice_of(key.ptr, way->entry.skip_len));
	return err;
}

/* Whether the key stands in the folder at which the last way ended, as a file. */
static bool way_is_same(const struct fs *fs, const struct way *way, struct slice key)
{
	if (!way->folder.node || !way->ends || way->folder.key->name.partial)
		return false;
	struct slice prefix = way->folder.key->name.bytes;

	if (key.len <= prefix.len || !slice_starts_with(key, prefix))
		return false;
	struct slice rest = slice_skip(key, prefix.len);

	/* longer names have ways of their own */
	return rest.len < PATH_NAME_MAX / 4 && !memchr(rest.ptr, fs->separator, rest.len);
}

/* The folder has other entries than before. */
static int note_entries(struct noting *n, const struct node_view *folder)
{
	folder_touch(n->c->fs, folder, n->time_ns);
	return fs_stale_add_folder(n->stale, folder->node->id);
}

/* Folders on the way that have lost their last key are no more, from the deepest one up. */
static int drop_empty(struct noting *n)
{
	struct fs *fs = n->c->fs;
	struct way *way = &n->way;
	int err = 0;

	while (!err && way->above.node && !way->folder.nameless) {
		cleanup_buf struct buf prefix = {0};

		if (hold_has_below(fs, way->folder.key->name.bytes))
			break;
		err = folder_has_keys(fs, &way->folder.key->name);
		if (err != -ENOENT) {
			/* all is applied: where it cannot be read, it keeps its name */
			err = err == -ENOMEM ? err : 0;
			break;
		}
		nodes_unname(&fs->nodes, way->folder.node, NULL);
		err = fs_stale_add_name(n->stale, way->above.node->id,
					slice_of(way->name, way->name_len));
		if (!err)
			err = buf_set(&prefix, way->folder.key->name.bytes);
		if (!err)
			err = way_find(fs, buf_slice(&prefix), way);
		if (!err) {
			nodes_subfolders_forget(&fs->nodes, way->folder.node);
			err = note_entries(n, &way->folder);
		}
	}
	return err == -ENOENT ? 0 : err;
}

/* No more keys of this way come: the folder at its end has other entries than before. */
static int leave(struct noting *n)
{
	struct way *way = &n->way;
	int err = 0;

	if (!way->folder.node)
		return 0;
	if (n->below)
		nodes_subfolders_forget(&n->c->fs->nodes, way->folder.node);
	err = note_entries(n, &way->folder);
	if (!err && n->lost)
		err = drop_empty(n);
	n->lost = false;
	n->below = false;
	return err;
}

/* The key "a", where the kernel knows the folder "a/": its file is the folder's own value. */
static int note_own_value(struct noting *n, struct slice key)
{
	struct fs *fs = n->c->fs;
	struct node_view view;
	int err = buf_set(&n->prefix, key);

	if (!err)
		err = buf_append_byte(&n->prefix, fs->separator);
	if (err)
		return err;
	struct node_name name = node_name_folder(buf_slice(&n->prefix), false);

	if (!nodes_find(&fs->nodes, &name, &view))
		return 0;
	err = fs_stale_add_name(n->stale, view.node->id, slice_str(PATH_OWN_NAME));
	if (!err)
		err = fs_stale_add_folder(n->stale, view.node->id);
	nodes_unpin(&fs->nodes, &view);
	return err;
}

/*
 * Whether the kernel may have the name of a key that was put as something else: absent, or as the
 * file "a", now that there is a folder "a/".
 */
static bool name_is_doubtful(const struct noting *n, struct slice key)
{
	struct fs *fs = n->c->fs;
	const struct way *way = &n->way;
	struct node_name file = node_name_file(key);
	struct node_view view;

	if (absent_may_have(&fs->absent, way->folder.node->id,
			    slice_of(way->entry.name, way->entry.name_len)))
		return true;
	if (way->ends)
		return false; /* a file that is known stays the same one */
	if (memchr(way->entry.name, '%', way->entry.name_len))
		return true; /* its bytes are not those of the key */
	file.bytes.len = min_of(way->folder.key->name.bytes.len + way->entry.name_len, key.len);
	if (!nodes_find(&fs->nodes, &file, &view))
		return false;
	nodes_unpin(&fs->nodes, &view);
	return true;
}

/* The name of the key's entry, where its way ends. */
static int add_name(struct noting *n)
{
	const struct path_entry *entry = &n->way.entry;

	if (entry->kind == PATH_ELSEWHERE)
		return 0;
	return fs_stale_add_name(n->stale, n->way.folder.node->id,
				 slice_of(entry->name, entry->name_len));
}

/* A change of a key at the end of whose way n->way is. */
static int note_at_end(struct noting *n, const struct change *change)
{
	n->below |= !n->way.ends;
	if (change->kind == CHANGE_DELETE) {
		n->lost = true;
		return 0;
	}
	if (n->way.put)
		return 0;
	n->way.put = !n->way.ends;
	return name_is_doubtful(n, change->key) ? add_name(n) : 0;
}

static int note_change(struct noting *n, const struct change *change)
{
	struct fs *fs = n->c->fs;
	struct way *way = &n->way;
	int err = 0;

	/* the kernel does not know the folder below which it is */
	if (way->below.len > 0 && slice_starts_with(change->key, buf_slice(&way->below)))
		return note_at_end(n, change);
	if (way_is_same(fs, way, change->key)) {
		find_entry(fs, change->key, way);
	} else {
		err = leave(n);
		if (!err)
			err = way_find(fs, change->key, way);
	}
	if (!err)
		err = note_at_end(n, change);
	return err || !way->ends ? err : note_own_value(n, change->key);
}

/* The names of files that the kernel knows and that are gone. */
static int note_gone(struct noting *n)
{
	int err = 0;

	for (size_t i = 0; i < n->c->node_count && !err; i++) {
		const struct changed_node *changed = &n->c->nodes[i];

		if (!changed->gone)
			continue;
		err = way_find(n->c->fs, changed->view.key->name.bytes, &n->way);
		if (!err)
			err = add_name(n);
	}
	way_end(n->c->fs, &n->way);
	return err;
}

int changes_note_names(struct fs_changes *c, int64_t time_ns, struct fs_stale *stale)
{
	struct noting n = {.c = c, .stale = stale, .time_ns = time_ns};
	struct slice rest = buf_slice(&c->list);
	struct change change;
	int err = note_gone(&n);

	while (!err && change_next(&rest, &change))
		err = note_change(&n, &change);
	if (!err)
		err = leave(&n);
	way_end(c->fs, &n.way);
	buf_done(&n.prefix);
	return err;
}
