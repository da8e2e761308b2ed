/*
 * .apex/features/NAME: feature flags, kept in the store's note, so beside all keys. A write that
 * names the version it has seen changes nothing when there is another by now (-ESTALE). Three of
 * them steer the daemon.
 */
#include <errno.h>
#include <stdlib.h>

#include "fs/virt/control_impl.h"
#include "lsm/base/cleanup.h"

enum {
	FEATURE_TEXT_MAX = 4096, /* bytes of a write */
};

/* ---- those that steer ---- */

static int steer_compaction(struct control *c, bool enabled)
{
	if (enabled)
		lsm_pause_compaction(c->options.db);
	else
		lsm_resume_compaction(c->options.db);
	return 0;
}

static int steer_read_only(struct control *c, bool enabled)
{
	if (enabled)
		return fs_freeze(c->options.fs);
	lsm_thaw(c->options.db);
	return 0;
}

static int steer_verify_reads(struct control *c, bool enabled)
{
	const struct control_settings *s = &c->options.settings;

	return s->change(s->arg, "sstable.verify_reads", slice_str(enabled ? "on" : "off"));
}

static int ask_verify_reads(struct control *c, bool *ret_enabled)
{
	const struct control_settings *s = &c->options.settings;
	cleanup_buf struct buf value = {0};
	int rc = s->render_value(s->arg, "sstable.verify_reads", &value);

	if (!rc)
		*ret_enabled = slice_starts_with(buf_slice(&value), slice_str("on"));
	return rc;
}

static const struct steering {
	const char *name;
	bool enabled; /* at first */
	const char *description;
	int (*steer)(struct control *c, bool enabled);
	/* What it is by now, where somebody else steers, too. NULL: nobody does. */
	int (*ask)(struct control *c, bool *ret_enabled);
} steerings[] = {
	{"compaction_paused", false, "no compaction begins by itself", steer_compaction, NULL},
	{"read_only", false, "every change is refused: EROFS", steer_read_only, NULL},
	{"verify_reads", true, "checksums are compared when blocks are read", steer_verify_reads,
	 ask_verify_reads},
};

/* NULL: it is none of them. */
static const struct steering *steering_find(const char *name)
{
	for (size_t i = 0; i < array_size(steerings); i++) {
		if (strcmp(steerings[i].name, name) == 0)
			return &steerings[i];
	}
	return NULL;
}

/* Put a feature into effect, if it is one of these and differs. */
static int steer(struct control *c, const struct feature *from, const struct feature *to)
{
	const struct steering *s = steering_find(to->name);

	return s && from->enabled != to->enabled ? s->steer(c, to->enabled) : 0;
}

/* Make a feature say what is so. */
static int ask(struct control *c, struct feature *feature)
{
	const struct steering *s = steering_find(feature->name);

	return s && s->ask ? s->ask(c, &feature->enabled) : 0;
}

/* ---- keeping them ---- */

/* Those that were never changed come with the program: the note has the others. */
static int save_locked(struct control *c)
{
	cleanup_buf struct buf note = {0};
	cleanup_free struct feature_list *changed = calloc(1, sizeof(*changed));

	if (!changed)
		return -ENOMEM;
	for (size_t i = 0; i < c->features.list.count; i++) {
		if (c->features.list.items[i].version > 0)
			changed->items[changed->count++] = c->features.list.items[i];
	}
	int rc = feature_list_encode(changed, &note);

	/* with the lock held: the order of versions is the order of notes */
	return rc ? rc : lsm_set_note(c->options.db, buf_slice(&note));
}

static int load(struct control *c)
{
	cleanup_buf struct buf note = {0};
	struct feature_list *list = &c->features.list;
	int rc = lsm_note(c->options.db, &note);

	if (!rc)
		rc = feature_list_decode(buf_slice(&note), list);
	for (size_t i = 0; i < array_size(steerings) && !rc; i++) {
		const struct steering *s = &steerings[i];
		struct feature first = {.enabled = s->enabled};
		struct feature *feature = feature_find(list, slice_str(s->name));

		if (feature) {
			rc = steer(c, &first, feature);
			continue;
		}
		feature = feature_add(list, slice_str(s->name));
		if (!feature)
			return fail(-ENOSPC, "more than %d features", FEATURES_MAX);
		feature->enabled = s->enabled;
		(void)strcpy(feature->description, s->description);
	}
	return rc;
}

/* ---- the files ---- */

/*
 * What a feature's file is about, for a node. Its name, as the feature may go, or come again; and
 * the version that a write has named alone: shells write line by line, so what it is said of may
 * come in the next write.
 */
struct feature_handle {
	bool has_version;
	uint64_t version;
	char name[FEATURE_NAME_MAX + 1];
};

