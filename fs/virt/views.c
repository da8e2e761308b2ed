#include "fs/virt/views.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/error.h"
#include "lsm/base/hash.h"

void views_init(struct views *v, const struct fs_options *options)
{
	*v = (struct views){.options = *options};
	v->options.read_only = true;
	mutex_init(&v->mu, RANK_FS_VIEWS);
}

static void view_free(struct view *view)
{
	ignore_result(fs_free(view->fs)); /* nothing is ever held in it */
	if (view->snapshot)
		lsm_snapshot_release(view->db, view->snapshot);
	free(view->name);
	free(view);
}

void view_unref(struct view *view)
{
	if (ref_put(&view->refs))
		view_free(view);
}

void views_done(struct views *v)
{
	while (v->first) {
		struct view *view = v->first;

		v->first = view->next;
		view_unref(view);
	}
	mutex_done(&v->mu);
}

static int view_new(const struct views *v, struct slice name, struct view **ret_view)
{
	struct view *view = calloc(1, sizeof(*view));
	struct fs_options options = v->options;

	if (!view)
		return -ENOMEM;
	ref_init(&view->refs);
	view->db = options.db;
	view->name = strndup((const char *)name.ptr, name.len);
	int rc = view->name ? lsm_snapshot_open(options.db, name, &view->snapshot) : -ENOMEM;

	if (!rc) {
		view->seqno = lsm_snapshot_seqno(view->snapshot);
		options.snapshot = view->snapshot;
		rc = fs_new(&options, &view->fs);
	}
	if (rc)
		view_free(view);
	else
		*ret_view = view;
	return rc;
}

static struct view **link_of_locked(struct views *v, struct slice name)
{
	struct view **link = &v->first;

	while (*link && !slice_eq(name, slice_str((*link)->name)))
		link = &(*link)->next;
	return link;
}

static struct view *number_find_locked(struct views *v, unsigned number)
{
	struct view *view = v->first;

	while (view && view->number != number)
		view = view->next;
	return view;
}

/* Numbers come again late: what the kernel still knows of an old view is to mean nothing. */
static void add_locked(struct views *v, struct view *view)
{
	do
		view->number = v->next_number++ % VIEW_NUMBERS;
	while (number_find_locked(v, view->number));
	view->next = v->first;
	v->first = view;
}

static struct view *find_name(struct views *v, struct slice name)
{
	mutex_guard(&v->mu);
	struct view *view = *link_of_locked(v, name);

	if (view)
		ref_get(&view->refs);
	return view;
}

int views_open(struct views *v, struct slice name, struct view **ret_view)
{
	struct view *view = find_name(v, name);
	struct view *made;

	if (view) {
		*ret_view = view;
		return 0;
	}
	int rc = view_new(v, name, &made);

	if (rc)
		return rc;
	mutex_lock(&v->mu);
	view = *link_of_locked(v, name);
	if (!view) { /* nobody was faster */
		add_locked(v, made);
		view = made;
		made = NULL;
	}
	ref_get(&view->refs);
	mutex_unlock(&v->mu);
	if (made)
		view_unref(made);
	*ret_view = view;
	return 0;
}

struct view *views_find(struct views *v, uint64_t node)
{
	mutex_guard(&v->mu);
	struct view *view =
		number_find_locked(v, (unsigned)(node >> FS_NODE_BITS & (VIEW_NUMBERS - 1)));

	if (view)
		ref_get(&view->refs);
	return view;
}

void views_drop(struct views *v, struct slice name)
{
	mutex_lock(&v->mu);
	struct view **link = link_of_locked(v, name);
	struct view *view = *link;

	if (view)
		*link = view->next;
	mutex_unlock(&v->mu);
	if (view)
		view_unref(view);
}

uint64_t view_inode(const struct view *view, uint64_t inode)
{
	uint64_t parts[] = {view->seqno, inode};

	return hash64(slice_of(parts, sizeof(parts)), 0) & (FS_VIRTUAL_BIT - 1);
}

void view_entry(const struct view *view, struct fs_entry *entry)
{
	entry->node = view_outer(view, entry->node);
	entry->attr.st_ino = view_inode(view, entry->attr.st_ino);
}
