/*
 * tests/data/manifest_v1 and manifest_v1_runs, written once, by another encoder, from the edits of
 * manifest_fixture.h: the bytes of version 1 for all time. The first is from before tables had runs
 * (field 5), the second is what is written today (field 8). manifest_v1_durable, by yet another,
 * has the durable seqno (field 9), manifest_v1_blobs tables that name blob files (field 10),
 * manifest_v1_snapshots named snapshots (fields 12 and 13), and manifest_v1_note a note (14).
 */
#include "tests/unit/lsm/tree/manifest_fixture.h"

enum {
	GOLDEN_SIZE_MAX = 2048,
};

/* The files stand at a fixed place beside this source, wherever the tests are run. */
static size_t read_golden(const char *name, uint8_t *space)
{
	char path[4096] = __FILE__;
	char *slash = strrchr(path, '/');

	ck_assert_ptr_nonnull(slash);
	(void)snprintf(slash, sizeof(path) - (size_t)(slash - path), "/../../../data/%s", name);
	FILE *f = fopen(path, "rb");
	ck_assert_msg(f != NULL, "%s", path);
	size_t len = fread(space, 1, GOLDEN_SIZE_MAX, f);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_uint_lt(len, GOLDEN_SIZE_MAX);
	return len;
}

START_TEST(todays_writer_makes_the_same_bytes)
{
	static uint8_t space[GOLDEN_SIZE_MAX];
	uint64_t ends[MANIFEST_EDITS];
	size_t len = read_golden("manifest_v1_runs", space);
	struct disk d;

	disk_open(&d);
	manifest_write_all(d.dir, ends);
	struct buf bytes = disk_bytes(d.env, "MANIFEST-000005");
	ck_assert_uint_eq(bytes.len, len);
	ck_assert_mem_eq(bytes.ptr, space, len);
	buf_done(&bytes);
	disk_close(&d);
}
END_TEST

static void expect_state(const char *name, const char *expected)
{
	static uint8_t space[GOLDEN_SIZE_MAX];
	size_t len = read_golden(name, space);
	struct manifest_state state = {0};
	struct buf text = {0};

	ck_assert_int_eq(manifest_replay(name, slice_of(space, len), &state), 0);
	manifest_state_text(&state, &text);
	ck_assert_uint_eq(state.valid_bytes, len);
	ck_assert_str_eq((char *)text.ptr, expected);
	buf_done(&text);
	manifest_state_done(&state);
}

START_TEST(todays_reader_adds_it_up)
{
	expect_state("manifest_v1_runs", "id=1122334455667788 next=12 flushed=60 logs=6,"
					 " 2/11:7 id=7000021 size=1000 seqnos=41-60 c-d"
					 " 1/2:8 id=8000024 size=99999 seqnos=1-8 apple-pear"
					 " cursor0=pear cursor1=banana");
}
END_TEST

START_TEST(tables_from_before_there_were_runs_are_in_run_0)
{
	expect_state("manifest_v1", "id=1122334455667788 next=12 flushed=60 logs=6,"
				    " 2/0:7 id=7000021 size=1000 seqnos=41-60 c-d"
				    " 1/0:8 id=8000024 size=99999 seqnos=1-8 apple-pear"
				    " cursor0=pear cursor1=banana");
}
END_TEST

/* A manifest of these two edits, which are done with, has these bytes. */
static void expect_written(struct version_edit *first, struct version_edit *second,
			   struct slice golden)
{
	struct manifest_writer w = {0};
	struct buf encoded = {0};
	struct disk d;

	disk_open(&d);
	ck_assert_int_eq(manifest_create(d.dir, 5, ENV_CREATE, MANIFEST_STORE_ID, first, &w), 0);
	ck_assert_int_eq(version_edit_encode(second, &encoded), 0);
	ck_assert_int_eq(manifest_append(&w, buf_slice(&encoded)), 0);
	manifest_close(&w);
	struct buf bytes = disk_bytes(d.env, "MANIFEST-000005");
	ck_assert_uint_eq(bytes.len, golden.len);
	ck_assert_mem_eq(bytes.ptr, golden.ptr, golden.len);
	buf_done(&bytes);
	buf_done(&encoded);
	version_edit_done(first);
	version_edit_done(second);
	disk_close(&d);
}

