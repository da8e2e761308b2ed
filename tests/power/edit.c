#include "tests/power/edit.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/hash.h"

enum {
	META_TEXT = 16,
};

enum edit_kind {
	EDIT_PUT,
	EDIT_DELETE,
	EDIT_PATCH,
	EDIT_COPY,
	EDIT_COPY_RANGE,
};

struct edit {
	enum edit_kind kind;
	int key;
	struct slice meta;
	struct lsm_patch patch; /* PATCH; COPY_RANGE: .size and .offset */
	int from;               /* COPY, COPY_RANGE: a key */
	uint64_t from_offset, len;
	struct buf bytes; /* owned; PUT: the value; PATCH: what patch.bytes is */
	char meta_text[META_TEXT];
};

/* Two digits by hand: every record read in a scan asks for it. */
struct slice story_key(int key, char text[STORY_KEY_TEXT])
{
	memcpy(text, "key00", STORY_KEY_TEXT);
	text[3] = (char)('0' + key / 10);
	text[4] = (char)('0' + key % 10);
	return slice_str(text);
}

int story_key_number(struct slice name)
{
	char text[STORY_KEY_TEXT];

	if (name.len != STORY_KEY_TEXT - 1)
		return STORY_KEYS;
	int key = (name.ptr[3] - '0') * 10 + name.ptr[4] - '0';

	return key >= 0 && key < STORY_KEYS && slice_eq(name, story_key(key, text)) ? key
										    : STORY_KEYS;
}

uint64_t story_hash(int key, struct slice meta, struct slice value)
{
	return hash64(value, hash64(meta, (uint64_t)key)) | 1;
}

int draft_begin(struct draft *d, struct lsm *db, struct rng *rng, uint32_t number,
		const struct world *now)
{
	*d = (struct draft){.db = db, .rng = rng, .number = number, .now = *now, .next = *now};
	d->batch = lsm_batch_new();
	d->last = calloc(1, sizeof(*d->last));
	return d->batch && d->last ? 0 : -ENOMEM;
}

void draft_done(struct draft *d)
{
	lsm_batch_free(d->batch);
	if (d->last)
		buf_done(&d->last->bytes);
	free(d->last);
	for (int key = 0; key < STORY_KEYS; key++)
		buf_done(&d->values[key].bytes);
}

/* ---- what they make of values ---- */

/* The value as the store has it, which is as the story has it. */
static int read_now(struct draft *d, int key, struct buf *ret_bytes)
{
	char text[STORY_KEY_TEXT];
	struct lsm_record record;
	int err = lsm_get(d->db, story_key(key, text), NULL, &record);

	buf_clear(ret_bytes);
	if (err == -ENOENT)
		return d->now.hash[key] ? -EPROTO : 0;
	if (err)
		return err;
	if (story_hash(key, record.meta, record.value) != d->now.hash[key])
		err = -EPROTO;
	if (!err)
		err = buf_set(ret_bytes, record.value);
	lsm_record_release(&record);
	return err;
}

static int know(struct draft *d, int key)
{
	int err = d->values[key].known ? 0 : read_now(d, key, &d->values[key].bytes);

	d->values[key].known = !err;
	return err;
}

static int set_value(struct draft *d, const struct edit *e, struct slice value)
{
	d->values[e->key].known = true;
	d->next.hash[e->key] = story_hash(e->key, e->meta, value);
	return buf_set(&d->values[e->key].bytes, value);
}

/* The value that is known, cut or grown by zeros. */
static int resize_value(struct buf *value, uint64_t size)
{
	if (size > value->len) {
		int err = buf_reserve(value, size - value->len);

		if (err)
			return err;
		memset(value->ptr + value->len, 0, size - value->len);
	}
	value->len = size;
	return 0;
}

