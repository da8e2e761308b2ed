/*
 * The statistics as text (`name value` a line) or as one flat JSON object with the same names.
 *
 * A pure function of what was measured, so that it is tested without a store.
 */
#pragma once

#include "fs/core/fs.h"
#include "lsm/base/buf.h"
#include "lsm/lsm.h"

enum stats_format {
	STATS_TEXT,
	STATS_JSON,
};

struct stats_measured {
	const struct lsm_stats *engine;
	const struct fs_stats *files;
	struct slice more; /* lines `name value` of other modules */
};

/* Appends to *text. -ENOMEM: it may hold a part. */
must_check int stats_render(const struct stats_measured *measured, enum stats_format format,
			    struct buf *text);
