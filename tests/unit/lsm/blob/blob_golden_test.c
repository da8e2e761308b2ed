/*
 * tests/data/blob_v1.blob, written once from the chunks below: the bytes of version 1 for all time.
 */
#include "tests/unit/lsm/blob/blob_fixture.h"

enum {
	GOLDEN_NUMBER = 12,
	GOLDEN_SIZE_MAX = 4096,
	ZEROS = 1000, /* so alike in themselves that every release of LZ4 packs them alike */
};

static const uint8_t zeros[ZEROS];
static const char text[] = "a chunk of some bytes, stored as it is";

/* Where they are, for all time. */
static const struct extent golden_text = {
	.file = GOLDEN_NUMBER,
	.at = 32,
	.stored_len = sizeof(text),
	.raw_len = sizeof(text),
	.len = sizeof(text),
	.crc = 0x848f61b4,
};
static const struct extent golden_zeros = {
	.file = GOLDEN_NUMBER,
	.at = 32 + sizeof(text),
	.stored_len = 14,
	.raw_len = ZEROS,
	.len = ZEROS,
	.crc = 0x7b9772d3,
};

/* The file stands beside the tree of this source, wherever the tests are run. */
static size_t read_golden(uint8_t *room)
{
	char path[4096] = __FILE__;
	char *slash = strrchr(path, '/');

	ck_assert_ptr_nonnull(slash);
	(void)snprintf(slash, sizeof(path) - (size_t)(slash - path), "/../../../data/blob_v1.blob");

	FILE *file = fopen(path, "rb");

	ck_assert_msg(file != NULL, "%s", path);

	size_t len = fread(room, 1, GOLDEN_SIZE_MAX, file);

	ck_assert_int_eq(fclose(file), 0);
	ck_assert_uint_lt(len, GOLDEN_SIZE_MAX);
	return len;
}

static void expect_extent(struct extent got, struct extent want)
{
	ck_assert_uint_eq(got.file, want.file);
	ck_assert_uint_eq(got.at, want.at);
	ck_assert_uint_eq(got.stored_len, want.stored_len);
	ck_assert_uint_eq(got.raw_len, want.raw_len);
	ck_assert_uint_eq(got.len, want.len);
	ck_assert_uint_eq(got.crc, want.crc);
}

static struct extent write_chunk(struct fixture *f, const void *bytes, size_t len)
{
	struct blob_file *file;
	struct extent e;

	ck_assert_int_eq(
		blob_store_write(f->store,
				 &(struct blob_write){.lane = 0, .raw = slice_of(bytes, len)}, &e,
				 &file),
		0);
	return e;
}

START_TEST(todays_writer_makes_the_same_bytes)
{
	static uint8_t room[GOLDEN_SIZE_MAX];
	struct fixture f;

	fixture_init(&f, fixture_options());
	atomic_store(&f.next, GOLDEN_NUMBER);
	expect_extent(write_chunk(&f, text, sizeof(text)), golden_text);
	expect_extent(write_chunk(&f, zeros, sizeof(zeros)), golden_zeros);

	struct slice made = fixture_file(&f, GOLDEN_NUMBER);
	size_t len = read_golden(room);

	ck_assert_uint_eq(made.len, len);
	ck_assert_mem_eq(made.ptr, room, len);
	fixture_done(&f);
}
END_TEST

START_TEST(todays_reader_reads_them)
{
	static uint8_t room[GOLDEN_SIZE_MAX];
	struct fixture f;
	struct blob_file *file;
	char got_text[sizeof(text)];
	uint8_t got_zeros[ZEROS];
	size_t len = read_golden(room);

	fixture_init(&f, fixture_options());
	fixture_set_file(&f, GOLDEN_NUMBER, slice_of(room, len));
	ck_assert_int_eq(blob_store_add(f.store, GOLDEN_NUMBER, len, &file), 0);
	ck_assert_int_eq(blob_store_read(f.store, &golden_text, got_text), 0);
	ck_assert_str_eq(got_text, text);
	ck_assert_int_eq(blob_store_read(f.store, &golden_zeros, got_zeros), 0);
	ck_assert_mem_eq(got_zeros, zeros, ZEROS);
	fixture_done(&f);
}
END_TEST

static const TTest *const *const tests[] = {
	&todays_writer_makes_the_same_bytes,
	&todays_reader_reads_them,
};

UNIT_SUITE("lsm/blob/blob_golden", tests)
