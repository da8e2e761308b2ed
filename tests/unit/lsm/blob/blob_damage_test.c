/*
 * Whatever happens to the bytes of a blob file is found when they are read.
 */
#include "lsm/base/coding.h"
#include "lsm/base/crc32c.h"
#include "lsm/blob/blob_header.h"
#include "lsm/blob/blob_refs.h"
#include "tests/unit/lsm/blob/blob_fixture.h"

enum {
	LEN = 200,
};

/* A file with one chunk, known to a store that has read nothing yet. */
static struct extent begin(struct fixture *f, bool soft)
{
	struct blob_file *file;

	fixture_init(f, fixture_options());
	struct extent e = fixture_write(f, 1, LEN, soft, &file);

	ck_assert_int_eq(blob_store_sync(f->store), 0);
	ck_assert(soft ? e.stored_len < LEN : e.stored_len == LEN);
	return e;
}

static int read_all(struct fixture *f, const struct extent *e)
{
	uint8_t into[LEN];

	return blob_store_read(f->store, e, into);
}

static void expect_each_flip_found(bool soft)
{
	struct fixture f;
	struct extent e = begin(&f, soft);
	struct slice now = fixture_file(&f, 1);
	uint8_t bytes[BLOB_HEADER_SIZE + LEN];
	size_t len = now.len;

	memcpy(bytes, now.ptr, len);
	for (size_t bit = BLOB_HEADER_SIZE * 8; bit < len * 8; bit++) {
		struct extent part = e;

		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		fixture_set_file(&f, 1, slice_of(bytes, len));
		ck_assert(read_all(&f, &e) == -EBADMSG);
		ck_assert(strcmp(fail_text(), "000001.blob: offset 32: chunk checksum is wrong") ==
			  0);
		/* Also when other bytes are asked for. */
		part.from = bit / 8 < len / 2 ? LEN - 1 : 0;
		part.len = 1;
		ck_assert(read_all(&f, &part) == -EBADMSG);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ck_assert_uint_eq(fixture_stats(&f).checksum_errors,
			  2 * 8 * (uint64_t)(len - BLOB_HEADER_SIZE));
	ck_assert_uint_eq(fixture_stats(&f).chunks_read, 0);
	fixture_set_file(&f, 1, slice_of(bytes, len));
	ck_assert(fixture_reads_right(&f, &e, 1, soft));
	fixture_done(&f);
}

START_TEST(each_flip_of_a_stored_chunk_is_found)
{
	expect_each_flip_found(false);
}
END_TEST

START_TEST(each_flip_of_a_packed_chunk_is_found)
{
	expect_each_flip_found(true);
}
END_TEST

START_TEST(each_flip_of_the_header_is_found_when_the_file_is_opened)
{
	struct fixture f;
	struct extent e = begin(&f, false);
	uint8_t bytes[BLOB_HEADER_SIZE + LEN];

	memcpy(bytes, fixture_file(&f, 1).ptr, sizeof(bytes));
	for (size_t bit = 0; bit < BLOB_HEADER_SIZE * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		fixture_set_file(&f, 1, slice_of(bytes, sizeof(bytes)));
		ck_assert(read_all(&f, &e) == (bit < 64 ? -EUCLEAN : -EBADMSG));
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ck_assert_uint_eq(fixture_stats(&f).open_files, 0);
	fixture_set_file(&f, 1, slice_of(bytes, sizeof(bytes)));
	ck_assert(fixture_reads_right(&f, &e, 1, false));
	fixture_done(&f);
}
END_TEST

START_TEST(a_cut_file_is_damage)
{
	struct fixture f;
	struct extent e = begin(&f, false);
	uint8_t bytes[BLOB_HEADER_SIZE + LEN];

	memcpy(bytes, fixture_file(&f, 1).ptr, sizeof(bytes));
	for (size_t len = 0; len < sizeof(bytes); len++) {
		fixture_set_file(&f, 1, slice_of(bytes, len));
		ck_assert(read_all(&f, &e) == -EUCLEAN);
		ck_assert(strstr(fail_text(), "000001.blob"));
	}
	fixture_done(&f);
}
END_TEST

START_TEST(a_missing_file_is_damage)
{
	struct fixture f;
	struct extent e = begin(&f, false);

	ck_assert_int_eq(env_mem_remove_file(f.disk, "store", "000001.blob"), 0);
	ck_assert_int_eq(read_all(&f, &e), -EUCLEAN);
	ck_assert_str_eq(fail_text(), "000001.blob: missing");
	e.file = 2;
	ck_assert_int_eq(read_all(&f, &e), -EUCLEAN);
	ck_assert_str_eq(fail_text(), "000002.blob: missing");
	fixture_done(&f);
}
END_TEST

START_TEST(a_missing_file_beside_its_writer_is_stale)
{
	struct fixture f;
	struct blob_options options = fixture_options();
	struct blob_file *file;
	struct blob_refs refs = {0};
	struct extent e = begin(&f, false);

	blob_store_free(f.store);
	options.beside_writer = true;
	fixture_new_store(&f, options);
	ck_assert_int_eq(read_all(&f, &e), -ESTALE);
	ck_assert_int_eq(blob_refs_note(&refs, &e), 0);
	ck_assert_int_eq(blob_refs_resolve(&refs, f.store), -ESTALE);
	ck_assert_int_eq(blob_store_add(f.store, 1, BLOB_HEADER_SIZE + LEN, &file), 0);
	ck_assert_int_eq(read_all(&f, &e), 0);
	ck_assert(blob_store_make_way(f.store));
	ck_assert_int_eq(env_mem_remove_file(f.disk, "store", "000001.blob"), 0);
	ck_assert_int_eq(read_all(&f, &e), -ESTALE);
	blob_refs_done(&refs);
	fixture_done(&f);
}
END_TEST

START_TEST(the_file_of_another_number_is_damage)
{
	struct fixture f;
	struct extent e = begin(&f, false);
	uint8_t bytes[BLOB_HEADER_SIZE + LEN];

	memcpy(bytes, fixture_file(&f, 1).ptr, sizeof(bytes));
	blob_header_encode(2, bytes);
	fixture_set_file(&f, 1, slice_of(bytes, sizeof(bytes)));
	ck_assert_int_eq(read_all(&f, &e), -EUCLEAN);
	ck_assert_str_eq(fail_text(), "000001.blob: offset 0: the header is that of file 2");
	fixture_done(&f);
}
END_TEST

START_TEST(a_header_of_another_version_is_refused)
{
	uint8_t bytes[BLOB_HEADER_SIZE];

	blob_header_encode(7, bytes);
	ck_assert_int_eq(blob_header_check(bytes, "a", 7), 0);
	for (size_t at = 8; at < 28; at += at == 12 ? 12 : 4) { /* version and both zeros */
		blob_header_encode(7, bytes);
		bytes[at]++;
		fixed32_put(bytes + 28, crc32c(0, bytes, 28));
		ck_assert_int_eq(blob_header_check(bytes, "a", 7), -EUCLEAN);
	}
	ck_assert_str_eq(fail_text(), "a: offset 0: unknown fields in the header");
}
END_TEST

/* An extent that nobody vouches for may say anything that makes sense; the CRC may be right. */
START_TEST(a_chunk_that_does_not_unpack_is_damage)
{
	struct fixture f;
	struct extent e = begin(&f, true);

	e.raw_len = LEN - 1;
	e.len = LEN - 1;
	ck_assert_int_eq(read_all(&f, &e), -EUCLEAN);
	ck_assert_str_eq(fail_text(), "000001.blob: offset 32: chunk does not unpack to 199 bytes");
	e.from = 5;
	e.len = 5;
	ck_assert_int_eq(read_all(&f, &e), -EUCLEAN);
	e.at = BLOB_OFFSET_MAX - e.stored_len;
	ck_assert_int_eq(read_all(&f, &e), -EUCLEAN);
	fixture_done(&f);
}
END_TEST

static const TTest *const *const tests[] = {
	&each_flip_of_a_stored_chunk_is_found,
	&each_flip_of_a_packed_chunk_is_found,
	&each_flip_of_the_header_is_found_when_the_file_is_opened,
	&a_cut_file_is_damage,
	&a_missing_file_is_damage,
	&a_missing_file_beside_its_writer_is_stale,
	&the_file_of_another_number_is_damage,
	&a_header_of_another_version_is_refused,
	&a_chunk_that_does_not_unpack_is_damage,
};

UNIT_SUITE("lsm/blob/blob_damage", tests)
