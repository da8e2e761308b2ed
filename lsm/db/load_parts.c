#include "lsm/db/load_parts.h"

#include <errno.h>
#include <stdlib.h>

enum {
	/* Of records: a core's cache holds it, and making a part of it takes ten times as long as
	 * waking a thread does. */
	CHUNK_BYTES = 256 * 1024,
	CHUNKS_A_TABLE = 8, /* at least, so that tables have about the size that is asked for */
};

/* Of a record in a chunk, before its key, meta and value. */
struct chunk_entry {
	uint32_t key_len, meta_len, value_len;
};

struct load_chunk {
	struct buf records; /* owned; entry by entry */
	uint64_t count;
	uint64_t first_seqno, time_ns;
	struct table_part part;
	int err; /* of the task */
};

static int put_record(struct load_chunk *c, const struct record *rec)
{
	const struct chunk_entry e = {
		.key_len = (uint32_t)rec->key.len,
		.meta_len = (uint32_t)rec->meta.len,
		.value_len = (uint32_t)rec->value.len,
	};
	int err =
		buf_reserve(&c->records, sizeof(e) + rec->key.len + rec->meta.len + rec->value.len);

	if (err)
		return err;
	if (c->count++ == 0) {
		c->first_seqno = rec->seqno;
		c->time_ns = rec->time_ns;
	}
	buf_add(&c->records, &e, sizeof(e));
	buf_add(&c->records, rec->key.ptr, rec->key.len);
	buf_add(&c->records, rec->meta.ptr, rec->meta.len);
	buf_add(&c->records, rec->value.ptr, rec->value.len);
	return 0;
}

/* Record i, which *at leads to; to the next one. */
static struct record take_record(const struct load_chunk *c, uint64_t i, const uint8_t **at)
{
	struct chunk_entry e;

	memcpy(&e, *at, sizeof(e));
	const uint8_t *key = *at + sizeof(e);

	*at = key + e.key_len + e.meta_len + e.value_len;
	return (struct record){
		.key = slice_of(key, e.key_len),
		.seqno = c->first_seqno + i,
		.kind = RECORD_PUT,
		.time_ns = c->time_ns,
		.meta = slice_of(key + e.key_len, e.meta_len),
		.value_len = e.value_len,
		.value = slice_of(key + e.key_len + e.meta_len, e.value_len),
	};
}

static int make_part(struct load_chunk *c)
{
	const uint8_t *at = c->records.ptr;
	int err = 0;

	for (uint64_t i = 0; i < c->count && !err; i++) {
		const struct record rec = take_record(c, i, &at);

		err = table_part_add(&c->part, &rec);
	}
	return err ? err : table_part_end(&c->part);
}

static void run_task(void *arg)
{
	struct load_chunk *c = arg;

	c->err = make_part(c);
}

static void clear_chunk(struct load_chunk *c)
{
	buf_clear(&c->records);
	c->count = 0;
	table_part_clear(&c->part);
}

int load_parts_init(struct load_parts *p, struct tree_ingest *ingest)
{
	*p = (struct load_parts){
		.ingest = ingest,
		.chunk_bytes = min_of(tree_ingest_table_bytes(ingest) / CHUNKS_A_TABLE,
				      (uint64_t)CHUNK_BYTES),
	};
	helper_ring_init(&p->ring, "lsm-load");
	p->chunks = calloc(p->ring.count, sizeof(*p->chunks));
	if (!p->chunks)
		return -ENOMEM;
	for (size_t i = 0; i < p->ring.count; i++)
		table_part_init(&p->chunks[i].part, tree_ingest_table_options(ingest));
	return 0;
}

void load_parts_done(struct load_parts *p)
{
	size_t count = p->ring.count;

	helper_ring_done(&p->ring);
	for (size_t i = 0; p->chunks && i < count; i++) {
		table_part_done(&p->chunks[i].part);
		buf_done(&p->chunks[i].records);
	}
	free(p->chunks);
	p->chunks = NULL;
}

static struct load_chunk *open_chunk(const struct load_parts *p)
{
	return &p->chunks[p->ring.open];
}

static int take_oldest(struct load_parts *p)
{
	struct load_chunk *c = &p->chunks[helper_ring_finish(&p->ring)];
	int err = c->err ? c->err : tree_ingest_add_part(p->ingest, &c->part);

	clear_chunk(c);
	return err;
}

static int hand_over(struct load_parts *p)
{
	helper_ring_offer(&p->ring, run_task, open_chunk(p));
	return helper_ring_is_full(&p->ring) ? take_oldest(p) : 0;
}

int load_parts_add(struct load_parts *p, const struct record *rec)
{
	int err = open_chunk(p)->records.len > p->chunk_bytes ? hand_over(p) : 0;

	return err ? err : put_record(open_chunk(p), rec);
}

/* One by one: few records would make a part of few blocks, and the last one not filled. */
static int add_open(struct load_parts *p)
{
	struct load_chunk *c = open_chunk(p);
	const uint8_t *at = c->records.ptr;
	int err = 0;

	for (uint64_t i = 0; i < c->count && !err; i++) {
		const struct record rec = take_record(c, i, &at);

		err = tree_ingest_add(p->ingest, &rec);
	}
	clear_chunk(c);
	return err;
}

int load_parts_drain(struct load_parts *p)
{
	int err = 0;

	while (!err && !helper_ring_is_empty(&p->ring))
		err = take_oldest(p);
	return err ? err : add_open(p);
}
