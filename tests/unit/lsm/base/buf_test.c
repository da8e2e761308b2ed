#include "lsm/base/buf.h"

#include <errno.h>

#include "lsm/base/coding.h"
#include "tests/unit/unit.h"

START_TEST(zeroed_buffer_is_empty_and_usable)
{
	cleanup_buf struct buf b = {0};

	ck_assert_uint_eq(buf_slice(&b).len, 0);
	ck_assert_int_eq(buf_append(&b, NULL, 0), 0);
	ck_assert_int_eq(buf_reserve(&b, 0), 0);
	buf_add(&b, NULL, 0);
	ck_assert_int_eq(buf_set(&b, slice_of(NULL, 0)), 0);
	ck_assert_ptr_null(b.ptr);
	buf_done(&b);
	ck_assert_uint_eq(b.cap, 0);
}
END_TEST

START_TEST(many_small_appends_keep_every_byte)
{
	cleanup_buf struct buf b = {0};

	for (unsigned int i = 0; i < 100000; i++)
		ck_assert(buf_append_byte(&b, (uint8_t)(i * 7)) == 0);
	ck_assert_uint_eq(b.len, 100000);
	ck_assert_uint_le(b.cap, 200000);
	for (unsigned int i = 0; i < 100000; i++)
		ck_assert(b.ptr[i] == (uint8_t)(i * 7));
}
END_TEST

START_TEST(clear_keeps_the_memory)
{
	cleanup_buf struct buf b = {0};

	ck_assert_int_eq(buf_append_slice(&b, slice_str("hello")), 0);

	uint8_t *memory = b.ptr;

	buf_clear(&b);
	ck_assert_int_eq(buf_append_slice(&b, slice_str("bye")), 0);
	ck_assert_ptr_eq(b.ptr, memory);
	ck_assert(slice_eq(buf_slice(&b), slice_str("bye")));
	buf_done(&b);
	ck_assert_int_eq(buf_append_slice(&b, slice_str("again")), 0);
	ck_assert(slice_eq(buf_slice(&b), slice_str("again")));
}
END_TEST

START_TEST(what_was_appended_can_be_taken)
{
	cleanup_buf struct buf b = {0};
	uint32_t small;
	uint64_t big, varint;
	struct slice sized;

	ck_assert_int_eq(buf_append_fixed32(&b, 0xdeadbeef), 0);
	ck_assert_int_eq(buf_append_fixed64(&b, 0x0123456789abcdef), 0);
	ck_assert_int_eq(buf_append_varint(&b, UINT64_MAX), 0);
	ck_assert_int_eq(buf_append_sized(&b, slice_str("key")), 0);
	ck_assert_int_eq(buf_append_sized(&b, slice_of(NULL, 0)), 0);
	ck_assert_uint_eq(b.ptr[0], 0xef);

	struct slice s = buf_slice(&b);

	ck_assert_int_eq(fixed32_take(&s, &small), 0);
	ck_assert_int_eq(fixed64_take(&s, &big), 0);
	ck_assert_int_eq(varint_take(&s, &varint), 0);
	ck_assert_int_eq(sized_take(&s, &sized), 0);
	ck_assert_uint_eq(small, 0xdeadbeef);
	ck_assert_uint_eq(big, 0x0123456789abcdef);
	ck_assert_uint_eq(varint, UINT64_MAX);
	ck_assert(slice_eq(sized, slice_str("key")));
	ck_assert_int_eq(sized_take(&s, &sized), 0);
	ck_assert_uint_eq(sized.len, 0);
	ck_assert_uint_eq(s.len, 0);
}
END_TEST

START_TEST(reserved_room_takes_adds_without_moving)
{
	cleanup_buf struct buf b = {0};

	ck_assert_int_eq(buf_reserve(&b, 1000), 0);
	ck_assert_uint_ge(b.cap, 1000);

	uint8_t *memory = b.ptr;

	for (int i = 0; i < 99; i++)
		buf_add(&b, "0123456789", 10);
	buf_add_varint(&b, UINT64_MAX);
	ck_assert_ptr_eq(b.ptr, memory);
	ck_assert_uint_eq(b.len, 1000);
	ck_assert_mem_eq(b.ptr + 980, "0123456789\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 20);
}
END_TEST

START_TEST(printf_appends_text_without_its_terminator)
{
	cleanup_buf struct buf b = {0};

	ck_assert_int_eq(buf_printf(&b, "%s=%d ", "level", 3), 0);
	ck_assert_int_eq(buf_printf(&b, "%s", ""), 0);
	ck_assert_int_eq(buf_printf(&b, "%0500d", 1), 0);
	ck_assert_uint_eq(b.len, 508);
	ck_assert_mem_eq(b.ptr, "level=3 000", 11);
	ck_assert_uint_eq(b.ptr[507], '1');
}
END_TEST

START_TEST(set_replaces_also_by_a_part_of_itself)
{
	cleanup_buf struct buf b = {0};

	ck_assert_int_eq(buf_set(&b, slice_str("abcdefgh")), 0);
	ck_assert_int_eq(buf_set(&b, slice_of(b.ptr + 2, 4)), 0);
	ck_assert(slice_eq(buf_slice(&b), slice_str("cdef")));
	ck_assert_int_eq(buf_set(&b, slice_str("a longer text than the one before")), 0);
	ck_assert(slice_eq(buf_slice(&b), slice_str("a longer text than the one before")));
	ck_assert_int_eq(buf_set(&b, slice_of(NULL, 0)), 0);
	ck_assert_uint_eq(b.len, 0);
}
END_TEST

START_TEST(impossible_sizes_are_enomem_and_change_nothing)
{
	cleanup_buf struct buf b = {0};

	ck_assert_int_eq(buf_append_slice(&b, slice_str("kept")), 0);
	ck_assert_int_eq(buf_reserve(&b, SIZE_MAX), -ENOMEM);
	ck_assert_int_eq(buf_reserve(&b, SIZE_MAX - 3), -ENOMEM);
	ck_assert_int_eq(buf_append(&b, "x", PTRDIFF_MAX), -ENOMEM);
	ck_assert_int_eq(buf_append_sized(&b, slice_of("x", SIZE_MAX)), -ENOMEM);
	ck_assert_int_eq(buf_append_sized(&b, slice_of("x", PTRDIFF_MAX)), -ENOMEM);
	ck_assert(slice_eq(buf_slice(&b), slice_str("kept")));
}
END_TEST

static const TTest *const *const tests[] = {
	&zeroed_buffer_is_empty_and_usable,
	&many_small_appends_keep_every_byte,
	&clear_keeps_the_memory,
	&what_was_appended_can_be_taken,
	&reserved_room_takes_adds_without_moving,
	&printf_appends_text_without_its_terminator,
	&set_replaces_also_by_a_part_of_itself,
	&impossible_sizes_are_enomem_and_change_nothing,
};

UNIT_SUITE("lsm/base/buf", tests)
