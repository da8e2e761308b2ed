#include "lsm/wal/wal_codec.h"

#include <errno.h>

#include "lsm/base/coding.h"
#include "lsm/base/crc32c.h"
#include "lsm/base/error.h"

/* Offsets in the file header. */
enum {
	FILE_MAGIC = 0,
	FILE_VERSION = 8,
	FILE_ZERO_12 = 12,
	FILE_NUMBER = 16,
	FILE_SALT = 24,
	FILE_OLD_END = 32,
	FILE_ZERO_40 = 40,
	FILE_CRC = 44,
};

/* Offsets in a record header. */
enum {
	RECORD_HEADER_CRC = 0,
	RECORD_PAYLOAD_CRC = 4,
	RECORD_LENGTH = 8, /* low seven bytes */
	RECORD_TYPE = 15,  /* high byte of the same word */
	RECORD_FIRST_SEQNO = 16,
	RECORD_TIME = 24,
	RECORD_DURABLE = 32,
	RECORD_COUNT = 40,
	RECORD_ZERO = 44,
};

#define LENGTH_MASK ((UINT64_C(1) << 56) - 1)

_Static_assert(FILE_CRC + 4 == WAL_FILE_HEADER_SIZE, "the checksum ends the file header");
_Static_assert(RECORD_ZERO + 4 == WAL_RECORD_HEADER_SIZE, "the zero ends the record header");
_Static_assert(WAL_FILE_HEADER_SIZE % WAL_ALIGN == 0, "the first record is aligned");
_Static_assert(WAL_RECORD_HEADER_SIZE % WAL_ALIGN == 0, "padding depends on the payload alone");
_Static_assert(WAL_PAYLOAD_MAX < UINT64_C(1) << 31, "the bits of a length above it are zeros");

void wal_file_header_encode(uint64_t number, uint64_t salt, uint64_t old_end,
			    uint8_t ret_bytes[WAL_FILE_HEADER_SIZE])
{
	memset(ret_bytes, 0, WAL_FILE_HEADER_SIZE);
	fixed64_put(ret_bytes + FILE_MAGIC, WAL_MAGIC);
	fixed32_put(ret_bytes + FILE_VERSION, old_end ? WAL_VERSION_RECYCLED : WAL_VERSION);
	fixed64_put(ret_bytes + FILE_OLD_END, old_end);
	fixed64_put(ret_bytes + FILE_NUMBER, number);
	fixed64_put(ret_bytes + FILE_SALT, salt);
	fixed32_put(ret_bytes + FILE_CRC, crc32c(0, ret_bytes, FILE_CRC));
}

int wal_file_header_decode(const uint8_t bytes[WAL_FILE_HEADER_SIZE], const char *name,
			   uint64_t number, uint64_t *ret_salt)
{
	uint32_t version = fixed32_get(bytes + FILE_VERSION);
	uint64_t found = fixed64_get(bytes + FILE_NUMBER);

	if (fixed64_get(bytes + FILE_MAGIC) != WAL_MAGIC)
		return fail(-EUCLEAN, "%s: offset 0: not a log file", name);
	if (fixed32_get(bytes + FILE_CRC) != crc32c(0, bytes, FILE_CRC))
		return fail(-EBADMSG, "%s: offset 0: log file header fails its checksum", name);
	if (version != WAL_VERSION && version != WAL_VERSION_RECYCLED)
		return fail(-EUCLEAN, "%s: offset %d: log version %u, only %d and %d are known",
			    name, FILE_VERSION, version, WAL_VERSION, WAL_VERSION_RECYCLED);
	if (found != number)
		return fail(-EUCLEAN, "%s: offset %d: this is log %llu, not %llu", name,
			    FILE_NUMBER, (unsigned long long)found, (unsigned long long)number);
	if (fixed32_get(bytes + FILE_ZERO_12) || fixed32_get(bytes + FILE_ZERO_40) ||
	    (version == WAL_VERSION && fixed64_get(bytes + FILE_OLD_END)))
		return fail(-EUCLEAN, "%s: offset 0: unused fields of the header are set", name);
	*ret_salt = fixed64_get(bytes + FILE_SALT);
	return 0;
}

