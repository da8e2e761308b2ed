#include "lsm/tree/version.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "lsm/tree/key_range.h"
#include "lsm/tree/obsolete.h"

/*
 * Order of level 0: newest first. Flushes cover ascending ranges of seqnos, so any seqno of a table
 * would do.
 */
static bool is_newer(const struct table_file *a, const struct table_file *b)
{
	if (a->largest_seqno != b->largest_seqno)
		return a->largest_seqno > b->largest_seqno;
	return a->number > b->number;
}

struct version *version_ref(struct version *v)
{
	ref_get(&v->refs);
	return v;
}

void version_unref(struct version *v)
{
	if (!v || !ref_put(&v->refs))
		return;
	for (int level = 0; level < TREE_LEVELS; level++) {
		for (size_t i = 0; i < v->levels[level].count; i++)
			table_file_unref(v->levels[level].files[i]);
		free(v->levels[level].files);
		free(v->levels[level].runs);
	}
	free(v);
}

int table_file_new(const struct table_file *from, struct table_file **ret_file)
{
	/* Object and keys in one piece. */
	struct table_file *f = malloc(sizeof(*f) + from->smallest.len + from->largest.len);

	if (!f)
		return -ENOMEM;
	uint8_t *keys = (uint8_t *)(f + 1);
	*f = *from;
	f->blobs = (struct blob_refs){0};
	if (blob_refs_copy(&from->blobs, &f->blobs) < 0) {
		free(f);
		return -ENOMEM;
	}
	ref_init(&f->refs);
	f->compacting = false;
	f->removed = false;
	f->next_obsolete = NULL;
	memcpy(keys, from->smallest.ptr, from->smallest.len);
	f->smallest = slice_of(keys, from->smallest.len);
	keys += from->smallest.len;
	memcpy(keys, from->largest.ptr, from->largest.len);
	f->largest = slice_of(keys, from->largest.len);
	*ret_file = f;
	return 0;
}

void table_file_free(struct table_file *f)
{
	blob_refs_done(&f->blobs);
	free(f);
}

struct table_file *table_file_ref(struct table_file *f)
{
	ref_get(&f->refs);
	return f;
}

void table_file_unref(struct table_file *f)
{
	if (!f || !ref_put(&f->refs))
		return;
	/*
	 * `removed` was set by the installer before it let go of the version that held the file;
	 * ref_put orders that before this read.
	 */
	if (f->tree && f->removed)
		obsolete_add(f->tree, f);
	else
		table_file_free(f);
}

size_t version_find(const struct version_run *run, struct slice key)
{
	size_t low = 0, high = run->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (slice_cmp(run->files[mid]->largest, key) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool version_overlaps(const struct version *v, int level, struct slice smallest,
		      struct slice largest)
{
	const struct version_level *l = &v->levels[level];

	for (size_t i = 0; i < l->run_count; i++) {
		size_t at = version_find(&l->runs[i], smallest);

		if (at < l->runs[i].count && file_overlaps(l->runs[i].files[at], smallest, largest))
			return true;
	}
	return false;
}

/* Returns the run's bytes. */
static uint64_t run_check(const struct version_run *run)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < run->count; i++) {
		const struct table_file *f = run->files[i];

		assert(f->smallest.len > 0 && slice_cmp(f->smallest, f->largest) <= 0);
		assert(f->smallest_seqno <= f->largest_seqno);
		assert(i == 0 || slice_cmp(run->files[i - 1]->largest, f->smallest) < 0);
		bytes += f->size_bytes;
	}
	assert(bytes == run->bytes);
	return bytes;
}

static void level_check(const struct version_level *l, bool flushed)
{
	uint64_t bytes = 0;
	size_t files = 0;

	for (size_t i = 0; i < l->run_count; i++) {
		const struct version_run *run = &l->runs[i];

		assert(run->count > 0 && run->files == &l->files[files]);
		assert(!flushed || (run->count == 1 && run->number == 0));
		if (i > 0)
			assert(flushed ? is_newer(run[-1].files[0], run->files[0])
				       : run[-1].number > run->number);
		bytes += run_check(run);
		files += run->count;
	}
	assert(files == l->count && bytes == l->bytes);
}

void version_check(const struct version *v)
{
	for (int level = 0; level < TREE_LEVELS; level++)
		level_check(&v->levels[level], level == 0);
}
