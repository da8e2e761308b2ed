#include "lsm/db/salvage_tables.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/array.h"
#include "lsm/base/error.h"
#include "lsm/blob/value_format.h"
#include "lsm/tree/file_name.h"

/* Tables one after the other. */
struct chain {
	struct iter base;
	struct env_dir *dir;                      /* borrowed */
	struct salvage_losses *losses;            /* borrowed */
	const struct salvage_table_info **tables; /* owned array, in key order */
	size_t count, cap;
	size_t next;          /* table */
	struct iter *current; /* owned; NULL: none open */
	bool damaged, lost;   /* the open one */
	uint64_t bytes;       /* of it */
	uint64_t told;        /* of these, to who asks how far it is */
	uint64_t step;        /* a record's share in them; 0: not known */
};

static struct slice known(const struct buf *key)
{
	return key->len ? buf_slice(key) : (struct slice){0};
}

static void tell_records_lost(struct chain *c, const struct table_loss *loss)
{
	struct salvage_losses *l = c->losses;

	l->report.blocks_lost += loss->kind != TABLE_LOST_ALL;
	l->report.bytes_lost += loss->bytes;
	salvage_say(l, "%s: offset %llu: %s: %llu bytes lost", loss->file,
		    (unsigned long long)loss->offset, loss->what, (unsigned long long)loss->bytes);
	salvage_say_keys(l, loss->first, loss->last);
	salvage_say_end(l);
}

static void table_lost(void *arg, const struct table_loss *loss)
{
	struct chain *c = arg;

	c->damaged = true;
	switch (loss->kind) {
	case TABLE_NOTHING_LOST:
		break;
	case TABLE_LOST_VALUE:
		c->losses->report.blocks_lost++;
		break;
	case TABLE_LOST_ALL:
		c->lost = true;
		tell_records_lost(c, loss);
		break;
	case TABLE_LOST_BLOCK:
	case TABLE_LOST_BYTES:
		tell_records_lost(c, loss);
		break;
	}
}

static void tell_table_missing(struct chain *c, const struct salvage_table_info *info, int why)
{
	struct salvage_losses *l = c->losses;
	char name[ENV_NAME_MAX + 1];

	file_name_make(FILE_TABLE, info->number, name);
	l->report.tables_lost++;
	l->report.bytes_lost += info->size_bytes;
	salvage_say(l, "%s: offset 0: the table %s: %llu bytes lost", name,
		    why == -ENOENT ? "is missing" : "cannot be read",
		    (unsigned long long)info->size_bytes);
	salvage_say_keys(l, known(&info->smallest), known(&info->largest));
	salvage_say_end(l);
}

static void close_table(struct chain *c)
{
	struct lsm_salvage_report *r = &c->losses->report;

	if (!c->current)
		return;
	/* whether it is to end is asked for each record of the new store */
	ignore_result(long_work_step(c->losses->work, c->bytes - c->told));
	r->tables_lost += c->lost;
	r->tables_read += !c->lost;
	r->tables_damaged += c->damaged && !c->lost;
	iter_free(c->current);
	c->current = NULL;
}

static int open_table(struct chain *c, const struct salvage_table_info *info)
{
	const struct table_salvage_source source = {
		.dir = c->dir,
		.number = info->number,
		.id = info->id,
		.size_bytes = info->size_bytes,
		.entries = info->entries,
		.smallest = buf_slice(&info->smallest),
		.largest = buf_slice(&info->largest),
		.lost = table_lost,
		.arg = c,
	};
	int err;

	c->damaged = false;
	c->lost = false;
	c->bytes = salvage_file_bytes(c->dir, FILE_TABLE, info->number);
	c->told = 0;
	c->step = info->entries > 0 ? c->bytes / info->entries : 0;
	err = table_salvage_open(&source, &c->current);
	if (err == -ENOENT || table_is_damage(err)) {
		tell_table_missing(c, info, err);
		ignore_result(long_work_step(c->losses->work, c->bytes));
		return 0;
	}
	if (!err)
		iter_first(c->current);
	return err;
}

/* Stand on the open table's record, or on the first of a later one. */
static void settle(struct chain *c)
{
	int err = 0;

	while (!err && !(c->current && iter_valid(c->current))) {
		err = c->current ? iter_status(c->current) : 0;
		close_table(c);
		if (err || c->next == c->count)
			break;
		err = open_table(c, c->tables[c->next++]);
	}
	c->base.status = err;
	c->base.valid = !err && c->current;
	if (c->base.valid)
		c->base.rec = c->current->rec;
}

