#include "lsm/wal/wal_recover.h"

#include "lsm/env/env_fault.h"
#include "lsm/wal/wal_codec.h"
#include "lsm/wal/wal_reader.h"
#include "tests/unit/lsm/wal/recover_fixture.h"

/* Each record was written after the one before it had been synced; a MARK ends the log. */
static const struct spec synced[] = {
	{1, 2, 0}, {3, 1, 2}, {4, 5, 3}, {9, 1, 8}, {10, 0, 9},
};

/* The same without a sync between. */
static const struct spec unsynced[] = {
	{1, 2, 0}, {3, 1, 0}, {4, 5, 0}, {9, 1, 0}, {10, 2, 0},
};

static uint64_t offset_in(const struct spec *specs, size_t i)
{
	uint64_t at = WAL_FILE_HEADER_SIZE;

	for (size_t k = 0; k < i; k++)
		at += fixture_record_size(&specs[k]);
	return at;
}

static void zero(struct disk *d, uint64_t number, uint64_t from, uint64_t to)
{
	struct buf bytes = fixture_bytes(d, number);

	ck_assert_uint_le(to, bytes.len);
	memset(bytes.ptr + from, 0, to - from);
	fixture_set_bytes(d, number, buf_slice(&bytes));
	buf_done(&bytes);
}

static void flip(struct disk *d, uint64_t number, uint64_t offset)
{
	struct buf bytes = fixture_bytes(d, number);

	ck_assert_uint_lt(offset, bytes.len);
	bytes.ptr[offset] ^= 0x10;
	fixture_set_bytes(d, number, buf_slice(&bytes));
	buf_done(&bytes);
}

static void cut(struct disk *d, uint64_t number, uint64_t len)
{
	struct buf bytes = fixture_bytes(d, number);

	ck_assert_uint_le(len, bytes.len);
	fixture_set_bytes(d, number, slice_of(bytes.ptr, len));
	buf_done(&bytes);
}

static void extend(struct disk *d, uint64_t number, struct slice tail)
{
	struct buf bytes = fixture_bytes(d, number);

	ck_assert_int_eq(buf_append_slice(&bytes, tail), 0);
	fixture_set_bytes(d, number, buf_slice(&bytes));
	buf_done(&bytes);
}

START_TEST(several_logs_are_one_history)
{
	static const struct spec second[] = {{10, 3, 9}, {13, 0, 12}, {13, 1, 12}};
	struct disk d;
	struct wal_recovery found;

	disk_open(&d);
	fixture_log(&d, 1, synced, array_size(synced));
	fixture_log(&d, 2, second, array_size(second));
	fixture_log(&d, 3, NULL, 0);
	ck_assert_int_eq(recover(&d, 3, &found), 0);
	ck_assert_uint_eq(found.last_seqno, 13);
	ck_assert_uint_eq(found.records, 6);
	/* 5 + first % 13 each: 6 + 8 + 9 + 14, 15, 5 */
	ck_assert_uint_eq(found.payload_bytes, 57);
	/* the third log is empty: writing goes on in the second */
	ck_assert_uint_eq(found.tail_number, 2);
	ck_assert_uint_gt(found.tail_offset, WAL_FILE_HEADER_SIZE);
	ck_assert(!found.torn);
	ck_assert_uint_eq(found.torn_bytes, 0);
	disk_close(&d);
}
END_TEST

START_TEST(no_logs_are_an_empty_history)
{
	struct disk d;
	struct history h = {0};
	struct wal_recovery found;

	disk_open(&d);
	ck_assert_int_eq(
		wal_recover(d.dir, &(struct wal_set){.after_seqno = 41}, history_apply, &h, &found),
		0);
	ck_assert_uint_eq(found.last_seqno, 41);
	ck_assert_uint_eq(found.tail_number, 0);
	ck_assert_uint_eq(found.records, 0);
	disk_close(&d);
}
END_TEST

