/*
 * The parts of a table, each by itself: data blocks, index, filter, properties, footer, compressed
 * payloads. The first byte of an input says which.
 */
#include <errno.h>
#include <stdlib.h>

#include "lsm/base/crc32c.h"
#include "lsm/sst/block_builder.h"
#include "lsm/sst/block_codec.h"
#include "lsm/sst/block_cursor.h"
#include "lsm/sst/bloom.h"
#include "lsm/sst/footer.h"
#include "lsm/sst/properties.h"
#include "lsm/sst/table_index.h"
#include "tests/fuzz/feed.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/record_feed.h"

static void expect_refusal(int rc)
{
	expect(rc == -EUCLEAN);
}

/* Steps from one end to the other; false: a bad entry. */
static bool walk(struct block_cursor *c, bool forward, size_t *ret_count, bool *ret_sorted)
{
	cleanup_buf struct buf last = {0};
	uint64_t last_seqno = 0;
	size_t count = 0;
	int rc = forward ? block_cursor_first(c) : block_cursor_last(c);

	*ret_sorted = true;
	while (!rc && c->valid) {
		int order = record_cmp(buf_slice(&last), last_seqno, c->key, c->entry.seqno);

		expect(c->key.len >= 1 && c->key.len <= RECORD_KEY_MAX);
		if (count > 0 && (forward ? order >= 0 : order <= 0))
			*ret_sorted = false;
		expect(buf_set(&last, c->key) == 0);
		last_seqno = c->entry.seqno;
		count++;
		rc = forward ? block_cursor_next(c) : block_cursor_prev(c);
	}
	if (rc)
		expect_refusal(rc);
	*ret_count = count;
	return rc == 0;
}

/* In a sound block: the entry that `c` stands on is found, and the one before it. */
static void seek_own(const struct block *b, const struct block_cursor *c, size_t index)
{
	struct block_cursor other = {0};
	struct block_entry e;
	bool same_key = false;

	expect(block_seek(b, c->key, c->entry.seqno, &e, &same_key) == 0);
	expect(same_key && e.offset == c->entry.offset && e.seqno == c->entry.seqno);
	block_cursor_enter(&other, b);
	expect(block_cursor_seek(&other, c->key, c->entry.seqno) == 0);
	expect(other.valid && other.entry.offset == c->entry.offset);
	expect(slice_eq(other.key, c->key));
	expect(block_cursor_seek_before(&other, c->key, c->entry.seqno) == 0);
	expect(other.valid == (index > 0));
	if (index > 0)
		expect(other.entry.end == c->entry.offset);
	block_cursor_done(&other);
}

/* In any block: whatever comes of it. */
static void seek_any(const struct block *b, struct slice key, uint64_t seqno)
{
	struct block_cursor c = {0};
	struct block_entry e;
	bool same_key;
	int rc = block_seek(b, key, seqno, &e, &same_key);

	expect(rc == 0 || rc == -ENOENT || rc == -EUCLEAN);
	block_cursor_enter(&c, b);
	rc = block_cursor_seek(&c, key, seqno);
	expect(rc == 0 || rc == -EUCLEAN);
	rc = block_cursor_seek_before(&c, key, seqno);
	expect(rc == 0 || rc == -EUCLEAN);
	block_cursor_done(&c);
}

static void try_data_block(struct slice bytes)
{
	struct block b = block_view(bytes);
	struct block_cursor c = {0};
	size_t forward, backward, index = 0;
	bool sorted, sorted_back;

	if (b.restart_count == 0)
		return;
	block_cursor_enter(&c, &b);
	bool sound = walk(&c, true, &forward, &sorted);
	bool sound_back = walk(&c, false, &backward, &sorted_back);

	if (sound)
		expect(sound_back && forward == backward && sorted == sorted_back);
	seek_any(&b, slice_of(bytes.ptr, min_of(bytes.len, (size_t)9)), bytes.len);
	if (sound && sorted && forward <= 1000) {
		int rc = block_cursor_first(&c);

		for (; !rc && c.valid; rc = block_cursor_next(&c))
			seek_own(&b, &c, index++);
		expect(rc == 0 && index == forward);
	}
	block_cursor_done(&c);
}

static void try_index(struct slice bytes)
{
	const uint64_t blocks_end = 1 << 20;
	struct block b = block_view(bytes);
	struct table_index index;
	int rc = table_index_parse(&b, blocks_end, &index);

	if (rc) {
		expect_refusal(rc);
		return;
	}
	expect(index.count > 0);
	for (size_t i = 0; i < index.count; i++) {
		struct block_handle h = index.entries[i].block;

		expect(block_handle_fits(h, blocks_end));
		expect(i == 0 || h.offset >= block_handle_end(index.entries[i - 1].block));
	}
	/* each separator is found as the one it is */
	struct block_cursor c = {0};
	size_t i = 0;

	block_cursor_enter(&c, &b);
	for (rc = block_cursor_first(&c); !rc && c.valid; rc = block_cursor_next(&c), i++) {
		expect(table_index_seek(&index, c.key, c.entry.seqno) == i);
		expect(table_index_cmp(&index, i, c.key, c.entry.seqno) == 0);
	}
	expect(rc == 0 && i == index.count);
	block_cursor_done(&c);
	table_index_done(&index);
}

