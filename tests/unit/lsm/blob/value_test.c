/*
 * Views, maps and writers of values against an array of bytes: whatever is patched over whatever
 * base, the view reads as the array, and so does what the writer makes of it.
 */
#include "lsm/blob/value_writer.h"

#include "tests/unit/lsm/blob/blob_fixture.h"

enum {
	SIZE_MAX_BYTES = 40000,
	PATCHES = 60,
	ROUNDS = 60,
};

/* A value twice: as an array, and as a base with patches. */
struct twin {
	struct fixture *fixture;
	struct rng rng;
	uint8_t *bytes; /* SIZE_MAX_BYTES */
	uint64_t size;
	struct slice base_bytes; /* owned */
	struct value_writer base_writer;
	struct value_map map;
	struct value_view view;
	uint8_t *patched[PATCHES]; /* owned: bytes that patches borrow */
	struct value_writer written[PATCHES];
	size_t patches;
};

static void twin_init(struct twin *t, struct fixture *f, uint64_t seed)
{
	memset(t, 0, sizeof(*t));
	t->fixture = f;
	rng_seed(&t->rng, seed);
	t->bytes = calloc(1, SIZE_MAX_BYTES);
	t->size = rng_below(&t->rng, SIZE_MAX_BYTES + 1);
	t->base_writer = (struct value_writer){.blobs = f->store};
	unsigned kind = (unsigned)rng_below(&t->rng, 3);

	if (kind == 0)
		t->size = 0;
	rng_fill(&t->rng, t->bytes, t->size);
	t->view.size = t->size;
	if (kind == 1) {
		uint8_t *copy = malloc(t->size + 1);

		memcpy(copy, t->bytes, t->size);
		t->base_bytes = slice_of(copy, t->size);
		t->view.bytes = t->base_bytes;
	} else if (kind == 2) {
		ck_assert_int_eq(
			value_writer_bytes(&t->base_writer, 0, slice_of(t->bytes, t->size)), 0);
		t->view.extents = buf_slice(&t->base_writer.extents);
	}
	value_map_init(&t->map, t->size);
	t->view.map = &t->map;
}

static void twin_done(struct twin *t)
{
	for (size_t i = 0; i < t->patches; i++) {
		free(t->patched[i]);
		value_writer_done(&t->written[i]);
	}
	value_writer_done(&t->base_writer);
	value_map_done(&t->map);
	free((void *)t->base_bytes.ptr);
	free(t->bytes);
}

static void set_size(struct twin *t, uint64_t size)
{
	if (size < t->size)
		memset(t->bytes + size, 0, SIZE_MAX_BYTES - size);
	t->size = size;
}

/* A random patch, made on both. */
static void twin_patch(struct twin *t)
{
	uint64_t offset = rng_below(&t->rng, SIZE_MAX_BYTES);
	uint64_t len = 1 + rng_below(&t->rng, rng_below(&t->rng, 4) ? 300 : 15000);
	struct patch p = {.op = (enum patch_op)rng_below(&t->rng, 4), .offset = offset};
	struct buf meta = {0}, value = {0};
	struct patch decoded;
	size_t i = t->patches++;

	len = min_of(len, (uint64_t)SIZE_MAX_BYTES - offset);
	p.len = len;
	p.size = p.op == PATCH_RESIZE ? offset : max_of(t->size, offset + len);
	if (rng_below(&t->rng, 8) == 0)
		p.size = max_of(offset + len, p.size / 2);
	set_size(t, p.size);
	t->patched[i] = malloc(len);
	rng_fill(&t->rng, t->patched[i], len);
	t->written[i] = (struct value_writer){.blobs = t->fixture->store};
	if (p.op == PATCH_BYTES)
		p.bytes = slice_of(t->patched[i], len);
	if (p.op == PATCH_EXTENTS) {
		ck_assert_int_eq(
			value_writer_bytes(&t->written[i], offset, slice_of(t->patched[i], len)),
			0);
		p.extents = buf_slice(&t->written[i].extents);
	}
	if (p.op == PATCH_BYTES || p.op == PATCH_EXTENTS)
		memcpy(t->bytes + offset, t->patched[i], len);
	if (p.op == PATCH_ZEROS)
		memset(t->bytes + offset, 0, len);

	/* by way of the record's bytes */
	ck_assert_int_eq(value_meta_append(&meta, p.size, slice_str("meta")), 0);
	ck_assert_int_eq(patch_append(&value, &p), 0);
	ck_assert_int_eq(patch_decode(buf_slice(&meta), buf_slice(&value), &decoded), 0);
	ck_assert_uint_eq(decoded.size, p.size);
	if (p.op == PATCH_BYTES)
		decoded.bytes = p.bytes; /* these stay */
	ck_assert_int_eq(value_map_apply(&t->map, &decoded), 0);
	t->view.size = t->map.size;
	buf_done(&meta);
	buf_done(&value);
}

