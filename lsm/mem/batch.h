/*
 * A write batch: changes that are applied all or not at all, in the form in which they stand in the
 * log (lsm/mem/batch_format.h).
 *
 * Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/mem/record.h"

enum {
	/* of the encoding: the largest value there is, with its key and meta beside it */
	BATCH_MAX_BYTES = (1 << 30) + (1 << 20),
};

struct batch {
	struct buf rep; /* owned */
	uint32_t count;
	uint32_t puts;       /* of them; the others are deletes */
	uint32_t patches;    /* of the puts: changes of a part */
	size_t longest_key;  /* of the puts */
	size_t longest;      /* value of a RECORD_PUT or RECORD_PATCH in it, as encoded */
	size_t memory_bytes; /* what its records will take in a memtable, an upper bound */
};

/* Zero-initialise, end with batch_done. */
void batch_done(struct batch *b);
/* Empty it, keep its memory. */
void batch_clear(struct batch *b);

/*
 * Add a change; the bytes are copied. -EINVAL: empty key. -ENAMETOOLONG: key over RECORD_KEY_MAX.
 * -E2BIG: meta over RECORD_META_MAX, or the batch would pass BATCH_MAX_BYTES. -EFBIG: value over
 * RECORD_VALUE_MAX. -ENOMEM. After an error the batch is as before.
 */
must_check int batch_put(struct batch *b, struct slice key, struct slice meta, struct slice value);
must_check int batch_delete(struct batch *b, struct slice key);
/* Add rec's key, kind, meta and value; for the kinds whose meta and value have a form of their own
 * (lsm/blob/blob_format.h), which is the caller's. Errors as batch_put. */
must_check int batch_add(struct batch *b, const struct record *rec);

/* Take back what was added since *before was a copy of *b. */
void batch_rewind(struct batch *b, const struct batch *before);

/*
 * Take the next change off an encoded batch: fills key, kind, meta, value and value_len (borrowed
 * from *rep). 0; -ENODATA at the end; -EUCLEAN when the bytes make no sense.
 */
must_check int batch_take(struct slice *rep, struct record *ret_rec);

/* Count the changes of an encoded batch from an untrusted source, and check them all; or -EUCLEAN.
 */
must_check int batch_check(struct slice rep, uint32_t *ret_count);

/* Whether a record can have the key: 0, or batch_put's errors about it. */
must_check int batch_check_key(struct slice key);

/* As batch_put and batch_delete do: what a record will take in a memtable. */
size_t batch_record_memory(const struct record *rec);
