#include "fs/transport/ring_entry.h"

#include <errno.h>
#include <linux/fuse.h>
#include <string.h>

#include "tests/unit/unit.h"

enum {
	ROOM = 1 << 20,
};

/* Put a request in place as the kernel does. */
static void arrive(struct ring_entry *e, const void *op, size_t op_size, const void *payload,
		   size_t payload_size)
{
	struct fuse_in_header in = {.len = (uint32_t)(sizeof(in) + op_size + payload_size),
				    .opcode = FUSE_WRITE,
				    .unique = 42,
				    .nodeid = 1};

	memcpy(e->header->in_out, &in, sizeof(in));
	memcpy(e->header->op_in, op, op_size);
	memcpy(e->payload, payload, payload_size);
	e->header->state =
		(struct uring_entry_state){.commit_id = 42, .payload_size = (uint32_t)payload_size};
}

static int answer_with(struct ring_entry *e, const void *bytes, size_t size)
{
	struct fuse_out_header out = {.unique = 42};
	struct iovec message[] = {{&out, sizeof(out)}, {(void *)bytes, size}};

	return ring_entry_answer(e, message, 2);
}

START_TEST(request_is_one_piece_and_its_payload_stays_where_it_is)
{
	struct ring_entry e;
	struct slice request;
	struct fuse_write_in op = {.fh = 5, .offset = 77, .size = 5};

	ck_assert_int_eq(ring_entry_open(ROOM, &e), 0);
	arrive(&e, &op, sizeof(op), "value", 5);
	ck_assert_int_eq(ring_entry_take(&e, &request), 0);
	ck_assert_uint_eq(request.len, sizeof(struct fuse_in_header) + sizeof(op) + 5);
	ck_assert_mem_eq(request.ptr + sizeof(struct fuse_in_header), &op, sizeof(op));
	ck_assert_ptr_eq(request.ptr + request.len - 5, e.payload);
	ck_assert_mem_eq(e.payload, "value", 5);
	ck_assert_uint_eq(e.unique, 42);
	ring_entry_close(&e);
}
END_TEST

START_TEST(request_may_be_a_header_alone_or_as_large_as_the_place)
{
	struct ring_entry e;
	struct slice request;
	uint8_t op[URING_OP_IN_SIZE] = {1};
	uint8_t *payload = calloc(1, ROOM);

	ck_assert_ptr_nonnull(payload);
	ck_assert_int_eq(ring_entry_open(ROOM, &e), 0);
	arrive(&e, op, 0, payload, 0);
	ck_assert_int_eq(ring_entry_take(&e, &request), 0);
	ck_assert_uint_eq(request.len, sizeof(struct fuse_in_header));
	arrive(&e, op, sizeof(op), payload, ROOM);
	ck_assert_int_eq(ring_entry_take(&e, &request), 0);
	ck_assert_uint_eq(request.len, sizeof(struct fuse_in_header) + sizeof(op) + ROOM);
	ring_entry_close(&e);
	free(payload);
}
END_TEST

/* in_header.len, payload_size */
static int take(struct ring_entry *e, uint32_t len, uint32_t payload_size)
{
	struct fuse_in_header in = {.len = len, .unique = 9};
	struct slice request;

	memcpy(e->header->in_out, &in, sizeof(in));
	e->header->state.payload_size = payload_size;
	return ring_entry_take(e, &request);
}

START_TEST(sizes_that_contradict_each_other_are_refused)
{
	const uint32_t head = sizeof(struct fuse_in_header);
	struct ring_entry e;

	ck_assert_int_eq(ring_entry_open(ROOM, &e), 0);
	ck_assert_int_eq(take(&e, head, 0), 0);
	ck_assert_int_eq(take(&e, head - 1, 0), -EPROTO);
	ck_assert_int_eq(take(&e, 0, 0), -EPROTO);
	ck_assert_int_eq(take(&e, head, 1), -EPROTO);
	ck_assert_int_eq(take(&e, head + ROOM + 1, ROOM + 1), -EPROTO);
	ck_assert_int_eq(take(&e, UINT32_MAX, UINT32_MAX), -EPROTO);
	ck_assert_int_eq(take(&e, head + URING_OP_IN_SIZE + 8, 0), -EPROTO);
	ck_assert_int_eq(take(&e, head + 4, 0), -EPROTO);
	/* it can be answered all the same */
	ck_assert_uint_eq(e.unique, 9);
	ck_assert(!e.answered);
	ring_entry_close(&e);
}
END_TEST

START_TEST(answer_goes_where_the_kernel_looks)
{
	struct ring_entry e;
	struct slice request;
	struct fuse_out_header out;

	ck_assert_int_eq(ring_entry_open(ROOM, &e), 0);
	arrive(&e, "", 0, "name", 5);
	ck_assert_int_eq(ring_entry_take(&e, &request), 0);
	ck_assert_int_eq(answer_with(&e, "attributes", 10), 0);
	memcpy(&out, e.header->in_out, sizeof(out));
	ck_assert_uint_eq(out.unique, 42);
	ck_assert_uint_eq(e.header->state.payload_size, 10);
	ck_assert_mem_eq(e.payload, "attributes", 10);
	ck_assert(e.answered);
	ring_entry_close(&e);
}
END_TEST

START_TEST(answer_may_fill_the_place_and_not_more)
{
	struct ring_entry e;
	struct slice request;
	uint8_t *bytes = calloc(1, ROOM + 1);

	ck_assert_ptr_nonnull(bytes);
	ck_assert_int_eq(ring_entry_open(ROOM, &e), 0);
	arrive(&e, "", 0, "", 0);
	ck_assert_int_eq(ring_entry_take(&e, &request), 0);
	ck_assert_int_eq(answer_with(&e, bytes, ROOM + 1), -EMSGSIZE);
	ck_assert(!e.answered);
	ck_assert_int_eq(answer_with(&e, bytes, ROOM), 0);
	ck_assert_uint_eq(e.header->state.payload_size, ROOM);
	ring_entry_close(&e);
	free(bytes);
}
END_TEST

START_TEST(notifications_and_answers_to_others_are_not_its_own)
{
	struct ring_entry e;
	struct slice request;
	struct fuse_out_header out = {.unique = 0};
	struct iovec message[] = {{&out, sizeof(out)}};

	ck_assert_int_eq(ring_entry_open(ROOM, &e), 0);
	arrive(&e, "", 0, "", 0);
	ck_assert_int_eq(ring_entry_take(&e, &request), 0);
	ck_assert(!ring_entry_is_answer(&e, message, 1));
	out.unique = 43; /* an INTERRUPT's */
	ck_assert(!ring_entry_is_answer(&e, message, 1));
	out.unique = 42;
	ck_assert(ring_entry_is_answer(&e, message, 1));
	ring_entry_refuse(&e, -EIO);
	ck_assert(!ring_entry_is_answer(&e, message, 1));
	memcpy(&out, e.header->in_out, sizeof(out));
	ck_assert_int_eq(out.error, -EIO);
	ring_entry_close(&e);
}
END_TEST

static const TTest *const *const tests[] = {
	&request_is_one_piece_and_its_payload_stays_where_it_is,
	&request_may_be_a_header_alone_or_as_large_as_the_place,
	&sizes_that_contradict_each_other_are_refused,
	&answer_goes_where_the_kernel_looks,
	&answer_may_fill_the_place_and_not_more,
	&notifications_and_answers_to_others_are_not_its_own,
};

UNIT_SUITE("fs/transport/ring_entry", tests)
