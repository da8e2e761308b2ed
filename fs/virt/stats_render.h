/*
 * The statistics in their forms: text (`name value` a line), one flat JSON object with the same
 * names, Prometheus, and text of one group only. Pure functions of a snapshot, so that they are
 * tested without a store.
 */
#pragma once

#include "lsm/base/metric.h"

enum stats_format {
	STATS_TEXT,
	STATS_JSON,
	STATS_PROM,
};

/* The form, and which part of it. */
struct stats_form {
	enum stats_format format;
	unsigned groups; /* METRIC_ALL; of STATS_TEXT less, too */
};

enum {
	STATS_SETS_MAX = 4,
};

/* What was measured at one moment, in the order in which it is shown. */
struct stats_snapshot {
	struct metric_set sets[STATS_SETS_MAX];
	size_t count;
	struct slice more; /* lines `name value` of other modules, shown before the last set */
};

/* Appends to *text. -ENOMEM: it may hold a part. */
must_check int stats_render(const struct stats_snapshot *snapshot, struct stats_form form,
			    struct buf *text);
