/*
 * The bytes of an encoded write batch: the payload of a log record (lsm/wal/wal_format.h).
 *
 * Changes, one after the other, without a count in front and without padding:
 *
 *	kind    u8       enum record_kind
 *	key     varint length (1 .. RECORD_KEY_MAX), bytes
 *
 * and after the key of anything but a delete:
 *
 *	meta    varint length (0 .. RECORD_META_MAX), bytes
 *	value   varint length (0 .. RECORD_VALUE_MAX), bytes
 *
 * What stands in meta and value of a PATCH or LARGE: lsm/blob/blob_format.h.
 *
 * The bytes carry no checksum of their own: the log record around them does. Varints as in
 * lsm/base/coding.h.
 *
 * Version rule: the log's version covers it. A reader refuses a kind that it does not know.
 */
#pragma once

#include <stdint.h>

#include "lsm/mem/record.h"

enum {
	BATCH_CHANGE_MIN = 3, /* the smallest change: a tombstone of a key of one byte */
};

_Static_assert(RECORD_DELETE == 0 && RECORD_PUT == 1, "kinds stand in log files");
_Static_assert(RECORD_PATCH == 2 && RECORD_LARGE == 3, "kinds stand in log files");
_Static_assert(RECORD_KEY_MAX == UINT16_MAX, "the key limit is part of the format");
