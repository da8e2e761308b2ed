/*
 * One request at a time, and its answer, in memory that is shared with the kernel (uring_abi.h).
 *
 * The kernel hands over a request in three places; libfuse wants it in one piece. The payload, up
 * to a megabyte, stays where it is: the two headers are copied to just before it.
 *
 *	map     [ uring_header | ...        | in | op ][ payload              ]
 *	                                     ^ request: what ring_entry_take gives
 *
 * Nothing that the kernel says is believed before it is compared with the places.
 * Thread rule: one thread an entry.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "fs/transport/uring_abi.h"
#include "lsm/base/compiler.h"
#include "lsm/base/slice.h"

struct ring_entry {
	/* Immutable after ring_entry_open. */
	void *map; /* owned; the rest lies in it */
	size_t map_size;
	struct uring_header *header;
	uint8_t *payload;
	size_t payload_size;
	struct iovec places[2]; /* header and payload, as they are registered */
	/* The request that was taken last. */
	uint64_t unique;
	bool answered;
};

/* Room for payloads of `payload_size` bytes; pages are used up as they are touched. -ENOMEM. */
must_check int ring_entry_open(size_t payload_size, struct ring_entry *ret_entry);
/* Nothing when it was never opened. The kernel does not know it any more. */
void ring_entry_close(struct ring_entry *entry);

/*
 * The request that has arrived, in one piece: as read(2) of /dev/fuse would give it. It stays until
 * the answer is put. -EPROTO: its sizes contradict each other; it can be answered all the same.
 */
must_check int ring_entry_take(struct ring_entry *entry, struct slice *ret_request);

/* Whether this message is the answer to the request that was taken: not a notification, and not the
 * answer to another one. */
bool ring_entry_is_answer(const struct ring_entry *entry, const struct iovec *message, int count);

/* Put an answer in place: fuse_out_header and what follows it. -EMSGSIZE: it is too long. */
must_check int ring_entry_answer(struct ring_entry *entry, const struct iovec *message, int count);

/* Answer with nothing but an error (a negative errno). */
void ring_entry_refuse(struct ring_entry *entry, int error);
