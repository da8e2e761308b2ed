#include "fs/core/changes.h"

#include <errno.h>
#include <stdlib.h>

#include "fs/core/changes_impl.h"
#include "fs/core/file_state.h"
#include "fs/core/store.h"
#include "lsm/base/array.h"
#include "lsm/base/coding.h"
#include "lsm/base/error.h"

struct fs_changes *fs_changes_new(struct fs *fs)
{
	struct fs_changes *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->fs = fs;
	c->batch = lsm_batch_new();
	if (!c->batch) {
		free(c);
		return NULL;
	}
	return c;
}

void fs_changes_free(struct fs_changes *c)
{
	if (!c)
		return;
	lsm_batch_free(c->batch);
	buf_done(&c->list);
	free(c);
}

void fs_changes_clear(struct fs_changes *c)
{
	lsm_batch_clear(c->batch);
	buf_clear(&c->list);
	c->count = 0;
	c->deletes = 0;
}

uint64_t fs_changes_count(const struct fs_changes *c)
{
	return c->count;
}

static int list_add(struct fs_changes *c, enum change_kind kind, struct slice key)
{
	int err = buf_append_byte(&c->list, (uint8_t)kind);

	if (!err)
		err = buf_append_sized(&c->list, key);
	if (!err)
		c->count++;
	return err;
}

bool change_next(struct slice *rest, struct change *ret_change)
{
	uint8_t kind;

	if (byte_take(rest, &kind) || sized_take(rest, &ret_change->key))
		return false;
	ret_change->kind = (enum change_kind)kind;
	return true;
}

/* What a put leaves of the record that it replaces: owner, mode and the like. */
static int attr_of_put(struct fs *fs, struct slice key, struct lsm_record *record,
		       struct attr *ret_attr)
{
	bool is_folder = true;
	int err = lsm_stat(fs->db, key, &fs->read, record);

	if (!err)
		err = attr_is_folder_record(fs->separator, record, &is_folder);
	if (err && err != -ENOENT)
		return err;
	if (!is_folder)
		return attr_of_file(&fs->defaults, record, ret_attr);
	*ret_attr = (struct attr){.mode = S_IFREG | fs->defaults.file_mode,
				  .uid = fs->defaults.uid,
				  .gid = fs->defaults.gid};
	return 0;
}

/* A key that ends in the separator, with an empty value: a folder's own record, with no attributes
 * but the default ones. */
static bool is_folder_record(const struct fs *fs, struct slice key, struct slice value)
{
	return value.len == 0 && key.len > 0 && key.ptr[key.len - 1] == fs->separator;
}

static int put_file(struct fs_changes *c, struct slice key, struct slice value)
{
	/* the caller's changes: root's right to keep set-id bits is not claimed */
	static const struct fs_caller nobody = {.uid = (uid_t)-1};
	struct lsm_record record = {0};
	struct attr attr;
	/* what is held has attributes, too */
	int err = hold_is_empty(&c->fs->hold) ? 0 : hold_log_all(c->fs);

	if (!err)
		err = attr_of_put(c->fs, key, &record, &attr);

	if (!err) {
		attr.size = value.len;
		attr_content_changed(&attr, &nobody);
		err = store_batch_put(c->fs, c->batch, key, value, &attr);
	}
	lsm_record_release(&record);
	return err;
}

int fs_changes_put(struct fs_changes *c, struct slice key, struct slice value)
{
	struct fs *fs = c->fs;
	int err;

	if (value.len > fs->value_max)
		return fail(-EFBIG, "a value has more than store.max_value_size bytes");
	if (key.len == 0)
		return fail(-EINVAL, "an empty key");
	if (is_folder_record(fs, key, value))
		err = lsm_batch_put(c->batch, key, slice_of(NULL, 0), value);
	else
		err = put_file(c, key, value);
	return err ? err : list_add(c, CHANGE_PUT, key);
}

int fs_changes_delete(struct fs_changes *c, struct slice key)
{
	int err = lsm_batch_delete(c->batch, key);

	if (!err)
		err = list_add(c, CHANGE_DELETE, key);
	if (!err)
		c->deletes++;
	return err;
}

/* ---- nodes of the files ---- */

