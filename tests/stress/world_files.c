/*
 * Changes of values that are changed in parts.
 */
#include <errno.h>
#include <inttypes.h>

#include "lsm/base/compiler.h"
#include "lsm/base/rng.h"
#include "tests/stress/world.h"

/* A change on its way. */
struct file_change {
	struct world *world;
	unsigned writer, key;
	struct file_history after; /* of the key */
	uint64_t size;             /* of its value before the last step */
	struct buf bytes;          /* owned; scratch */
	char head[FILE_HEAD];
};

static const struct file_step *last_step(const struct file_change *c)
{
	return &c->after.steps[c->after.count - 1];
}

static void add_step(struct file_change *c, enum file_step_kind kind, uint64_t number)
{
	c->after.steps[c->after.count++] = (struct file_step){.kind = kind, .number = number};
	file_head(c->writer, c->key, &c->after, c->head);
}

static uint64_t size_of(const struct file_history *h)
{
	uint64_t size = 0;

	for (unsigned i = 0; i < h->count; i++)
		size = file_part_of(&h->steps[i], h->steps[i].kind == FILE_WHOLE ? 0 : size).size;
	return size;
}

static int put_whole(struct file_change *c)
{
	char name[WORLD_TEXT_MAX];
	int err = file_make(c->writer, c->key, &c->after, &c->bytes);

	if (err)
		return err;
	return lsm_put(c->world->db, world_key_name(c->writer, c->key, name), buf_slice(&c->bytes),
		       NULL);
}

/* The head and the part are two patches of one batch. */
static int add_patches(struct file_change *c, struct lsm_batch *batch, struct slice key)
{
	struct file_part part = file_part_of(last_step(c), c->size);
	struct lsm_patch head = {.size = part.size, .bytes = slice_of(c->head, FILE_HEAD)};
	struct lsm_patch body = {.size = part.size, .offset = part.offset};
	int err = file_bytes_of(last_step(c), part.len, &c->bytes);

	if (last_step(c)->kind == FILE_ZEROS)
		body.zeros = part.len;
	else
		body.bytes = buf_slice(&c->bytes);
	if (!err)
		err = lsm_batch_patch(batch, key, slice_of(NULL, 0), &body);
	return err ? err : lsm_batch_patch(batch, key, slice_of(NULL, 0), &head);
}

static int write_patches(struct file_change *c, struct lsm_batch *batch)
{
	char name[WORLD_TEXT_MAX];
	int err = add_patches(c, batch, world_key_name(c->writer, c->key, name));

	return err ? err : lsm_write(c->world->db, batch, NULL, NULL);
}

/* Only the head: cut or grown by the way. */
static int write_size(struct file_change *c)
{
	char name[WORLD_TEXT_MAX];
	const struct lsm_patch patch = {.size = file_part_of(last_step(c), c->size).size,
					.bytes = slice_of(c->head, FILE_HEAD)};

	return lsm_write_patch(c->world->db, world_key_name(c->writer, c->key, name), &patch, NULL);
}

static int write_copy(struct file_change *c, struct lsm_batch *batch, unsigned from)
{
	char name[WORLD_TEXT_MAX], from_name[WORLD_TEXT_MAX];
	struct slice key = world_key_name(c->writer, c->key, name);
	const struct lsm_patch head = {.size = c->size, .bytes = slice_of(c->head, FILE_HEAD)};
	int err = lsm_batch_copy(batch, c->world->db, world_key_name(c->writer, from, from_name),
				 key, slice_of(NULL, 0));

	if (!err)
		err = lsm_batch_patch(batch, key, slice_of(NULL, 0), &head);
	return err ? err : lsm_write(c->world->db, batch, NULL, NULL);
}

/* A random step behind the history that the key has; what a copy is of goes before it. */
static int step(struct file_change *c, struct lsm_batch *batch, uint64_t number, struct rng *rng)
{
	static const enum file_step_kind kinds[] = {FILE_PART,  FILE_PART, FILE_PART, FILE_PART,
						    FILE_ZEROS, FILE_SIZE, FILE_COPY};
	const struct file_history *files = c->world->files[c->writer];
	enum file_step_kind kind = kinds[rng_below(rng, array_size(kinds))];
	unsigned from = (unsigned)rng_below(rng, WORLD_FILES);

	if (kind == FILE_COPY && files[from].count > 0)
		c->after = files[from];
	if (c->after.count == FILE_STEPS_MAX || rng_below(rng, FILE_STEPS_MAX) == 0) {
		kind = FILE_WHOLE;
		c->after.count = 0;
	} else if (kind == FILE_COPY && files[from].count == 0) {
		kind = FILE_PART;
	}
	c->size = size_of(&c->after);
	add_step(c, kind, number);
	switch (kind) {
	case FILE_WHOLE:
		return put_whole(c);
	case FILE_SIZE:
		return write_size(c);
	case FILE_COPY:
		return write_copy(c, batch, WORLD_FIRST_FILE + from);
	default:
		return write_patches(c, batch);
	}
}

static int erase(struct file_change *c)
{
	char name[WORLD_TEXT_MAX];

	c->after.count = 0;
	return lsm_delete(c->world->db, world_key_name(c->writer, c->key, name), NULL);
}

bool world_change_file(struct world *w, unsigned writer, uint64_t number, struct rng *rng)
{
	unsigned file = (unsigned)rng_below(rng, WORLD_FILES);
	struct file_change c = {.world = w,
				.writer = writer,
				.key = WORLD_FIRST_FILE + file,
				.after = w->files[writer][file]};
	struct world_key *k = &w->keys[writer][c.key];
	struct lsm_batch *batch = lsm_batch_new();
	bool erases = rng_below(rng, 12) == 0;
	int err = batch ? 0 : -ENOMEM;

	world_begin_change(k, number, erases);
	if (!err)
		err = erases ? erase(&c) : step(&c, batch, number, rng);
	lsm_batch_free(batch);
	buf_done(&c.bytes);
	if (err)
		return world_fail(w, "writer %u: change %" PRIu64 " of a file answers %d", writer,
				  number, err);
	w->files[writer][file] = c.after;
	world_end_change(k, number);
	return true;
}
