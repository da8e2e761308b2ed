#include "lsm/base/coding.h"
#include "lsm/base/crc32c.h"
#include "lsm/tree/manifest_bytes.h"
#include "tests/unit/lsm/tree/manifest_fixture.h"

#define NAME "MANIFEST-000005"

struct written {
	struct disk disk;
	struct buf bytes;
	uint64_t ends[MANIFEST_EDITS];
	struct buf states[MANIFEST_EDITS]; /* as text, after each edit */
};

static int replay_text(struct slice content, struct buf *text, uint64_t *ret_edits)
{
	struct manifest_state state = {0};
	int err = manifest_replay(NAME, content, &state);

	if (!err) {
		manifest_state_text(&state, text);
		*ret_edits = state.edits;
	}
	manifest_state_done(&state);
	return err;
}

static void written_open(struct written *w)
{
	uint64_t edits = 0;

	memset(w, 0, sizeof(*w));
	disk_open(&w->disk);
	manifest_write_all(w->disk.dir, w->ends);
	w->bytes = disk_bytes(w->disk.env, NAME);
	for (int i = 0; i < MANIFEST_EDITS; i++) {
		ck_assert_int_eq(
			replay_text(slice_of(w->bytes.ptr, w->ends[i]), &w->states[i], &edits), 0);
		ck_assert_uint_eq(edits, i + 1);
	}
}

static void written_close(struct written *w)
{
	for (int i = 0; i < MANIFEST_EDITS; i++)
		buf_done(&w->states[i]);
	buf_done(&w->bytes);
	disk_close(&w->disk);
}

/*
 * An error with a sentence that names the file, or one of the states that once were. Returns which,
 * -1 for an error.
 */
static int expect_error_or_older(const struct written *w, struct slice content)
{
	struct buf text = {0};
	uint64_t edits = 0;
	int found = -1;

	fail_clear();
	int err = replay_text(content, &text, &edits);
	if (err) {
		ck_assert(err == -EUCLEAN || err == -EBADMSG);
		ck_assert(strncmp(fail_text(), NAME, strlen(NAME)) == 0);
	} else {
		ck_assert(edits >= 1 && edits <= MANIFEST_EDITS);
		ck_assert(slice_eq(buf_slice(&text), buf_slice(&w->states[edits - 1])));
		found = (int)edits - 1;
	}
	buf_done(&text);
	return found;
}

START_TEST(the_edits_add_up)
{
	struct written w;

	written_open(&w);
	ck_assert_str_eq((char *)w.states[0].ptr,
			 "id=1122334455667788 next=6 flushed=40 logs=4,"
			 " 1/2:2 id=2000006 size=1000 seqnos=1-2 b-k"
			 " 0/0:3 id=3000009 size=12345 seqnos=4-40 apple-pear cursor1=banana");
	ck_assert_str_eq((char *)w.states[4].ptr,
			 "id=1122334455667788 next=12 flushed=60 logs=6,"
			 " 2/11:7 id=7000021 size=1000 seqnos=41-60 c-d"
			 " 1/2:8 id=8000024 size=99999 seqnos=1-8 apple-pear"
			 " cursor0=pear cursor1=banana");
	written_close(&w);
}
END_TEST

START_TEST(a_manifest_cut_anywhere_is_an_error_or_an_older_state)
{
	struct written w;

	written_open(&w);
	for (uint64_t len = 0; len < w.bytes.len; len++) {
		int expected = -1;

		while (expected + 1 < MANIFEST_EDITS && w.ends[expected + 1] <= len)
			expected++;
		ck_assert_int_eq(expect_error_or_older(&w, slice_of(w.bytes.ptr, len)), expected);
	}
	written_close(&w);
}
END_TEST