uint64_t wal_file_header_old_end(const uint8_t bytes[WAL_FILE_HEADER_SIZE])
{
	return fixed64_get(bytes + FILE_OLD_END);
}

uint32_t wal_crc_seed(uint64_t number, uint64_t salt)
{
	uint8_t bytes[16];

	fixed64_put(bytes, salt);
	fixed64_put(bytes + 8, number);
	return crc32c(0, bytes, sizeof(bytes));
}

static uint32_t header_crc(const uint8_t *bytes, uint32_t crc_seed)
{
	return crc32c(crc_seed, bytes + RECORD_PAYLOAD_CRC,
		      WAL_RECORD_HEADER_SIZE - RECORD_PAYLOAD_CRC);
}

void wal_record_header_encode(const struct wal_record *rec, uint32_t crc_seed,
			      uint8_t ret_bytes[WAL_RECORD_HEADER_SIZE])
{
	uint64_t type = (uint64_t)rec->type;

	fixed32_put(ret_bytes + RECORD_PAYLOAD_CRC, rec->payload_crc);
	fixed64_put(ret_bytes + RECORD_LENGTH, rec->payload.len | type << 56);
	fixed64_put(ret_bytes + RECORD_FIRST_SEQNO, rec->first_seqno);
	fixed64_put(ret_bytes + RECORD_TIME, rec->time_ns);
	fixed64_put(ret_bytes + RECORD_DURABLE, rec->durable_seqno);
	fixed32_put(ret_bytes + RECORD_COUNT, rec->count);
	fixed32_put(ret_bytes + RECORD_ZERO, 0);
	fixed32_put(ret_bytes + RECORD_HEADER_CRC, header_crc(ret_bytes, crc_seed));
}

/* What a right checksum does not excuse: fields that contradict each other. */
static const char *find_contradiction(const struct wal_record *rec)
{
	if (rec->type == WAL_MARK && (rec->count || rec->payload.len))
		return "mark with changes";
	if (rec->type == WAL_BATCH && (!rec->count || !rec->payload.len))
		return "batch without changes";
	if (rec->first_seqno > UINT64_MAX - rec->count)
		return "seqno out of range";
	if (rec->durable_seqno >= rec->first_seqno)
		return "record that claims to have been durable before it was written";
	return NULL;
}

bool wal_record_header_is_possible(const uint8_t bytes[WAL_RECORD_HEADER_SIZE])
{
	uint64_t high = fixed64_get(bytes + RECORD_LENGTH) >> 31;

	return high == (uint64_t)WAL_BATCH << 25 || high == (uint64_t)WAL_MARK << 25;
}

const char *wal_record_header_decode(const uint8_t bytes[WAL_RECORD_HEADER_SIZE], uint32_t crc_seed,
				     uint64_t room, struct wal_record *ret_rec)
{
	uint8_t type = bytes[RECORD_TYPE];

	if (type != WAL_BATCH && type != WAL_MARK)
		return "no known record type";
	if (fixed32_get(bytes + RECORD_ZERO))
		return "unused field of the record is set";

	uint64_t len = fixed64_get(bytes + RECORD_LENGTH) & LENGTH_MASK;

	if (len > WAL_PAYLOAD_MAX || len + wal_padding(len) > room)
		return "record reaches over the end of the file";
	if (fixed32_get(bytes + RECORD_HEADER_CRC) != header_crc(bytes, crc_seed))
		return "record header fails its checksum";

	struct wal_record rec = {
		.type = (enum wal_type)type,
		.count = fixed32_get(bytes + RECORD_COUNT),
		.first_seqno = fixed64_get(bytes + RECORD_FIRST_SEQNO),
		.time_ns = fixed64_get(bytes + RECORD_TIME),
		.durable_seqno = fixed64_get(bytes + RECORD_DURABLE),
		.payload_crc = fixed32_get(bytes + RECORD_PAYLOAD_CRC),
		.payload = {.len = (size_t)len},
	};
	const char *wrong = find_contradiction(&rec);

	if (!wrong)
		*ret_rec = rec;
	return wrong;
}
