/*
 * A blob file of any content, and extents that name parts of it: what is read is what stands there,
 * as a simple reader sees it, and what does not make sense is refused with a sentence.
 *
 *	input: the file (sized; its header is sealed), extents (48 bytes each, to the end; where the
 *	CRC is zero, the right one is put in)
 */
#include <errno.h>
#include <lz4.h>
#include <stdlib.h>

#include "lsm/base/crc32c.h"
#include "lsm/base/error.h"
#include "lsm/blob/blob_header.h"
#include "lsm/blob/blob_refs.h"
#include "lsm/blob/value_view.h"
#include "lsm/blob/value_writer.h"
#include "tests/fuzz/blob_feed.h"
#include "tests/fuzz/feed.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seal.h"

enum {
	NUMBER = 1,
	CRC_AT = 40, /* in an extent */
	VIEW_MAX = 16 << 10,
};

struct blobbed {
	struct blob_disk disk;
	struct buf content, list;
	struct blob_file *file;
	bool header_is_right;
};

static void expect_refusal(int rc)
{
	expect(rc == -EUCLEAN || rc == -EBADMSG);
	expect(fail_text()[0]);
}

static bool lies_within(const struct blobbed *b, const struct extent *e)
{
	return e->file == NUMBER && e->at <= b->content.len &&
	       e->stored_len <= b->content.len - e->at;
}

static void seal_extents(struct blobbed *b)
{
	for (size_t i = 0; i < extent_list_count(buf_slice(&b->list)); i++) {
		uint8_t *crc = b->list.ptr + i * BLOB_EXTENT_SIZE + CRC_AT;
		struct extent e;

		if (fixed32_get(crc) == 0 && extent_list_get(buf_slice(&b->list), i, &e) == 0 &&
		    lies_within(b, &e))
			fixed32_put(crc, crc32c(0, b->content.ptr + e.at, e.stored_len));
	}
}

/* ---- the simple reader ---- */

static bool unpack(const struct extent *e, const uint8_t *stored, uint8_t *raw)
{
	if (e->stored_len == e->raw_len) {
		memcpy(raw, stored, e->raw_len);
		return true;
	}
	return LZ4_decompress_safe((const char *)stored, (char *)raw, (int)e->stored_len,
				   (int)e->raw_len) == (int)e->raw_len;
}

/* The chunk, unpacked, on the heap; NULL: it cannot be read. */
static uint8_t *read_simply(const struct blobbed *b, const struct extent *e)
{
	if (!lies_within(b, e) || crc32c(0, b->content.ptr + e->at, e->stored_len) != e->crc)
		return NULL;
	uint8_t *raw = malloc(e->raw_len);

	expect(raw);
	if (unpack(e, b->content.ptr + e->at, raw))
		return raw;
	free(raw);
	return NULL;
}

/* ---- the store ---- */

/* True: it is there. */
static bool read_one(struct blobbed *b, struct blob_store *store, const struct extent *e,
		     bool header_counts)
{
	uint8_t *raw = read_simply(b, e);
	uint8_t *got = malloc(e->len);
	bool readable = raw && (b->header_is_right || !header_counts);

	expect(got);
	blob_store_read_ahead(store, e);
	int rc = blob_store_read(store, e, got);

	if (rc)
		expect_refusal(rc);
	expect((rc == 0) == readable);
	if (rc == 0)
		expect(memcmp(got, raw + e->from, e->len) == 0);
	free(got);
	free(raw);
	return rc == 0;
}

/* How many of the extents that make sense can be read. */
static size_t read_each(struct blobbed *b, struct blob_store *store, bool header_counts)
{
	struct slice list = buf_slice(&b->list);
	size_t readable = 0;

	for (size_t i = 0; i < extent_list_count(list); i++) {
		struct extent e;
		int rc = extent_list_get(list, i, &e);

		expect(rc == 0 || rc == -EUCLEAN);
		if (rc == 0)
			readable += read_one(b, store, &e, header_counts);
	}
	return readable;
}

static void expect_chunks(const struct blobbed *b, const uint8_t *got, size_t len)
{
	struct slice list = buf_slice(&b->list);
	uint64_t end = 0;

	for (size_t i = 0; i < extent_list_count(list); i++) {
		struct extent e;

		expect(extent_list_get(list, i, &e) == 0);
		uint8_t *raw = read_simply(b, &e);

		for (; end < e.offset; end++)
			expect(got[end] == 0);
		expect(raw && memcmp(got + e.offset, raw + e.from, e.len) == 0);
		end = extent_end(&e);
		free(raw);
	}
	for (; end < len; end++)
		expect(got[end] == 0);
}

/* All of them as one value. */
static void read_view(struct blobbed *b, size_t readable)
{
	const struct value_view v = {.size = VIEW_MAX, .extents = buf_slice(&b->list)};
	uint8_t *got = malloc(VIEW_MAX);
	const struct value_range range = {.into = got, .len = VIEW_MAX};
	size_t len = 0;

	expect(got);
	int rc = value_view_read(&v, b->disk.store, &range, &len);

	if (rc)
		expect_refusal(rc);
	expect((rc == 0) == (readable == extent_list_count(v.extents)));
	if (rc == 0) {
		expect(len == VIEW_MAX);
		expect_chunks(b, got, len);
	}
	free(got);
}

