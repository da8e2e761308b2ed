#include "fs/transport/ring_entry.h"

#include <errno.h>
#include <linux/fuse.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

_Static_assert(sizeof(struct fuse_in_header) <= URING_IN_OUT_SIZE, "it has room");
_Static_assert(sizeof(struct fuse_out_header) <= URING_IN_OUT_SIZE, "it has room");

enum {
	/* of what stands before the payload: headers are read where they are copied to */
	HEADER_ALIGNMENT = 8,
};

int ring_entry_open(size_t payload_size, struct ring_entry *ret_entry)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t map_size = page + payload_size;
	uint8_t *map =
		mmap(NULL, map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return -errno;
	_Static_assert(sizeof(struct uring_header) + sizeof(struct fuse_in_header) +
				       URING_OP_IN_SIZE <=
			       4096,
		       "a page holds the header and the copies");
	*ret_entry = (struct ring_entry){.map = map,
					 .map_size = map_size,
					 .header = (struct uring_header *)map,
					 .payload = map + page,
					 .payload_size = payload_size};
	ret_entry->places[0] = (struct iovec){map, sizeof(struct uring_header)};
	ret_entry->places[1] = (struct iovec){map + page, payload_size};
	return 0;
}

void ring_entry_close(struct ring_entry *entry)
{
	if (!entry->map)
		return;
	(void)munmap(entry->map, entry->map_size); /* fails on wrong arguments only */
	entry->map = NULL;
}

int ring_entry_take(struct ring_entry *entry, struct slice *ret_request)
{
	struct fuse_in_header in;
	size_t payload_size = entry->header->state.payload_size;

	memcpy(&in, entry->header->in_out, sizeof(in));
	entry->unique = in.unique;
	entry->answered = false;
	if (payload_size > entry->payload_size || in.len < sizeof(in) + payload_size)
		return -EPROTO;
	size_t op_size = in.len - sizeof(in) - payload_size;

	if (op_size > URING_OP_IN_SIZE || op_size % HEADER_ALIGNMENT != 0)
		return -EPROTO;
	uint8_t *op = entry->payload - op_size;
	uint8_t *request = op - sizeof(in);

	memcpy(op, entry->header->op_in, op_size);
	memcpy(request, &in, sizeof(in));
	*ret_request = slice_of(request, in.len);
	return 0;
}

bool ring_entry_is_answer(const struct ring_entry *entry, const struct iovec *message, int count)
{
	struct fuse_out_header out;

	if (entry->answered || count < 1 || message[0].iov_len != sizeof(out))
		return false;
	memcpy(&out, message[0].iov_base, sizeof(out));
	return out.unique == entry->unique;
}

int ring_entry_answer(struct ring_entry *entry, const struct iovec *message, int count)
{
	size_t size = 0;

	for (int i = 1; i < count; i++) {
		if (message[i].iov_len > entry->payload_size - size)
			return -EMSGSIZE;
		memcpy(entry->payload + size, message[i].iov_base, message[i].iov_len);
		size += message[i].iov_len;
	}
	memcpy(entry->header->in_out, message[0].iov_base, sizeof(struct fuse_out_header));
	entry->header->state.payload_size = (uint32_t)size;
	entry->answered = true;
	return 0;
}

void ring_entry_refuse(struct ring_entry *entry, int error)
{
	struct fuse_out_header out = {.len = sizeof(out), .error = error, .unique = entry->unique};

	memcpy(entry->header->in_out, &out, sizeof(out));
	entry->header->state.payload_size = 0;
	entry->answered = true;
}
