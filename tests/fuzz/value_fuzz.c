/*
 * Large values and patches: whatever bytes stand in records, decoding them, folding them and
 * reading the result stays within bounds, and is refused where it makes no sense. Where all of them
 * were made as they should be, the result reads as the same changes of an array of bytes, and so
 * does what the writer makes of it.
 *
 *	input: kind of the base (u8, enum base), its bytes (sized); changes, each: kind (u8, enum
 *	change) and
 *	CHANGE_RESIZE	size (u16)
 *	CHANGE_BYTES	offset (u16), the bytes (sized)
 *	CHANGE_ZEROS	offset (u16), length (u16)
 *	CHANGE_EXTENTS	offset (u16), the bytes (sized), which are written as chunks
 *	CHANGE_RAW	meta (sized), value (sized): a patch record as it is
 *	CHANGE_TWISTED	count (u8), each: which of the chunks written last (u8), which byte of its
 *			extent (u8), what it is xored with (u8)
 */
#include <errno.h>
#include <stdlib.h>

#include "lsm/base/error.h"
#include "lsm/blob/value_writer.h"
#include "tests/fuzz/blob_feed.h"
#include "tests/fuzz/feed.h"
#include "tests/fuzz/fuzz.h"

enum {
	VALUE_MAX = 2 * UINT16_MAX,
	CHANGES_MAX = 64,
	PART_MAX = 4096, /* read at once of a value of any size */
};

enum base {
	BASE_NONE,
	BASE_BYTES,
	BASE_LARGE, /* written as chunks */
	BASE_RAW,   /* size (u64), then extents as they are */
	BASE_KINDS,
};

enum change {
	CHANGE_RESIZE,
	CHANGE_BYTES,
	CHANGE_ZEROS,
	CHANGE_EXTENTS,
	CHANGE_RAW,
	CHANGE_TWISTED,
	CHANGE_KINDS,
};

struct valued {
	struct blob_disk disk;
	struct value_map map;
	struct value_view view;
	struct value_writer base;
	struct buf records[CHANGES_MAX]; /* what patches borrow from */
	struct value_writer written[CHANGES_MAX];
	size_t changes;
	struct slice last_extents; /* of what was written last */
	/* What it must read as, if all was made as it should be: */
	bool known;
	uint64_t size;
	uint8_t bytes[VALUE_MAX];
};

static void expect_refusal(int rc)
{
	expect(rc == -EUCLEAN || rc == -EBADMSG);
	expect(fail_text()[0]);
}

/* ---- the model ---- */

static void model_resize(struct valued *v, uint64_t size)
{
	if (size > VALUE_MAX)
		v->known = false;
	if (!v->known)
		return;
	if (size < v->size)
		memset(v->bytes + size, 0, VALUE_MAX - size);
	v->size = size;
}

/* bytes.ptr NULL: zeros. Within the size. */
static void model_write(struct valued *v, uint64_t offset, struct slice bytes)
{
	if (!v->known || bytes.len == 0)
		return;
	expect(offset + bytes.len <= v->size);
	if (bytes.ptr)
		memcpy(v->bytes + offset, bytes.ptr, bytes.len);
	else
		memset(v->bytes + offset, 0, bytes.len);
}

static void model_patch(struct valued *v, const struct patch *p)
{
	model_resize(v, p->size);
	if (p->op == PATCH_BYTES)
		model_write(v, p->offset, p->bytes);
	else if (p->op == PATCH_ZEROS)
		model_write(v, p->offset, slice_of(NULL, p->len));
	else if (p->op == PATCH_EXTENTS)
		v->known = false; /* or the caller knows what is in them */
}

/* ---- the base ---- */

static void write_base(struct valued *v, struct slice bytes)
{
	v->base = (struct value_writer){.blobs = v->disk.store};
	expect(value_writer_bytes(&v->base, 0, bytes) == 0);
	v->view.extents = v->last_extents = buf_slice(&v->base.extents);
	expect(extent_list_check(v->view.extents, bytes.len) == 0);
}

/* As a record of a table or log, nobody vouches for it; readers of tables look at it unchecked. */
static void raw_base(struct valued *v, struct slice bytes)
{
	struct feed f = {.rest = bytes};

	v->known = false;
	v->view.size = feed_64(&f) % (BLOB_VALUE_MAX + 1);
	v->view.extents = f.rest;
	int rc = extent_list_check(f.rest, v->view.size);

	expect(rc == 0 || rc == -EUCLEAN);
}

