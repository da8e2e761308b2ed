/*
 * Tables and logs for people.
 */
#include "lsm/inspect.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "lsm/base/array.h"
#include "lsm/base/error.h"
#include "lsm/db/folder.h"
#include "lsm/env/env_posix.h"
#include "lsm/mem/batch.h"
#include "lsm/sst/footer.h"
#include "lsm/sst/table.h"
#include "lsm/tree/file_name.h"
#include "lsm/wal/wal_reader.h"

static const char *kind_name(enum record_kind kind)
{
	switch (kind) {
	case RECORD_DELETE:
		return "delete";
	case RECORD_PUT:
		return "put";
	case RECORD_PATCH:
		return "patch";
	case RECORD_LARGE:
		return "large";
	}
	return "unknown";
}

static int show_record(const struct lsm_inspect_sink *sink, const struct record *rec,
		       uint64_t offset)
{
	struct lsm_inspected_record shown = {
		.key = rec->key,
		.seqno = rec->seqno,
		.time_ns = rec->time_ns,
		.kind = kind_name(rec->kind),
		.meta_len = rec->meta.len,
		.value_len = rec->value_len,
		.offset = offset,
	};

	return sink->record(sink->arg, &shown);
}

/* A folder that holds nothing of a store is none. */
static int inspect_open(const char *store, struct env_dir **ret_dir)
{
	struct env_dir *dir;
	int err = env_open_dir(env_posix(), store, false, &dir);

	if (err)
		return err;
	err = db_folder_find_store(dir, store);
	if (err)
		env_dir_close(dir);
	else
		*ret_dir = dir;
	return err;
}

/* Where it is not there, that is told with the path. */
static int find_file(struct env_dir *dir, const char *store, enum file_kind kind, uint64_t number)
{
	char name[ENV_NAME_MAX + 1];
	uint64_t size;

	file_name_make(kind, number, name);
	int err = env_dir_file_size(dir, name, &size);

	return err == -ENOENT ? fail(err, "%s/%s: there is no such file", store, name) : err;
}

/* ---- names ---- */

static enum file_kind kind_of(enum lsm_file kind)
{
	return kind == LSM_FILE_TABLE ? FILE_TABLE : FILE_LOG;
}

bool lsm_inspect_parse(const char *name, enum lsm_file kind, uint64_t *ret_number)
{
	const char *slash = strrchr(name, '/');
	const char *base = slash ? slash + 1 : name;
	struct file_name parsed = file_name_parse(base);
	char *end;

	if (parsed.kind == kind_of(kind)) {
		*ret_number = parsed.number;
		return true;
	}
	errno = 0;
	*ret_number = strtoull(base, &end, 10);
	return base[0] >= '0' && base[0] <= '9' && !*end && errno == 0 && *ret_number > 0 &&
	       *ret_number <= FILE_NUMBER_MAX;
}

struct listing {
	enum file_kind kind;
	uint64_t *numbers;
	size_t count, cap;
};

