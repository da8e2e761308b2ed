/*
 * Texts that are put together in memory before they are applied at once: the files of
 * .apex/batch.d.
 *
 * Thread rule: any thread.
 */
#pragma once

#include <limits.h>

#include "lsm/base/buf.h"
#include "lsm/base/mutex.h"
#include "lsm/base/ref.h"

enum {
	STAGES_MAX = 64,
};

struct stage {
	struct ref refs;
	struct stage *next;      /* guarded by stages.mu */
	char name[NAME_MAX + 1]; /* guarded by stages.mu */
	struct mutex mu;         /* RANK_FS_STAGE */
	struct buf text;         /* guarded by mu */
};

struct stages {
	struct mutex mu;     /* RANK_FS_STAGES */
	struct stage *first; /* guarded by mu; a reference each */
	size_t count;        /* guarded by mu */
	size_t text_max;     /* bytes of one */
};

void stages_init(struct stages *s, size_t text_max);
void stages_done(struct stages *s);

/* A reference; NULL: there is none. */
struct stage *stages_find(struct stages *s, struct slice name);
/* -ENOSPC: STAGES_MAX. -EEXIST. */
must_check int stages_create(struct stages *s, struct slice name);
/* -ENOENT. Who has it open may go on, for nothing. */
must_check int stages_remove(struct stages *s, struct slice name);
/* Replaces. -ENOENT. */
must_check int stages_rename(struct stages *s, struct slice name, struct slice to);
/* virt_list_add for each. */
must_check int stages_list(struct stages *s, struct buf *names);

/* -EFBIG: over text_max. Between the end and offset are zeros. */
must_check int stage_write(const struct stages *s, struct stage *stage, uint64_t offset,
			   struct slice bytes);
must_check int stage_resize(const struct stages *s, struct stage *stage, uint64_t size);
/* Append the text. */
must_check int stage_render(struct stage *stage, struct buf *text);
/* A struct stage; void so that it fits virt_file.object_done. */
void stage_unref(void *stage);
