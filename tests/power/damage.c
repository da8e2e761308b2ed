#include "tests/power/damage.h"

#include <assert.h>
#include <stdio.h>

#include "lsm/base/buf.h"
#include "lsm/env/env_mem.h"
#include "lsm/tree/manifest.h"
#include "lsm/wal/wal_reader.h"
#include "lsm/wal/wal_writer.h"

/* What is being looked for: one of the records not flushed, each as likely as the others. */
struct choosing {
	struct env_dir *dir;
	struct rng *rng;
	uint64_t flushed_seqno;
	uint64_t count;         /* records so far */
	uint64_t durable_seqno; /* what they and the manifest prove */
	struct damage *chosen;
};

static void choose_in(struct choosing *c, uint64_t number)
{
	struct wal_reader *r;
	struct wal_record rec;
	int err = wal_reader_open(c->dir, number, &r);

	assert(!err);
	for (uint64_t at = wal_reader_offset(r); wal_reader_next(r, &rec) == 0;
	     at = wal_reader_offset(r)) {
		/* no record proves of itself or a later one that it was on the disk */
		c->durable_seqno = max_of(c->durable_seqno, rec.durable_seqno);
		if (rec.type == WAL_MARK || rec.first_seqno <= c->flushed_seqno ||
		    rng_below(c->rng, ++c->count) > 0)
			continue;
		c->chosen->at = at + rng_below(c->rng, wal_reader_offset(r) - at);
		c->chosen->seqno = rec.first_seqno;
		wal_file_name(number, c->chosen->log);
	}
	wal_reader_close(r);
}

bool damage_choose(struct env *env, const char *folder, struct rng *rng, struct damage *ret_damage)
{
	cleanup_manifest_state struct manifest_state state = {0};
	struct choosing c = {.rng = rng, .chosen = ret_damage};
	uint64_t number;

	if (env_open_dir(env, folder, false, &c.dir))
		return false;
	if (current_read(c.dir, &number) == 0) {
		int err = manifest_read(c.dir, number, &state);

		assert(!err);
	}
	c.flushed_seqno = state.flushed_seqno;
	for (size_t i = 0; i < state.logs.count; i++)
		choose_in(&c, state.logs.numbers[i]);
	env_dir_close(c.dir);
	ret_damage->bits = (uint8_t)(1U << rng_below(rng, 8));
	ret_damage->proven = max_of(c.durable_seqno, state.durable_seqno) >= ret_damage->seqno;
	return c.count > 0;
}

void damage_do(const struct damage *d, struct env *env, const char *folder)
{
	cleanup_buf struct buf copy = {0};
	struct slice bytes;
	int err = env_mem_file(env, folder, d->log, &bytes);

	if (!err)
		err = buf_set(&copy, bytes);
	assert(!err && d->at < copy.len);
	copy.ptr[d->at] ^= d->bits;
	err = env_mem_set_file(env, folder, d->log, buf_slice(&copy));
	assert(!err);
}