static int note_name(void *arg, const char *name)
{
	struct listing *l = arg;
	struct file_name parsed = file_name_parse(name);
	uint64_t *grown;

	if (parsed.kind != l->kind)
		return 0;
	grown = array_grow(l->numbers, &l->cap, l->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	l->numbers = grown;
	l->numbers[l->count++] = parsed.number;
	return 0;
}

static int compare_numbers(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int lsm_inspect_list(const char *store, enum lsm_file kind, uint64_t **ret_numbers,
		     size_t *ret_count)
{
	struct listing l = {.kind = kind_of(kind)};
	struct env_dir *dir;

	fail_clear();
	int err = inspect_open(store, &dir);

	if (err)
		return err;
	err = env_dir_list(dir, note_name, &l);
	env_dir_close(dir);
	if (err) {
		free(l.numbers);
		return err;
	}
	if (l.count > 0)
		qsort(l.numbers, l.count, sizeof(*l.numbers), compare_numbers);
	*ret_numbers = l.numbers;
	*ret_count = l.count;
	return 0;
}

/* ---- tables ---- */

/* The id is in each checksum; a table by itself has it only in its footer. */
static int read_footer(struct env_dir *dir, const char *name, uint64_t *ret_size,
		       struct footer *ret_footer)
{
	uint8_t bytes[SST_FOOTER_SIZE];
	struct env_file *file;
	size_t len = 0;
	int err = env_dir_file_size(dir, name, ret_size);

	if (!err && *ret_size < SST_FOOTER_SIZE)
		return fail(-EUCLEAN, "%s: too short for a table", name);
	if (!err)
		err = env_dir_open(dir, name, ENV_READ, &file);
	if (err)
		return err;
	err = env_file_read(file, *ret_size - SST_FOOTER_SIZE, bytes, sizeof(bytes), &len);
	env_file_close(file);
	if (!err && len < sizeof(bytes))
		err = fail(-EUCLEAN, "%s: too short for a table", name);
	return err ? err : footer_decode(bytes, name, *ret_size, ret_footer);
}

static int show_properties(const struct table *t, const struct lsm_inspect_sink *sink)
{
	static const struct {
		const char *name;
		enum sst_property property;
	} shown[] = {
		{"entries", SST_ENTRIES},
		{"tombstones", SST_TOMBSTONES},
		{"smallest_seqno", SST_SMALLEST_SEQNO},
		{"largest_seqno", SST_LARGEST_SEQNO},
		{"key_bytes", SST_KEY_BYTES},
		{"value_bytes", SST_VALUE_BYTES},
		{"data_blocks", SST_DATA_BLOCKS},
		{"value_blocks", SST_VALUE_BLOCKS},
		{"newest_ns", SST_NEWEST_NS},
	};
	int err = 0;

	for (size_t i = 0; !err && i < array_size(shown); i++)
		err = sink->number(sink->arg, shown[i].name, table_property(t, shown[i].property));
	return err;
}

static int show_table_records(struct table *t, const struct lsm_inspect_sink *sink)
{
	struct iter *it;
	int err = table_scan_iter(t, &it);

	if (err)
		return err;
	for (iter_first(it); !err && iter_valid(it); iter_next(it))
		err = show_record(sink, &it->rec, 0);
	if (!err)
		err = iter_status(it);
	iter_free(it);
	return err;
}

static int show_open_table(struct table *t, bool verify, const struct lsm_inspect_sink *sink)
{
	int err = show_properties(t, sink);

	if (!err && verify)
		err = table_verify(t, NULL);
	return err || !sink->record ? err : show_table_records(t, sink);
}

static int show_table(struct env_dir *dir, uint64_t number, bool verify,
		      const struct lsm_inspect_sink *sink)
{
	struct table_counters counters = {0};
	struct table_env env = {.dir = dir, .counters = &counters};
	char name[ENV_NAME_MAX + 1];
	struct footer footer;
	struct table *table;
	uint64_t size = 0;

	file_name_make(FILE_TABLE, number, name);
	int err = read_footer(dir, name, &size, &footer);

	if (!err)
		err = sink->number(sink->arg, "table", number);
	if (!err)
		err = sink->number(sink->arg, "bytes", size);
	if (!err)
		err = cache_new(0, 1, &env.blocks);
	if (err)
		return err;
	err = table_open(&env, number, size, footer.table_id, &table);
	if (!err) {
		err = show_open_table(table, verify, sink);
		table_unref(table);
	}
	cache_free(env.blocks);
	return err;
}

int lsm_inspect_table(const char *store, uint64_t number, bool verify,
		      const struct lsm_inspect_sink *sink)
{
	struct env_dir *dir;

	fail_clear();
	int err = inspect_open(store, &dir);

	if (err)
		return err;
	err = find_file(dir, store, FILE_TABLE, number);
	if (!err)
		err = show_table(dir, number, verify, sink);
	env_dir_close(dir);
	return err;
}

/* ---- logs ---- */

static int show_changes(const struct wal_record *logged, uint64_t offset,
			const struct lsm_inspect_sink *sink)
{
	struct slice rest = logged->payload;
	uint64_t seqno = logged->first_seqno;
	struct record rec;
	int err;

	while ((err = batch_take(&rest, &rec)) == 0) {
		rec.seqno = seqno++;
		rec.time_ns = logged->time_ns;
		err = show_record(sink, &rec, offset);
		if (err)
			return err;
	}
	return err == -ENODATA ? 0 : err;
}

struct log_sum {
	uint64_t records, changes, durable_seqno;
};

static int show_logged(struct wal_reader *r, const struct lsm_inspect_sink *sink,
		       struct log_sum *sum)
{
	struct wal_record rec;
	int err;

	for (;;) {
		uint64_t offset = wal_reader_offset(r);

		err = wal_reader_next(r, &rec);
		if (err)
			return err;
		sum->records++;
		sum->changes += rec.type == WAL_BATCH ? rec.count : 0;
		sum->durable_seqno = max_of(sum->durable_seqno, rec.durable_seqno);
		if (rec.type == WAL_BATCH && sink->record)
			err = show_changes(&rec, offset, sink);
		if (err)
			return err;
	}
}

/* What stands behind the last good record, where a bad one or nothing is. */
static int show_end(struct wal_reader *r, uint64_t number, bool bad,
		    const struct lsm_inspect_sink *sink)
{
	uint64_t offset = wal_reader_offset(r), behind = 0;
	char name[ENV_NAME_MAX + 1];
	int err = wal_reader_bytes_after(r, offset, &behind);

	if (!err)
		err = sink->number(sink->arg, "ends_at", offset);
	if (!err)
		err = sink->number(sink->arg, "torn_bytes", bad ? behind : 0);
	if (err || !bad)
		return err;
	err = wal_reader_resync(r);
	if (err)
		return err == -ENODATA ? 0 : err;
	file_name_make(FILE_LOG, number, name);
	return fail(-EUCLEAN,
		    "%s: offset %" PRIu64 ": no whole record, but one stands at offset %" PRIu64,
		    name, offset, wal_reader_offset(r));
}

static int show_log(struct wal_reader *r, uint64_t number, const struct lsm_inspect_sink *sink)
{
	struct log_sum sum = {0};
	int err = show_logged(r, sink, &sum);
	bool ended = err == -ENODATA, bad = err == -EBADMSG;

	if (!ended && !bad)
		return err;
	err = sink->number(sink->arg, "records", sum.records);
	if (!err)
		err = sink->number(sink->arg, "changes", sum.changes);
	if (!err)
		err = sink->number(sink->arg, "durable_seqno", sum.durable_seqno);
	return err ? err : show_end(r, number, bad, sink);
}

int lsm_inspect_log(const char *store, uint64_t number, const struct lsm_inspect_sink *sink)
{
	struct wal_reader *reader;
	struct env_dir *dir;

	fail_clear();
	int err = inspect_open(store, &dir);

	if (err)
		return err;
	err = find_file(dir, store, FILE_LOG, number);
	if (!err)
		err = sink->number(sink->arg, "log", number);
	if (!err)
		err = wal_reader_open(dir, number, &reader);
	if (!err) {
		err = show_log(reader, number, sink);
		wal_reader_close(reader);
	}
	env_dir_close(dir);
	return err;
}
