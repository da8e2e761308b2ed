#include "tests/stress/world.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lsm/base/rng.h"

#define COUNTER "counter" /* a key that all writers count up, by conditional batches */

bool world_fail(struct world *w, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (!atomic_exchange(&w->failed, true))
		(void)snprintf(w->complaint, sizeof(w->complaint), "%s (last error: %s)", text,
			       lsm_error_text());
	return false;
}

bool world_goes_on(struct world *w)
{
	return !atomic_load_explicit(&w->stop, memory_order_relaxed) &&
	       !atomic_load_explicit(&w->failed, memory_order_relaxed);
}

struct slice world_key_name(unsigned writer, unsigned key, char ret_text[WORLD_TEXT_MAX])
{
	const char *kind = key < WORLD_KEYS ? "key" : key < WORLD_FIRST_FILE ? "zgroup" : "zzfile";

	(void)snprintf(ret_text, WORLD_TEXT_MAX, "writer%u/%s%03u", writer, kind, key);
	return slice_str(ret_text);
}

int world_key_parse(struct slice name, unsigned *ret_writer)
{
	char text[WORLD_TEXT_MAX] = "", again[WORLD_TEXT_MAX];
	unsigned key;

	if (name.len >= sizeof(text))
		return -1;
	memcpy(text, name.ptr, name.len);
	if (sscanf(text, "writer%u/%*[a-z]%u", ret_writer, &key) != 2 ||
	    *ret_writer >= WORLD_WRITERS || key >= WORLD_KEYS_ALL ||
	    !slice_eq(name, world_key_name(*ret_writer, key, again)))
		return -1;
	return (int)key;
}

/* Mostly short; some that do not compress, some with a block of their own. */
struct slice world_value(unsigned writer, unsigned key, uint64_t number,
			 char ret_text[WORLD_VALUE_MAX])
{
	int len = snprintf(ret_text, WORLD_VALUE_MAX, "%u %u %" PRIu64 " ", writer, key, number);
	size_t more = number % 29 == 0 ? 1500 : number * 31 % 200;

	if (number % 3 == 0) {
		struct rng noise;

		rng_seed(&noise, number ^ (uint64_t)key << 32);
		rng_fill(&noise, ret_text + len, more);
	} else {
		memset(ret_text + len, 'a' + (int)(number % 26), more);
	}
	return slice_of(ret_text, (size_t)len + more);
}

uint64_t world_value_number(unsigned writer, unsigned key, struct slice value)
{
	char head[64] = "", text[WORLD_VALUE_MAX];
	unsigned named_writer, named_key;
	uint64_t number = 0;

	memcpy(head, value.ptr, value.len < 63 ? value.len : 63);
	if (sscanf(head, "%u %u %" SCNu64 " ", &named_writer, &named_key, &number) != 3 ||
	    named_writer != writer || named_key != key)
		return 0;
	return slice_eq(value, world_value(writer, key, number, text)) ? number : 0;
}

/* ---- writers ---- */

void world_begin_change(struct world_key *k, uint64_t number, bool erases)
{
	if (erases)
		atomic_store_explicit(&k->erased, number, memory_order_release);
	atomic_store_explicit(&k->begun, number, memory_order_release);
}

void world_end_change(struct world_key *k, uint64_t number)
{
	atomic_store_explicit(&k->answered, number, memory_order_release);
}

static bool change_one(struct world *w, unsigned writer, uint64_t number, struct rng *rng)
{
	unsigned key = (unsigned)rng_below(rng, WORLD_KEYS);
	struct world_key *k = &w->keys[writer][key];
	char name[WORLD_TEXT_MAX], text[WORLD_VALUE_MAX];
	struct lsm_write_options options = {.sync = rng_below(rng, 200) == 0};
	bool erases = rng_below(rng, 4) == 0;
	int err;

	world_begin_change(k, number, erases);
	if (erases)
		err = lsm_delete(w->db, world_key_name(writer, key, name), &options);
	else
		err = lsm_put(w->db, world_key_name(writer, key, name),
			      world_value(writer, key, number, text), &options);
	if (err)
		return world_fail(w, "writer %u: change %" PRIu64 " answers %d", writer, number,
				  err);
	world_end_change(k, number);
	return true;
}

