/*
 * The batch of a log record: what the check accepts can be taken apart and applied, and comes out
 * as it went in.
 */
#include <errno.h>

#include "lsm/mem/memtable.h"
#include "tests/fuzz/feed.h"
#include "tests/fuzz/fuzz.h"

/* Take everything off; how it ended, how many changes there were, what they take in a memtable. */
static int take_all(struct slice rep, struct batch *copy, uint32_t *ret_count)
{
	struct record rec;
	uint32_t count = 0;
	int rc;

	while ((rc = batch_take(&rep, &rec)) == 0) {
		count++;
		expect(rec.value_len == rec.value.len);
		expect(rec.kind <= RECORD_LARGE);
		expect(batch_add(copy, &rec) == 0);
	}
	*ret_count = count;
	return rc;
}

/* Both encode the same changes; their lengths may be written differently. */
static void expect_same_changes(struct slice a, struct slice b)
{
	struct record x, y;

	while (batch_take(&a, &x) == 0) {
		expect(batch_take(&b, &y) == 0);
		expect(x.kind == y.kind && slice_eq(x.key, y.key));
		expect(slice_eq(x.meta, y.meta) && slice_eq(x.value, y.value));
	}
	expect(b.len == 0);
}

/* Every key's newest version is found, and nothing else is in the table. */
static void apply(const struct batch *b)
{
	struct slice rest = buf_slice(&b->rep);
	struct memtable *table;
	struct record change, found;
	uint64_t seqno = 7;

	expect(memtable_new(&table) == 0);
	expect(memtable_reserve(table, b->memory_bytes, b->count) == 0);
	memtable_apply(table, buf_slice(&b->rep), seqno, 1);
	expect(memtable_count(table) == b->count);
	while (batch_take(&rest, &change) == 0) {
		expect(memtable_get(table, change.key, seqno, &found) == 0);
		expect(found.seqno == seqno && found.kind == change.kind);
		expect(slice_eq(found.value, change.value) && slice_eq(found.meta, change.meta));
		seqno++;
	}
	memtable_unref(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct slice rep = slice_of(bytes, len);
	struct batch copy = {0};
	uint32_t count = 0, taken;
	int checked = batch_check(rep, &count);
	int rc = take_all(rep, &copy, &taken);

	expect(checked == 0 || checked == -EUCLEAN);
	expect(rc == (checked ? -EUCLEAN : -ENODATA));
	if (!checked) {
		expect(count == taken && copy.count == count);
		expect(copy.rep.len <= len);
		expect_same_changes(rep, buf_slice(&copy.rep));
		apply(&copy);
	}
	batch_done(&copy);
	return 0;
}

static void seed_kind(struct batch *b, enum record_kind kind, struct slice meta, struct slice value)
{
	const struct record rec = {
		.key = slice_str("user/1"),
		.kind = kind,
		.meta = meta,
		.value = value,
		.value_len = value.len,
	};

	expect(batch_add(b, &rec) == 0);
}

void fuzz_seeds(const struct fuzz_sink *sink)
{
	struct batch b = {0};

	expect(batch_delete(&b, slice_str("k")) == 0);
	sink->take(sink->arg, "delete", buf_slice(&b.rep));
	expect(batch_put(&b, slice_str("user/1"), slice_str("m"), slice_str("Ada")) == 0);
	expect(batch_put(&b, slice_str("user/1"), slice_str(""), slice_str("")) == 0);
	expect(batch_delete(&b, slice_str("user/1")) == 0);
	sink->take(sink->arg, "versions", buf_slice(&b.rep));
	batch_clear(&b);
	seed_kind(&b, RECORD_LARGE, slice_of("\x03meta", 5), slice_of(NULL, 0));
	seed_kind(&b, RECORD_PATCH, slice_of("\x09", 1),
		  slice_of("\x01\x02"
			   "bytes",
			   7));
	sink->take(sink->arg, "patched", buf_slice(&b.rep));
	batch_done(&b);
}
