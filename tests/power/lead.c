#include "tests/power/lead.h"

#include "lsm/blob/blob_store.h"
#include "lsm/blob/value_format.h"
#include "lsm/db/recover_blobs.h"
#include "lsm/env/env_mem.h"
#include "lsm/tree/manifest.h"
#include "lsm/wal/wal_reader.h"

struct leading {
	struct env *env;
	const char *folder;
	struct env_dir *dir;
	uint64_t flushed_seqno;
};

static bool is_lost(const struct leading *l, const struct extent *e)
{
	char name[ENV_NAME_MAX + 1];
	struct slice bytes;

	blob_file_name(e->file, name);
	return env_mem_file(l->env, l->folder, name, &bytes) != 0 ||
	       bytes.len < e->at + e->stored_len;
}

static bool loses_some(const struct leading *l, const struct wal_record *rec)
{
	struct slice rest = rec->payload, extents;
	struct record change;
	struct extent e;

	while (batch_take(&rest, &change) == 0) {
		if (logged_extents(&change, &extents))
			return false;
		for (size_t i = 0; i < extent_list_count(extents); i++) {
			if (extent_list_get(extents, i, &e) == 0 && is_lost(l, &e))
				return true;
		}
	}
	return false;
}

static bool log_leads(const struct leading *l, uint64_t number)
{
	struct wal_reader *r;
	struct wal_record rec;
	bool leads = false;

	if (wal_reader_open(l->dir, number, &r))
		return false;
	while (!leads && wal_reader_next(r, &rec) == 0)
		leads = rec.type == WAL_BATCH && rec.first_seqno > l->flushed_seqno &&
			loses_some(l, &rec);
	wal_reader_close(r);
	return leads;
}

bool logs_lead(struct env *env, const char *folder)
{
	cleanup_manifest_state struct manifest_state state = {0};
	struct leading l = {.env = env, .folder = folder};
	uint64_t number;
	bool leads = false;

	if (env_open_dir(env, folder, false, &l.dir))
		return false;
	if (current_read(l.dir, &number) == 0 && manifest_read(l.dir, number, &state) == 0) {
		l.flushed_seqno = state.flushed_seqno;
		for (size_t i = 0; !leads && i < state.logs.count; i++)
			leads = log_leads(&l, state.logs.numbers[i]);
	}
	env_dir_close(l.dir);
	return leads;
}