static void begin(struct valued *v, struct feed *f)
{
	enum base kind = feed_byte(f) % BASE_KINDS;
	struct slice bytes = feed_sized(f);

	v->known = true;
	if (kind == BASE_RAW) {
		raw_base(v, bytes);
	} else if (kind != BASE_NONE) {
		v->view.size = bytes.len;
		model_resize(v, bytes.len);
		model_write(v, 0, bytes);
	}
	if (kind == BASE_BYTES)
		v->view.bytes = bytes;
	if (kind == BASE_LARGE)
		write_base(v, bytes);
	value_map_init(&v->map, v->view.size);
	v->view.map = &v->map;
}

/* ---- changes ---- */

static void expect_same_patch(const struct patch *a, const struct patch *b)
{
	expect(a->size == b->size && a->op == b->op);
	expect(a->offset == b->offset && a->len == b->len);
	expect(slice_eq(a->bytes, b->bytes) && slice_eq(a->extents, b->extents));
}

static void apply(struct valued *v, const struct patch *p)
{
	expect(value_map_apply(&v->map, p) == 0);
	v->view.size = v->map.size;
	model_patch(v, p);
}

/* By way of the record's bytes, which stay. */
static void apply_made(struct valued *v, const struct patch *p)
{
	struct buf *record = &v->records[v->changes];
	cleanup_buf struct buf meta = {0};
	struct slice user_meta;
	struct patch decoded;
	uint64_t size;

	expect(value_meta_append(&meta, p->size, slice_str("meta")) == 0);
	expect(value_meta_take(buf_slice(&meta), &size, &user_meta) == 0);
	expect(size == p->size && slice_eq(user_meta, slice_str("meta")));
	expect(patch_append(record, p) == 0);
	expect(patch_decode(buf_slice(&meta), buf_slice(record), &decoded) == 0);
	expect_same_patch(&decoded, p);
	apply(v, &decoded);
}

static void change_bytes(struct valued *v, struct feed *f)
{
	struct patch p = {.op = PATCH_BYTES, .offset = feed_16(f)};

	p.bytes = feed_sized(f);
	p.len = p.bytes.len;
	p.size = max_of(v->view.size, p.offset + p.len);
	if (p.len > 0 && p.size <= BLOB_VALUE_MAX)
		apply_made(v, &p);
}

static void change_zeros(struct valued *v, struct feed *f)
{
	struct patch p = {.op = PATCH_ZEROS, .offset = feed_16(f)};

	p.len = feed_16(f);
	p.size = max_of(v->view.size, p.offset + p.len);
	if (p.len > 0)
		apply_made(v, &p);
}

static void change_extents(struct valued *v, struct feed *f)
{
	struct value_writer *w = &v->written[v->changes];
	struct patch p = {.op = PATCH_EXTENTS};
	uint64_t offset = feed_16(f);
	struct slice bytes = feed_sized(f);
	bool known = v->known;

	if (bytes.len == 0)
		return;
	p.size = max_of(v->view.size, offset + bytes.len);
	*w = (struct value_writer){.blobs = v->disk.store, .lane = offset};
	expect(value_writer_bytes(w, offset, bytes) == 0);
	p.extents = v->last_extents = buf_slice(&w->extents);
	apply_made(v, &p);
	v->known = known && v->view.size <= VALUE_MAX;
	model_write(v, offset, bytes);
}

static void change_raw(struct valued *v, struct feed *f)
{
	struct slice meta = feed_sized(f), value = feed_sized(f);
	struct patch p;
	int rc = patch_decode(meta, value, &p);

	if (rc) {
		expect(rc == -EUCLEAN && fail_text()[0]);
		return;
	}
	expect(p.size <= BLOB_VALUE_MAX);
	apply(v, &p);
}

