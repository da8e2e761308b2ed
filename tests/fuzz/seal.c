#include "tests/fuzz/seal.h"

#include <stdlib.h>

#include "lsm/base/coding.h"
#include "lsm/base/crc32c.h"
#include "lsm/blob/blob_format.h"
#include "lsm/sst/block_codec.h"
#include "lsm/sst/block_cursor.h"
#include "lsm/sst/table_index.h"
#include "lsm/tree/manifest_bytes.h"
#include "lsm/wal/wal_codec.h"

enum {
	UNPACKED_MAX = 1 << 20, /* larger blocks are not looked into */
};

static void seal_word(uint8_t *word, uint32_t crc, enum seal_mode mode)
{
	if (mode == SEAL_CLEAR)
		fixed32_put(word, 0);
	else if (fixed32_get(word) == 0)
		fixed32_put(word, crc);
}

/* ---- logs: offsets as in wal_format.h ---- */

/* Zeros are the end of a log, and stay zeros. */
static bool is_record(const uint8_t *header)
{
	return header[15] != 0;
}

void seal_log(uint8_t *bytes, size_t len, enum seal_mode mode)
{
	if (len < WAL_FILE_HEADER_SIZE)
		return;

	uint32_t seed = wal_crc_seed(fixed64_get(bytes + 16), fixed64_get(bytes + 24));
	size_t at = WAL_FILE_HEADER_SIZE;

	seal_word(bytes + 44, crc32c(0, bytes, 44), mode);
	while (len - at >= WAL_RECORD_HEADER_SIZE) {
		uint8_t *header = bytes + at;
		uint8_t *payload = header + WAL_RECORD_HEADER_SIZE;
		uint64_t payload_len = fixed64_get(header + 8) << 8 >> 8;
		uint64_t room = len - at - WAL_RECORD_HEADER_SIZE;

		if (!is_record(header) || payload_len > room ||
		    wal_padding(payload_len) > room - payload_len) {
			at += WAL_ALIGN;
			continue;
		}
		seal_word(header + 4, crc32c(0, payload, payload_len), mode);
		seal_word(header, crc32c(seed, header + 4, WAL_RECORD_HEADER_SIZE - 4), mode);
		at += WAL_RECORD_HEADER_SIZE + payload_len + wal_padding(payload_len);
	}
}

/* ---- manifests: offsets as in manifest_format.h ---- */

void seal_manifest(uint8_t *bytes, size_t len, enum seal_mode mode)
{
	if (len < MANIFEST_HEADER_SIZE)
		return;

	uint64_t store_id = fixed64_get(bytes + 16);
	size_t at = MANIFEST_HEADER_SIZE;

	seal_word(bytes + 28, crc32c(0, bytes, 28), mode);
	while (len - at >= MANIFEST_EDIT_HEADER_SIZE) {
		uint8_t *payload = bytes + at + MANIFEST_EDIT_HEADER_SIZE;
		size_t payload_len = fixed32_get(bytes + at + 4);

		if (payload_len > len - at - MANIFEST_EDIT_HEADER_SIZE)
			return;
		seal_word(bytes + at,
			  manifest_edit_crc(store_id, at, slice_of(payload, payload_len)), mode);
		at += MANIFEST_EDIT_HEADER_SIZE + payload_len;
	}
}

/* ---- blob files: offsets as in blob_format.h ---- */

void seal_blob(uint8_t *bytes, size_t len, enum seal_mode mode)
{
	if (len >= BLOB_HEADER_SIZE)
		seal_word(bytes + 28, crc32c(0, bytes, 28), mode);
}

/* ---- tables: offsets as in sst_format.h ---- */

struct sealed_table {
	uint8_t *bytes;
	size_t blocks_end; /* where the footer begins */
	uint64_t id;
	enum seal_mode mode;
};

static struct block_payload payload_at(const struct sealed_table *t, struct block_handle h)
{
	return (struct block_payload){
		.bytes = slice_of(t->bytes + h.offset, h.stored_len),
		.codec = (enum sst_codec)t->bytes[h.offset + h.stored_len],
	};
}

static bool seal_block(const struct sealed_table *t, struct block_handle h)
{
	if (!block_handle_fits(h, t->blocks_end))
		return false;

	struct block_payload payload = payload_at(t, h);

	seal_word(t->bytes + h.offset + h.stored_len + 1, block_crc(t->id, h.offset, payload),
		  t->mode);
	return true;
}

/* The block's bytes, unpacked, on the heap; view.restart_count 0 when it is no data block. NULL. */
static uint8_t *open_block(const struct sealed_table *t, struct block_handle h,
			   struct block *ret_view)
{
	struct block_payload payload = payload_at(t, h);
	size_t len;

	if (block_unpacked_len(payload, &len) || len > UNPACKED_MAX)
		return NULL;

	uint8_t *room = malloc(len + 1);

	if (!room)
		return NULL;
	if (block_unpack(payload, room, len)) {
		free(room);
		return NULL;
	}
	*ret_view = block_view(slice_of(room, len));
	return room;
}

/* The value blocks that a data block names. */
static void seal_values(const struct sealed_table *t, struct block_handle data_block)
{
	struct block_cursor cursor = {0};
	struct block view;
	uint8_t *room = open_block(t, data_block, &view);

	if (room && view.restart_count > 0) {
		block_cursor_enter(&cursor, &view);
		for (int rc = block_cursor_first(&cursor); !rc && cursor.valid;
		     rc = block_cursor_next(&cursor)) {
			if (block_entry_is_outside(&cursor.entry))
				(void)seal_block(t, cursor.entry.outside);
		}
	}
	block_cursor_done(&cursor);
	free(room);
}

static void seal_data_blocks(const struct sealed_table *t, struct block_handle index_block)
{
	struct table_index index;
	struct block view;
	uint8_t *room = open_block(t, index_block, &view);

	if (room && table_index_parse(&view, t->blocks_end, &index) == 0) {
		for (size_t i = 0; i < index.count; i++) {
			if (seal_block(t, index.entries[i].block))
				seal_values(t, index.entries[i].block);
		}
		table_index_done(&index);
	}
	free(room);
}

static struct block_handle handle_at(const uint8_t *p)
{
	return (struct block_handle){.offset = fixed64_get(p), .stored_len = fixed64_get(p + 8)};
}

void seal_table(uint8_t *bytes, size_t len, enum seal_mode mode)
{
	if (len < SST_FOOTER_SIZE)
		return;

	uint8_t *footer = bytes + len - SST_FOOTER_SIZE;
	struct sealed_table t = {
		.bytes = bytes,
		.blocks_end = len - SST_FOOTER_SIZE,
		.id = fixed64_get(footer + 48),
		.mode = mode,
	};
	struct block_handle index = handle_at(footer);

	seal_word(footer + 60, crc32c(0, footer, 60), mode);
	(void)seal_block(&t, handle_at(footer + 16));
	(void)seal_block(&t, handle_at(footer + 32));
	if (seal_block(&t, index))
		seal_data_blocks(&t, index);
}
