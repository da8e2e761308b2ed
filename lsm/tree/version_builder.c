#include "lsm/tree/version_builder.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/tree/array.h"

void version_builder_done(struct version_builder *b)
{
	for (size_t i = 0; i < b->count; i++)
		table_file_unref(b->files[i].file);
	free(b->files);
	*b = (struct version_builder){0};
}

static int builder_reserve(struct version_builder *b, size_t extra)
{
	struct builder_file *grown =
		array_grow(b->files, &b->cap, b->count + extra, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	b->files = grown;
	return 0;
}

static int compare_numbers(const void *a, const void *b)
{
	const struct builder_file *x = a, *y = b;

	return (x->file->number > y->file->number) - (x->file->number < y->file->number);
}

int version_builder_init(struct version_builder *b, const struct version *base)
{
	size_t total = 0;

	*b = (struct version_builder){0};
	for (int level = 0; level < TREE_LEVELS; level++)
		total += base->levels[level].count;
	int err = builder_reserve(b, total);
	if (err)
		return err;
	for (int level = 0; level < TREE_LEVELS; level++) {
		for (size_t i = 0; i < base->levels[level].count; i++)
			b->files[b->count++] = (struct builder_file){
				.level = level,
				.file = table_file_ref(base->levels[level].files[i])};
	}
	qsort(b->files, b->count, sizeof(*b->files), compare_numbers);
	return 0;
}

/* The index of the first file with a number >= number. */
static size_t builder_find(const struct version_builder *b, uint64_t number)
{
	size_t low = 0, high = b->count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (b->files[mid].file->number < number)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int builder_remove(struct version_builder *b, const struct edit_removal *r)
{
	size_t at = builder_find(b, r->number);

	if (at == b->count || b->files[at].file->number != r->number ||
	    b->files[at].level != r->level)
		return -EUCLEAN;
	table_file_unref(b->files[at].file);
	b->count--;
	memmove(&b->files[at], &b->files[at + 1], (b->count - at) * sizeof(*b->files));
	return 0;
}

static int builder_add(struct version_builder *b, const struct edit_table *a)
{
	size_t at = builder_find(b, a->file->number);

	if (at < b->count && b->files[at].file->number == a->file->number)
		return -EUCLEAN;
	int err = builder_reserve(b, 1);
	if (err)
		return err;
	memmove(&b->files[at + 1], &b->files[at], (b->count - at) * sizeof(*b->files));
	b->files[at] = (struct builder_file){.level = a->level, .file = table_file_ref(a->file)};
	b->count++;
	return 0;
}

int version_builder_apply(struct version_builder *b, const struct version_edit *e,
			  const char **ret_reason)
{
	int err = 0;

	for (size_t i = 0; !err && i < e->removed_count; i++)
		err = builder_remove(b, &e->removed[i]);
	if (err) {
		*ret_reason = "a table is removed that is not there";
		return err;
	}
	for (size_t i = 0; !err && i < e->added_count; i++)
		err = builder_add(b, &e->added[i]);
	if (err == -EUCLEAN)
		*ret_reason = "a table is added twice";
	return err;
}

/* Newest first, as version.h has it. */
static int compare_age(const void *a, const void *b)
{
	const struct table_file *x = *(struct table_file *const *)a;
	const struct table_file *y = *(struct table_file *const *)b;

	if (x->largest_seqno != y->largest_seqno)
		return x->largest_seqno > y->largest_seqno ? -1 : 1;
	return (x->number < y->number) - (x->number > y->number);
}

static int compare_keys(const void *a, const void *b)
{
	const struct table_file *x = *(struct table_file *const *)a;
	const struct table_file *y = *(struct table_file *const *)b;

	return slice_cmp(x->smallest, y->smallest);
}

static bool is_disjoint(const struct version_level *l)
{
	for (size_t i = 1; i < l->count; i++) {
		if (slice_cmp(l->files[i - 1]->largest, l->files[i]->smallest) >= 0)
			return false;
	}
	return true;
}

/* Arrays of the right size for each level. */
static int allocate_levels(const struct version_builder *b, struct version *v)
{
	size_t counts[TREE_LEVELS] = {0};

	for (size_t i = 0; i < b->count; i++)
		counts[b->files[i].level]++;
	for (int level = 0; level < TREE_LEVELS; level++) {
		struct version_level *l = &v->levels[level];

		if (counts[level] == 0)
			continue;
		l->files = calloc(counts[level], sizeof(struct table_file *));
		if (!l->files)
			return -ENOMEM;
	}
	return 0;
}

static int sort_levels(struct version *v, const char **ret_reason)
{
	for (int level = 0; level < TREE_LEVELS; level++) {
		struct version_level *l = &v->levels[level];

		if (l->count == 0)
			continue;
		qsort(l->files, l->count, sizeof(struct table_file *),
		      level == 0 ? compare_age : compare_keys);
		if (level > 0 && !is_disjoint(l)) {
			*ret_reason = "tables of one level overlap";
			return -EUCLEAN;
		}
	}
	return 0;
}

int version_builder_finish(const struct version_builder *b, struct version **ret_version,
			   const char **ret_reason)
{
	struct version *v = calloc(1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	ref_init(&v->refs);
	int err = allocate_levels(b, v);
	for (size_t i = 0; !err && i < b->count; i++) {
		struct version_level *l = &v->levels[b->files[i].level];

		l->files[l->count++] = table_file_ref(b->files[i].file);
		l->bytes += b->files[i].file->size_bytes;
	}
	if (!err)
		err = sort_levels(v, ret_reason);
	if (err)
		version_unref(v);
	else
		*ret_version = v;
	return err;
}