static void check_range(struct twin *t, const struct value_view *view, uint64_t offset, size_t len)
{
	uint8_t *got = malloc(len + 1);
	const struct value_range range = {.offset = offset, .into = got, .len = len};
	size_t got_len = 0, want = offset < t->size ? min_of(len, (size_t)(t->size - offset)) : 0;

	ck_assert_int_eq(value_view_read(view, t->fixture->store, &range, &got_len), 0);
	ck_assert_uint_eq(got_len, want);
	ck_assert(memcmp(got, t->bytes + offset, want) == 0);
	free(got);
}

/* From data to hole to data: holes are zeros, and lie where the other is not. */
static void check_holes(struct twin *t, const struct value_view *view)
{
	uint64_t at = 0, data, hole;

	while (at < t->size) {
		ck_assert_int_eq(value_view_seek(view, at, true, &hole), 0);
		ck_assert(hole >= at && hole <= t->size);
		if (value_view_seek(view, at, false, &data)) {
			ck_assert_uint_eq(hole, at);
			data = t->size;
		}
		ck_assert(hole == at || data == at);
		for (uint64_t i = hole; i < data; i++)
			ck_assert(t->bytes[i] == 0);
		at = max_of(hole, data);
	}
	ck_assert_int_eq(value_view_seek(view, t->size, true, &hole), -ENXIO);
}

static void check_view(struct twin *t, const struct value_view *view)
{
	ck_assert_uint_eq(view->size, t->size);
	check_holes(t, view);
	check_range(t, view, 0, SIZE_MAX_BYTES);
	for (int i = 0; i < 5; i++)
		check_range(t, view, rng_below(&t->rng, SIZE_MAX_BYTES),
			    (size_t)rng_below(&t->rng, 9000));
}

/* What the writer makes of the view, shifted by `shift`, is the same value. */
static void check_writer(struct twin *t, uint64_t shift)
{
	struct value_writer w = {.blobs = t->fixture->store};
	uint64_t window = blob_store_options(t->fixture->store)->chunk_bytes;

	ck_assert_int_eq(value_writer_view(&w, &t->view, 0, t->size, shift), 0);
	ck_assert_int_eq(extent_list_check(buf_slice(&w.extents), t->size + shift), 0);
	/* no window has more extents than are allowed, and what two share */
	ck_assert_uint_le(extent_list_count(buf_slice(&w.extents)),
			  (VALUE_WINDOW_EXTENTS + 1) * (t->size / window + 2));
	struct value_view whole = {.size = t->size + shift, .extents = buf_slice(&w.extents)};
	uint8_t *got = calloc(1, SIZE_MAX_BYTES + 1);
	const struct value_range range = {.offset = shift, .into = got, .len = SIZE_MAX_BYTES};
	size_t len = 0;

	ck_assert_int_eq(value_view_read(&whole, t->fixture->store, &range, &len), 0);
	ck_assert_uint_eq(len, t->size);
	ck_assert(memcmp(got, t->bytes, len) == 0);
	free(got);
	value_writer_done(&w);
}

START_TEST(a_patched_value_reads_as_the_bytes_do)
{
	uint64_t seed = unit_seed();

	for (unsigned round = 0; round < ROUNDS; round++) {
		struct fixture f;
		struct twin t;

		fixture_init(&f, fixture_options());
		twin_init(&t, &f, seed + round);
		check_view(&t, &t.view);
		for (int i = 0; i < PATCHES; i++) {
			twin_patch(&t);
			check_view(&t, &t.view);
		}
		check_writer(&t, 0);
		check_writer(&t, rng_below(&t.rng, 10000));
		twin_done(&t);
		fixture_done(&f);
	}
}
END_TEST

