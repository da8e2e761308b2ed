/*
 * What the tests of lsm/tree share: versions from short descriptions, and a store folder in memory.
 */
#pragma once

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/buf.h"
#include "lsm/base/error.h"
#include "lsm/base/rng.h"
#include "lsm/env/env_mem.h"
#include "lsm/tree/version_builder.h"
#include "tests/unit/unit.h"

#define FIXTURE_DIR "store"

enum {
	SPEC_BLOBS = 3,
};

/* A table to make up. Zeros become: size 1000 bytes, 10 entries, seqnos 1 .. the number. */
struct spec {
	int level;
	uint64_t run;
	uint64_t number;
	const char *smallest, *largest;
	uint64_t size_bytes;
	uint64_t tombstones;
	uint64_t smallest_seqno, largest_seqno;
	bool compacting;
	struct blob_ref blobs[SPEC_BLOBS]; /* by ascending numbers; a number 0 ends them */
};

static inline struct table_file *spec_file(const struct spec *s)
{
	struct blob_ref blobs[SPEC_BLOBS];
	size_t blob_count = 0;

	while (blob_count < SPEC_BLOBS && s->blobs[blob_count].number) {
		blobs[blob_count] = s->blobs[blob_count];
		blob_count++;
	}
	const struct table_file made = {
		.number = s->number,
		.id = s->number * 1000003,
		.size_bytes = s->size_bytes ? s->size_bytes : 1000,
		.entries = 10,
		.tombstones = s->tombstones,
		.smallest_seqno = s->smallest_seqno ? s->smallest_seqno : 1,
		.largest_seqno = s->largest_seqno ? s->largest_seqno : s->number,
		.smallest = slice_str(s->smallest),
		.largest = slice_str(s->largest),
		.blobs = {.refs = blobs, .count = blob_count},
	};
	struct table_file *f;

	ck_assert_int_eq(table_file_new(&made, &f), 0);
	f->compacting = s->compacting;
	return f;
}

static inline void spec_edit(struct version_edit *e, const struct spec *specs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct table_file *f = spec_file(&specs[i]);

		ck_assert_int_eq(version_edit_add_table(e, specs[i].level, specs[i].run, f), 0);
		table_file_unref(f);
	}
}

/* Specs end with a number 0. */
static inline struct version *spec_version(const struct spec *specs)
{
	struct version_builder b = {0};
	struct version_edit e = {0};
	struct version *v;
	const char *reason = "";
	size_t count = 0;

	while (specs[count].number)
		count++;
	spec_edit(&e, specs, count);
	ck_assert_int_eq(version_builder_apply(&b, &e, &reason), 0);
	ck_assert_msg(version_builder_finish(&b, &v, &reason) == 0, "%s", reason);
	version_check(v);
	version_edit_done(&e);
	version_builder_done(&b);
	return v;
}

enum {
	FIXTURE_TEXT_MAX = 256,
};

/* One of a few spaces for a text, used in turn. */
static inline char *text_space(void)
{
	static char space[4][FIXTURE_TEXT_MAX];
	static unsigned turn;

	space[turn % 4][0] = '\0';
	return space[turn++ % 4];
}

/* Append the numbers of the files, in their order. */
static inline void text_add_files(char *text, struct table_file *const *files, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(text);

		(void)snprintf(text + len, FIXTURE_TEXT_MAX - len, "%s%llu", len ? " " : "",
			       (unsigned long long)files[i]->number);
	}
}

/* "7 3 1" */
static inline const char *files_text(const struct version_level *l)
{
	char *text = text_space();

	text_add_files(text, l->files, l->count);
	return text;
}

struct disk {
	struct env *env;     /* owned; in memory */
	struct env_dir *dir; /* owned */
};

static inline void disk_open(struct disk *d)
{
	d->env = env_mem_new();
	ck_assert_ptr_nonnull(d->env);
	ck_assert_int_eq(env_open_dir(d->env, FIXTURE_DIR, true, &d->dir), 0);
}

static inline void disk_close(struct disk *d)
{
	env_dir_close(d->dir);
	env_free(d->env);
}

/* A copy of a file's bytes. */
static inline struct buf disk_bytes(struct env *env, const char *name)
{
	struct buf bytes = {0};
	struct slice content;

	ck_assert_int_eq(env_mem_file(env, FIXTURE_DIR, name, &content), 0);
	ck_assert_int_eq(buf_set(&bytes, content), 0);
	return bytes;
}

static inline bool disk_has(struct env *env, const char *name)
{
	struct slice content;

	return env_mem_file(env, FIXTURE_DIR, name, &content) == 0;
}
