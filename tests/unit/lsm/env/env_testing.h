/*
 * What the tests of the envs share. Every step asserts its own success.
 */
#pragma once

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/error.h"
#include "lsm/env/env.h"
#include "tests/unit/unit.h"

/* The error sentence says this. */
#define assert_said(part)                                                                          \
	ck_assert_msg(strstr(fail_text(), part) != NULL, "'%s' lacks '%s'", fail_text(), part)

static inline struct env_file *open_file(struct env_dir *d, const char *name,
					 enum env_open_mode mode)
{
	struct env_file *f = NULL;
	int rc = env_dir_open(d, name, mode, &f);

	ck_assert_msg(rc == 0, "open %s: %d %s", name, rc, fail_text());
	return f;
}

static inline int append(struct env_file *f, const char *text)
{
	struct slice part = slice_str(text);

	return env_file_append(f, &part, 1);
}

/* A new or emptied file with this content, not synced. */
static inline void put(struct env_dir *d, const char *name, const char *text)
{
	cleanup_file struct env_file *f = open_file(d, name, ENV_REPLACE);

	ck_assert_int_eq(append(f, text), 0);
}

static inline void put_synced(struct env_dir *d, const char *name, const char *text)
{
	cleanup_file struct env_file *f = open_file(d, name, ENV_REPLACE);

	ck_assert_int_eq(append(f, text), 0);
	ck_assert_int_eq(env_file_sync(f), 0);
}

/* Whether the file holds exactly this text; an absent one holds NULL. */
static inline bool holds(struct env_dir *d, const char *name, const char *text)
{
	uint8_t *bytes = NULL;
	size_t len = 0;
	int rc = env_dir_read_small(d, name, 1 << 20, &bytes, &len);
	bool same;

	if (rc == -ENOENT)
		return text == NULL;
	ck_assert_msg(rc == 0, "read %s: %d %s", name, rc, fail_text());
	same = text && slice_eq(slice_of(bytes, len), slice_str(text));
	free(bytes);
	return same;
}

static inline int count_name(void *arg, const char *name)
{
	(void)name;
	++*(int *)arg;
	return 0;
}

/* How many names the folder has. */
static inline int names(struct env_dir *d)
{
	int n = 0;

	ck_assert_int_eq(env_dir_list(d, count_name, &n), 0);
	return n;
}
