/*
 * Lines typed at a terminal: with editing and history where libedit was there at build time
 * (line_editor_libedit.c), else as the terminal hands them over (line_editor_plain.c).
 *
 * Thread rule: one thread; one at a time.
 */
#pragma once

#include "lsm/base/compiler.h"
#include "lsm/base/slice.h"

struct line_editor;

/* Both borrowed; history: the file that keeps it, NULL: none is kept. -ENOMEM; -ENOTTY: the
 * terminal cannot be used. */
must_check int line_editor_new(const char *prompt, const char *history,
			       struct line_editor **ret_editor);
/* Saves the history. */
void line_editor_free(struct line_editor *e);

/* The next line, without its end, good until the next call. -ENODATA: Ctrl-D. -EINTR: Ctrl-C. */
must_check int line_editor_next(struct line_editor *e, struct slice *ret_line);
