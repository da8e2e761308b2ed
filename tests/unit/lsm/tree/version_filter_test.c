#include "lsm/tree/version_filter.h"
#include "tests/unit/lsm/tree/tree_fixture.h"

enum {
	CASE_RECORDS = 8,
	CASE_SNAPSHOTS = 4,
};

/*
 * Records as "a9+" (put of a at seqno 9) or "a9-" (tombstone), in record order; those written out
 * again in `kept`.
 */
struct filter_case {
	const char *name;
	uint64_t snapshots[CASE_SNAPSHOTS]; /* ends with 0 */
	const char *records[CASE_RECORDS];
	const char *kept;
	const char *below; /* a key that a deeper table may have */
};

static const struct filter_case cases[] = {
	{"only the newest version has a reader",
	 {0},
	 {"a9+", "a5+", "a1+", "b3+"},
	 "a9+ b3+ ",
	 "z"},
	{"each stratum keeps its newest",
	 {5, 10},
	 {"a12+", "a9-", "a8+", "a6+", "a4+", "a3+", "a1+"},
	 "a12+ a9- a4+ ",
	 "z"},
	{"a version at the snapshot's own seqno belongs to it",
	 {5},
	 {"a6+", "a5+", "a4+"},
	 "a6+ a5+ ",
	 "z"},
	{"two snapshots between two versions keep one", {5, 6, 7}, {"a9+", "a3+"}, "a9+ a3+ ", "z"},
	{"a tombstone above nothing goes, with all it hides",
	 {0},
	 {"a9-", "a5+", "b3-", "c1+"},
	 "c1+ ",
	 "z"},
	{"a tombstone above an older table stays", {0}, {"a9-", "a5+", "b3-"}, "a9- ", "a"},
	{"a tombstone that a snapshot separates from what it hides stays",
	 {6},
	 {"a9-", "a5+"},
	 "a9- a5+ ",
	 "z"},
	{"the oldest stratum's tombstone goes though newer versions stay",
	 {6},
	 {"a9+", "a5-", "a2+"},
	 "a9+ ",
	 "z"},
	{"a tombstone newer than every snapshot stays though nothing older is left",
	 {6},
	 {"a9-", "a5-", "a2+"},
	 "a9- ",
	 "z"},
	{"tombstones of each stratum with data below",
	 {3, 6},
	 {"a9-", "a5-", "a4+", "a2-", "a1+"},
	 "a9- a5- a2- ",
	 "a"},
	{"a tombstone under a newer put in its stratum is shadowed like any version",
	 {0},
	 {"a9+", "a7-", "a5+"},
	 "a9+ ",
	 "a"},
	{"a key that begins like another is another",
	 {0},
	 {"a9+", "aa8+", "aa7+", "ab7-"},
	 "a9+ aa8+ ",
	 "a"},
};

static struct record parse_record(const char *text)
{
	size_t key_len = strspn(text, "abcdefghijklmnopqrstuvwxyz");
	char *end;
	struct record rec = {.key = slice_of(text, key_len),
			     .seqno = strtoull(text + key_len, &end, 10)};

	rec.kind = *end == '+' ? RECORD_PUT : RECORD_DELETE;
	return rec;
}

static struct version *below_with(const char *key)
{
	const struct spec files[] = {
		/* Level 1 is among the inputs of these jobs: what it has does not count. */
		{.level = 1, .number = 1, .smallest = "a", .largest = "zz"},
		{.level = 3, .number = 2, .smallest = key, .largest = key},
		{0},
	};

	return spec_version(files);
}

static void run_case(const struct filter_case *c)
{
	struct version *below = below_with(c->below);
	struct version_filter f = {.snapshots = c->snapshots, .below = below, .below_level = 2};
	char kept[128] = "";
	struct slice last_first = {0};

	while (c->snapshots[f.snapshot_count])
		f.snapshot_count++;
	for (size_t i = 0; i < CASE_RECORDS && c->records[i]; i++) {
		struct record rec = parse_record(c->records[i]);
		enum version_verdict verdict;

		ck_assert_msg(version_filter_next(&f, &rec, &verdict) == 0, "%s", c->name);
		if (verdict == VERSION_DROP)
			continue;
		strcat(kept, c->records[i]);
		strcat(kept, " ");
		ck_assert_msg((verdict == VERSION_KEEP_FIRST) == !slice_eq(last_first, rec.key),
			      "%s: %s", c->name, c->records[i]);
		last_first = rec.key;
	}
	ck_assert_msg(strcmp(kept, c->kept) == 0, "%s: %s", c->name, kept);
	version_filter_done(&f);
	version_unref(below);
}

START_TEST(the_rule_follows_its_table)
{
	for (size_t i = 0; i < array_size(cases); i++)
		run_case(&cases[i]);
}
END_TEST

