#include "fs/core/meta.h"

#include <check.h>
#include <errno.h>

#include "lsm/base/rng.h"
#include "tests/unit/fs/core/fs_fixture.h"

static const struct meta full = {
	.fields = META_FIELDS & ~META_XATTRS,
	.mode = S_IFREG | 0640,
	.uid = 1000,
	.gid = 65534,
	.mtime_ns = 0x0102030405060708,
	.atime_ns = -1,
	.ctime_ns = 0x1112131415161718,
};

/* The bytes in stores that exist: never change them. */
static const uint8_t full_bytes[] = {
	1,    0x5f,                                     /* version, fields */
	0xa0, 0x81,                                     /* 0100640 */
	0xe8, 0x07,                                     /* 1000 */
	0xfe, 0xff, 0x03,                               /* 65534 */
	0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, /* mtime */
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* atime */
	0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12, 0x11, /* ctime */
};

/* Of versions that did not know ctime. */
static const uint8_t older_bytes[] = {
	1,    0x1f,                                     /* version, fields */
	0xa0, 0x81,                                     /* 0100640 */
	0xe8, 0x07,                                     /* 1000 */
	0xfe, 0xff, 0x03,                               /* 65534 */
	0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01, /* mtime */
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* atime */
};

static void expect_same(const struct meta *a, const struct meta *b)
{
	ck_assert_uint_eq(a->fields, b->fields);
	if (a->fields & META_MODE)
		ck_assert_uint_eq(a->mode, b->mode);
	if (a->fields & META_UID)
		ck_assert_uint_eq(a->uid, b->uid);
	if (a->fields & META_GID)
		ck_assert_uint_eq(a->gid, b->gid);
	if (a->fields & META_MTIME)
		ck_assert_int_eq(a->mtime_ns, b->mtime_ns);
	if (a->fields & META_ATIME)
		ck_assert_int_eq(a->atime_ns, b->atime_ns);
	if (a->fields & META_XATTRS)
		ck_assert(slice_eq(a->xattrs, b->xattrs));
	if (a->fields & META_CTIME)
		ck_assert_int_eq(a->ctime_ns, b->ctime_ns);
}

START_TEST(no_fields_are_no_bytes)
{
	struct meta none = {0};
	struct meta decoded = full;
	struct meta_bytes bytes;

	meta_encode(&none, &bytes);
	ck_assert_uint_eq(bytes.len, 0);
	ck_assert_int_eq(meta_decode(meta_slice(&bytes), &decoded), 0);
	ck_assert_uint_eq(decoded.fields, 0);
}
END_TEST

START_TEST(bytes_are_as_the_format_says)
{
	struct meta_bytes bytes;
	struct meta decoded;

	meta_encode(&full, &bytes);
	ck_assert_uint_eq(bytes.len, sizeof(full_bytes));
	ck_assert_mem_eq(bytes.bytes, full_bytes, sizeof(full_bytes));
	ck_assert_int_eq(meta_decode(slice_of(full_bytes, sizeof(full_bytes)), &decoded), 0);
	expect_same(&decoded, &full);

	struct meta older = full;

	older.fields &= ~(unsigned)META_CTIME;
	meta_encode(&older, &bytes);
	ck_assert_uint_eq(bytes.len, sizeof(older_bytes));
	ck_assert_mem_eq(bytes.bytes, older_bytes, sizeof(older_bytes));
	ck_assert_int_eq(meta_decode(slice_of(older_bytes, sizeof(older_bytes)), &decoded), 0);
	expect_same(&decoded, &older);
}
END_TEST

START_TEST(extended_attributes_are_as_the_format_says)
{
	static const uint8_t wanted[] = {
		1,    0x21,                                       /* version, fields */
		0xa4, 0x81,                                       /* 0100644 */
		14,                                               /* bytes of the list */
		2,    't',  '.', 0,                               /* t. = nothing */
		6,    'u',  's', 'e', 'r', '.', 'a', 2, 'h', 'i', /* user.a = hi */
	};
	struct meta meta = {
		.fields = META_MODE | META_XATTRS,
		.mode = S_IFREG | 0644,
		.xattrs = slice_of(wanted + 5, 14),
	};
	struct meta_bytes bytes;
	struct meta decoded;

	meta_encode(&meta, &bytes);
	ck_assert_uint_eq(bytes.len, sizeof(wanted));
	ck_assert_mem_eq(bytes.bytes, wanted, sizeof(wanted));
	ck_assert_int_eq(meta_decode(slice_of(wanted, sizeof(wanted)), &decoded), 0);
	expect_same(&decoded, &meta);
}
END_TEST

