/*
 * What the folder of one writer must hold: a fixed set of names, some in subfolders, each there or
 *not.
 *
 *	w1/f00 ... w1/f23          files
 *	w1/d0 ... w1/d3            subfolders
 *	w1/d0/f24, w1/d0/f25, ...  files in them
 *
 * Thread rule: a plain value.
 */
#pragma once

#include "lsm/base/buf.h"
#include "tests/kill/change.h"
#include "tests/kill/value.h"

enum {
	FOLDER_SUBFOLDERS = 4,
	FOLDER_SUBFOLDER_FILES = 2,
	FOLDER_TOP_FILES = 24,
	FOLDER_FILES = FOLDER_TOP_FILES + FOLDER_SUBFOLDERS * FOLDER_SUBFOLDER_FILES,
	FILE_VALUES_MAX = 6,
	FOLDER_NAME_MAX = 32, /* bytes of a path within the mount, with its NUL */
};

struct file_value {
	struct value_name name;
	uint32_t kept; /* of its bytes, from the first on; less than its length only by
			  folder_model_apply_part */
};

struct file_model {
	bool present;
	unsigned value_count; /* 0: an empty file */
	struct file_value values[FILE_VALUES_MAX];
};

struct folder_model {
	uint32_t writer;
	uint64_t next_generation; /* one that no change has used yet, whether it came to pass or not
				   */
	bool subfolders[FOLDER_SUBFOLDERS];
	struct file_model files[FOLDER_FILES];
};

void folder_model_init(struct folder_model *m, uint32_t writer);
/* The change fits the state. */
void folder_model_apply(struct folder_model *m, const struct change *change);

/*
 * The kernel makes two WRITE requests of a write(2) that begins within a page which it has not
 * cached: one up to the page's end and one for the rest (fuse_fill_write_pages in fs/fuse/file.c).
 * Only appends of ours do. Apply the first one alone. False, and nothing applied: the change is not
 * made of two.
 */
must_check bool folder_model_apply_part(struct folder_model *m, const struct change *change);
/* The bytes that a file which is there must have, in place of what *ret_bytes held. -ENOMEM. */
must_check int folder_model_bytes(const struct folder_model *m, uint32_t file,
				  struct buf *ret_bytes);

/* The subfolder that a file lies in, or -1. */
int folder_subfolder_of(uint32_t file);
/* Paths within the mount. */
void folder_top_name(uint32_t writer, char ret_name[FOLDER_NAME_MAX]);
void folder_file_name(uint32_t writer, uint32_t file, char ret_name[FOLDER_NAME_MAX]);
void folder_subfolder_name(uint32_t writer, uint32_t subfolder, char ret_name[FOLDER_NAME_MAX]);
