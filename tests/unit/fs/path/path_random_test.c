/*
 * Long keys and names, most of all around the lengths where a component is cut.
 */
#include "lsm/base/rng.h"
#include "tests/unit/fs/path/path_probe.h"
#include "tests/unit/unit.h"

static const uint8_t separators[] = {'/', ':', '\0', '|', 0xe9, ' '};

enum {
	KEY_MAX = 12000,
};

static struct rng rng;

static void seed_once(void)
{
	rng_seed(&rng, unit_seed());
}

static uint8_t pick_separator(void)
{
	return separators[rng_below(&rng, sizeof(separators))];
}

/* Stuff that keys are made of: bytes, and pieces of tokens, a kind being common or rare as `taste`
 * has it. */
static void append_stuff(struct buf *b, uint64_t taste, uint8_t separator)
{
	static const char *const stuff[] = {"%",   "25",  "%25", "%00", "%2F", "%3A", "%7C", "%E9",
					    "%20", "%2E", "~",   "%~",  "=",   ".",   "2",   "x"};
	uint64_t pick = rng_below(&rng, 100);

	if (pick < 40 || taste == 0)
		ck_assert(buf_append_byte(b, 'x') == 0);
	else if (pick < 80)
		ck_assert(buf_append_slice(b, slice_str(stuff[(taste + rng_below(&rng, taste)) %
							      array_size(stuff)])) == 0);
	else if (pick < 98 || taste % 3)
		ck_assert(buf_append_byte(b, (uint8_t)(rng_next(&rng) % (taste % 2 ? 256 : 2))) ==
			  0);
	else
		ck_assert(buf_append_byte(b, separator) == 0);
}

static void random_bytes(struct buf *b, size_t len, uint8_t separator)
{
	uint64_t taste = rng_below(&rng, 20);

	while (b->len < len)
		append_stuff(b, taste, separator);
	b->len = len;
}

static size_t interesting_len(void)
{
	switch (rng_below(&rng, 6)) {
	case 0:
		return 1 + rng_below(&rng, 300);
	case 1:
		return 500 + rng_below(&rng, 30);
	case 2:
		return 750 + rng_below(&rng, 30);
	default:
		return 245 + rng_below(&rng, 20);
	}
}

START_TEST(keys_around_the_cuts_have_one_path)
{
	seed_once();
	for (int i = 0; i < 10000 / UNIT_SLOWNESS; i++) {
		cleanup_buf struct buf key = {0};
		uint8_t separator = pick_separator();

		random_bytes(&key, interesting_len(), separator);
		probe_key(separator, buf_slice(&key));
	}
}
END_TEST

START_TEST(very_long_keys_have_one_path)
{
	seed_once();
	for (int i = 0; i < 30 / UNIT_SLOWNESS; i++) {
		cleanup_buf struct buf key = {0};
		uint8_t separator = pick_separator();

		random_bytes(&key, 10000 + rng_below(&rng, KEY_MAX - 10000), separator);
		probe_key(separator, buf_slice(&key));
	}
}
END_TEST

/* One, two and three pieces of bytes that stand for themselves, and the first of those that take
 * three each. */
static size_t next_length(size_t len)
{
	static const size_t ends[] = {100, 270, 520, 780}, starts[] = {240, 490, 745, 781};

	for (size_t i = 0; i < array_size(ends); i++) {
		if (len == ends[i])
			return starts[i];
	}
	return len + 1;
}

/* Each of them with each ending: names that just fit, and literal marks at the very place of
 * a mark. */
START_TEST(every_length_around_the_cuts_has_one_path)
{
	static const char *const endings[] = {"",    "~",     "%~",  "%25~", "%2525~", "%25252525~",
					      "%",   "%2",    "%25", "%250", "%2500",  "%00",
					      "%3A", "%253A", "%3",  "\xff", "%2F",    "%25%~"};
	static const char *const fillers[] = {"x", "%", "25", "/", "%2F", "%3A", "2", "%25"};

	for (size_t len = 80; len <= 780; len = next_length(len)) {
		for (size_t e = 0; e < array_size(endings) * array_size(fillers); e++) {
			const char *filler = fillers[e / array_size(endings)];
			cleanup_buf struct buf key = {0};

			ck_assert(buf_append_byte(&key, e % 2 ? '%' : 'y') == 0);
			while (key.len < len)
				ck_assert(buf_append_slice(&key, slice_str(filler)) == 0);
			key.len = len;
			ck_assert(buf_append_slice(
					  &key, slice_str(endings[e % array_size(endings)])) == 0);
			probe_key(':', buf_slice(&key));
		}
	}
}
END_TEST