static int fill_batch(struct lsm_batch *batch, unsigned writer, uint64_t number, bool erases)
{
	char name[WORLD_TEXT_MAX], text[WORLD_VALUE_MAX];
	int err = 0;

	for (unsigned key = WORLD_KEYS; !err && key < WORLD_FIRST_FILE; key++) {
		struct slice at = world_key_name(writer, key, name);

		err = erases ? lsm_batch_delete(batch, at)
			     : lsm_batch_put(batch, at, slice_of(NULL, 0),
					     world_value(writer, key, number, text));
	}
	return err;
}

static bool change_group(struct world *w, unsigned writer, uint64_t number, bool erases)
{
	struct lsm_batch *batch = lsm_batch_new();
	struct world_key *group = &w->keys[writer][WORLD_KEYS];
	int err = batch ? fill_batch(batch, writer, number, erases) : -ENOMEM;

	for (unsigned i = 0; i < WORLD_GROUP; i++)
		world_begin_change(&group[i], number, erases);
	if (!err)
		err = lsm_write(w->db, batch, NULL, NULL);
	lsm_batch_free(batch);
	if (err)
		return world_fail(w, "writer %u: batch %" PRIu64 " answers %d", writer, number,
				  err);
	for (unsigned i = 0; i < WORLD_GROUP; i++)
		world_end_change(&group[i], number);
	return true;
}

/* The counter's seqno and value; both 0 when it is absent. */
static bool read_counter(struct world *w, uint64_t *ret_seqno, uint64_t *ret_count)
{
	struct lsm_record record;
	char text[32] = "";
	int err = lsm_get(w->db, slice_str(COUNTER), NULL, &record);

	*ret_seqno = *ret_count = 0;
	if (err)
		return err == -ENOENT || world_fail(w, "get of the counter answers %d", err);
	memcpy(text, record.value.ptr, record.value.len < 31 ? record.value.len : 31);
	*ret_seqno = record.seqno;
	lsm_record_release(&record);
	return sscanf(text, "%" SCNu64, ret_count) == 1 ||
	       world_fail(w, "the counter is no number");
}

/* Write count + 1 if nobody has written since; -ESTALE or -EEXIST if somebody has. */
static int write_counter(struct world *w, uint64_t seqno, uint64_t count)
{
	struct lsm_batch *batch = lsm_batch_new();
	char text[32];
	int err = batch ? lsm_batch_expect(batch, slice_str(COUNTER), seqno) : -ENOMEM;

	(void)snprintf(text, sizeof(text), "%" PRIu64, count + 1);
	if (!err)
		err = lsm_batch_put(batch, slice_str(COUNTER), slice_of(NULL, 0), slice_str(text));
	if (!err)
		err = lsm_write(w->db, batch, NULL, NULL);
	lsm_batch_free(batch);
	return err;
}

static bool count_one(struct world *w)
{
	uint64_t low = atomic_load(&w->counted), seqno, count;

	if (!read_counter(w, &seqno, &count))
		return false;
	if (count < low)
		return world_fail(w, "the counter is %" PRIu64 ", but %" PRIu64 " were counted",
				  count, low);
	int err = write_counter(w, seqno, count);

	if (err == -ESTALE || err == -EEXIST) {
		atomic_fetch_add_explicit(&w->stale, 1, memory_order_relaxed);
		return true;
	}
	if (err)
		return world_fail(w, "a conditional batch answers %d", err);
	atomic_fetch_add(&w->counted, 1);
	return true;
}

bool world_change(struct world *w, unsigned writer, struct rng *rng)
{
	uint64_t number = ++w->numbers[writer];

	atomic_fetch_add_explicit(&w->changes, 1, memory_order_relaxed);
	if (rng_below(rng, 6) == 0)
		return change_group(w, writer, number, rng_below(rng, 5) == 0);
	if (rng_below(rng, 6) == 0)
		return count_one(w);
	if (rng_below(rng, 3) == 0)
		return world_change_file(w, writer, number, rng);
	return change_one(w, writer, number, rng);
}

/* ---- readers ---- */

/* found: the change that wrote what was read; 0: nothing was there. */
static bool judge(struct world *w, unsigned writer, unsigned key, uint64_t low, uint64_t found)
{
	struct world_key *k = &w->keys[writer][key];
	uint64_t erased = atomic_load_explicit(&k->erased, memory_order_acquire);
	uint64_t high = atomic_load_explicit(&k->begun, memory_order_acquire);

	if (found == 0 ? low == 0 || erased >= low : found >= low && found <= high)
		return true;
	return world_fail(w,
			  "writer %u key %u: change %" PRIu64 " found; answered before was %" PRIu64
			  ", begun after is %" PRIu64 ", erased %" PRIu64,
			  writer, key, found, low, high, erased);
}