static struct chain *chain_of(struct iter *it)
{
	return container_of(it, struct chain, base);
}

static void chain_first(struct iter *it)
{
	settle(chain_of(it));
}

static void chain_next(struct iter *it)
{
	struct chain *c = chain_of(it);
	uint64_t step = min_of(c->step, c->bytes - c->told);

	c->told += step;
	ignore_result(long_work_step(c->losses->work, step));
	iter_next(c->current);
	settle(c);
}

/* The record of a large value is not what it was made as. */
static int tell_no_sense(struct chain *c)
{
	char name[ENV_NAME_MAX + 1], why[ERROR_TEXT_MAX];

	c->damaged = true;
	(void)snprintf(why, sizeof(why), "%s", fail_text());
	file_name_make(FILE_TABLE, c->tables[c->next - 1]->number, name);
	return fail(-EUCLEAN, "%s: %s", name, why);
}

static int chain_value(struct iter *it, struct slice *ret_value)
{
	struct chain *c = chain_of(it);
	struct slice value, user_meta;
	uint64_t size;
	int err = iter_value(c->current, &value);

	if (err)
		return err;
	if (it->rec.kind == RECORD_LARGE &&
	    (value_meta_take(it->rec.meta, &size, &user_meta) || extent_list_check(value, size)))
		return tell_no_sense(c);
	*ret_value = value;
	return 0;
}

static void chain_free(struct iter *it)
{
	struct chain *c = chain_of(it);

	iter_free(c->current);
	free(c->tables);
	free(c);
}

static const struct iter_ops chain_ops = {
	.first = chain_first,
	.next = chain_next,
	.value = chain_value,
	.free = chain_free,
};

/* ---- which tables follow each other ---- */

/* Those of which no bounds are known come first. */
static int compare_smallest(const void *a, const void *b)
{
	const struct salvage_table_info *const *x = a, *const *y = b;

	return slice_cmp(buf_slice(&(*x)->smallest), buf_slice(&(*y)->smallest));
}

static bool follows(const struct chain *c, const struct salvage_table_info *info)
{
	const struct salvage_table_info *last = c->tables[c->count - 1];

	return last->largest.len > 0 && info->smallest.len > 0 &&
	       slice_cmp(buf_slice(&last->largest), buf_slice(&info->smallest)) < 0;
}

static int chain_add(struct chain *c, const struct salvage_table_info *info)
{
	const struct salvage_table_info **grown =
		array_grow(c->tables, &c->cap, c->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	c->tables = grown;
	c->tables[c->count++] = info;
	return 0;
}

static int begin_chain(struct env_dir *dir, struct salvage_losses *losses, struct iter **ret_iter)
{
	struct chain *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->base.ops = &chain_ops;
	c->dir = dir;
	c->losses = losses;
	*ret_iter = &c->base;
	return 0;
}

static int place_table(struct env_dir *dir, const struct salvage_table_info *info,
		       struct salvage_losses *losses, struct iter **sources, size_t *count)
{
	size_t i = 0;
	int err = 0;

	while (i < *count && !follows(chain_of(sources[i]), info))
		i++;
	if (i == *count) {
		err = begin_chain(dir, losses, &sources[i]);
		*count += !err;
	}
	return err ? err : chain_add(chain_of(sources[i]), info);
}

int salvage_tables(struct env_dir *dir, const struct salvage_plan *plan,
		   struct salvage_losses *losses, struct iter ***ret_sources, size_t *ret_count)
{
	const struct salvage_table_info **sorted = calloc(plan->count + 1, sizeof(*sorted));
	struct iter **sources = calloc(plan->count + 1, sizeof(*sources));
	int err = sorted && sources ? 0 : -ENOMEM;
	size_t count = 0;

	for (size_t i = 0; !err && i < plan->count; i++)
		sorted[i] = &plan->tables[i];
	if (!err)
		qsort(sorted, plan->count, sizeof(*sorted), compare_smallest);
	for (size_t i = 0; !err && i < plan->count; i++)
		err = place_table(dir, sorted[i], losses, sources, &count);
	free(sorted);
	*ret_sources = sources;
	*ret_count = count;
	return err;
}