/* As an append does, and as a random write of 4 KiB does. */
START_TEST(many_patches_make_a_map_that_finds_each)
{
	enum {
		COUNT = 20000
	};
	struct value_map m;
	struct segment s;
	struct rng rng;
	static uint8_t bytes[COUNT];

	rng_seed(&rng, unit_seed());
	value_map_init(&m, 0);
	for (unsigned i = 0; i < COUNT; i++) {
		struct patch p = {.size = (i + 1) * 10,
				  .op = PATCH_BYTES,
				  .offset = i * 10,
				  .len = 10,
				  .bytes = slice_of(&bytes[0], 10)};

		ck_assert_int_eq(value_map_apply(&m, &p), 0);
	}
	ck_assert_uint_eq(m.segments, COUNT);
	for (unsigned i = 0; i < COUNT; i++) {
		struct patch p = {.size = COUNT * 10,
				  .op = PATCH_BYTES,
				  .offset = rng_below(&rng, COUNT * 10 - 1),
				  .len = 1,
				  .bytes = slice_of(&bytes[i], 1)};

		ck_assert_int_eq(value_map_apply(&m, &p), 0);
		ck_assert(value_map_find(&m, p.offset, &s));
		ck_assert_uint_eq(s.offset, p.offset);
		ck_assert_ptr_eq(s.bytes, &bytes[i]);
	}
	/* cut to nothing */
	struct patch cut = {.op = PATCH_RESIZE};

	ck_assert_int_eq(value_map_apply(&m, &cut), 0);
	ck_assert_uint_eq(m.segments, 0);
	ck_assert(!value_map_find(&m, 0, &s));
	value_map_done(&m);
}
END_TEST

/* Cutting hides the base for good: growing again shows zeros. */
START_TEST(what_was_cut_off_never_comes_back)
{
	const struct patch cut = {.size = 3, .op = PATCH_RESIZE}, grow = {.size = 6};
	struct value_map m;
	struct value_view v = {.size = 6, .bytes = slice_str("abcdef"), .map = &m};
	char got[8] = "";
	size_t len = 0;
	struct fixture f;

	fixture_init(&f, fixture_options());
	value_map_init(&m, 6);
	ck_assert_int_eq(value_map_apply(&m, &cut), 0);
	ck_assert_int_eq(value_map_apply(&m, &grow), 0);
	const struct value_range range = {.into = got, .len = sizeof(got)};

	ck_assert_int_eq(value_view_read(&v, f.store, &range, &len), 0);
	ck_assert_uint_eq(len, 6);
	ck_assert(memcmp(got, "abc\0\0\0", 6) == 0);
	value_map_done(&m);
	fixture_done(&f);
}
END_TEST

/* Bytes of a patch that nobody vouches for: cut at each byte, and each byte changed. */
START_TEST(a_patch_that_makes_no_sense_is_refused)
{
	const struct patch good[] = {
		{.size = 100, .op = PATCH_BYTES, .offset = 90, .bytes = slice_str("0123456789")},
		{.size = 100, .op = PATCH_ZEROS, .offset = 90, .len = 10},
	};

	for (size_t i = 0; i < array_size(good); i++) {
		struct buf meta = {0}, value = {0};
		struct patch p;

		ck_assert_int_eq(value_meta_append(&meta, good[i].size, slice_str("")), 0);
		ck_assert_int_eq(patch_append(&value, &good[i]), 0);
		ck_assert_int_eq(patch_decode(buf_slice(&meta), buf_slice(&value), &p), 0);
		meta.ptr[0]--; /* it now reaches beyond the size */
		ck_assert_int_eq(patch_decode(buf_slice(&meta), buf_slice(&value), &p), -EUCLEAN);
		meta.ptr[0]++;
		for (size_t len = 0; len < 2; len++)
			ck_assert_int_eq(
				patch_decode(buf_slice(&meta), slice_of(value.ptr, len), &p),
				-EUCLEAN);
		value.ptr[0] = PATCH_EXTENTS + 1;
		ck_assert_int_eq(patch_decode(buf_slice(&meta), buf_slice(&value), &p), -EUCLEAN);
		value.ptr[0] = PATCH_EXTENTS;
		ck_assert_int_eq(patch_decode(buf_slice(&meta), buf_slice(&value), &p), -EUCLEAN);
		value.ptr[0] = PATCH_RESIZE;
		ck_assert_int_eq(patch_decode(buf_slice(&meta), buf_slice(&value), &p), -EUCLEAN);
		ck_assert_int_eq(patch_decode(slice_str(""), buf_slice(&value), &p), -EUCLEAN);
		buf_done(&meta);
		buf_done(&value);
	}
}
END_TEST

