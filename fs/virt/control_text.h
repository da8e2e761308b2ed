/*
 * The small texts of .apex, and what people write into it, as pure functions.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/lsm.h"

/* Each appends to *text; -ENOMEM: it may hold a part. */
must_check int control_text_readme(struct buf *text);
must_check int control_text_version(struct buf *text);
/* "ok", or the kind of trouble; then, on a line of its own, why. */
must_check int control_text_health(const struct lsm_stats *stats, struct buf *text);
/* A head line, then a line for each level. */
must_check int control_text_levels(const struct lsm_stats *stats, struct buf *text);

/* Take the first line off the text, without its line feed, which the last one may lack; false:
 * there is none. */
bool control_line_next(struct slice *text, struct slice *ret_line);
/* Take the first word off a line, between blanks; false: there is none. */
bool control_word_next(struct slice *line, struct slice *ret_word);

/*
 * The bytes of a key that a person writes as a part of a path, into *ret_key: '/' is the store's
 * separator, %XX (two hex digits) any byte; another '%' is itself. -ENOMEM.
 */
must_check int control_key(uint8_t separator, struct slice text, struct buf *ret_key);
