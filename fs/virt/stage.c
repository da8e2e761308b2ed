#include "fs/virt/stage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/virt/virt_folder.h"
#include "lsm/base/error.h"

void stages_init(struct stages *s, size_t text_max)
{
	*s = (struct stages){.text_max = text_max};
	mutex_init(&s->mu, RANK_FS_STAGES);
}

void stage_unref(void *object)
{
	struct stage *stage = object;

	if (!ref_put(&stage->refs))
		return;
	buf_done(&stage->text);
	mutex_done(&stage->mu);
	free(stage);
}

void stages_done(struct stages *s)
{
	while (s->first) {
		struct stage *stage = s->first;

		s->first = stage->next;
		stage_unref(stage);
	}
	mutex_done(&s->mu);
}

/* The link to the stage of that name, or to NULL. */
static struct stage **link_of_locked(struct stages *s, struct slice name)
{
	struct stage **link = &s->first;

	while (*link && !slice_eq(name, slice_str((*link)->name)))
		link = &(*link)->next;
	return link;
}

static void set_name_locked(struct stage *stage, struct slice name)
{
	memcpy(stage->name, name.ptr, name.len);
	stage->name[name.len] = '\0';
}

struct stage *stages_find(struct stages *s, struct slice name)
{
	mutex_guard(&s->mu);
	struct stage *stage = *link_of_locked(s, name);

	if (stage)
		ref_get(&stage->refs);
	return stage;
}

static int create_locked(struct stages *s, struct slice name)
{
	if (*link_of_locked(s, name))
		return -EEXIST;
	if (s->count == STAGES_MAX)
		return fail(-ENOSPC, "more than %d batches are staged", STAGES_MAX);
	struct stage *stage = calloc(1, sizeof(*stage));

	if (!stage)
		return -ENOMEM;
	ref_init(&stage->refs);
	mutex_init(&stage->mu, RANK_FS_STAGE);
	set_name_locked(stage, name);
	stage->next = s->first;
	s->first = stage;
	s->count++;
	return 0;
}

int stages_create(struct stages *s, struct slice name)
{
	if (name.len > NAME_MAX)
		return -ENAMETOOLONG;
	mutex_guard(&s->mu);
	return create_locked(s, name);
}

/* NULL: none. */
static struct stage *take_locked(struct stages *s, struct slice name)
{
	struct stage **link = link_of_locked(s, name);
	struct stage *stage = *link;

	if (stage) {
		*link = stage->next;
		s->count--;
	}
	return stage;
}

int stages_remove(struct stages *s, struct slice name)
{
	mutex_lock(&s->mu);
	struct stage *stage = take_locked(s, name);

	mutex_unlock(&s->mu);
	if (!stage)
		return -ENOENT;
	stage_unref(stage);
	return 0;
}

int stages_rename(struct stages *s, struct slice name, struct slice to)
{
	struct stage *replaced = NULL;

	if (to.len > NAME_MAX)
		return -ENAMETOOLONG;
	mutex_lock(&s->mu);
	struct stage *stage = *link_of_locked(s, name);

	if (stage && !slice_eq(name, to)) {
		replaced = take_locked(s, to);
		set_name_locked(stage, to);
	}
	mutex_unlock(&s->mu);
	if (replaced)
		stage_unref(replaced);
	return stage ? 0 : -ENOENT;
}

int stages_list(struct stages *s, struct buf *names)
{
	int rc = 0;

	mutex_guard(&s->mu);
	for (const struct stage *stage = s->first; stage && !rc; stage = stage->next)
		rc = virt_list_add(names, slice_str(stage->name), S_IFREG);
	return rc;
}

/* Zeros up to `size`, or a shorter text. */
static int resize_locked(struct stage *stage, size_t size)
{
	size_t before = stage->text.len;
	int rc = size > before ? buf_reserve(&stage->text, size - before) : 0;

	if (rc)
		return rc;
	if (size > before)
		memset(stage->text.ptr + before, 0, size - before);
	stage->text.len = size;
	return 0;
}

static int check_size(const struct stages *s, uint64_t size)
{
	return size <= s->text_max ? 0
				   : fail(-EFBIG, "a batch has at most %zu bytes (batch.max_bytes)",
					  s->text_max);
}

int stage_write(const struct stages *s, struct stage *stage, uint64_t offset, struct slice bytes)
{
	uint64_t end = offset + bytes.len;
	int rc = end < offset ? -EFBIG : check_size(s, end);

	if (rc)
		return rc;
	mutex_guard(&stage->mu);
	if (end > stage->text.len)
		rc = resize_locked(stage, end);
	if (!rc && bytes.len > 0)
		memcpy(stage->text.ptr + offset, bytes.ptr, bytes.len);
	return rc;
}

int stage_resize(const struct stages *s, struct stage *stage, uint64_t size)
{
	int rc = check_size(s, size);

	mutex_guard(&stage->mu);
	return rc ? rc : resize_locked(stage, size);
}

int stage_render(struct stage *stage, struct buf *text)
{
	mutex_guard(&stage->mu);
	return buf_append_slice(text, buf_slice(&stage->text));
}
