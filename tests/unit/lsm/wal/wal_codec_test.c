#include "lsm/wal/wal_codec.h"

#include <errno.h>

#include "lsm/base/coding.h"
#include "lsm/base/crc32c.h"
#include "lsm/base/error.h"
#include "tests/unit/unit.h"

#define SALT UINT64_C(0xfeedfacecafebeef)

START_TEST(file_header_comes_back)
{
	uint8_t bytes[WAL_FILE_HEADER_SIZE];
	uint64_t salt = 0;

	wal_file_header_encode(12, SALT, 0, bytes);
	ck_assert_mem_eq(bytes, "apexwal\n", 8);
	ck_assert_int_eq(wal_file_header_decode(bytes, "000012.wal", 12, &salt), 0);
	ck_assert_uint_eq(salt, SALT);
	ck_assert_uint_eq(wal_file_header_old_end(bytes), 0);
	ck_assert_int_eq(bytes[8], 1);

	wal_file_header_encode(12, SALT, 123456, bytes);
	ck_assert_int_eq(wal_file_header_decode(bytes, "000012.wal", 12, &salt), 0);
	ck_assert_uint_eq(wal_file_header_old_end(bytes), 123456);
	ck_assert_int_eq(bytes[8], 2);
}
END_TEST

static void expect_file_header(const uint8_t *bytes, int error, const char *word)
{
	uint64_t salt = 77;

	fail_clear();
	ck_assert_int_eq(wal_file_header_decode(bytes, "000012.wal", 12, &salt), error);
	ck_assert_uint_eq(salt, 77);
	ck_assert_ptr_nonnull(strstr(fail_text(), "000012.wal: offset "));
	ck_assert_msg(strstr(fail_text(), word) != NULL, "%s", fail_text());
}

static void reseal(uint8_t *bytes)
{
	fixed32_put(bytes + 44, crc32c(0, bytes, 44));
}

START_TEST(wrong_file_headers_are_told_apart)
{
	uint8_t good[WAL_FILE_HEADER_SIZE];
	uint8_t bad[WAL_FILE_HEADER_SIZE];

	wal_file_header_encode(12, SALT, 0, good);
	memcpy(bad, good, sizeof(bad));
	bad[0] ^= 1;
	expect_file_header(bad, -EUCLEAN, "not a log");

	memcpy(bad, good, sizeof(bad));
	bad[30] ^= 1;
	expect_file_header(bad, -EBADMSG, "checksum");

	memcpy(bad, good, sizeof(bad));
	bad[8] = 3;
	reseal(bad);
	expect_file_header(bad, -EUCLEAN, "version 3");

	wal_file_header_encode(13, SALT, 0, bad);
	expect_file_header(bad, -EUCLEAN, "log 13, not 12");

	static const size_t unused[] = {12, 32, 40};

	for (size_t i = 0; i < array_size(unused); i++) {
		memcpy(bad, good, sizeof(bad));
		bad[unused[i]] = 1;
		reseal(bad);
		expect_file_header(bad, -EUCLEAN, "unused");
	}
}
END_TEST

static struct wal_record batch(void)
{
	return (struct wal_record){
		.type = WAL_BATCH,
		.count = 3,
		.first_seqno = 100,
		.time_ns = 123456789,
		.durable_seqno = 99,
		.payload_crc = 0xabcdef01,
		.payload = slice_of("0123456789", 10),
	};
}

START_TEST(record_header_stands_at_its_offsets)
{
	uint8_t bytes[WAL_RECORD_HEADER_SIZE];
	uint8_t seed_bytes[16];
	struct wal_record rec = batch();

	wal_record_header_encode(&rec, wal_crc_seed(12, SALT), bytes);
	fixed64_put(seed_bytes, SALT);
	fixed64_put(seed_bytes + 8, 12);
	ck_assert_uint_eq(fixed32_get(bytes), crc32c(crc32c(0, seed_bytes, 16), bytes + 4, 44));
	ck_assert_uint_eq(fixed32_get(bytes + 4), 0xabcdef01);
	ck_assert_uint_eq(fixed64_get(bytes + 8), 10 | UINT64_C(1) << 56);
	ck_assert_uint_eq(fixed64_get(bytes + 16), 100);
	ck_assert_uint_eq(fixed64_get(bytes + 24), 123456789);
	ck_assert_uint_eq(fixed64_get(bytes + 32), 99);
	ck_assert_uint_eq(fixed32_get(bytes + 40), 3);
	ck_assert_uint_eq(fixed32_get(bytes + 44), 0);
}
END_TEST