/* Bytes that a value begins with, all of them unless it is a file, and its size. */
static bool judge_value(struct world *w, unsigned writer, unsigned key, struct slice bytes,
			uint64_t size, uint64_t *ret_number)
{
	if (key >= WORLD_FIRST_FILE)
		*ret_number = file_number(writer, key, bytes, size);
	else
		*ret_number = bytes.len == size ? world_value_number(writer, key, bytes) : 0;
	return *ret_number > 0 ||
	       world_fail(w, "writer %u key %u: a value that nobody wrote", writer, key);
}

/* A random part from its beginning. */
static struct lsm_range random_part(struct rng *rng, uint8_t room[FILE_SIZE_MAX])
{
	return (struct lsm_range){.into = room,
				  .len = FILE_HEAD + rng_below(rng, FILE_SIZE_MAX - FILE_HEAD)};
}

static bool read_file(struct world *w, unsigned writer, unsigned key,
		      const struct lsm_read_options *options, struct rng *rng, uint64_t *ret_number)
{
	char name[WORLD_TEXT_MAX];
	uint8_t room[FILE_SIZE_MAX];
	struct lsm_range range = random_part(rng, room);
	struct lsm_record record;
	size_t len = 0;

	lsm_read_ahead(w->db, world_key_name(writer, key, name), 0, range.len);
	int err =
		lsm_read(w->db, world_key_name(writer, key, name), options, &range, &len, &record);

	*ret_number = 0;
	if (err == -ENOENT)
		return true;
	if (err)
		return world_fail(w, "a read answers %d", err);
	bool good = len == min_of((uint64_t)range.len, record.value_len)
			    ? judge_value(w, writer, key, slice_of(room, len), record.value_len,
					  ret_number)
			    : world_fail(w, "a read is too short");

	lsm_record_release(&record);
	return good;
}

static bool get(struct world *w, unsigned writer, unsigned key,
		const struct lsm_read_options *options, struct rng *rng, uint64_t *ret_number)
{
	char name[WORLD_TEXT_MAX];
	struct lsm_record record;

	if (key >= WORLD_FIRST_FILE && rng_below(rng, 2))
		return read_file(w, writer, key, options, rng, ret_number);
	int err = lsm_get(w->db, world_key_name(writer, key, name), options, &record);

	*ret_number = 0;
	if (err == -ENOENT)
		return true;
	if (err)
		return world_fail(w, "get answers %d", err);
	bool good = judge_value(w, writer, key, record.value, record.value_len, ret_number);

	lsm_record_release(&record);
	return good;
}

/* Of a record without its value only the length can be held against the changes it may be of. */
static bool stat_key(struct world *w, unsigned writer, unsigned key)
{
	char name[WORLD_TEXT_MAX];
	struct lsm_record record;
	int err = lsm_stat(w->db, world_key_name(writer, key, name), NULL, &record);

	if (err == -ENOENT)
		return true;
	if (err)
		return world_fail(w, "stat answers %d", err);
	uint64_t limit = key < WORLD_FIRST_FILE ? WORLD_VALUE_MAX : FILE_SIZE_MAX;
	bool good = record.value_len <= limit && !record.value.ptr;

	lsm_record_release(&record);
	return good || world_fail(w, "stat of writer %u key %u", writer, key);
}

bool world_read(struct world *w, struct world_seen *seen, struct rng *rng)
{
	unsigned writer = (unsigned)rng_below(rng, WORLD_WRITERS);
	unsigned key = (unsigned)rng_below(rng, WORLD_KEYS_ALL);
	uint64_t *last = &seen->numbers[writer][key];
	uint64_t found;

	atomic_fetch_add_explicit(&w->reads, 1, memory_order_relaxed);
	if (rng_below(rng, 4) == 0)
		return stat_key(w, writer, key);

	uint64_t low = atomic_load_explicit(&w->keys[writer][key].answered, memory_order_acquire);

	if (!get(w, writer, key, NULL, rng, &found) || !judge(w, writer, key, low, found))
		return false;
	if (found != 0 && found < *last)
		return world_fail(w, "writer %u key %u went back from %" PRIu64 " to %" PRIu64,
				  writer, key, *last, found);
	if (found > *last)
		*last = found;
	return true;
}

/* ---- scans ---- */

/* What one pass over the store showed. */
struct view {
	uint64_t numbers[WORLD_WRITERS][WORLD_KEYS_ALL]; /* 0: absent */
};

