#include "lsm/blob/value_format.h"

#include <errno.h>

#include "lsm/base/coding.h"
#include "lsm/base/error.h"

int value_meta_take(struct slice meta, uint64_t *ret_size, struct slice *ret_user_meta)
{
	uint64_t size;

	if (varint_take(&meta, &size) || size > BLOB_VALUE_MAX)
		return fail(-EUCLEAN, "a record's meta does not begin with a size");
	*ret_size = size;
	*ret_user_meta = meta;
	return 0;
}

int value_meta_append(struct buf *out, uint64_t size, struct slice user_meta)
{
	int rc = buf_append_varint(out, size);

	return rc ? rc : buf_append_slice(out, user_meta);
}

int patch_append(struct buf *out, const struct patch *p)
{
	int rc = buf_append_byte(out, (uint8_t)p->op);

	if (!rc && (p->op == PATCH_BYTES || p->op == PATCH_ZEROS))
		rc = buf_append_varint(out, p->offset);
	if (!rc && p->op == PATCH_ZEROS)
		rc = buf_append_varint(out, p->len);
	if (!rc && p->op == PATCH_BYTES)
		rc = buf_append_slice(out, p->bytes);
	if (!rc && p->op == PATCH_EXTENTS)
		rc = buf_append_slice(out, p->extents);
	return rc;
}

static int damaged(const char *what)
{
	return fail(-EUCLEAN, "a patch makes no sense: %s", what);
}

static int check_place(const struct patch *p)
{
	if (p->len == 0 || p->offset > p->size || p->len > p->size - p->offset)
		return damaged("it changes what is not within the value");
	return 0;
}

/* What follows the op. */
static int decode_op(struct slice rest, struct patch *p)
{
	switch (p->op) {
	case PATCH_RESIZE:
		return rest.len ? damaged("bytes behind a change of size") : 0;
	case PATCH_BYTES:
		if (varint_take(&rest, &p->offset))
			return damaged("no offset");
		p->bytes = rest;
		p->len = rest.len;
		return check_place(p);
	case PATCH_ZEROS:
		if (varint_take(&rest, &p->offset) || varint_take(&rest, &p->len) || rest.len)
			return damaged("a range of zeros that is none");
		return check_place(p);
	case PATCH_EXTENTS:
		p->extents = rest;
		return rest.len ? extent_list_check(rest, p->size) : damaged("no extents");
	}
	return damaged("unknown op");
}

int patch_decode(struct slice meta, struct slice value, struct patch *ret_patch)
{
	struct patch p = {0};
	struct slice user_meta;
	uint8_t op;
	int rc = value_meta_take(meta, &p.size, &user_meta);

	if (rc)
		return rc;
	if (byte_take(&value, &op) || op > PATCH_EXTENTS)
		return damaged("unknown op");
	p.op = (enum patch_op)op;
	rc = decode_op(value, &p);
	if (!rc)
		*ret_patch = p;
	return rc;
}
