#include "fs/path/path.h"

#include "tests/unit/fs/path/path_probe.h"
#include "tests/unit/unit.h"

#define KEY(text) slice_of(text, sizeof(text) - 1)

static void assert_path(uint8_t separator, struct slice key, enum path_role role, const char *path)
{
	cleanup_buf struct buf found = {0}, back = {0};
	enum path_role back_role;

	ck_assert_int_eq(path_encode(separator, key, role, &found), 0);
	ck_assert_int_eq(buf_append_byte(&found, '\0'), 0);
	ck_assert_str_eq((const char *)found.ptr, path);
	ck_assert_int_eq(path_decode(separator, slice_str(path), &back, &back_role), 0);
	ck_assert(slice_eq(buf_slice(&back), key));
	ck_assert_int_eq(back_role, role);
}

struct example {
	const char *key;
	size_t key_len;
	const char *path;
};

#define EXAMPLE(key, path)                                                                         \
	{                                                                                          \
		key, sizeof(key) - 1, path                                                         \
	}

START_TEST(plain_keys_are_paths_as_they_are)
{
	static const char *const same[] = {
		"a",        "a/b",      "user/1/name", "100%",         "a%20b", "%zz",
		"50%=",     "a/.stats", "~",           "~x",           "x%~",   "%~",
		"...",      ".a",       "a.",          "%2",           "%2e",   "%2E.",
		"%2E%2Ex",  "=",        "a/%2Estats",  "%5",           "x%2E",  "a/%.",
		"a%%b",     "%0",       "%=x",         "x%=",          "%=",    ".statsx",
		".stats.x", ".apexx",   ".Stats",      ".stats.json2", "a:b",   "%3A",
		"%2F",      "\xff\xfe", "a\nb",        "a/%2Eapex",
	};

	for (size_t i = 0; i < array_size(same); i++)
		assert_path('/', slice_str(same[i]), PATH_FILE, same[i]);
}
END_TEST

START_TEST(escapes_are_those_of_the_table)
{
	static const struct example examples[] = {
		EXAMPLE("/a", "%/a"),
		EXAMPLE("a//b", "a/%/b"),
		EXAMPLE("a/", "a/%"),
		EXAMPLE("/", "%/%"),
		EXAMPLE("//", "%/%/%"),
		EXAMPLE(".", "%2E"),
		EXAMPLE("..", "%2E%2E"),
		EXAMPLE("a/../.", "a/%2E%2E/%2E"),
		EXAMPLE("\0", "%00"),
		EXAMPLE("a\0b/\0\0", "a%00b/%00%00"),
		EXAMPLE(".stats", "%2Estats"),
		EXAMPLE(".stats.json", "%2Estats.json"),
		EXAMPLE(".stats.prom", "%2Estats.prom"),
		EXAMPLE(".stats.d", "%2Estats.d"),
		EXAMPLE(".stats.d/x", "%2Estats.d/x"),
		EXAMPLE(".apex", "%2Eapex"),
		EXAMPLE(".apex/health", "%2Eapex/health"),
	};

	for (size_t i = 0; i < array_size(examples); i++)
		assert_path('/', slice_of(examples[i].key, examples[i].key_len), PATH_FILE,
			    examples[i].path);
}
END_TEST

START_TEST(literal_tokens_get_25)
{
	static const struct example examples[] = {
		EXAMPLE("%", "%25"),
		EXAMPLE("%25", "%2525"),
		EXAMPLE("a/%/b", "a/%25/b"),
		EXAMPLE("%2E", "%252E"),
		EXAMPLE("%252E", "%25252E"),
		EXAMPLE("%2E%2E", "%252E%2E"),
		EXAMPLE("%252E%2E", "%25252E%2E"),
		EXAMPLE("x%00y", "x%2500y"),
		EXAMPLE("x%2500y", "x%252500y"),
		EXAMPLE("%\0", "%%00"),
		EXAMPLE("%2\0", "%2%00"),
		EXAMPLE("%25\0", "%25%00"),
		EXAMPLE("%2Estats", "%252Estats"),
		EXAMPLE("%252Eapex", "%25252Eapex"),
		EXAMPLE("a/%=", "a/%25="),
		EXAMPLE("a/%25=", "a/%2525="),
		EXAMPLE("//%=", "%/%/%25="),
	};

	for (size_t i = 0; i < array_size(examples); i++)
		assert_path('/', slice_of(examples[i].key, examples[i].key_len), PATH_FILE,
			    examples[i].path);
}
END_TEST

