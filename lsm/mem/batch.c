#include "lsm/mem/batch.h"

#include <errno.h>

#include "lsm/base/coding.h"
#include "lsm/base/error.h"
#include "lsm/mem/batch_format.h"
#include "lsm/mem/skip_node.h"

_Static_assert(BATCH_MAX_BYTES / BATCH_CHANGE_MIN < UINT32_MAX,
	       "a count of changes cannot overflow");

void batch_done(struct batch *b)
{
	buf_done(&b->rep);
	*b = (struct batch){0};
}

void batch_clear(struct batch *b)
{
	buf_clear(&b->rep);
	b->count = 0;
	b->puts = 0;
	b->patches = 0;
	b->longest_key = 0;
	b->longest = 0;
	b->memory_bytes = 0;
}

void batch_rewind(struct batch *b, const struct batch *before)
{
	struct buf rep = b->rep; /* it may have grown */

	rep.len = before->rep.len;
	*b = *before;
	b->rep = rep;
}

/*
 * With the tallest tower there is: the height is drawn when the record goes in, long after this sum
 * was promised room. It costs a few dozen bytes of early reserve and never a failure after the log.
 */
size_t batch_record_memory(const struct record *rec)
{
	return skip_node_bytes(rec->key.len, rec->meta.len, rec->value_len, SKIP_HEIGHT_MAX);
}

int batch_check_key(struct slice key)
{
	if (key.len == 0)
		return fail(-EINVAL, "write batch: empty key");
	if (key.len > RECORD_KEY_MAX)
		return fail(-ENAMETOOLONG, "write batch: key of %zu bytes, limit %d", key.len,
			    RECORD_KEY_MAX);
	return 0;
}

static size_t sized_bytes(struct slice s)
{
	return varint_size(s.len) + s.len;
}

static size_t change_bytes(const struct record *rec)
{
	size_t bytes = 1 + sized_bytes(rec->key);

	if (rec->kind != RECORD_DELETE)
		bytes += sized_bytes(rec->meta) + sized_bytes(rec->value);
	return bytes;
}

static void add_sized(struct buf *rep, struct slice s)
{
	buf_add_varint(rep, s.len);
	if (s.len)
		buf_add(rep, s.ptr, s.len);
}

static int add_change(struct batch *b, const struct record *rec)
{
	size_t bytes = change_bytes(rec);
	uint8_t kind = (uint8_t)rec->kind;

	if (bytes > BATCH_MAX_BYTES - b->rep.len)
		return fail(-E2BIG, "write batch: over %d bytes", BATCH_MAX_BYTES);
	int rc = buf_reserve(&b->rep, bytes);
	if (rc)
		return rc;
	buf_add(&b->rep, &kind, 1);
	add_sized(&b->rep, rec->key);
	if (rec->kind != RECORD_DELETE) {
		add_sized(&b->rep, rec->meta);
		add_sized(&b->rep, rec->value);
		b->puts++;
		b->patches += rec->kind == RECORD_PATCH;
	}
	if (rec->kind == RECORD_PUT || rec->kind == RECORD_PATCH)
		b->longest = max_of(b->longest, rec->value.len);
	if (rec->kind != RECORD_DELETE)
		b->longest_key = max_of(b->longest_key, rec->key.len);
	b->count++;
	b->memory_bytes += batch_record_memory(rec);
	return 0;
}

int batch_add(struct batch *b, const struct record *rec)
{
	int rc = batch_check_key(rec->key);

	if (rc)
		return rc;
	if (rec->meta.len > RECORD_META_MAX)
		return fail(-E2BIG, "write batch: meta of %zu bytes, limit %d", rec->meta.len,
			    RECORD_META_MAX);
	if (rec->value.len > RECORD_VALUE_MAX)
		return fail(-EFBIG, "write batch: value of %zu bytes, limit %llu", rec->value.len,
			    (unsigned long long)RECORD_VALUE_MAX);
	return add_change(b, rec);
}

int batch_put(struct batch *b, struct slice key, struct slice meta, struct slice value)
{
	const struct record rec = {
		.key = key,
		.kind = RECORD_PUT,
		.meta = meta,
		.value = value,
		.value_len = value.len,
	};

	return batch_add(b, &rec);
}

int batch_delete(struct batch *b, struct slice key)
{
	const struct record rec = {.key = key, .kind = RECORD_DELETE};

	return batch_add(b, &rec);
}

/* A change off the front of *rest, or false; *rest and *ret_rec are then in any state. */
static bool take_change(struct slice *rest, struct record *ret_rec)
{
	uint8_t kind;

	*ret_rec = (struct record){0};
	if (byte_take(rest, &kind) || sized_take(rest, &ret_rec->key))
		return false;
	if (ret_rec->key.len == 0 || ret_rec->key.len > RECORD_KEY_MAX)
		return false;
	if (kind > RECORD_LARGE)
		return false;
	ret_rec->kind = (enum record_kind)kind;
	if (kind == RECORD_DELETE)
		return true;
	if (sized_take(rest, &ret_rec->meta) || sized_take(rest, &ret_rec->value))
		return false;
	ret_rec->value_len = ret_rec->value.len;
	return ret_rec->meta.len <= RECORD_META_MAX && ret_rec->value.len <= RECORD_VALUE_MAX;
}

int batch_take(struct slice *rep, struct record *ret_rec)
{
	struct slice rest = *rep;
	struct record rec;

	if (rest.len == 0)
		return -ENODATA;
	if (!take_change(&rest, &rec))
		return fail(-EUCLEAN, "write batch: no valid change where %zu bytes are left",
			    rep->len);
	*rep = rest;
	*ret_rec = rec;
	return 0;
}

int batch_check(struct slice rep, uint32_t *ret_count)
{
	struct record rec;
	uint32_t count = 0;
	int rc;

	if (rep.len > BATCH_MAX_BYTES)
		return fail(-EUCLEAN, "write batch: %zu bytes, limit %d", rep.len, BATCH_MAX_BYTES);
	while ((rc = batch_take(&rep, &rec)) == 0)
		count++;
	if (rc != -ENODATA)
		return rc;
	*ret_count = count;
	return 0;
}
