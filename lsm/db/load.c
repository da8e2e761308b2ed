/*
 * A store made of sorted records: straight into tables of the last level (lsm/tree/tree_ingest.h),
 * without log, memtable or compaction. What goes into data blocks is made into them by several
 * threads (load_parts.h); a longer value takes its place in the file by itself. The memory is that
 * of a few chunks of records, of what is to be known of a table being built, and of one value.
 */
#include "lsm/load.h"

#include <errno.h>
#include <inttypes.h>

#include "lsm/base/error.h"
#include "lsm/base/hash.h"
#include "lsm/blob/value_writer.h"
#include "lsm/db/load_parts.h"
#include "lsm/db/new_store.h"
#include "lsm/db/options.h"
#include "lsm/env/env_posix.h"
#include "lsm/mem/batch.h"

enum {
	STEP_BYTES = 64 * 1024, /* of records, from one look at the work to the next */
};

struct loading {
	const struct lsm_source *source;   /* borrowed */
	const struct lsm_options *options; /* borrowed */
	struct tree_ingest *ingest;        /* owned */
	struct load_parts parts;
	struct blob_store *blobs; /* borrowed */
	uint64_t time_ns;
	uint64_t step_bytes; /* that the work has not been told of */
	struct buf last_key; /* owned */
	struct lsm_load_report report;
};

static int check_order(struct loading *l, struct slice key)
{
	int err = batch_check_key(key);
	int order = slice_cmp(buf_slice(&l->last_key), key);

	if (err)
		return err;
	if (l->report.records > 0 && order >= 0)
		return fail(-EINVAL, order > 0 ? "the key is before the one that precedes it"
					       : "the key is the one that precedes it");
	return buf_set(&l->last_key, key);
}

static int check_value(const struct loading *l, const struct record *rec)
{
	if (rec->meta.len > LSM_META_MAX)
		return fail(-E2BIG, "the meta is over %d bytes", LSM_META_MAX);
	if (rec->value.len > l->options->value_max)
		return fail(-EFBIG, "the value is over %" PRIu64 " bytes", l->options->value_max);
	return 0;
}

static int step(struct loading *l)
{
	uint64_t bytes = l->step_bytes;

	l->step_bytes = 0;
	return long_work_step(l->options->work, bytes);
}

/* Into blob files, which the writer keeps until the record that names them is in a table. */
static int add_large(struct loading *l, const struct record *rec)
{
	cleanup_buf struct buf meta = {0};
	struct value_writer writer = {.blobs = l->blobs, .lane = hash64(rec->key, 0)};
	struct record large = *rec;
	int err = value_writer_bytes(&writer, 0, rec->value);

	if (!err)
		err = value_meta_append(&meta, rec->value.len, rec->meta);
	if (!err) {
		large.kind = RECORD_LARGE;
		large.meta = buf_slice(&meta);
		large.value = buf_slice(&writer.extents);
		large.value_len = large.value.len;
		err = tree_ingest_add(l->ingest, &large);
	}
	value_writer_done(&writer);
	return err;
}

static int add_record(struct loading *l, const struct record *rec)
{
	bool large = rec->value_len > l->options->large_value_threshold;
	int err;

	if (!large && rec->value_len <= l->options->value_inline_max)
		return load_parts_add(&l->parts, rec);
	err = load_parts_drain(&l->parts);
	if (err)
		return err;
	return large ? add_large(l, rec) : tree_ingest_add(l->ingest, rec);
}

static int take_next(struct loading *l)
{
	struct record rec = {
		.seqno = l->report.records + 1,
		.kind = RECORD_PUT,
		.time_ns = l->time_ns,
	};
	int err = l->source->next(l->source->arg, &rec.key, &rec.meta, &rec.value);

	if (!err)
		err = check_order(l, rec.key);
	if (!err)
		err = check_value(l, &rec);
	rec.value_len = rec.value.len;
	if (!err)
		err = add_record(l, &rec);
	if (err)
		return err;
	l->report.records++;
	l->report.bytes += rec.key.len + rec.value.len;
	l->step_bytes += rec.key.len + rec.value.len;
	return l->step_bytes >= STEP_BYTES ? step(l) : 0;
}

static int take_all(struct loading *l)
{
	int err;

	do
		err = take_next(l);
	while (!err);
	if (err != -ENODATA)
		return err;
	err = load_parts_drain(&l->parts);
	return err ? err : step(l);
}

static int load(struct new_store *store, struct loading *l)
{
	int err = tree_ingest_begin(store->tree, 0, &l->ingest);

	l->blobs = tree_blobs(store->tree);
	if (!err)
		err = load_parts_init(&l->parts, l->ingest);
	if (!err)
		err = take_all(l);
	load_parts_done(&l->parts);
	if (!err)
		err = tree_ingest_finish(l->ingest);
	tree_ingest_end(l->ingest);
	return err ? err : tree_publish(store->tree);
}

int lsm_load_sorted(const char *path, const struct lsm_options *options,
		    const struct lsm_source *source, struct lsm_load_report *ret_report)
{
	struct lsm_options defaults;
	struct new_store store = {0};

	fail_clear();
	lsm_options_init(&defaults);
	if (!options)
		options = &defaults;
	int err = db_options_check(options);

	if (err)
		return err;
	struct env *env = options->env ? options->env : env_posix();
	struct loading l = {.source = source, .options = options, .time_ns = env_real_ns(env)};

	err = new_store_open(env, path, options, '/', &store);
	if (!err)
		err = load(&store, &l);
	buf_done(&l.last_key);
	if (err)
		new_store_discard(&store);
	else
		new_store_close(&store);
	if (!err)
		*ret_report = l.report;
	return err;
}
