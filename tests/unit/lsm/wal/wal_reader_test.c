#include "lsm/wal/wal_reader.h"

#include <errno.h>

#include "lsm/base/coding.h"
#include "lsm/base/error.h"
#include "lsm/env/env_fault.h"
#include "lsm/wal/wal_codec.h"
#include "tests/unit/lsm/wal/wal_fixture.h"

enum {
	LOG = 3,
};

static const struct spec five[] = {
	{1, 2, 0}, {3, 1, 2}, {4, 5, 3}, {9, 1, 8}, {10, 0, 9},
};

/* Where record i of `five` begins; i == 5: the end. */
static uint64_t five_at(size_t i)
{
	uint64_t at = WAL_FILE_HEADER_SIZE;

	for (size_t k = 0; k < i; k++)
		at += fixture_record_size(&five[k]);
	return at;
}

static struct wal_reader *open_bytes(struct disk *d, const void *bytes, size_t len)
{
	struct wal_reader *r;

	fixture_set_bytes(d, LOG, slice_of(bytes, len));
	ck_assert_int_eq(wal_reader_open(d->dir, LOG, &r), 0);
	return r;
}

static struct buf five_bytes(struct disk *d)
{
	fixture_log(d, LOG, five, array_size(five));
	return fixture_bytes(d, LOG);
}

static void expect_next(struct wal_reader *r, size_t i)
{
	struct wal_record rec;

	ck_assert_uint_eq(wal_reader_offset(r), five_at(i));
	ck_assert_int_eq(wal_reader_next(r, &rec), 0);
	ck_assert_uint_eq(rec.first_seqno, five[i].first_seqno);
	ck_assert_uint_eq(wal_reader_offset(r), five_at(i + 1));
}

static void expect_stop(struct wal_reader *r, int error, uint64_t offset)
{
	struct wal_record rec = {.count = 66};

	/* Twice: asking again changes nothing. */
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(wal_reader_next(r, &rec), error);
		ck_assert_uint_eq(wal_reader_offset(r), offset);
		ck_assert_uint_eq(rec.count, 66);
	}
}

START_TEST(records_come_in_order_and_then_the_end)
{
	struct disk d;

	disk_open(&d);
	struct buf bytes = five_bytes(&d);
	struct wal_reader *r = open_bytes(&d, bytes.ptr, bytes.len);

	for (size_t i = 0; i < array_size(five); i++)
		expect_next(r, i);
	expect_stop(r, -ENODATA, bytes.len);
	ck_assert_int_eq(wal_reader_resync(r), -ENODATA);
	wal_reader_close(r);
	wal_reader_close(NULL);
	buf_done(&bytes);
	disk_close(&d);
}
END_TEST

START_TEST(a_record_cut_off_at_any_byte_is_bad)
{
	struct disk d;

	disk_open(&d);
	struct buf bytes = five_bytes(&d);

	for (size_t len = WAL_FILE_HEADER_SIZE; len < bytes.len; len++) {
		struct wal_reader *r = open_bytes(&d, bytes.ptr, len);
		size_t whole = 0;

		for (; five_at(whole + 1) <= len; whole++)
			expect_next(r, whole);
		expect_stop(r, len == five_at(whole) ? -ENODATA : -EBADMSG, five_at(whole));
		ck_assert_int_eq(wal_reader_resync(r), -ENODATA);
		wal_reader_close(r);
	}
	buf_done(&bytes);
	disk_close(&d);
}
END_TEST

