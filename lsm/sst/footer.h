/*
 * The last bytes of a table file: where index, filter and properties are, whose table it is, and in
 * which version.
 *
 * Thread rule: plain values.
 */
#pragma once

#include "lsm/sst/block_handle.h"

struct footer {
	struct block_handle index;
	struct block_handle filter;
	struct block_handle properties;
	uint64_t table_id;
};

void footer_encode(const struct footer *f, uint8_t ret_bytes[SST_FOOTER_SIZE]);

/*
 * Decode and check the footer of a file of file_size bytes: checksum, version, and that filter,
 * properties and index fill the file up to the footer. -EBADMSG, -EUCLEAN, with a sentence that
 * names `name`.
 */
must_check int footer_decode(const uint8_t bytes[SST_FOOTER_SIZE], const char *name,
			     uint64_t file_size, struct footer *ret_footer);