START_TEST(history_goes_on_after_what_the_tables_hold)
{
	static const struct spec later[] = {{42, 1, 41}, {43, 1, 41}};
	static const uint64_t numbers[] = {7};
	struct disk d;
	struct history h = {.due = 42};
	struct wal_recovery found;

	disk_open(&d);
	fixture_log(&d, 7, later, array_size(later));
	ck_assert_int_eq(
		wal_recover(d.dir,
			    &(struct wal_set){.numbers = numbers, .count = 1, .after_seqno = 41},
			    history_apply, &h, &found),
		0);
	ck_assert_uint_eq(found.last_seqno, 43);
	ck_assert_uint_eq(found.tail_number, 7);
	disk_close(&d);
}
END_TEST

START_TEST(a_log_cut_off_at_any_byte_keeps_its_whole_records)
{
	struct disk d;

	disk_open(&d);
	fixture_log(&d, 1, synced, array_size(synced));
	struct buf bytes = fixture_bytes(&d, 1);

	for (size_t len = bytes.len; len-- > 0;) {
		size_t whole = 0;

		cut(&d, 1, len);
		if (len < WAL_FILE_HEADER_SIZE) {
			expect_damage(&d, 1, "000001.wal: offset 0: ", NULL);
			continue;
		}
		while (offset_in(synced, whole + 1) <= len)
			whole++;
		expect_history(&d, 1, synced[whole].first_seqno - 1, 1, offset_in(synced, whole),
			       len > offset_in(synced, whole));
	}
	buf_done(&bytes);
	disk_close(&d);
}
END_TEST

START_TEST(every_flipped_bit_of_a_cleanly_closed_log_shows)
{
	struct disk d;

	disk_open(&d);
	fixture_log(&d, 1, synced, array_size(synced));
	struct buf bytes = fixture_bytes(&d, 1);
	uint64_t mark_at = offset_in(synced, 4);

	for (size_t bit = 0; bit < bytes.len * 8; bit++) {
		char defect[64] = "000001.wal: offset ";
		size_t hit = 0;

		bytes.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
		fixture_set_bytes(&d, 1, buf_slice(&bytes));
		bytes.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
		while (offset_in(synced, hit + 1) <= bit / 8)
			hit++;
		(void)snprintf(defect, sizeof(defect), "000001.wal: offset %llu: ",
			       (unsigned long long)offset_in(synced, hit));
		if (bit / 8 < WAL_FILE_HEADER_SIZE)
			expect_damage(&d, 1, "000001.wal: offset ", NULL);
		else if (bit / 8 < mark_at)
			expect_damage(&d, 1, defect, "000001.wal at offset ");
		else
			expect_history(&d, 1, 9, 1, mark_at, true);
	}
	buf_done(&bytes);
	disk_close(&d);
}
END_TEST

START_TEST(a_bad_record_that_nothing_proves_is_the_torn_end)
{
	struct disk d;
	struct wal_recovery found;

	disk_open(&d);
	for (size_t i = 0; i < array_size(unsynced); i++) {
		fixture_log(&d, 1, unsynced, array_size(unsynced));
		flip(&d, 1, offset_in(unsynced, i) + 50);
		expect_history(&d, 1, unsynced[i].first_seqno - 1, 1, offset_in(unsynced, i), true);
		fixture_remove(&d, 1);
	}
	fixture_log(&d, 1, unsynced, array_size(unsynced));
	flip(&d, 1, offset_in(unsynced, 1));
	ck_assert_int_eq(recover(&d, 1, &found), 0);
	struct buf bytes = fixture_bytes(&d, 1);

	/* The padding behind the last record is not counted; its payload of 15 bytes has one byte.
	 */
	ck_assert_uint_eq(found.torn_bytes, bytes.len - 1 - offset_in(unsynced, 1));
	buf_done(&bytes);
	disk_close(&d);
}
END_TEST

