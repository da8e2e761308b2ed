/*
 * A walk over the records that a command's options name: a range, in either direction, up to a
 * limit; going on where it was when the store has to be opened again.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/cli/command.h"
#include "lsm/cli/record_output.h"

#define RANGE_OPTIONS                                                                              \
	{"prefix", "P", "only keys that begin with P"}, {"from", "A", "begin at key A"},           \
		{"to", "B", "end before key B"}, {"limit", "N", "at most N records"},              \
		{"reverse", NULL, "from the last key to the first"},                               \
		ENCODING_OPTIONS("P, A and B are written")

enum {
	RECORD_PASSED = 1, /* a visit's answer: the record does not count towards the limit */
	RECORD_STOP = 2,   /* ... and: no further one is wanted */
};

/*
 * Looks at the record that `it` stands on: 0, one of the above, or an error. `value`: how far its
 * value was written out when the store had to be opened again.
 */
typedef int (*record_visit)(void *arg, struct lsm_iter *it, struct value_output *value);

/* Whether the range makes sense; for command.check. Reports. */
must_check enum exit_status record_walk_check(const struct invocation *inv);
/*
 * Visit each record of the range; inv->progress counts those that count. A visit's error, and the
 * store's, is reported, but for one that comes of standard output, which is reported at the end.
 */
must_check enum exit_status record_walk(struct lsm *db, const struct invocation *inv,
					record_visit visit, void *arg);
/* The same of the records whose keys begin with `prefix`, too. */
must_check enum exit_status record_walk_prefix(struct lsm *db, const struct invocation *inv,
					       struct slice prefix, record_visit visit, void *arg);

/* About how many records record_walk will visit; 0: not known. The range makes sense. */
uint64_t record_walk_estimate(struct lsm *db, const struct invocation *inv);

/* Print the record, its value in pieces. -EIO: the file takes no more. */
must_check int record_print(FILE *file, const struct record_style *style, struct lsm_iter *it,
			    struct value_output *value);
