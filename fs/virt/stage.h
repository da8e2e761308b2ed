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
	STAGES_ROOM = 4, /* times text_max: bytes of all texts */
};

struct stage {
	struct ref refs;
	struct stages *owner;    /* immutable; outlives it */
	struct stage *next;      /* guarded by stages.mu */
	char name[NAME_MAX + 1]; /* guarded by stages.mu */
	struct mutex mu;         /* RANK_FS_STAGE */
	struct buf text;         /* guarded by mu; while it is applied: immutable */
	bool applied;            /* guarded by mu: it is being */
	bool listed;             /* guarded by mu: its name leads to it */
};

struct stages {
	struct mutex mu;      /* RANK_FS_STAGES */
	struct stage *first;  /* guarded by mu; a reference each */
	size_t count;         /* guarded by mu */
	size_t text_max;      /* immutable: bytes of one */
	_Atomic size_t bytes; /* relaxed: a sum of all texts */
};

void stages_init(struct stages *s, size_t text_max);
void stages_done(struct stages *s);

/* A reference; NULL: there is none. */
struct stage *stages_find(struct stages *s, struct slice name);
/* -ENOSPC: STAGES_MAX. -EEXIST. */
must_check int stages_create(struct stages *s, struct slice name);
/* -ENOENT. Who has it open may go on, for nothing. */
must_check int stages_remove(struct stages *s, struct slice name);
/* Take this one out of the list, if it still is in it, under whatever name. */
void stages_drop(struct stages *s, struct stage *stage);
/* Replaces. -ENOENT. */
must_check int stages_rename(struct stages *s, struct slice name, struct slice to);
/* virt_list_add for each. */
must_check int stages_list(struct stages *s, struct buf *names);

/*
 * -EFBIG: over text_max. -ENOSPC: all texts together would be over STAGES_ROOM of it. -EBUSY: it is
 * being applied. Between the end and offset are zeros.
 */
must_check int stage_write(struct stages *s, struct stage *stage, uint64_t offset,
			   struct slice bytes);
must_check int stage_resize(struct stages *s, struct stage *stage, uint64_t size);
/* Append what there is of a part of the text; how long it is. The arguments are struct stage, void
 * so that they fit virt_file. */
must_check int stage_read(void *stage, uint64_t offset, size_t size, struct buf *bytes);
uint64_t stage_size(void *stage);
/* The whole text, which does not change until the end is called. -EBUSY: somebody else does. */
must_check int stage_apply_begin(struct stage *stage, struct slice *ret_text);
void stage_apply_end(struct stage *stage);
/* A struct stage; void so that it fits virt_file.object_done. */
void stage_unref(void *stage);
