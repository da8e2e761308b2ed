/*
 * One record of a log, decoded.
 */
#pragma once

#include "lsm/base/slice.h"
#include "lsm/wal/wal_format.h"

struct wal_record {
	enum wal_type type;
	uint32_t count;
	uint64_t first_seqno;
	uint64_t time_ns;
	uint64_t durable_seqno;
	uint32_t payload_crc; /* crc32c(0, payload) */
	struct slice payload; /* borrowed */
};
