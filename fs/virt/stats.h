/*
 * The statistics of a mount: asks the modules, and renders what they say.
 *
 * Every number of one rendering is asked for once, so what is shown twice, or summed, agrees.
 *
 * Thread rule: any thread.
 */
#pragma once

#include "fs/core/fs.h"
#include "fs/virt/stats_render.h"

struct stats {
	struct lsm *db; /* borrowed */
	struct fs *fs;  /* borrowed */
	/* Of the layer above; rows NULL: none. */
	struct metric_source requests;
	/* Appends lines `name value` of the transport's own; may be NULL. */
	int (*more)(void *arg, struct buf *text);
	void *more_arg;
};

/* Ask and render. Appends to *text. -ENOMEM, or more's error. */
must_check int stats_read(const struct stats *stats, struct stats_form form, struct buf *text);
