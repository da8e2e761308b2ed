/*
 * Keys and paths: every key has a path that leads back to it, every path that leads to a key is
 * that key's, and every name in a folder is the entry of what it leads to.
 *
 *	input: separator (u8, one of a few), what the rest is (u8), the rest
 */
#include "fs/path/path.h"
#include "tests/fuzz/feed.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/fs/path/path_probe.h"

static void try_key(uint8_t separator, struct slice key)
{
	if (key.len > 0 && key.len <= PATH_KEY_MAX)
		probe_key(separator, key);
}

static void try_path(uint8_t separator, struct slice path)
{
	cleanup_buf struct buf key = {0}, back = {0};
	enum path_role role;
	int rc = path_decode(separator, path, &key, &role);

	if (rc) {
		expect(rc == -EINVAL || rc == -ENAMETOOLONG);
		return;
	}
	expect(key.len >= 1 && key.len <= PATH_KEY_MAX);
	expect(path_encode(separator, buf_slice(&key), role, &back) == 0);
	expect(slice_eq(buf_slice(&back), path));
}

static bool is_legal_name(struct slice name)
{
	return name.len >= 1 && name.len <= PATH_NAME_MAX && !memchr(name.ptr, 0, name.len) &&
	       !memchr(name.ptr, '/', name.len) && !slice_eq(name, slice_str(".")) &&
	       !slice_eq(name, slice_str(".."));
}

/* Down a path name by name, as the kernel walks, as far as there are folders. */
static void try_walk(uint8_t separator, struct slice path)
{
	struct path_place place = {.partial = false};

	while (path.len > 0) {
		const uint8_t *end = memchr(path.ptr, '/', path.len);
		struct slice name = slice_of(path.ptr, end ? (size_t)(end - path.ptr) : path.len);
		struct path_folder folder = {buf_slice(&place.prefix), place.partial};
		struct path_place next;

		if (!is_legal_name(name) || folder.prefix.len > PATH_KEY_MAX / 2)
			break;
		(void)probe_name(separator, folder, name);
		if (path_resolve(separator, folder, name, &next))
			break;
		path_place_done(&place);
		place = next;
		if (place.kind != PATH_PLAIN && place.kind != PATH_PARTIAL)
			break;
		path = slice_skip(path, min_of(name.len + 1, path.len));
	}
	path_place_done(&place);
}

static void (*const tries[])(uint8_t separator, struct slice bytes) = {
	try_key,
	try_path,
	try_walk,
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static const uint8_t separators[] = {'/', ':', 0, '#', 0xff, ' '};
	struct feed f = feed_of(bytes, len);
	uint8_t separator = separators[feed_byte(&f) % array_size(separators)];
	uint8_t which = feed_byte(&f) % array_size(tries);

	expect(path_separator_ok(separator));
	tries[which](separator, f.rest);
	return 0;
}

void fuzz_seeds(const struct fuzz_sink *sink)
{
	static const char *const texts[] = {
		"user/1",           "a//b/", "/%25/%2E%2E/..", "a/%=", "%2Estats/%252Estats",
		"user:1/%2F%3A%00",
	};
	cleanup_buf struct buf long_text = {0};

	for (uint8_t which = 0; which < array_size(tries); which++) {
		for (size_t i = 0; i < array_size(texts); i++) {
			cleanup_buf struct buf seed = {0};
			char name[32];

			feed_put_byte(&seed, (uint8_t)(i % 2));
			feed_put_byte(&seed, which);
			feed_put(&seed, slice_str(texts[i]));
			(void)snprintf(name, sizeof(name), "text%u_%zu", which, i);
			sink->take(sink->arg, name, buf_slice(&seed));
		}
	}
	/* a component of three names */
	feed_put_byte(&long_text, 0);
	feed_put_byte(&long_text, 0);
	for (unsigned i = 0; i < 600; i++)
		feed_put_byte(&long_text, (uint8_t)("ab%2"[i % 4]));
	sink->take(sink->arg, "long", buf_slice(&long_text));
}