START_TEST(a_hole_is_torn_or_damage_by_the_same_rule)
{
	struct disk d;

	disk_open(&d);
	for (size_t i = 0; i < 4; i++) {
		uint64_t from = offset_in(synced, i);
		char defect[64];

		(void)snprintf(defect, sizeof(defect),
			       "000001.wal: offset %llu: ", (unsigned long long)from);
		fixture_log(&d, 1, synced, array_size(synced));
		zero(&d, 1, from, offset_in(synced, i + 1));
		expect_damage(&d, 1, defect, "proves that it was on the disk");
		fixture_remove(&d, 1);

		fixture_log(&d, 1, unsynced, array_size(unsynced));
		zero(&d, 1, from, offset_in(unsynced, i + 1));
		expect_history(&d, 1, unsynced[i].first_seqno - 1, 1, from, true);
		fixture_remove(&d, 1);
	}
	disk_close(&d);
}
END_TEST

START_TEST(zeros_at_the_end_are_clean_and_garbage_is_torn)
{
	static const uint8_t zeros[5000];
	struct disk d;
	struct rng rng;
	uint64_t end = offset_in(synced, 5);

	rng_seed(&rng, unit_seed());
	disk_open(&d);
	for (int round = 0; round < 200; round++) {
		uint8_t garbage[300];
		size_t len = 1 + rng_below(&rng, sizeof(garbage));

		fixture_log(&d, 1, synced, array_size(synced));
		extend(&d, 1, slice_of(zeros, rng_below(&rng, sizeof(zeros))));
		expect_history(&d, 1, 9, 1, end, false);
		rng_fill(&rng, garbage, sizeof(garbage));
		garbage[len - 1] |= 1;
		extend(&d, 1, slice_of(garbage, len));
		extend(&d, 1, slice_of(zeros, rng_below(&rng, sizeof(zeros))));
		expect_history(&d, 1, 9, 1, end, true);
		fixture_remove(&d, 1);
	}
	disk_close(&d);
}
END_TEST

/* The records behind `synced`, as another log of this number and salt would hold them. */
static struct buf stale_tail(uint64_t number, uint64_t salt)
{
	static const struct spec next[] = {{10, 1, 9}, {11, 1, 10}};
	struct disk d;
	struct wal_writer *w;

	disk_open(&d);
	ck_assert_int_eq(wal_writer_create(d.dir, number, salt, &w), 0);
	for (size_t i = 0; i < array_size(next); i++)
		ck_assert_int_eq(fixture_append(w, &next[i]), 0);
	wal_writer_close(w);
	struct buf bytes = fixture_bytes(&d, number);

	memmove(bytes.ptr, bytes.ptr + WAL_FILE_HEADER_SIZE, bytes.len - WAL_FILE_HEADER_SIZE);
	bytes.len -= WAL_FILE_HEADER_SIZE;
	disk_close(&d);
	return bytes;
}

static void expect_stale(uint64_t number, uint64_t salt, bool replayed)
{
	struct disk d;
	struct buf tail = stale_tail(number, salt);

	disk_open(&d);
	fixture_log(&d, 1, synced, array_size(synced));
	extend(&d, 1, buf_slice(&tail));
	expect_history(&d, 1, replayed ? 11 : 9, 1,
		       offset_in(synced, 5) + (replayed ? tail.len : 0), !replayed);
	disk_close(&d);
	buf_done(&tail);
}

START_TEST(records_of_another_log_or_store_never_replay)
{
	expect_stale(1, fixture_salt(1), true); /* the test can fail: its own records would do */
	expect_stale(2, fixture_salt(1), false);
	expect_stale(1, fixture_salt(1) + 1, false);
}
END_TEST

