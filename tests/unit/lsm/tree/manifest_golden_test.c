/*
 * tests/data/manifest_v1 and manifest_v1_runs, written once, by another encoder, from the edits of
 * manifest_fixture.h: the bytes of version 1 for all time. The first is from before tables had runs
 * (field 5), the second is what is written today (field 8). manifest_v1_durable, by yet another,
 * has the durable seqno (field 9).
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

START_TEST(the_durable_seqno_is_a_field_of_its_own)
{
	static uint8_t space[GOLDEN_SIZE_MAX];
	size_t len = read_golden("manifest_v1_durable", space);
	struct manifest_state state = {0};
	struct manifest_writer w = {0};
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
	struct buf encoded = {0};
	struct disk d;

	ck_assert_int_eq(manifest_replay("golden", slice_of(space, len), &state), 0);
	ck_assert_uint_eq(state.durable_seqno, 70000);
	ck_assert_uint_eq(state.valid_bytes, len);
	manifest_state_done(&state);
	disk_open(&d);
	ck_assert_int_eq(number_list_insert(&first.logs_added, 4), 0);
	ck_assert_int_eq(manifest_create(d.dir, 5, ENV_CREATE, MANIFEST_STORE_ID, &first, &w), 0);
	ck_assert_int_eq(version_edit_encode(&second, &encoded), 0);
	ck_assert_int_eq(manifest_append(&w, buf_slice(&encoded)), 0);
	manifest_close(&w);
	struct buf bytes = disk_bytes(d.env, "MANIFEST-000005");
	ck_assert_uint_eq(bytes.len, len);
	ck_assert_mem_eq(bytes.ptr, space, len);
	buf_done(&bytes);
	buf_done(&encoded);
	version_edit_done(&first);
	disk_close(&d);
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

int main(void)
{
	static const TTest *const *tests[] = {
		&todays_writer_makes_the_same_bytes,
		&todays_reader_adds_it_up,
		&tables_from_before_there_were_runs_are_in_run_0,
		&the_durable_seqno_is_a_field_of_its_own,
		&current_is_this_line,
	};

	return unit_run("manifest_golden", tests, array_size(tests));
}