static void try_filter(struct slice bytes)
{
	struct bloom bloom;
	int rc = bloom_parse(bytes, &bloom);

	if (rc) {
		expect_refusal(rc);
		return;
	}
	expect(bloom_memory(&bloom) <= bytes.len);
	if (bloom_exists(&bloom)) {
		for (uint64_t hash = UINT64_MAX; hash; hash >>= 3)
			(void)bloom_may_contain(&bloom, hash);
	}
	bloom_done(&bloom);
}

static void try_properties(struct slice bytes)
{
	cleanup_buf struct buf encoded = {0};
	struct properties p, again;
	int rc = properties_decode(bytes, &p);

	if (rc) {
		expect_refusal(rc);
		return;
	}
	expect(properties_encode(&p, &encoded) == 0);
	expect(properties_decode(buf_slice(&encoded), &again) == 0);
	expect(properties_equal(&p, &again));
	properties_done(&again);
	properties_done(&p);
}

static void try_footer(struct slice bytes)
{
	struct feed f = {.rest = bytes};
	uint64_t file_size = feed_64(&f);
	uint8_t image[SST_FOOTER_SIZE] = {0}, again[SST_FOOTER_SIZE];
	struct slice given = feed_bytes(&f, sizeof(image));
	struct footer footer;

	if (given.len)
		memcpy(image, given.ptr, given.len);
	if (fixed32_get(image + 60) == 0)
		fixed32_put(image + 60, crc32c(0, image, 60));
	if (file_size < SST_FOOTER_SIZE)
		return;
	int rc = footer_decode(image, "f", file_size, &footer);

	expect(rc == 0 || rc == -EUCLEAN || rc == -EBADMSG);
	if (rc)
		return;
	footer_encode(&footer, again);
	expect(memcmp(image, again, sizeof(image)) == 0);
	expect(block_handle_end(footer.index) == file_size - SST_FOOTER_SIZE);
}

/* Unpack what may be a payload. */
static void try_payload(struct slice bytes)
{
	struct feed f = {.rest = bytes};
	struct block_payload payload = {.codec = (enum sst_codec)(feed_byte(&f) % 3)};
	size_t len;

	payload.bytes = f.rest;
	if (block_unpacked_len(payload, &len))
		return;
	expect(len <= SST_BLOCK_MAX && len <= payload.bytes.len * SST_LZ4_RATIO_MAX);

	uint8_t *room = malloc(len ? len : 1);

	expect(room);
	int rc = block_unpack(payload, room, len);

	expect(rc == 0 || rc == -EUCLEAN);
	free(room);
}

/* Pack any bytes and unpack them. */
static void try_packing(struct slice bytes)
{
	cleanup_buf struct buf packed = {0};
	struct block_payload payload;
	size_t len = 0;

	expect(block_compress(bytes, SST_LZ4, 12, &packed, &payload) == 0);
	expect(payload.bytes.len <= bytes.len);
	expect(block_unpacked_len(payload, &len) == 0 && len == bytes.len);

	uint8_t *room = malloc(len ? len : 1);

	expect(room && block_unpack(payload, room, len) == 0);
	expect(len == 0 || memcmp(room, bytes.ptr, len) == 0);
	free(room);
}

/* Records into a block and out of it. */
static void try_building(struct slice bytes)
{
	struct feed f = {.rest = bytes};
	struct record_feed records = {.feed = &f};
	struct block_builder b;
	struct block_cursor c = {0};
	struct slice raw;
	struct record rec;
	size_t count = 0;

	block_builder_init(&b, 1 + feed_byte(&f) % 20);
	struct feed start = f;

	while (record_feed_next(&records, &rec)) {
		expect(block_builder_add(&b, &rec, NULL) == 0);
		count++;
	}
	record_feed_done(&records);
	if (count > 0) {
		struct block view;
		int rc;

		expect(block_builder_finish(&b, &raw) == 0);
		view = block_view(raw);
		expect(view.restart_count > 0);
		block_cursor_enter(&c, &view);
		rc = block_cursor_first(&c);
		records = (struct record_feed){.feed = &start};
		while (record_feed_next(&records, &rec)) {
			expect(rc == 0 && c.valid && slice_eq(c.key, rec.key));
			expect(c.entry.seqno == rec.seqno && c.entry.kind == rec.kind);
			expect(slice_eq(c.entry.value, rec.value));
			expect(slice_eq(c.entry.meta, rec.meta));
			expect(c.entry.time_ns == rec.time_ns);
			rc = block_cursor_next(&c);
		}
		expect(rc == 0 && !c.valid);
		record_feed_done(&records);
		try_data_block(raw);
	}
	block_cursor_done(&c);
	block_builder_done(&b);
}

