/*
 * The statistics, written into a file every now and then: for who collects files (stats.file,
 * stats.interval).
 *
 * The file is JSON, or Prometheus' text when its name ends in .prom. It is written under a
 * temporary name, NAME.tmp, and renamed: a reader finds the old one or the new one, whole. It is
 * for people and collectors, so it is not synced, and a failure is logged once and tried again.
 *
 * The folder is opened before anything is mounted, so that the daemon never waits for itself when
 * the mount covers it.
 *
 * Thread rule: one thread opens, starts, and closes; stats_dump_set_interval from any.
 */
#pragma once

#include <stdbool.h>

#include "fs/virt/stats.h"

struct stats_dump;

/* Whether it is absolute, and no folder's. */
bool stats_dump_path_ok(const char *path);
/* -EINVAL: stats_dump_path_ok says no. Its folder exists; else the error of opening it, with a
 * sentence. */
must_check int stats_dump_open(const char *path, struct stats_dump **ret_dump);
/* Begin to write; `stats` is borrowed until stats_dump_close. -ENOMEM, -EAGAIN. */
must_check int stats_dump_start(struct stats_dump *d, const struct stats *stats,
				unsigned interval_s);
/* From now on. */
void stats_dump_set_interval(struct stats_dump *d, unsigned interval_s);
/* Write a last time, if it was started, and end. NULL is allowed. */
void stats_dump_close(struct stats_dump *d);