START_TEST(a_flush_looks_into_level_0_too)
{
	static const struct spec files[] = {
		{.level = 0, .number = 3, .smallest = "b", .largest = "c"},
		{0},
	};
	struct version *below = spec_version(files);
	struct version_filter f = {.below = below, .below_level = 0};
	struct record a = parse_record("a9-"), b = parse_record("b8-");
	enum version_verdict verdict;

	ck_assert_int_eq(version_filter_next(&f, &a, &verdict), 0);
	ck_assert_int_eq(verdict, VERSION_DROP);
	ck_assert_int_eq(version_filter_next(&f, &b, &verdict), 0);
	ck_assert_int_eq(verdict, VERSION_KEEP_FIRST);
	version_filter_done(&f);
	version_unref(below);
}
END_TEST

START_TEST(what_only_a_damaged_table_can_hold_is_refused)
{
	static const char *const pairs[][2] = {
		{"b5+", "a9+"}, {"a5+", "a5+"}, {"a5+", "a6+"}, {"b5+", "a1-"}};
	struct version *below = below_with("z");

	for (size_t i = 0; i < array_size(pairs); i++) {
		struct version_filter f = {.below = below, .below_level = 2};
		struct record first = parse_record(pairs[i][0]), second = parse_record(pairs[i][1]);
		enum version_verdict verdict;

		ck_assert_int_eq(version_filter_next(&f, &first, &verdict), 0);
		ck_assert_int_eq(version_filter_next(&f, &second, &verdict), -EUCLEAN);
		version_filter_done(&f);
	}
	for (unsigned kind = RECORD_PATCH; kind < 128; kind++) {
		struct version_filter f = {.below = below, .below_level = 2};
		struct record rec = parse_record("a5+");
		enum version_verdict verdict;

		rec.kind = (enum record_kind)kind;
		ck_assert_int_eq(version_filter_next(&f, &rec, &verdict),
				 kind == RECORD_LARGE ? 0 : -EUCLEAN);
		version_filter_done(&f);
	}
	version_unref(below);
}
END_TEST

/*
 * Random histories of a few keys, against the definition: what any snapshot, or nobody's, reads
 * before is what it reads after, and nothing is kept that no reader sees, tombstones apart.
 */
static bool read_at(const struct record *records, size_t count, char key, uint64_t seqno,
		    uint64_t *ret_seqno)
{
	for (size_t i = 0; i < count; i++) {
		if (records[i].key.ptr[0] != (uint8_t)key || records[i].seqno > seqno)
			continue;
		*ret_seqno = records[i].seqno;
		return records[i].kind == RECORD_PUT;
	}
	return false;
}

static void check_readers(const struct record *in, size_t in_count, const struct record *out,
			  size_t out_count, const uint64_t *snapshots, size_t snapshot_count)
{
	for (size_t s = 0; s <= snapshot_count; s++) {
		uint64_t at = s < snapshot_count ? snapshots[s] : RECORD_SEQNO_MAX;

		for (char key = 'a'; key <= 'd'; key++) {
			uint64_t before = 0, after = 0;
			bool found = read_at(in, in_count, key, at, &before);

			ck_assert(read_at(out, out_count, key, at, &after) == found);
			ck_assert(!found || before == after);
		}
	}
}

START_TEST(no_reader_sees_a_difference)
{
	static const char keys[] = "abcd";
	struct version *below = below_with("z");
	struct rng r;

	rng_seed(&r, unit_seed());
	for (int round = 0; round < 3000; round++) {
		struct record in[64], out[64];
		uint64_t snapshots[5];
		size_t in_count = 0, out_count = 0, snapshot_count = 0;
		struct version_filter f = {
			.snapshots = snapshots, .below = below, .below_level = 2};
		uint64_t snapshot = 0;

		for (snapshot = rng_below(&r, 8); snapshot_count < 5 && snapshot < 30;
		     snapshot += 1 + rng_below(&r, 12))
			snapshots[snapshot_count++] = snapshot;
		f.snapshot_count = snapshot_count;
		for (size_t k = 0; k < 4; k++) {
			for (uint64_t seqno = 30; seqno > 0; seqno--) {
				if (in_count == array_size(in) || rng_below(&r, 4))
					continue;
				in[in_count++] = (struct record){
					.key = slice_of(&keys[k], 1),
					.seqno = seqno,
					.kind = rng_below(&r, 3) ? RECORD_PUT : RECORD_DELETE,
				};
			}
		}
		for (size_t i = 0; i < in_count; i++) {
			enum version_verdict verdict;

			ck_assert_int_eq(version_filter_next(&f, &in[i], &verdict), 0);
			if (verdict != VERSION_DROP)
				out[out_count++] = in[i];
		}
		check_readers(in, in_count, out, out_count, snapshots, snapshot_count);
		for (size_t i = 0; i < out_count; i++)
			ck_assert(out[i].kind == RECORD_PUT || snapshot_count > 0);
		ck_assert(out_count <= 4 * (snapshot_count + 1));
		version_filter_done(&f);
	}
	version_unref(below);
}
END_TEST

static const TTest *const *const tests[] = {
	&the_rule_follows_its_table,
	&a_flush_looks_into_level_0_too,
	&what_only_a_damaged_table_can_hold_is_refused,
	&no_reader_sees_a_difference,
};

UNIT_SUITE("lsm/tree/version_filter", tests)
