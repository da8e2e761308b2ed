/*
 * Numbers about a program: tables that say what each of them is, and the ways of writing them down,
 * which are pure functions of a snapshot.
 *
 * A snapshot is a struct of the module's own; the rows of its table say where in it a number
 * stands, or how it is made of others. So text, JSON and Prometheus show the same numbers of one
 * moment under the same names.
 *
 * Thread rule: tables are constant; a snapshot belongs to one thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lsm/base/buf.h"
#include "lsm/base/compiler.h"

enum {
	METRIC_NAME_MAX = 96, /* with the terminator; longer ones are cut */
	METRIC_WORD_MAX = 48, /* an axis's word, likewise */
	METRIC_LABELS_MAX = 96,
};

enum metric_kind {
	METRIC_COUNTER, /* begins at 0 with the process or the store's open, and only grows */
	METRIC_GAUGE,   /* as things are now */
	METRIC_SUMMARY, /* of durations: a quantile, or their sum, or their count */
	METRIC_TEXT,    /* a word or a sentence */
};

enum metric_unit {
	METRIC_ITEMS,
	METRIC_BYTES,
	METRIC_NS,     /* shown as seconds where that is the custom */
	METRIC_FACTOR, /* a double, without unit */
};

/* What belongs together; a row may be in several. */
enum metric_group {
	METRIC_MEMORY = 1 << 0,
	METRIC_DISK = 1 << 1,
	METRIC_WAL = 1 << 2,
	METRIC_CACHE = 1 << 3,
	METRIC_BLOOM = 1 << 4,
	METRIC_COMPACTION = 1 << 5,
	METRIC_LEVELS = 1 << 6,
	METRIC_OPS = 1 << 7,
	METRIC_FS = 1 << 8,
	METRIC_AMPLIFICATION = 1 << 9,
	METRIC_RECOVERY = 1 << 10,
	METRIC_STALLS = 1 << 11,
	METRIC_ERRORS = 1 << 12,
	METRIC_HEALTH = 1 << 13,
	METRIC_GROUP_COUNT = 14,
	METRIC_ALL = (1 << METRIC_GROUP_COUNT) - 1,
};

/* Of the group with this number (bit); NULL behind the last. */
const char *metric_group_name(unsigned number);
/* Its bit, or 0: there is none of that name. */
unsigned metric_group_of(const char *name);

/* One number for each of several things: levels, operations, ... */
struct metric_axis {
	size_t count;
	/* The thing's word in a name ("2"), and its labels (`level="2"`); into the buffers above.
	 */
	void (*describe)(size_t i, char *ret_word, char *ret_labels);
};

/*
 * A row. With an axis the snapshot has a number every `stride` bytes from `offset` on, and the
 * axis's word takes the place of the name's '*'. Neighbours with the same axis are one block:
 * text and JSON go through the things, and tell all of each.
 */
struct metric {
	const char *name;   /* NULL: Prometheus only */
	const char *family; /* NULL: the name, with `seconds` for `ns`; "": not for Prometheus */
	const char *labels; /* further ones there, `quantile="0.5"`; or NULL */
	const char *ending; /* of a sample's name there, "_sum" of a summary's; or NULL */
	const char *help;
	enum metric_kind kind;
	enum metric_unit unit;
	unsigned groups;
	bool sparse; /* left out where it is 0 */
	const struct metric_axis *axis;
	size_t offset, stride;
	/* One of them at most, instead of an offset. text may answer NULL: there is nothing to
	 * say. */
	uint64_t (*number)(const void *snapshot);
	double (*factor)(const void *snapshot);
	const char *(*text)(const void *snapshot);
};

/* A table and a snapshot of what it is about. */
struct metric_set {
	const struct metric *rows;
	size_t count;
	const void *snapshot; /* borrowed */
};

/* A module that can be asked for a snapshot. */
struct metric_source {
	const struct metric *rows;
	size_t count;
	size_t snapshot_size;
	void (*read)(void *arg, void *ret_snapshot);
	void *arg; /* borrowed */
};

/* One number, for whoever wants them one by one. */
struct metric_value {
	const struct metric *row;
	char name[METRIC_NAME_MAX];
	/* By kind and unit: text, factor, number. */
	const char *text;
	double factor;
	uint64_t number;
};

/* Each number of the groups in the order of text; a visit's error ends it and is returned. */
must_check int metric_visit(const struct metric_set *set, unsigned groups,
			    int (*visit)(void *arg, const struct metric_value *value), void *arg);

/* Append lines `name value`. -ENOMEM: as much as fits is there, also of the others. */
must_check int metric_render_text(const struct metric_set *set, unsigned groups, struct buf *text);

struct json;

/* Add names and values to the object that is open. */
void metric_render_json(const struct metric_set *set, struct json *json);

/* Append text as it may stand in a label's value there: escaped, and ASCII. -ENOMEM. */
must_check int metric_append_label(struct buf *text, struct slice value);

/*
 * Append the text format of Prometheus, version 0.0.4: families under names that begin with
 * `prefix`, each with its HELP and TYPE; counters end in _total; units are seconds and bytes.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/.
 */
must_check int metric_render_prom(const struct metric_set *set, const char *prefix,
				  struct buf *text);