START_TEST(the_durable_seqno_is_a_field_of_its_own)
{
	static uint8_t space[GOLDEN_SIZE_MAX];
	size_t len = read_golden("manifest_v1_durable", space);
	struct manifest_state state = {0};
	struct version_edit first = {.has_next_file = true,
				     .next_file = 6,
				     .has_flushed_seqno = true,
				     .flushed_seqno = 40,
				     .has_durable_seqno = true,
				     .durable_seqno = 50};
	struct version_edit second = {.has_next_file = true,
				      .next_file = 6,
				      .has_durable_seqno = true,
				      .durable_seqno = 70000};

	ck_assert_int_eq(manifest_replay("golden", slice_of(space, len), &state), 0);
	ck_assert_uint_eq(state.durable_seqno, 70000);
	ck_assert_uint_eq(state.valid_bytes, len);
	manifest_state_done(&state);
	ck_assert_int_eq(number_list_insert(&first.logs_added, 4), 0);
	expect_written(&first, &second, slice_of(space, len));
}
END_TEST

static void blobs_first_edit(struct version_edit *e)
{
	static const struct spec tables[] = {
		{.level = 0,
		 .number = 7,
		 .smallest = "apple",
		 .largest = "pear",
		 .largest_seqno = 40,
		 .blobs = {{.number = 5, .bytes = 70000, .end = 300000},
			   {.number = 6, .bytes = 1, .end = 33}}},
		{.level = 1, .run = 2, .number = 3, .smallest = "b", .largest = "k"},
	};

	*e = (struct version_edit){.has_next_file = true,
				   .next_file = 9,
				   .has_flushed_seqno = true,
				   .flushed_seqno = 40};
	spec_edit(e, tables, array_size(tables));
}

static void blobs_second_edit(struct version_edit *e)
{
	static const struct spec merged = {
		.level = 1,
		.run = 2,
		.number = 10,
		.smallest = "a",
		.largest = "z",
		.size_bytes = 99999,
		.largest_seqno = 40,
		.blobs = {{.number = 6, .bytes = 0, .end = 33},
			  {.number = 8,
			   .bytes = UINT64_C(1) << 40,
			   .end = (UINT64_C(1) << 40) + BLOB_HEADER_SIZE},
			  {.number = 9, .bytes = 5, .end = BLOB_OFFSET_MAX}}};

	*e = (struct version_edit){.has_next_file = true, .next_file = 12};
	spec_edit(e, &merged, 1);
	ck_assert_int_eq(version_edit_remove_table(e, 0, 7), 0);
	ck_assert_int_eq(version_edit_remove_table(e, 1, 3), 0);
}

static void expect_blobs_state(struct slice golden)
{
	struct manifest_state state = {0};

	ck_assert_int_eq(manifest_replay("golden", golden, &state), 0);
	ck_assert_uint_eq(state.valid_bytes, golden.len);
	ck_assert_uint_eq(state.tables.count, 1);
	const struct blob_refs *blobs = &state.tables.files[0].file->blobs;
	ck_assert_uint_eq(blobs->count, 3);
	ck_assert_uint_eq(blobs->refs[0].number, 6);
	ck_assert_uint_eq(blobs->refs[0].bytes, 0);
	ck_assert_uint_eq(blobs->refs[1].bytes, UINT64_C(1) << 40);
	ck_assert_uint_eq(blobs->refs[2].end, BLOB_OFFSET_MAX);
	ck_assert_ptr_null(blobs->refs[2].file);
	manifest_state_done(&state);
}

START_TEST(what_tables_name_in_blob_files_is_a_field_of_its_own)
{
	static uint8_t space[GOLDEN_SIZE_MAX];
	size_t len = read_golden("manifest_v1_blobs", space);
	struct version_edit first, second;

	expect_blobs_state(slice_of(space, len));
	blobs_first_edit(&first);
	blobs_second_edit(&second);
	expect_written(&first, &second, slice_of(space, len));
}
END_TEST

static void add_snapshot(struct version_edit *e, struct slice name, uint64_t seqno,
			 uint64_t time_ns)
{
	struct named_snapshot s = named_snapshot_of(name, seqno);

	s.time_ns = time_ns;
	ck_assert_int_eq(snapshot_list_insert(&e->snapshots_named, &s), 0);
}

static void drop_snapshot(struct version_edit *e, struct slice name)
{
	const struct named_snapshot s = named_snapshot_of(name, 0);

	ck_assert_int_eq(snapshot_list_insert(&e->snapshots_dropped, &s), 0);
}

static void snapshots_edit(struct version_edit *e, int i)
{
	static char longest[SNAPSHOT_NAME_MAX];
	const struct slice upgrade = slice_str("before the upgrade");

	memset(longest, 'n', sizeof(longest));
	*e = (struct version_edit){.has_next_file = true, .next_file = 6};
	switch (i) {
	case 0:
		e->has_flushed_seqno = e->has_durable_seqno = true;
		e->flushed_seqno = 40;
		e->durable_seqno = 70;
		ck_assert_int_eq(number_list_insert(&e->logs_added, 4), 0);
		add_snapshot(e, slice_of(longest, sizeof(longest)), 70, UINT64_MAX);
		add_snapshot(e, upgrade, 40, UINT64_C(1764000000123456789));
		add_snapshot(e, slice_of("\0\xff/", 3), 0, 1);
		break;
	case 1:
		e->has_durable_seqno = true;
		e->durable_seqno = 90000;
		drop_snapshot(e, upgrade);
		add_snapshot(e, upgrade, 90000, UINT64_C(1764000000999999999));
		break;
	default:
		drop_snapshot(e, slice_of(longest, sizeof(longest)));
	}
}

