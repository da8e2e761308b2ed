/*
 * tests/data/wal_v1.wal and wal_v2.wal, written once from the inputs below: the bytes of versions 1
 * and 2 for all time. The second is made of an older log of which nothing but letters is left.
 */
#include <errno.h>

#include "lsm/wal/wal_reader.h"
#include "tests/unit/lsm/wal/wal_fixture.h"

enum {
	GOLDEN_NUMBER = 7,
	GOLDEN_SIZE_MAX = 2048,
	GOLDEN_OLD_BYTES = 600, /* reaches over the last record */
};

#define GOLDEN_SALT UINT64_C(0x0123456789abcdef)

struct golden_record {
	struct wal_record header; /* payload and its CRC are filled in */
	const char *payload;
	size_t payload_len;
};

/* Write batches (lsm/mem/batch_format.h): a put and a tombstone; one put; and one of no padding. */
static const struct golden_record golden[] = {
	{
		{WAL_BATCH, 2, 100, 1700000000123456789, 99, 0, {0}},
		"\x01\x05"
		"alpha\x02mm\x05value\x00\x04"
		"beta",
		22,
	},
	{
		{WAL_BATCH, 1, 102, 1700000000123456790, 99, 0, {0}},
		"\x01\x06user:1\x00\x0bhello world",
		21,
	},
	{{WAL_MARK, 0, 103, 1700000000200000000, 102, 0, {0}}, "", 0},
	{
		{WAL_BATCH, 1, 103, UINT64_MAX, 102, 0, {0}},
		"\x00\x0e"
		"fourteen bytes",
		16,
	},
	{{WAL_MARK, 0, 104, 0, 103, 0, {0}}, "", 0},
};

static struct wal_record golden_record(size_t i)
{
	struct wal_record rec = golden[i].header;

	rec.payload = slice_of(golden[i].payload, golden[i].payload_len);
	rec.payload_crc = crc32c(0, rec.payload.ptr, rec.payload.len);
	return rec;
}

/* The file stands two folders above this source's tree, wherever the tests are run. */
static size_t read_golden(int version, uint8_t *space)
{
	char path[4096] = __FILE__;
	char *slash = strrchr(path, '/');

	ck_assert_ptr_nonnull(slash);
	(void)snprintf(slash, sizeof(path) - (size_t)(slash - path), "/../../../data/wal_v%d.wal",
		       version);
	FILE *f = fopen(path, "rb");

	ck_assert_msg(f != NULL, "%s", path);
	size_t len = fread(space, 1, GOLDEN_SIZE_MAX, f);

	ck_assert_int_eq(fclose(f), 0);
	ck_assert_uint_lt(len, GOLDEN_SIZE_MAX);
	return len;
}

static struct wal_writer *begin_golden(struct disk *d, int version)
{
	uint8_t old[GOLDEN_OLD_BYTES];
	struct wal_writer *w;

	if (version == 1) {
		ck_assert_int_eq(wal_writer_create(d->dir, GOLDEN_NUMBER, GOLDEN_SALT, &w), 0);
		return w;
	}
	memset(old, 'o', sizeof(old));
	fixture_set_bytes(d, 5, slice_of(old, sizeof(old)));
	ck_assert_int_eq(wal_writer_recycle(d->dir, 5, GOLDEN_NUMBER, GOLDEN_SALT, &w), 0);
	return w;
}

START_TEST(todays_writer_makes_the_same_bytes)
{
	static uint8_t space[GOLDEN_SIZE_MAX];
	size_t len = read_golden(_i, space);
	struct disk d;

	disk_open(&d);
	struct wal_writer *w = begin_golden(&d, _i);

	for (size_t i = 0; i < array_size(golden); i++) {
		struct wal_record rec = golden_record(i);

		ck_assert_int_eq(wal_writer_append(w, &rec), 0);
	}
	wal_writer_close(w);
	struct buf bytes = fixture_bytes(&d, GOLDEN_NUMBER);

	ck_assert_uint_eq(bytes.len, len);
	ck_assert_mem_eq(bytes.ptr, space, len);
	buf_done(&bytes);
	disk_close(&d);
}
END_TEST

START_TEST(todays_reader_decodes_it)
{
	static uint8_t space[GOLDEN_SIZE_MAX];
	size_t len = read_golden(_i, space);
	struct disk d;
	struct wal_reader *r;
	struct wal_record rec;

	disk_open(&d);
	fixture_set_bytes(&d, GOLDEN_NUMBER, slice_of(space, len));
	ck_assert_int_eq(wal_reader_open(d.dir, GOLDEN_NUMBER, &r), 0);
	for (size_t i = 0; i < array_size(golden); i++) {
		struct wal_record expected = golden_record(i);

		ck_assert_int_eq(wal_reader_next(r, &rec), 0);
		ck_assert_int_eq(rec.type, expected.type);
		ck_assert_uint_eq(rec.count, expected.count);
		ck_assert_uint_eq(rec.first_seqno, expected.first_seqno);
		ck_assert_uint_eq(rec.time_ns, expected.time_ns);
		ck_assert_uint_eq(rec.durable_seqno, expected.durable_seqno);
		ck_assert_uint_eq(rec.payload_crc, expected.payload_crc);
		ck_assert(slice_eq(rec.payload, expected.payload));
	}
	ck_assert_int_eq(wal_reader_next(r, &rec), -ENODATA);
	if (_i == 1)
		ck_assert_uint_eq(wal_reader_offset(r), len);
	else
		ck_assert_uint_lt(wal_reader_offset(r) + WAL_RECORD_HEADER_SIZE, len);
	wal_reader_close(r);
	disk_close(&d);
}
END_TEST

static const TTest *const *const tests[] = {
	&todays_writer_makes_the_same_bytes,
	&todays_reader_decodes_it,
};

UNIT_ROUNDS("lsm/wal/wal_golden", tests, NULL, NULL, 1, 3)
