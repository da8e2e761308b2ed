#include "lsm/sst/footer.h"

#include <errno.h>
#include <inttypes.h>

#include "lsm/base/coding.h"
#include "lsm/base/crc32c.h"
#include "lsm/base/error.h"

enum {
	INDEX_AT = 0,
	FILTER_AT = 16,
	PROPERTIES_AT = 32,
	TABLE_ID_AT = SST_FOOTER_TABLE_ID_AT,
	VERSION_AT = 56,
	MAGIC_AT = 58,
	CRC_AT = 60,
};

_Static_assert(CRC_AT + sizeof(uint32_t) == SST_FOOTER_SIZE, "the CRC is last");

static void put_handle(uint8_t *p, struct block_handle h)
{
	fixed64_put(p, h.offset);
	fixed64_put(p + sizeof(uint64_t), h.stored_len);
}

static struct block_handle get_handle(const uint8_t *p)
{
	return (struct block_handle){.offset = fixed64_get(p),
				     .stored_len = fixed64_get(p + sizeof(uint64_t))};
}

void footer_encode(const struct footer *f, uint8_t ret_bytes[SST_FOOTER_SIZE])
{
	put_handle(ret_bytes + INDEX_AT, f->index);
	put_handle(ret_bytes + FILTER_AT, f->filter);
	put_handle(ret_bytes + PROPERTIES_AT, f->properties);
	fixed64_put(ret_bytes + TABLE_ID_AT, f->table_id);
	fixed16_put(ret_bytes + VERSION_AT, SST_VERSION);
	fixed16_put(ret_bytes + MAGIC_AT, SST_MAGIC);
	fixed32_put(ret_bytes + CRC_AT, crc32c(0, ret_bytes, CRC_AT));
}

/* Filter, properties, index, footer, without a gap: so every byte of the file has its one place. */
static bool handles_fill_the_end(const struct footer *f, uint64_t blocks_end)
{
	return block_handle_fits(f->filter, blocks_end) &&
	       block_handle_fits(f->properties, blocks_end) &&
	       block_handle_fits(f->index, blocks_end) &&
	       block_handle_end(f->filter) == f->properties.offset &&
	       block_handle_end(f->properties) == f->index.offset &&
	       block_handle_end(f->index) == blocks_end;
}

int footer_decode(const uint8_t bytes[SST_FOOTER_SIZE], const char *name, uint64_t file_size,
		  struct footer *ret_footer)
{
	uint64_t at = file_size - SST_FOOTER_SIZE;
	unsigned version = fixed16_get(bytes + VERSION_AT);

	if (fixed16_get(bytes + MAGIC_AT) != SST_MAGIC)
		return fail(-EUCLEAN, "%s: offset %" PRIu64 ": no table footer (bad magic)", name,
			    at);
	if (fixed32_get(bytes + CRC_AT) != crc32c(0, bytes, CRC_AT))
		return fail(-EBADMSG, "%s: offset %" PRIu64 ": footer checksum is wrong", name, at);
	if (version != SST_VERSION)
		return fail(-EUCLEAN, "%s: offset %" PRIu64 ": table version %u, expected %d", name,
			    at, version, SST_VERSION);

	struct footer f = {
		.index = get_handle(bytes + INDEX_AT),
		.filter = get_handle(bytes + FILTER_AT),
		.properties = get_handle(bytes + PROPERTIES_AT),
		.table_id = fixed64_get(bytes + TABLE_ID_AT),
	};

	if (!handles_fill_the_end(&f, at))
		return fail(-EUCLEAN, "%s: offset %" PRIu64 ": footer names impossible blocks",
			    name, at);
	*ret_footer = f;
	return 0;
}
