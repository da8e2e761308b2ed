#include "fs/transport/handshake.h"

#include <errno.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fs/transport/uring_abi.h"

#define FLAGS2_BIT ((uint32_t)(URING_INIT_FLAG >> 32))

enum {
	PAGES_UNSAID = 32, /* FUSE_DEFAULT_MAX_PAGES_PER_REQ: of who does not say FUSE_MAX_PAGES */
	PAGES_LIMIT = 256, /* FUSE_MAX_MAX_PAGES, where max_pages_limit cannot be set */
};

_Static_assert(sizeof(struct fuse_out_header) + sizeof(struct fuse_init_out) <= HANDSHAKE_SIZE_MAX,
	       "an answer fits");

void handshake_see(struct handshake *h, struct slice request)
{
	struct fuse_in_header in;
	struct fuse_init_in init;

	if (request.len < sizeof(in))
		return;
	memcpy(&in, request.ptr, sizeof(in));
	if (in.opcode != FUSE_INIT)
		return;
	h->unique = in.unique;
	h->offered = false;
	h->answered = false; /* a kernel of another major version asks twice */
	/* a kernel that is too old for the flag sends less */
	if (request.len < sizeof(in) + sizeof(init))
		return;
	memcpy(&init, request.ptr + sizeof(in), sizeof(init));
	h->offered = (init.flags & FUSE_INIT_EXT) && (init.flags2 & FLAGS2_BIT);
}

bool handshake_is_answer(const struct handshake *h, const struct iovec *message, int count)
{
	struct fuse_out_header out;

	if (!h->unique || h->answered || count < 1 || message[0].iov_len != sizeof(out))
		return false;
	memcpy(&out, message[0].iov_base, sizeof(out));
	return out.unique == h->unique;
}

unsigned handshake_pages_limit(void)
{
	unsigned limit = PAGES_LIMIT;
	FILE *file = fopen("/proc/sys/fs/fuse/max_pages_limit", "re");

	if (!file)
		return limit; /* not there: a constant */
	if (fscanf(file, "%u", &limit) != 1)
		limit = 1; /* as little as it can be */
	fclose(file);
	return limit;
}

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

/* As the kernel computes it (fuse_uring_create): what the longest request or answer carries. */
static size_t payload_size(const struct handshake *h, const struct fuse_init_out *init)
{
	size_t size = max_of(init->max_write, (uint32_t)FUSE_MIN_READ_BUFFER);
	unsigned pages = PAGES_UNSAID;

	if (init->flags & FUSE_MAX_PAGES)
		pages = min_of(max_of(init->max_pages, 1U), h->pages_limit);
	return max_of(size, pages * page_size());
}

/*
 * By max_pages, not by max_write: read(2) of /dev/fuse asks for room for that much, and libfuse has
 * chosen its buffer by now.
 */
static void payload_raise(const struct handshake *h, struct fuse_init_out *init)
{
	if (payload_size(h, init) >= HANDSHAKE_PAYLOAD_MIN)
		return;
	init->flags |= FUSE_MAX_PAGES;
	init->max_pages = (uint16_t)((HANDSHAKE_PAYLOAD_MIN + page_size() - 1) / page_size());
}

/* Why the kernel must not be told yes; NULL: it may. */
static const char *objection(const struct handshake *h, const struct fuse_out_header *out,
			     const struct fuse_init_out *init)
{
	size_t size = payload_size(h, init);

	if (out->error)
		return "the kernel and libfuse have no session";
	if (size > h->payload_max)
		return "libfuse and kernel agreed on other sizes";
	if (size < HANDSHAKE_PAYLOAD_MIN)
		return "fuse.max_write and fs.fuse.max_pages_limit leave no room for extended "
		       "attributes over io_uring";
	return NULL;
}

static int gather(const struct iovec *message, int count, struct handshake_message *m)
{
	m->size = 0;
	for (int i = 0; i < count; i++) {
		if (message[i].iov_len > sizeof(m->bytes) - m->size)
			return -EMSGSIZE;
		memcpy(m->bytes + m->size, message[i].iov_base, message[i].iov_len);
		m->size += message[i].iov_len;
	}
	return 0;
}

int handshake_complete(struct handshake *h, const struct iovec *message, int count,
		       struct handshake_message *ret_message)
{
	struct fuse_out_header out;
	struct fuse_init_out init;
	int rc = gather(message, count, ret_message);

	if (rc)
		return rc;
	h->answered = true;
	h->reason = "the kernel does not offer it";
	if (!h->offered || ret_message->size < sizeof(out) + sizeof(init))
		return 0;
	memcpy(&out, ret_message->bytes, sizeof(out));
	memcpy(&init, ret_message->bytes + sizeof(out), sizeof(init));
	payload_raise(h, &init);
	h->reason = objection(h, &out, &init);
	if (h->reason)
		return 0;
	init.flags |= FUSE_INIT_EXT;
	init.flags2 |= FLAGS2_BIT;
	memcpy(ret_message->bytes + sizeof(out), &init, sizeof(init));
	h->agreed = true;
	return 0;
}
