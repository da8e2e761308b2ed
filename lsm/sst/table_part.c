#include "lsm/sst/table_part.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "lsm/base/array.h"

void table_part_init(struct table_part *p, const struct table_options *options)
{
	*p = (struct table_part){0};
	block_filler_init(&p->filler, options);
}

void table_part_done(struct table_part *p)
{
	block_filler_done(&p->filler);
	free(p->blocks);
	buf_done(&p->payloads);
	buf_done(&p->separators);
	buf_done(&p->room);
}

void table_part_clear(struct table_part *p)
{
	block_filler_clear(&p->filler);
	p->block_count = 0;
	buf_clear(&p->payloads);
	buf_clear(&p->separators);
}

static int pack(struct table_part *p, struct part_block *b)
{
	const struct table_options *o = p->filler.options;
	struct block_payload payload;
	struct slice raw;
	int rc = block_builder_finish(&p->filler.block, &raw);

	if (!rc)
		rc = block_compress(raw, o->codec, o->min_saving_pct, &p->room, &payload);
	if (rc)
		return rc;
	b->payload_at = p->payloads.len;
	b->payload_len = payload.bytes.len;
	b->codec = payload.codec;
	return buf_append_slice(&p->payloads, payload.bytes);
}

static int separate(struct table_part *p, const struct slice *next, struct part_block *b)
{
	uint64_t seqno;
	int rc = block_filler_separator(&p->filler, next, &p->room, &seqno);

	if (rc)
		return rc;
	assert(seqno == 0); /* no key goes on */
	b->separator_at = p->separators.len;
	b->separator_len = p->room.len;
	return buf_append_slice(&p->separators, buf_slice(&p->room));
}

static int end_block(struct table_part *p, const struct slice *next)
{
	struct part_block *grown =
		array_grow(p->blocks, &p->block_cap, p->block_count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	p->blocks = grown;
	int rc = pack(p, &grown[p->block_count]);

	if (!rc)
		rc = separate(p, next, &grown[p->block_count]);
	if (rc)
		return rc;
	p->block_count++;
	p->filler.properties.numbers[SST_DATA_BLOCKS]++;
	block_builder_clear(&p->filler.block);
	return 0;
}

int table_part_add(struct table_part *p, const struct record *rec)
{
	int rc = 0;

	assert(!block_filler_goes_outside(&p->filler, rec));
	if (block_filler_is_full_for(&p->filler, rec))
		rc = end_block(p, &rec->key);
	return rc ? rc : block_filler_add(&p->filler, rec, NULL);
}

int table_part_end(struct table_part *p)
{
	return end_block(p, NULL);
}