/* As a patch with these bytes, or zeros. */
static int patch_value(struct draft *d, const struct edit *e, struct slice bytes, uint64_t zeros)
{
	struct buf *value = &d->values[e->key].bytes;
	int err = resize_value(value, e->patch.size);

	if (err)
		return err;
	if (zeros)
		memset(value->ptr + e->patch.offset, 0, zeros);
	if (bytes.len)
		memcpy(value->ptr + e->patch.offset, bytes.ptr, bytes.len);
	d->next.hash[e->key] = story_hash(e->key, e->meta, buf_slice(value));
	return 0;
}

/* ---- making them up ---- */

/* Mostly some hundred bytes; now and then more than a block, or some chunks. */
static size_t random_len(struct rng *rng)
{
	uint64_t kind = rng_below(rng, 32);

	if (kind < 28)
		return rng_below(rng, 400);
	return rng_below(rng, kind < 31 ? 6000 : STORY_VALUE_MAX / 2);
}

/* Bytes that name the key and the change; some of them do not compress. */
static int make_bytes(const struct draft *d, size_t len, struct edit *e)
{
	char head[64];
	size_t head_len = (size_t)snprintf(head, sizeof(head), "%d by %u ", e->key, d->number);
	int err = buf_reserve(&e->bytes, len + 1);

	if (err)
		return err;
	e->bytes.len = len;
	if (rng_below(d->rng, 2))
		rng_fill(d->rng, e->bytes.ptr, len);
	else
		memset(e->bytes.ptr, 'a' + (int)(d->number % 26), len);
	memcpy(e->bytes.ptr, head, min_of(head_len, len));
	return 0;
}

static void make_meta(const struct draft *d, struct edit *e)
{
	int len = 0;

	if (rng_below(d->rng, 3) == 0)
		len = snprintf(e->meta_text, sizeof(e->meta_text), "meta%u", d->number);
	e->meta = slice_of(e->meta_text, (size_t)len);
}

static int make_put(struct draft *d, struct edit *e)
{
	int err = make_bytes(d, 20 + random_len(d->rng), e);

	return err ? err : set_value(d, e, buf_slice(&e->bytes));
}

static uint64_t random_size(struct rng *rng, uint64_t len)
{
	switch (rng_below(rng, 6)) {
	case 0:
		return rng_below(rng, len + 1);
	case 1:
	case 2:
		return min_of(len + random_len(rng), (uint64_t)STORY_VALUE_MAX);
	default:
		return len;
	}
}

static int make_patch(struct draft *d, struct edit *e)
{
	int err = know(d, e->key);

	if (err)
		return err;
	e->patch.size = random_size(d->rng, d->values[e->key].bytes.len);
	e->patch.offset = rng_below(d->rng, e->patch.size + 1);
	size_t len = min_of(random_len(d->rng), (size_t)(e->patch.size - e->patch.offset));

	switch (rng_below(d->rng, 6)) {
	case 0:
		break;
	case 1:
		e->patch.zeros = len;
		break;
	default:
		err = make_bytes(d, len, e);
		e->patch.bytes = buf_slice(&e->bytes);
		break;
	}
	return err ? err : patch_value(d, e, e->patch.bytes, e->patch.zeros);
}

/* A copy is of what the store has, whatever the draft has added. */
static int make_copy(struct draft *d, struct edit *e)
{
	cleanup_buf struct buf source = {0};
	int err = read_now(d, e->from, &source);

	if (err)
		return err;
	if (e->kind == EDIT_COPY)
		return set_value(d, e, buf_slice(&source));
	err = know(d, e->key);
	if (err)
		return err;
	e->from_offset = rng_below(d->rng, source.len + 1);
	e->len = rng_below(d->rng, source.len - e->from_offset + 1);
	e->patch.size = random_size(d->rng, d->values[e->key].bytes.len);
	e->patch.offset = rng_below(d->rng, e->patch.size + 1);
	e->len = min_of(e->len, e->patch.size - e->patch.offset);
	return patch_value(d, e, slice_of(source.ptr + e->from_offset, e->len), 0);
}

