#include "lsm/db/expect.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/array.h"
#include "lsm/db/read.h"

void expect_list_done(struct expect_list *list)
{
	free(list->items);
	buf_done(&list->keys);
	*list = (struct expect_list){0};
}

void expect_list_clear(struct expect_list *list)
{
	list->count = 0;
	buf_clear(&list->keys);
}

static int reserve(struct expect_list *list)
{
	struct expectation *grown =
		array_grow(list->items, &list->cap, list->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	list->items = grown;
	return 0;
}

int expect_list_add(struct expect_list *list, struct slice key, uint64_t seqno)
{
	size_t key_at = list->keys.len;
	int err = batch_check_key(key);

	if (err)
		return err;
	if (list->count >= LSM_EXPECT_MAX)
		return fail(-E2BIG, "write batch: over %d preconditions", LSM_EXPECT_MAX);
	err = reserve(list);
	if (!err)
		err = buf_append(&list->keys, key.ptr, key.len);
	if (err)
		return err;
	list->items[list->count++] = (struct expectation){
		.seqno = seqno,
		.key_at = key_at,
		.key_len = (uint32_t)key.len,
	};
	return 0;
}

void expect_list_drop_last(struct expect_list *list)
{
	list->keys.len = list->items[--list->count].key_at;
}

static int check_one(const struct expect_list *list, size_t at, struct lsm *db)
{
	const struct expectation *e = &list->items[at];
	uint64_t seqno = 0;
	int err = db_newest_seqno(db, slice_of(list->keys.ptr + e->key_at, e->key_len), &seqno);

	if (err || seqno == e->seqno)
		return err;
	/* not the key: it may hold any bytes, and the caller knows which one it is */
	if (e->seqno == 0)
		return fail(-EEXIST, "precondition %zu of %zu: the key exists", at + 1,
			    list->count);
	return fail(-ESTALE, "precondition %zu of %zu: the key was %s since", at + 1, list->count,
		    seqno ? "changed" : "deleted");
}

int expect_list_check(const struct expect_list *list, struct lsm *db)
{
	int err = 0;

	for (size_t i = 0; !err && i < list->count; i++)
		err = check_one(list, i, db);
	return err;
}