START_TEST(another_separator_trades_its_byte_for_the_slash)
{
	static const struct example examples[] = {
		EXAMPLE("user:1", "user/1"),
		EXAMPLE("a/b", "a%2Fb"),
		EXAMPLE("a/b:c", "a%2Fb/c"),
		EXAMPLE("/", "%2F"),
		EXAMPLE("%2F", "%252F"),
		EXAMPLE("%252F", "%25252F"),
		EXAMPLE(":", "%/%"),
		EXAMPLE("a\0b", "a%00b"),
		/* The name "a:b" must have a key as well. */
		EXAMPLE("a%3Ab", "a:b"),
		EXAMPLE("a%253Ab", "a%3Ab"),
		EXAMPLE("%2525253A", "%25253A"),
		EXAMPLE("a%3ab", "a%3ab"),
		EXAMPLE("%%3A:%3A", "%:/:"),
		EXAMPLE("a:%=", "a/%25="),
	};

	for (size_t i = 0; i < array_size(examples); i++)
		assert_path(':', slice_of(examples[i].key, examples[i].key_len), PATH_FILE,
			    examples[i].path);
	assert_path('\0', KEY("a\0b/c"), PATH_FILE, "a/b%2Fc");
	assert_path('\0', KEY("%00"), PATH_FILE, "%00");
	assert_path(0xe9, KEY("a\xe9%E9"), PATH_FILE, "a/\xe9");
}
END_TEST

START_TEST(a_key_that_is_also_a_folder_has_its_value_inside)
{
	assert_path('/', KEY("a"), PATH_OWN_VALUE, "a/%=");
	assert_path('/', KEY("a/"), PATH_OWN_VALUE, "a/%/%=");
	assert_path('/', KEY("/"), PATH_OWN_VALUE, "%/%/%=");
	assert_path(':', KEY("a:b"), PATH_OWN_VALUE, "a/b/%=");
	assert_path('/', KEY("%="), PATH_OWN_VALUE, "%=/%=");
}
END_TEST

START_TEST(a_folder_record_ends_in_a_slash)
{
	assert_path('/', KEY("a/"), PATH_RECORD, "a/");
	assert_path('/', KEY("a//"), PATH_RECORD, "a/%/");
	assert_path('/', KEY("/"), PATH_RECORD, "%/");
	assert_path(':', KEY("a:"), PATH_RECORD, "a/");
}
END_TEST

START_TEST(what_is_no_path_is_refused)
{
	static const char *const bad[] = {
		"",  "/",     "/a",     "a//b",   "a/./b",  "..",           ".",           "a//",
		"%", "a/%=/", "a/%=/b", ".stats", ".apex/", ".apex/health", ".stats.json", "a/%=/%",
	};
	cleanup_buf struct buf key = {0};

	for (size_t i = 0; i < array_size(bad); i++)
		ck_assert_msg(path_decode('/', slice_str(bad[i]), &key, NULL) == -EINVAL, "%s",
			      bad[i]);
	ck_assert_int_eq(path_decode('/', KEY("a\0b"), &key, NULL), -EINVAL);
	ck_assert_uint_eq(key.len, 0);
	/* In the root's "%" nothing can be the folder's own, so %= is a text there. */
	ck_assert_int_eq(path_decode('/', slice_str("%/%="), &key, NULL), 0);
	ck_assert(slice_eq(buf_slice(&key), KEY("/%=")));
	ck_assert_int_eq(path_decode('/', slice_str("%/%=/"), &key, NULL), 0);
	ck_assert(slice_eq(buf_slice(&key), KEY("/%=/")));
}
END_TEST

START_TEST(reserved_names_are_no_keys)
{
	static const char *const reserved[] = {".stats", ".stats.json", ".stats.prom", ".stats.d",
					       ".apex"};
	struct path_folder root = {.partial = false};
	struct path_folder other = {.prefix = slice_str("a/")};

	for (size_t i = 0; i < array_size(reserved); i++) {
		ck_assert_int_eq(probe_name('/', root, slice_str(reserved[i])), PATH_RESERVED);
		ck_assert_int_eq(probe_name('/', other, slice_str(reserved[i])), PATH_PLAIN);
	}
	ck_assert_int_eq(probe_name('/', root, slice_str(".stats.csv")), PATH_PLAIN);
}
END_TEST

START_TEST(the_empty_name_at_the_root_is_only_a_folder)
{
	struct path_folder root = {.partial = false};
	struct path_place place;

	ck_assert_int_eq(path_resolve('/', root, slice_str("%"), &place), 0);
	ck_assert_int_eq(place.kind, PATH_PLAIN);
	ck_assert_uint_eq(place.key.len, 0);
	ck_assert(slice_eq(buf_slice(&place.prefix), slice_str("/")));
	path_place_done(&place);
}
END_TEST