START_TEST(every_flipped_bit_makes_its_record_bad_and_the_next_is_found)
{
	struct disk d;

	disk_open(&d);
	struct buf bytes = five_bytes(&d);

	for (size_t bit = WAL_FILE_HEADER_SIZE * 8; bit < bytes.len * 8; bit++) {
		size_t hit = 0;

		bytes.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
		struct wal_reader *r = open_bytes(&d, bytes.ptr, bytes.len);

		for (; five_at(hit + 1) <= bit / 8; hit++)
			expect_next(r, hit);
		fail_clear();
		expect_stop(r, -EBADMSG, five_at(hit));
		ck_assert_ptr_nonnull(strstr(fail_text(), "000003.wal: offset "));
		if (hit + 1 < array_size(five)) {
			ck_assert_int_eq(wal_reader_resync(r), 0);
			expect_next(r, hit + 1);
		} else {
			ck_assert_int_eq(wal_reader_resync(r), -ENODATA);
			expect_stop(r, -EBADMSG, five_at(hit));
		}
		wal_reader_close(r);
		bytes.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	buf_done(&bytes);
	disk_close(&d);
}
END_TEST

START_TEST(zeros_are_the_end_even_fewer_than_a_header)
{
	struct disk d;

	disk_open(&d);
	struct buf bytes = five_bytes(&d);
	size_t len = bytes.len;

	for (size_t zeros = 1; zeros < 100; zeros++) {
		ck_assert_int_eq(buf_append_byte(&bytes, 0), 0);
		struct wal_reader *r = open_bytes(&d, bytes.ptr, bytes.len);
		uint64_t after = 1;

		for (size_t i = 0; i < array_size(five); i++)
			expect_next(r, i);
		expect_stop(r, -ENODATA, len);
		ck_assert_int_eq(wal_reader_bytes_after(r, len, &after), 0);
		ck_assert_uint_eq(after, 0);
		wal_reader_close(r);
	}
	buf_done(&bytes);
	disk_close(&d);
}
END_TEST

START_TEST(a_record_behind_a_hole_of_zeros_is_found)
{
	struct disk d;

	disk_open(&d);
	struct buf bytes = five_bytes(&d);

	memset(bytes.ptr + five_at(1), 0, five_at(3) - five_at(1));
	struct wal_reader *r = open_bytes(&d, bytes.ptr, bytes.len);

	expect_next(r, 0);
	expect_stop(r, -ENODATA, five_at(1));
	ck_assert_int_eq(wal_reader_resync(r), 0);
	expect_next(r, 3);
	wal_reader_close(r);
	buf_done(&bytes);
	disk_close(&d);
}
END_TEST

START_TEST(bytes_after_counts_up_to_the_last_set_byte)
{
	struct disk d;
	uint64_t after;

	disk_open(&d);
	struct buf bytes = five_bytes(&d);
	size_t len = bytes.len;
	static const uint8_t zeros[600 * 1024];

	ck_assert_int_eq(buf_append(&bytes, zeros, sizeof(zeros)), 0);
	struct wal_reader *r = open_bytes(&d, bytes.ptr, bytes.len);

	/* The MARK ends in zeros; its highest set byte is the durable seqno. */
	ck_assert_int_eq(wal_reader_bytes_after(r, five_at(4), &after), 0);
	ck_assert_uint_eq(after, 33);
	wal_reader_close(r);
	bytes.ptr[len + 300000] = 1;
	r = open_bytes(&d, bytes.ptr, bytes.len);
	ck_assert_int_eq(wal_reader_bytes_after(r, len, &after), 0);
	ck_assert_uint_eq(after, 300001);
	ck_assert_int_eq(wal_reader_bytes_after(r, len + 300000, &after), 0);
	ck_assert_uint_eq(after, 1);
	ck_assert_int_eq(wal_reader_bytes_after(r, len + 300001, &after), 0);
	ck_assert_uint_eq(after, 0);
	wal_reader_close(r);
	buf_done(&bytes);
	disk_close(&d);
}
END_TEST

START_TEST(a_wrong_file_header_is_refused)
{
	struct disk d;
	struct wal_reader *r = NULL;

	disk_open(&d);
	ck_assert_int_eq(wal_reader_open(d.dir, LOG, &r), -ENOENT);
	struct buf bytes = five_bytes(&d);

	for (size_t len = 0; len < WAL_FILE_HEADER_SIZE; len++) {
		fixture_set_bytes(&d, LOG, slice_of(bytes.ptr, len));
		ck_assert_int_eq(wal_reader_open(d.dir, LOG, &r), -EUCLEAN);
	}
	for (size_t bit = 0; bit < WAL_FILE_HEADER_SIZE * 8; bit++) {
		bytes.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
		fixture_set_bytes(&d, LOG, buf_slice(&bytes));
		int rc = wal_reader_open(d.dir, LOG, &r);

		ck_assert_int_eq(rc, bit < 64 ? -EUCLEAN : -EBADMSG);
		bytes.ptr[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	/* A log under another log's name. */
	fixture_set_bytes(&d, LOG + 1, buf_slice(&bytes));
	ck_assert_int_eq(wal_reader_open(d.dir, LOG + 1, &r), -EUCLEAN);
	ck_assert_ptr_null(r);
	buf_done(&bytes);
	disk_close(&d);
}
END_TEST

/* Append one record whose payload is len bytes made from its seqno. */
static void append_sized(struct wal_writer *w, uint64_t seqno, size_t len, uint8_t *space)
{
	struct wal_record rec = {.type = WAL_BATCH, .count = 1, .first_seqno = seqno};

	for (size_t i = 0; i < len; i++)
		space[i] = (uint8_t)(seqno * 17 + i);
	rec.payload = slice_of(space, len);
	rec.payload_crc = crc32c(0, space, len);
	ck_assert_int_eq(wal_writer_append(w, &rec), 0);
}

START_TEST(records_across_and_over_the_read_window_come_whole)
{
	static uint8_t space[1 << 20];
	struct disk d;
	struct wal_writer *w;
	struct wal_reader *r;
	struct wal_record rec;

	disk_open(&d);
	ck_assert_int_eq(wal_writer_create(d.dir, LOG, 9, &w), 0);
	for (uint64_t seqno = 1; seqno <= 4000; seqno++)
		append_sized(w, seqno, seqno % 1000 == 0 ? sizeof(space) - seqno : 1 + seqno % 700,
			     space);
	wal_writer_close(w);
	ck_assert_int_eq(wal_reader_open(d.dir, LOG, &r), 0);
	for (uint64_t seqno = 1; seqno <= 4000; seqno++) {
		ck_assert_int_eq(wal_reader_next(r, &rec), 0);
		ck_assert_uint_eq(rec.first_seqno, seqno);
		for (size_t i = 0; i < rec.payload.len; i++)
			if (rec.payload.ptr[i] != (uint8_t)(seqno * 17 + i))
				ck_abort_msg("record %llu, byte %zu", (unsigned long long)seqno, i);
	}
	ck_assert_int_eq(wal_reader_next(r, &rec), -ENODATA);
	wal_reader_close(r);
	disk_close(&d);
}
END_TEST

START_TEST(a_length_over_the_file_takes_no_memory)
{
	struct disk d;
	uint8_t bytes[WAL_FILE_HEADER_SIZE + WAL_RECORD_HEADER_SIZE + 64];
	struct wal_record rec = {
		.type = WAL_BATCH,
		.count = 1,
		.first_seqno = 1,
		.payload = {.len = WAL_PAYLOAD_MAX},
	};

	memset(bytes, 0xee, sizeof(bytes));
	disk_open(&d);
	wal_file_header_encode(LOG, 9, 0, bytes);
	wal_record_header_encode(&rec, wal_crc_seed(LOG, 9), bytes + WAL_FILE_HEADER_SIZE);
	struct wal_reader *r = open_bytes(&d, bytes, sizeof(bytes));

	expect_stop(r, -EBADMSG, WAL_FILE_HEADER_SIZE);
	wal_reader_close(r);
	disk_close(&d);
}
END_TEST

START_TEST(a_failed_read_is_reported_as_it_is)
{
	struct disk d;
	struct env_dir *dir;
	bool struck = true;

	disk_open(&d);
	struct buf bytes = five_bytes(&d);
	struct env *fault = env_fault_new(d.env);

	ck_assert_ptr_nonnull(fault);
	ck_assert_int_eq(env_open_dir(fault, FIXTURE_DIR, true, &dir), 0);
	for (uint64_t n = 0; struck; n++) {
		struct env_fault_plan plan = {.at_call = n, .error = -EIO};
		struct wal_reader *r = NULL;
		struct wal_record rec;

		env_fault_set(fault, &plan);
		int rc = wal_reader_open(dir, LOG, &r);

		while (rc == 0)
			rc = wal_reader_next(r, &rec);
		struck = env_fault_struck(fault);
		ck_assert_int_eq(rc, struck ? -EIO : -ENODATA);
		wal_reader_close(r);
		ck_assert_uint_lt(n, 100);
	}
	env_dir_close(dir);
	env_free(fault);
	buf_done(&bytes);
	disk_close(&d);
}
END_TEST

/* Read to the end over all bad places; every answer keeps the promises of the header. */
static void read_everything(struct disk *d)
{
	struct wal_reader *r = NULL;
	struct wal_record rec;
	uint64_t offset = 0;
	int rc = wal_reader_open(d->dir, LOG, &r);

	if (rc) {
		ck_assert(rc == -EUCLEAN || rc == -EBADMSG);
		return;
	}
	while (rc == 0) {
		uint64_t now = wal_reader_offset(r);

		ck_assert_uint_gt(now, offset);
		ck_assert_uint_eq(now % WAL_ALIGN, 0);
		offset = now;
		rc = wal_reader_next(r, &rec);
		if (rc == -EBADMSG || rc == -ENODATA) {
			rc = wal_reader_resync(r);
			continue;
		}
		ck_assert_int_eq(rc, 0);
		ck_assert(rec.type == WAL_BATCH ? rec.count > 0 && rec.payload.len > 0
						: rec.count == 0 && rec.payload.len == 0);
		ck_assert_uint_eq(crc32c(0, rec.payload.ptr, rec.payload.len), rec.payload_crc);
	}
	ck_assert_int_eq(rc, -ENODATA);
	wal_reader_close(r);
}

/* Records with right checksums and any content, at any place, over each other. */
static void plant_records(struct rng *rng, uint8_t *bytes, size_t len)
{
	for (uint64_t n = rng_below(rng, 12); n > 0; n--) {
		size_t at = rng_below(rng, len / 8) * 8;
		struct wal_record rec = {
			.type = (enum wal_type)rng_below(rng, 4),
			.count = (uint32_t)rng_below(rng, 3),
			.first_seqno = rng_below(rng, 20),
			.durable_seqno = rng_below(rng, 20),
			.payload = {.len = rng_below(rng, 200)},
		};

		if (at + WAL_RECORD_HEADER_SIZE > len)
			continue;
		if (at + WAL_RECORD_HEADER_SIZE + rec.payload.len <= len)
			rec.payload_crc =
				crc32c(0, bytes + at + WAL_RECORD_HEADER_SIZE, rec.payload.len);
		wal_record_header_encode(&rec, wal_crc_seed(LOG, 9), bytes + at);
	}
}

START_TEST(arbitrary_bytes_are_read_safely)
{
	struct disk d;
	struct rng rng;

	rng_seed(&rng, unit_seed());
	disk_open(&d);
	for (int round = 0; round < 4000; round++) {
		size_t len = rng_below(&rng, 2000);
		uint8_t *bytes = calloc(1, len + 1);

		if (rng_below(&rng, 3))
			rng_fill(&rng, bytes, len);
		if (len >= WAL_FILE_HEADER_SIZE && rng_below(&rng, 20))
			wal_file_header_encode(LOG, 9, 0, bytes);
		if (len > WAL_FILE_HEADER_SIZE + 64)
			plant_records(&rng, bytes + WAL_FILE_HEADER_SIZE,
				      len - WAL_FILE_HEADER_SIZE);
		fixture_set_bytes(&d, LOG, slice_of(bytes, len));
		read_everything(&d);
		free(bytes);
	}
	disk_close(&d);
}
END_TEST

START_TEST(a_known_salt_does_for_a_damaged_file_header)
{
	struct disk d;
	struct wal_reader *r;

	disk_open(&d);
	struct buf bytes = five_bytes(&d);
	uint64_t salt = fixed64_get(bytes.ptr + 24), wrong_salt = salt + 1;

	memset(bytes.ptr, 0, WAL_FILE_HEADER_SIZE);
	fixture_set_bytes(&d, LOG, buf_slice(&bytes));
	ck_assert_int_eq(wal_reader_open_damaged(d.dir, LOG, NULL, &r), -EUCLEAN);
	ck_assert_int_eq(wal_reader_open_damaged(d.dir, LOG, &salt, &r), 0);
	ck_assert(!wal_reader_has_header(r));
	for (size_t i = 0; i < array_size(five); i++)
		expect_next(r, i);
	wal_reader_close(r);
	ck_assert_int_eq(wal_reader_open_damaged(d.dir, LOG, &wrong_salt, &r), 0);
	struct wal_record rec;
	ck_assert_int_eq(wal_reader_next(r, &rec), -EBADMSG);
	wal_reader_close(r);
	buf_done(&bytes);
	disk_close(&d);
}
END_TEST

START_TEST(of_a_damaged_log_unreadable_bytes_are_zeros)
{
	const struct env_fault_plan plan = {.at_call = 2, .error = -EIO, .sticky = true};
	uint64_t salt = 0;
	struct disk d;
	struct wal_reader *r;
	struct wal_record rec;

	disk_open(&d);
	struct buf bytes = five_bytes(&d);
	struct env *faulty = env_fault_new(d.env);
	struct env_dir *dir;
	ck_assert_int_eq(env_open_dir(faulty, FIXTURE_DIR, false, &dir), 0);
	env_fault_set(faulty, &plan); /* open and size work */
	ck_assert_int_eq(wal_reader_open_damaged(dir, LOG, &salt, &r), 0);
	ck_assert_int_eq(wal_reader_next(r, &rec), -ENODATA);
	ck_assert_uint_eq(wal_reader_unreadable(r), bytes.len);
	wal_reader_close(r);
	env_dir_close(dir);
	env_free(faulty);
	buf_done(&bytes);
	disk_close(&d);
}
END_TEST

static const TTest *const *const tests[] = {
	&records_come_in_order_and_then_the_end,
	&a_record_cut_off_at_any_byte_is_bad,
	&every_flipped_bit_makes_its_record_bad_and_the_next_is_found,
	&zeros_are_the_end_even_fewer_than_a_header,
	&a_record_behind_a_hole_of_zeros_is_found,
	&bytes_after_counts_up_to_the_last_set_byte,
	&a_wrong_file_header_is_refused,
	&records_across_and_over_the_read_window_come_whole,
	&a_length_over_the_file_takes_no_memory,
	&a_failed_read_is_reported_as_it_is,
	&arbitrary_bytes_are_read_safely,
	&a_known_salt_does_for_a_damaged_file_header,
	&of_a_damaged_log_unreadable_bytes_are_zeros,
};

UNIT_SUITE("lsm/wal/wal_reader", tests)
