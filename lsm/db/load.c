/*
 * A store made of sorted records: straight into tables of the last level (lsm/tree/tree_ingest.h),
 * without log, memtable or compaction. The memory is that of a table being built, and of one value.
 */
#include "lsm/load.h"

#include <errno.h>
#include <inttypes.h>

#include "lsm/base/error.h"
#include "lsm/base/hash.h"
#include "lsm/blob/value_writer.h"
#include "lsm/db/new_store.h"
#include "lsm/db/options.h"
#include "lsm/env/env_posix.h"
#include "lsm/mem/batch.h"
#include "lsm/tree/tree_ingest.h"

/* The source as an iterator, which only goes forward. */
struct load_iter {
	struct iter base;
	const struct lsm_source *source;   /* borrowed */
	const struct lsm_options *options; /* borrowed */
	struct blob_store *blobs;          /* borrowed */
	uint64_t time_ns;
	struct slice value;
	struct buf last_key;        /* owned */
	struct buf meta;            /* owned; of a large value's record */
	struct value_writer writer; /* owned; keeps the files of the last large value */
	struct lsm_load_report report;
};

static struct load_iter *load_of(struct iter *base)
{
	return container_of(base, struct load_iter, base);
}

static int check_order(struct load_iter *it, struct slice key)
{
	int err = batch_check_key(key);
	int order = slice_cmp(buf_slice(&it->last_key), key);

	if (err)
		return err;
	if (it->report.records > 0 && order >= 0)
		return fail(-EINVAL, order > 0 ? "the key is before the one that precedes it"
					       : "the key is the one that precedes it");
	return buf_set(&it->last_key, key);
}

static int check_value(const struct load_iter *it, struct slice meta, struct slice value)
{
	if (meta.len > LSM_META_MAX)
		return fail(-E2BIG, "the meta is over %d bytes", LSM_META_MAX);
	if (value.len > it->options->value_max)
		return fail(-EFBIG, "the value is over %" PRIu64 " bytes", it->options->value_max);
	return 0;
}

static int write_large(struct load_iter *it, struct record *rec, struct slice value)
{
	struct blob_store *blobs = it->blobs;

	value_writer_done(&it->writer);
	it->writer = (struct value_writer){.blobs = blobs, .lane = hash64(rec->key, 0)};
	buf_clear(&it->meta);
	int err = value_writer_bytes(&it->writer, 0, value);

	if (!err)
		err = value_meta_append(&it->meta, value.len, rec->meta);
	if (err)
		return err;
	rec->kind = RECORD_LARGE;
	rec->meta = buf_slice(&it->meta);
	it->value = buf_slice(&it->writer.extents);
	return 0;
}

static int take_next(struct load_iter *it)
{
	struct slice key, meta = {0}, value;
	int err = it->source->next(it->source->arg, &key, &meta, &value);

	if (!err)
		err = check_order(it, key);
	if (!err)
		err = check_value(it, meta, value);
	if (err)
		return err;
	struct record rec = {
		.key = buf_slice(&it->last_key),
		.seqno = it->report.records + 1,
		.kind = RECORD_PUT,
		.time_ns = it->time_ns,
		.meta = meta,
	};

	it->value = value;
	if (value.len > it->options->large_value_threshold)
		err = write_large(it, &rec, value);
	if (!err)
		err = long_work_step(it->options->work, key.len + value.len);
	if (err)
		return err;
	rec.value_len = it->value.len;
	it->base.rec = rec;
	it->report.records++;
	it->report.bytes += key.len + value.len;
	return 0;
}

static void load_next(struct iter *base)
{
	int err = take_next(load_of(base));

	base->valid = err == 0;
	if (err && err != -ENODATA)
		base->status = err;
}

static int load_value(struct iter *base, struct slice *ret_value)
{
	*ret_value = load_of(base)->value;
	return 0;
}

/* tree_ingest asks for no more. */
static const struct iter_ops load_ops = {
	.first = load_next,
	.next = load_next,
	.value = load_value,
};

static int load(struct new_store *store, struct load_iter *it)
{
	int err;

	it->base.ops = &load_ops;
	it->blobs = tree_blobs(store->tree);
	err = tree_ingest(store->tree, &it->base, 0);
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
	struct load_iter it = {.source = source, .options = options, .time_ns = env_real_ns(env)};

	err = new_store_open(env, path, options, '/', &store);
	if (!err)
		err = load(&store, &it);
	value_writer_done(&it.writer);
	buf_done(&it.last_key);
	buf_done(&it.meta);
	if (err)
		new_store_discard(&store);
	else
		new_store_close(&store);
	if (!err)
		*ret_report = it.report;
	return err;
}