/* Chunks that are there, but the extents say something else of them. */
static void change_twisted(struct valued *v, struct feed *f)
{
	struct buf *list = &v->records[v->changes];
	size_t count = feed_byte(f), known = extent_list_count(v->last_extents);

	for (size_t i = 0; i < count && known; i++) {
		size_t which = feed_byte(f) % known;
		uint8_t at = feed_byte(f) % BLOB_EXTENT_SIZE;

		feed_put(list, slice_of(v->last_extents.ptr + which * BLOB_EXTENT_SIZE,
					BLOB_EXTENT_SIZE));
		list->ptr[list->len - BLOB_EXTENT_SIZE + at] ^= feed_byte(f);
	}
	const struct patch p = {
		.op = PATCH_EXTENTS, .size = v->view.size, .extents = buf_slice(list)};

	if (extent_list_check(p.extents, p.size) == 0 && list->len)
		apply(v, &p);
}

static void change(struct valued *v, struct feed *f)
{
	enum change kind = feed_byte(f) % CHANGE_KINDS;
	struct patch p = {.op = PATCH_RESIZE};

	switch (kind) {
	case CHANGE_RESIZE:
		p.size = feed_16(f);
		apply_made(v, &p);
		break;
	case CHANGE_BYTES:
		change_bytes(v, f);
		break;
	case CHANGE_ZEROS:
		change_zeros(v, f);
		break;
	case CHANGE_EXTENTS:
		change_extents(v, f);
		break;
	case CHANGE_RAW:
		change_raw(v, f);
		break;
	default:
		change_twisted(v, f);
	}
	v->changes++;
}

/* ---- reading ---- */

static void read_known(struct valued *v, const struct value_view *view, uint64_t offset, size_t len)
{
	uint8_t *got = malloc(len + 1);
	const struct value_range range = {.offset = offset, .into = got, .len = len};
	uint64_t left = offset < v->size ? v->size - offset : 0;
	size_t got_len = 0;

	expect(got && value_view_read(view, v->disk.store, &range, &got_len) == 0);
	expect(got_len == min_of((uint64_t)len, left));
	expect(got_len == 0 || memcmp(got, v->bytes + offset, got_len) == 0);
	free(got);
}

static void expect_value(struct valued *v, const struct value_view *view)
{
	expect(view->size == v->size);
	read_known(v, view, 0, VALUE_MAX);
	for (uint64_t at = 0; at < v->size + 10; at += v->size / 5 + 1)
		read_known(v, view, at, 100);
}

static bool is_leaving(void *arg, uint64_t file)
{
	(void)arg;
	return file % 2;
}

/* As one large value, and again after some of its chunks were moved. */
static void write_known(struct valued *v)
{
	struct value_writer w = {.blobs = v->disk.store}, moved = {.blobs = v->disk.store};
	struct value_view view = {.size = v->size};
	uint64_t bytes;

	expect(value_writer_view(&w, &v->view, 0, v->size, 0) == 0);
	view.extents = buf_slice(&w.extents);
	expect(extent_list_check(view.extents, v->size) == 0);
	expect_value(v, &view);
	expect(value_writer_move(&moved, view.extents, is_leaving, NULL, &bytes) == 0);
	view.extents = buf_slice(&moved.extents);
	expect(extent_list_check(view.extents, v->size) == 0);
	expect_value(v, &view);
	value_writer_done(&moved);
	value_writer_done(&w);
}

static void read_any(struct valued *v, uint64_t offset)
{
	uint8_t got[PART_MAX];
	const struct value_range range = {.offset = offset, .into = got, .len = sizeof(got)};
	size_t len = 0;
	int rc = value_view_read(&v->view, v->disk.store, &range, &len);

	if (rc) {
		expect_refusal(rc);
		return;
	}
	uint64_t left = offset < v->view.size ? v->view.size - offset : 0;

	expect(len == min_of((uint64_t)sizeof(got), left));
}

/* The map's segments do not overlap, and lie within the value. */
static void check_map(const struct value_map *m)
{
	struct segment s;
	uint64_t at = 0, count = 0;

	while (value_map_find(m, at, &s)) {
		expect(s.offset >= at && s.len > 0);
		at = s.offset + s.len;
		expect(at <= m->size);
		count++;
	}
	expect(count == m->segments && m->shows <= m->size);
}

static void check_find(struct slice list, uint64_t offset)
{
	size_t i = extent_list_find(list, offset);
	struct extent e;

	expect(i <= extent_list_count(list));
	if (i < extent_list_count(list) && extent_list_get(list, i, &e) == 0)
		expect(e.len > 0 && extent_end(&e) <= BLOB_VALUE_MAX);
}

