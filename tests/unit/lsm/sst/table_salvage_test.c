#include "lsm/sst/table_salvage.h"

#include "lsm/env/env_fault.h"
#include "lsm/sst/block_builder.h"
#include "lsm/sst/block_cursor.h"
#include "lsm/sst/block_search.h"
#include "lsm/sst/table_private.h"
#include "tests/unit/lsm/sst/table_fixture.h"

enum {
	LOSSES_MAX = 400,
	RECORDS = 300,
};

struct told_loss {
	struct table_loss loss;
	struct slice first, last; /* copies */
};

/* What a salvage answered. */
struct outcome {
	const struct rows *rows; /* what the table was built from */
	struct told_loss told[LOSSES_MAX];
	size_t count;
	bool *seen; /* by index in rows */
	bool *value_lost;
	size_t seen_count, value_lost_count;
};

static void note_loss(void *arg, const struct table_loss *loss)
{
	struct outcome *o = arg;

	ck_assert(o->count < LOSSES_MAX);
	struct told_loss *told = &o->told[o->count++];

	told->loss = *loss;
	told->first = loss->first.ptr ? copy_slice(loss->first) : (struct slice){0};
	told->last = loss->last.ptr ? copy_slice(loss->last) : (struct slice){0};
}

static void outcome_done(struct outcome *o)
{
	for (size_t i = 0; i < o->count; i++) {
		free((void *)o->told[i].first.ptr);
		free((void *)o->told[i].last.ptr);
	}
	free(o->seen);
	free(o->value_lost);
}

/* Losses of records, not mere notes. */
static size_t losses_of(const struct outcome *o, enum table_loss_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < o->count; i++)
		count += o->told[i].loss.kind == kind;
	return count;
}

static bool is_told(const struct outcome *o, struct slice key)
{
	for (size_t i = 0; i < o->count; i++) {
		const struct told_loss *t = &o->told[i];

		if (t->loss.kind < TABLE_LOST_BLOCK)
			continue;
		if ((!t->first.ptr || slice_cmp(t->first, key) <= 0) &&
		    (!t->last.ptr || slice_cmp(key, t->last) <= 0))
			return true;
	}
	return false;
}

/* The record at hand is one of those that were written; its value too, or it is said to be lost. */
static void take_record(struct outcome *o, struct iter *it)
{
	size_t i = rows_seek(o->rows, it->rec.key, it->rec.seqno);
	struct slice value;

	ck_assert(i < o->rows->count); /* else it was invented */
	assert_same_head(&it->rec, &o->rows->recs[i]);
	ck_assert(!o->seen[i]);
	o->seen[i] = true;
	o->seen_count++;
	int rc = iter_value(it, &value);
	if (rc == 0) {
		assert_slice_eq(value, o->rows->recs[i].value);
		return;
	}
	ck_assert(table_is_damage(rc));
	o->value_lost[i] = true;
	o->value_lost_count++;
}

static struct table_salvage_source source_of(struct env_dir *dir, struct outcome *o)
{
	return (struct table_salvage_source){
		.dir = dir,
		.number = FIXTURE_NUMBER,
		.id = FIXTURE_TABLE_ID,
		.lost = note_loss,
		.arg = o,
	};
}

/* Salvage; each record that does not come must be within what is told. */
static void salvage(const struct table_salvage_source *source, const struct rows *rows,
		    struct outcome *o)
{
	struct iter *it;

	*o = (struct outcome){
		.rows = rows, .seen = calloc(rows->count, 1), .value_lost = calloc(rows->count, 1)};
	ck_assert_int_eq(table_salvage_open(source, &it), 0);
	for (iter_first(it); iter_valid(it); iter_next(it))
		take_record(o, it);
	ck_assert_int_eq(iter_status(it), 0);
	iter_free(it);
	for (size_t i = 0; i < rows->count; i++)
		ck_assert(o->seen[i] || is_told(o, rows->recs[i].key));
}

/* A table of random records, its layout, and its bytes to damage. */
struct patient {
	struct fixture f;
	struct rows rows;
	struct rng rng;
	struct slice file; /* owned; as it was built */
	struct table *table;
};

