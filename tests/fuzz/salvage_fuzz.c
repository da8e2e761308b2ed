/*
 * A table that is damaged, or never was one, read by lsm/sst/table_salvage.h: it comes to an end,
 * in record order, and of a damaged table each record that is answered is one that was built into
 * it; one that does not come, or comes without its value, lies within a loss that was told.
 *
 *	input: what (u8: 0 a file, 1 a table that is damaged), what the caller knows (u8, KNOWN_x)
 *	a file: its bytes, sealed
 *	a table: count of damages (u8), each: kind (u8, enum damage), offset (u16), length (u8),
 *byte (u8); the table (tests/fuzz/table_feed.h)
 */
#include <errno.h>
#include <stdlib.h>

#include "lsm/sst/table_salvage.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/seal.h"
#include "tests/fuzz/table_feed.h"

enum {
	KNOWN_SIZE = 1,
	KNOWN_ENTRIES = 2,
	KNOWN_KEYS = 4,
	DAMAGES_MAX = 8,
	RECORDS_MAX = 1024,
	LOSSES_MAX = 4096,
};

enum damage {
	DAMAGE_FLIP,   /* `length` bytes, xored */
	DAMAGE_FILL,   /* ... set */
	DAMAGE_REMOVE, /* ... taken out; what follows moves up */
	DAMAGE_INSERT, /* ... put in */
	DAMAGE_COPY,   /* ... of 16 times that number, from the front of the file */
	DAMAGE_CUT,    /* the file ends at the offset */
	DAMAGE_KINDS,
};

struct told {
	struct buf first, last; /* owned; empty: no bound */
};

struct kept {
	struct buf key, meta, value; /* owned */
	struct record rec;           /* without slices */
	bool seen;
};

struct salvaging {
	struct kept records[RECORDS_MAX]; /* of a table; in order */
	size_t count;
	struct told losses[LOSSES_MAX];
	size_t loss_count;
	bool sparse; /* there were more losses */
};

static void note_loss(void *arg, const struct table_loss *loss)
{
	struct salvaging *s = arg;

	expect(loss->file && loss->kind <= TABLE_LOST_ALL);
	if (loss->kind < TABLE_LOST_BLOCK)
		return;
	expect(loss->what);
	if (s->loss_count == LOSSES_MAX) {
		s->sparse = true;
		return;
	}
	struct told *t = &s->losses[s->loss_count++];

	feed_put(&t->first, loss->first);
	feed_put(&t->last, loss->last);
}

static bool is_told(const struct salvaging *s, struct slice key)
{
	for (size_t i = 0; i < s->loss_count; i++) {
		struct slice first = buf_slice(&s->losses[i].first);
		struct slice last = buf_slice(&s->losses[i].last);

		if ((first.len == 0 || slice_cmp(first, key) <= 0) &&
		    (last.len == 0 || slice_cmp(key, last) <= 0))
			return true;
	}
	return s->sparse;
}

static void salvaging_free(struct salvaging *s)
{
	for (size_t i = 0; i < s->count; i++) {
		buf_done(&s->records[i].key);
		buf_done(&s->records[i].meta);
		buf_done(&s->records[i].value);
	}
	for (size_t i = 0; i < s->loss_count; i++) {
		buf_done(&s->losses[i].first);
		buf_done(&s->losses[i].last);
	}
	free(s);
}

/* The record at hand is one that was built, and comes once. */
static void expect_known(struct salvaging *s, struct iter *it, const struct slice *value)
{
	const struct record *rec = &it->rec;
	size_t i = 0;

	while (i < s->count && (s->records[i].rec.seqno != rec->seqno ||
				!slice_eq(buf_slice(&s->records[i].key), rec->key)))
		i++;
	expect(i < s->count && !s->records[i].seen);
	struct kept *k = &s->records[i];

	k->seen = true;
	expect(k->rec.kind == rec->kind && k->rec.time_ns == rec->time_ns);
	expect(k->rec.value_len == rec->value_len && slice_eq(buf_slice(&k->meta), rec->meta));
	expect(!value || slice_eq(buf_slice(&k->value), *value));
}

