/*
 * Point lookups, prefix tests and iterators over one version.
 */
#include <errno.h>

#include "lsm/tree/key_range.h"
#include "lsm/tree/level_iter.h"
#include "lsm/tree/tree_impl.h"

/* -ENOENT without a look into the table when it cannot have the version. */
static int get_from(struct tree *t, const struct table_file *f, struct slice key, uint64_t seqno,
		    struct table_hit *ret_hit)
{
	struct table *table;

	if (!file_overlaps(f, key, key) || f->smallest_seqno > seqno)
		return -ENOENT;
	int err = table_cache_get(&t->tables, f, &table);
	if (err)
		return err;
	err = table_get(table, key, seqno, ret_hit);
	table_unref(table);
	return err;
}

int tree_get(struct tree *t, const struct version *v, struct slice key, uint64_t seqno,
	     struct table_hit *ret_hit)
{
	const struct version_level *level0 = &v->levels[0];

	/*
	 * The first found is the newest: tables of level 0 hold ascending ranges of seqnos and are
	 * asked newest first, and what a level has of a key is newer than what the levels below
	 * have.
	 */
	for (size_t i = 0; i < level0->count; i++) {
		int err = get_from(t, level0->files[i], key, seqno, ret_hit);

		if (err != -ENOENT)
			return err;
	}
	for (int level = 1; level < TREE_LEVELS; level++) {
		const struct version_level *l = &v->levels[level];
		size_t at = version_find(l, key);
		int err = at < l->count ? get_from(t, l->files[at], key, seqno, ret_hit) : -ENOENT;

		if (err != -ENOENT)
			return err;
	}
	return -ENOENT;
}

/*
 * A file that begins or ends with a key of the prefix has one. Only where the prefix lies strictly
 * inside the file's range does its filter decide; and that can be true of one file of a sorted
 * level at most.
 */
static bool file_may_contain_prefix(struct tree *t, const struct table_file *f, struct slice prefix)
{
	struct table *table;

	if (prefix_cmp(f->smallest, prefix) > 0 || prefix_cmp(f->largest, prefix) < 0)
		return false;
	if (slice_starts_with(f->smallest, prefix) || slice_starts_with(f->largest, prefix))
		return true;
	/*
	 * A table that cannot be opened must not look empty: the reader that comes next reports it.
	 */
	if (table_cache_get(&t->tables, f, &table) < 0)
		return true;
	bool may = table_may_contain_prefix(table, prefix);
	table_unref(table);
	return may;
}

/* The part of a sorted level that a scan within the prefix has to visit. */
static struct level_span prefix_span(struct tree *t, const struct version_level *l,
				     struct slice prefix)
{
	struct level_span span = level_span_of_prefix(l, prefix);

	if (span.end == span.first + 1 && !file_may_contain_prefix(t, l->files[span.first], prefix))
		span.end = span.first;
	return span;
}

bool tree_may_contain_prefix(struct tree *t, const struct version *v, struct slice prefix)
{
	const struct version_level *level0 = &v->levels[0];

	for (size_t i = 0; i < level0->count; i++) {
		if (file_may_contain_prefix(t, level0->files[i], prefix))
			return true;
	}
	for (int level = 1; level < TREE_LEVELS; level++) {
		struct level_span span = prefix_span(t, &v->levels[level], prefix);

		if (span.first < span.end)
			return true;
	}
	return false;
}

size_t tree_iter_count(const struct version *v)
{
	return v->levels[0].count + TREE_LEVELS - 1;
}

static int add_span(struct tree *t, struct version *v, const struct version_level *l,
		    struct level_span span, struct iter **ret_source)
{
	const struct level_iter_source source = {
		.tables = &t->tables,
		.version = v,
		.files = &l->files[span.first],
		.count = span.end - span.first,
	};

	return level_iter_new(&source, ret_source);
}

static int add_level0(struct tree *t, struct version *v, struct slice prefix, struct iter **sources,
		      size_t *count)
{
	const struct version_level *l = &v->levels[0];

	for (size_t i = 0; i < l->count; i++) {
		if (prefix.len && !file_may_contain_prefix(t, l->files[i], prefix))
			continue;
		int err = add_span(t, v, l, (struct level_span){i, i + 1}, &sources[*count]);
		if (err)
			return err;
		++*count;
	}
	return 0;
}

int tree_iters(struct tree *t, struct version *v, struct slice prefix, struct iter **sources,
	       size_t *count)
{
	int err = add_level0(t, v, prefix, sources, count);

	for (int level = 1; !err && level < TREE_LEVELS; level++) {
		const struct version_level *l = &v->levels[level];
		struct level_span span = {0, l->count};

		if (prefix.len)
			span = prefix_span(t, l, prefix);
		if (span.first >= span.end)
			continue;
		err = add_span(t, v, l, span, &sources[*count]);
		if (!err)
			++*count;
	}
	return err;
}