static struct table_options patient_options(void)
{
	struct table_options options = fixture_options();

	options.block_size = 512;
	options.value_inline_max = 200;
	return options;
}

static void patient_open_with(struct patient *p, uint64_t seed, enum sst_codec codec)
{
	struct table_options options = patient_options();

	*p = (struct patient){0};
	options.codec = codec;
	rng_seed(&p->rng, seed);
	fixture_init(&p->f, 0);
	rows_random(&p->rows, &p->rng, RECORDS);
	p->table = build_and_open(&p->f, &options, &p->rows);
	p->file = copy_file(&p->f);
}

static void patient_open(struct patient *p)
{
	patient_open_with(p, fixture_seed(), SST_LZ4);
}

static void patient_close(struct patient *p)
{
	table_unref(p->table);
	free((void *)p->file.ptr);
	rows_done(&p->rows);
	fixture_done(&p->f);
}

static void patient_salvage(struct patient *p, uint64_t entries, struct outcome *o)
{
	struct table_salvage_source source = source_of(p->f.dir, o);

	source.size_bytes = p->file.len;
	source.entries = entries;
	salvage(&source, &p->rows, o);
}

static size_t block_count(const struct patient *p)
{
	return p->table->meta.index.count;
}

static struct block_handle block_at(const struct patient *p, size_t i)
{
	return p->table->meta.index.entries[i].block;
}

static uint64_t tail_offset(const struct patient *p)
{
	return p->table->meta.footer.filter.offset;
}

/* The rows of data block i are [first, *ret_end). */
static size_t rows_of_block(const struct patient *p, size_t i, size_t *ret_end)
{
	const struct table_index *index = &p->table->meta.index;
	size_t begin = 0, end;

	while (i > 0 && begin < p->rows.count &&
	       table_index_cmp(index, i - 1, p->rows.recs[begin].key, p->rows.recs[begin].seqno) <=
		       0)
		begin++;
	end = begin;
	while (end < p->rows.count &&
	       table_index_cmp(index, i, p->rows.recs[end].key, p->rows.recs[end].seqno) <= 0)
		end++;
	*ret_end = end;
	return begin;
}

/* The file with [offset, offset + len) turned over, or zeroed. */
static void damage(struct patient *p, uint64_t offset, size_t len, bool zero)
{
	struct slice copy = copy_file(&p->f);
	uint8_t *bytes = (uint8_t *)copy.ptr;

	for (size_t i = 0; i < len; i++)
		bytes[offset + i] = zero ? 0 : (uint8_t)(bytes[offset + i] ^ 0x5a);
	replace_file(&p->f, copy);
	free(bytes);
}

static void heal(struct patient *p)
{
	replace_file(&p->f, p->file);
}

START_TEST(of_a_sound_table_nothing_is_lost)
{
	struct patient p;
	struct outcome o;

	patient_open(&p);
	patient_salvage(&p, 0, &o);
	ck_assert_uint_eq(o.count, 0);
	ck_assert_uint_eq(o.seen_count, p.rows.count);
	ck_assert_uint_eq(o.value_lost_count, 0);
	outcome_done(&o);
	patient_close(&p);
}
END_TEST

START_TEST(a_bad_block_costs_exactly_its_records)
{
	struct patient p;

	patient_open(&p);
	ck_assert_uint_gt(block_count(&p), 10);
	for (size_t i = 0; i < block_count(&p); i++) {
		struct block_handle h = block_at(&p, i);
		struct outcome o;
		size_t end, begin = rows_of_block(&p, i, &end);

		damage(&p, h.offset + rng_below(&p.rng, h.stored_len + SST_TRAILER_SIZE), 1, false);
		patient_salvage(&p, 0, &o);
		ck_assert_uint_eq(losses_of(&o, TABLE_LOST_BLOCK), 1);
		ck_assert_uint_eq(o.count, 1);
		ck_assert_uint_gt(end, begin);
		for (size_t k = 0; k < p.rows.count; k++)
			ck_assert(o.seen[k] == (k < begin || k >= end));
		ck_assert(o.told[0].loss.offset + o.told[0].loss.bytes == block_handle_end(h));
		outcome_done(&o);
		heal(&p);
	}
	patient_close(&p);
}
END_TEST

