/*
 * A whole table: opened, read both ways by both kinds of iterator, asked for keys and prefixes, and
 * verified. What table_verify calls right must read right, and what was built must read as it was
 * given. The first byte of an input says how the rest becomes a table.
 */
#include <errno.h>
#include <stdlib.h>

#include "lsm/sst/block_builder.h"
#include "lsm/sst/block_writer.h"
#include "lsm/sst/footer.h"
#include "lsm/sst/properties.h"
#include "lsm/sst/table.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seal.h"
#include "tests/fuzz/table_feed.h"

static void expect_refusal(int rc)
{
	expect(rc == -EUCLEAN || rc == -EBADMSG);
}

/* ---- reading ---- */

/* What a walk met. */
struct walk {
	uint64_t records;
	uint64_t sum; /* of all that was read, in any order */
	bool sorted;
	int status;
};

static uint64_t record_sum(const struct record *rec, struct slice value)
{
	const struct slice parts[] = {rec->key, rec->meta, value};
	uint64_t sum = rec->seqno * 31 + rec->time_ns * 37 + (uint64_t)rec->kind;

	for (size_t i = 0; i < array_size(parts); i++) {
		for (size_t n = 0; n < parts[i].len; n++)
			sum = sum * 131 + parts[i].ptr[n];
		sum = sum * 257 + parts[i].len;
	}
	return sum;
}

static void note_order(struct walk *w, const struct buf *last, uint64_t last_seqno,
		       const struct record *rec, bool forward)
{
	int order = record_cmp(buf_slice(last), last_seqno, rec->key, rec->seqno);

	if (w->records > 0 && (forward ? order >= 0 : order <= 0))
		w->sorted = false;
}

static struct walk walk(struct iter *it, bool forward)
{
	struct walk w = {.sorted = true};
	cleanup_buf struct buf last = {0};
	uint64_t last_seqno = 0;

	for (forward ? iter_first(it) : iter_last(it); iter_valid(it);
	     forward ? iter_next(it) : iter_prev(it)) {
		struct slice value;
		int rc = iter_value(it, &value);

		if (rc) {
			expect_refusal(rc);
			w.status = rc;
			continue;
		}
		expect(value.len == it->rec.value_len);
		note_order(&w, &last, last_seqno, &it->rec, forward);
		expect(buf_set(&last, it->rec.key) == 0);
		last_seqno = it->rec.seqno;
		w.sum += record_sum(&it->rec, value);
		w.records++;
	}
	if (iter_status(it)) {
		expect_refusal(iter_status(it));
		w.status = iter_status(it);
	}
	return w;
}

static void expect_same(const struct walk *a, const struct walk *b)
{
	if (a->status || b->status)
		return;
	expect(a->records == b->records && a->sum == b->sum && a->sorted == b->sorted);
}

/* All kinds of iterator, both ways: where none of them fails they agree. */
static struct walk walk_all(struct table *t)
{
	struct walk walks[6];

	for (unsigned i = 0; i < array_size(walks); i++) {
		struct iter *it;

		expect(table_iter_as(t, (enum table_access)(i / 2), &it) == 0);
		walks[i] = walk(it, i % 2 == 0);
		iter_free(it);
		expect_same(&walks[0], &walks[i]);
	}
	return walks[0];
}

/* In a table that was verified. */
static void get_one(struct table *t, const struct record *rec)
{
	struct table_hit hit;

	expect(table_get(t, rec->key, rec->seqno, &hit) == 0);
	expect(hit.rec.seqno == rec->seqno && hit.rec.kind == rec->kind);
	expect(hit.rec.value_len == rec->value_len && table_hit_value(&hit) == 0);
	table_hit_done(&hit);
	expect(table_may_contain(t, rec->key));
	for (size_t len = 1; len <= rec->key.len; len++)
		expect(table_may_contain_prefix(t, slice_of(rec->key.ptr, len)));
}

