#include "lsm/sst/block_source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/sst/table.h"

int block_fail(const struct block_source *source, uint64_t offset, int code, const char *what)
{
	return fail(code, "%s: offset %" PRIu64 ": %s", source->name, offset, what);
}

static void count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static struct block_payload take_image(const struct block_source *source,
				       struct block_handle handle, const uint8_t *image)
{
	const uint8_t *trailer = image + handle.stored_len;

	count(&source->counters->blocks_read, 1);
	count(&source->counters->bytes_read, handle.stored_len + SST_TRAILER_SIZE);
	return (struct block_payload){
		.bytes = slice_of(image, handle.stored_len),
		.codec = (enum sst_codec)trailer[0],
	};
}

static int check_image(const struct block_source *source, struct block_handle handle,
		       const uint8_t *image, struct block_payload *ret_payload)
{
	const uint8_t *trailer = image + handle.stored_len;
	struct block_payload payload = take_image(source, handle, image);

	count(&source->counters->checksums, 1);
	if (block_crc(source->table_id, handle.offset, payload) != fixed32_get(trailer + 1)) {
		count(&source->counters->checksum_errors, 1);
		return block_fail(source, handle.offset, -EBADMSG, "block checksum is wrong");
	}
	*ret_payload = payload;
	return 0;
}

/* Both ways of reading refuse the same payloads, in the same words. */
static int unpacked_len(const struct block_source *source, struct block_handle handle,
			struct block_payload payload, size_t *ret_len)
{
	if (block_unpacked_len(payload, ret_len))
		return block_fail(source, handle.offset, -EUCLEAN, "bad codec or unpacked length");
	return 0;
}

static int unpack(const struct block_source *source, struct block_handle handle,
		  struct block_payload payload, uint8_t *into, size_t len)
{
	if (block_unpack(payload, into, len))
		return block_fail(source, handle.offset, -EUCLEAN, "block does not unpack");
	return 0;
}

/* The block as it is stored; owned by the caller also after a failure. */
static int load(const struct block_source *source, struct block_handle handle,
		struct heap_block **ret_stored)
{
	*ret_stored = heap_block_new(handle.stored_len + SST_TRAILER_SIZE);
	if (!*ret_stored)
		return -ENOMEM;
	return env_file_read_exact(source->file, source->name, handle.offset, (*ret_stored)->room,
				   handle.stored_len + SST_TRAILER_SIZE);
}

/* owned: what the payload lies in; taken over. */
static int open_payload(const struct block_source *source, struct block_handle handle,
			struct block_payload payload, struct heap_block *owned,
			struct heap_block **ret_block)
{
	cleanup_free struct heap_block *stored = owned;
	size_t len;
	int rc = unpacked_len(source, handle, payload, &len);

	if (rc)
		return rc;
	if (payload.codec == SST_STORED) {
		stored->view = block_view(payload.bytes);
		*ret_block = move_ptr(&stored);
		return 0;
	}

	cleanup_free struct heap_block *unpacked = heap_block_new(len);

	if (!unpacked)
		return -ENOMEM;
	rc = unpack(source, handle, payload, unpacked->room, len);
	if (rc)
		return rc;
	unpacked->view = block_view(slice_of(unpacked->room, len));
	*ret_block = move_ptr(&unpacked);
	return 0;
}

int block_read(const struct block_source *source, struct block_handle handle,
	       struct heap_block **ret_block)
{
	cleanup_free struct heap_block *stored = NULL;
	struct block_payload payload;
	int rc = load(source, handle, &stored);

	if (!rc)
		rc = check_image(source, handle, stored->room, &payload);
	return rc ? rc : open_payload(source, handle, payload, move_ptr(&stored), ret_block);
}

int block_fetch(const struct block_source *source, struct block_handle handle,
		struct heap_block **ret_block)
{
	cleanup_free struct heap_block *stored = NULL;

	if (!source->trust || !atomic_load_explicit(source->trust, memory_order_relaxed))
		return block_read(source, handle, ret_block);
	int rc = load(source, handle, &stored);

	if (rc)
		return rc;
	struct block_payload payload = take_image(source, handle, stored->room);

	return open_payload(source, handle, payload, move_ptr(&stored), ret_block);
}

int block_open_image(const struct block_source *source, struct block_handle handle,
		     const uint8_t *image, struct buf *room, struct slice *ret_raw)
{
	struct block_payload payload;
	size_t len;
	int rc = check_image(source, handle, image, &payload);

	if (!rc)
		rc = unpacked_len(source, handle, payload, &len);
	if (rc)
		return rc;
	if (payload.codec == SST_STORED) {
		*ret_raw = payload.bytes;
		return 0;
	}
	buf_clear(room);
	rc = buf_reserve(room, len);
	if (!rc)
		rc = unpack(source, handle, payload, room->ptr, len);
	if (rc)
		return rc;
	room->len = len;
	*ret_raw = buf_slice(room);
	return 0;
}
