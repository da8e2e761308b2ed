/*
 * Opening: what the manifest says, whether the folder agrees, a new manifest, and only then the
 * removal of what nothing names.
 *
 * The old manifest stays what CURRENT names until the new one is durable, so a crash at any point
 * leaves one of the two, and both say the same.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/array.h"
#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/base/log.h"
#include "lsm/tree/blob_use.h"
#include "lsm/tree/file_name.h"
#include "lsm/tree/tree_impl.h"

enum {
	/*
	 * A reader beside a running writer may meet a table or manifest that was just replaced: it
	 * looks again this often.
	 */
	READ_ONLY_TRIES = 10,
};

/* The names in the folder that are ours. */
struct folder {
	struct file_name *names; /* owned */
	size_t count, cap;
	uint64_t highest; /* number */
};

static void folder_done(struct folder *f)
{
	free(f->names);
}

static int folder_visit(void *arg, const char *name)
{
	struct folder *f = arg;
	struct file_name parsed = file_name_parse(name);

	if (parsed.kind == FILE_UNKNOWN)
		return 0;
	struct file_name *grown = array_grow(f->names, &f->cap, f->count + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	f->names = grown;
	f->names[f->count++] = parsed;
	f->highest = max_of(f->highest, parsed.number);
	return 0;
}

int tree_create(struct env_dir *dir, uint64_t store_id)
{
	const uint64_t number = 1;
	cleanup_edit struct version_edit whole = {
		.has_next_file = true,
		.next_file = number + 1,
		.has_flushed_seqno = true,
	};
	struct manifest_writer first = {0};
	/* A crash may have left this manifest behind, without a CURRENT. */
	int err = manifest_create(dir, number, ENV_REPLACE, store_id, &whole, &first);

	if (err)
		return err;
	manifest_close(&first);
	err = env_dir_sync(dir);
	return err ? err : current_write(dir, number);
}

/* The file is there. *ret_size may be NULL. */
static int check_exists(struct env_dir *dir, enum file_kind kind, uint64_t number,
			uint64_t *ret_size)
{
	char name[ENV_NAME_MAX + 1];
	uint64_t size = 0;

	file_name_make(kind, number, name);
	int err = env_dir_file_size(dir, name, &size);
	if (err == -ENOENT)
		return fail(-EUCLEAN, "%s: missing, but the manifest names it", name);
	if (!err && ret_size)
		*ret_size = size;
	return err;
}

/* Each blob file is there, as far as a table names chunks in it. */
static int check_blobs(struct env_dir *dir, const struct manifest_state *state)
{
	cleanup_blob_use struct blob_use use = {0};
	int err = 0;

	for (size_t i = 0; !err && i < state->tables.count; i++)
		err = blob_use_note(&use, state->tables.files[i].file);
	blob_use_sum(&use);
	for (size_t i = 0; !err && i < use.count; i++) {
		uint64_t size = 0;

		err = check_exists(dir, FILE_BLOB, use.files[i].number, &size);
		if (!err && size < use.files[i].end)
			err = fail(-EUCLEAN,
				   "%06" PRIu64 ".blob: offset %" PRIu64
				   ": the file ends here, but the manifest says that a chunk ends "
				   "at %" PRIu64,
				   use.files[i].number, size, use.files[i].end);
	}
	return err;
}

static int check_files(struct env_dir *dir, const struct manifest_state *state)
{
	for (size_t i = 0; i < state->tables.count; i++) {
		const struct table_file *f = state->tables.files[i].file;
		uint64_t size = 0;
		int err = check_exists(dir, FILE_TABLE, f->number, &size);

		if (err)
			return err;
		if (size != f->size_bytes)
			return fail(-EUCLEAN,
				    "%06" PRIu64 ".sst: offset %" PRIu64
				    ": the file ends here, but the manifest says %" PRIu64 " bytes",
				    f->number, size, f->size_bytes);
	}
	for (size_t i = 0; i < state->logs.count; i++) {
		int err = check_exists(dir, FILE_LOG, state->logs.numbers[i], NULL);

		if (err)
			return err;
	}
	return check_blobs(dir, state);
}

static int load_once(struct env_dir *dir, struct manifest_state *ret_state)
{
	uint64_t number = 0;
	int err = current_read(dir, &number);

	if (!err)
		err = manifest_read(dir, number, ret_state);
	return err ? err : check_files(dir, ret_state);
}

static int load(const struct tree_options *options, struct manifest_state *ret_state)
{
	int tries = options->read_only ? READ_ONLY_TRIES : 1;
	int err;

	do {
		manifest_state_done(ret_state);
		err = load_once(options->dir, ret_state);
	} while (err == -EUCLEAN && --tries > 0);
	if (!err && ret_state->torn && !options->read_only)
		log_warn("torn end of the manifest left out offset=%" PRIu64,
			 ret_state->valid_bytes);
	return err;
}

/* Make the version of the manifest's tables the current one. */
static int adopt_state(struct tree *t, struct manifest_state *state)
{
	const char *reason = "";
	int err = version_builder_finish(&state->tables, &t->current, &reason);

	if (err == -EUCLEAN)
		return fail(err, "the manifest: %s", reason);
	if (err)
		return err;
	for (size_t i = 0; i < state->tables.count; i++)
		state->tables.files[i].file->tree = t;
	t->store_id = state->store_id;
	t->flushed_seqno = state->flushed_seqno;
	t->durable_seqno = state->durable_seqno;
	t->separator = state->has_separator ? state->separator : -1;
	t->logs = state->logs;
	state->logs = (struct number_list){0};
	t->snapshots = state->snapshots;
	state->snapshots = (struct snapshot_list){0};
	t->has_note = state->has_note;
	t->note = state->note;
	state->note = (struct buf){0};
	for (int level = 0; level < TREE_LEVELS; level++) {
		t->cursor_keys[level] = state->cursors[level];
		state->cursors[level] = (struct buf){0};
		t->cursor.after[level] = buf_slice(&t->cursor_keys[level]);
	}
	return 0;
}

/* As a sentence shows it. */
static void print_byte(int byte, char text[8])
{
	bool is_plain = byte > ' ' && byte < 0x7f;

	(void)snprintf(text, 8, is_plain ? "'%c'" : "0x%02x", (unsigned)byte);
}

/* What tables are told of separators, and what is noted from now on. */
static int settle_separator(struct tree *t)
{
	int *wanted = &t->options.table.filter_separator;
	char ours[8], theirs[8];

	if (*wanted == TREE_SEPARATOR_NOTED)
		*wanted = t->separator >= 0 ? t->separator : '/';
	if (*wanted >= 0 && t->separator >= 0 && *wanted != t->separator &&
	    !t->options.change_separator) {
		print_byte(t->separator, ours);
		print_byte(*wanted, theirs);
		return fail(-EINVAL,
			    "the keys of this store are split by %s (separator), not by %s", ours,
			    theirs);
	}
	if (*wanted >= 0)
		t->separator = *wanted;
	t->tuning.table.filter_separator = *wanted;
	return 0;
}

void tree_tune(struct tree *t, const struct tree_tuning *tuning)
{
	mutex_guard(&t->mu);

	int separator = t->tuning.table.filter_separator;

	t->tuning = *tuning;
	rate_set(&t->pace.rate, tuning->compaction_rate);
	t->tuning.table.filter_separator = separator;
	seq_copy_write(&t->picker, &t->tuning.picker, sizeof(t->tuning.picker));
}

void tree_trust_reads(struct tree *t, bool trust)
{
	atomic_store_explicit(&t->tables.trust, trust, memory_order_relaxed);
	blob_store_trust(t->blobs, trust);
}

struct tree_tuning tree_tuning(struct tree *t)
{
	mutex_guard(&t->mu);

	return t->tuning;
}

int tree_separator(const struct tree *t)
{
	return t->separator;
}

static int list_tables(const struct version *v, struct number_list *ret_numbers)
{
	for (int level = 0; level < TREE_LEVELS; level++) {
		for (size_t i = 0; i < v->levels[level].count; i++) {
			int err =
				number_list_insert(ret_numbers, v->levels[level].files[i]->number);

			if (err)
				return err;
		}
	}
	return 0;
}

static bool is_needed(const struct tree *t, const struct number_list *tables, struct file_name name)
{
	switch (name.kind) {
	case FILE_TABLE:
		return number_list_has(tables, name.number);
	case FILE_LOG:
		return number_list_has(&t->logs, name.number);
	case FILE_BLOB:
		/* the logs may name it: tree_release_found_blobs */
		return true;
	case FILE_MANIFEST:
		return name.number == t->manifest.number;
	case FILE_LEFTOVER:
		return false;
	case FILE_UNKNOWN:
		break;
	}
	return true;
}

/* Files that a crash left. One that cannot be removed is tried again by the next open. */
static int remove_orphans(struct tree *t, const struct folder *folder)
{
	struct number_list tables = {0};
	int err = list_tables(t->current, &tables);

	for (size_t i = 0; !err && i < folder->count; i++) {
		char name[ENV_NAME_MAX + 1] = "CURRENT.tmp";

		if (is_needed(t, &tables, folder->names[i]))
			continue;
		if (folder->names[i].kind != FILE_LEFTOVER)
			file_name_make(folder->names[i].kind, folder->names[i].number, name);
		int gone = env_dir_unlink(t->options.dir, name);
		/* A leftover of CURRENT was used up when CURRENT was replaced just now. */
		if (gone < 0 && gone != -ENOENT)
			log_warn("file=%s cannot be removed: %s", name, fail_text());
	}
	number_list_done(&tables);
	return err;
}

/*
 * Logs are made in the order of their numbers, and each is named in the manifest before it is used.
 * So a newer one that is not named was never used, or its edit is lost: the manifest's last edits,
 * which may as well have been torn by a crash, prove nothing, but changes in such a log do.
 */
static int check_strays(const struct tree *t, const struct folder *folder)
{
	uint64_t newest = t->logs.count > 0 ? t->logs.numbers[t->logs.count - 1] : 0;

	for (size_t i = 0; t->options.check_stray_log && i < folder->count; i++) {
		struct file_name name = folder->names[i];

		if (name.kind != FILE_LOG || name.number <= newest)
			continue;
		int err = t->options.check_stray_log(t->options.dir, name.number);
		if (err)
			return err;
	}
	return 0;
}

/* All that are there, and then those that tables name. */
static int take_blobs(struct tree *t, const struct folder *folder)
{
	for (size_t i = 0; i < folder->count; i++) {
		int err = folder->names[i].kind == FILE_BLOB
				  ? tree_add_found_blob(t, folder->names[i].number)
				  : 0;

		if (err)
			return err;
	}
	return tree_resolve_blobs(t);
}

/* No number that any file bears is given away again, even if no manifest knows of it. */
static int renew_folder(struct tree *t, const struct folder *folder)
{
	if (folder->highest >= atomic_load_explicit(&t->next_file, memory_order_relaxed))
		atomic_store_explicit(&t->next_file, folder->highest + 1, memory_order_relaxed);

	int err = tree_begin_manifest(t);

	return err ? err : remove_orphans(t, folder);
}

static int reconcile_folder(struct tree *t)
{
	struct folder folder = {0};
	int err = env_dir_list(t->options.dir, folder_visit, &folder);

	if (!err)
		err = check_strays(t, &folder);
	if (!err)
		err = take_blobs(t, &folder);
	if (!err && !t->options.read_only)
		err = renew_folder(t, &folder);
	folder_done(&folder);
	return err;
}

static int describe_recovery(const struct tree *t, struct tree_recovery *ret_recovery)
{
	struct tree_recovery found = {
		.store_id = t->store_id,
		.flushed_seqno = t->flushed_seqno,
		.durable_seqno = t->durable_seqno,
		.log_count = t->logs.count,
	};

	found.logs = calloc(t->logs.count + 1, sizeof(*found.logs));
	if (!found.logs)
		return -ENOMEM;
	for (size_t i = 0; i < t->logs.count; i++)
		found.logs[i] = t->logs.numbers[i];
	*ret_recovery = found;
	return 0;
}

static struct tree *tree_new(const struct tree_options *options)
{
	struct tree *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->options = *options;
	t->tuning = (struct tree_tuning){
		.table = options->table,
		.picker = options->picker,
		.large_value_threshold = options->large_value_threshold,
		.blob_gc_pct = options->blob_gc_pct,
		.compaction_rate = options->compaction_rate,
	};
	pace_init(&t->pace, options->compaction_rate);
	seq_copy_write(&t->picker, &t->tuning.picker, sizeof(t->tuning.picker));
	mutex_init(&t->log_mu, RANK_TREE_LOG);
	mutex_init(&t->mu, RANK_TREE);
	return t;
}

static int open_from(struct tree *t, struct manifest_state *state,
		     struct tree_recovery *ret_recovery)
{
	const struct table_env tables = {
		.dir = t->options.dir,
		.blocks = t->options.blocks,
		.read_ahead_bytes = t->options.read_ahead_bytes,
		.map = t->options.map_tables,
	};
	int err = table_cache_init(&t->tables, &tables, t->options.max_open_tables,
				   t->options.read_only);

	if (!err)
		err = tree_begin_blobs(t);
	if (!err)
		err = adopt_state(t, state);
	if (!err)
		err = settle_separator(t);
	if (err)
		return err;
	atomic_store_explicit(&t->next_file, state->next_file, memory_order_relaxed);
	atomic_store_explicit(&t->counters.manifest_bytes, state->valid_bytes,
			      memory_order_relaxed);
	err = reconcile_folder(t);
	return err ? err : describe_recovery(t, ret_recovery);
}

int tree_open(const struct tree_options *options, struct tree_recovery *ret_recovery,
	      struct tree **ret_tree)
{
	cleanup_manifest_state struct manifest_state state = {0};
	int err = load(options, &state);

	if (err)
		return err;
	struct tree *t = tree_new(options);
	if (!t)
		return -ENOMEM;
	err = open_from(t, &state, ret_recovery);
	if (err) {
		/* Its tables, which the tree may have got as well, hold blob files of the tree. */
		manifest_state_done(&state);
		tree_close(t);
		return err;
	}
	*ret_tree = t;
	return 0;
}

int tree_begin(const struct tree_options *options, uint64_t store_id, struct tree **ret_tree)
{
	cleanup_manifest_state struct manifest_state empty = {.store_id = store_id, .next_file = 1};
	struct tree_recovery found = {0};
	struct tree *t = tree_new(options);
	int err;

	if (!t)
		return -ENOMEM;
	t->unpublished = true;
	err = open_from(t, &empty, &found);
	free(found.logs);
	if (err)
		tree_close(t);
	else
		*ret_tree = t;
	return err;
}

int tree_publish(struct tree *t)
{
	mutex_guard(&t->log_mu);

	int err = tree_check_writable(t);

	if (!err)
		err = current_write(t->options.dir, t->manifest.number);
	if (!err)
		t->unpublished = false;
	return err;
}
