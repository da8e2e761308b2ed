#include "lsm/db/salvage_plan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/array.h"
#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/tree/file_id.h"
#include "lsm/tree/file_name.h"
#include "lsm/tree/manifest.h"

void salvage_plan_done(struct salvage_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++) {
		buf_done(&plan->tables[i].smallest);
		buf_done(&plan->tables[i].largest);
	}
	free(plan->tables);
	number_list_done(&plan->logs);
	number_list_done(&plan->blobs);
	snapshot_list_done(&plan->snapshots);
	*plan = (struct salvage_plan){0};
}

/* Takes over info's keys. */
static int add_table(struct salvage_plan *plan, const struct salvage_table_info *info)
{
	struct salvage_table_info *grown =
		array_grow(plan->tables, &plan->cap, plan->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	plan->tables = grown;
	plan->tables[plan->count++] = *info;
	return 0;
}

/* ---- what is in the folder ---- */

struct found_files {
	struct number_list tables, logs, manifests, blobs;
};

static void found_done(struct found_files *found)
{
	number_list_done(&found->tables);
	number_list_done(&found->logs);
	number_list_done(&found->manifests);
	number_list_done(&found->blobs);
}

static int note_file(void *arg, const char *name)
{
	struct found_files *found = arg;
	struct file_name parsed = file_name_parse(name);

	switch (parsed.kind) {
	case FILE_TABLE:
		return number_list_insert(&found->tables, parsed.number);
	case FILE_LOG:
		return number_list_insert(&found->logs, parsed.number);
	case FILE_MANIFEST:
		return number_list_insert(&found->manifests, parsed.number);
	case FILE_BLOB:
		return number_list_insert(&found->blobs, parsed.number);
	case FILE_LEFTOVER:
	case FILE_UNKNOWN:
		break;
	}
	return 0;
}

/* ---- what a good manifest names ---- */

static int add_named_table(struct salvage_plan *plan, const struct table_file *f)
{
	struct salvage_table_info info = {
		.number = f->number,
		.id = f->id,
		.size_bytes = f->size_bytes,
		.entries = f->entries,
	};
	int err = buf_set(&info.smallest, f->smallest);

	if (!err)
		err = buf_set(&info.largest, f->largest);
	if (!err)
		err = add_table(plan, &info);
	if (err) {
		buf_done(&info.smallest);
		buf_done(&info.largest);
	}
	plan->newest_seqno = max_of(plan->newest_seqno, f->largest_seqno);
	return err;
}

static int take_named(struct salvage_plan *plan, struct manifest_state *state)
{
	int err = 0;

	plan->named = true;
	plan->flushed_seqno = state->flushed_seqno;
	plan->durable_seqno = state->durable_seqno;
	plan->newest_seqno = state->flushed_seqno;
	for (size_t i = 0; !err && i < state->tables.count; i++)
		err = add_named_table(plan, state->tables.files[i].file);
	plan->logs = state->logs;
	state->logs = (struct number_list){0};
	return err;
}

static bool all_named(const struct found_files *found, const struct manifest_state *state)
{
	struct number_list named = {0};
	bool all = number_list_reserve(&named, state->tables.count) == 0;

	for (size_t i = 0; all && i < state->tables.count; i++)
		number_list_add(&named, state->tables.files[i].file->number);
	for (size_t i = 0; all && i < found->tables.count; i++)
		all = number_list_has(&named, found->tables.numbers[i]);
	for (size_t i = 0; all && i < found->logs.count; i++)
		all = number_list_has(&state->logs, found->logs.numbers[i]);
	number_list_done(&named);
	return all;
}

/*
 * Opening takes a bad last edit for a crash's, with which nothing is lost. But if damage did it,
 * what it named is in the folder and nowhere else.
 */
static int check_end(struct env_dir *dir, uint64_t number, const struct found_files *found,
		     const struct manifest_state *state)
{
	cleanup_free uint8_t *bytes = NULL;
	char name[ENV_NAME_MAX + 1];
	size_t len = 0;
	int err;

	file_name_make(FILE_MANIFEST, number, name);
	err = env_dir_read_small(dir, name, MANIFEST_FILE_MAX, &bytes, &len);
	while (!err && len > state->valid_bytes && bytes[len - 1] == 0)
		len--;
	if (err || len <= state->valid_bytes || all_named(found, state))
		return err;
	return fail(-EUCLEAN, "%s: offset %llu: the last edit is not whole", name,
		    (unsigned long long)state->valid_bytes);
}

/* 0: it is good, its levels too. */
static int read_manifest(struct env_dir *dir, const struct found_files *found,
			 struct manifest_state *ret_state)
{
	struct version *version;
	const char *reason = "";
	uint64_t number = 0;
	int err = current_read(dir, &number);

	if (!err)
		err = manifest_read(dir, number, ret_state);
	if (!err)
		err = check_end(dir, number, found, ret_state);
	if (err)
		return err;
	err = version_builder_finish(&ret_state->tables, &version, &reason);
	if (!err)
		version_unref(version);
	return err == -EUCLEAN ? fail(err, "the manifest: %s", reason) : err;
}

static void note_separator(struct salvage_plan *plan, const struct manifest_state *state)
{
	plan->separator = state->has_separator ? state->separator : LSM_SEPARATOR_NOTED;
}

/* ---- without a good manifest ---- */

/* Of any manifest whose header is good, the newest first. */
static int find_store_id(struct env_dir *dir, const struct found_files *found,
			 struct salvage_plan *plan)
{
	for (size_t i = found->manifests.count; i-- > 0 && !plan->has_store_id;) {
		cleanup_manifest_state struct manifest_state state = {0};
		int err = manifest_read(dir, found->manifests.numbers[i], &state);

		if (err && !table_is_damage(err) && err != -EFBIG)
			return err;
		plan->has_store_id = state.valid_bytes > 0;
		plan->store_id = state.store_id;
		note_separator(plan, &state);
	}
	return 0;
}

/*
 * Of the tables, whose ids follow from it: the one that most of them agree on (R. Boyer and J. S.
 * Moore, MJRTY, 1981).
 */
static void vote_store_id(const struct table_description *tables, const struct number_list *numbers,
			  struct salvage_plan *plan)
{
	uint64_t lead = 0;

	for (size_t i = 0; i < numbers->count; i++) {
		uint64_t vote = file_id_store(tables[i].id, numbers->numbers[i]);

		if (!tables[i].id_proven)
			continue;
		if (lead == 0)
			plan->store_id = vote;
		lead = vote == plan->store_id ? lead + 1 : lead - 1;
		plan->has_store_id = true;
	}
}

/* A table of another store, or one that was put under another number, would bring in what was never
 * written here. */
static bool is_ours(const struct salvage_plan *plan, const struct table_description *d,
		    uint64_t number)
{
	return !d->id_proven || file_id_store(d->id, number) == plan->store_id;
}

static int add_found_table(struct salvage_plan *plan, struct table_description *d, uint64_t number,
			   struct salvage_losses *losses)
{
	char name[ENV_NAME_MAX + 1];
	struct salvage_table_info info = {
		.number = number,
		.id = d->id_proven || !plan->has_store_id ? d->id
							  : file_id_make(plan->store_id, number),
		.size_bytes = 0, /* a cut file looks whole here */
		.entries = d->entries,
		.smallest = d->smallest,
		.largest = d->largest,
	};

	file_name_make(FILE_TABLE, number, name);
	if (!is_ours(plan, d, number)) {
		losses->report.tables_lost++;
		losses->report.bytes_lost += d->size_bytes;
		salvage_lost(losses,
			     "%s: offset 0: a table of another store or another number: not used",
			     name);
		return 0;
	}
	int err = add_table(plan, &info);

	if (err)
		return err;
	d->smallest = (struct buf){0};
	d->largest = (struct buf){0};
	plan->newest_seqno = max_of(plan->newest_seqno, d->largest_seqno);
	return 0;
}

/* A file that went away or cannot be read at all is described by zeros: reading it tells. */
static int describe_tables(struct env_dir *dir, const struct number_list *numbers,
			   struct table_description *descriptions)
{
	for (size_t i = 0; i < numbers->count; i++) {
		int err = table_describe(dir, numbers->numbers[i], &descriptions[i]);

		if (err && err != -ENOENT && !table_is_damage(err))
			return err;
	}
	return 0;
}

static int take_tables(struct env_dir *dir, const struct number_list *numbers,
		       struct salvage_plan *plan, struct salvage_losses *losses)
{
	struct table_description *d = calloc(numbers->count + 1, sizeof(*d));
	int err = d ? describe_tables(dir, numbers, d) : -ENOMEM;

	if (!err && !plan->has_store_id)
		vote_store_id(d, numbers, plan);
	for (size_t i = 0; !err && i < numbers->count; i++)
		err = add_found_table(plan, &d[i], numbers->numbers[i], losses);
	for (size_t i = 0; d && i < numbers->count; i++)
		table_description_done(&d[i]);
	free(d);
	return err;
}

static int take_found(struct env_dir *dir, struct found_files *found, struct salvage_plan *plan,
		      struct salvage_losses *losses)
{
	int err = plan->has_store_id ? 0 : find_store_id(dir, found, plan);

	if (!err)
		err = take_tables(dir, &found->tables, plan, losses);
	plan->logs = found->logs;
	found->logs = (struct number_list){0};
	return err;
}

/* why: the sentence about the manifest. */
static void tell_fallback(struct salvage_losses *losses, const char *why,
			  const struct manifest_state *state, const struct found_files *found)
{
	salvage_say(losses, "%s: ", why);
	if (state->edits > 0)
		salvage_say(losses, "of the manifest the first %llu edits can be read; ",
			    (unsigned long long)state->edits);
	salvage_say(losses,
		    "all %zu tables and %zu logs in the folder are used instead, deleted keys and "
		    "old values may come back",
		    found->tables.count, found->logs.count);
	salvage_say_end(losses);
}

static int make_plan(struct env_dir *dir, struct found_files *found, struct salvage_losses *losses,
		     struct salvage_plan *plan)
{
	cleanup_manifest_state struct manifest_state state = {0};
	char why[ERROR_TEXT_MAX] = "CURRENT: missing";
	int err = read_manifest(dir, found, &state);

	plan->has_store_id = state.valid_bytes > 0;
	plan->store_id = state.store_id;
	note_separator(plan, &state);
	plan->snapshots = state.snapshots;
	state.snapshots = (struct snapshot_list){0};
	if (!err)
		return take_named(plan, &state);
	if (err != -ENOENT && err != -EFBIG && !table_is_damage(err))
		return err;
	if (err != -ENOENT)
		(void)snprintf(why, sizeof(why), "%s", fail_text());
	tell_fallback(losses, why, &state, found);
	return take_found(dir, found, plan, losses);
}

int salvage_plan_make(struct env_dir *dir, struct salvage_losses *losses, struct salvage_plan *plan)
{
	struct found_files found = {0};
	int err = env_dir_list(dir, note_file, &found);

	if (!err)
		err = make_plan(dir, &found, losses, plan);
	plan->blobs = found.blobs;
	found.blobs = (struct number_list){0};
	found_done(&found);
	return err;
}

/* ---- how much it is ---- */

uint64_t salvage_file_bytes(struct env_dir *dir, enum file_kind kind, uint64_t number)
{
	char name[ENV_NAME_MAX + 1];
	uint64_t bytes = 0;

	file_name_make(kind, number, name);
	return env_dir_file_size(dir, name, &bytes) ? 0 : bytes;
}

static void expect_files(struct env_dir *dir, enum file_kind kind, const struct number_list *list,
			 struct long_work *work)
{
	for (size_t i = 0; i < list->count; i++)
		long_work_expect(work, salvage_file_bytes(dir, kind, list->numbers[i]));
}

void salvage_plan_expect(const struct salvage_plan *plan, struct env_dir *dir,
			 struct long_work *work)
{
	if (!work)
		return;
	for (size_t i = 0; i < plan->count; i++)
		long_work_expect(work, salvage_file_bytes(dir, FILE_TABLE, plan->tables[i].number));
	expect_files(dir, FILE_LOG, &plan->logs, work);
	expect_files(dir, FILE_BLOB, &plan->blobs, work);
}