/* A name of the kernel: no '/' and no NUL. */
static void random_name(struct buf *name, size_t len)
{
	static const char *const endings[] = {"", "", "%~", "%25~", "%2525~", "~"};

	random_bytes(name, len, 'x');
	for (size_t i = 0; i < name->len; i++) {
		if (name->ptr[i] == '/' || name->ptr[i] == '\0')
			name->ptr[i] = 'n';
	}

	const char *ending = endings[rng_below(&rng, array_size(endings))];
	size_t ending_len = strlen(ending);

	if (ending_len < len)
		memcpy(name->ptr + len - ending_len, ending, ending_len);
	if (len <= 2)
		name->ptr[0] = 'n';
}

START_TEST(long_names_in_every_folder_are_one_place)
{
	unsigned seen[PATH_ELSEWHERE + 1] = {0};

	seed_once();
	for (int i = 0; i < 30000 / UNIT_SLOWNESS; i++) {
		cleanup_buf struct buf name = {0};
		uint8_t separator = pick_separator();
		uint8_t prefix[] = {'a', separator};
		struct path_folder folder = {slice_of(prefix, rng_below(&rng, 2) * 2), false};

		random_name(&name, PATH_NAME_MAX - rng_below(&rng, 10));
		seen[probe_name(separator, folder, buf_slice(&name))]++;
	}
	ck_assert(seen[PATH_PLAIN] > 0 && seen[PATH_PARTIAL] > 0);
}
END_TEST

/* The first partial folder on the way to a long component. */
static void random_partial_folder(uint8_t separator, struct path_place *ret_place)
{
	cleanup_buf struct buf key = {0};
	struct path_folder root = {.partial = false};
	struct path_entry entry;

	do {
		buf_clear(&key);
		random_bytes(&key, 800, separator);
		path_entry_of(separator, root, buf_slice(&key), false, &entry);
	} while (entry.kind != PATH_PARTIAL);
	ck_assert(path_resolve(separator, root, slice_of(entry.name, entry.name_len), ret_place) ==
		  0);
}

START_TEST(names_in_partial_folders_are_one_place_or_none)
{
	unsigned seen[PATH_ELSEWHERE + 1] = {0};

	seed_once();
	for (int i = 0; i < 8000 / UNIT_SLOWNESS; i++) {
		cleanup_buf struct buf name = {0};
		uint8_t separator = pick_separator();
		struct path_place place;

		random_partial_folder(separator, &place);
		random_name(&name, rng_below(&rng, 2) ? 1 + rng_below(&rng, 8)
						      : PATH_NAME_MAX - rng_below(&rng, 10));
		if (rng_below(&rng, 20) > 0)
			name.ptr[0] = '~';
		seen[probe_name(separator, (struct path_folder){buf_slice(&place.prefix), true},
				buf_slice(&name))]++;
		path_place_done(&place);
	}
	ck_assert(seen[PATH_PLAIN] > 0 && seen[PATH_PARTIAL] > 0 && seen[PATH_ELSEWHERE] > 0);
}
END_TEST

START_TEST(only_too_short_rests_lead_nowhere)
{
	char piece[252] = {0};
	struct path_folder folder = {slice_of(piece, 251), true};

	memset(piece, 'x', sizeof(piece));
	ck_assert(probe_name('/', folder, slice_str("x")) == PATH_ELSEWHERE);
	ck_assert(probe_name('/', folder, slice_str("~")) == PATH_ELSEWHERE);
	ck_assert(probe_name('/', folder, slice_str("~1234")) == PATH_ELSEWHERE);
	ck_assert(probe_name('/', folder, slice_str("~12345")) == PATH_PLAIN);
	/* 251 bytes and "%00": 254 of text. */
	ck_assert(probe_name('/', folder, slice_str("~%00")) == PATH_ELSEWHERE);
	ck_assert(probe_name('/', folder, slice_str("~%00%00")) == PATH_PLAIN);
	/* Literally the piece and its mark, escaped: 255 bytes; with one 25 more a name is too
	 * long. */
	ck_assert(probe_name('/', folder, slice_str("~%~")) == PATH_ELSEWHERE);
	ck_assert(probe_name('/', folder, slice_str("~%25~")) == PATH_PLAIN);
}
END_TEST

static bool same_entry(const struct path_entry *a, const struct path_entry *b)
{
	return a->kind == b->kind && (a->kind == PATH_ELSEWHERE ||
				      (a->folder == b->folder && a->name_len == b->name_len &&
				       memcmp(a->name, b->name, a->name_len) == 0));
}

