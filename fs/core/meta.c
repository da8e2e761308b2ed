#include "fs/core/meta.h"

#include <assert.h>
#include <errno.h>

#include "fs/core/xattr_list.h"
#include "lsm/base/coding.h"
#include "lsm/base/error.h"

void meta_encode(const struct meta *meta, struct meta_bytes *ret_bytes)
{
	uint8_t *p = ret_bytes->bytes;

	ret_bytes->len = 0;
	if (!meta->fields)
		return;
	*p++ = META_VERSION;
	*p++ = (uint8_t)meta->fields;
	if (meta->fields & META_MODE) {
		fixed16_put(p, meta->mode);
		p += META_MODE_BYTES;
	}
	if (meta->fields & META_UID)
		p = varint_put(p, meta->uid);
	if (meta->fields & META_GID)
		p = varint_put(p, meta->gid);
	if (meta->fields & META_MTIME) {
		fixed64_put(p, (uint64_t)meta->mtime_ns);
		p += META_TIME_BYTES;
	}
	if (meta->fields & META_ATIME) {
		fixed64_put(p, (uint64_t)meta->atime_ns);
		p += META_TIME_BYTES;
	}
	if (meta->fields & META_XATTRS) {
		assert(meta->xattrs.len > 0 && meta->xattrs.len <= META_XATTRS_MAX);
		p = varint_put(p, meta->xattrs.len);
		memcpy(p, meta->xattrs.ptr, meta->xattrs.len);
		p += meta->xattrs.len;
	}
	if (meta->fields & META_CTIME) {
		fixed64_put(p, (uint64_t)meta->ctime_ns);
		p += META_TIME_BYTES;
	}
	ret_bytes->len = (size_t)(p - ret_bytes->bytes);
}

static int damaged(const char *what)
{
	return fail(-EUCLEAN, "attributes of a record: %s", what);
}

static int head_take(struct slice *s, unsigned *ret_fields)
{
	uint8_t version;
	uint8_t fields;

	if (byte_take(s, &version) < 0 || byte_take(s, &fields) < 0)
		return damaged("cut off");
	if (version != META_VERSION)
		return fail(-EUCLEAN, "attributes of a record: unknown version %u", version);
	if (fields & ~(unsigned)META_FIELDS)
		return fail(-EUCLEAN, "attributes of a record: unknown fields 0x%x", fields);
	*ret_fields = fields;
	return 0;
}

static bool is_known_type(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
	case S_IFDIR:
	case S_IFLNK:
	case S_IFIFO:
	case S_IFSOCK:
		return true;
	default:
		return false;
	}
}

static int mode_take(struct slice *s, uint16_t *ret_mode)
{
	struct slice bytes;

	if (bytes_take(s, META_MODE_BYTES, &bytes) < 0)
		return damaged("mode is cut off");

	uint16_t mode = fixed16_get(bytes.ptr);

	if (!is_known_type(mode))
		return fail(-EUCLEAN, "attributes of a record: unknown type 0%o", mode);
	*ret_mode = mode;
	return 0;
}

static int id_take(struct slice *s, uint32_t *ret_id)
{
	uint64_t id;

	if (varint_take(s, &id) < 0 || id > UINT32_MAX)
		return damaged("an owner makes no sense");
	*ret_id = (uint32_t)id;
	return 0;
}

static int time_take(struct slice *s, int64_t *ret_ns)
{
	uint64_t ns;

	if (fixed64_take(s, &ns) < 0)
		return damaged("a time is cut off");
	*ret_ns = (int64_t)ns;
	return 0;
}

static int xattrs_take(struct slice *s, struct slice *ret_list)
{
	if (sized_take(s, ret_list) < 0 || ret_list->len == 0 || ret_list->len > META_XATTRS_MAX)
		return damaged("the extended ones are cut off");
	return xattr_list_check(*ret_list);
}

static int fields_take(struct slice *s, struct meta *meta)
{
	int err = 0;

	if (meta->fields & META_MODE)
		err = mode_take(s, &meta->mode);
	if (!err && (meta->fields & META_UID))
		err = id_take(s, &meta->uid);
	if (!err && (meta->fields & META_GID))
		err = id_take(s, &meta->gid);
	if (!err && (meta->fields & META_MTIME))
		err = time_take(s, &meta->mtime_ns);
	if (!err && (meta->fields & META_ATIME))
		err = time_take(s, &meta->atime_ns);
	if (!err && (meta->fields & META_XATTRS))
		err = xattrs_take(s, &meta->xattrs);
	if (!err && (meta->fields & META_CTIME))
		err = time_take(s, &meta->ctime_ns);
	return err;
}

int meta_decode(struct slice bytes, struct meta *ret_meta)
{
	struct meta meta = {0};

	if (bytes.len > 0) {
		int err = head_take(&bytes, &meta.fields);

		if (!err)
			err = fields_take(&bytes, &meta);
		if (err)
			return err;
		if (bytes.len > 0)
			return damaged("bytes after the last field");
	}
	*ret_meta = meta;
	return 0;
}
