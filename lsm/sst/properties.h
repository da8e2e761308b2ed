/*
 * What a table says about itself.
 *
 * Thread rule: plain values.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/mem/record.h"
#include "lsm/sst/sst_format.h"

struct properties {
	uint64_t numbers[SST_PROPERTY_COUNT]; /* by enum sst_property; [SST_PROPERTY_END] is 0 */
	struct buf smallest_key;              /* owned */
	struct buf largest_key;               /* owned */
};

void properties_done(struct properties *p);

/*
 * Count a record in: its number, kind, seqno, time and bytes. Blocks and keys are the caller's to
 * note.
 */
void properties_count(struct properties *p, const struct record *rec);

/* No record is counted; the memory is kept. */
void properties_clear(struct properties *p);

/* Count in what `after` counts, whose records follow; largest_key is the caller's to note. -ENOMEM.
 */
must_check int properties_join(struct properties *p, const struct properties *after);

/* Append the payload of the properties block. -ENOMEM. */
must_check int properties_encode(const struct properties *p, struct buf *out);

/* Decode it. -EUCLEAN, -ENOMEM; ended with properties_done. */
must_check int properties_decode(struct slice raw, struct properties *ret_properties);

bool properties_equal(const struct properties *a, const struct properties *b);