/* Of a file now and then only a part. */
static int shown_bytes(struct lsm_iter *it, unsigned key, uint8_t room[FILE_SIZE_MAX],
		       struct slice *ret_bytes)
{
	size_t part = (size_t)(lsm_iter_record(it)->seqno * FILE_HEAD % FILE_SIZE_MAX), len = 0;
	const struct lsm_range range = {.into = room, .len = max_of(part, (size_t)FILE_HEAD)};

	if (key < WORLD_FIRST_FILE || lsm_iter_record(it)->seqno % 2)
		return lsm_iter_value(it, ret_bytes);
	int err = lsm_iter_read(it, &range, &len);

	if (!err)
		*ret_bytes = slice_of(room, len);
	return err;
}

static bool note_record(struct world *w, struct lsm_iter *it, struct view *view)
{
	unsigned writer = 0;

	if (slice_eq(lsm_iter_record(it)->key, slice_str(COUNTER)))
		return true;

	int key = world_key_parse(lsm_iter_record(it)->key, &writer);
	uint64_t size = lsm_iter_record(it)->value_len;
	uint8_t room[FILE_SIZE_MAX];
	struct slice bytes;

	if (key < 0)
		return world_fail(w, "a scan shows a key that nobody wrote");
	int err = shown_bytes(it, (unsigned)key, room, &bytes);

	if (err)
		return world_fail(w, "an iterator's value answers %d", err);
	return judge_value(w, writer, (unsigned)key, bytes, size, &view->numbers[writer][key]);
}

static bool walk(struct world *w, struct lsm_iter *it, bool forward, struct view *ret_view)
{
	char last[WORLD_TEXT_MAX];
	size_t last_len = 0;
	bool good = true;

	*ret_view = (struct view){0};
	forward ? lsm_iter_first(it) : lsm_iter_last(it);
	while (good && lsm_iter_valid(it)) {
		struct slice key = lsm_iter_record(it)->key;
		int order = last_len ? slice_cmp(key, slice_of(last, last_len)) : 0;

		if (last_len && (forward ? order <= 0 : order >= 0))
			return world_fail(w, "a scan goes the wrong way");
		good = note_record(w, it, ret_view);
		if (!good)
			break;
		last_len = key.len;
		memcpy(last, key.ptr, key.len);
		atomic_fetch_add_explicit(&w->records_scanned, 1, memory_order_relaxed);
		forward ? lsm_iter_next(it) : lsm_iter_prev(it);
	}
	int err = lsm_iter_status(it);

	return good && (!err || world_fail(w, "a scan answers %d", err));
}

/* Batches change a whole group, so any moment has a whole group by one change, or none of it. */
static bool judge_groups(struct world *w, const struct view *view)
{
	for (unsigned writer = 0; writer < WORLD_WRITERS; writer++) {
		const uint64_t *group = &view->numbers[writer][WORLD_KEYS];

		for (unsigned i = 1; i < WORLD_GROUP; i++) {
			if (group[i] != group[0])
				return world_fail(w, "half a batch of writer %u is seen", writer);
		}
	}
	return true;
}

static void load_answered(struct world *w, struct view *ret_view)
{
	for (unsigned writer = 0; writer < WORLD_WRITERS; writer++)
		for (unsigned key = 0; key < WORLD_KEYS_ALL; key++)
			ret_view->numbers[writer][key] = atomic_load_explicit(
				&w->keys[writer][key].answered, memory_order_acquire);
}

static bool judge_view(struct world *w, const struct view *low, const struct view *view)
{
	for (unsigned writer = 0; writer < WORLD_WRITERS; writer++)
		for (unsigned key = 0; key < WORLD_KEYS_ALL; key++)
			if (!judge(w, writer, key, low->numbers[writer][key],
				   view->numbers[writer][key]))
				return false;
	return judge_groups(w, view);
}

static bool scan_with(struct world *w, struct lsm *db, const struct lsm_read_options *options,
		      bool forward, struct view *ret_view)
{
	struct lsm_iter *it;
	int err = lsm_iter_new(db, options, &it);

	if (err)
		return world_fail(w, "a new iterator answers %d", err);
	bool good = walk(w, it, forward, ret_view);
	struct view again;

	/* the same iterator, the other way: it sees what it saw */
	if (good)
		good = walk(w, it, !forward, &again);
	lsm_iter_free(it);
	if (good && memcmp(&again, ret_view, sizeof(again)) != 0)
		good = world_fail(w, "an iterator sees other records on its way back");
	return good;
}