START_TEST(too_long_names_and_keys_are_refused)
{
	static uint8_t bytes[PATH_KEY_MAX + 1];
	struct path_folder root = {.partial = false};
	struct path_folder deep = {.prefix = slice_of(bytes, PATH_KEY_MAX)};
	struct path_place place = {.key = {.len = 77}};
	cleanup_buf struct buf path = {0}, key = {0};

	memset(bytes, 'x', sizeof(bytes));
	ck_assert_int_eq(path_resolve('/', root, slice_of(bytes, 256), &place), -ENAMETOOLONG);
	bytes[PATH_KEY_MAX - 1] = '/';
	ck_assert_int_eq(path_resolve('/', deep, slice_str("x"), &place), -ENAMETOOLONG);
	deep.prefix.len--;
	deep.partial = true;
	bytes[PATH_KEY_MAX - 1] = 'x';
	ck_assert_int_eq(path_resolve('/', deep, slice_str("~xx"), &place), -ENAMETOOLONG);
	ck_assert_uint_eq(place.key.len, 77);

	/* The longest key has a path; that of a longer one is no path. */
	ck_assert_int_eq(path_encode('/', slice_of(bytes, PATH_KEY_MAX), PATH_FILE, &path), 0);
	ck_assert_int_eq(path_decode('/', buf_slice(&path), &key, NULL), 0);
	ck_assert(slice_eq(buf_slice(&key), slice_of(bytes, PATH_KEY_MAX)));
	buf_clear(&path);
	ck_assert_int_eq(path_encode('/', slice_of(bytes, PATH_KEY_MAX + 1), PATH_FILE, &path), 0);
	ck_assert_int_eq(path_decode('/', buf_slice(&path), &key, NULL), -ENAMETOOLONG);
	ck_assert_uint_eq(key.len, PATH_KEY_MAX);
}
END_TEST

START_TEST(separators_that_escapes_are_made_of_are_refused)
{
	for (const char *at = "%.=~059afAFzZ"; *at; at++)
		ck_assert_msg(!path_separator_ok((uint8_t)*at), "%c", *at);
	for (const char *at = "/:|-_+, \t#@"; *at; at++)
		ck_assert_msg(path_separator_ok((uint8_t)*at), "%c", *at);
	ck_assert(path_separator_ok('\0') && path_separator_ok(0xff));
}
END_TEST

START_TEST(entries_tell_what_a_scan_may_skip)
{
	struct path_folder root = {.partial = false};
	struct path_folder user = {.prefix = slice_str("user/")};
	struct path_entry entry;

	path_entry_of('/', root, KEY("user/1/name"), false, &entry);
	ck_assert_str_eq(entry.name, "user");
	ck_assert(entry.folder && !entry.own_record);
	ck_assert_uint_eq(entry.skip_len, 5);
	path_entry_of('/', user, KEY("user/1/name"), false, &entry);
	ck_assert_str_eq(entry.name, "1");
	ck_assert_uint_eq(entry.skip_len, 7);
	path_entry_of('/', user, KEY("user/1"), false, &entry);
	ck_assert_str_eq(entry.name, "1");
	ck_assert(!entry.folder);
	ck_assert_uint_eq(entry.skip_len, 0);
	path_entry_of('/', user, KEY("user/1/"), true, &entry);
	ck_assert(entry.folder && !entry.own_record);
	path_entry_of('/', user, KEY("user/"), true, &entry);
	ck_assert(entry.own_record);
	path_entry_of('/', user, KEY("user/"), false, &entry);
	ck_assert(!entry.own_record && !entry.folder);
	ck_assert_str_eq(entry.name, "%");
}
END_TEST

static const TTest *const *const tests[] = {
	&plain_keys_are_paths_as_they_are,
	&escapes_are_those_of_the_table,
	&literal_tokens_get_25,
	&another_separator_trades_its_byte_for_the_slash,
	&a_key_that_is_also_a_folder_has_its_value_inside,
	&a_folder_record_ends_in_a_slash,
	&what_is_no_path_is_refused,
	&reserved_names_are_no_keys,
	&the_empty_name_at_the_root_is_only_a_folder,
	&too_long_names_and_keys_are_refused,
	&separators_that_escapes_are_made_of_are_refused,
	&entries_tell_what_a_scan_may_skip,
};

UNIT_SUITE("fs/path/path", tests)
