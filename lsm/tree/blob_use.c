#include "lsm/tree/blob_use.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/array.h"

void blob_use_done(struct blob_use *u)
{
	free(u->files);
	*u = (struct blob_use){0};
}

int blob_use_note(struct blob_use *u, const struct table_file *f)
{
	if (f->blobs.count == 0)
		return 0;
	struct blob_use_file *grown =
		array_grow(u->files, &u->cap, u->count + f->blobs.count, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	u->files = grown;
	for (size_t i = 0; i < f->blobs.count; i++) {
		const struct blob_ref *ref = &f->blobs.refs[i];

		u->files[u->count++] = (struct blob_use_file){
			.number = ref->number,
			.bytes = ref->bytes,
			.end = ref->end,
			.tables = 1,
			.file = ref->file,
		};
	}
	return 0;
}

static int compare_numbers(const void *a, const void *b)
{
	const struct blob_use_file *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* What tables claim is checked one by one; their sum may still be beyond all numbers. */
static uint64_t add_capped(uint64_t a, uint64_t b)
{
	return a + min_of(b, UINT64_MAX - a);
}

void blob_use_sum(struct blob_use *u)
{
	size_t kept = 0;

	if (u->count == 0)
		return;
	qsort(u->files, u->count, sizeof(*u->files), compare_numbers);
	for (size_t i = 1; i < u->count; i++) {
		struct blob_use_file *to = &u->files[kept], *from = &u->files[i];

		if (from->number != to->number) {
			u->files[++kept] = *from;
			continue;
		}
		to->bytes = add_capped(to->bytes, from->bytes);
		to->end = max_of(to->end, from->end);
		to->tables += from->tables;
	}
	u->count = kept + 1;
}

int blob_use_note_version(struct blob_use *u, const struct version *v)
{
	for (int level = 0; level < TREE_LEVELS; level++) {
		for (size_t i = 0; i < v->levels[level].count; i++) {
			int err = blob_use_note(u, v->levels[level].files[i]);

			if (err)
				return err;
		}
	}
	blob_use_sum(u);
	return 0;
}

bool blob_use_is_leaving(const struct blob_use_file *f, uint64_t size, uint64_t references,
			 unsigned gc_pct)
{
	if (references > f->tables || size <= BLOB_HEADER_SIZE)
		return false;
	/* A file that is all alive must never be copied, however small it is: so without the
	 * header. Neither product overflows: sizes are up to BLOB_OFFSET_MAX. */
	return f->bytes < size && f->bytes * 100 < (size - BLOB_HEADER_SIZE) * gc_pct;
}

int blob_use_leaving(const struct blob_use *u, unsigned gc_pct, struct number_list *leaving)
{
	for (size_t i = 0; gc_pct > 0 && i < u->count; i++) {
		const struct blob_use_file *f = &u->files[i];
		/* relaxed: a file to which nobody appends has its size */
		uint64_t size = atomic_load_explicit(&f->file->bytes, memory_order_relaxed);

		if (!blob_use_is_leaving(f, size, blob_file_references(f->file), gc_pct))
			continue;
		int err = number_list_insert(leaving, f->number);
		if (err && err != -EEXIST)
			return err;
	}
	return 0;
}