static bool is_leaving(void *arg, uint64_t file)
{
	return *(uint64_t *)arg == file;
}

START_TEST(chunks_move_out_of_a_leaving_file)
{
	struct fixture f;
	struct buf bytes = {0};
	struct value_writer w = {0}, moved = {0};
	uint64_t moved_bytes = 0;

	fixture_init(&f, fixture_options());
	w.blobs = moved.blobs = f.store;
	ck_assert_int_eq(buf_reserve(&bytes, 20000), 0);
	bytes.len = 20000;
	fixture_fill(bytes.ptr, bytes.len, 7, false);
	ck_assert_int_eq(value_writer_bytes(&w, 0, slice_of(bytes.ptr, 8192)), 0);
	blob_store_seal(f.store);
	ck_assert_int_eq(value_writer_bytes(&w, 8192, slice_of(bytes.ptr + 8192, 20000 - 8192)), 0);
	uint64_t leaving = w.refs.refs[0].number;

	ck_assert_uint_eq(w.refs.count, 2);
	ck_assert_int_eq(value_writer_move(&moved, buf_slice(&w.extents), is_leaving, &leaving,
					   &moved_bytes),
			 0);
	ck_assert_uint_eq(moved_bytes, 8192);
	ck_assert_ptr_null(blob_refs_find(&moved.refs, leaving));
	value_writer_done(&w); /* the last who held the file */
	blob_store_purge(f.store);
	ck_assert(!fixture_has_file(&f, leaving));
	struct value_view v = {.size = 20000, .extents = buf_slice(&moved.extents)};
	uint8_t *got = malloc(20000);
	const struct value_range range = {.into = got, .len = 20000};
	size_t len = 0;

	ck_assert_int_eq(value_view_read(&v, f.store, &range, &len), 0);
	ck_assert(len == 20000 && memcmp(got, bytes.ptr, len) == 0);
	free(got);
	value_writer_done(&moved);
	buf_done(&bytes);
	fixture_done(&f);
}
END_TEST

/* The second claims the first one's chunk to be longer than it is. */
START_TEST(extents_that_disagree_about_a_chunk_read_no_bytes_of_others)
{
	uint8_t got[300];
	const struct value_range range = {.into = got, .len = sizeof(got)};
	struct blob_file *file;
	struct buf list = {0};
	struct fixture f;
	size_t len = 0;

	fixture_init(&f, fixture_options());
	struct extent e = fixture_write(&f, 1, 200, true, &file), longer = e;

	ck_assert_uint_lt(e.stored_len, 200);
	longer.offset = 200;
	longer.raw_len = 5000;
	longer.from = 4000;
	longer.len = 100;
	ck_assert_int_eq(extent_append(&list, &e), 0);
	ck_assert_int_eq(extent_append(&list, &longer), 0);
	ck_assert_int_eq(extent_list_check(buf_slice(&list), 300), 0);
	const struct value_view v = {.size = 300, .extents = buf_slice(&list)};

	ck_assert_int_eq(value_view_read(&v, f.store, &range, &len), -EUCLEAN);
	buf_done(&list);
	blob_file_unref(file);
	fixture_done(&f);
}
END_TEST

/* Of its 2^34 windows one has something in it; the others are not even looked at. */
START_TEST(a_hole_costs_the_writer_nothing)
{
	const struct patch p = {.size = BLOB_VALUE_MAX,
				.op = PATCH_BYTES,
				.offset = BLOB_VALUE_MAX - 5,
				.len = 5,
				.bytes = slice_str("bytes")};
	struct fixture f;
	struct value_map map;
	struct extent e;

	fixture_init(&f, fixture_options());
	struct value_writer w = {.blobs = f.store};

	value_map_init(&map, 0);
	ck_assert_int_eq(value_map_apply(&map, &p), 0);
	const struct value_view v = {.size = map.size, .map = &map};

	ck_assert_int_eq(value_writer_view(&w, &v, 0, v.size, 0), 0);
	ck_assert_uint_eq(extent_list_count(buf_slice(&w.extents)), 1);
	ck_assert_int_eq(extent_list_get(buf_slice(&w.extents), 0, &e), 0);
	ck_assert(e.offset == p.offset && e.len == 5);
	value_writer_done(&w);
	value_map_done(&map);
	fixture_done(&f);
}
END_TEST