static void walk(struct salvaging *s, struct iter *it, bool built)
{
	cleanup_buf struct buf last = {0};
	uint64_t last_seqno = 0;
	bool any = false;

	for (iter_first(it); iter_valid(it); iter_next(it)) {
		struct slice value;
		int rc = iter_value(it, &value);

		expect(rc == 0 || table_is_damage(rc));
		expect(rc || value.len == it->rec.value_len);
		expect(!any ||
		       record_cmp(buf_slice(&last), last_seqno, it->rec.key, it->rec.seqno) < 0);
		if (built)
			expect_known(s, it, rc ? NULL : &value);
		any = true;
		expect(buf_set(&last, it->rec.key) == 0);
		last_seqno = it->rec.seqno;
	}
	expect(iter_status(it) == 0);
}

static void salvage(struct disk *d, const struct table_description *known, struct salvaging *s,
		    bool built)
{
	struct table_salvage_source source = {
		.dir = d->dir,
		.number = TABLE_NUMBER,
		.id = known->id,
		.size_bytes = known->size_bytes,
		.entries = known->entries,
		.smallest = buf_slice(&known->smallest),
		.largest = buf_slice(&known->largest),
		.lost = note_loss,
		.arg = s,
	};
	struct iter *it;

	expect(table_salvage_open(&source, &it) == 0);
	walk(s, it, built);
	iter_free(it);
	for (size_t i = 0; i < s->count; i++)
		expect(s->records[i].seen || is_told(s, buf_slice(&s->records[i].key)));
}

static void forget_unknown(struct table_description *d, unsigned known)
{
	if (!(known & KNOWN_SIZE))
		d->size_bytes = 0;
	if (!(known & KNOWN_ENTRIES))
		d->entries = 0;
	if (!(known & KNOWN_KEYS)) {
		buf_done(&d->smallest);
		buf_done(&d->largest);
	}
}

static void put_file(struct disk *d, const struct buf *content)
{
	char name[ENV_NAME_MAX + 1];

	table_file_name(TABLE_NUMBER, name);
	expect(env_mem_set_file(d->env, DISK_DIR, name, buf_slice(content)) == 0);
}

/* Described by nobody but itself. */
static void try_file(struct disk *d, struct feed *f, struct salvaging *s)
{
	cleanup_buf struct buf content = {0};
	struct table_description found;
	unsigned known = feed_byte(f);

	feed_put(&content, f->rest);
	seal_table(content.ptr, content.len, SEAL_FILL);
	put_file(d, &content);
	expect(table_describe(d->dir, TABLE_NUMBER, &found) == 0);
	forget_unknown(&found, known);
	salvage(d, &found, s, false);
	table_description_done(&found);
}

/* ---- damage ---- */

static void replace(struct buf *content, size_t at, size_t removed, struct slice put)
{
	struct buf made = {0};
	struct slice rest = slice_skip(buf_slice(content), at + removed);

	feed_put(&made, slice_of(content->ptr, at));
	feed_put(&made, put);
	feed_put(&made, rest);
	buf_done(content);
	*content = made;
}

static void damage(struct buf *content, struct feed *f)
{
	enum damage kind = feed_byte(f) % DAMAGE_KINDS;
	size_t at = feed_16(f), length = feed_byte(f);
	uint8_t byte = feed_byte(f), filling[UINT8_MAX];
	cleanup_buf struct buf front = {0};

	at = min_of(at, content->len);
	size_t within = min_of(length, content->len - at);

	memset(filling, byte, sizeof(filling));
	switch (kind) {
	case DAMAGE_FLIP:
		for (size_t i = 0; i < within; i++)
			content->ptr[at + i] ^= byte;
		return;
	case DAMAGE_FILL:
		replace(content, at, within, slice_of(filling, within));
		return;
	case DAMAGE_REMOVE:
		replace(content, at, within, (struct slice){0});
		return;
	case DAMAGE_INSERT:
		replace(content, at, 0, slice_of(filling, length));
		return;
	case DAMAGE_COPY:
		feed_put(&front, slice_of(content->ptr, min_of(16 * length, content->len - at)));
		replace(content, at, front.len, buf_slice(&front));
		return;
	default:
		replace(content, at, content->len - at, (struct slice){0});
	}
}

static void keep_records(struct salvaging *s, struct feed start)
{
	struct record_feed records = {.feed = &start};
	struct record rec;

	while (record_feed_next(&records, &rec)) {
		struct kept *k = &s->records[s->count++];

		expect(s->count <= RECORDS_MAX);
		k->rec = rec;
		feed_put(&k->key, rec.key);
		feed_put(&k->meta, rec.meta);
		feed_put(&k->value, rec.value);
	}
	record_feed_done(&records);
}

static void read_content(struct disk *d, struct buf *content)
{
	char name[ENV_NAME_MAX + 1];
	struct slice bytes;

	table_file_name(TABLE_NUMBER, name);
	expect(env_mem_file(d->env, DISK_DIR, name, &bytes) == 0);
	feed_put(content, bytes);
}