static void get_all(struct table *t)
{
	struct iter *it, *other;

	expect(table_iter(t, &it) == 0 && table_iter(t, &other) == 0);
	for (iter_first(it); iter_valid(it); iter_next(it)) {
		get_one(t, &it->rec);
		iter_seek(other, it->rec.key, it->rec.seqno);
		expect(iter_valid(other) && slice_eq(other->rec.key, it->rec.key));
		expect(other->rec.seqno == it->rec.seqno);
		iter_seek_before(other, it->rec.key, it->rec.seqno);
		expect(!iter_valid(other) || record_cmp(other->rec.key, other->rec.seqno,
							it->rec.key, it->rec.seqno) < 0);
	}
	iter_free(other);
	iter_free(it);
}

/* In any table: whatever comes of it. */
static void ask_any(struct table *t, struct slice key, uint64_t seqno)
{
	struct table_hit hit;
	struct iter *it;
	int rc;

	if (key.len == 0)
		return;
	rc = table_get(t, key, seqno, &hit);
	if (!rc) {
		expect(hit.rec.seqno <= seqno);
		rc = table_hit_value(&hit);
		table_hit_done(&hit);
	}
	expect(rc == 0 || rc == -ENOENT || rc == -EUCLEAN || rc == -EBADMSG);
	(void)table_may_contain_prefix(t, key);
	expect(table_iter(t, &it) == 0);
	iter_seek(it, key, seqno);
	if (iter_valid(it))
		iter_prev(it);
	iter_seek_before(it, key, seqno);
	if (iter_valid(it))
		iter_next(it);
	if (iter_status(it))
		expect_refusal(iter_status(it));
	iter_free(it);
}

/* True: the table opens and its verification finds nothing. */
static bool read_table(struct disk *d, struct slice image, uint64_t id)
{
	char name[ENV_NAME_MAX + 1];
	struct table *t;

	table_file_name(TABLE_NUMBER, name);
	expect(env_mem_set_file(d->env, DISK_DIR, name, image) == 0);
	int rc = table_open(&d->tables, TABLE_NUMBER, image.len, id, &t);

	if (rc) {
		expect_refusal(rc);
		return false;
	}
	struct walk w = walk_all(t);

	rc = table_verify(t, NULL);
	if (rc) {
		expect_refusal(rc);
	} else {
		expect(!w.status && w.sorted && w.records > 0);
		expect(w.records == table_property(t, SST_ENTRIES));
		get_all(t);
	}
	ask_any(t, slice_of(image.ptr, min_of(image.len, (size_t)5)), RECORD_SEQNO_MAX);
	ask_any(t, slice_str("user/1"), 5);
	table_unref(t);
	return rc == 0;
}

/* ---- from bytes to tables ---- */

/* The file as it is. */
static void try_image(struct disk *d, struct feed *f)
{
	cleanup_buf struct buf image = {0};

	feed_put(&image, f->rest);
	seal_table(image.ptr, image.len, SEAL_FILL);
	uint64_t id = image.len < SST_FOOTER_SIZE
			      ? 0
			      : fixed64_get(image.ptr + image.len - SST_FOOTER_SIZE + 48);

	(void)read_table(d, buf_slice(&image), id);
}

struct assembly {
	struct block_writer writer;
	struct block_builder index;
	struct slice last_key;
	uint64_t last_seqno;
	size_t blocks;
};

/* Entries of an index are in order, else its builder would assert. */
static void assemble_block(struct assembly *a, struct feed *f)
{
	unsigned flags = feed_byte(f);
	struct slice key = feed_bytes(f, feed_byte(f));
	uint64_t seqno = feed_byte(f);
	enum sst_codec codec = flags & 1 ? SST_LZ4 : SST_STORED;
	uint8_t value[BLOCK_HANDLE_MAX_BYTES];
	struct block_handle h;

	expect(block_writer_put(&a->writer, feed_sized(f), codec, 0, &h) == 0);
	if (flags & 2) /* a value block, or one that nobody knows */
		return;
	if (key.len == 0 ||
	    (a->blocks > 0 && record_cmp(a->last_key, a->last_seqno, key, seqno) >= 0))
		return;
	struct record rec = {.key = key, .seqno = seqno, .kind = RECORD_PUT};

	rec.value = slice_of(value, (size_t)(block_handle_put(value, h) - value));
	rec.value_len = rec.value.len;
	expect(block_builder_add(&a->index, &rec, NULL) == 0);
	a->last_key = key;
	a->last_seqno = seqno;
	a->blocks++;
}