/* The value blocks, by way of the entries that name them. */
static size_t find_values(const struct patient *p, struct block_handle *ret_handles,
			  size_t *ret_rows)
{
	size_t count = 0, row = 0;

	for (size_t i = 0; i < block_count(p); i++) {
		struct block_cursor c = {0};
		struct heap_block *block;

		ck_assert_int_eq(block_read(&p->table->source, block_at(p, i), &block), 0);
		block_cursor_enter(&c, &block->view);
		ck_assert_int_eq(block_cursor_first(&c), 0);
		while (c.valid) {
			if (block_entry_is_outside(&c.entry)) {
				ret_handles[count] = c.entry.outside;
				ret_rows[count++] = row;
			}
			row++;
			ck_assert_int_eq(block_cursor_next(&c), 0);
		}
		block_cursor_done(&c);
		free(block);
	}
	return count;
}

START_TEST(a_bad_value_block_costs_that_value_alone)
{
	static struct block_handle handles[RECORDS * 2];
	static size_t rows[RECORDS * 2];
	struct patient p;

	patient_open(&p);
	size_t count = find_values(&p, handles, rows);

	ck_assert_uint_gt(count, 2);
	for (size_t i = 0; i < count; i++) {
		struct outcome o;

		damage(&p, handles[i].offset + handles[i].stored_len / 2, 1, false);
		patient_salvage(&p, 0, &o);
		ck_assert_uint_eq(o.count, 1);
		ck_assert_uint_eq(losses_of(&o, TABLE_LOST_VALUE), 1);
		ck_assert_uint_eq(o.seen_count, p.rows.count);
		ck_assert_uint_eq(o.value_lost_count, 1);
		ck_assert(o.value_lost[rows[i]]);
		outcome_done(&o);
		heal(&p);
	}
	patient_close(&p);
}
END_TEST

START_TEST(damage_behind_the_blocks_costs_nothing)
{
	struct patient p;

	patient_open(&p);
	for (uint64_t at = tail_offset(&p); at < p.file.len; at += 1 + rng_below(&p.rng, 9)) {
		struct outcome o;

		damage(&p, at, 1, false);
		patient_salvage(&p, 0, &o);
		ck_assert_uint_eq(o.seen_count, p.rows.count);
		ck_assert_uint_eq(losses_of(&o, TABLE_NOTHING_LOST), o.count);
		outcome_done(&o);
		heal(&p);
	}
	patient_close(&p);
}
END_TEST

START_TEST(without_index_and_footer_the_blocks_are_found)
{
	for (enum sst_codec codec = SST_STORED; codec <= SST_LZ4; codec++) {
		struct patient p;
		struct outcome o;

		patient_open_with(&p, fixture_seed(), codec);
		damage(&p, tail_offset(&p), p.file.len - tail_offset(&p), true);
		patient_salvage(&p, p.rows.count, &o);
		ck_assert_uint_eq(o.seen_count, p.rows.count);
		ck_assert_uint_eq(o.value_lost_count, 0);
		ck_assert_uint_eq(losses_of(&o, TABLE_NOTHING_LOST), o.count);
		outcome_done(&o);
		/* Without the number of entries it cannot be known that these are all. */
		patient_salvage(&p, 0, &o);
		ck_assert_uint_eq(o.seen_count, p.rows.count);
		ck_assert_uint_eq(losses_of(&o, TABLE_LOST_BYTES), 1);
		outcome_done(&o);
		patient_close(&p);
	}
}
END_TEST

START_TEST(without_an_index_a_bad_block_costs_exactly_its_records)
{
	struct patient p;

	patient_open(&p);
	for (size_t i = 0; i < block_count(&p); i++) {
		struct block_handle h = block_at(&p, i);
		size_t end, begin = rows_of_block(&p, i, &end);
		struct outcome o;

		damage(&p, p.table->meta.footer.index.offset, 8, false);
		damage(&p, h.offset, 1, false);
		patient_salvage(&p, 0, &o);
		ck_assert_uint_eq(losses_of(&o, TABLE_LOST_BYTES), 1);
		for (size_t k = 0; k < p.rows.count; k++)
			ck_assert(o.seen[k] == (k < begin || k >= end));
		outcome_done(&o);
		heal(&p);
	}
	patient_close(&p);
}
END_TEST

