/*
 * What the kernel says to the transport over io_uring: a request in the three places of an entry,
 * INIT, and the list of CPUs. The first byte of an input says which.
 *
 *	input: 0, the entry's header, then its payload
 *	input: 1, INIT as read from the device (sized), libfuse's answer (sized), a count of pieces
 *	input: 2, a text
 */
#include <errno.h>
#include <linux/fuse.h>
#include <string.h>

#include "fs/transport/cpus.h"
#include "fs/transport/handshake.h"
#include "fs/transport/ring_entry.h"
#include "lsm/base/compiler.h"
#include "tests/fuzz/feed.h"
#include "tests/fuzz/fuzz.h"

enum {
	PAYLOAD_SIZE = 8192,
};

/* An answer of libfuse's shape, as long as the place or longer. */
static void try_answer(struct ring_entry *e, size_t size)
{
	static uint8_t bytes[PAYLOAD_SIZE + 8];
	struct fuse_out_header out = {.unique = e->unique};
	struct iovec message[] = {{&out, sizeof(out)}, {bytes, size / 2}, {bytes, size - size / 2}};
	bool is_answer = ring_entry_is_answer(e, message, 3);

	expect(is_answer == !e->answered);
	int rc = ring_entry_answer(e, message, 3);

	expect(rc == (size > PAYLOAD_SIZE ? -EMSGSIZE : 0));
	expect(rc || (e->answered && e->header->state.payload_size == size));
	ring_entry_refuse(e, -EIO);
	expect(e->answered && e->header->state.payload_size == 0);
}

/* For the sanitizers to see. */
static void read_all(struct slice bytes)
{
	volatile uint8_t sum = 0;

	for (size_t i = 0; i < bytes.len; i++)
		sum = (uint8_t)(sum + bytes.ptr[i]);
}

static void try_entry(struct feed *f)
{
	struct slice header = feed_bytes(f, sizeof(struct uring_header));
	struct slice payload = feed_bytes(f, PAYLOAD_SIZE);
	struct ring_entry e;
	struct slice request;

	expect(ring_entry_open(PAYLOAD_SIZE, &e) == 0);
	memcpy(e.header, header.ptr, header.len);
	memcpy(e.payload, payload.ptr, payload.len);
	int rc = ring_entry_take(&e, &request);

	expect(rc == 0 || rc == -EPROTO);
	if (!rc) {
		struct fuse_in_header in;

		memcpy(&in, request.ptr, sizeof(in));
		expect(in.len == request.len && in.unique == e.unique);
		expect(request.ptr >= (const uint8_t *)(e.header + 1));
		expect(request.ptr + request.len <= e.payload + PAYLOAD_SIZE);
		read_all(request);
	}
	try_answer(&e, payload.len + (header.len ? header.ptr[0] % 16 : 0));
	ring_entry_close(&e);
}

static void try_handshake(struct feed *f)
{
	struct handshake h = {.payload_max = 1 << 20};
	struct handshake_message m;
	struct slice request = feed_sized(f);
	struct slice answer = feed_sized(f);
	size_t head = min_of(answer.len, sizeof(struct fuse_out_header));
	struct iovec message[] = {{(void *)answer.ptr, head},
				  {(void *)(answer.ptr + head), answer.len - head}};

	handshake_see(&h, request);
	expect(!h.agreed && (!h.offered || request.len >= sizeof(struct fuse_in_header)));
	if (!handshake_is_answer(&h, message, 2))
		return;
	int rc = handshake_complete(&h, message, 2, &m);

	expect(rc == (answer.len > HANDSHAKE_SIZE_MAX ? -EMSGSIZE : 0));
	expect(rc || m.size == answer.len);
	expect(!h.agreed || h.offered);
	/* without an agreement not a byte is changed */
	expect(rc || h.agreed || memcmp(m.bytes, answer.ptr, answer.len) == 0);
}

static void try_cpus(struct feed *f)
{
	static bool set[CPUS_MAX];
	char text[256] = "";
	unsigned end = 0;

	memcpy(text, f->rest.ptr, min_of(f->rest.len, sizeof(text) - 1));
	int rc = cpus_parse(text, set, &end);

	expect(rc == 0 || rc == -EINVAL || rc == -E2BIG);
	if (rc)
		return;
	expect(end >= 1 && end <= CPUS_MAX && set[end - 1]);
	for (unsigned i = end; i < CPUS_MAX; i++)
		expect(!set[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static void (*const tries[])(struct feed * f) = {try_entry, try_handshake, try_cpus};
	struct feed f = feed_of(bytes, len);

	tries[feed_byte(&f) % array_size(tries)](&f);
	return 0;
}

/* ---- seeds ---- */

static void give(const struct fuzz_sink *sink, const char *name, struct buf *seed)
{
	sink->take(sink->arg, name, slice_of(seed->ptr, seed->len));
	buf_done(seed);
}

static void seed_entry(const struct fuzz_sink *sink, const char *name, size_t op_size,
		       const char *payload)
{
	struct uring_header header = {
		.state = {.commit_id = 7, .payload_size = (uint32_t)strlen(payload) + 1}};
	struct fuse_in_header in = {.len = (uint32_t)(sizeof(in) + op_size + strlen(payload) + 1),
				    .opcode = FUSE_LOOKUP,
				    .unique = 7,
				    .nodeid = 1};
	struct buf seed = {0};

	memcpy(header.in_out, &in, sizeof(in));
	feed_put_byte(&seed, 0);
	feed_put(&seed, slice_of(&header, sizeof(header)));
	feed_put(&seed, slice_of(payload, strlen(payload) + 1));
	give(sink, name, &seed);
}

static void seed_handshake(const struct fuzz_sink *sink)
{
	struct {
		struct fuse_in_header head;
		struct fuse_init_in init;
	} request = {.head = {.len = sizeof(request), .opcode = FUSE_INIT, .unique = 2},
		     .init = {.major = 7,
			      .minor = 42,
			      .flags = FUSE_INIT_EXT,
			      .flags2 = (uint32_t)(URING_INIT_FLAG >> 32)}};
	struct {
		struct fuse_out_header head;
		struct fuse_init_out init;
	} answer = {.head = {.len = sizeof(answer), .unique = 2},
		    .init = {.major = 7, .minor = 31, .max_write = 1 << 20, .max_pages = 256}};
	struct buf seed = {0};

	feed_put_byte(&seed, 1);
	feed_put_16(&seed, sizeof(request));
	feed_put(&seed, slice_of(&request, sizeof(request)));
	feed_put_16(&seed, sizeof(answer));
	feed_put(&seed, slice_of(&answer, sizeof(answer)));
	give(sink, "init", &seed);
}

void fuzz_seeds(const struct fuzz_sink *sink)
{
	struct buf seed = {0};

	seed_entry(sink, "lookup", 0, "name");
	seed_entry(sink, "write", sizeof(struct fuse_write_in), "a value");
	seed_handshake(sink);
	feed_put_byte(&seed, 2);
	feed_put(&seed, slice_str("0-1,4,6-7\n"));
	give(sink, "cpus", &seed);
}
