/*
 * Point lookups, prefix tests and iterators over one version.
 */
#include <errno.h>

#include "lsm/tree/key_range.h"
#include "lsm/tree/level_iter.h"
#include "lsm/tree/tree_impl.h"

/* -ENOENT without a look into a table when none of the run can have the version. */
static int get_from(struct tree *t, const struct version_run *run, struct slice key, uint64_t seqno,
		    struct table_hit *ret_hit)
{
	size_t at = version_find(run, key);
	struct table *table;

	if (at == run->count || slice_cmp(run->files[at]->smallest, key) > 0 ||
	    run->files[at]->smallest_seqno > seqno)
		return -ENOENT;
	int err = table_cache_get(&t->tables, run->files[at], &table);
	if (err)
		return err;
	err = table_get(table, key, seqno, ret_hit);
	table_unref(table);
	return err;
}

int tree_get(struct tree *t, const struct version *v, struct slice key, uint64_t seqno,
	     struct table_hit *ret_hit)
{
	/* The first found is the newest: that is the order of levels and runs (version.h). */
	for (int level = 0; level < TREE_LEVELS; level++) {
		const struct version_level *l = &v->levels[level];

		for (size_t i = 0; i < l->run_count; i++) {
			int err = get_from(t, &l->runs[i], key, seqno, ret_hit);

			if (err != -ENOENT)
				return err;
		}
	}
	return -ENOENT;
}

/* Whether the run has this very version of the key. */
static int run_has(struct tree *t, const struct version_run *run, const struct record *rec)
{
	struct table_hit hit;
	int err = get_from(t, run, rec->key, rec->seqno, &hit);

	if (err)
		return err;
	err = hit.rec.seqno == rec->seqno ? 0 : -ENOENT;
	table_hit_done(&hit);
	return err;
}

int tree_locate(struct tree *t, const struct version *v, const struct record *rec,
		unsigned *ret_level, uint64_t *ret_table)
{
	for (unsigned level = 0; level < TREE_LEVELS; level++) {
		const struct version_level *l = &v->levels[level];

		for (size_t i = 0; i < l->run_count; i++) {
			int err = run_has(t, &l->runs[i], rec);

			if (!err) {
				*ret_level = level;
				*ret_table = l->runs[i]
						     .files[version_find(&l->runs[i], rec->key)]
						     ->number;
			}
			if (err != -ENOENT)
				return err;
		}
	}
	return -ENOENT;
}

/*
 * A file that begins or ends with a key of the prefix has one. Only where the prefix lies strictly
 * inside the file's range does its filter decide; and that can be true of one file of a run at
 * most.
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

/* The part of a run that a scan within the prefix has to visit. */
static struct run_span prefix_span(struct tree *t, const struct version_run *run,
				   struct slice prefix)
{
	struct run_span span = run_span_of_prefix(run, prefix);

	if (span.end == span.first + 1 &&
	    !file_may_contain_prefix(t, run->files[span.first], prefix))
		span.end = span.first;
	return span;
}

bool tree_may_contain_prefix(struct tree *t, const struct version *v, struct slice prefix)
{
	for (int level = 0; level < TREE_LEVELS; level++) {
		const struct version_level *l = &v->levels[level];

		for (size_t i = 0; i < l->run_count; i++) {
			struct run_span span = prefix_span(t, &l->runs[i], prefix);

			if (span.first < span.end)
				return true;
		}
	}
	return false;
}

size_t tree_iter_count(const struct version *v)
{
	size_t count = 0;

	for (int level = 0; level < TREE_LEVELS; level++)
		count += v->levels[level].run_count;
	return count;
}

static int add_run(struct tree *t, struct version *v, const struct version_run *run,
		   const struct tree_scan *scan, struct iter **sources, size_t *count)
{
	struct run_span span = {0, run->count};

	if (scan->prefix.len)
		span = prefix_span(t, run, scan->prefix);
	if (span.first >= span.end)
		return 0;
	const struct level_iter_source source = {
		.tables = &t->tables,
		.version = v,
		.files = &run->files[span.first],
		.count = span.end - span.first,
		.access = scan->access,
	};
	int err = level_iter_new(&source, &sources[*count]);
	if (!err)
		++*count;
	return err;
}

int tree_iters(struct tree *t, struct version *v, const struct tree_scan *scan,
	       struct iter **sources, size_t *count)
{
	int err = 0;

	for (int level = 0; level < TREE_LEVELS; level++) {
		const struct version_level *l = &v->levels[level];

		for (size_t i = 0; !err && i < l->run_count; i++)
			err = add_run(t, v, &l->runs[i], scan, sources, count);
	}
	return err;
}