START_TEST(of_a_cut_table_the_blocks_before_the_cut_are_read)
{
	struct patient p;

	patient_open(&p);
	for (int turn = 0; turn < 40; turn++) {
		uint64_t size = rng_below(&p.rng, tail_offset(&p));
		size_t whole = 0, expected = 0;
		struct outcome o;

		replace_file(&p.f, slice_of(p.file.ptr, size));
		while (whole < block_count(&p) && block_handle_end(block_at(&p, whole)) <= size)
			(void)rows_of_block(&p, whole++, &expected);
		patient_salvage(&p, p.rows.count, &o);
		ck_assert_uint_eq(o.seen_count, expected);
		ck_assert_uint_eq(losses_of(&o, whole ? TABLE_LOST_BYTES : TABLE_LOST_ALL), 1);
		outcome_done(&o);
	}
	patient_close(&p);
}
END_TEST

/* It looks whole to who knows neither its size nor its count of entries. */
START_TEST(a_cut_between_two_blocks_is_told_too)
{
	struct patient p;

	patient_open(&p);
	for (size_t i = 0; i < block_count(&p); i++) {
		struct table_salvage_source source;
		struct outcome o;
		size_t expected;

		replace_file(&p.f, slice_of(p.file.ptr, block_handle_end(block_at(&p, i))));
		(void)rows_of_block(&p, i, &expected);
		source = source_of(p.f.dir, &o);
		salvage(&source, &p.rows, &o);
		ck_assert_uint_eq(o.seen_count, expected);
		ck_assert_uint_eq(losses_of(&o, TABLE_LOST_BYTES), 1);
		outcome_done(&o);
	}
	/* behind the last block, and there are as many records as there were */
	struct table_salvage_source source;
	struct outcome o;

	source = source_of(p.f.dir, &o);
	source.entries = p.rows.count;
	salvage(&source, &p.rows, &o);
	ck_assert_uint_eq(losses_of(&o, TABLE_LOST_BYTES), 0);
	outcome_done(&o);
	patient_close(&p);
}
END_TEST

START_TEST(what_is_no_table_is_lost_as_a_whole)
{
	static uint8_t garbage[70000];
	const size_t sizes[] = {0, 1, SST_FOOTER_SIZE, 4096, sizeof(garbage)};
	struct patient p;

	patient_open(&p);
	rng_fill(&p.rng, garbage, sizeof(garbage));
	for (size_t i = 0; i < 2 * array_size(sizes); i++) {
		struct outcome o;

		if (i == array_size(sizes))
			memset(garbage, 0, sizeof(garbage));
		replace_file(&p.f, slice_of(garbage, sizes[i % array_size(sizes)]));
		patient_salvage(&p, 0, &o);
		ck_assert_uint_eq(o.seen_count, 0);
		ck_assert_uint_eq(losses_of(&o, TABLE_LOST_ALL), 1);
		outcome_done(&o);
	}
	patient_close(&p);
}
END_TEST

START_TEST(garbage_behind_a_table_of_known_size_is_ignored)
{
	struct patient p;
	struct outcome o;
	struct buf longer = {0};

	patient_open(&p);
	ck_assert_int_eq(buf_set(&longer, p.file), 0);
	ck_assert_int_eq(buf_append(&longer, "garbage", 7), 0);
	replace_file(&p.f, buf_slice(&longer));
	patient_salvage(&p, 0, &o);
	ck_assert_uint_eq(o.count, 0);
	ck_assert_uint_eq(o.seen_count, p.rows.count);
	outcome_done(&o);
	buf_done(&longer);
	patient_close(&p);
}
END_TEST

