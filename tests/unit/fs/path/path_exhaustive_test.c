/*
 * All short keys and all short names over the bytes that escapes are made of.
 */
#include "tests/unit/fs/path/path_probe.h"
#include "tests/unit/unit.h"

enum {
	LEN_MAX = UNIT_SLOWNESS == 1 ? 5 : 4,
};

static const char key_bytes[] = {'/', '%', '.', '~', '=', '2', '5', '0', 'E', 'F', '\0', 'a', ':'};
static const char name_bytes[] = {'%', '.', '~', '=', '2', '5', '0', 'E', 'F', 'a', ':'};

static const char path_bytes[] = {'/', '%', '.', '~', '=', '2', '5', '0', 'E', 'F', 'a', ':'};

/* Count up in the number system whose digits are `bytes`. False after the last string of this
 * length. */
static bool next_string(const char *bytes, size_t count, uint8_t *digits, char *text, size_t len)
{
	ck_assert(len <= LEN_MAX);
	for (size_t i = 0; i < len; i++) {
		if (++digits[i] < count) {
			text[i] = bytes[digits[i]];
			return true;
		}
		digits[i] = 0;
		text[i] = bytes[0];
	}
	return false;
}

static void all_keys(uint8_t separator)
{
	for (size_t len = 1; len <= LEN_MAX; len++) {
		uint8_t digits[LEN_MAX + 1] = {0};
		char text[LEN_MAX + 1];

		memset(text, key_bytes[0], len);
		do
			probe_key(separator, slice_of(text, len));
		while (next_string(key_bytes, sizeof(key_bytes), digits, text, len));
	}
}

static bool is_dot(const char *text, size_t len)
{
	return text[0] == '.' && (len == 1 || (len == 2 && text[1] == '.'));
}

static void all_names(uint8_t separator, struct path_folder folder)
{
	for (size_t len = 1; len <= LEN_MAX; len++) {
		uint8_t digits[LEN_MAX + 1] = {0};
		char text[LEN_MAX + 1];

		memset(text, name_bytes[0], len);
		do {
			if (!is_dot(text, len))
				probe_name(separator, folder, slice_of(text, len));
		} while (next_string(name_bytes, sizeof(name_bytes), digits, text, len));
	}
}

START_TEST(every_key_is_a_path_and_back_with_slashes)
{
	all_keys('/');
}
END_TEST

START_TEST(every_key_is_a_path_and_back_with_colons)
{
	all_keys(':');
}
END_TEST

/* Whether a text is a path at all: names between slashes, and the last may be missing. */
static bool reads_as_path(struct slice text)
{
	size_t start = 0;

	for (size_t i = 0; i <= text.len; i++) {
		if (i < text.len && text.ptr[i] != '/')
			continue;
		if (i == start && (i == 0 || i < text.len))
			return false;
		if (i > start && is_dot((const char *)text.ptr + start, i - start))
			return false;
		start = i + 1;
	}
	return true;
}

/* What else no key can have: a file "%" at the root, and an own value with something behind it. */
static bool leads_to_no_key(struct slice text)
{
	static const char own[] = "/%=/";
	struct slice folder = slice_str("%/%=");

	if (slice_eq(text, slice_str("%")))
		return true;
	if (slice_starts_with(text, folder) &&
	    (text.len == folder.len || text.ptr[folder.len] == '/'))
		text = slice_skip(text, 2);
	return memmem(text.ptr, text.len, own, strlen(own)) != NULL;
}

static void probe_path(uint8_t separator, struct slice text)
{
	cleanup_buf struct buf key = {0}, back = {0};
	enum path_role role;
	int rc = path_decode(separator, text, &key, &role);

	if (!reads_as_path(text) || leads_to_no_key(text)) {
		ck_assert(rc == -EINVAL);
		return;
	}
	ck_assert(rc == 0);
	ck_assert(path_encode(separator, buf_slice(&key), role, &back) == 0);
	ck_assert(slice_eq(buf_slice(&back), text));
}

START_TEST(every_path_is_a_key_and_back)
{
	for (size_t len = 1; len <= LEN_MAX; len++) {
		uint8_t digits[LEN_MAX + 1] = {0};
		char text[LEN_MAX + 1];

		memset(text, path_bytes[0], len);
		do {
			probe_path('/', slice_of(text, len));
			probe_path(':', slice_of(text, len));
		} while (next_string(path_bytes, sizeof(path_bytes), digits, text, len));
	}
}
END_TEST

START_TEST(every_name_in_every_kind_of_folder_is_one_place)
{
	static const char *const prefixes[] = {"", "/", "//", "a/", "%/"};

	for (size_t i = 0; i < array_size(prefixes); i++) {
		char colons[4];
		size_t len = strlen(prefixes[i]);

		ck_assert_uint_lt(len, sizeof(colons));
		for (size_t at = 0; at < len; at++) {
			colons[at] = prefixes[i][at];
			if (colons[at] == '/')
				colons[at] = ':';
		}
		all_names('/', (struct path_folder){slice_str(prefixes[i]), false});
		all_names(':', (struct path_folder){slice_of(colons, len), false});
	}
}
END_TEST

START_TEST(every_name_in_a_partial_folder_is_one_place_or_none)
{
	char prefix[300];

	memset(prefix, 'x', sizeof(prefix));
	prefix[1] = '/';
	all_names('/', (struct path_folder){slice_of(prefix, 253), true});
	prefix[1] = ':';
	all_names(':', (struct path_folder){slice_of(prefix, 253), true});
}
END_TEST

static const TTest *const *const tests[] = {
	&every_key_is_a_path_and_back_with_slashes,
	&every_key_is_a_path_and_back_with_colons,
	&every_path_is_a_key_and_back,
	&every_name_in_every_kind_of_folder_is_one_place,
	&every_name_in_a_partial_folder_is_one_place_or_none,
};

UNIT_SUITE("fs/path/path_exhaustive", tests)
