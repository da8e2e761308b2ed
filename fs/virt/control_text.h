/*
 * The small texts of .apex, as pure functions of what they tell. Each appends to *text; -ENOMEM: it
 * may hold a part.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/lsm.h"

must_check int control_text_readme(struct buf *text);
must_check int control_text_version(struct buf *text);
/* "ok", or the kind of trouble; then, on a line of its own, why. */
must_check int control_text_health(const struct lsm_stats *stats, struct buf *text);
/* A head line, then a line for each level. */
must_check int control_text_levels(const struct lsm_stats *stats, struct buf *text);
