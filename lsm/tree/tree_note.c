/*
 * The note that a program keeps with the store: a field of the manifest.
 */
#include <errno.h>

#include "lsm/tree/tree_impl.h"

int tree_set_note(struct tree *t, struct slice note)
{
	cleanup_edit struct version_edit edit = {.has_note = true};

	if (note.len > MANIFEST_NOTE_MAX)
		return fail(-E2BIG, "a note has at most %d bytes", MANIFEST_NOTE_MAX);
	int err = buf_set(&edit.note, note);

	return err ? err : tree_apply(t, &edit);
}

int tree_note(struct tree *t, struct buf *ret_note)
{
	mutex_guard(&t->log_mu);
	return buf_append_slice(ret_note, buf_slice(&t->note));
}