/* Described by what was built, as by a manifest. */
static void try_damaged(struct disk *d, struct feed *f, struct salvaging *s)
{
	struct table_description built = {.id = TABLE_ID};
	cleanup_buf struct buf content = {0};
	unsigned known = feed_byte(f), count = feed_byte(f) % (DAMAGES_MAX + 1);
	struct feed damages = {.rest = feed_bytes(f, 5UL * count)};
	struct table_options options = table_feed_options(f);
	struct feed start = *f;
	struct table_summary summary;

	/* the fewest bytes that a record takes are those of its five numbers */
	if (f->rest.len / 5 > RECORDS_MAX || !table_feed_build(d, f, &options, &summary))
		return;
	keep_records(s, start);
	read_content(d, &content);
	for (unsigned i = 0; i < count; i++)
		damage(&content, &damages);
	put_file(d, &content);
	built.size_bytes = summary.file_size;
	built.entries = summary.entries;
	feed_put(&built.smallest, buf_slice(&s->records[0].key));
	feed_put(&built.largest, buf_slice(&s->records[s->count - 1].key));
	forget_unknown(&built, known);
	salvage(d, &built, s, true);
	table_description_done(&built);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct feed f = feed_of(bytes, len);
	struct salvaging *s = calloc(1, sizeof(*s));
	struct disk d;

	expect(s);
	disk_open(&d);
	if (feed_byte(&f) % 2 == 0)
		try_file(&d, &f, s);
	else
		try_damaged(&d, &f, s);
	disk_close(&d);
	salvaging_free(s);
	return 0;
}

/* ---- seeds ---- */

static void put_damage(struct buf *out, enum damage kind, uint16_t at, uint8_t length)
{
	feed_put_byte(out, (uint8_t)kind);
	feed_put_16(out, at);
	feed_put_byte(out, length);
	feed_put_byte(out, 0x55);
}

static void seed_damaged(const struct fuzz_sink *sink, const char *name, uint8_t flags,
			 unsigned known)
{
	for (enum damage kind = 0; kind < DAMAGE_KINDS; kind++) {
		cleanup_buf struct buf seed = {0};
		char full[32];

		feed_put_byte(&seed, 1);
		feed_put_byte(&seed, (uint8_t)known);
		feed_put_byte(&seed, 1);
		put_damage(&seed, kind, 200, 9);
		table_feed_seed(&seed, flags);
		(void)snprintf(full, sizeof(full), "%s_%d", name, (int)kind);
		sink->take(sink->arg, full, buf_slice(&seed));
	}
}

/* Two damages: what stands at offset 100, and the end with the footer. */
static void seed_headless(const struct fuzz_sink *sink, uint8_t flags)
{
	cleanup_buf struct buf seed = {0};

	feed_put_byte(&seed, 1);
	feed_put_byte(&seed, 0);
	feed_put_byte(&seed, 2);
	put_damage(&seed, DAMAGE_FLIP, 100, 1);
	put_damage(&seed, DAMAGE_CUT, 900, 0);
	table_feed_seed(&seed, flags);
	sink->take(sink->arg, "headless", buf_slice(&seed));
}

static void seed_file(const struct fuzz_sink *sink, uint8_t flags)
{
	cleanup_buf struct buf building = {0}, seed = {0}, content = {0};
	struct table_summary summary;
	struct disk d;

	table_feed_seed(&building, flags);
	struct feed f = {.rest = buf_slice(&building)};
	struct table_options options = table_feed_options(&f);

	disk_open(&d);
	expect(table_feed_build(&d, &f, &options, &summary));
	read_content(&d, &content);
	seal_table(content.ptr, content.len, SEAL_CLEAR);
	feed_put_byte(&seed, 0);
	feed_put_byte(&seed, KNOWN_SIZE);
	feed_put(&seed, buf_slice(&content));
	sink->take(sink->arg, "file", buf_slice(&seed));
	disk_close(&d);
}

void fuzz_seeds(const struct fuzz_sink *sink)
{
	seed_damaged(sink, "plain", FLAGS_PLAIN, 0);
	seed_damaged(sink, "outside", FLAGS_OUTSIDE, KNOWN_SIZE | KNOWN_ENTRIES | KNOWN_KEYS);
	seed_headless(sink, FLAGS_PACKED);
	seed_file(sink, FLAGS_PACKED);
}
