#include "lsm/tree/fold.h"

#include <errno.h>
#include <stdlib.h>

#include "lsm/base/array.h"
#include "lsm/base/error.h"
#include "lsm/blob/value_format.h"

static void forget_applied(struct fold *f)
{
	value_map_done(&f->map);
	table_hit_done(&f->base);
	f->view = (struct value_view){0};
	f->seqno = 0;
}

void fold_done(struct fold *f)
{
	forget_applied(f);
	free(f->patches);
	*f = (struct fold){0};
}

/* A whole version: what stands in the view when no patch has been applied. */
static int set_base(struct fold *f, const struct record *rec, struct slice value)
{
	struct slice user_meta;
	int rc = 0;

	if (rec->kind == RECORD_PUT) {
		f->view.size = value.len;
		f->view.bytes = value;
	} else if (rec->kind == RECORD_LARGE) {
		rc = value_meta_take(rec->meta, &f->view.size, &user_meta);
		f->view.extents = value;
	}
	f->has_base = true;
	f->seqno = rec->seqno;
	value_map_init(&f->map, f->view.size);
	return rc;
}

static int add_patch(struct fold *f, const struct record *rec, struct slice value)
{
	struct fold_patch *grown =
		array_grow(f->patches, &f->cap, f->count + 1, sizeof(*f->patches));

	if (!grown)
		return -ENOMEM;
	f->patches = grown;
	if (f->count == 0)
		f->newest = rec->seqno;
	f->patches[f->count++] = (struct fold_patch){.meta = rec->meta, .value = value};
	return 0;
}

int fold_add(struct fold *f, const struct record *rec, struct slice value)
{
	if (rec->kind == RECORD_PATCH)
		return add_patch(f, rec, value);
	forget_applied(f);
	return set_base(f, rec, value);
}

static int add_version(struct fold *f, struct iter *versions)
{
	const struct record *rec = &versions->rec;
	struct slice value = {0};
	int rc = rec->kind == RECORD_DELETE ? 0 : iter_value(versions, &value);

	return rc ? rc : fold_add(f, rec, value);
}

int fold_add_versions(struct fold *f, struct iter *versions, struct slice key, uint64_t seqno)
{
	int rc = 0;

	for (iter_seek(versions, key, seqno);
	     !rc && !f->has_base && iter_valid(versions) && slice_eq(versions->rec.key, key) &&
	     versions->rec.seqno > f->seqno;
	     iter_next(versions))
		rc = add_version(f, versions);
	return rc ? rc : iter_status(versions);
}

int fold_add_table(struct fold *f, struct tree *t, const struct version *v, struct slice key,
		   uint64_t seqno)
{
	struct record none = {.kind = RECORD_DELETE};
	int rc;

	if (f->has_base)
		return 0;
	rc = tree_get(t, v, key, seqno, &f->base);
	if (rc == -ENOENT)
		return set_base(f, &none, slice_of(NULL, 0));
	if (!rc && f->base.rec.kind == RECORD_PATCH)
		rc = fail(-EUCLEAN, "a table holds a patch");
	if (!rc && f->base.rec.kind != RECORD_DELETE)
		rc = table_hit_value(&f->base);
	return rc ? rc : set_base(f, &f->base.rec, f->base.rec.value);
}

int fold_apply(struct fold *f)
{
	int rc = 0;

	while (!rc && f->count > 0) {
		const struct fold_patch *next = &f->patches[--f->count];
		struct patch patch;

		rc = patch_decode(next->meta, next->value, &patch);
		if (!rc)
			rc = value_map_apply(&f->map, &patch);
		if (!rc && f->count == 0)
			f->seqno = f->newest;
	}
	f->view.map = &f->map;
	f->view.size = f->map.size;
	f->has_base = false;
	return rc;
}