static bool check_snapshot(struct world *w, const struct lsm_snapshot *snapshot, struct rng *rng)
{
	const struct lsm_read_options options = {.snapshot = snapshot};
	struct view first, again;

	if (!scan_with(w, w->db, &options, true, &first) || !judge_groups(w, &first))
		return false;
	for (int i = 0; i < 100 && world_goes_on(w); i++) {
		unsigned writer = (unsigned)rng_below(rng, WORLD_WRITERS);
		unsigned key = (unsigned)rng_below(rng, WORLD_KEYS_ALL);
		uint64_t found;

		if (!get(w, writer, key, &options, rng, &found))
			return false;
		if (found != first.numbers[writer][key])
			return world_fail(w, "a get in a snapshot is not what its scan saw");
	}
	if (!scan_with(w, w->db, &options, false, &again))
		return false;
	return memcmp(&first, &again, sizeof(first)) == 0 || world_fail(w, "a snapshot changes");
}

bool world_scan(struct world *w, struct rng *rng)
{
	struct lsm_snapshot *snapshot;
	struct view low, view;

	atomic_fetch_add_explicit(&w->scans, 1, memory_order_relaxed);
	load_answered(w, &low);
	if (rng_below(rng, 2) == 0)
		return scan_with(w, w->db, NULL, rng_below(rng, 2) == 0, &view) &&
		       judge_view(w, &low, &view);

	int err = lsm_snapshot_new(w->db, &snapshot);

	if (err)
		return world_fail(w, "a new snapshot answers %d", err);
	atomic_fetch_add_explicit(&w->snapshots, 1, memory_order_relaxed);
	bool good = check_snapshot(w, snapshot, rng);

	lsm_snapshot_release(w->db, snapshot);
	return good;
}

bool world_check_still(struct world *w)
{
	struct view low, view;
	uint64_t seqno, count;

	load_answered(w, &low);
	if (!scan_with(w, w->db, NULL, true, &view) || !judge_view(w, &low, &view) ||
	    !read_counter(w, &seqno, &count))
		return false;
	return count == atomic_load(&w->counted) ||
	       world_fail(w, "the counter is %" PRIu64 ", counted were %" PRIu64, count,
			  atomic_load(&w->counted));
}

bool world_checkpoint(struct world *w, const struct lsm_options *options, const char *path)
{
	struct view low, view;
	struct lsm *copy;

	load_answered(w, &low);
	int err = lsm_checkpoint(w->db, path);

	if (err)
		return world_fail(w, "checkpoint answers %d", err);
	err = lsm_open(path, options, &copy);
	if (err)
		return world_fail(w, "the open of a checkpoint answers %d", err);
	bool good = scan_with(w, copy, NULL, true, &view) && judge_view(w, &low, &view);

	err = lsm_close(copy);
	return good && (!err || world_fail(w, "the close of a checkpoint answers %d", err));
}

/* -ESTALE: the store has replaced what the reader has to look into. */
static int read_beside(struct world *w, struct lsm *reader, const struct view *low,
		       struct view *ret_view)
{
	*ret_view = (struct view){0};
	for (unsigned writer = 0; writer < WORLD_WRITERS; writer++) {
		for (unsigned key = 0; key < WORLD_KEYS_ALL; key++) {
			uint64_t *found = &ret_view->numbers[writer][key];
			char name[WORLD_TEXT_MAX];
			struct lsm_record record;
			int err = lsm_get(reader, world_key_name(writer, key, name), NULL, &record);

			if (err == -ESTALE)
				return err;
			if (err && err != -ENOENT)
				(void)world_fail(w, "a get beside answers %d", err);
			if (err)
				continue;
			(void)judge_value(w, writer, key, record.value, record.value_len, found);
			lsm_record_release(&record);
		}
	}
	/* violations have been noted */
	(void)judge_view(w, low, ret_view);
	return 0;
}

bool world_look_beside(struct world *w, const struct lsm_options *options, const char *path)
{
	struct lsm_options beside = *options;
	struct view low, view;
	struct lsm *reader;

	beside.read_only = true;
	load_answered(w, &low);
	int err = lsm_open(path, &beside, &reader);

	if (err)
		return world_fail(w, "the open of a reader beside answers %d", err);
	err = read_beside(w, reader, &low, &view);
	atomic_fetch_add_explicit(err ? &w->stale_looks : &w->looks, 1, memory_order_relaxed);
	err = lsm_close(reader);
	return !err || world_fail(w, "the close of a reader beside answers %d", err);
}