START_TEST(named_snapshots_are_fields_of_their_own)
{
	static uint8_t space[GOLDEN_SIZE_MAX];
	size_t len = read_golden("manifest_v1_snapshots", space);
	struct manifest_state state = {0};
	struct manifest_writer w = {0};
	struct disk d;

	ck_assert_int_eq(manifest_replay("golden", slice_of(space, len), &state), 0);
	ck_assert_uint_eq(state.valid_bytes, len);
	ck_assert_uint_eq(state.snapshots.count, 2);
	ck_assert(slice_eq(named_snapshot_name(&state.snapshots.items[0]), slice_of("\0\xff/", 3)));
	ck_assert_uint_eq(state.snapshots.items[0].seqno, 0);
	ck_assert_uint_eq(state.snapshots.items[0].time_ns, 1);
	ck_assert(slice_eq(named_snapshot_name(&state.snapshots.items[1]),
			   slice_str("before the upgrade")));
	ck_assert_uint_eq(state.snapshots.items[1].seqno, 90000);
	manifest_state_done(&state);
	disk_open(&d);
	for (int i = 0; i < 3; i++) {
		struct version_edit e;
		struct buf encoded = {0};

		snapshots_edit(&e, i);
		ck_assert_int_eq(version_edit_encode(&e, &encoded), 0);
		if (i == 0)
			ck_assert_int_eq(
				manifest_create(d.dir, 5, ENV_CREATE, MANIFEST_STORE_ID, &e, &w),
				0);
		else
			ck_assert_int_eq(manifest_append(&w, buf_slice(&encoded)), 0);
		buf_done(&encoded);
		version_edit_done(&e);
	}
	manifest_close(&w);
	struct buf bytes = disk_bytes(d.env, "MANIFEST-000005");
	ck_assert_uint_eq(bytes.len, len);
	ck_assert_mem_eq(bytes.ptr, space, len);
	buf_done(&bytes);
	disk_close(&d);
}
END_TEST

START_TEST(a_note_is_a_field_of_its_own)
{
	static uint8_t space[GOLDEN_SIZE_MAX], note[200];
	size_t len = read_golden("manifest_v1_note", space);
	struct manifest_state state = {0};
	struct version_edit first = {.has_next_file = true,
				     .next_file = 6,
				     .has_flushed_seqno = true,
				     .flushed_seqno = 40,
				     .has_durable_seqno = true,
				     .durable_seqno = 50,
				     .has_note = true};
	struct version_edit second = {.has_next_file = true, .next_file = 6, .has_note = true};

	for (size_t i = 0; i < sizeof(note); i++)
		note[i] = (uint8_t)(i * 7);
	ck_assert_int_eq(buf_set(&second.note, slice_of(note, sizeof(note))), 0);
	ck_assert_int_eq(manifest_replay("golden", slice_of(space, len), &state), 0);
	ck_assert_uint_eq(state.valid_bytes, len);
	ck_assert(state.has_note);
	ck_assert(slice_eq(buf_slice(&state.note), slice_of(note, sizeof(note))));
	manifest_state_done(&state);
	ck_assert_int_eq(number_list_insert(&first.logs_added, 4), 0);
	expect_written(&first, &second, slice_of(space, len));
}
END_TEST

START_TEST(current_is_this_line)
{
	struct disk d;
	struct slice line;

	disk_open(&d);
	ck_assert_int_eq(current_write(d.dir, 5), 0);
	ck_assert_int_eq(env_mem_file(d.env, FIXTURE_DIR, "CURRENT", &line), 0);
	ck_assert(slice_eq(line, slice_str("MANIFEST-000005 crc32c=b949be95\n")));
	disk_close(&d);
}
END_TEST

static const TTest *const *const tests[] = {
	&todays_writer_makes_the_same_bytes,
	&todays_reader_adds_it_up,
	&tables_from_before_there_were_runs_are_in_run_0,
	&the_durable_seqno_is_a_field_of_its_own,
	&what_tables_name_in_blob_files_is_a_field_of_its_own,
	&named_snapshots_are_fields_of_their_own,
	&a_note_is_a_field_of_its_own,
	&current_is_this_line,
};

UNIT_SUITE("lsm/tree/manifest_golden", tests)
