/*
 * Random operations on a folder and on a model of it: each answer and all that is read must be the
 * model's.
 *
 * The folder is a mount of apexfs, a folder in one, or a plain folder, which shows that the model
 * is right. A seed gives the same operations each time. Nobody else works in the folder.
 *
 * What goes wrong is told by path, operation and offset, never by content.
 *
 * Thread rule: one thread. Without memory the process ends.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lsm/base/compiler.h"
#include "lsm/base/rng.h"
#include "tests/mount/exerciser/model.h"

enum {
	EXERCISE_HANDLES = 8,
	EXERCISE_MAPPINGS = 3,
	EXERCISE_TEXT_MAX = 3 * MODEL_PATH_MAX,
};

/* A file that is open. */
struct exercise_handle {
	int fd;
	struct model_node *node; /* shared; NULL: the handle is free */
	bool reads, writes, appends;
	uint64_t position; /* of the next read(2) or write(2) */
};

/* A part of a file that is mapped, shared. */
struct exercise_mapping {
	uint8_t *at;
	size_t len;
	size_t offset;           /* in the file */
	struct model_node *node; /* shared; NULL: the mapping is free */
};

struct exercise {
	const char *root; /* borrowed: the folder, absolute */
	uint64_t seed;
	bool trail; /* note each operation */
	bool plain; /* no mount of apexfs: not every mode of fallocate need be there */
	struct rng rng;
	struct model model;
	struct exercise_handle handles[EXERCISE_HANDLES];
	struct exercise_mapping mappings[EXERCISE_MAPPINGS];
	uint8_t *bytes;          /* owned; MODEL_FILE_MAX */
	uint64_t operation;      /* number of the present one, from 1 */
	uint64_t listing;        /* number of the last one */
	unsigned folder_renames; /* that came to pass */
	char doing[EXERCISE_TEXT_MAX];
	char trouble[EXERCISE_TEXT_MAX]; /* "": none */
};

/* The folder is there, empty and of mode 0755. */
void exercise_begin(struct exercise *x, const char *root, uint64_t seed);
void exercise_end(struct exercise *x);

/* One operation. False: something is wrong, and `trouble` says what. */
must_check bool exercise_step(struct exercise *x);
/* Compare all there is: names, kinds, modes, sizes, contents, also of what is open. */
must_check bool exercise_compare(struct exercise *x);
/*
 * Close and unmap everything. A mount may then end, also by SIGKILL, and nothing is lost: what
 * fs/README.md calls held has been written by an fsync, or by another change.
 */
must_check bool exercise_settle(struct exercise *x);

/* "seed 3 operation 77: pwrite a/b at 5, 100 bytes: ..." */
void exercise_note(const struct exercise *x);

/* ---- for the operations ---- */

/* False, for the caller to pass on. */
bool exercise_trouble(struct exercise *x, const char *fmt, ...) printf_like(2, 3);
/* What is being done, for exercise_note. */
void exercise_doing(struct exercise *x, const char *fmt, ...) printf_like(2, 3);
/* Whether a call gave 0 or the negative errno that the model wants. */
must_check bool exercise_answers(struct exercise *x, int answer, int want);
/* -errno of a call that gave `result`, or 0. */
int exercise_answer(int64_t result);

/* The whole path. */
const char *exercise_path(const struct exercise *x, const char *path,
			  char ret_path[MODEL_PATH_MAX * 2]);
bool exercise_one_in(struct exercise *x, unsigned n);
/* Mostly up to 20 KB, now and then 300 KB, rarely 3 MB. */
size_t exercise_length(struct exercise *x);

/* Whether a part of the file, as read, is what the model has. */
must_check bool exercise_same(struct exercise *x, const struct model_node *node, size_t offset,
			      const uint8_t *bytes, size_t len);
/* Whether what stat(2) says of it is. */
struct stat;
must_check bool exercise_stat_is(struct exercise *x, const struct model_node *node,
				 const struct stat *st);
