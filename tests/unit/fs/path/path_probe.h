/*
 * What the tests of paths, the fuzz target among them, hold every key and every name against.
 */
#pragma once

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/path/path.h"
#include "tests/support/expect.h"

static inline void assert_legal_name(const char *name, size_t len)
{
	expect(len >= 1 && len <= PATH_NAME_MAX);
	expect(!memchr(name, '/', len) && !memchr(name, '\0', len));
	expect(strcmp(name, ".") != 0 && strcmp(name, "..") != 0);
	expect(strlen(name) == len);
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
			expect(record && slice_eq(folder.prefix, key));
			break;
		}
		expect(entry.kind == PATH_PLAIN || entry.kind == PATH_PARTIAL);
		assert_legal_name(entry.name, entry.name_len);
		expect(buf_append(path, entry.name, entry.name_len) == 0);
		expect(path_resolve(separator, folder, slice_of(entry.name, entry.name_len),
				    &next) == 0);
		path_place_done(&place);
		place = next;
		expect(place.kind == entry.kind);
		expect(place.partial == (entry.kind == PATH_PARTIAL));
		if (!entry.folder) {
			expect(slice_eq(buf_slice(&place.key), key));
			break;
		}
		expect(slice_starts_with(key, buf_slice(&place.prefix)));
		expect(entry.kind != PATH_PARTIAL || place.prefix.len < key.len);
		expect(buf_append_byte(path, '/') == 0);
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
		expect(path_encode(separator, key, as, &path) == 0);
		expect(path_decode(separator, buf_slice(&path), &back, &role) == 0);
		expect(role == as);
		expect(slice_eq(buf_slice(&back), key));
		walk_key(separator, key, as == PATH_RECORD, &walked);
		if (as == PATH_OWN_VALUE)
			expect(buf_append(&walked, "/%=", 3) == 0);
		expect(slice_eq(buf_slice(&walked), buf_slice(&path)));
	}
}

/* The name must be the entry of some key below the partial folder that it leads to. */
static inline void probe_partial(uint8_t separator, struct path_folder folder, struct slice name,
				 const struct path_place *place)
{
	cleanup_buf struct buf key = {0};
	struct path_entry entry;

	expect(place->partial && slice_starts_with(buf_slice(&place->prefix), folder.prefix));
	expect(buf_append_slice(&key, buf_slice(&place->prefix)) == 0);
	for (int i = 0; i < 10; i++)
		expect(buf_append_byte(&key, '#' == separator ? '!' : '#') == 0);
	path_entry_of(separator, folder, buf_slice(&key), false, &entry);
	expect(entry.kind == PATH_PARTIAL);
	expect(entry.folder);
	expect(slice_eq(slice_of(entry.name, entry.name_len), name));
}

static inline void assert_entry(uint8_t separator, struct path_folder folder, struct slice key,
				struct slice name, bool is_folder)
{
	struct path_entry entry;

	path_entry_of(separator, folder, key, false, &entry);
	expect(entry.kind == PATH_PLAIN);
	expect(!entry.own_record);
	expect(entry.folder == is_folder);
	expect(slice_eq(slice_of(entry.name, entry.name_len), name));
}

/* The name must be the entry of the key that it leads to, and of keys below. */
static inline void probe_plain(uint8_t separator, struct path_folder folder, struct slice name,
			       struct path_place *place)
{
	struct slice key = buf_slice(&place->key);

	expect(slice_starts_with(key, folder.prefix));
	if (key.len > 0)
		assert_entry(separator, folder, key, name, false);
	else
		expect(slice_eq(name, slice_str("%")));
	expect(place->prefix.len == key.len + 1);
	expect(slice_starts_with(buf_slice(&place->prefix), key));
	expect(place->prefix.ptr[key.len] == separator);
	assert_entry(separator, folder, buf_slice(&place->prefix), name, true);
	expect(buf_append_byte(&place->prefix, 'x') == 0);
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
		expect(folder.partial);
		return kind;
	}
	expect(rc == 0);
	kind = place.kind;
	if (kind == PATH_PLAIN)
		probe_plain(separator, folder, name, &place);
	else if (kind == PATH_PARTIAL)
		probe_partial(separator, folder, name, &place);
	else if (kind == PATH_OWN)
		expect(slice_eq(name, slice_str("%=")) && folder.prefix.len >= 2 &&
		       place.key.len == folder.prefix.len - 1 &&
		       slice_starts_with(folder.prefix, buf_slice(&place.key)));
	else
		expect(kind == PATH_RESERVED && folder.prefix.len == 0);
	path_place_done(&place);
	return kind;
}
