#include "lsm/sst/properties.h"

#include <errno.h>

#include "lsm/base/coding.h"

void properties_done(struct properties *p)
{
	buf_done(&p->smallest_key);
	buf_done(&p->largest_key);
	*p = (struct properties){0};
}

void properties_count(struct properties *p, const struct record *rec)
{
	uint64_t *n = p->numbers;
	bool is_first = n[SST_ENTRIES] == 0;

	n[SST_ENTRIES]++;
	n[SST_TOMBSTONES] += rec->kind == RECORD_DELETE;
	n[SST_SMALLEST_SEQNO] = is_first ? rec->seqno : min_of(n[SST_SMALLEST_SEQNO], rec->seqno);
	n[SST_LARGEST_SEQNO] = max_of(n[SST_LARGEST_SEQNO], rec->seqno);
	n[SST_KEY_BYTES] += rec->key.len;
	n[SST_VALUE_BYTES] += rec->meta.len + rec->value_len;
	n[SST_NEWEST_NS] = max_of(n[SST_NEWEST_NS], rec->time_ns);
}

void properties_clear(struct properties *p)
{
	memset(p->numbers, 0, sizeof(p->numbers));
	buf_clear(&p->smallest_key);
	buf_clear(&p->largest_key);
}

int properties_join(struct properties *p, const struct properties *after)
{
	static const enum sst_property sums[] = {
		SST_ENTRIES,     SST_TOMBSTONES,  SST_KEY_BYTES,
		SST_VALUE_BYTES, SST_DATA_BLOCKS, SST_VALUE_BLOCKS,
	};
	const uint64_t *more = after->numbers;
	uint64_t *n = p->numbers;
	bool is_first = n[SST_ENTRIES] == 0;
	int rc = is_first ? buf_set(&p->smallest_key, buf_slice(&after->smallest_key)) : 0;

	if (rc)
		return rc;
	n[SST_SMALLEST_SEQNO] = is_first ? more[SST_SMALLEST_SEQNO]
					 : min_of(n[SST_SMALLEST_SEQNO], more[SST_SMALLEST_SEQNO]);
	n[SST_LARGEST_SEQNO] = max_of(n[SST_LARGEST_SEQNO], more[SST_LARGEST_SEQNO]);
	n[SST_NEWEST_NS] = max_of(n[SST_NEWEST_NS], more[SST_NEWEST_NS]);
	for (size_t i = 0; i < array_size(sums); i++)
		n[sums[i]] += more[sums[i]];
	return 0;
}

int properties_encode(const struct properties *p, struct buf *out)
{
	int rc = 0;

	for (uint64_t id = SST_PROPERTY_END + 1; id < SST_PROPERTY_COUNT && !rc; id++) {
		rc = buf_append_varint(out, id);
		if (!rc)
			rc = buf_append_varint(out, p->numbers[id]);
	}
	if (!rc)
		rc = buf_append_varint(out, SST_PROPERTY_END);
	if (!rc)
		rc = buf_append_sized(out, buf_slice(&p->smallest_key));
	if (!rc)
		rc = buf_append_sized(out, buf_slice(&p->largest_key));
	return rc;
}

static int decode_numbers(struct slice *rest, struct properties *p)
{
	uint64_t last = 0;

	for (;;) {
		uint64_t id, number;
		int rc = varint_take(rest, &id);

		if (rc || id == SST_PROPERTY_END)
			return rc;
		rc = varint_take(rest, &number);
		if (rc || id <= last)
			return -EUCLEAN;
		if (id < SST_PROPERTY_COUNT)
			p->numbers[id] = number;
		last = id;
	}
}

static int decode_key(struct slice *rest, struct buf *key)
{
	struct slice bytes;

	if (sized_take(rest, &bytes) || bytes.len > RECORD_KEY_MAX)
		return -EUCLEAN;
	return buf_set(key, bytes);
}

int properties_decode(struct slice raw, struct properties *ret_properties)
{
	struct properties p = {0};
	int rc = decode_numbers(&raw, &p);

	if (!rc)
		rc = decode_key(&raw, &p.smallest_key);
	if (!rc)
		rc = decode_key(&raw, &p.largest_key);
	if (!rc && raw.len)
		rc = -EUCLEAN;
	if (rc)
		properties_done(&p);
	else
		*ret_properties = p;
	return rc;
}

bool properties_equal(const struct properties *a, const struct properties *b)
{
	return memcmp(a->numbers, b->numbers, sizeof(a->numbers)) == 0 &&
	       slice_eq(buf_slice(&a->smallest_key), buf_slice(&b->smallest_key)) &&
	       slice_eq(buf_slice(&a->largest_key), buf_slice(&b->largest_key));
}
