/*
 * Records read from text in the forms of lsm/cli/record_output.h.
 *
 * Zero-initialise, end with record_input_close. Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/cli/line_input.h"
#include "lsm/cli/record_output.h"

struct record_input {
	struct line_input lines;
	enum record_format format;
	struct buf key, value, meta; /* owned; of the record that was read last */
	uint64_t pairs;              /* of RECORD_NUL, begun */
};

/* Of the format's name, or with NULL of the file's name, "kv" when that tells nothing; false: there
 * is no format of that name. */
must_check bool record_format_find(const char *name, const char *path,
				   enum record_format *ret_format);
#define RECORD_FORMATS_HELP                                                                        \
	"Formats:\n"                                                                               \
	"  kv    key=value lines with C escapes, in keys also \\x3d for =, and \\x23 for a #\n"    \
	"        at the start; empty lines and those that begin with # mean nothing\n"             \
	"  tsv   key, tab, value, with C escapes\n"                                                \
	"  json  an object a line: {\"key\":\"a\",\"value\":\"b\"}; \"key_hex\" and "              \
	"\"value_hex\"\n"                                                                          \
	"        for bytes that are no UTF-8, and values over 1 MiB\n"                             \
	"  nul   key, NUL, value, NUL; a NUL within is \\0, a backslash \\\\\n"                    \
	"Without --format the file's name tells (.tsv, .json, .jsonl, .nul); else it is kv.\n"

must_check int record_input_open(struct record_input *in, const char *path,
				 enum record_format format);
void record_input_close(struct record_input *in);

/*
 * The next record, into in->key, value and meta. -ENODATA: there is none. -EINVAL: what stands
 * there is none, with a sentence; record_input_place tells where. A key's and a value's length are
 * for the store to judge.
 */
must_check int record_input_next(struct record_input *in);
/* The number of the line, or with NUL pairs of the record, that was read last, from 1. */
uint64_t record_input_place(const struct record_input *in);

/* One line of each format, without its end. -EINVAL with a sentence, -ENOMEM; and for kv -ENODATA:
 * it means nothing. The buffers are empty. */
must_check int record_parse_kv(struct slice line, struct buf *ret_key, struct buf *ret_value);
must_check int record_parse_tsv(struct slice line, struct buf *ret_key, struct buf *ret_value);
must_check int record_parse_json(struct slice line, struct buf *ret_key, struct buf *ret_value,
				 struct buf *ret_meta);
/* A key or a value between NULs. */
must_check int record_parse_nul(struct slice text, struct buf *ret_bytes);
