#include "tests/mount/names/keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/path/path.h"
#include "lsm/base/array.h"
#include "lsm/base/cleanup.h"
#include "lsm/base/rng.h"
#include "tests/support/tap.h"

enum {
	RANDOM_KEYS = 250,
	RANDOM_LEN_MAX = 10,
	LONG_LEN = 10000,
	SEED = 20261128,
};

#define KEY(bytes, path)                                                                           \
	{                                                                                          \
		bytes, sizeof(bytes) - 1, path                                                     \
	}

/*
 * With '/' as the separator; another takes its place in these keys. The path is that of the key
 * when no other lies below it.
 */
static const struct known {
	const char *key;
	size_t len;
	const char *path;
} known[] = {
	KEY("a", "a"),
	KEY("a/b", "a/b"),
	KEY("a//b", "a/%/b"),
	KEY("a/b/", "a/b/%"),
	KEY("/a", "%/a"),
	KEY("/", "%/%"),
	KEY("/%=", "%/%="),
	KEY("//x", "%/%/x"),
	KEY(".", "%2E"),
	KEY("..", "%2E%2E"),
	KEY("a/../.", "a/%2E%2E/%2E"),
	KEY("a/...", "a/..."),
	KEY("a\0b", "a%00b"),
	KEY("\0", "%00"),
	KEY("line\nfeed/\n", "line\nfeed/\n"),
	KEY("\xff\xfe/\x80", "\xff\xfe/\x80"),
	KEY("100%", "100%"),
	KEY("c/%", "c/%25"),
	KEY("c/%=", "c/%25="),
	KEY("a%20b", "a%20b"),
	KEY("c/%00", "c/%2500"),
	KEY(".stats", "%2Estats"),
	KEY(".apex/x", "%2Eapex/x"),
	KEY("a/.stats", "a/.stats"),
	KEY("x%~", "x%~"),
	KEY(" ", " "),
	KEY("*?[\\]'\"$`", "*?[\\]'\"$`"),
};

static int key_add(struct keys *keys, struct slice key, const char *path)
{
	struct key *grown = array_grow(keys->items, &keys->cap, keys->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	keys->items = grown;
	struct key *new = &keys->items[keys->count];

	*new = (struct key){0};
	if (path)
		new->path = strdup(path);

	int err = path && !new->path ? -ENOMEM : buf_set(&new->key, key);

	keys->count++; /* what it has goes with the others */
	return err;
}

static bool has(const struct keys *keys, struct slice key)
{
	for (size_t i = 0; i < keys->count; i++)
		if (slice_eq(buf_slice(&keys->items[i].key), key))
			return true;
	return false;
}

static int add_known(struct keys *keys)
{
	int err = 0;

	for (size_t i = 0; !err && i < array_size(known); i++) {
		cleanup_buf struct buf key = {0};

		err = buf_set(&key, slice_of(known[i].key, known[i].len));
		for (size_t at = 0; !err && at < key.len; at++)
			if (key.ptr[at] == '/')
				((uint8_t *)key.ptr)[at] = keys->separator;
		if (!err)
			err = key_add(keys, buf_slice(&key), known[i].path);
	}
	/* a slash that separates nothing, and the bytes of the separator's own escape */
	if (!err && keys->separator == ':')
		err = key_add(keys, slice_str("u/v"), "u%2Fv");
	if (!err && keys->separator == ':')
		err = key_add(keys, slice_str("u%3Av"), "u:v");
	return err;
}

/* LONG_LEN bytes in components of so many. */
static int add_long(struct keys *keys, size_t component, uint8_t first)
{
	cleanup_buf struct buf key = {0};
	int err = 0;

	for (size_t i = 0; !err && i < LONG_LEN; i++) {
		bool ends = i % (component + 1) == component && i + 1 < LONG_LEN;
		uint8_t byte = (uint8_t)(first + i % 7);

		err = buf_append_byte(&key, ends ? keys->separator : byte);
	}
	return err ? err : key_add(keys, buf_slice(&key), NULL);
}

/* One name of this length: as long as a name may be, or just too long. */
static int add_name(struct keys *keys, size_t len)
{
	cleanup_buf struct buf key = {0};
	int err = 0;

	for (size_t i = 0; !err && i < len; i++)
		err = buf_append_byte(&key, 'n');
	return err ? err : key_add(keys, buf_slice(&key), NULL);
}

static int add_random(struct keys *keys, struct rng *rng)
{
	const uint8_t bytes[] = {'a',  '%',
				 '=',  '.',
				 '~',  '2',
				 '5',  'E',
				 '0',  keys->separator,
				 '/',  0,
				 '\n', 255,
				 0xc3, keys->separator};
	uint8_t key[RANDOM_LEN_MAX];
	size_t len = 1 + rng_below(rng, sizeof(key));

	for (size_t i = 0; i < len; i++)
		key[i] = bytes[rng_below(rng, sizeof(bytes))];
	return has(keys, slice_of(key, len)) ? 0 : key_add(keys, slice_of(key, len), NULL);
}

/* Whether another key lies below the folder of this key's name. */
static bool is_folder_too(const struct keys *keys, struct slice key)
{
	for (size_t i = 0; i < keys->count; i++) {
		struct slice other = buf_slice(&keys->items[i].key);

		if (other.len > key.len && slice_starts_with(other, key) &&
		    other.ptr[key.len] == keys->separator)
			return true;
	}
	return false;
}

/* The path, where it is not written down. */
static int find_path(const struct keys *keys, struct key *key)
{
	cleanup_buf struct buf path = {0};
	bool folder_too = is_folder_too(keys, buf_slice(&key->key));
	enum path_role role = folder_too ? PATH_OWN_VALUE : PATH_FILE;
	int err;

	if (key->path) {
		err = buf_append_slice(&path, slice_str(key->path));
		if (!err && folder_too)
			err = buf_append_slice(&path, slice_str("/" PATH_OWN_NAME));
	} else {
		err = path_encode(keys->separator, buf_slice(&key->key), role, &path);
	}
	if (!err)
		err = buf_append_byte(&path, 0);
	if (err)
		return err;
	free(key->path);
	key->path = strdup((const char *)path.ptr);
	return key->path ? 0 : -ENOMEM;
}

int keys_make(uint8_t separator, struct keys *ret_keys)
{
	struct keys keys = {.separator = separator};
	const char *seed = getenv("APEX_SEED");
	struct rng rng;

	rng_seed(&rng, seed ? strtoull(seed, NULL, 0) : SEED);
	int err = add_known(&keys);

	if (!err)
		err = add_long(&keys, LONG_LEN, 'A');
	if (!err)
		err = add_long(&keys, 99, 0xf0);
	if (!err)
		err = add_long(&keys, 300, 'a');
	for (size_t len = 253; !err && len <= 258; len++)
		err = add_name(&keys, len);
	for (unsigned i = 0; !err && i < RANDOM_KEYS; i++)
		err = add_random(&keys, &rng);
	for (size_t i = 0; !err && i < keys.count; i++)
		err = find_path(&keys, &keys.items[i]);
	if (err)
		keys_done(&keys);
	else
		*ret_keys = keys;
	return err;
}

void keys_done(struct keys *keys)
{
	for (size_t i = 0; i < keys->count; i++) {
		buf_done(&keys->items[i].key);
		free(keys->items[i].path);
	}
	free(keys->items);
	*keys = (struct keys){0};
}