static int render_feature(void *arg, void *object, struct buf *text)
{
	struct control *c = arg;

	mutex_guard(&c->features.mu);
	const struct feature_handle *handle = object;
	struct feature *feature = feature_find(&c->features.list, slice_str(handle->name));
	int rc = feature ? ask(c, feature) : -ENOENT;

	return rc ? rc : feature_render(feature, text);
}

static int change_locked(struct control *c, struct feature *feature,
			 const struct feature_change *change)
{
	int rc = ask(c, feature);
	const struct feature before = *feature;

	if (!rc)
		rc = feature_apply(feature, change);
	if (rc)
		return rc;
	const struct feature after = *feature;

	rc = steer(c, &before, &after);
	if (!rc) {
		rc = save_locked(c);
		if (rc)
			ignore_result(steer(c, &after, &before)); /* it worked just now */
	}
	if (rc)
		*feature = before;
	return rc;
}

static int write_feature(void *arg, void **object, const struct virt_write *write)
{
	struct control *c = arg;
	struct feature_handle *handle = *object;
	struct feature_change change;

	if (write->bytes.len > FEATURE_TEXT_MAX)
		return fail(-EINVAL, "a feature has at most %d bytes", FEATURE_TEXT_MAX);
	int rc = feature_change_parse(write->bytes, &change);

	if (rc)
		return rc;
	if (change.has_version) {
		handle->has_version = true;
		handle->version = change.version;
	}
	change.has_version = handle->has_version;
	change.version = handle->version;
	mutex_guard(&c->features.mu);
	struct feature *feature = feature_find(&c->features.list, slice_str(handle->name));

	if (!feature)
		return -ENOENT;
	if (!change.has_enabled && !change.has_description)
		return feature_check_version(feature, &change);
	rc = change_locked(c, feature, &change);
	handle->version += !rc; /* the next write of the same program follows on this one */
	return rc;
}

static const struct virt_file feature_file = {
	.mode = 0600, .render = render_feature, .write = write_feature, .object_done = free};

static int find_feature(void *arg, struct slice name, struct virt_found *ret_found)
{
	struct control *c = arg;

	mutex_guard(&c->features.mu);
	if (!feature_find(&c->features.list, name))
		return -ENOENT;
	struct feature_handle *handle = calloc(1, sizeof(*handle));

	if (!handle)
		return -ENOMEM;
	memcpy(handle->name, name.ptr, name.len); /* as short as the feature's own */
	*ret_found = (struct virt_found){.file = &feature_file, .object = handle};
	return 0;
}

static int list_features(void *arg, struct buf *names)
{
	struct control *c = arg;
	int rc = 0;

	mutex_guard(&c->features.mu);
	for (size_t i = 0; i < c->features.list.count && !rc; i++)
		rc = virt_list_add(names, slice_str(c->features.list.items[i].name), S_IFREG);
	return rc;
}

/* It is off, and of version 0 until the first write: nothing of it is kept yet. */
static int create_feature(void *arg, const struct virt_change *change, struct slice name)
{
	struct control *c = arg;

	(void)change;
	if (!feature_name_is_valid(name))
		return fail(-EINVAL,
			    "a feature's name is letters, digits, '_', '-' and '.', %d at most",
			    FEATURE_NAME_MAX);
	mutex_guard(&c->features.mu);
	if (feature_find(&c->features.list, name))
		return -EEXIST;
	return feature_add(&c->features.list, name)
		       ? 0
		       : fail(-ENOSPC, "more than %d features", FEATURES_MAX);
}

static int unlink_feature(void *arg, const struct virt_change *change, struct slice name)
{
	struct control *c = arg;

	(void)change;
	mutex_guard(&c->features.mu);
	struct feature *feature = feature_find(&c->features.list, name);

	if (!feature)
		return -ENOENT;
	if (steering_find(feature->name))
		return fail(-EPERM, "it steers the daemon, and stays");
	const struct feature before = *feature;

	feature_remove(&c->features.list, feature);
	int rc = before.version > 0 ? save_locked(c) : 0;

	if (rc) {
		feature = feature_add(&c->features.list, name);
		*feature = before; /* there is room: it was just taken out */
	}
	return rc;
}

static const struct virt_hooks feature_hooks = {
	.find = find_feature,
	.list = list_features,
	.create = create_feature,
	.unlink = unlink_feature,
};

int control_features_add(struct control *c, struct virt *v)
{
	unsigned number;
	int rc = load(c);

	if (rc)
		return rc;
	c->features_folder = (struct virt_folder){
		.name = "features", .mode = 0700, .hooks = &feature_hooks, .arg = c};
	return virt_add_folder(v, c->apex, &c->features_folder, &number);
}