START_TEST(another_tables_blocks_are_not_taken)
{
	struct patient p;
	struct outcome o = {0};

	patient_open(&p);
	struct table_salvage_source source = source_of(p.f.dir, &o);
	source.id = FIXTURE_TABLE_ID + 1;
	salvage(&source, &p.rows, &o);
	ck_assert_uint_eq(o.seen_count, 0);
	ck_assert_uint_eq(losses_of(&o, TABLE_LOST_ALL), 1);
	outcome_done(&o);
	patient_close(&p);
}
END_TEST

START_TEST(any_damage_is_told_and_nothing_is_invented)
{
	struct patient p;

	patient_open(&p);
	for (int turn = 0; turn < 100; turn++) {
		struct outcome o;
		unsigned places = 1 + (unsigned)rng_below(&p.rng, 8);

		for (unsigned i = 0; i < places; i++) {
			size_t len = rng_below(&p.rng, 2) ? 1 : 1 + rng_below(&p.rng, 512);
			uint64_t at = rng_below(&p.rng, p.file.len - len);

			damage(&p, at, len, rng_below(&p.rng, 2));
		}
		patient_salvage(&p, rng_below(&p.rng, 2) ? p.rows.count : 0, &o);
		outcome_done(&o);
		heal(&p);
	}
	patient_close(&p);
}
END_TEST

/* Values that are the images of data blocks, with keys that fit in between. */
static void add_block_like_value(struct rows *rows, const char *key, uint64_t seqno,
				 const char *inner_key)
{
	struct block_builder b;
	struct slice raw;
	struct record inner = {.key = slice_str(inner_key),
			       .seqno = 5,
			       .kind = RECORD_PUT,
			       .value = slice_str("invented invented invented"),
			       .value_len = 26};
	struct record rec = {.key = slice_str(key), .seqno = seqno, .kind = RECORD_PUT};

	block_builder_init(&b, 4);
	ck_assert_int_eq(block_builder_add(&b, &inner, NULL), 0);
	ck_assert_int_eq(block_builder_finish(&b, &raw), 0);
	rec.value = raw;
	rec.value_len = raw.len;
	rows_add(rows, &rec);
	block_builder_done(&b);
}

START_TEST(values_that_look_like_blocks_are_no_blocks)
{
	struct table_options options = patient_options();
	struct rows rows = {0};
	struct fixture f;
	struct outcome o;

	options.value_inline_max = 10;
	options.codec = SST_STORED;
	fixture_init(&f, 0);
	rows_add_text(&rows, "a", 1, "one");
	add_block_like_value(&rows, "b", 2, "zzz");
	add_block_like_value(&rows, "c", 3, "b5");
	rows_add_text(&rows, "d", 4, "four");
	struct table *t = build_and_open(&f, &options, &rows);
	struct slice file = copy_file(&f);
	memset((uint8_t *)file.ptr + t->meta.footer.filter.offset, 0,
	       file.len - t->meta.footer.filter.offset);
	replace_file(&f, file);
	struct table_salvage_source source = source_of(f.dir, &o);
	source.entries = rows.count;
	salvage(&source, &rows, &o);
	ck_assert_uint_eq(o.seen_count, rows.count);
	ck_assert_uint_eq(losses_of(&o, TABLE_NOTHING_LOST), o.count);
	outcome_done(&o);
	free((void *)file.ptr);
	table_unref(t);
	rows_done(&rows);
	fixture_done(&f);
}
END_TEST

