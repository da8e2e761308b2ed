#include "tests/limits/records.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/rng.h"
#include "tests/support/tap.h"

struct records records_new(uint64_t count, uint32_t value_bytes)
{
	struct records r = {.count = count, .value_bytes = value_bytes};

	r.generations = calloc(count, 1);
	r.room = malloc(value_bytes);
	if (!r.generations || !r.room) {
		fprintf(stderr, "out of memory\n");
		exit(2);
	}
	return r;
}

void records_free(struct records *r)
{
	free(r->generations);
	free(r->room);
}

struct slice record_key(uint64_t number, char ret_text[RECORD_TEXT_MAX])
{
	(void)snprintf(ret_text, RECORD_TEXT_MAX, "k%012" PRIu64, number % 1000000000000);
	return slice_str(ret_text);
}

struct slice record_value(struct records *r, uint64_t number, uint8_t generation)
{
	uint32_t noise = r->value_bytes - r->value_bytes / 16;
	struct rng rng;

	rng_seed(&rng, number << 8 | generation);
	rng_fill(&rng, r->room, noise);
	memset(r->room + noise, 'a' + generation % 26, r->value_bytes / 16);
	return slice_of(r->room, r->value_bytes);
}

int records_put(struct records *r, struct lsm *db, uint64_t number, uint8_t generation)
{
	char text[RECORD_TEXT_MAX];
	struct slice key = record_key(number, text);
	int err;

	if (generation == RECORD_ABSENT)
		err = lsm_delete(db, key, NULL);
	else
		err = lsm_put(db, key, record_value(r, number, generation), NULL);
	if (!err)
		r->generations[number] = generation;
	return err;
}

static bool complain(uint64_t number, const char *what, int err)
{
	tap_note("record %" PRIu64 ": %s: %d (%s)", number, what, err, lsm_error_text());
	return false;
}

bool records_check(struct records *r, struct lsm *db, uint64_t number)
{
	char text[RECORD_TEXT_MAX];
	struct lsm_record record;
	int err = lsm_get(db, record_key(number, text), NULL, &record);

	if (r->generations[number] == RECORD_ABSENT) {
		if (!err)
			lsm_record_release(&record);
		return err == -ENOENT || complain(number, "is not absent", err);
	}
	if (err)
		return complain(number, "is not found", err);
	bool same = slice_eq(record.value, record_value(r, number, r->generations[number]));

	lsm_record_release(&record);
	return same || complain(number, "has another value", 0);
}

static bool check_here(struct records *r, struct lsm_iter *it, uint64_t number)
{
	char text[RECORD_TEXT_MAX];
	struct slice value;

	if (!slice_eq(lsm_iter_record(it)->key, record_key(number, text)))
		return complain(number, "a scan has another key", 0);
	int err = lsm_iter_value(it, &value);

	if (err)
		return complain(number, "a scan does not get the value", err);
	return slice_eq(value, record_value(r, number, r->generations[number])) ||
	       complain(number, "a scan has another value", 0);
}

bool records_check_scan(struct records *r, struct lsm *db, bool forward)
{
	struct lsm_iter *it;
	int err = lsm_iter_new(db, NULL, &it);
	bool good = true;

	if (err)
		return complain(0, "no iterator", err);
	forward ? lsm_iter_first(it) : lsm_iter_last(it);
	for (uint64_t i = 0; good && i < r->count; i++) {
		uint64_t number = forward ? i : r->count - 1 - i;

		if (r->generations[number] == RECORD_ABSENT)
			continue;
		if (!lsm_iter_valid(it)) {
			err = lsm_iter_status(it);
			good = complain(number, "a scan ends", err);
			break;
		}
		good = check_here(r, it, number);
		forward ? lsm_iter_next(it) : lsm_iter_prev(it);
	}
	if (good && lsm_iter_valid(it))
		good = complain(r->count, "a scan shows more than was written", 0);
	err = lsm_iter_status(it);
	if (good && err)
		good = complain(r->count, "a scan fails at its end", err);
	lsm_iter_free(it);
	return good;
}
