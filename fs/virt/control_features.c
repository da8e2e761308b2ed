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

static const char verify_reads_setting[] = "sstable.verify_reads";

static int steer_verify_reads(struct control *c, bool enabled)
{
	const struct control_settings *s = &c->options.settings;

	return s->change(s->arg, verify_reads_setting, slice_str(enabled ? "on" : "off"));
}

static const struct steering {
	const char *name;
	bool enabled; /* at first */
	const char *description;
	int (*steer)(struct control *c, bool enabled);
	/* The live setting that is the same lever: whoever changes one of them changes both. NULL:
	 * there is none. */
	const char *setting;
} steerings[] = {
	{"compaction_paused", false, "no compaction begins by itself", steer_compaction, NULL},
	{"read_only", false, "every change is refused: EROFS", steer_read_only, NULL},
	{"verify_reads", true, "checksums are compared when blocks are read", steer_verify_reads,
	 verify_reads_setting},
};

/* How many of them steer. */
static size_t steering_count(const struct control *c)
{
	return c->options.steer ? array_size(steerings) : 0;
}

/* NULL: it is none of them. */
static const struct steering *steering_find(const struct control *c, const char *name)
{
	for (size_t i = 0; i < steering_count(c); i++) {
		if (strcmp(steerings[i].name, name) == 0)
			return &steerings[i];
	}
	return NULL;
}

/* Put a feature into effect, if it is one of these and differs. */
static int steer(struct control *c, const struct feature *from, const struct feature *to)
{
	const struct steering *s = steering_find(c, to->name);

	return s && from->enabled != to->enabled ? s->steer(c, to->enabled) : 0;
}

/* What is so before a feature has its say. */
static int ask(struct control *c, const struct steering *steering, bool *ret_enabled)
{
	const struct control_settings *s = &c->options.settings;

	*ret_enabled = steering->enabled;
	return steering->setting ? s->is_on(s->arg, steering->setting, ret_enabled) : 0;
}

/* ---- keeping them ---- */

/* With the lock held: the order of versions is the order of notes. */
static int save_locked(struct control *c)
{
	cleanup_buf struct buf note = {0};
	int rc = feature_list_encode(&c->features.list, &note);

	return rc ? rc : lsm_set_note(c->options.db, buf_slice(&note));
}

/* One that was changed is the store's own, and so stronger than a setting. */
static int put_into_effect(struct control *c, const struct steering *s,
			   const struct feature *feature)
{
	struct feature before = *feature;
	int rc = ask(c, s, &before.enabled);

	if (!rc && s->setting && before.enabled != feature->enabled)
		log_warn("the store's feature is stronger feature=%s enabled=%s setting=%s",
			 s->name, feature->enabled ? "on" : "off", s->setting);
	return rc ? rc : steer(c, &before, feature);
}

static int load_steering(struct control *c, const struct steering *s)
{
	struct feature_list *list = &c->features.list;
	struct feature *feature = feature_find(list, slice_str(s->name));

	if (feature)
		return put_into_effect(c, s, feature);
	feature = feature_add(list, slice_str(s->name));
	if (!feature)
		return fail(-ENOSPC, "more than %d features", FEATURES_MAX);
	(void)strcpy(feature->description, s->description);
	return ask(c, s, &feature->enabled);
}

static int load(struct control *c)
{
	cleanup_buf struct buf note = {0};
	int rc = lsm_note(c->options.db, &note);

	if (!rc)
		rc = feature_list_decode(buf_slice(&note), &c->features.list);
	for (size_t i = 0; i < steering_count(c) && !rc; i++)
		rc = load_steering(c, &steerings[i]);
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

	return feature ? feature_render(feature, text) : -ENOENT;
}

/* Of one that has changed and is in effect. */
static int keep_locked(struct control *c, struct feature *feature, const struct feature *before)
{
	const struct feature after = *feature;
	int rc = save_locked(c);

	if (rc) {
		*feature = *before;
		ignore_result(steer(c, &after, before)); /* it worked just now */
	}
	return rc;
}

static int change_locked(struct control *c, struct feature *feature,
			 const struct feature_change *change)
{
	const struct feature before = *feature;
	int rc = feature_apply(feature, change);

	if (rc)
		return rc;
	rc = steer(c, &before, feature);
	if (rc) {
		*feature = before;
		return rc;
	}
	return keep_locked(c, feature, &before);
}

/* The setting of a steering has changed. */
static int follow_locked(struct control *c, const struct steering *s)
{
	struct feature *feature = feature_find(&c->features.list, slice_str(s->name));
	const struct feature before = *feature;
	struct feature_change change = {.has_enabled = true};
	int rc = ask(c, s, &change.enabled);

	if (!rc && change.enabled == feature->enabled)
		return 0;
	if (!rc)
		rc = feature_apply(feature, &change);
	return rc ? rc : keep_locked(c, feature, &before);
}

int control_setting_change(struct control *c, const char *name, struct slice text)
{
	const struct control_settings *s = &c->options.settings;

	for (size_t i = 0; i < steering_count(c); i++) {
		if (!steerings[i].setting || strcmp(steerings[i].setting, name) != 0)
			continue;
		mutex_guard(&c->features.mu);
		int rc = s->change(s->arg, name, text);

		return rc ? rc : follow_locked(c, &steerings[i]);
	}
	return s->change(s->arg, name, text);
}

static bool says_something(const struct feature_change *change)
{
	return change->has_enabled || change->has_description;
}

static int apply_locked(struct control *c, struct feature *feature,
			const struct feature_change *change)
{
	return says_something(change) ? change_locked(c, feature, change)
				      : feature_check_version(feature, change);
}

/* One that open(2) has just made for a write that was refused: a stale version makes nothing. */
static void drop_unwritten_locked(struct control *c, struct feature *feature)
{
	if (!feature->kept && !steering_find(c, feature->name))
		feature_remove(&c->features.list, feature);
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
	rc = apply_locked(c, feature, &change);
	if (rc)
		drop_unwritten_locked(c, feature);
	else if (says_something(&change))
		handle->version++; /* the next write of the same program follows on this one */
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

/* Until the first write nothing of it is kept. */
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
	if (steering_find(c, feature->name))
		return fail(-EPERM, "it steers the daemon, and stays");
	const struct feature before = *feature;
	uint64_t first_version = c->features.list.first_version;

	feature_remove(&c->features.list, feature);
	int rc = before.kept ? save_locked(c) : 0;

	if (rc) {
		c->features.list.first_version = first_version;
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
