#include "lsm/tree/file_name.h"
#include "tests/unit/lsm/tree/tree_fixture.h"

enum {
	RANDOM_ROUNDS = 3000,
};

static void random_key(struct rng *r, char *key, size_t len)
{
	rng_fill(r, key, len);
	for (size_t i = 0; i < len; i++)
		key[i] = (char)('a' + (unsigned char)key[i] % 26);
	key[len] = '\0';
}

static void random_table(struct rng *r, struct version_edit *e)
{
	char low[40], high[40];
	uint64_t seqno = 1 + rng_below(r, 1000000);

	random_key(r, low, 1 + rng_below(r, 38));
	random_key(r, high, 1 + rng_below(r, 38));
	low[0] = 'a';
	high[0] = 'z';
	int level = (int)rng_below(r, TREE_LEVELS);
	struct spec s = {
		.level = level,
		.run = level ? rng_below(r, FILE_NUMBER_MAX) : 0,
		.number = 1 + rng_below(r, FILE_NUMBER_MAX - 1),
		.smallest = low,
		.largest = high,
		.size_bytes = 100 + rng_below(r, UINT64_C(1) << 40),
		.tombstones = rng_below(r, 10),
		.smallest_seqno = seqno,
		.largest_seqno = seqno + rng_below(r, 1000),
	};
	uint64_t number = 0, blobs = rng_below(r, SPEC_BLOBS + 1);
	for (uint64_t i = 0; i < blobs; i++) {
		number += 1 + rng_below(r, 1000);
		s.blobs[i] = (struct blob_ref){
			.number = number,
			.bytes = rng_below(r, UINT64_C(1) << 50),
			.end = 33 + rng_below(r, UINT64_C(1) << 50),
		};
	}
	spec_edit(e, &s, 1);
}

/* Into the list, or its name among those dropped. */
static void random_snapshot(struct rng *r, uint64_t number, struct snapshot_list *named,
			    struct version_edit *e)
{
	struct named_snapshot s = {
		.name_len = (uint8_t)(1 + rng_below(r, SNAPSHOT_NAME_MAX)),
		.seqno = named ? rng_below(r, MANIFEST_COUNT_MAX + 1) : 0,
		.time_ns = named ? rng_next(r) : 0,
	};

	rng_fill(r, s.name, s.name_len);
	s.name[0] = (uint8_t)number;
	ck_assert_int_eq(snapshot_list_insert(named ? named : &e->snapshots_dropped, &s), 0);
}

static void random_edit(struct rng *r, struct version_edit *e)
{
	e->has_next_file = rng_below(r, 2);
	if (e->has_next_file)
		e->next_file = 1 + rng_below(r, MANIFEST_COUNT_MAX);
	e->has_flushed_seqno = rng_below(r, 2);
	if (e->has_flushed_seqno)
		e->flushed_seqno = rng_below(r, 1000000);
	e->has_separator = rng_below(r, 2);
	if (e->has_separator)
		e->separator = (uint8_t)rng_next(r);
	e->has_logs_dropped = rng_below(r, 2);
	if (e->has_logs_dropped)
		e->logs_dropped = rng_next(r);
	for (uint64_t i = rng_below(r, 4); i > 0; i--)
		ck_assert_int_eq(number_list_insert(&e->logs_added, i * 10), 0);
	for (uint64_t i = rng_below(r, 12); i > 0; i--)
		random_table(r, e);
	for (uint64_t i = rng_below(r, 12); i > 0; i--)
		ck_assert_int_eq(version_edit_remove_table(e, (int)rng_below(r, TREE_LEVELS),
							   1 + rng_below(r, 1000)),
				 0);
	if (rng_below(r, 2))
		ck_assert_int_eq(version_edit_set_cursor(e, (int)rng_below(r, TREE_LEVELS),
							 slice_str("cursor")),
				 0);
	for (uint64_t i = rng_below(r, 4); i > 0; i--)
		random_snapshot(r, i, rng_below(r, 2) ? &e->snapshots_named : NULL, e);
}

