/*
 * The bytes of a record's meta, as the file system writes them (the engine stores them unread).
 *
 *	empty                 everything has its default
 *
 *	offset  bytes
 *	0       1             version: META_VERSION
 *	1       1             fields: bits of enum meta_field
 *	2       ...           the fields whose bits are set, in the order of the bits:
 *	        2             mode: fixed16, type (below) and permissions (07777)
 *	        1..5          uid: varint
 *	        1..5          gid: varint
 *	        8             mtime: fixed64, ns since 1970, two's complement
 *	        8             atime: likewise
 *	        varint + n    xattrs: their length n, at least 1, and the list
 *	        8             ctime: as mtime
 *
 * The list of extended attributes, ascending by name and without repetition, each
 *
 *	varint + 1..255       name with its first part, "user.a"; without NUL bytes
 *	varint + n            value
 *
 * Types: S_IFREG, S_IFDIR, S_IFLNK (the value is the target), S_IFIFO and S_IFSOCK (the value is
 * empty).
 *
 * Integers are little-endian, varints are those of lsm/base/coding.h, nothing follows the last
 * field. There is no checksum: log and table blocks cover the record.
 *
 * What has its default is left out: the mode that the mount's fs.umask gives (0644 of a file and
 * 0755 of a folder) and its fs.uid and fs.gid (the mounting user), the commit time as mtime and
 * ctime, mtime as atime. So most records have an empty meta.
 *
 * Version rule: a new field takes a new bit, another meaning of an old one takes a new version. A
 * reader that meets a version, a bit or a type that it does not know refuses the record (-EUCLEAN):
 * it could not write it back whole.
 */
#pragma once

#include <assert.h>
#include <sys/stat.h>

#include "lsm/lsm.h"

enum {
	META_VERSION = 1,
	META_HEAD_BYTES = 2,
	META_MODE_BYTES = 2,
	META_ID_BYTES_MAX = 5,
	META_TIME_BYTES = 8,
	/* all but the extended attributes */
	META_FIXED_MAX =
		META_HEAD_BYTES + META_MODE_BYTES + 2 * META_ID_BYTES_MAX + 3 * META_TIME_BYTES,
	META_XATTRS_LEN_BYTES_MAX = 3,
	META_XATTRS_MAX = LSM_META_MAX - META_FIXED_MAX - META_XATTRS_LEN_BYTES_MAX,
	META_BYTES_MAX = LSM_META_MAX,
	META_XATTR_NAME_MAX = 255, /* XATTR_NAME_MAX of linux/limits.h */
};

enum meta_field {
	META_MODE = 1 << 0,
	META_UID = 1 << 1,
	META_GID = 1 << 2,
	META_MTIME = 1 << 3,
	META_ATIME = 1 << 4,
	META_XATTRS = 1 << 5,
	META_CTIME = 1 << 6,
	META_FIELDS = (1 << 7) - 1,
};

static_assert(META_FIXED_MAX == 38, "the layout above");
static_assert(S_IFREG == 0100000 && S_IFDIR == 0040000 && S_IFLNK == 0120000 &&
		      S_IFIFO == 0010000 && S_IFSOCK == 0140000 && S_IFMT == 0170000,
	      "mode is stored as this kernel has it");
