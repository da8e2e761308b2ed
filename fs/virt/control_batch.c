/*
 * .apex/batch: lines that change keys. Each write(2) is one batch. A text that is longer than a
 * write is one batch, too, when it is staged: copied to .apex/batch.d/NAME, then renamed to
 * .apex/batch.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "fs/virt/batch_import.h"
#include "fs/virt/control_impl.h"
#include "fs/virt/stage.h"
#include "lsm/base/error.h"

/* What all imports came to; shown by reading .apex/batch. */
static void count(struct control *c, const struct batch_import *before,
		  const struct batch_import *after)
{
	mutex_guard(&c->batch.mu);
	c->batch.batches++;
	c->batch.lines += after->lines - before->lines;
	c->batch.bytes += after->bytes - before->bytes;
	c->batch.puts += after->puts - before->puts;
	c->batch.deletes += after->deletes - before->deletes;
	c->batch.last_lines = after->lines;
	c->batch.cut_bytes += after->partial.len - before->partial.len;
}

static int render_batch(void *arg, void *object, struct buf *text)
{
	struct control *c = arg;

	(void)object;
	mutex_guard(&c->batch.mu);
	return buf_printf(text,
			  "batches %" PRIu64 "\nlines %" PRIu64 "\nbytes %" PRIu64 "\nputs %" PRIu64
			  "\ndeletes %" PRIu64 "\nlast_lines %" PRIu64 "\ncut_bytes %" PRIu64 "\n",
			  c->batch.batches, c->batch.lines, c->batch.bytes, c->batch.puts,
			  c->batch.deletes, c->batch.last_lines, c->batch.cut_bytes);
}

/* Who has .apex/batch open and has written. */
struct importer {
	struct control *control;
	struct batch_import *import; /* owned */
	pid_t pid;
};

static struct importer *importer_new(struct control *c)
{
	struct importer *i = calloc(1, sizeof(*i));

	if (!i)
		return NULL;
	i->control = c;
	i->import = batch_import_new(c->options.fs, c->options.batch_max);
	if (!i->import) {
		free(i);
		return NULL;
	}
	return i;
}

static int write_batch(void *arg, void **object, const struct virt_write *write)
{
	struct control *c = arg;

	if (!*object)
		*object = importer_new(c);
	struct importer *i = *object;

	if (!i)
		return -ENOMEM;
	struct batch_import before = *i->import;
	int rc = batch_import_piece(i->import, write->offset, write->bytes, write->change.stale);

	i->pid = write->change.caller->pid;
	if (!rc)
		count(c, &before, i->import);
	return rc;
}

/* Nobody is left who could be told by an errno. */
static void note_cut(struct importer *i)
{
	ignore_result(fail(-EINVAL, "line %" PRIu64 " never ended, and is not applied",
			   i->import->lines + 1));
	log_error("an import: %s", fail_text());
	reasons_note(i->control->options.reasons, i->pid, slice_str("batch"), -EINVAL);
}

static void import_done(void *object)
{
	struct importer *i = object;

	if (i->import->partial.len > 0)
		note_cut(i);
	batch_import_free(i->import);
	free(i);
}

static const struct virt_file batch_files[] = {
	{.name = "batch",
	 .mode = 0600,
	 .render = render_batch,
	 .write = write_batch,
	 .object_done = import_done},
};

/* ---- staged texts ---- */

static int write_staged(void *arg, void **object, const struct virt_write *write)
{
	return stage_write(&((struct control *)arg)->stages, *object, write->offset, write->bytes);
}

static int cut_staged(void *arg, void **object, uint64_t size)
{
	return stage_resize(&((struct control *)arg)->stages, *object, size);
}

static const struct virt_file staged_file = {
	.mode = 0600,
	.read = stage_read,
	.size = stage_size,
	.write = write_staged,
	.truncate = cut_staged,
	.object_done = stage_unref,
};

static int find_staged(void *arg, struct slice name, struct virt_found *ret_found)
{
	struct stage *stage = stages_find(&((struct control *)arg)->stages, name);

	if (!stage)
		return -ENOENT;
	*ret_found = (struct virt_found){.file = &staged_file, .object = stage};
	return 0;
}

static int list_staged(void *arg, struct buf *names)
{
	return stages_list(&((struct control *)arg)->stages, names);
}

static int create_staged(void *arg, const struct virt_change *change, struct slice name)
{
	(void)change;
	return stages_create(&((struct control *)arg)->stages, name);
}

static int unlink_staged(void *arg, const struct virt_change *change, struct slice name)
{
	(void)change;
	return stages_remove(&((struct control *)arg)->stages, name);
}

static int apply_text(struct control *c, const struct virt_change *change, struct slice text)
{
	struct batch_import *import = batch_import_new(c->options.fs, c->options.batch_max);
	struct batch_import before = {0};

	if (!import)
		return -ENOMEM;
	int rc = batch_import_whole(import, text, change->stale);

	if (!rc)
		count(c, &before, import);
	batch_import_free(import);
	return rc == -EINVAL ? -EBADMSG : rc; /* rename(2) and mv(1) mean something else by it */
}

static int apply_staged(struct control *c, const struct virt_change *change, struct slice name)
{
	struct stage *stage = stages_find(&c->stages, name);
	struct slice text;

	if (!stage)
		return -ENOENT;
	int rc = stage_apply_begin(stage, &text);

	if (!rc) {
		rc = apply_text(c, change, text);
		stage_apply_end(stage);
		if (!rc)
			stages_drop(&c->stages, stage);
	}
	stage_unref(stage);
	return rc;
}

static int rename_staged(void *arg, const struct virt_change *change, struct slice name,
			 const struct virt_folder *to, struct slice to_name)
{
	struct control *c = arg;

	if (to == &c->batch_d)
		return stages_rename(&c->stages, name, to_name);
	if (to == &c->apex_folder && slice_eq(to_name, slice_str("batch")))
		return apply_staged(c, change, name);
	return fail(-EACCES, "a staged batch can be renamed to .apex/batch only");
}

static const struct virt_hooks batch_hooks = {
	.find = find_staged,
	.list = list_staged,
	.create = create_staged,
	.unlink = unlink_staged,
	.rename = rename_staged,
};

int control_batch_add(struct control *c, struct virt *v)
{
	unsigned number;

	c->batch_files = (struct virt_folder){
		.files = batch_files, .file_count = array_size(batch_files), .arg = c};
	c->batch_d = (struct virt_folder){
		.name = "batch.d", .mode = 0700, .hooks = &batch_hooks, .arg = c};
	int rc = virt_add_files(v, c->apex, &c->batch_files);

	return rc ? rc : virt_add_folder(v, c->apex, &c->batch_d, &number);
}
