/*
 * The frame around edits, shared by the manifest's writer and reader.
 */
#pragma once

#include "lsm/base/slice.h"
#include "lsm/tree/manifest_format.h"

/*
 * The checksum of an edit: also over store id and file offset, so that old bytes at a wrong place
 * do not count.
 */
uint32_t manifest_edit_crc(uint64_t store_id, uint64_t offset, struct slice payload);

void manifest_header_encode(uint64_t store_id, uint8_t ret_header[MANIFEST_HEADER_SIZE]);