static void look(struct valued *v)
{
	struct value_writer w = {.blobs = v->disk.store};
	struct segment s = {0};

	check_map(&v->map);
	if (v->known) {
		expect_value(v, &v->view);
		write_known(v);
		return;
	}
	for (uint64_t at = 0; at < v->view.size; at += s.len) {
		check_find(v->view.extents, at);
		read_any(v, at);
		if (value_view_at(&v->view, at, v->view.size, &s))
			break;
		expect(s.offset == at && s.len > 0 && s.len <= v->view.size - at);
	}
	read_any(v, v->view.size - min_of(v->view.size, UINT64_C(10)));
	read_any(v, UINT64_MAX - 5);
	int rc = value_writer_view(&w, &v->view, 0, v->view.size, 0);

	if (rc)
		expect_refusal(rc);
	else
		expect(extent_list_check(buf_slice(&w.extents), v->view.size) == 0);
	value_writer_done(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct valued *v = calloc(1, sizeof(*v));
	struct feed f = feed_of(bytes, len);

	expect(v);
	blob_disk_open(&v->disk);
	begin(v, &f);
	while (!feed_is_empty(&f) && v->changes < CHANGES_MAX)
		change(v, &f);
	look(v);
	for (size_t i = 0; i < CHANGES_MAX; i++) {
		buf_done(&v->records[i]);
		value_writer_done(&v->written[i]);
	}
	value_writer_done(&v->base);
	value_map_done(&v->map);
	blob_disk_close(&v->disk);
	free(v);
	return 0;
}

/* ---- seeds ---- */

static void put_filling(struct buf *out, size_t len)
{
	feed_put_16(out, (uint16_t)len);
	for (size_t i = 0; i < len; i++)
		feed_put_byte(out, (uint8_t)(i * i % 251));
}

static void put_changes(struct buf *out)
{
	feed_put_byte(out, CHANGE_BYTES);
	feed_put_16(out, 70);
	put_filling(out, 30);
	feed_put_byte(out, CHANGE_EXTENTS);
	feed_put_16(out, 120);
	put_filling(out, 150);
	feed_put_byte(out, CHANGE_ZEROS);
	feed_put_16(out, 150);
	feed_put_16(out, 20);
	feed_put_byte(out, CHANGE_RESIZE);
	feed_put_16(out, 260);
	feed_put_byte(out, CHANGE_RESIZE);
	feed_put_16(out, 400);
	feed_put_byte(out, CHANGE_RAW);
	feed_put_sized(out, slice_of("\xac\x02meta", 6));
	feed_put_sized(out, slice_of("\x01\x03raw", 5));
}

static void put_twisted(struct buf *out)
{
	static const uint8_t twists[] = {0, 32, 1, 1, 24, 3, 2, 8, 1};

	feed_put_byte(out, CHANGE_TWISTED);
	feed_put_byte(out, sizeof(twists) / 3);
	feed_put(out, slice_of(twists, sizeof(twists)));
}

static void seed_raw(const struct fuzz_sink *sink)
{
	struct extent e = {
		.offset = 100,
		.file = 1,
		.at = BLOB_HEADER_SIZE,
		.stored_len = 50,
		.raw_len = 64,
		.from = 4,
		.len = 60,
	};
	cleanup_buf struct buf seed = {0}, list = {0};

	expect(buf_append_fixed64(&list, 1000) == 0);
	expect(extent_append(&list, &e) == 0);
	e.offset = 200;
	expect(extent_append(&list, &e) == 0);
	feed_put_byte(&seed, BASE_RAW);
	feed_put_sized(&seed, buf_slice(&list));
	put_changes(&seed);
	sink->take(sink->arg, "raw", buf_slice(&seed));
}

void fuzz_seeds(const struct fuzz_sink *sink)
{
	static const char *const names[] = {"none", "bytes", "large"};

	for (enum base kind = BASE_NONE; kind <= BASE_LARGE; kind++) {
		cleanup_buf struct buf seed = {0};

		feed_put_byte(&seed, (uint8_t)kind);
		put_filling(&seed, 200);
		put_changes(&seed);
		sink->take(sink->arg, names[kind], buf_slice(&seed));
		put_twisted(&seed);
		if (kind == BASE_LARGE)
			sink->take(sink->arg, "twisted", buf_slice(&seed));
	}
	seed_raw(sink);
}