START_TEST(a_torn_older_log_ends_the_history_when_nothing_newer_proves_it)
{
	static const struct spec second[] = {{12, 1, 0}, {13, 1, 0}};
	struct disk d;
	struct wal_recovery found;
	uint64_t at = offset_in(unsynced, 4);

	disk_open(&d);
	fixture_log(&d, 1, unsynced, array_size(unsynced));
	fixture_log(&d, 2, second, array_size(second));
	fixture_log(&d, 3, NULL, 0);
	expect_history(&d, 3, 13, 2, offset_in(second, array_size(second)), false);
	cut(&d, 1, at + 20);
	ck_assert_int_eq(recover(&d, 3, &found), 0);
	ck_assert_uint_eq(found.last_seqno, 9);
	ck_assert_uint_eq(found.tail_number, 1);
	ck_assert_uint_eq(found.tail_offset, at);
	ck_assert(found.torn);
	struct buf newer = fixture_bytes(&d, 2);

	/* Record 13 has a payload of 5 bytes and 3 of padding. */
	ck_assert_uint_gt(found.torn_bytes, newer.len - WAL_FILE_HEADER_SIZE - 3);
	ck_assert_uint_le(found.torn_bytes, newer.len - WAL_FILE_HEADER_SIZE - 3 + 20);
	buf_done(&newer);
	disk_close(&d);
}
END_TEST

START_TEST(a_torn_older_log_is_damage_when_a_newer_record_proves_it)
{
	static const struct spec second[] = {{12, 1, 0}, {13, 1, 9}};
	static const struct spec third[] = {{14, 1, 10}};
	struct disk d;
	uint64_t at = offset_in(unsynced, 4);

	disk_open(&d);
	fixture_log(&d, 1, unsynced, array_size(unsynced));
	fixture_log(&d, 2, second, array_size(second));
	fixture_log(&d, 3, third, array_size(third));
	cut(&d, 1, at + 20);
	/* Up to 9 is there; 10 is the one that the third log saw on the disk. */
	expect_history(&d, 2, 9, 1, at, true);
	char defect[64];

	(void)snprintf(defect, sizeof(defect), "000001.wal: offset %llu: ", (unsigned long long)at);
	expect_damage(&d, 3, defect, "000003.wal at offset 48 ");
	disk_close(&d);
}
END_TEST

START_TEST(a_proof_behind_a_bad_place_of_a_newer_log_counts)
{
	static const struct spec second[] = {{12, 1, 0}, {13, 1, 0}, {14, 1, 10}};
	struct disk d;

	disk_open(&d);
	fixture_log(&d, 1, unsynced, array_size(unsynced));
	fixture_log(&d, 2, second, array_size(second));
	cut(&d, 1, offset_in(unsynced, 4) + 20);
	flip(&d, 2, offset_in(second, 1));
	expect_damage(&d, 2, "000001.wal: offset ", "000002.wal at offset ");
	zero(&d, 2, offset_in(second, 0), offset_in(second, 2));
	expect_damage(&d, 2, "000001.wal: offset ", "000002.wal at offset ");
	disk_close(&d);
}
END_TEST

START_TEST(changes_lost_between_two_logs_end_the_history)
{
	static const struct spec second[] = {{12, 1, 9}, {13, 1, 9}};
	struct disk d;

	disk_open(&d);
	fixture_log(&d, 1, unsynced, array_size(unsynced));
	fixture_log(&d, 2, second, array_size(second));
	/* The end of the first log never came to the disk: it seems to end cleanly. */
	cut(&d, 1, offset_in(unsynced, 4));
	expect_history(&d, 2, 9, 1, offset_in(unsynced, 4), true);
	disk_close(&d);
}
END_TEST

START_TEST(changes_lost_between_two_logs_are_damage_when_proven)
{
	static const struct spec itself[] = {{12, 1, 10}};
	static const struct spec later[] = {{12, 1, 0}, {13, 1, 11}};
	static const struct spec mark[] = {{12, 0, 11}};
	static const struct {
		const struct spec *specs;
		size_t count;
	} proofs[] = {{itself, 1}, {later, 2}, {mark, 1}};
	struct disk d;

	disk_open(&d);
	fixture_log(&d, 1, unsynced, array_size(unsynced));
	cut(&d, 1, offset_in(unsynced, 4));
	for (size_t i = 0; i < array_size(proofs); i++) {
		fixture_log(&d, 2, proofs[i].specs, proofs[i].count);
		expect_damage(&d, 2, "000002.wal: offset 48: ", "000002.wal at offset ");
		fixture_remove(&d, 2);
	}
	disk_close(&d);
}
END_TEST