static void assemble_end(struct assembly *a, struct slice filter, struct slice properties)
{
	struct footer footer = {.table_id = TABLE_ID};
	uint8_t bytes[SST_FOOTER_SIZE];
	struct slice index;

	expect(block_writer_put(&a->writer, filter, SST_STORED, 0, &footer.filter) == 0);
	expect(block_writer_put(&a->writer, properties, SST_STORED, 0, &footer.properties) == 0);
	expect(block_builder_finish(&a->index, &index) == 0);
	expect(block_writer_put(&a->writer, index, SST_STORED, 0, &footer.index) == 0);
	footer_encode(&footer, bytes);
	expect(block_writer_put_raw(&a->writer, slice_of(bytes, sizeof(bytes))) == 0);
	expect(block_writer_flush(&a->writer) == 0);
}

static bool read_written(struct disk *d)
{
	cleanup_buf struct buf image = {0};
	char name[ENV_NAME_MAX + 1];
	struct slice bytes;

	table_file_name(TABLE_NUMBER, name);
	expect(env_mem_file(d->env, DISK_DIR, name, &bytes) == 0);
	feed_put(&image, bytes);
	return read_table(d, buf_slice(&image), TABLE_ID);
}

/*
 * Blocks of any content under a right index and footer: so bytes can come and go in one block
 * without the others' places being wrong.
 */
static void try_assembly(struct disk *d, struct feed *f)
{
	struct assembly a = {.writer = {.name = "t", .table_id = TABLE_ID}};
	struct slice filter = feed_sized(f);
	struct slice properties = feed_sized(f);
	char name[ENV_NAME_MAX + 1];
	struct env_file *file;

	table_file_name(TABLE_NUMBER, name);
	expect(env_dir_open(d->dir, name, ENV_REPLACE, &file) == 0);
	a.writer.file = file;
	block_builder_init(&a.index, 3);
	while (!feed_is_empty(f))
		assemble_block(&a, f);
	if (a.blocks > 0)
		assemble_end(&a, filter, properties);
	block_builder_done(&a.index);
	block_writer_done(&a.writer);
	env_file_close(file);
	if (a.blocks > 0)
		(void)read_written(d);
}

/* The records that went in come out. */
static void expect_records(struct disk *d, uint64_t file_size, struct feed start)
{
	struct record_feed records = {.feed = &start};
	struct record rec;
	struct table *t;
	struct iter *it;

	expect(table_open(&d->tables, TABLE_NUMBER, file_size, TABLE_ID, &t) == 0);
	expect(table_iter(t, &it) == 0);
	iter_first(it);
	while (record_feed_next(&records, &rec)) {
		struct slice value;

		expect(iter_valid(it) && iter_value(it, &value) == 0);
		expect(record_sum(&it->rec, value) == record_sum(&rec, rec.value));
		iter_next(it);
	}
	expect(!iter_valid(it) && iter_status(it) == 0);
	iter_free(it);
	table_unref(t);
	record_feed_done(&records);
}

/* Any records, by the builder. */
static void try_building(struct disk *d, struct feed *f)
{
	struct table_options options = table_feed_options(f);
	struct feed start = *f;
	struct table_summary summary;

	if (!table_feed_build(d, f, &options, &summary))
		return;
	expect(read_written(d));
	expect_records(d, summary.file_size, start);
}

static void (*const tries[])(struct disk *d, struct feed *f) = {
	try_image,
	try_assembly,
	try_building,
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct feed f = feed_of(bytes, len);
	struct disk d;

	disk_open(&d);
	tries[feed_byte(&f) % array_size(tries)](&d, &f);
	disk_close(&d);
	return 0;
}

