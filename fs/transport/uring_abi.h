/*
 * What the kernel and a FUSE server say to each other over io_uring: include/uapi/linux/fuse.h of
 * Linux 6.14. Debian 12 has the header of 6.1, so these are declared here, with names of our own.
 *
 * A server registers entries, each a header and a place for the payload, in queues, one a possible
 * CPU. A request arrives as the completion of the entry's command:
 *
 *	header   0  fuse_in_header                     the answer: fuse_out_header
 *	       128  the operation's own header, of the size that fuse_in_header.len leaves for it
 *	       256  uring_entry_state                  the answer: payload_size
 *	payload    names and bytes, payload_size of them   the answer: all behind fuse_out_header
 *
 * The answer goes out, and the next request is asked for, with one command that names commit_id.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Bit of the flags of INIT (flags2 is their upper half): FUSE_OVER_IO_URING. */
#define URING_INIT_FLAG (UINT64_C(1) << 41)

enum {
	URING_IN_OUT_SIZE = 128, /* FUSE_URING_IN_OUT_HEADER_SZ */
	URING_OP_IN_SIZE = 128,  /* FUSE_URING_OP_IN_OUT_SZ */
};

/* enum fuse_uring_cmd: cmd_op of IORING_OP_URING_CMD */
enum {
	URING_CMD_INVALID = 0,
	URING_CMD_REGISTER = 1,         /* addr: two iovecs, header and payload; len: 2 */
	URING_CMD_COMMIT_AND_FETCH = 2, /* the answer is there; take the next request */
};

/* struct fuse_uring_ent_in_out */
struct uring_entry_state {
	uint64_t flags;
	uint64_t commit_id; /* names the request when its answer is committed */
	uint32_t payload_size;
	uint32_t padding;
	uint64_t reserved;
};

/* struct fuse_uring_req_header */
struct uring_header {
	_Alignas(8) uint8_t in_out[URING_IN_OUT_SIZE];
	uint8_t op_in[URING_OP_IN_SIZE];
	struct uring_entry_state state;
};

/* struct fuse_uring_cmd_req: in the 80 bytes behind a submission of 128 */
struct uring_command {
	uint64_t flags;
	uint64_t commit_id;
	uint16_t queue;
	uint8_t padding[6];
};

_Static_assert(sizeof(struct uring_entry_state) == 32, "as fuse_uring_ent_in_out");
_Static_assert(offsetof(struct uring_entry_state, payload_size) == 16, "as fuse_uring_ent_in_out");
_Static_assert(sizeof(struct uring_header) == 288, "as fuse_uring_req_header");
_Static_assert(offsetof(struct uring_header, op_in) == 128, "as fuse_uring_req_header");
_Static_assert(offsetof(struct uring_header, state) == 256, "as fuse_uring_req_header");
_Static_assert(sizeof(struct uring_command) == 24, "as fuse_uring_cmd_req");
_Static_assert(offsetof(struct uring_command, queue) == 16, "as fuse_uring_cmd_req");