START_TEST(a_gap_inside_a_log_is_a_defect_at_the_missing_change)
{
	static const struct spec lost[] = {{1, 1, 0}, {3, 1, 0}, {4, 1, 1}};
	static const struct spec proven[] = {{1, 1, 0}, {3, 1, 0}, {4, 1, 2}};
	struct disk d;

	disk_open(&d);
	fixture_log(&d, 1, lost, array_size(lost));
	expect_history(&d, 1, 1, 1, offset_in(lost, 1), true);
	fixture_remove(&d, 1);
	fixture_log(&d, 1, proven, array_size(proven));
	expect_damage(&d, 1, "000001.wal: offset 104: no valid record of change 2",
		      "000001.wal at offset 160 ");
	disk_close(&d);
}
END_TEST

/* Somebody keeps a copy of the log in the store itself, and the power fails in the middle of that.
 */
START_TEST(a_torn_copy_of_the_log_inside_a_value_proves_nothing)
{
	struct disk d;
	struct wal_writer *w;

	disk_open(&d);
	fixture_log(&d, 1, synced, array_size(synced));
	struct buf copy = fixture_bytes(&d, 1);
	struct wal_record rec = {
		.type = WAL_BATCH,
		.count = 1,
		.first_seqno = 10,
		.durable_seqno = 9,
		.payload = buf_slice(&copy),
		.payload_crc = crc32c(0, copy.ptr, copy.len),
	};
	uint64_t at = copy.len;

	ck_assert_int_eq(wal_writer_resume(d.dir, 1, at, &w), 0);
	ck_assert_int_eq(wal_writer_append(w, &rec), 0);
	wal_writer_close(w);
	flip(&d, 1, at + WAL_RECORD_HEADER_SIZE + 20);
	expect_history(&d, 1, 9, 1, at, true);
	/* The test can fail: the copies stand at places where records are looked for. */
	struct wal_reader *r;

	ck_assert_int_eq(wal_reader_open(d.dir, 1, &r), 0);
	for (size_t i = 0; i < array_size(synced); i++)
		ck_assert_int_eq(wal_reader_next(r, &rec), 0);
	ck_assert_int_eq(wal_reader_next(r, &rec), -EBADMSG);
	ck_assert_int_eq(wal_reader_resync(r), 0);
	wal_reader_close(r);
	buf_done(&copy);
	disk_close(&d);
}
END_TEST

START_TEST(seqnos_that_go_back_are_damage)
{
	static const struct spec twice[] = {{1, 2, 0}, {2, 1, 0}};
	struct disk d;
	struct history h = {.due = 6};
	struct wal_recovery found;
	static const uint64_t numbers[] = {1};

	disk_open(&d);
	fixture_log(&d, 1, twice, array_size(twice));
	expect_damage(&d, 1, "000001.wal: offset 104: change 2 where 3 is due", NULL);
	/* As well when the whole log is older than the tables. */
	ck_assert_int_eq(
		wal_recover(d.dir,
			    &(struct wal_set){.numbers = numbers, .count = 1, .after_seqno = 5},
			    history_apply, &h, &found),
		-EUCLEAN);
	disk_close(&d);
}
END_TEST

START_TEST(a_missing_or_headless_log_is_damage_wherever_it_stands)
{
	static const struct spec second[] = {{12, 1, 0}};

	for (uint64_t number = 1; number <= 3; number++) {
		for (int torn = 0; torn < 2; torn++) {
			struct disk d;
			char name[ENV_NAME_MAX + 1];

			disk_open(&d);
			fixture_log(&d, 1, unsynced, array_size(unsynced));
			fixture_log(&d, 2, second, array_size(second));
			fixture_log(&d, 3, NULL, 0);
			if (torn)
				flip(&d, 1, offset_in(unsynced, 2));
			wal_file_name(number, name);
			flip(&d, number, 30);
			expect_damage(&d, 3, name, "checksum");
			fixture_remove(&d, number);
			expect_damage(&d, 3, name, "log is missing");
			disk_close(&d);
		}
	}
}
END_TEST

