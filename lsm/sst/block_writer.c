#include "lsm/sst/block_writer.h"

#include <errno.h>
#include <inttypes.h>

#include "lsm/base/coding.h"
#include "lsm/base/error.h"

enum {
	PENDING_MAX = 256 * 1024,      /* bytes handed to the file in one call */
	COPY_MAX = 64 * 1024,          /* a longer payload goes to the file from where it is */
	PACKED_KEEP = 4 * 1024 * 1024, /* compression room kept between blocks */
};

void block_writer_done(struct block_writer *w)
{
	buf_done(&w->pending);
	buf_done(&w->packed);
}

int block_writer_flush(struct block_writer *w)
{
	struct slice all = buf_slice(&w->pending);

	if (all.len == 0)
		return 0;

	int rc = env_file_append(w->file, &all, 1);

	if (!rc)
		buf_clear(&w->pending);
	return rc;
}

/* A block that is too long to be worth a copy takes what is pending along. */
static int write_through(struct block_writer *w, struct slice payload, const uint8_t *trailer)
{
	struct slice parts[] = {
		buf_slice(&w->pending),
		payload,
		slice_of(trailer, SST_TRAILER_SIZE),
	};
	size_t skipped = w->pending.len == 0;
	int rc = env_file_append(w->file, parts + skipped, array_size(parts) - skipped);

	if (!rc)
		buf_clear(&w->pending);
	return rc;
}

static int write_image(struct block_writer *w, struct slice payload, const uint8_t *trailer)
{
	if (payload.len > COPY_MAX)
		return write_through(w, payload, trailer);

	int rc = buf_reserve(&w->pending, payload.len + SST_TRAILER_SIZE);

	if (rc)
		return rc;
	buf_add(&w->pending, payload.ptr, payload.len);
	buf_add(&w->pending, trailer, SST_TRAILER_SIZE);
	return w->pending.len >= PENDING_MAX ? block_writer_flush(w) : 0;
}

int block_writer_put_payload(struct block_writer *w, struct block_payload payload,
			     struct block_handle *ret_handle)
{
	uint8_t trailer[SST_TRAILER_SIZE];

	trailer[0] = (uint8_t)payload.codec;
	fixed32_put(trailer + 1, block_crc(w->table_id, w->offset, payload));
	int rc = write_image(w, payload.bytes, trailer);

	if (rc)
		return rc;
	*ret_handle = (struct block_handle){.offset = w->offset, .stored_len = payload.bytes.len};
	w->offset = block_handle_end(*ret_handle);
	return 0;
}

int block_writer_put(struct block_writer *w, struct slice raw, enum sst_codec codec,
		     unsigned min_saving_pct, struct block_handle *ret_handle)
{
	struct block_payload payload;

	if (raw.len > SST_BLOCK_MAX)
		return fail(-EFBIG, "%s: offset %" PRIu64 ": block of %zu bytes is too large",
			    w->name, w->offset, raw.len);

	int rc = block_compress(raw, codec, min_saving_pct, &w->packed, &payload);

	if (!rc)
		rc = block_writer_put_payload(w, payload, ret_handle);
	if (rc)
		return rc;
	if (w->packed.cap > PACKED_KEEP)
		buf_done(&w->packed);
	return 0;
}

int block_writer_put_raw(struct block_writer *w, struct slice bytes)
{
	int rc = buf_append_slice(&w->pending, bytes);

	if (!rc)
		w->offset += bytes.len;
	return rc;
}
