#include "lsm/cli/record_estimate.h"

#include <math.h>

#include "lsm/inspect.h"

enum {
	SHARE_BYTES = 12, /* of a key that are looked at: digits are the most, a double has 15 */
};

static uint8_t byte_at(struct slice key, size_t i)
{
	return i < key.len ? key.ptr[i] : 0;
}

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

/* Keys number things, most often in decimal digits: where all three have one, ten are in use. */
double key_share_before(struct slice key, struct slice first, struct slice last)
{
	double number = 0, low = 0, high = 0;
	size_t at = 0;

	if (slice_cmp(key, first) <= 0)
		return 0;
	if (slice_cmp(key, last) > 0)
		return 1;
	while (at < first.len && at < last.len && first.ptr[at] == last.ptr[at])
		at++;
	for (size_t end = at + SHARE_BYTES; at < end; at++) {
		uint8_t a = byte_at(first, at), k = byte_at(key, at), z = byte_at(last, at);
		bool digits = is_digit(a) && is_digit(k) && is_digit(z);
		uint8_t zero = digits ? '0' : 0;
		double radix = digits ? 10 : 256;

		low = low * radix + a - zero;
		number = number * radix + k - zero;
		high = high * radix + z - zero;
	}
	return high > low ? fmin(fmax((number - low) / (high - low), 0), 1) : 0.5;
}

struct estimating {
	struct slice from, to;
	double inside, all; /* records of tables */
};

static int add_table(void *arg, const struct lsm_inspected_table *t)
{
	struct estimating *e = arg;
	double records = (double)(t->entries - t->tombstones);
	double end = e->to.len > 0 ? key_share_before(e->to, t->smallest, t->largest) : 1;
	double start = key_share_before(e->from, t->smallest, t->largest);

	e->all += records;
	e->inside += records * fmax(end - start, 0);
	return 0;
}

static int pass_number(void *arg, const char *name, uint64_t value)
{
	(void)arg;
	(void)name;
	(void)value;
	return 0;
}

/* What is in memory is taken to be spread as what is in the tables. */
uint64_t record_estimate(struct lsm *db, const char *store, struct slice from, struct slice to)
{
	struct estimating e = {.from = from, .to = to};
	struct lsm_inspect_sink sink = {.number = pass_number, .table = add_table, .arg = &e};
	struct lsm_stats s;

	lsm_stats_read(db, &s);
	uint64_t in_memory = s.memtable_records + s.full_memtable_records;

	if (from.len == 0 && to.len == 0)
		return in_memory + s.table_records;
	if (lsm_inspect_manifest(store, &sink) || e.all <= 0)
		return 0;
	return (uint64_t)(e.inside + (double)in_memory * e.inside / e.all);
}