START_TEST(an_error_of_apply_ends_the_replay)
{
	struct disk d;
	struct history h = {.due = 1, .stop_at = 4, .stop_error = -ENOSPC};
	struct wal_recovery found = {.records = 123};
	static const uint64_t numbers[] = {1};

	disk_open(&d);
	fixture_log(&d, 1, synced, array_size(synced));
	ck_assert_int_eq(wal_recover(d.dir, &(struct wal_set){.numbers = numbers, .count = 1},
				     history_apply, &h, &found),
			 -ENOSPC);
	ck_assert_uint_eq(h.records, 2);
	ck_assert_uint_eq(found.records, 123);
	disk_close(&d);
}
END_TEST

START_TEST(a_failed_read_is_never_taken_for_the_end)
{
	static const struct spec second[] = {{12, 1, 0}};
	struct disk d;
	struct env_dir *dir;
	bool struck = true;

	disk_open(&d);
	fixture_log(&d, 1, unsynced, array_size(unsynced));
	fixture_log(&d, 2, second, array_size(second));
	flip(&d, 1, offset_in(unsynced, 2));
	struct env *fault = env_fault_new(d.env);

	ck_assert_ptr_nonnull(fault);
	ck_assert_int_eq(env_open_dir(fault, FIXTURE_DIR, true, &dir), 0);
	for (uint64_t n = 0; struck; n++) {
		struct env_fault_plan plan = {.at_call = n, .error = -EIO};
		struct wal_recovery found;

		env_fault_set(fault, &plan);
		int rc = recover_in(dir, 2, &found);

		struck = env_fault_struck(fault);
		ck_assert_int_eq(rc, struck ? -EIO : 0);
		ck_assert_uint_lt(n, 100);
	}
	env_dir_close(dir);
	env_free(fault);
	disk_close(&d);
}
END_TEST

START_TEST(after_a_torn_end_the_resumed_log_goes_on)
{
	static const struct spec again[] = {{4, 2, 3}, {6, 0, 5}};
	struct disk d;
	struct wal_recovery found;
	struct wal_writer *w;

	disk_open(&d);
	fixture_log(&d, 1, unsynced, array_size(unsynced));
	flip(&d, 1, offset_in(unsynced, 2) + 8);
	ck_assert_int_eq(recover(&d, 1, &found), 0);
	ck_assert_uint_eq(found.last_seqno, 3);
	ck_assert_int_eq(wal_writer_resume(d.dir, found.tail_number, found.tail_offset, &w), 0);
	for (size_t i = 0; i < array_size(again); i++)
		ck_assert_int_eq(fixture_append(w, &again[i]), 0);
	uint64_t size = wal_writer_size(w);

	wal_writer_close(w);
	expect_history(&d, 1, 5, 1, size, false);
	disk_close(&d);
}
END_TEST

/* What a torn record could be has another place already: a bit of the free space has turned. */
START_TEST(set_bytes_behind_a_log_that_a_newer_one_goes_on_with_are_no_end)
{
	static const struct spec second[] = {{12, 3, 0}, {15, 1, 0}};
	uint8_t tail[64] = {0};
	struct disk d;

	for (size_t at = 0; at < sizeof(tail); at += 9) {
		memset(tail, 0, sizeof(tail));
		tail[at] = 0x40;
		disk_open(&d);
		fixture_log(&d, 1, unsynced, array_size(unsynced));
		extend(&d, 1, slice_of(tail, sizeof(tail)));
		fixture_log(&d, 2, NULL, 0);
		fixture_log(&d, 3, second, array_size(second));
		expect_history(&d, 3, 15, 3, offset_in(second, 2), false);
		disk_close(&d);
	}
}
END_TEST