static void expect_same_file(const struct table_file *a, const struct table_file *b)
{
	ck_assert_uint_eq(a->number, b->number);
	ck_assert_uint_eq(a->id, b->id);
	ck_assert_uint_eq(a->size_bytes, b->size_bytes);
	ck_assert_uint_eq(a->entries, b->entries);
	ck_assert_uint_eq(a->tombstones, b->tombstones);
	ck_assert_uint_eq(a->smallest_seqno, b->smallest_seqno);
	ck_assert_uint_eq(a->largest_seqno, b->largest_seqno);
	ck_assert(slice_eq(a->smallest, b->smallest));
	ck_assert(slice_eq(a->largest, b->largest));
	ck_assert_uint_eq(a->blobs.count, b->blobs.count);
	for (size_t i = 0; i < a->blobs.count; i++) {
		ck_assert_uint_eq(a->blobs.refs[i].number, b->blobs.refs[i].number);
		ck_assert_uint_eq(a->blobs.refs[i].bytes, b->blobs.refs[i].bytes);
		ck_assert_uint_eq(a->blobs.refs[i].end, b->blobs.refs[i].end);
	}
}

static void expect_same(const struct version_edit *a, const struct version_edit *b)
{
	ck_assert_int_eq(a->has_next_file, b->has_next_file);
	ck_assert_uint_eq(a->next_file, b->next_file);
	ck_assert_int_eq(a->has_flushed_seqno, b->has_flushed_seqno);
	ck_assert_uint_eq(a->flushed_seqno, b->flushed_seqno);
	ck_assert_int_eq(a->has_separator, b->has_separator);
	ck_assert_uint_eq(a->separator, b->separator);
	ck_assert_int_eq(a->has_logs_dropped, b->has_logs_dropped);
	ck_assert_uint_eq(a->logs_dropped, b->logs_dropped);
	ck_assert_uint_eq(a->logs_added.count, b->logs_added.count);
	for (size_t i = 0; i < a->logs_added.count; i++)
		ck_assert_uint_eq(a->logs_added.numbers[i], b->logs_added.numbers[i]);
	ck_assert(snapshot_list_equal(&a->snapshots_named, &b->snapshots_named));
	ck_assert(snapshot_list_equal(&a->snapshots_dropped, &b->snapshots_dropped));
	ck_assert_uint_eq(a->added_count, b->added_count);
	for (size_t i = 0; i < a->added_count; i++) {
		ck_assert_int_eq(a->added[i].level, b->added[i].level);
		ck_assert_uint_eq(a->added[i].run, b->added[i].run);
		expect_same_file(a->added[i].file, b->added[i].file);
	}
	ck_assert_uint_eq(a->removed_count, b->removed_count);
	for (size_t i = 0; i < a->removed_count; i++) {
		ck_assert_int_eq(a->removed[i].level, b->removed[i].level);
		ck_assert_uint_eq(a->removed[i].number, b->removed[i].number);
	}
	for (int level = 0; level < TREE_LEVELS; level++) {
		ck_assert_int_eq(a->has_cursor[level], b->has_cursor[level]);
		ck_assert(slice_eq(buf_slice(&a->cursors[level]), buf_slice(&b->cursors[level])));
	}
}

START_TEST(every_edit_survives_the_round_trip)
{
	struct rng r;

	rng_seed(&r, unit_seed());
	for (int round = 0; round < 200; round++) {
		struct version_edit in = {0}, out = {0};
		struct buf bytes = {0};
		const char *reason = "";

		random_edit(&r, &in);
		ck_assert_int_eq(version_edit_encode(&in, &bytes), 0);
		ck_assert_msg(version_edit_decode(&out, buf_slice(&bytes), &reason) == 0, "%s",
			      reason);
		expect_same(&in, &out);
		version_edit_done(&in);
		version_edit_done(&out);
		buf_done(&bytes);
	}
}
END_TEST

/* What decodes must also encode, to bytes that decode to the same. */
static void decode_anything(struct slice bytes)
{
	struct version_edit first = {0}, second = {0};
	struct buf again = {0};
	const char *reason = NULL;
	int err = version_edit_decode(&first, bytes, &reason);

	if (err) {
		ck_assert_int_eq(err, -EUCLEAN);
		ck_assert(reason && *reason);
	} else {
		ck_assert_int_eq(version_edit_encode(&first, &again), 0);
		ck_assert_int_eq(version_edit_decode(&second, buf_slice(&again), &reason), 0);
		expect_same(&first, &second);
	}
	version_edit_done(&first);
	version_edit_done(&second);
	buf_done(&again);
}

START_TEST(random_bytes_are_refused_or_make_sense)
{
	struct rng r;

	rng_seed(&r, unit_seed());
	for (int round = 0; round < RANDOM_ROUNDS; round++) {
		uint8_t bytes[64];
		size_t len = rng_below(&r, sizeof(bytes));

		rng_fill(&r, bytes, len);
		/* Let many begin like an edit. */
		for (size_t i = 0; i < len; i++) {
			if (rng_below(&r, 2))
				bytes[i] %= 11;
		}
		decode_anything(slice_of(bytes, len));
	}
}
END_TEST