/* Pin the node of a change's file, once however often it changes; the last change counts. */
static int collect_node(struct fs_changes *c, const struct change *change)
{
	struct fs *fs = c->fs;
	struct node_name name = node_name_file(change->key);
	struct node_view view;

	if (!nodes_find(&fs->nodes, &name, &view))
		return 0;
	if (view.node->change_slot > 0) {
		c->nodes[view.node->change_slot - 1].gone = change->kind == CHANGE_DELETE;
		nodes_unpin(&fs->nodes, &view);
		return 0;
	}
	struct changed_node *grown =
		array_grow(c->nodes, &c->node_cap, c->node_count + 1, sizeof(*grown));

	if (!grown) {
		nodes_unpin(&fs->nodes, &view);
		return -ENOMEM;
	}
	c->nodes = grown;
	c->nodes[c->node_count++] =
		(struct changed_node){.view = view, .gone = change->kind == CHANGE_DELETE};
	view.node->change_slot = c->node_count;
	return hold_log(fs, view.node);
}

/* The file will be gone: keep its content for those who use it. */
static int prepare_gone(struct fs *fs, struct changed_node *changed)
{
	struct file_state state = {0};
	struct found found = {.name = changed->view.key->name};
	int err = file_load(fs, &changed->view, &state);

	if (!err) {
		found.attr = state.attr;
		found.attr.xattrs = slice_of(NULL, 0);
	}
	file_state_done(&state);
	if (!err)
		err = removal_prepare(fs, &found, &changed->removal);
	return err == -ENOENT ? 0 : err; /* no record: nothing to keep */
}

static int prepare_nodes(struct fs_changes *c)
{
	struct slice rest = buf_slice(&c->list);
	struct change change;
	int err = 0;

	while (!err && change_next(&rest, &change))
		err = collect_node(c, &change);
	for (size_t i = 0; i < c->node_count && !err; i++) {
		if (c->nodes[i].gone)
			err = prepare_gone(c->fs, &c->nodes[i]);
	}
	return err;
}

static void commit_nodes(struct fs_changes *c, int64_t time_ns)
{
	for (size_t i = 0; i < c->node_count; i++) {
		if (c->nodes[i].gone)
			removal_commit(c->fs, &c->nodes[i].removal, time_ns);
	}
}

static int add_stale_nodes(struct fs_changes *c, struct fs_stale *stale)
{
	int err = 0;

	for (size_t i = 0; i < c->node_count && !err; i++)
		err = fs_stale_add_inode(stale, c->nodes[i].view.node->id);
	return err;
}

static void nodes_end(struct fs_changes *c)
{
	for (size_t i = 0; i < c->node_count; i++) {
		c->nodes[i].view.node->change_slot = 0;
		removal_done(c->fs, &c->nodes[i].removal);
		nodes_unpin(&c->fs->nodes, &c->nodes[i].view);
	}
	free(c->nodes);
	c->nodes = NULL;
	c->node_count = 0;
	c->node_cap = 0;
}

/* All stripes are held. */
static int apply(struct fs_changes *c, struct fs_stale *stale)
{
	struct fs *fs = c->fs;
	int64_t time_ns;
	int err = prepare_nodes(c);

	if (!err)
		err = store_commit(fs, c->batch, c->deletes == c->count ? STORE_FREES : STORE_TAKES,
				   &time_ns);
	if (!err) {
		stripes_note_all(&fs->stripes);
		atomic_fetch_add(&fs->absent.changes, 1);
		commit_nodes(c, time_ns);
		int names_err = changes_note_names(c, time_ns, stale);

		err = add_stale_nodes(c, stale); /* after their folders */
		if (!err)
			err = names_err;
	}
	nodes_end(c);
	return err;
}

int fs_changes_apply(struct fs_changes *c, struct fs_stale *stale)
{
	struct fs *fs = c->fs;
	int err = store_check_writable(fs);

	if (!err && c->count > 0)
		err = hold_log_all(fs);
	if (err || c->count == 0)
		return faults_answer(&fs->faults, err);
	stripes_lock_all(&fs->stripes);
	err = apply(c, stale);
	stripes_unlock_all(&fs->stripes);
	return faults_answer(&fs->faults, err);
}