/* ---- seeds ---- */

/* The file that such an input leads to, as an image. */
static void seed_image(const struct fuzz_sink *sink, uint8_t flags, const char *name,
		       enum seal_mode mode)
{
	cleanup_buf struct buf building = {0}, image = {0};
	char file[ENV_NAME_MAX + 1];
	struct slice bytes;
	struct disk d;

	table_feed_seed(&building, flags);
	struct feed f = {.rest = buf_slice(&building)};

	disk_open(&d);
	try_building(&d, &f);
	table_file_name(TABLE_NUMBER, file);
	expect(env_mem_file(d.env, DISK_DIR, file, &bytes) == 0);
	feed_put_byte(&image, 0);
	feed_put(&image, bytes);
	if (mode == SEAL_CLEAR)
		seal_table(image.ptr + 1, image.len - 1, SEAL_CLEAR);
	sink->take(sink->arg, name, buf_slice(&image));
	disk_close(&d);
}

static void put_assembled_block(struct buf *out, const char *separator, const char *const *keys,
				size_t count, struct properties *p)
{
	struct block_builder b;
	struct slice raw;

	block_builder_init(&b, 2);
	for (size_t i = 0; i < count; i++) {
		struct record rec = {
			.key = slice_str(keys[i]),
			.seqno = 9,
			.kind = RECORD_PUT,
			.value = slice_str("value"),
			.value_len = 5,
		};

		expect(block_builder_add(&b, &rec, NULL) == 0);
		properties_count(p, &rec);
	}
	p->numbers[SST_DATA_BLOCKS]++;
	expect(block_builder_finish(&b, &raw) == 0);
	feed_put_byte(out, 0);
	feed_put_byte(out, (uint8_t)strlen(separator));
	feed_put(out, slice_str(separator));
	feed_put_byte(out, 0);
	feed_put_sized(out, raw);
	block_builder_done(&b);
}

static void seed_assembly(const struct fuzz_sink *sink)
{
	static const char *const low[] = {"user/1", "user/2", "user/27"};
	static const char *const high[] = {"user/31", "user/4"};
	static const uint8_t no_filter[SST_FILTER_HEADER_SIZE] = {0};
	struct properties p = {0};
	cleanup_buf struct buf seed = {0}, blocks = {0}, encoded = {0};

	put_assembled_block(&blocks, "user/3", low, array_size(low), &p);
	put_assembled_block(&blocks, "user/4", high, array_size(high), &p);
	expect(buf_set(&p.smallest_key, slice_str(low[0])) == 0);
	expect(buf_set(&p.largest_key, slice_str(high[1])) == 0);
	expect(properties_encode(&p, &encoded) == 0);
	properties_done(&p);
	feed_put_byte(&seed, 1);
	feed_put_sized(&seed, slice_of(no_filter, sizeof(no_filter)));
	feed_put_sized(&seed, buf_slice(&encoded));
	feed_put(&seed, buf_slice(&blocks));
	sink->take(sink->arg, "assembly", buf_slice(&seed));
}

void fuzz_seeds(const struct fuzz_sink *sink)
{
	static const struct {
		const char *name;
		uint8_t flags;
	} kinds[] = {
		{"plain", FLAGS_PLAIN},
		{"filtered", FLAGS_FILTERED},
		{"outside", FLAGS_OUTSIDE},
		{"packed", FLAGS_PACKED},
	};

	for (size_t i = 0; i < array_size(kinds); i++) {
		cleanup_buf struct buf building = {0};
		char name[32];

		feed_put_byte(&building, 2);
		table_feed_seed(&building, kinds[i].flags);
		(void)snprintf(name, sizeof(name), "building_%s", kinds[i].name);
		sink->take(sink->arg, name, buf_slice(&building));
		(void)snprintf(name, sizeof(name), "image_%s", kinds[i].name);
		seed_image(sink, kinds[i].flags, name, SEAL_CLEAR);
	}
	seed_image(sink, FLAGS_FILTERED, "sealed", SEAL_FILL);
	seed_assembly(sink);
}