static bool leaves(void *arg, uint64_t file)
{
	(void)arg;
	return file == NUMBER;
}

/* Into other files: it reads the same there. */
static void move_all(struct blobbed *b, size_t readable)
{
	struct value_writer w = {.blobs = b->disk.store};
	struct slice list = buf_slice(&b->list);
	uint64_t moved = 0;
	int rc = value_writer_move(&w, list, leaves, NULL, &moved);

	if (rc)
		expect_refusal(rc);
	expect(rc || readable == extent_list_count(list) || !blob_refs_find(&w.refs, NUMBER));
	if (rc == 0)
		expect(extent_list_check(buf_slice(&w.extents), VIEW_MAX) == 0);
	value_writer_done(&w);
}

static void resolve(struct blobbed *b)
{
	struct blob_refs refs = {0};
	int rc = blob_refs_note_list(&refs, buf_slice(&b->list));

	expect(rc == 0 || rc == -EUCLEAN);
	if (!rc)
		rc = blob_refs_resolve(&refs, b->disk.store);
	expect(rc == 0 || rc == -EUCLEAN);
	if (!rc && refs.count > 0)
		expect(refs.count == 1 && refs.refs[0].end <= b->content.len);
	blob_refs_done(&refs);
}

static void read_without_header(struct blobbed *b)
{
	struct blob_options options = *blob_store_options(b->disk.store);
	struct blob_store *store;
	struct blob_file *file;

	options.any_header = true;
	expect(blob_store_new(b->disk.dir, &options, (struct blob_owner){0}, &store) == 0);
	expect(blob_store_add(store, NUMBER, b->content.len, &file) == 0);
	(void)read_each(b, store, false);
	blob_store_free(store);
}

static void begin(struct blobbed *b, struct feed *f)
{
	char name[ENV_NAME_MAX + 1];

	blob_disk_open(&b->disk);
	b->disk.next = NUMBER + 1;
	feed_put(&b->content, feed_sized(f));
	seal_blob(b->content.ptr, b->content.len, SEAL_FILL);
	feed_put(&b->list, f->rest);
	seal_extents(b);
	blob_file_name(NUMBER, name);
	expect(env_mem_set_file(b->disk.env, BLOB_DIR, name, buf_slice(&b->content)) == 0);
	expect(blob_store_add(b->disk.store, NUMBER, b->content.len, &b->file) == 0);
	b->header_is_right = b->content.len >= BLOB_HEADER_SIZE &&
			     blob_header_check(b->content.ptr, name, NUMBER) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct feed f = feed_of(bytes, len);
	struct blobbed b = {0};

	begin(&b, &f);
	size_t readable = read_each(&b, b.disk.store, true);

	resolve(&b);
	read_without_header(&b);
	if (extent_list_check(buf_slice(&b.list), VIEW_MAX) == 0) {
		read_view(&b, readable);
		move_all(&b, readable);
	}
	blob_file_unref(b.file);
	blob_disk_close(&b.disk);
	buf_done(&b.content);
	buf_done(&b.list);
	return 0;
}

/* ---- seeds ---- */

/* Chunks that can be packed and one that cannot, and parts of them in turn. */
static void write_chunks(struct blob_disk *d, struct buf *list)
{
	struct value_writer w = {.blobs = d->store};
	uint8_t bytes[3 * BLOB_FEED_CHUNK];
	struct extent e;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i < BLOB_FEED_CHUNK ? i * i * i % 253 : i / 16);
	expect(value_writer_bytes(&w, 0, slice_of(bytes, sizeof(bytes))) == 0);
	feed_put(list, buf_slice(&w.extents));
	expect(extent_list_get(buf_slice(&w.extents), 1, &e) == 0);
	e.offset = 1000;
	e.from = 10;
	e.len = 20;
	expect(extent_append(list, &e) == 0);
	e.offset = 2000;
	e.from = 33;
	expect(extent_append(list, &e) == 0);
	value_writer_done(&w);
}

static void clear_crcs(struct buf *list)
{
	for (size_t at = 0; at < list->len; at += BLOB_EXTENT_SIZE)
		fixed32_put(list->ptr + at + CRC_AT, 0);
}

static void take_seed(const struct fuzz_sink *sink, const char *name, struct slice content,
		      struct slice list)
{
	cleanup_buf struct buf seed = {0};

	feed_put_sized(&seed, content);
	feed_put(&seed, list);
	sink->take(sink->arg, name, buf_slice(&seed));
}

void fuzz_seeds(const struct fuzz_sink *sink)
{
	cleanup_buf struct buf list = {0}, content = {0};
	char name[ENV_NAME_MAX + 1];
	struct blob_disk d;
	struct slice bytes;

	blob_disk_open(&d);
	write_chunks(&d, &list);
	blob_file_name(NUMBER, name);
	expect(env_mem_file(d.env, BLOB_DIR, name, &bytes) == 0);
	feed_put(&content, bytes);
	take_seed(sink, "sealed", buf_slice(&content), buf_slice(&list));
	seal_blob(content.ptr, content.len, SEAL_CLEAR);
	clear_crcs(&list);
	take_seed(sink, "open", buf_slice(&content), buf_slice(&list));
	blob_disk_close(&d);
}