START_TEST(what_may_be_skipped_lies_below_the_same_entry)
{
	unsigned skipped[PATH_ELSEWHERE + 1] = {0};

	seed_once();
	for (int i = 0; i < 15000 / UNIT_SLOWNESS; i++) {
		cleanup_buf struct buf key = {0};
		uint8_t separator = pick_separator();
		struct path_place place = {.partial = false};
		struct path_entry entry, other;

		if (i % 2)
			random_partial_folder(separator, &place);
		ck_assert(buf_append_slice(&key, buf_slice(&place.prefix)) == 0);

		struct path_folder folder = {buf_slice(&place.prefix), place.partial};

		random_bytes(&key,
			     key.len + (i % 4 < 2 ? 1 + rng_below(&rng, 8) : interesting_len()),
			     separator);
		path_entry_of(separator, folder, buf_slice(&key), false, &entry);
		ck_assert(entry.skip_len <= key.len);
		ck_assert(entry.skip_len == 0 || entry.skip_len > folder.prefix.len);
		if (entry.skip_len > 0) {
			skipped[entry.kind]++;
			key.len = entry.skip_len;
			random_bytes(&key, key.len + rng_below(&rng, 6), separator);
			path_entry_of(separator, folder, buf_slice(&key), false, &other);
			ck_assert(same_entry(&entry, &other));
		}
		path_place_done(&place);
	}
	ck_assert(skipped[PATH_PLAIN] > 0 && skipped[PATH_PARTIAL] > 0 &&
		  skipped[PATH_ELSEWHERE] > 0);
}
END_TEST

START_TEST(bytes_that_complete_a_token_are_not_skipped)
{
	struct path_folder root = {.partial = false};
	struct path_entry entry;
	char key[300];

	/* "%3" makes the text longer by two, "%3A" by one: the ":" that fits. */
	memset(key, 'x', sizeof(key));
	memcpy(key + 254, "%3yyy", sizeof("%3yyy"));
	path_entry_of(':', root, slice_of(key, 259), false, &entry);
	ck_assert(entry.kind == PATH_PARTIAL && entry.skip_len == 257);
	memcpy(key + 254, "%3A", sizeof("%3A"));
	path_entry_of(':', root, slice_of(key, 257), false, &entry);
	ck_assert(entry.kind == PATH_PLAIN && entry.name_len == 255 && entry.name[254] == ':');
}
END_TEST

enum {
	LISTED = 400,
};

static int compare_bufs(const void *a, const void *b)
{
	return slice_cmp(buf_slice(a), buf_slice(b));
}

/* Keys that share about a piece, so that several pieces and names of full length are among them. */
static void make_neighbours(struct buf keys[LISTED], uint8_t separator)
{
	size_t shared = 247 + rng_below(&rng, 8);

	for (size_t i = 0; i < LISTED; i++) {
		for (size_t at = 0; at < shared; at++)
			ck_assert(buf_append_byte(&keys[i], 'x') == 0);
		random_bytes(&keys[i], shared + 1 + rng_below(&rng, 12), separator);
	}
	qsort(keys, LISTED, sizeof(keys[0]), compare_bufs);
}

START_TEST(no_partial_entry_comes_between_keys_of_another)
{
	bool interrupted = false;

	seed_once();
	for (int round = 0; round < 100 / UNIT_SLOWNESS; round++) {
		struct buf keys[LISTED] = {0};
		char seen[LISTED][PATH_NAME_MAX + 1];
		size_t seen_count = 0;
		bool between = false;

		make_neighbours(keys, ':');
		for (size_t i = 0; i < LISTED; i++) {
			struct path_entry entry;

			path_entry_of(':', (struct path_folder){.partial = false},
				      buf_slice(&keys[i]), false, &entry);
			buf_done(&keys[i]);
			if (entry.kind != PATH_PARTIAL) {
				between = true;
				continue;
			}
			if (seen_count > 0 && strcmp(seen[seen_count - 1], entry.name) == 0) {
				interrupted |= between;
				continue;
			}
			between = false;
			for (size_t at = 0; at < seen_count; at++)
				ck_assert(strcmp(seen[at], entry.name) != 0);
			memcpy(seen[seen_count++], entry.name, entry.name_len + 1);
		}
	}
	ck_assert(interrupted); /* else the keys were not what this is about */
}
END_TEST

static const TTest *const *const tests[] = {
	&keys_around_the_cuts_have_one_path,
	&very_long_keys_have_one_path,
	&every_length_around_the_cuts_has_one_path,
	&long_names_in_every_folder_are_one_place,
	&names_in_partial_folders_are_one_place_or_none,
	&only_too_short_rests_lead_nowhere,
	&what_may_be_skipped_lies_below_the_same_entry,
	&bytes_that_complete_a_token_are_not_skipped,
	&no_partial_entry_comes_between_keys_of_another,
};

UNIT_SUITE("fs/path/path_random", tests)
