#include "lsm/tree/version_builder.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/array.h"
#include "lsm/base/cleanup.h"

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

static void take_run(struct version_builder *b, int level, const struct version_run *run)
{
	for (size_t i = 0; i < run->count; i++)
		b->files[b->count++] = (struct builder_file){
			.level = level, .run = run->number, .file = table_file_ref(run->files[i])};
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
		for (size_t i = 0; i < base->levels[level].run_count; i++)
			take_run(b, level, &base->levels[level].runs[i]);
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
	b->files[at] = (struct builder_file){
		.level = a->level, .run = a->run, .file = table_file_ref(a->file)};
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
static int compare_age(const struct table_file *x, const struct table_file *y)
{
	if (x->largest_seqno != y->largest_seqno)
		return x->largest_seqno > y->largest_seqno ? -1 : 1;
	return (x->number < y->number) - (x->number > y->number);
}

/* The order of a version's arrays: level by level, run by run, by key within a run. */
static int compare_places(const void *a, const void *b)
{
	const struct builder_file *x = a, *y = b;

	if (x->level != y->level)
		return x->level - y->level;
	if (x->level == 0)
		return compare_age(x->file, y->file);
	if (x->run != y->run)
		return x->run > y->run ? -1 : 1;
	return slice_cmp(x->file->smallest, y->file->smallest);
}

static bool begins_run(const struct builder_file *sorted, size_t i)
{
	return i == 0 || sorted[i].level == 0 || sorted[i].level != sorted[i - 1].level ||
	       sorted[i].run != sorted[i - 1].run;
}

/* Arrays of the right size for each level. */
static int allocate_levels(const struct builder_file *sorted, size_t count, struct version *v)
{
	size_t files[TREE_LEVELS] = {0}, runs[TREE_LEVELS] = {0};

	for (size_t i = 0; i < count; i++) {
		files[sorted[i].level]++;
		runs[sorted[i].level] += begins_run(sorted, i);
	}
	for (int level = 0; level < TREE_LEVELS; level++) {
		struct version_level *l = &v->levels[level];

		if (files[level] == 0)
			continue;
		l->files = calloc(files[level], sizeof(struct table_file *));
		l->runs = calloc(runs[level], sizeof(*l->runs));
		if (!l->files || !l->runs)
			return -ENOMEM;
	}
	return 0;
}

static int fill_levels(const struct builder_file *sorted, size_t count, struct version *v)
{
	for (size_t i = 0; i < count; i++) {
		struct version_level *l = &v->levels[sorted[i].level];
		struct table_file *f = sorted[i].file;

		if (begins_run(sorted, i))
			l->runs[l->run_count++] = (struct version_run){
				.number = sorted[i].run, .files = &l->files[l->count]};
		else if (slice_cmp(l->files[l->count - 1]->largest, f->smallest) >= 0)
			return -EUCLEAN;
		struct version_run *run = &l->runs[l->run_count - 1];
		l->files[l->count++] = table_file_ref(f);
		l->bytes += f->size_bytes;
		run->count++;
		run->bytes += f->size_bytes;
	}
	return 0;
}

int version_builder_finish(const struct version_builder *b, struct version **ret_version,
			   const char **ret_reason)
{
	cleanup_free struct builder_file *sorted = calloc(b->count + 1, sizeof(*sorted));
	struct version *v = calloc(1, sizeof(*v));
	int err = sorted && v ? 0 : -ENOMEM;

	if (v)
		ref_init(&v->refs);
	if (!err && b->count > 0) {
		memcpy(sorted, b->files, b->count * sizeof(*sorted));
		qsort(sorted, b->count, sizeof(*sorted), compare_places);
		err = allocate_levels(sorted, b->count, v);
	}
	if (!err)
		err = fill_levels(sorted, b->count, v);
	if (err == -EUCLEAN)
		*ret_reason = "tables of one run overlap";
	if (err)
		version_unref(v);
	else
		*ret_version = v;
	return err;
}
