#include "fs/transport/handshake.h"

#include <errno.h>
#include <linux/fuse.h>
#include <string.h>
#include <unistd.h>

#include "fs/transport/uring_abi.h"
#include "tests/unit/unit.h"

static const uint32_t flag = (uint32_t)(URING_INIT_FLAG >> 32);

struct request {
	struct fuse_in_header head;
	struct fuse_init_in init;
};

struct answer {
	struct fuse_out_header head;
	struct fuse_init_out init;
};

static struct request request_of(uint32_t flags, uint32_t flags2)
{
	return (struct request){
		.head = {.len = sizeof(struct request), .opcode = FUSE_INIT, .unique = 2},
		.init = {.major = 7, .minor = 44, .flags = flags, .flags2 = flags2}};
}

static struct answer answer_of(uint32_t max_write, uint16_t max_pages)
{
	return (struct answer){.head = {.len = sizeof(struct answer), .unique = 2},
			       .init = {.major = 7,
					.minor = 31,
					.flags = FUSE_MAX_PAGES,
					.max_write = max_write,
					.max_pages = max_pages}};
}

/* What the kernel gets to see. */
static struct answer sent(struct handshake *h, struct answer answer)
{
	struct iovec message[] = {{&answer.head, sizeof(answer.head)},
				  {&answer.init, sizeof(answer.init)}};
	struct handshake_message m;
	struct answer result;

	ck_assert(handshake_is_answer(h, message, 2));
	ck_assert_int_eq(handshake_complete(h, message, 2, &m), 0);
	ck_assert_uint_eq(m.size, sizeof(result));
	memcpy(&result, m.bytes, sizeof(result));
	return result;
}

static struct handshake after(struct request request)
{
	struct handshake h = {.payload_max = 1 << 20, .pages_limit = 65535};

	handshake_see(&h, slice_of(&request, sizeof(request)));
	return h;
}

START_TEST(what_is_offered_is_taken)
{
	struct handshake h = after(request_of(FUSE_INIT_EXT | FUSE_MAX_PAGES, flag | 1));

	ck_assert(h.offered);
	struct answer a = sent(&h, answer_of(1 << 20, 256));

	ck_assert(h.agreed);
	ck_assert_uint_eq(a.init.flags2, flag);
	ck_assert(a.init.flags & FUSE_INIT_EXT);
	ck_assert_uint_eq(a.init.max_write, 1 << 20);
}
END_TEST

START_TEST(what_is_not_offered_is_not_asked_for)
{
	struct handshake none = after(request_of(FUSE_INIT_EXT, 1));
	/* flags2 counts with FUSE_INIT_EXT only */
	struct handshake no_ext = after(request_of(0, flag));

	ck_assert_uint_eq(sent(&none, answer_of(1 << 20, 256)).init.flags2, 0);
	ck_assert_uint_eq(sent(&no_ext, answer_of(1 << 20, 256)).init.flags2, 0);
	ck_assert(none.answered && !none.agreed && !no_ext.agreed);
}
END_TEST

START_TEST(sizes_beyond_an_entry_are_not_agreed_on)
{
	struct handshake writes = after(request_of(FUSE_INIT_EXT, flag));
	struct handshake pages = after(request_of(FUSE_INIT_EXT, flag));

	ck_assert_uint_eq(sent(&writes, answer_of((1 << 20) + 1, 1)).init.flags2, 0);
	ck_assert_uint_eq(sent(&pages, answer_of(4096, 4096)).init.flags2, 0);
	ck_assert(writes.offered && writes.answered && !writes.agreed && !pages.agreed);
}
END_TEST

/* What the kernel makes of an answer: ring.max_payload_sz of fuse_uring_create. */
static size_t kernel_payload(const struct answer *a, unsigned pages_limit)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t pages = min_of((unsigned)a->init.max_pages, pages_limit);
	size_t size = max_of(a->init.max_write, 8192U);

	return max_of(size, pages * page);
}

START_TEST(small_writes_leave_room_for_extended_attributes)
{
	const uint32_t sizes[] = {4096, 8192, 6000, 65536, (68 << 10) - 1, 68 << 10, 100000};
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	for (size_t i = 0; i < array_size(sizes); i++) {
		struct handshake h = after(request_of(FUSE_INIT_EXT | FUSE_MAX_PAGES, flag));
		uint16_t pages = (uint16_t)((sizes[i] - 1) / page + 1); /* as libfuse has it */
		struct answer a = sent(&h, answer_of(sizes[i], pages));

		ck_assert(h.agreed);
		ck_assert_uint_ge(kernel_payload(&a, 256), 65536 + 256);
		ck_assert(a.init.flags & FUSE_MAX_PAGES);
		ck_assert_uint_eq(a.init.max_write, sizes[i]); /* that stays what was asked for */
	}
}
END_TEST

