#include "lsm/blob/blob_refs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "lsm/base/array.h"
#include "lsm/base/error.h"
#include "lsm/blob/blob_store_impl.h"

void blob_refs_done(struct blob_refs *r)
{
	for (size_t i = 0; i < r->count; i++)
		blob_file_unref(r->refs[i].file);
	free(r->refs);
	*r = (struct blob_refs){0};
}

/* The place of the first entry of that number or a higher one. */
static size_t place_of(const struct blob_refs *r, uint64_t number)
{
	size_t low = 0, high = r->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->refs[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct blob_ref *blob_refs_find(const struct blob_refs *r, uint64_t number)
{
	size_t i = place_of(r, number);

	return i < r->count && r->refs[i].number == number ? &r->refs[i] : NULL;
}

static int make_room(struct blob_refs *r)
{
	struct blob_ref *grown = array_grow(r->refs, &r->cap, r->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	r->refs = grown;
	return 0;
}

/* An empty entry for a number that has none. */
static int insert(struct blob_refs *r, uint64_t number, struct blob_ref **ret_ref)
{
	int rc = make_room(r);

	if (rc)
		return rc;
	struct blob_ref *place = &r->refs[place_of(r, number)];

	memmove(place + 1, place, (size_t)(&r->refs[r->count] - place) * sizeof(*place));
	*place = (struct blob_ref){.number = number};
	r->count++;
	*ret_ref = place;
	return 0;
}

int blob_refs_note(struct blob_refs *r, const struct extent *e)
{
	struct blob_ref *ref = blob_refs_find(r, e->file);

	if (!ref) {
		int rc = insert(r, e->file, &ref);

		if (rc)
			return rc;
	}
	ref->bytes += extent_disk_bytes(e);
	ref->end = max_of(ref->end, e->at + e->stored_len);
	return 0;
}

int blob_refs_note_list(struct blob_refs *r, struct slice extents)
{
	if (extents.len % BLOB_EXTENT_SIZE)
		return -EUCLEAN;
	for (size_t i = 0; i < extent_list_count(extents); i++) {
		struct extent e;
		int rc = extent_list_get(extents, i, &e);

		if (!rc)
			rc = blob_refs_note(r, &e);
		if (rc)
			return rc;
	}
	return 0;
}

static int resolve(struct blob_ref *ref, struct blob_store *s)
{
	struct blob_file *f;

	if (blob_store_find(s, ref->number, &f))
		return blob_missing(s, ref->number);
	/* Relaxed: the append that a known extent names happened before. */
	uint64_t bytes = atomic_load_explicit(&f->bytes, memory_order_relaxed);

	if (bytes < ref->end) {
		blob_file_unref(f);
		return fail(-EUCLEAN,
			    "%06" PRIu64 ".blob: %" PRIu64 " bytes, a chunk ends at %" PRIu64,
			    ref->number, bytes, ref->end);
	}
	ref->file = f;
	return 0;
}

int blob_refs_resolve(struct blob_refs *r, struct blob_store *s)
{
	for (size_t i = 0; i < r->count; i++) {
		int rc = r->refs[i].file ? 0 : resolve(&r->refs[i], s);

		if (rc)
			return rc;
	}
	return 0;
}

int blob_refs_copy(const struct blob_refs *from, struct blob_refs *ret_refs)
{
	struct blob_ref *refs = NULL;

	if (from->count > 0) {
		refs = reallocarray(NULL, from->count, sizeof(*refs));
		if (!refs)
			return -ENOMEM;
		memcpy(refs, from->refs, from->count * sizeof(*refs));
	}
	for (size_t i = 0; i < from->count; i++) {
		if (refs[i].file)
			blob_file_ref(refs[i].file);
	}
	*ret_refs = (struct blob_refs){.refs = refs, .count = from->count, .cap = from->count};
	return 0;
}

/* Add what is named in one file more. */
static int merge_ref(struct blob_refs *r, struct blob_ref *from)
{
	struct blob_ref *ref = blob_refs_find(r, from->number);
	int rc = ref ? 0 : insert(r, from->number, &ref);

	if (rc)
		return rc;
	ref->bytes += from->bytes;
	ref->end = max_of(ref->end, from->end);
	if (ref->file)
		blob_file_unref(from->file);
	else
		ref->file = from->file;
	from->file = NULL;
	return 0;
}

int blob_refs_merge(struct blob_refs *r, struct blob_refs *from)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < from->count; i++)
		rc = merge_ref(r, &from->refs[i]);
	if (!rc)
		blob_refs_done(from);
	return rc;
}

int blob_refs_check_ends(const struct blob_refs *r)
{
	for (size_t i = 0; i < r->count; i++) {
		/* relaxed: the append that a known extent names happened before */
		uint64_t bytes =
			atomic_load_explicit(&r->refs[i].file->bytes, memory_order_relaxed);

		if (r->refs[i].end > bytes)
			return fail(
				-EUCLEAN,
				"%06" PRIu64 ".blob: offset %" PRIu64
				": the file ends here, but a record names a chunk up to %" PRIu64,
				r->refs[i].number, bytes, r->refs[i].end);
	}
	return 0;
}