START_TEST(changed_and_cut_edits_are_refused_or_make_sense)
{
	struct rng r;

	rng_seed(&r, unit_seed());
	for (int round = 0; round < RANDOM_ROUNDS; round++) {
		struct version_edit e = {0};
		struct buf bytes = {0};

		random_edit(&r, &e);
		ck_assert_int_eq(version_edit_encode(&e, &bytes), 0);
		size_t len = bytes.len ? rng_below(&r, bytes.len) : 0;
		if (len && rng_below(&r, 2))
			decode_anything(slice_of(bytes.ptr, len));
		if (len)
			bytes.ptr[rng_below(&r, bytes.len)] ^= (uint8_t)(1 << rng_below(&r, 8));
		decode_anything(buf_slice(&bytes));
		version_edit_done(&e);
		buf_done(&bytes);
	}
}
END_TEST

#define KEY_A                                                                                      \
	"\x01"                                                                                     \
	"a"
#define KEY_B                                                                                      \
	"\x01"                                                                                     \
	"b"
#define TABLE_HEAD "\x05\x01\x09\x07"     /* level 1, number 9, id 7 */
#define RUN_HEAD   "\x08\x01\x05\x09\x07" /* level 1, run 5, number 9, id 7 */
#define RUN_TABLE  RUN_HEAD "\x7f\x03\x00\x01\x02" KEY_A KEY_B