/* A value from `offset` on, written at once, reads as the bytes do. */
static void check_large_write(struct fixture *f, uint64_t offset, size_t len)
{
	struct value_writer w = {.blobs = f->store, .lane = len};
	uint8_t *bytes = malloc(len), *got = malloc(len);
	const struct value_range range = {.offset = offset, .into = got, .len = len};
	size_t got_len;

	fixture_fill(bytes, len, len, false);
	ck_assert_int_eq(value_writer_bytes(&w, offset, slice_of(bytes, len)), 0);
	ck_assert_int_eq(extent_list_check(buf_slice(&w.extents), offset + len), 0);
	const struct value_view v = {.size = offset + len, .extents = buf_slice(&w.extents)};

	ck_assert_int_eq(value_view_read(&v, f->store, &range, &got_len), 0);
	ck_assert_uint_eq(got_len, len);
	ck_assert_int_eq(memcmp(got, bytes, len), 0);
	value_writer_done(&w);
	free(bytes);
	free(got);
}

START_TEST(two_threads_write_a_large_value)
{
	const size_t min = VALUE_SHARE_MIN;
	struct fixture f;
	struct blob_options options = fixture_options();

	options.file_bytes = 200 << 10;
	options.chunk_bytes = 100 << 10;
	fixture_init(&f, options);
	for (size_t len = min - 1; len <= min + 1; len++)
		check_large_write(&f, 0, len);
	check_large_write(&f, 12345, 3 * min);
	check_large_write(&f, options.chunk_bytes, 2 * min);
	check_large_write(&f, options.chunk_bytes - 1, 2 * min + 1);
	fixture_done(&f);
	/* two chunks are the least there is to share */
	options.chunk_bytes = VALUE_SHARE_MIN / 2;
	fixture_init(&f, options);
	check_large_write(&f, 0, min);
	check_large_write(&f, 0, min + 1);
	check_large_write(&f, min - 1, min + 1);
	fixture_done(&f);
}
END_TEST

/* Whichever thread's call it is. */
START_TEST(a_failure_of_either_thread_is_the_writers)
{
	const size_t len = VALUE_SHARE_MIN;
	struct blob_options options = fixture_options();
	uint8_t *bytes = malloc(len);
	unsigned failed = 0;
	int rc = -EIO;

	options.chunk_bytes = 64 << 10;
	fixture_fill(bytes, len, 1, false);
	for (uint64_t nth = 1; rc; nth++) {
		struct fixture f;

		fixture_init(&f, options);
		struct value_writer w = {.blobs = f.store};

		fixture_fail_write(&f, nth, -EIO, ENV_FAULT_ERROR);
		rc = value_writer_bytes(&w, 0, slice_of(bytes, len));
		ck_assert(rc == 0 || rc == -EIO);
		failed += rc != 0;
		value_writer_done(&w);
		fixture_done(&f);
	}
	ck_assert_uint_ge(failed, 8); /* each chunk, at least */
	free(bytes);
}
END_TEST

START_TEST(what_does_not_shrink_is_not_tried_again_at_once)
{
	const size_t chunk = fixture_options().chunk_bytes;
	const size_t count = VALUE_UNTRIED + 2;
	struct fixture f;
	struct extent e;
	uint8_t *bytes = malloc(count * chunk);

	fixture_init(&f, fixture_options());
	struct value_writer w = {.blobs = f.store};

	fixture_fill(bytes, chunk, 1, false);
	memset(bytes + chunk, 'x', (count - 1) * chunk);
	ck_assert_int_eq(value_writer_bytes(&w, 0, slice_of(bytes, count * chunk)), 0);
	for (size_t i = 0; i < count; i++) {
		ck_assert_int_eq(extent_list_get(buf_slice(&w.extents), i, &e), 0);
		ck_assert((e.stored_len < e.raw_len) == (i == count - 1));
	}
	value_writer_done(&w);
	fixture_done(&f);
	free(bytes);
}
END_TEST

static const TTest *const *const tests[] = {
	&a_patched_value_reads_as_the_bytes_do,
	&many_patches_make_a_map_that_finds_each,
	&what_was_cut_off_never_comes_back,
	&a_patch_that_makes_no_sense_is_refused,
	&chunks_move_out_of_a_leaving_file,
	&extents_that_disagree_about_a_chunk_read_no_bytes_of_others,
	&a_hole_costs_the_writer_nothing,
	&two_threads_write_a_large_value,
	&a_failure_of_either_thread_is_the_writers,
	&what_does_not_shrink_is_not_tried_again_at_once,
};

UNIT_SUITE("lsm/blob/value", tests)
