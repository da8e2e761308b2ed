/*
 * The manifest for people.
 */
#include <errno.h>
#include <inttypes.h>

#include "lsm/base/error.h"
#include "lsm/db/folder.h"
#include "lsm/env/env_posix.h"
#include "lsm/inspect.h"
#include "lsm/tree/manifest.h"

static int show_numbers(const struct manifest_state *s, uint64_t number,
			const struct lsm_inspect_sink *sink)
{
	const struct {
		const char *name;
		uint64_t value;
	} shown[] = {
		{"manifest", number},
		{"store_id", s->store_id},
		{"edits", s->edits},
		{"bytes", s->valid_bytes},
		{"torn", s->torn},
		{"next_file", s->next_file},
		{"flushed_seqno", s->flushed_seqno},
		{"durable_seqno", s->durable_seqno},
		{"snapshots", s->snapshots.count},
	};
	int err = 0;

	for (size_t i = 0; !err && i < array_size(shown); i++)
		err = sink->number(sink->arg, shown[i].name, shown[i].value);
	if (!err && s->has_separator)
		err = sink->number(sink->arg, "separator", s->separator);
	for (size_t i = 0; !err && i < s->logs.count; i++)
		err = sink->number(sink->arg, "log", s->logs.numbers[i]);
	return err;
}

static int show_table(int level, uint64_t run, const struct table_file *f,
		      const struct lsm_inspect_sink *sink)
{
	struct lsm_inspected_table shown = {
		.level = level,
		.run = run,
		.number = f->number,
		.bytes = f->size_bytes,
		.entries = f->entries,
		.tombstones = f->tombstones,
		.smallest_seqno = f->smallest_seqno,
		.largest_seqno = f->largest_seqno,
		.smallest = f->smallest,
		.largest = f->largest,
	};

	for (size_t i = 0; i < f->blobs.count; i++)
		shown.blob_bytes += f->blobs.refs[i].bytes;
	return sink->table(sink->arg, &shown);
}

static int show_level(int level, const struct version_level *l, const struct lsm_inspect_sink *sink)
{
	int err = 0;

	for (size_t r = 0; !err && r < l->run_count; r++) {
		for (size_t i = 0; !err && i < l->runs[r].count; i++)
			err = show_table(level, l->runs[r].number, l->runs[r].files[i], sink);
	}
	return err;
}

static int show_tables(const struct manifest_state *s, const struct lsm_inspect_sink *sink)
{
	const char *reason = "";
	struct version *v;
	int err = version_builder_finish(&s->tables, &v, &reason);

	if (err)
		return err == -EUCLEAN ? fail(err, "the manifest: %s", reason) : err;
	for (int level = 0; !err && level < TREE_LEVELS; level++)
		err = show_level(level, &v->levels[level], sink);
	version_unref(v);
	return err;
}

static int show_manifest(struct env_dir *dir, const char *store,
			 const struct lsm_inspect_sink *sink)
{
	cleanup_manifest_state struct manifest_state state = {0};
	uint64_t number = 0;
	int err = current_read(dir, &number);

	if (err == -ENOENT)
		return fail(-EUCLEAN, "%s: CURRENT is missing beside the store's files", store);
	if (!err)
		err = manifest_read(dir, number, &state);
	if (!err)
		err = show_numbers(&state, number, sink);
	return err || !sink->table ? err : show_tables(&state, sink);
}

int lsm_inspect_manifest(const char *store, const struct lsm_inspect_sink *sink)
{
	struct env_dir *dir;

	fail_clear();
	int err = env_open_dir(env_posix(), store, false, &dir);

	if (err)
		return err;
	err = db_folder_find_store(dir, store);
	if (!err)
		err = show_manifest(dir, store, sink);
	env_dir_close(dir);
	return err;
}
