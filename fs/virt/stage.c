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
	atomic_fetch_sub_explicit(&stage->owner->bytes, stage->text.len, memory_order_relaxed);
	buf_done(&stage->text);
	mutex_done(&stage->mu);
	free(stage);
}

/*
 * The text of one that is in no list is of use to nobody but who applies it. It does not wait for
 * the last reference, which is the kernel's, whose FORGET comes some time after the unlink.
 */
static void release_text_locked(struct stage *stage)
{
	if (stage->listed || stage->applied)
		return;
	atomic_fetch_sub_explicit(&stage->owner->bytes, stage->text.len, memory_order_relaxed);
	buf_done(&stage->text);
}

/* It has just been taken out of the list, whose reference this gives back. */
static void leave(struct stage *stage)
{
	mutex_lock(&stage->mu);
	stage->listed = false;
	release_text_locked(stage);
	mutex_unlock(&stage->mu);
	stage_unref(stage);
}

void stages_done(struct stages *s)
{
	while (s->first) {
		struct stage *stage = s->first;

		s->first = stage->next;
		leave(stage);
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
	stage->owner = s;
	mutex_init(&stage->mu, RANK_FS_STAGE);
	set_name_locked(stage, name);
	stage->listed = true;
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

/* Take out what the link points to, if anything. */
static struct stage *take_locked(struct stages *s, struct stage **link)
{
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
	struct stage *stage = take_locked(s, link_of_locked(s, name));

	mutex_unlock(&s->mu);
	if (!stage)
		return -ENOENT;
	leave(stage);
	return 0;
}

void stages_drop(struct stages *s, struct stage *stage)
{
	mutex_lock(&s->mu);
	struct stage **link = &s->first;

	while (*link && *link != stage)
		link = &(*link)->next;
	bool listed = take_locked(s, link) != NULL;

	mutex_unlock(&s->mu);
	if (listed)
		leave(stage);
}

int stages_rename(struct stages *s, struct slice name, struct slice to)
{
	struct stage *replaced = NULL;

	if (to.len > NAME_MAX)
		return -ENAMETOOLONG;
	mutex_lock(&s->mu);
	struct stage *stage = *link_of_locked(s, name);

	if (stage && !slice_eq(name, to)) {
		replaced = take_locked(s, link_of_locked(s, to));
		set_name_locked(stage, to);
	}
	mutex_unlock(&s->mu);
	if (replaced)
		leave(replaced);
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

/* Take so many bytes of what all have. */
static int take_room(struct stages *s, size_t more)
{
	size_t room = STAGES_ROOM * s->text_max;
	size_t had = atomic_fetch_add_explicit(&s->bytes, more, memory_order_relaxed);

	if (had <= room && more <= room - had)
		return 0;
	atomic_fetch_sub_explicit(&s->bytes, more, memory_order_relaxed);
	return fail(-ENOSPC, "all that is staged has at most %zu bytes (%d times batch.max_bytes)",
		    room, STAGES_ROOM);
}

static int grow_locked(struct stages *s, struct stage *stage, size_t size)
{
	size_t more = size - stage->text.len;
	int rc = take_room(s, more);

	if (rc)
		return rc;
	rc = buf_reserve(&stage->text, more);
	if (rc) {
		atomic_fetch_sub_explicit(&s->bytes, more, memory_order_relaxed);
		return rc;
	}
	memset(stage->text.ptr + stage->text.len, 0, more);
	stage->text.len = size;
	return 0;
}

/* Zeros up to `size`, or a shorter text. */
static int resize_locked(struct stages *s, struct stage *stage, size_t size)
{
	if (size > stage->text.len)
		return grow_locked(s, stage, size);
	atomic_fetch_sub_explicit(&s->bytes, stage->text.len - size, memory_order_relaxed);
	stage->text.len = size;
	return 0;
}

static int check_change_locked(const struct stages *s, const struct stage *stage, uint64_t size)
{
	if (size > s->text_max)
		return fail(-EFBIG, "a batch has at most %zu bytes (batch.max_bytes)", s->text_max);
	return stage->applied ? fail(-EBUSY, "this batch is being applied") : 0;
}

int stage_write(struct stages *s, struct stage *stage, uint64_t offset, struct slice bytes)
{
	uint64_t end = offset + bytes.len;

	if (end < offset)
		return -EFBIG;
	mutex_guard(&stage->mu);
	int rc = check_change_locked(s, stage, end);

	if (!rc && end > stage->text.len)
		rc = grow_locked(s, stage, end);
	if (!rc && bytes.len > 0)
		memcpy(stage->text.ptr + offset, bytes.ptr, bytes.len);
	return rc;
}

int stage_resize(struct stages *s, struct stage *stage, uint64_t size)
{
	mutex_guard(&stage->mu);
	int rc = check_change_locked(s, stage, size);

	return rc ? rc : resize_locked(s, stage, size);
}

int stage_read(void *object, uint64_t offset, size_t size, struct buf *bytes)
{
	struct stage *stage = object;

	mutex_guard(&stage->mu);
	struct slice rest = buf_slice(&stage->text);

	rest = slice_skip(rest, (size_t)min_of(offset, (uint64_t)rest.len));
	rest.len = min_of(size, rest.len);
	return buf_append_slice(bytes, rest);
}

uint64_t stage_size(void *object)
{
	struct stage *stage = object;

	mutex_guard(&stage->mu);
	return stage->text.len;
}

int stage_apply_begin(struct stage *stage, struct slice *ret_text)
{
	mutex_guard(&stage->mu);
	if (stage->applied)
		return fail(-EBUSY, "this batch is being applied");
	stage->applied = true;
	*ret_text = buf_slice(&stage->text);
	return 0;
}

void stage_apply_end(struct stage *stage)
{
	mutex_guard(&stage->mu);
	stage->applied = false;
	release_text_locked(stage);
}