/* Larger than the search's window, with values longer than any block that it finds. */
START_TEST(blocks_are_found_all_over_a_large_table)
{
	static uint8_t value[BLOCK_SEARCH_MAX + 1000];
	struct table_options options = fixture_options();
	struct rows rows = {0};
	struct fixture f;
	struct outcome o;
	struct rng rng;

	rng_seed(&rng, fixture_seed());
	fixture_init(&f, 0);
	for (unsigned i = 0; i < 60; i++) {
		char key[32];
		size_t len = i % 10 == 3 ? sizeof(value) : rng_below(&rng, 40000);
		struct record rec = {.key = slice_str(key), .seqno = i + 1, .kind = RECORD_PUT};

		(void)snprintf(key, sizeof(key), "key%03u", i);
		rec.key = slice_str(key);
		rng_fill(&rng, value, len);
		rec.value = slice_of(value, len);
		rows_add(&rows, &rec);
	}
	options.block_size = 64;
	struct table *t = build_and_open(&f, &options, &rows);
	struct slice file = copy_file(&f);
	uint64_t tail = t->meta.footer.filter.offset;
	ck_assert_uint_gt(tail, 2 * BLOCK_SEARCH_WINDOW);
	memset((uint8_t *)file.ptr + tail, 0, file.len - tail);
	replace_file(&f, file);
	struct table_salvage_source source = source_of(f.dir, &o);
	source.entries = rows.count;
	salvage(&source, &rows, &o);
	ck_assert_uint_eq(o.seen_count, rows.count);
	ck_assert_uint_eq(o.value_lost_count, 0);
	ck_assert_uint_eq(losses_of(&o, TABLE_NOTHING_LOST), o.count);
	outcome_done(&o);
	free((void *)file.ptr);
	table_unref(t);
	rows_done(&rows);
	fixture_done(&f);
}
END_TEST

START_TEST(a_read_that_fails_costs_what_it_was_to_read)
{
	struct patient p;
	bool struck = true;

	patient_open(&p);
	struct env *faulty = env_fault_new(p.f.env);
	struct env_dir *dir;
	ck_assert_int_eq(env_open_dir(faulty, "store", false, &dir), 0);
	for (uint64_t at = 2; struck; at++) { /* behind open and size */
		const struct env_fault_plan plan = {.at_call = at, .error = -EIO};
		struct outcome o;
		struct table_salvage_source source = source_of(dir, &o);

		source.entries = p.rows.count;
		env_fault_set(faulty, &plan);
		salvage(&source, &p.rows, &o);
		struck = env_fault_struck(faulty);
		outcome_done(&o);
		ck_assert(struck || at > block_count(&p));
	}
	env_dir_close(dir);
	env_free(faulty);
	patient_close(&p);
}
END_TEST

START_TEST(a_table_describes_itself)
{
	struct table_description d;
	struct patient p;

	patient_open(&p);
	ck_assert_int_eq(table_describe(p.f.dir, FIXTURE_NUMBER, &d), 0);
	ck_assert(d.id_proven);
	ck_assert_uint_eq(d.id, FIXTURE_TABLE_ID);
	ck_assert_uint_eq(d.entries, p.rows.count);
	ck_assert_uint_eq(d.size_bytes, p.file.len);
	assert_slice_eq(buf_slice(&d.smallest), p.rows.recs[0].key);
	assert_slice_eq(buf_slice(&d.largest), p.rows.recs[p.rows.count - 1].key);
	table_description_done(&d);
	damage(&p, p.file.len - 1, 1, false);
	ck_assert_int_eq(table_describe(p.f.dir, FIXTURE_NUMBER, &d), 0);
	ck_assert(!d.id_proven);
	ck_assert_uint_eq(d.id, FIXTURE_TABLE_ID);
	table_description_done(&d);
	ck_assert_int_eq(table_describe(p.f.dir, FIXTURE_NUMBER + 1, &d), -ENOENT);
	patient_close(&p);
}
END_TEST

static const TTest *const *const tests[] = {
	&of_a_sound_table_nothing_is_lost,
	&a_bad_block_costs_exactly_its_records,
	&a_bad_value_block_costs_that_value_alone,
	&damage_behind_the_blocks_costs_nothing,
	&without_index_and_footer_the_blocks_are_found,
	&without_an_index_a_bad_block_costs_exactly_its_records,
	&of_a_cut_table_the_blocks_before_the_cut_are_read,
	&a_cut_between_two_blocks_is_told_too,
	&what_is_no_table_is_lost_as_a_whole,
	&garbage_behind_a_table_of_known_size_is_ignored,
	&another_tables_blocks_are_not_taken,
	&any_damage_is_told_and_nothing_is_invented,
	&values_that_look_like_blocks_are_no_blocks,
	&blocks_are_found_all_over_a_large_table,
	&a_read_that_fails_costs_what_it_was_to_read,
	&a_table_describes_itself,
};

UNIT_SUITE("lsm/sst/table_salvage", tests)