START_TEST(record_header_comes_back)
{
	uint8_t bytes[WAL_RECORD_HEADER_SIZE];
	struct wal_record rec = batch();
	struct wal_record back;

	wal_record_header_encode(&rec, 5, bytes);
	/* 10 bytes of payload and 6 of padding are just in the file. */
	ck_assert_ptr_null(wal_record_header_decode(bytes, 5, 16, &back));
	ck_assert_int_eq(back.type, WAL_BATCH);
	ck_assert_uint_eq(back.count, 3);
	ck_assert_uint_eq(back.first_seqno, 100);
	ck_assert_uint_eq(back.time_ns, 123456789);
	ck_assert_uint_eq(back.durable_seqno, 99);
	ck_assert_uint_eq(back.payload_crc, 0xabcdef01);
	ck_assert_uint_eq(back.payload.len, 10);
	ck_assert_ptr_null(back.payload.ptr);
	ck_assert_ptr_nonnull(wal_record_header_decode(bytes, 5, 15, &back));
}
END_TEST

START_TEST(every_flipped_bit_of_a_record_header_shows)
{
	uint8_t bytes[WAL_RECORD_HEADER_SIZE];
	struct wal_record rec = batch();
	struct wal_record back = {.count = 55};

	wal_record_header_encode(&rec, 5, bytes);
	for (size_t bit = 0; bit < sizeof(bytes) * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_ptr_nonnull(wal_record_header_decode(bytes, 5, UINT64_MAX / 2, &back));
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ck_assert_uint_eq(back.count, 55);
}
END_TEST

START_TEST(a_record_of_another_log_or_salt_is_refused)
{
	uint8_t bytes[WAL_RECORD_HEADER_SIZE];
	struct wal_record rec = batch();
	struct wal_record back;

	wal_record_header_encode(&rec, wal_crc_seed(12, SALT), bytes);
	ck_assert_ptr_null(wal_record_header_decode(bytes, wal_crc_seed(12, SALT), 16, &back));
	ck_assert_ptr_nonnull(wal_record_header_decode(bytes, wal_crc_seed(13, SALT), 16, &back));
	ck_assert_ptr_nonnull(
		wal_record_header_decode(bytes, wal_crc_seed(12, SALT + 1), 16, &back));
}
END_TEST

/* Right checksum, wrong content. */
static void expect_refused(const struct wal_record *rec)
{
	uint8_t bytes[WAL_RECORD_HEADER_SIZE];
	struct wal_record back;

	wal_record_header_encode(rec, 5, bytes);
	ck_assert_ptr_nonnull(wal_record_header_decode(bytes, 5, UINT64_MAX / 2, &back));
}

START_TEST(contradictions_under_a_right_checksum_are_refused)
{
	struct wal_record rec = batch();

	rec.count = 0;
	expect_refused(&rec);
	rec = batch();
	rec.payload.len = 0;
	expect_refused(&rec);
	rec = batch();
	rec.payload.len = WAL_PAYLOAD_MAX + 1;
	expect_refused(&rec);
	rec = batch();
	rec.type = WAL_MARK;
	expect_refused(&rec);
	rec = batch();
	rec.type = (enum wal_type)3;
	expect_refused(&rec);
	rec = batch();
	rec.durable_seqno = 100;
	expect_refused(&rec);
	rec = batch();
	rec.first_seqno = UINT64_MAX - 2;
	expect_refused(&rec);
	rec = batch();
	rec.first_seqno = 0;
	rec.durable_seqno = 0;
	expect_refused(&rec);
}
END_TEST

static const TTest *const *const tests[] = {
	&file_header_comes_back,
	&wrong_file_headers_are_told_apart,
	&record_header_stands_at_its_offsets,
	&record_header_comes_back,
	&every_flipped_bit_of_a_record_header_shows,
	&a_record_of_another_log_or_salt_is_refused,
	&contradictions_under_a_right_checksum_are_refused,
};

UNIT_SUITE("lsm/wal/wal_codec", tests)