START_TEST(every_set_of_fields_comes_back)
{
	static const mode_t types[] = {S_IFREG, S_IFDIR, S_IFLNK, S_IFIFO, S_IFSOCK};
	struct rng rng;

	rng_seed(&rng, test_seed());
	for (unsigned round = 0; round < 3200; round++) {
		struct meta meta = {
			.fields = round & META_FIELDS,
			.xattrs = slice_of("\1a\1x\1b\0", 7),
			.mode = (uint16_t)(types[round % array_size(types)] |
					   (rng_next(&rng) & 07777)),
			.uid = (uint32_t)rng_next(&rng),
			.gid = (uint32_t)rng_next(&rng),
			.mtime_ns = (int64_t)rng_next(&rng),
			.atime_ns = (int64_t)rng_next(&rng),
			.ctime_ns = (int64_t)rng_next(&rng),
		};
		struct meta_bytes bytes;
		struct meta decoded;

		meta_encode(&meta, &bytes);
		ck_assert_uint_le(bytes.len, META_BYTES_MAX);
		ck_assert_int_eq(meta_decode(meta_slice(&bytes), &decoded), 0);
		expect_same(&decoded, &meta);
	}
}
END_TEST

static void expect_refused(const uint8_t *bytes, size_t len)
{
	struct meta meta = full;

	ck_assert_int_eq(meta_decode(slice_of(bytes, len), &meta), -EUCLEAN);
	ck_assert_mem_eq(&meta, &full, sizeof(meta));
}

START_TEST(every_cut_is_refused)
{
	static const uint8_t with_xattrs[] = {1, 0x20, 7, 1, 'a', 1, 'x', 1, 'b', 0};

	for (size_t len = 1; len < sizeof(full_bytes); len++)
		expect_refused(full_bytes, len);
	for (size_t len = 1; len < sizeof(with_xattrs); len++)
		expect_refused(with_xattrs, len);
}
END_TEST

START_TEST(damage_and_later_versions_are_refused)
{
	static const uint8_t version[] = {2, 1, 0xa4, 0x81};
	static const uint8_t unknown_field[] = {1, 0x80};
	static const uint8_t no_xattrs[] = {1, 0x20, 0};
	static const uint8_t out_of_order[] = {1, 0x20, 6, 1, 'b', 0, 1, 'a', 0};
	static const uint8_t trailing[] = {1, 1, 0xa4, 0x81, 0};
	static const uint8_t no_type[] = {1, 1, 0xa4, 0x01};
	static const uint8_t device[] = {1, 1, 0xa4, 0x21};
	static const uint8_t large_uid[] = {1, 2, 0xff, 0xff, 0xff, 0xff, 0x1f};

	expect_refused(version, sizeof(version));
	expect_refused(unknown_field, sizeof(unknown_field));
	expect_refused(no_xattrs, sizeof(no_xattrs));
	expect_refused(out_of_order, sizeof(out_of_order));
	expect_refused(trailing, sizeof(trailing));
	expect_refused(no_type, sizeof(no_type));
	expect_refused(device, sizeof(device));
	expect_refused(large_uid, sizeof(large_uid));
}
END_TEST

START_TEST(random_bytes_never_read_past_the_end)
{
	struct rng rng;

	rng_seed(&rng, test_seed());
	for (unsigned round = 0; round < 20000; round++) {
		size_t len = rng_below(&rng, META_FIXED_MAX + 20);
		uint8_t *bytes =
			malloc(len ? len : 1); /* its own block, so that ASan sees the end */
		struct meta meta;

		rng_fill(&rng, bytes, len);
		if (len > 1) {
			bytes[0] = META_VERSION;
			bytes[1] &= META_FIELDS;
		}
		int err = meta_decode(slice_of(bytes, len), &meta);

		ck_assert(err == 0 || err == -EUCLEAN);
		free(bytes);
	}
}
END_TEST

static const TTest *const *const tests[] = {
	&no_fields_are_no_bytes,
	&bytes_are_as_the_format_says,
	&extended_attributes_are_as_the_format_says,
	&every_set_of_fields_comes_back,
	&every_cut_is_refused,
	&damage_and_later_versions_are_refused,
	&random_bytes_never_read_past_the_end,
};

UNIT_SUITE("fs/core/meta", tests)
