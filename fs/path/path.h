/*
 * Keys as paths and back: a bijection between byte strings (keys) and paths of names, one folder
 * level at a time. This module alone knows the escapes; its grammar and the argument stand in
 * path_name.h. Pure functions.
 *
 * A folder is a place in the key space: the prefix that its keys share, and whether it stands
 * inside a component that was too long for one name ("partial": its names begin with '~' and go on
 * with that component).
 *
 * Every `separator` here is one that path_separator_ok accepts (asserted).
 *
 * Thread rule: any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lsm/base/buf.h"
#include "lsm/base/compiler.h"
#include "lsm/base/slice.h"

enum {
	PATH_NAME_MAX = 255,  /* bytes of a name, as the kernel has it */
	PATH_KEY_MAX = 65535, /* bytes of a key, as the engine has it */
};

/* The name of a folder's own value, in a folder that can have one (see PATH_OWN). */
#define PATH_OWN_NAME "%="

/*
 * Whether keys can be split on this byte: '/', or any other that no escape is made of, so not a
 * letter, a digit, '%', '.', '=' or
 * '~'. To be asked once, when the setting is read.
 */
bool path_separator_ok(uint8_t separator);

struct path_folder {
	struct slice prefix; /* "" for the root; else ends in the separator unless partial */
	bool partial;
};

/* Where a name in a folder leads. */
enum path_kind {
	/*
	 * The key `key` (a file) and the keys below `prefix` (a folder of the same name). `key` is
	 * empty for "%" at the root, where no file can be, only the folder of the keys that begin
	 * with the separator.
	 */
	PATH_PLAIN,
	/*
	 * PATH_OWN_NAME: the folder's own value, only `key`. Not at the root and in its folder "%",
	 * which can have none: there that name is plain.
	 */
	PATH_OWN,
	/* "...%~": only `prefix`, a partial folder. */
	PATH_PARTIAL,
	/* At the root: .stats, .stats.json, .stats.prom, .stats.d, .apex: no key at all. */
	PATH_RESERVED,
	/* Of path_entry_of only: the key begins with the partial folder's prefix, but its path does
	 * not go through that folder. */
	PATH_ELSEWHERE,
};

struct path_place {
	enum path_kind kind;
	struct buf key;    /* owned; end with path_place_done */
	struct buf prefix; /* owned */
	bool partial;      /* prefix is a partial folder's */
};

void path_place_done(struct path_place *place);

/*
 * name (what the kernel hands over: 1 or more bytes, no '/', no NUL, not "." or "..") in folder,
 * which is the root or was answered by this function. -ENAMETOOLONG: over PATH_NAME_MAX, or the key
 * over PATH_KEY_MAX. -ENOENT: in a partial folder a name at which no key can ever be: without its
 * '~', or so short that the whole component has a name of its own. -ENOMEM.
 */
must_check int path_resolve(uint8_t separator, struct path_folder folder, struct slice name,
			    struct path_place *ret_place);

/* The entry of a folder under which a key is reached. */
struct path_entry {
	enum path_kind kind; /* PLAIN, PARTIAL or ELSEWHERE; with ELSEWHERE only skip_len is set */
	bool folder;         /* the key lies below the entry (kind PLAIN), or kind is PARTIAL */
	bool own_record; /* the key is the folder's own record, no entry of it: kind, name and skip
			    are unset */
	char name[PATH_NAME_MAX + 1]; /* NUL-terminated */
	size_t name_len;
	/*
	 * Not 0: all keys that share this many bytes with the key lie below the same entry (or are
	 * ELSEWHERE too). 0: nothing is known of the next key.
	 */
	size_t skip_len;
};

/*
 * The entry of key, which begins with folder.prefix. The caller knows from the record whether a key
 * that ends in the separator is a folder's own record (`record_of_folder`) or a file whose last
 * component is empty.
 *
 * In key order the keys of one PLAIN file or folder entry stand together, file and folder apart
 * ("a", "a!", "a/b"). Those below one PARTIAL entry do not: files and folders whose names are that
 * entry's name without its mark, or a few bytes longer, come in between. But no other PARTIAL entry
 * does, so who lists a folder need only remember the last one.
 */
void path_entry_of(uint8_t separator, struct path_folder folder, struct slice key,
		   bool record_of_folder, struct path_entry *ret_entry);

/* What a key is to the people who look at its path; only the store knows. */
enum path_role {
	PATH_FILE,      /* a value, and no key begins with it and the separator: "a" is a */
	PATH_OWN_VALUE, /* a value, and such keys exist: "a" is a/%= */
	PATH_RECORD,    /* a folder's own record (it ends in the separator): "a/" is a/ */
};

/*
 * The whole path of a key of 1 or more bytes, "user/1" without a leading '/', appended to
 * *ret_path. A folder's record ends in
 * '/'. -ENOMEM: *ret_path is as it was.
 */
must_check int path_encode(uint8_t separator, struct slice key, enum path_role role,
			   struct buf *ret_path);

/*
 * The key of a whole path, put into *ret_key, and its role (may be NULL). -EINVAL when there is
 * none, -ENAMETOOLONG as for path_resolve, -ENOMEM.
 */
must_check int path_decode(uint8_t separator, struct slice path, struct buf *ret_key,
			   enum path_role *ret_role);
