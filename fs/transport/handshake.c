#include "fs/transport/handshake.h"

#include <errno.h>
#include <linux/fuse.h>
#include <string.h>
#include <unistd.h>

#include "fs/transport/uring_abi.h"

#define FLAGS2_BIT ((uint32_t)(URING_INIT_FLAG >> 32))

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

/* As the kernel computes it: what the longest request or answer carries. */
static size_t payload_size(const struct fuse_init_out *init)
{
	size_t pages = (size_t)init->max_pages * (size_t)sysconf(_SC_PAGESIZE);
	size_t size =
		init->max_write > FUSE_MIN_READ_BUFFER ? init->max_write : FUSE_MIN_READ_BUFFER;

	return pages > size ? pages : size;
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
	if (!h->offered || ret_message->size < sizeof(out) + sizeof(init))
		return 0;
	memcpy(&out, ret_message->bytes, sizeof(out));
	memcpy(&init, ret_message->bytes + sizeof(out), sizeof(init));
	if (out.error || payload_size(&init) > h->payload_max)
		return 0;
	init.flags |= FUSE_INIT_EXT;
	init.flags2 |= FLAGS2_BIT;
	memcpy(ret_message->bytes + sizeof(out), &init, sizeof(init));
	h->agreed = true;
	return 0;
}
