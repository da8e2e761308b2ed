/*
 * The names of a store's files. Only names that file_name_parse knows may ever be removed.
 */
#pragma once

#include <stdint.h>

#include "lsm/env/env.h"

/* Numbers grow by one; no store gets here. Larger ones in names or manifests are not ours. */
#define FILE_NUMBER_MAX (UINT64_C(1) << 56)

enum file_kind {
	FILE_UNKNOWN,  /* somebody else's, or not this module's business */
	FILE_TABLE,    /* NNNNNN.sst */
	FILE_LOG,      /* NNNNNN.wal */
	FILE_BLOB,     /* NNNNNN.blob */
	FILE_MANIFEST, /* MANIFEST-NNNNNN */
	FILE_LEFTOVER, /* CURRENT.tmp: a replacement of CURRENT that a crash cut short */
};

struct file_name {
	enum file_kind kind;
	uint64_t number; /* 0 where the kind has none */
};

/*
 * Exactly the names that are made below: at least six digits, no needless
 * zeros, 1..FILE_NUMBER_MAX.
 */
struct file_name file_name_parse(const char *name);

/* The name of a table, log, blob file or manifest into a buffer of ENV_NAME_MAX + 1 bytes. */
void file_name_make(enum file_kind kind, uint64_t number, char *ret_name);