START_TEST(a_history_that_ends_before_what_was_durable_is_damage)
{
	static const uint64_t numbers[] = {1};
	struct disk d;
	struct history h = {.due = 1};
	struct wal_recovery found;
	struct wal_set set = {.numbers = numbers, .count = 1, .durable_seqno = 8};

	disk_open(&d);
	fixture_log(&d, 1, unsynced, array_size(unsynced));
	cut(&d, 1, offset_in(unsynced, 3));
	ck_assert_int_eq(wal_recover(d.dir, &set, history_apply, &h, &found), 0);
	set.durable_seqno = 9;
	h = (struct history){.due = 1};
	ck_assert_int_eq(wal_recover(d.dir, &set, history_apply, &h, &found), -EUCLEAN);
	char text[64];

	(void)snprintf(text, sizeof(text),
		       "000001.wal: offset %llu: ", (unsigned long long)offset_in(unsynced, 3));
	ck_assert_msg(strstr(fail_text(), text) == fail_text(), "%s", fail_text());
	disk_close(&d);
}
END_TEST

/* The first record of the newer log is bad: it is named, not the end of the older one. */
START_TEST(what_the_caller_proves_names_the_bad_record)
{
	static const struct spec newer[] = {{9, 1, 0}};
	static const uint64_t numbers[] = {1, 2};
	struct disk d;
	struct history h = {.due = 1};
	struct wal_recovery found;
	struct wal_set set = {.numbers = numbers, .count = 2, .durable_seqno = 9};
	char text[64];

	disk_open(&d);
	fixture_log(&d, 1, unsynced, array_size(unsynced));
	cut(&d, 1, offset_in(unsynced, 3));
	fixture_log(&d, 2, newer, array_size(newer));
	ck_assert_int_eq(wal_recover(d.dir, &set, history_apply, &h, &found), 0);
	cut(&d, 2, offset_in(newer, 1) - 1);
	h = (struct history){.due = 1};
	ck_assert_int_eq(wal_recover(d.dir, &set, history_apply, &h, &found), -EUCLEAN);
	(void)snprintf(text, sizeof(text),
		       "000002.wal: offset %llu: ", (unsigned long long)offset_in(newer, 0));
	ck_assert_msg(strstr(fail_text(), text) == fail_text(), "%s", fail_text());
	disk_close(&d);
}
END_TEST

static const TTest *const *const tests[] = {
	&several_logs_are_one_history,
	&no_logs_are_an_empty_history,
	&history_goes_on_after_what_the_tables_hold,
	&a_log_cut_off_at_any_byte_keeps_its_whole_records,
	&every_flipped_bit_of_a_cleanly_closed_log_shows,
	&a_bad_record_that_nothing_proves_is_the_torn_end,
	&a_hole_is_torn_or_damage_by_the_same_rule,
	&zeros_at_the_end_are_clean_and_garbage_is_torn,
	&records_of_another_log_or_store_never_replay,
	&a_torn_older_log_ends_the_history_when_nothing_newer_proves_it,
	&a_torn_older_log_is_damage_when_a_newer_record_proves_it,
	&a_proof_behind_a_bad_place_of_a_newer_log_counts,
	&changes_lost_between_two_logs_end_the_history,
	&changes_lost_between_two_logs_are_damage_when_proven,
	&a_gap_inside_a_log_is_a_defect_at_the_missing_change,
	&a_torn_copy_of_the_log_inside_a_value_proves_nothing,
	&seqnos_that_go_back_are_damage,
	&a_missing_or_headless_log_is_damage_wherever_it_stands,
	&an_error_of_apply_ends_the_replay,
	&a_failed_read_is_never_taken_for_the_end,
	&after_a_torn_end_the_resumed_log_goes_on,
	&set_bytes_behind_a_log_that_a_newer_one_goes_on_with_are_no_end,
	&a_history_that_ends_before_what_was_durable_is_damage,
	&what_the_caller_proves_names_the_bad_record,
};

UNIT_SUITE("lsm/wal/wal_recover", tests)
