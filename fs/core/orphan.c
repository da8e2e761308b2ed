#include "fs/core/orphan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int orphan_new(struct lsm *db, const struct attr *attr, bool stored, struct orphan **ret_orphan)
{
	struct orphan *o = calloc(1, sizeof(*o));

	if (!o)
		return -ENOMEM;
	if (stored && attr->size > 0) {
		int err = lsm_snapshot_new(db, &o->snapshot);

		if (err) {
			free(o);
			return err;
		}
	}
	o->attr = *attr;
	*ret_orphan = o;
	return 0;
}

static void snapshot_drop(struct lsm *db, struct orphan *o)
{
	if (o->snapshot)
		lsm_snapshot_release(db, o->snapshot);
	o->snapshot = NULL;
}

void orphan_free(struct lsm *db, struct orphan *orphan)
{
	if (!orphan)
		return;
	snapshot_drop(db, orphan);
	buf_done(&orphan->bytes);
	free(orphan);
}

int orphan_load(struct lsm *db, struct orphan *o, struct slice key)
{
	if (!o->snapshot)
		return 0;

	struct lsm_read_options options = {.snapshot = o->snapshot};
	struct lsm_record record;
	int err = lsm_get(db, key, &options, &record);

	if (err)
		return err;
	err = buf_set(&o->bytes, record.value);
	lsm_record_release(&record);
	if (!err)
		snapshot_drop(db, o);
	return err;
}

static int grow(struct orphan *o, uint64_t size)
{
	size_t len = o->bytes.len;

	if (size <= len)
		return 0;

	int err = buf_reserve(&o->bytes, (size_t)size - len);

	if (err)
		return err;
	memset(o->bytes.ptr + len, 0, (size_t)size - len);
	o->bytes.len = (size_t)size;
	o->attr.size = size;
	return 0;
}

int orphan_write(struct lsm *db, struct orphan *o, struct slice key, uint64_t offset,
		 struct slice bytes)
{
	int err = orphan_load(db, o, key);

	if (!err)
		err = grow(o, offset + bytes.len);
	if (!err && bytes.len > 0)
		memcpy(o->bytes.ptr + offset, bytes.ptr, bytes.len);
	return err;
}

int orphan_resize(struct lsm *db, struct orphan *o, struct slice key, uint64_t size)
{
	if (size == 0) {
		snapshot_drop(db, o);
	} else {
		int err = orphan_load(db, o, key);

		if (!err)
			err = grow(o, size);
		if (err)
			return err;
	}
	o->bytes.len = min_of(o->bytes.len, (size_t)size);
	o->attr.size = size;
	return 0;
}