START_TEST(any_flipped_bit_is_an_error_except_in_the_last_edit)
{
	struct written w;

	written_open(&w);
	for (size_t bit = 0; bit < w.bytes.len * 8; bit++) {
		bool last = bit / 8 >= w.ends[MANIFEST_EDITS - 2];

		w.bytes.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(expect_error_or_older(&w, buf_slice(&w.bytes)),
				 last ? MANIFEST_EDITS - 2 : -1);
		w.bytes.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	written_close(&w);
}
END_TEST

START_TEST(garbage_behind_the_last_edit_is_ignored)
{
	struct written w;
	struct rng r;

	rng_seed(&r, unit_seed());
	written_open(&w);
	for (int round = 0; round < 200; round++) {
		struct buf longer = {0};
		uint8_t garbage[300];
		size_t len = 1 + rng_below(&r, sizeof(garbage) - 1);

		memset(garbage, 0, sizeof(garbage));
		if (round % 2)
			rng_fill(&r, garbage, len);
		ck_assert_int_eq(buf_append_slice(&longer, buf_slice(&w.bytes)), 0);
		ck_assert_int_eq(buf_append(&longer, garbage, len), 0);
		ck_assert_int_eq(expect_error_or_older(&w, buf_slice(&longer)), MANIFEST_EDITS - 1);
		buf_done(&longer);
	}
	written_close(&w);
}
END_TEST

START_TEST(random_changes_of_many_bytes_never_make_up_a_state)
{
	struct written w;
	struct rng r;

	rng_seed(&r, unit_seed());
	written_open(&w);
	for (int round = 0; round < 2000; round++) {
		struct buf changed = {0};

		ck_assert_int_eq(buf_set(&changed, buf_slice(&w.bytes)), 0);
		for (uint64_t n = 1 + rng_below(&r, 20); n > 0; n--)
			changed.ptr[rng_below(&r, changed.len)] = (uint8_t)rng_next(&r);
		(void)expect_error_or_older(&w, slice_of(changed.ptr, rng_below(&r, changed.len)));
		(void)expect_error_or_older(&w, buf_slice(&changed));
		buf_done(&changed);
	}
	written_close(&w);
}
END_TEST

/* ---- valid frames around edits that make no sense ---- */

static void append_edit(struct buf *out, struct slice payload)
{
	uint8_t header[MANIFEST_EDIT_HEADER_SIZE];

	fixed32_put(header, manifest_edit_crc(MANIFEST_STORE_ID, out->len, payload));
	fixed32_put(header + 4, (uint32_t)payload.len);
	ck_assert_int_eq(buf_append(out, header, sizeof(header)), 0);
	ck_assert_int_eq(buf_append_slice(out, payload), 0);
}

static void begin_manifest(struct buf *out, const char *first, size_t first_len)
{
	uint8_t header[MANIFEST_HEADER_SIZE];

	manifest_header_encode(MANIFEST_STORE_ID, header);
	ck_assert_int_eq(buf_append(out, header, sizeof(header)), 0);
	append_edit(out, slice_of(first, first_len));
}

#define WHOLE "\x01\x09\x02\x05" /* next file 9, flushed 5 */
#define TABLE(level, number, from, to)                                                             \
	"\x05" level number "\x07\x7f\x03\x01\x01\x02\x01" from "\x01" to

#define RUN_TABLE(level, run, number, from, to)                                                    \
	"\x08" level run number "\x07\x7f\x03\x01\x01\x02\x01" from "\x01" to

START_TEST(edits_that_do_not_fit_each_other_are_damage)
{
	static const struct {
		const char *first, *second; /* strings without zero bytes */
		const char *sentence;
	} cases[] = {
		{"\x01\x09", "", "the first edit is not a whole state"},
		{"\x02\x05", "", "the first edit is not a whole state"},
		{WHOLE, "\x01\x08", "a number goes backwards"},
		{WHOLE, "\x02\x04", "a number goes backwards"},
		{WHOLE "\x03\x04", "\x03\x04", "a log is added twice"},
		{WHOLE, "\x06\x01\x04", "a table is removed that is not there"},
		{WHOLE TABLE("\x01", "\x04", "a", "b"), TABLE("\x02", "\x04", "c", "d"),
		 "a table is added twice"},
		{WHOLE, "\x63", "unknown field"},
		{WHOLE TABLE("\x01", "\x09", "a", "b"), "", "is not below the next file's number"},
		{WHOLE RUN_TABLE("\x01", "\x09", "\x04", "a", "b"), "",
		 "is not below the next file's number"},
		{WHOLE RUN_TABLE("\x01", "\x08", "\x04", "a", "b"),
		 RUN_TABLE("\x01", "\x07", "\x05", "a", "b"), NULL},
		{WHOLE "\x03\x09", "", "is not below the next file's number"},
		{WHOLE RUN_TABLE("\x01", "\x08", "\x04", "a", "b") "\x0a\x04\x01\x09\x05\x21", "",
		 "is not below the next file's number"},
		{WHOLE RUN_TABLE("\x01", "\x08", "\x04", "a", "b") "\x0a\x04\x01\x08\x05\x21", "",
		 NULL},
		{WHOLE, "\x0a\x04\x01\x08\x05\x21", "blobs of a table that was not just added"},
		{WHOLE TABLE("\x01", "\x08", "a", "b") "\x03\x07", "\x03\x06", NULL},
		{WHOLE "\x0c\x01n\x05\x01", "\x0c\x01n\x04\x01", "a snapshot is named twice"},
		{WHOLE "\x0c\x01n\x05\x01", "\x0d\x01m", "a snapshot is dropped that is not there"},
		{WHOLE "\x0c\x01n\x05\x01", "\x0c\x01n\x04\x01\x0d\x01n", NULL},
		{WHOLE "\x0c\x01n\x06\x01", "",
		 "a snapshot of seqno 6 that was not yet on the disk"},
		{WHOLE "\x0c\x01n\x06\x01", "\x09\x06", NULL},
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct buf content = {0};
		struct manifest_state state = {0};

		begin_manifest(&content, cases[i].first, strlen(cases[i].first));
		if (*cases[i].second)
			append_edit(&content, slice_str(cases[i].second));
		fail_clear();
		int err = manifest_replay(NAME, buf_slice(&content), &state);
		ck_assert_msg(err == (cases[i].sentence ? -EUCLEAN : 0), "case %zu: %d %s", i, err,
			      fail_text());
		if (err)
			ck_assert_msg(strstr(fail_text(), cases[i].sentence) != NULL,
				      "case %zu: %s", i, fail_text());
		manifest_state_done(&state);
		buf_done(&content);
	}
}
END_TEST

START_TEST(another_version_or_another_file_is_refused)
{
	struct written w;
	struct manifest_state state = {0};

	written_open(&w);
	fixed32_put(w.bytes.ptr + 8, 2);
	fixed32_put(w.bytes.ptr + 28, crc32c(0, w.bytes.ptr, 28));
	ck_assert_int_eq(manifest_replay(NAME, buf_slice(&w.bytes), &state), -EUCLEAN);
	ck_assert_str_eq(fail_text(), NAME ": offset 8: version 2 is not known");
	manifest_state_done(&state);
	fixed32_put(w.bytes.ptr + 8, 1);
	w.bytes.ptr[12] = 1;
	fixed32_put(w.bytes.ptr + 28, crc32c(0, w.bytes.ptr, 28));
	ck_assert_int_eq(manifest_replay(NAME, buf_slice(&w.bytes), &state), -EUCLEAN);
	manifest_state_done(&state);
	ck_assert_int_eq(manifest_replay(NAME, slice_str("apex"), &state), -EUCLEAN);
	manifest_state_done(&state);
	ck_assert_int_eq(manifest_replay(NAME, slice_of(NULL, 0), &state), -EUCLEAN);
	manifest_state_done(&state);
	/* The same edits under another store's id are another store's. */
	uint8_t header[MANIFEST_HEADER_SIZE];
	manifest_header_encode(MANIFEST_STORE_ID + 1, header);
	memcpy(w.bytes.ptr, header, sizeof(header));
	ck_assert_int_eq(manifest_replay(NAME, buf_slice(&w.bytes), &state), -EBADMSG);
	manifest_state_done(&state);
	written_close(&w);
}
END_TEST

START_TEST(current_comes_back_and_any_flipped_bit_in_it_is_an_error)
{
	static const uint64_t numbers[] = {1, 5, 999999, 1234567};
	struct disk d;
	uint64_t found = 0;

	disk_open(&d);
	ck_assert_int_eq(current_read(d.dir, &found), -ENOENT);
	for (size_t i = 0; i < array_size(numbers); i++) {
		ck_assert_int_eq(current_write(d.dir, numbers[i]), 0);
		ck_assert_int_eq(current_read(d.dir, &found), 0);
		ck_assert_uint_eq(found, numbers[i]);
	}
	struct buf line = disk_bytes(d.env, "CURRENT");
	for (size_t bit = 0; bit < line.len * 8; bit++) {
		line.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_eq(env_mem_set_file(d.env, FIXTURE_DIR, "CURRENT", buf_slice(&line)),
				 0);
		int err = current_read(d.dir, &found);
		ck_assert_msg(err == -EBADMSG || err == -EUCLEAN, "bit %zu: %d", bit, err);
		ck_assert_int_eq(strncmp(fail_text(), "CURRENT:", 8), 0);
		line.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t len = 0; len < line.len; len++) {
		ck_assert_int_eq(
			env_mem_set_file(d.env, FIXTURE_DIR, "CURRENT", slice_of(line.ptr, len)),
			0);
		int err = current_read(d.dir, &found);
		ck_assert_msg(err == -EBADMSG || err == -EUCLEAN, "length %zu: %d", len, err);
	}
	char large[4096];
	memset(large, 'M', sizeof(large));
	ck_assert_int_eq(
		env_mem_set_file(d.env, FIXTURE_DIR, "CURRENT", slice_of(large, sizeof(large))), 0);
	ck_assert_int_eq(current_read(d.dir, &found), -EUCLEAN);
	buf_done(&line);
	disk_close(&d);
}
END_TEST

START_TEST(a_manifest_that_current_names_must_be_there)
{
	struct disk d;
	struct manifest_state state = {0};

	disk_open(&d);
	ck_assert_int_eq(manifest_read(d.dir, 5, &state), -EUCLEAN);
	ck_assert_str_eq(fail_text(), "CURRENT: names MANIFEST-000005, which is missing");
	manifest_state_done(&state);
	disk_close(&d);
}
END_TEST

/* A manifest of the fixture's first edit, by a writer with these limits. */
static struct manifest_writer create_limited(struct disk *d, uint64_t edit_max, uint64_t file_max)
{
	struct manifest_writer w = {.edit_max = edit_max, .file_max = file_max};
	struct version_edit e;

	disk_open(d);
	manifest_first_edit(&e);
	ck_assert_int_eq(
		manifest_create(d->dir, MANIFEST_NUMBER, ENV_CREATE, MANIFEST_STORE_ID, &e, &w), 0);
	version_edit_done(&e);
	return w;
}

static uint64_t file_bytes(struct disk *d)
{
	uint64_t size = 0;

	ck_assert_int_eq(env_dir_file_size(d->dir, NAME, &size), 0);
	return size;
}

START_TEST(what_does_not_fit_takes_no_space)
{
	static const uint8_t bytes[1001];
	struct disk d;
	struct manifest_writer w = create_limited(&d, 1000, 1500);
	const uint64_t begun = w.size_bytes;

	ck_assert_int_eq(manifest_reserve(&w, slice_of(bytes, 1001)), -EFBIG);
	ck_assert_uint_eq(file_bytes(&d), begun);
	/* space is taken in steps, but not behind what a reader accepts */
	ck_assert_int_eq(manifest_reserve(&w, slice_of(bytes, 1000)), 0);
	ck_assert_uint_eq(file_bytes(&d), 1500);
	ck_assert_int_eq(manifest_append(&w, slice_of(bytes, 1000)), 0);
	ck_assert_int_eq(manifest_reserve(&w, slice_of(bytes, 500)), -EFBIG);
	ck_assert_int_eq(manifest_append(&w, slice_of(bytes, 500)), -EFBIG);
	ck_assert_uint_eq(file_bytes(&d), 1500);
	ck_assert_uint_eq(w.size_bytes, begun + MANIFEST_EDIT_HEADER_SIZE + 1000);
	manifest_close(&w);
	disk_close(&d);
}
END_TEST

enum {
	MANY_TABLES = 40,
	SMALL_EDIT = 1000, /* a few tables */
};

/* The fixture's first edit with more of everything, and tables in two levels and some runs. */
static void large_state(struct version_edit *e)
{
	const struct named_snapshot shown = named_snapshot_of(slice_str("shown"), 70);

	manifest_first_edit(e);
	e->next_file = 900;
	e->has_durable_seqno = e->has_separator = e->has_note = true;
	e->durable_seqno = 70;
	e->separator = '|';
	ck_assert_int_eq(buf_set(&e->note, slice_str("a note")), 0);
	ck_assert_int_eq(snapshot_list_insert(&e->snapshots_named, &shown), 0);
	for (int i = 0; i < MANY_TABLES; i++) {
		char smallest[16], largest[16];
		struct spec table = {.level = 2 + i % 2,
				     .run = (uint64_t)(i % 3 + 20),
				     .number = (uint64_t)(100 + i),
				     .smallest = smallest,
				     .largest = largest};

		(void)snprintf(smallest, sizeof(smallest), "k%03da", i);
		(void)snprintf(largest, sizeof(largest), "k%03db", i);
		if (i % 4 == 0)
			table.blobs[0] = (struct blob_ref){.number = 500, .bytes = 9, .end = 4097};
		spec_edit(e, &table, 1);
	}
}

/* The bytes of a manifest with that state. */
static struct buf large_manifest(uint64_t edit_max)
{
	struct manifest_writer w = {.edit_max = edit_max};
	struct version_edit e;
	struct disk d;

	disk_open(&d);
	large_state(&e);
	ck_assert_int_eq(
		manifest_create(d.dir, MANIFEST_NUMBER, ENV_CREATE, MANIFEST_STORE_ID, &e, &w), 0);
	version_edit_done(&e);
	manifest_close(&w);
	ck_assert_int_eq(env_dir_sync(d.dir), 0);
	env_mem_power_cut(d.env);
	struct buf bytes = disk_bytes(d.env, NAME);
	disk_close(&d);
	return bytes;
}

static void expect_same_state(const struct manifest_state *a, const struct manifest_state *b)
{
	struct buf ours = {0}, theirs = {0};

	manifest_state_text(a, &ours);
	manifest_state_text(b, &theirs);
	ck_assert_str_eq((char *)ours.ptr, (char *)theirs.ptr);
	buf_done(&ours);
	buf_done(&theirs);
	ck_assert_uint_eq(a->durable_seqno, b->durable_seqno);
	ck_assert(a->has_separator == b->has_separator && a->separator == b->separator);
	ck_assert(a->has_note == b->has_note);
	ck_assert(slice_eq(buf_slice(&a->note), buf_slice(&b->note)));
	ck_assert(snapshot_list_equal(&a->snapshots, &b->snapshots));
	for (size_t i = 0; i < a->tables.count; i++)
		ck_assert_uint_eq(a->tables.files[i].file->blobs.count,
				  b->tables.files[i].file->blobs.count);
}

START_TEST(a_state_too_long_for_one_edit_is_several)
{
	struct buf one = large_manifest(0), several = large_manifest(SMALL_EDIT);
	struct manifest_state whole = {0}, summed = {0};
	struct slice left = slice_skip(buf_slice(&several), MANIFEST_HEADER_SIZE);

	ck_assert_int_eq(manifest_replay(NAME, buf_slice(&one), &whole), 0);
	ck_assert_int_eq(manifest_replay(NAME, buf_slice(&several), &summed), 0);
	ck_assert_uint_eq(whole.edits, 1);
	ck_assert_uint_ge(summed.edits, 5);
	expect_same_state(&whole, &summed);
	while (left.len > 0) {
		uint32_t edit_len = fixed32_get(left.ptr + 4);

		ck_assert_uint_le(edit_len, SMALL_EDIT);
		left = slice_skip(left, MANIFEST_EDIT_HEADER_SIZE + edit_len);
	}
	manifest_state_done(&whole);
	manifest_state_done(&summed);
	buf_done(&one);
	buf_done(&several);
}
END_TEST

/* Neither the crash of a writer nor damage makes less of it: CURRENT names it when all is there. */
START_TEST(a_state_of_several_edits_is_whole_or_damaged)
{
	struct buf bytes = large_manifest(SMALL_EDIT), text = {0};
	uint64_t edits;

	for (size_t len = 0; len < bytes.len; len++) {
		int err = replay_text(slice_of(bytes.ptr, len), &text, &edits);

		ck_assert_msg(err == -EUCLEAN || err == -EBADMSG, "length %zu: %d", len, err);
	}
	for (size_t bit = 0; bit < bytes.len * 8; bit++) {
		bytes.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
		int err = replay_text(buf_slice(&bytes), &text, &edits);

		ck_assert_msg(err == -EUCLEAN || err == -EBADMSG, "bit %zu: %d", bit, err);
		bytes.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	buf_done(&text);
	buf_done(&bytes);
}
END_TEST

static const TTest *const *const tests[] = {
	&the_edits_add_up,
	&a_manifest_cut_anywhere_is_an_error_or_an_older_state,
	&any_flipped_bit_is_an_error_except_in_the_last_edit,
	&garbage_behind_the_last_edit_is_ignored,
	&random_changes_of_many_bytes_never_make_up_a_state,
	&edits_that_do_not_fit_each_other_are_damage,
	&another_version_or_another_file_is_refused,
	&current_comes_back_and_any_flipped_bit_in_it_is_an_error,
	&a_manifest_that_current_names_must_be_there,
	&what_does_not_fit_takes_no_space,
	&a_state_too_long_for_one_edit_is_several,
	&a_state_of_several_edits_is_whole_or_damaged,
};

UNIT_SUITE("lsm/tree/manifest", tests)