START_TEST(values_that_cannot_be_are_refused)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *reason;
	} cases[] = {
		{"\x0b", 1, "cut off field"},
		{"\x0b/\x0b/", 4, "field repeated"},
		{"\x0e", 1, "cut off field"},
		{"\x0e\x02n", 3, "cut off field"},
		{"\x0e\x00", 2, NULL},
		{"\x0e\x81\x80\x04", 4, "cut off field"},
		{"\x0e\x01n\x0e\x01n", 6, "field repeated"},
		{"\x0f", 1, "unknown field"},
		{"\x0c", 1, "cut off name of a snapshot"},
		{"\x0c\x02n", 3, "cut off name of a snapshot"},
		{"\x0c\x00\x05\x06", 4, "length of a snapshot's name out of range"},
		{"\x0c\x01n\x05", 4, "cut off number"},
		{"\x0c\x01n\x05\x06", 5, NULL},
		{"\x0c\x01n\x80\x80\x80\x80\x80\x80\x80\x40\x06", 12, NULL},
		{"\x0c\x01n\x81\x80\x80\x80\x80\x80\x80\x40\x06", 12, "seqno out of range"},
		{"\x0c\x01n\x05\x06\x0c\x01n\x07\x06", 10, "a snapshot's name repeated"},
		{"\x0d", 1, "cut off name of a snapshot"},
		{"\x0d\x00", 2, "length of a snapshot's name out of range"},
		{"\x0d\x01n\x0d\x01n", 6, "a snapshot's name repeated"},
		{"\x0d\x01n\x0d\x01m\x0c\x01n\x05\x06", 11, NULL},
		{"\x00", 1, "unknown field"},
		{"\x01", 1, "cut off number"},
		{"\x01\x00", 2, "file number out of range"},
		{"\x01\x80\x80\x80\x80\x80\x80\x80\x40", 9, NULL},
		{"\x01\x81\x80\x80\x80\x80\x80\x80\x40", 9, "file number out of range"},
		{"\x01\x05\x01\x06", 4, "field repeated"},
		{"\x02\x80\x80\x80\x80\x80\x80\x80\x40", 9, NULL},
		{"\x02\x81\x80\x80\x80\x80\x80\x80\x40", 9, "seqno out of range"},
		{"\x02\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10, "seqno out of range"},
		{"\x09\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10, "seqno out of range"},
		{"\x09\x05\x09\x05", 4, "field repeated"},
		{"\x03\x00", 2, "file number out of range"},
		{"\x03\x04\x03\x04", 4, "log added twice"},
		{"\x04\x04\x04\x04", 4, "field repeated"},
		{"\x05\x07", 2, "level out of range"},
		{"\x06\x07\x01", 3, "level out of range"},
		{"\x06\x01\x00", 3, "file number out of range"},
		{"\x07\x01\x00", 3, "key length out of range"},
		{"\x07\x01\x05"
		 "ab",
		 5, "cut off key"},
		{"\x07\x01" KEY_A "\x07\x01" KEY_A, 8, "field repeated"},
		{TABLE_HEAD "\x7f\x00\x00\x01\x02" KEY_A KEY_B, 13, "entry counts out of range"},
		{TABLE_HEAD "\x7f\x03\x04\x01\x02" KEY_A KEY_B, 13, "entry counts out of range"},
		{TABLE_HEAD "\x40\x03\x00\x01\x02" KEY_A KEY_B, 13, "table size out of range"},
		{TABLE_HEAD "\x7f\x03\x00\x02\x01" KEY_A KEY_B, 13, "seqno out of range"},
		{TABLE_HEAD "\x7f\x03\x00\x01\x02" KEY_B KEY_A, 13, "keys in wrong order"},
		{TABLE_HEAD "\x7f\x03\x00\x01\x02" KEY_A KEY_B, 13, NULL},
		{"\x08\x07\x05", 3, "level out of range"},
		{"\x08\x01\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11, "run number out of range"},
		{"\x08\x01", 2, "cut off number"},
		{"\x08\x00\x05\x09", 4, "a run number in level 0"},
		{"\x08\x01\x05\x00", 4, "file number out of range"},
		{RUN_HEAD "\x7f\x03\x04\x01\x02" KEY_A KEY_B, 14, "entry counts out of range"},
		{RUN_HEAD "\x7f\x03\x00\x01\x02" KEY_A KEY_B, 14, NULL},
		{"\x08\x01\x00\x09\x07\x7f\x03\x00\x01\x02" KEY_A KEY_B, 14, NULL},
		{"\x0a", 1, "cut off number"},
		{"\x0a\x09\x01\x05\x07\x21", 6, "blobs of a table that was not just added"},
		{TABLE_HEAD "\x7f\x03\x00\x01\x02" KEY_A KEY_B "\x0a\x09\x01\x05\x07\x21", 19,
		 "blobs of a table that was not just added"},
		{RUN_TABLE "\x0a\x08\x01\x05\x07\x21", 20,
		 "blobs of a table that was not just added"},
		{RUN_TABLE "\x04\x01\x0a\x09\x01\x05\x07\x21", 22,
		 "blobs of a table that was not just added"},
		{RUN_TABLE "\x0a\x09\x01\x05\x07\x21", 20, NULL},
		{RUN_TABLE "\x0a\x09\x02\x05\x07\x21\x06\x00\x21", 23, NULL},
		{RUN_TABLE "\x0a\x09\x01\x05\x07\x21\x0a\x09\x01\x06\x07\x21", 26,
		 "blobs of a table that was not just added"},
		{RUN_TABLE "\x0a\x09\x00", 17, "no blobs"},
		{RUN_TABLE "\x0a\x09\x02\x05\x07\x21", 20, "cut off number"},
		{RUN_TABLE "\x0a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x05\x07\x21", 28,
		 "cut off number"},
		{RUN_TABLE "\x0a\x09\x02\x05\x07\x21\x05\x07\x21", 23,
		 "blob file number out of range"},
		{RUN_TABLE "\x0a\x09\x02\x05\x07\x21\x04\x07\x21", 23,
		 "blob file number out of range"},
		{RUN_TABLE "\x0a\x09\x01\x00\x07\x21", 20, "blob file number out of range"},
		{RUN_TABLE "\x0a\x09\x01\x81\x80\x80\x80\x80\x80\x80\x40\x07\x21", 27,
		 "blob file number out of range"},
		{RUN_TABLE "\x0a\x09\x01\x05\x07\x20", 20, "bytes of a blob file out of range"},
		{RUN_TABLE "\x0a\x09\x01\x05\x81\x80\x80\x80\x80\x80\x80\x80\x01\x21", 28,
		 "bytes of a blob file out of range"},
		{RUN_TABLE "\x0a\x09\x01\x05\x07\x81\x80\x80\x80\x80\x80\x80\x80\x01", 28,
		 "bytes of a blob file out of range"},
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct version_edit e = {0};
		const char *reason = "";
		int err = version_edit_decode(&e, slice_of(cases[i].bytes, cases[i].len), &reason);

		ck_assert_msg(err == (cases[i].reason ? -EUCLEAN : 0), "case %zu: %d %s", i, err,
			      reason);
		ck_assert_str_eq(reason, cases[i].reason ? cases[i].reason : "");
		version_edit_done(&e);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&every_edit_survives_the_round_trip,
	&random_bytes_are_refused_or_make_sense,
	&changed_and_cut_edits_are_refused_or_make_sense,
	&values_that_cannot_be_are_refused,
};

UNIT_SUITE("lsm/tree/version_edit", tests)
