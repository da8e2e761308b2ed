#include "lsm/env/env_mem_node.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

struct mem_node *mem_node_new(struct mem_disk *disk)
{
	struct mem_node *n = (struct mem_node *)calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	n->next = disk->nodes;
	if (n->next)
		n->next->prev = n;
	disk->nodes = n;
	return n;
}

void mem_node_free(struct mem_disk *disk, struct mem_node *n)
{
	disk->used -= n->bytes.len;
	if (n->prev)
		n->prev->next = n->next;
	else
		disk->nodes = n->next;
	if (n->next)
		n->next->prev = n->prev;
	buf_done(&n->bytes);
	buf_done(&n->synced);
	free(n);
}

static void mark_clean(struct mem_node *n)
{
	n->dirty_from = UINT64_MAX;
	n->dirty_to = 0;
}

static void mark_dirty(struct mem_node *n, uint64_t from, uint64_t to)
{
	/* A node begins with the empty range at 0, which would stretch every range down to 0. */
	if (n->dirty_from >= n->dirty_to)
		mark_clean(n);
	n->dirty_from = min_of(n->dirty_from, from);
	n->dirty_to = max_of(n->dirty_to, to);
}

static void set_len(struct mem_disk *disk, struct mem_node *n, size_t len)
{
	disk->used = disk->used - n->bytes.len + len;
	n->bytes.len = len;
}

/*
 * An unlinked file gives its space back at once, though its synced bytes stay: a power cut may
 * bring its name back. The memory is kept for that (see bytes).
 */
void mem_node_settle(struct mem_disk *disk, struct mem_node *n)
{
	if (n->name_count > 0 || n->open_count > 0)
		return;
	if (n->synced_count > 0)
		set_len(disk, n, 0);
	else
		mem_node_free(disk, n);
}

static uint64_t room(const struct mem_disk *disk)
{
	return disk->used < disk->capacity ? disk->capacity - disk->used : 0;
}

int mem_node_resize(struct mem_disk *disk, struct mem_node *n, uint64_t size)
{
	size_t old = n->bytes.len;

	if (size > MEM_FILE_MAX)
		return -EFBIG;
	if (size > old) {
		if (size - old > room(disk))
			return -ENOSPC;
		if (buf_reserve(&n->bytes, (size_t)size - old))
			return -ENOMEM;
		memset(n->bytes.ptr + old, 0, (size_t)size - old);
		mark_dirty(n, old, size);
	}
	set_len(disk, n, (size_t)size);
	return 0;
}

int mem_node_write(struct mem_disk *disk, struct mem_node *n, uint64_t offset, struct slice bytes)
{
	size_t old = n->bytes.len;
	bool full = false;
	int rc = 0;

	if (offset > MEM_FILE_MAX || bytes.len > MEM_FILE_MAX - offset)
		return -EFBIG;
	if (bytes.len == 0)
		return 0;
	if (offset + bytes.len > old && offset + bytes.len - old > room(disk)) {
		full = true;
		if (old + room(disk) <= offset)
			return -ENOSPC;
		bytes.len = (size_t)(old + room(disk) - offset);
	}
	if (offset + bytes.len > old)
		rc = mem_node_resize(disk, n, offset + bytes.len);
	if (rc)
		return rc;
	memcpy(n->bytes.ptr + offset, bytes.ptr, bytes.len);
	mark_dirty(n, offset, offset + bytes.len);
	return full ? -ENOSPC : 0;
}

/* Only the dirty range: a log synced after each small append must not cost its length squared. */
int mem_node_sync(struct mem_node *n)
{
	size_t len = n->bytes.len;
	size_t to = (size_t)min_of(n->dirty_to, (uint64_t)len);

	if (len > n->synced.len && buf_reserve(&n->synced, len - n->synced.len))
		return -ENOMEM;
	if (len > n->synced.len)
		memset(n->synced.ptr + n->synced.len, 0, len - n->synced.len);
	if (n->dirty_from < to)
		memcpy(n->synced.ptr + n->dirty_from, n->bytes.ptr + n->dirty_from,
		       to - (size_t)n->dirty_from);
	n->synced.len = len;
	mark_clean(n);
	return 0;
}

void mem_node_lose_dirty(struct mem_node *n)
{
	n->lost = n->lost || n->dirty_from < n->dirty_to;
	mark_clean(n);
}

void mem_node_reread(struct mem_node *n)
{
	if (n->lost && n->synced.len > 0)
		memcpy(n->bytes.ptr, n->synced.ptr, n->synced.len);
	n->lost = false;
}

void mem_node_revert(struct mem_disk *disk, struct mem_node *n)
{
	if (n->synced_count == 0)
		n->synced.len = 0;
	assert(n->bytes.cap >= n->synced.len);
	if (n->synced.len > 0)
		memcpy(n->bytes.ptr, n->synced.ptr, n->synced.len);
	set_len(disk, n, n->synced.len);
	mark_clean(n);
	n->lost = false;
	n->lock = NULL;
}
