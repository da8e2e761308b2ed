/*
 * The lines of .apex/watch, as pure functions.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/lsm.h"

/*
 * Append "seq op key": op is put, patch or del; the key's separators are shown as '/', and C
 * escapes stand for bytes that would break the line (lsm/base/escape.h reads them). Before it "#
 * lost N", if changes were lost. -ENOMEM: nothing is appended.
 */
must_check int watch_text_add(const struct lsm_change *change, uint8_t separator, struct buf *text);