static void (*const tries[])(struct slice bytes) = {
	try_data_block, try_index,   try_filter,  try_properties,
	try_footer,     try_payload, try_packing, try_building,
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (len > 0)
		tries[bytes[0] % array_size(tries)](slice_of(bytes + 1, len - 1));
	return 0;
}

/* ---- seeds ---- */

static void take_seed(const struct fuzz_sink *sink, const char *name,
		      void (*try)(struct slice bytes), struct slice bytes)
{
	cleanup_buf struct buf seed = {0};
	uint8_t which = 0;

	while (tries[which] != try)
		which++;
	feed_put_byte(&seed, which);
	feed_put(&seed, bytes);
	sink->take(sink->arg, name, buf_slice(&seed));
}

static void seed_data_block(const struct fuzz_sink *sink)
{
	cleanup_buf struct buf input = {0}, packed = {0}, image = {0};
	struct record_feed records;
	struct block_payload payload;
	struct block_builder b;
	struct record rec;
	struct slice raw;

	record_feed_seed(&input, 12);
	struct feed f = {.rest = buf_slice(&input)};

	block_builder_init(&b, 4);
	records = (struct record_feed){.feed = &f};
	while (record_feed_next(&records, &rec))
		expect(block_builder_add(&b, &rec, NULL) == 0);
	record_feed_done(&records);
	expect(block_builder_finish(&b, &raw) == 0);
	take_seed(sink, "data", try_data_block, raw);
	take_seed(sink, "packing", try_packing, raw);
	expect(block_compress(raw, SST_LZ4, 0, &packed, &payload) == 0);
	feed_put_byte(&image, (uint8_t)payload.codec);
	feed_put(&image, payload.bytes);
	take_seed(sink, "payload", try_payload, buf_slice(&image));
	block_builder_done(&b);

	cleanup_buf struct buf building = {0};

	feed_put_byte(&building, 3);
	feed_put(&building, buf_slice(&input));
	take_seed(sink, "building", try_building, buf_slice(&building));
}

static void seed_index(const struct fuzz_sink *sink)
{
	static const char *const separators[] = {"user/a", "user/b", "user/bcd", "user/f"};
	struct block_builder b;
	struct slice raw;

	block_builder_init(&b, 2);
	for (size_t i = 0; i < array_size(separators); i++) {
		uint8_t value[BLOCK_HANDLE_MAX_BYTES];
		struct block_handle h = {.offset = i * 1000, .stored_len = 900};
		struct record rec = {
			.key = slice_str(separators[i]),
			.kind = RECORD_PUT,
			.value = slice_of(value, (size_t)(block_handle_put(value, h) - value)),
		};

		rec.value_len = rec.value.len;
		expect(block_builder_add(&b, &rec, NULL) == 0);
	}
	expect(block_builder_finish(&b, &raw) == 0);
	take_seed(sink, "index", try_index, raw);
	block_builder_done(&b);
}

static void seed_meta(const struct fuzz_sink *sink)
{
	struct bloom_builder bloom = {.bits_per_key = 10, .separator = '/'};
	struct properties p = {.numbers = {[SST_ENTRIES] = 7, [SST_LARGEST_SEQNO] = 300}};
	struct footer footer = {
		.filter = {.offset = 100, .stored_len = 10},
		.properties = {.offset = 115, .stored_len = 10},
		.index = {.offset = 130, .stored_len = 10},
		.table_id = 77,
	};
	uint8_t image[sizeof(uint64_t) + SST_FOOTER_SIZE];
	cleanup_buf struct buf bytes = {0};

	expect(bloom_builder_add(&bloom, slice_str("a/b"), 0) == 0);
	expect(bloom_builder_finish(&bloom, &bytes) == 0);
	take_seed(sink, "filter", try_filter, buf_slice(&bytes));
	bloom_builder_done(&bloom);

	buf_clear(&bytes);
	expect(buf_set(&p.smallest_key, slice_str("a")) == 0);
	expect(buf_set(&p.largest_key, slice_str("z")) == 0);
	expect(properties_encode(&p, &bytes) == 0);
	take_seed(sink, "properties", try_properties, buf_slice(&bytes));
	properties_done(&p);

	fixed64_put(image, 145 + SST_FOOTER_SIZE);
	footer_encode(&footer, image + sizeof(uint64_t));
	take_seed(sink, "footer_sealed", try_footer, slice_of(image, sizeof(image)));
	fixed32_put(image + sizeof(image) - 4, 0);
	take_seed(sink, "footer", try_footer, slice_of(image, sizeof(image)));
}

void fuzz_seeds(const struct fuzz_sink *sink)
{
	seed_data_block(sink);
	seed_index(sink);
	seed_meta(sink);
}
