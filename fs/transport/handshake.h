/*
 * INIT, the first request, in which kernel and server agree on io_uring. libfuse before 3.18 knows
 * nothing of it: its answer is completed on its way out.
 *
 * Thread rule: one thread, the one that reads the first request.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "lsm/base/compiler.h"
#include "lsm/base/slice.h"

struct handshake {
	size_t payload_max;   /* what an entry has room for; the answer must not promise more */
	unsigned pages_limit; /* the kernel's: more pages it takes for as many as this */
	uint64_t unique;      /* of INIT; 0: not seen yet */
	bool offered;         /* by the kernel */
	bool answered;        /* by libfuse: with success or not */
	bool agreed;          /* the kernel was told yes */
	const char *reason;   /* answered, and not agreed: why not */
};

enum {
	/*
	 * What must have room in a payload, however small writes are: the largest extended
	 * attribute (XATTR_SIZE_MAX, XATTR_LIST_MAX) and its name. Kernels do not compare them with
	 * the room, and a longer one is a BUG there.
	 */
	HANDSHAKE_PAYLOAD_MIN = 68 << 10,
	HANDSHAKE_IOV_MAX = 2, /* pieces of INIT's answer as libfuse sends it */
	HANDSHAKE_SIZE_MAX = 256,
};

/* The kernel's limit of pages a request, fs.fuse.max_pages_limit: what holds for the next mount. */
unsigned handshake_pages_limit(void);

/* What is sent instead of libfuse's answer; the pieces point into it. */
struct handshake_message {
	uint8_t bytes[HANDSHAKE_SIZE_MAX];
	size_t size;
};

/* Look at a request as read from /dev/fuse: INIT is taken note of. */
void handshake_see(struct handshake *h, struct slice request);

/* Whether this is the answer to INIT. */
bool handshake_is_answer(const struct handshake *h, const struct iovec *message, int count);

/*
 * libfuse's answer to INIT, completed: with the flag, if the kernel offered it, the answer is a
 * success and its sizes fit. max_pages is raised to what HANDSHAKE_PAYLOAD_MIN needs; max_write,
 * and with it what a WRITE carries, stays. -EMSGSIZE: no answer to INIT is so long; nothing is
 * known then.
 */
must_check int handshake_complete(struct handshake *h, const struct iovec *message, int count,
				  struct handshake_message *ret_message);
