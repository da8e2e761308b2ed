/*
 * What stands in the files of a store, for people who look into one. Nothing is locked or changed,
 * and no value is shown.
 *
 * Errors and sentences are lsm.h's: -ENOENT no such file, or nothing of a store in the folder,
 * -EUCLEAN and -EBADMSG damage, told with file and offset after all that could be read before it. A
 * file of a store that is in use may be removed meanwhile. What a sink's function answers but 0
 * ends the call, and is its answer.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/lsm.h"

/* One version of one key. Slices are good during the call. */
struct lsm_inspected_record {
	struct slice key;
	uint64_t seqno;
	uint64_t time_ns;
	const char *kind; /* put, delete, patch, large */
	uint64_t meta_len, value_len;
	uint64_t offset; /* of the log record it is in; 0 in a table */
};

/* One table of a store. Slices are good during the call. */
struct lsm_inspected_table {
	int level;
	uint64_t run, number, bytes, entries, tombstones;
	uint64_t smallest_seqno, largest_seqno;
	struct slice smallest, largest;
	uint64_t blob_bytes; /* that its records name */
};

struct lsm_inspect_sink {
	int (*number)(void *arg, const char *name, uint64_t value);
	int (*record)(void *arg, const struct lsm_inspected_record *record); /* NULL: not wanted */
	int (*table)(void *arg, const struct lsm_inspected_table *table);
	void *arg;
};

/*
 * A table file: its properties, then its records in their order. verify: read and check every byte
 * first.
 */
must_check int lsm_inspect_table(const char *store, uint64_t number, bool verify,
				 const struct lsm_inspect_sink *sink);
/*
 * A log: its records, then how far it goes. A torn end is told as the number torn_bytes; when whole
 * records stand behind it, it is damage, or what an older log left: -EUCLEAN only in the former
 * case.
 */
must_check int lsm_inspect_log(const char *store, uint64_t number,
			       const struct lsm_inspect_sink *sink);
/* The manifest that CURRENT names: numbers, logs, then the tables level by level. */
must_check int lsm_inspect_manifest(const char *store, const struct lsm_inspect_sink *sink);

enum lsm_file {
	LSM_FILE_TABLE,
	LSM_FILE_LOG,
};
/* The numbers of the files of that kind that are in the folder, ascending. *ret_numbers is the
 * caller's to free. */
must_check int lsm_inspect_list(const char *store, enum lsm_file kind, uint64_t **ret_numbers,
				size_t *ret_count);
/* The number in a file's name, with or without folders before it, or a bare number; false: it is no
 * such name. */
must_check bool lsm_inspect_parse(const char *name, enum lsm_file kind, uint64_t *ret_number);
