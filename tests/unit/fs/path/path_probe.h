/*
 * What the tests of paths hold every key and every name against.
 */
#pragma once

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/path/path.h"
#include "tests/unit/unit.h"

static inline void assert_legal_name(const char *name, size_t len)
{
	unit_expect(len >= 1 && len <= PATH_NAME_MAX);
	unit_expect(!memchr(name, '/', len) && !memchr(name, '\0', len));
	unit_expect(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
	unit_expect(strlen(name) == len);
}

/*
 * The path of a key (a file, or with `record` a folder's record) by walking down from the root, one
 * path_entry_of and one path_resolve a level.
 */
static inline void walk_key(uint8_t separator, struct slice key, bool record, struct buf *path)
{
	struct path_place place = {.partial = false};

	buf_clear(path);
	for (;;) {
		struct path_folder folder = {buf_slice(&place.prefix), place.partial};
		struct path_entry entry;
		struct path_place next;

		path_entry_of(separator, folder, key, record, &entry);
		if (entry.own_record) {
			unit_expect(record && slice_eq(folder.prefix, key));
			break;
		}
		unit_expect(entry.kind == PATH_PLAIN || entry.kind == PATH_PARTIAL);
		assert_legal_name(entry.name, entry.name_len);
		unit_expect(buf_append(path, entry.name, entry.name_len) == 0);
		unit_expect(path_resolve(separator, folder, slice_of(entry.name, entry.name_len),
					 &next) == 0);
		path_place_done(&place);
		place = next;
		unit_expect(place.kind == entry.kind);
		unit_expect(place.partial == (entry.kind == PATH_PARTIAL));
		if (!entry.folder) {
			unit_expect(slice_eq(buf_slice(&place.key), key));
			break;
		}
		unit_expect(slice_starts_with(key, buf_slice(&place.prefix)));
		unit_expect(entry.kind != PATH_PARTIAL || place.prefix.len < key.len);
		unit_expect(buf_append_byte(path, '/') == 0);
	}
	path_place_done(&place);
}

/* The key as file, as own value and, if it ends in the separator, as record: there and back. */
static inline void probe_key(uint8_t separator, struct slice key)
{
	cleanup_buf struct buf path = {0}, walked = {0}, back = {0};
	enum path_role role;
	enum path_role last = key.ptr[key.len - 1] == separator ? PATH_RECORD : PATH_OWN_VALUE;

	for (unsigned as = PATH_FILE; as <= (unsigned)last; as++) {
		buf_clear(&path);
		unit_expect(path_encode(separator, key, as, &path) == 0);
		unit_expect(path_decode(separator, buf_slice(&path), &back, &role) == 0);
		unit_expect(role == as);
		unit_expect(slice_eq(buf_slice(&back), key));
		walk_key(separator, key, as == PATH_RECORD, &walked);
		if (as == PATH_OWN_VALUE)
			unit_expect(buf_append(&walked, "/%=", 3) == 0);
		unit_expect(slice_eq(buf_slice(&walked), buf_slice(&path)));
	}
}

/* The name must be the entry of some key below the partial folder that it leads to. */
static inline void probe_partial(uint8_t separator, struct path_folder folder, struct slice name,
				 const struct path_place *place)
{
	cleanup_buf struct buf key = {0};
	struct path_entry entry;

	unit_expect(place->partial && slice_starts_with(buf_slice(&place->prefix), folder.prefix));
	unit_expect(buf_append_slice(&key, buf_slice(&place->prefix)) == 0);
	for (int i = 0; i < 10; i++)
		unit_expect(buf_append_byte(&key, '#' == separator ? '!' : '#') == 0);
	path_entry_of(separator, folder, buf_slice(&key), false, &entry);
	unit_expect(entry.kind == PATH_PARTIAL);
	unit_expect(entry.folder);
	unit_expect(slice_eq(slice_of(entry.name, entry.name_len), name));
}

static inline void assert_entry(uint8_t separator, struct path_folder folder, struct slice key,
				struct slice name, bool is_folder)
{
	struct path_entry entry;

	path_entry_of(separator, folder, key, false, &entry);
	unit_expect(entry.kind == PATH_PLAIN);
	unit_expect(!entry.own_record);
	unit_expect(entry.folder == is_folder);
	unit_expect(slice_eq(slice_of(entry.name, entry.name_len), name));
}

/* The name must be the entry of the key that it leads to, and of keys below. */
static inline void probe_plain(uint8_t separator, struct path_folder folder, struct slice name,
			       struct path_place *place)
{
	struct slice key = buf_slice(&place->key);

	unit_expect(slice_starts_with(key, folder.prefix));
	if (key.len > 0)
		assert_entry(separator, folder, key, name, false);
	else
		unit_expect(slice_eq(name, slice_str("%")));
	unit_expect(place->prefix.len == key.len + 1);
	unit_expect(slice_starts_with(buf_slice(&place->prefix), key));
	unit_expect(place->prefix.ptr[key.len] == separator);
	assert_entry(separator, folder, buf_slice(&place->prefix), name, true);
	unit_expect(buf_append_byte(&place->prefix, 'x') == 0);
	assert_entry(separator, folder, buf_slice(&place->prefix), name, true);
}

/* A legal name in a folder: it leads to one place, and what is there is shown under this name. */
static inline enum path_kind probe_name(uint8_t separator, struct path_folder folder,
					struct slice name)
{
	struct path_place place;
	enum path_kind kind = PATH_ELSEWHERE;
	int rc = path_resolve(separator, folder, name, &place);

	if (rc == -ENOENT) {
		unit_expect(folder.partial);
		return kind;
	}
	unit_expect(rc == 0);
	kind = place.kind;
	if (kind == PATH_PLAIN)
		probe_plain(separator, folder, name, &place);
	else if (kind == PATH_PARTIAL)
		probe_partial(separator, folder, name, &place);
	else if (kind == PATH_OWN)
		unit_expect(slice_eq(name, slice_str("%=")) && folder.prefix.len >= 2 &&
			    place.key.len == folder.prefix.len - 1 &&
			    slice_starts_with(folder.prefix, buf_slice(&place.key)));
	else
		unit_expect(kind == PATH_RESERVED && folder.prefix.len == 0);
	path_place_done(&place);
	return kind;
}
