/*
 * The folder of one writer as the mount shows it, to be held against what it must be.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/base/buf.h"
#include "tests/kill/folder_model.h"

enum {
	FOUND_TEXT_MAX = 512,
};

struct folder_found {
	uint32_t writer;
	bool subfolders[FOLDER_SUBFOLDERS];
	bool files[FOLDER_FILES];
	struct buf content[FOLDER_FILES]; /* owned */
	struct buf expected;              /* owned; scratch of folder_found_differs */
	char trouble[FOUND_TEXT_MAX];     /* what does not fit together by itself */
};

void folder_found_done(struct folder_found *f);

/*
 * Read all there is below `root`, the mount point, in place of what *f held. False, with
 * f->trouble: a call failed, a name is unknown or listed twice, or listing, stat and content do not
 * agree.
 */
must_check bool folder_found_read(struct folder_found *f, const char *root, uint32_t writer);

/* Whether it is not what the model says; then text names the first difference. */
must_check bool folder_found_differs(struct folder_found *f, const struct folder_model *model,
				     char ret_text[FOUND_TEXT_MAX]);