static int make_edit(struct draft *d, struct edit *e)
{
	static const enum edit_kind kinds[] = {
		EDIT_PUT,    EDIT_PUT,    EDIT_PUT,   EDIT_PUT,        EDIT_PUT,   EDIT_PUT,
		EDIT_DELETE, EDIT_DELETE, EDIT_PATCH, EDIT_PATCH,      EDIT_PATCH, EDIT_PATCH,
		EDIT_PATCH,  EDIT_PATCH,  EDIT_COPY,  EDIT_COPY_RANGE,
	};

	e->kind = kinds[rng_below(d->rng, array_size(kinds))];
	e->key = (int)rng_below(d->rng, STORY_KEYS);
	e->from = (int)rng_below(d->rng, STORY_KEYS);
	if (e->kind >= EDIT_COPY && !d->now.hash[e->from])
		e->kind = EDIT_PUT;
	make_meta(d, e);
	switch (e->kind) {
	case EDIT_DELETE:
		d->values[e->key].known = true;
		buf_clear(&d->values[e->key].bytes);
		d->next.hash[e->key] = 0;
		return 0;
	case EDIT_PUT:
		return make_put(d, e);
	case EDIT_PATCH:
		return make_patch(d, e);
	default:
		return make_copy(d, e);
	}
}

/* ---- writing them ---- */

static int add_copy_range(struct draft *d, const struct edit *e, struct slice name)
{
	char text[STORY_KEY_TEXT];
	const struct lsm_range_copy copy = {
		.from = story_key(e->from, text),
		.from_offset = e->from_offset,
		.len = e->len,
		.to = name,
		.to_meta = e->meta,
		.to_offset = e->patch.offset,
		.to_size = e->patch.size,
	};

	return lsm_batch_copy_range(d->batch, d->db, &copy);
}

static int add_to_batch(struct draft *d, const struct edit *e)
{
	char text[STORY_KEY_TEXT], from_text[STORY_KEY_TEXT];
	struct slice name = story_key(e->key, text);

	switch (e->kind) {
	case EDIT_PUT:
		return lsm_batch_put(d->batch, name, e->meta, buf_slice(&e->bytes));
	case EDIT_DELETE:
		return lsm_batch_delete(d->batch, name);
	case EDIT_PATCH:
		return lsm_batch_patch(d->batch, name, e->meta, &e->patch);
	case EDIT_COPY:
		return lsm_batch_copy(d->batch, d->db, story_key(e->from, from_text), name,
				      e->meta);
	case EDIT_COPY_RANGE:
		return add_copy_range(d, e, name);
	}
	return -EINVAL;
}

int draft_edit(struct draft *d)
{
	struct edit *e = d->last;

	*e = (struct edit){.bytes = e->bytes};
	buf_clear(&e->bytes);
	int err = make_edit(d, e);

	if (!err)
		err = add_to_batch(d, e);
	d->large += e->bytes.len > 1024;
	d->patches += e->kind == EDIT_PATCH;
	d->copies += e->kind >= EDIT_COPY;
	return err;
}

/* The last edit, which is all there is, without a batch. */
static int write_last(struct draft *d)
{
	const struct edit *e = d->last;
	const struct lsm_write_options options = {.meta = e->meta};
	char text[STORY_KEY_TEXT];
	struct slice name = story_key(e->key, text);

	if (e->kind == EDIT_PUT)
		return lsm_put(d->db, name, buf_slice(&e->bytes), &options);
	if (e->kind == EDIT_DELETE)
		return lsm_delete(d->db, name, NULL);
	return lsm_write_patch(d->db, name, &e->patch, &options);
}

int draft_write(struct draft *d, uint64_t *ret_seqno)
{
	bool alone = lsm_batch_count(d->batch) == 1 && !d->conditional && d->last->kind < EDIT_COPY;
	struct lsm_commit commit;
	struct lsm_stats stats;

	if (!alone || rng_below(d->rng, 2)) {
		int err = lsm_write(d->db, d->batch, NULL, &commit);

		if (!err)
			*ret_seqno = commit.seqno;
		return err;
	}
	int err = write_last(d);

	if (!err) {
		lsm_stats_read(d->db, &stats);
		*ret_seqno = stats.last_seqno;
	}
	return err;
}