START_TEST(kernel_that_allows_too_few_pages_is_not_agreed_with)
{
	struct handshake small = after(request_of(FUSE_INIT_EXT, flag));
	struct handshake large = after(request_of(FUSE_INIT_EXT, flag));

	small.pages_limit = large.pages_limit = 1;
	struct answer a = sent(&small, answer_of(4096, 1));

	ck_assert_uint_eq(a.init.flags2, 0);
	ck_assert_uint_eq(a.init.max_pages, 1);
	ck_assert(!small.agreed);
	ck_assert_ptr_nonnull(strstr(small.reason, "max_pages_limit"));
	(void)sent(&large, answer_of(1 << 20, 256)); /* writes ask for enough by themselves */
	ck_assert(large.agreed);
}
END_TEST

START_TEST(this_kernel_allows_some_pages)
{
	ck_assert_uint_ge(handshake_pages_limit(), 1);
}
END_TEST

START_TEST(refused_session_is_not_agreed_on)
{
	struct handshake h = after(request_of(FUSE_INIT_EXT, flag));
	struct answer a = answer_of(1 << 20, 256);

	a.head.error = -EPROTO;
	ck_assert_uint_eq(sent(&h, a).init.flags2, 0);
	ck_assert(h.answered && !h.agreed);
}
END_TEST

START_TEST(kernel_that_knows_less_sends_less)
{
	struct handshake h = {.payload_max = 1 << 20};
	struct request r = request_of(FUSE_INIT_EXT, flag);

	handshake_see(&h, slice_of(&r, sizeof(r.head) + 16)); /* before 7.36 */
	ck_assert_uint_eq(h.unique, 2);
	ck_assert(!h.offered);
	handshake_see(&h, slice_of(&r, sizeof(r.head) - 1));
	ck_assert(!h.offered);
}
END_TEST

START_TEST(only_answers_to_init_are_completed)
{
	struct handshake h = {.payload_max = 1 << 20};
	struct request other = request_of(FUSE_INIT_EXT, flag);
	struct answer a = answer_of(1 << 20, 256);
	struct iovec message[] = {{&a.head, sizeof(a.head)}, {&a.init, sizeof(a.init)}};

	ck_assert(!handshake_is_answer(&h, message, 2)); /* INIT has not been seen */
	other.head.opcode = FUSE_GETATTR;
	handshake_see(&h, slice_of(&other, sizeof(other)));
	ck_assert(!handshake_is_answer(&h, message, 2));
	h = after(request_of(FUSE_INIT_EXT, flag));
	a.head.unique = 4;
	ck_assert(!handshake_is_answer(&h, message, 2));
	a.head.unique = 2;
	(void)sent(&h, a);
	ck_assert(!handshake_is_answer(&h, message, 2)); /* it has had its answer */
}
END_TEST

START_TEST(answer_that_is_too_long_is_none)
{
	struct handshake h = after(request_of(FUSE_INIT_EXT, flag));
	uint8_t bytes[HANDSHAKE_SIZE_MAX] = {0};
	struct fuse_out_header out = {.unique = 2};
	struct iovec message[] = {{&out, sizeof(out)}, {bytes, sizeof(bytes)}};
	struct handshake_message m;

	ck_assert_int_eq(handshake_complete(&h, message, 2, &m), -EMSGSIZE);
	ck_assert(!h.agreed);
}
END_TEST

static const TTest *const *const tests[] = {
	&what_is_offered_is_taken,
	&what_is_not_offered_is_not_asked_for,
	&sizes_beyond_an_entry_are_not_agreed_on,
	&small_writes_leave_room_for_extended_attributes,
	&kernel_that_allows_too_few_pages_is_not_agreed_with,
	&this_kernel_allows_some_pages,
	&refused_session_is_not_agreed_on,
	&kernel_that_knows_less_sends_less,
	&only_answers_to_init_are_completed,
	&answer_that_is_too_long_is_none,
};

UNIT_SUITE("fs/transport/handshake", tests)
