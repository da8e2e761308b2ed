#include "tests/support/ledger.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "lsm/base/rng.h"

enum {
	HEAD_MAX = 48,
	USUAL_BYTES = 400,
	LONG_BYTES = 3000, /* above the usual value_inline_max */
	LONG_EVERY = 16,
};

struct ledger *ledger_new(void)
{
	struct ledger *l =
		mmap(NULL, sizeof(*l), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return l == MAP_FAILED ? NULL : l;
}

void ledger_free(struct ledger *l)
{
	if (l)
		(void)munmap(l, sizeof(*l)); /* it is one mapping */
}

void ledger_start(struct ledger *l, uint64_t seed)
{
	l->seed = seed;
	l->begun = 0;
	l->kept = 0;
	l->durable = 0;
	l->doubtful = 0;
	l->large_count = 0;
	l->large_used = 0;
	l->after[0] = (struct ledger_state){0};
}

uint32_t ledger_begin(struct ledger *l, const struct ledger_change *change)
{
	uint32_t number = l->begun + 1;

	assert(l->doubtful == 0 && number <= LEDGER_CHANGES_MAX);
	l->with_doubtful = l->after[l->kept];
	for (uint32_t i = 0; i < change->count; i++)
		l->with_doubtful.by[change->touched[i].key] =
			change->touched[i].put ? (uint16_t)number : 0;
	l->begun = number;
	l->doubtful = number;
	return number;
}

void ledger_keep(struct ledger *l)
{
	assert(l->doubtful);
	l->after[l->kept + 1] = l->with_doubtful;
	l->kept++;
	l->doubtful = 0;
}

void ledger_refuse(struct ledger *l)
{
	assert(l->doubtful);
	l->doubtful = 0;
}

void ledger_mark_durable(struct ledger *l)
{
	l->durable = l->kept;
}

const struct ledger_state *ledger_now(const struct ledger *l)
{
	return &l->after[l->kept];
}

struct slice ledger_key(unsigned key, char text[LEDGER_KEY_TEXT])
{
	(void)snprintf(text, LEDGER_KEY_TEXT, "k/%02u", key);
	return slice_str(text);
}

struct slice ledger_meta(unsigned key, uint32_t number, char text[LEDGER_META_TEXT])
{
	(void)snprintf(text, LEDGER_META_TEXT, "%u by %u ", key, number);
	return slice_str(text);
}

/* The last one: a change may touch a key twice. NULL: it follows from its number. */
static const struct ledger_large *find_large(const struct ledger *l, unsigned key, uint32_t number)
{
	for (uint32_t i = l->large_count; i-- > 0 && l->large[i].number >= number;)
		if (l->large[i].number == number && l->large[i].key == key)
			return &l->large[i];
	return NULL;
}

uint8_t *ledger_keep_value(struct ledger *l, unsigned key, struct slice base, size_t len)
{
	uint8_t *bytes = l->large_bytes + l->large_used;
	size_t same = min_of(base.len, len);

	assert(l->doubtful && l->large_count < LEDGER_LARGE_COUNT && len <= LEDGER_LARGE_MAX &&
	       len <= LEDGER_LARGE_BYTES - l->large_used);
	if (same)
		memcpy(bytes, base.ptr, same);
	memset(bytes + same, 0, len - same);
	l->large[l->large_count++] = (struct ledger_large){
		.number = l->begun,
		.key = (uint16_t)key,
		.at = l->large_used,
		.len = (uint32_t)len,
	};
	l->large_used += (uint32_t)len;
	return bytes;
}

struct slice ledger_value_now(const struct ledger *l, unsigned key, uint8_t bytes[LEDGER_VALUE_MAX])
{
	uint32_t number = l->after[l->kept].by[key];

	if (l->doubtful && find_large(l, key, l->doubtful))
		number = l->doubtful;
	return ledger_value(l, key, number, bytes);
}

struct slice ledger_value(const struct ledger *l, unsigned key, uint32_t number,
			  uint8_t bytes[LEDGER_VALUE_MAX])
{
	const struct ledger_large *large = find_large(l, key, number);

	if (number == 0)
		return slice_of(NULL, 0);
	if (large)
		return slice_of(l->large_bytes + large->at, large->len);

	char head[HEAD_MAX];
	size_t head_len = (size_t)snprintf(head, sizeof(head), "%u by %u ", key, number);
	struct rng rng;

	rng_seed(&rng,
		 l->seed * LEDGER_CHANGES_MAX * LEDGER_KEYS + (uint64_t)number * LEDGER_KEYS + key);

	bool is_long = rng_below(&rng, LONG_EVERY) == 0;
	size_t len = head_len + (size_t)rng_below(&rng, is_long ? LONG_BYTES : USUAL_BYTES);

	memcpy(bytes, head, head_len);
	rng_fill(&rng, bytes + head_len, len - head_len);
	return slice_of(bytes, len);
}

/* `code`, with the reason. */
static int refuse(char why[LEDGER_WHY_MAX], int code, unsigned key, const char *what)
{
	(void)snprintf(why, LEDGER_WHY_MAX, "key %u: %s", key, what);
	return code;
}

int ledger_recognise(const struct ledger *l, const struct lsm_record *record, struct slice value,
		     unsigned *ret_key, uint32_t *ret_number, char why[LEDGER_WHY_MAX])
{
	char text[LEDGER_KEY_TEXT] = "", head[HEAD_MAX] = "", meta[LEDGER_META_TEXT];
	uint8_t expected[LEDGER_VALUE_MAX];
	unsigned key = 0, named = 0, number = 0;

	memcpy(text, record->key.ptr, min_of(record->key.len, sizeof(text) - 1));
	if (sscanf(text, "k/%u", &key) != 1 || key >= LEDGER_KEYS ||
	    !slice_eq(record->key, ledger_key(key, text))) {
		(void)snprintf(why, LEDGER_WHY_MAX, "key \"%s\" was never written", text);
		return -EUCLEAN;
	}
	bool is_large = record->meta.len > 0;
	struct slice name = is_large ? record->meta : value;

	if (name.len)
		memcpy(head, name.ptr, min_of(name.len, sizeof(head) - 1));
	if (sscanf(head, "%u by %u ", &named, &number) != 2)
		return refuse(why, -EUCLEAN, key, "its value is none that was written");
	if (named != key || number == 0 || number > l->begun) {
		(void)snprintf(why, LEDGER_WHY_MAX, "key %u: has the value of key %u by change %u",
			       key, named, number);
		return -EUCLEAN;
	}
	if (is_large != (find_large(l, key, number) != NULL) ||
	    (is_large && !slice_eq(record->meta, ledger_meta(key, number, meta))))
		return refuse(why, -EUCLEAN, key, "its meta is not its value's");
	struct slice whole = ledger_value(l, key, number, expected);

	if (!slice_eq(value, whole) || record->value_len != value.len) {
		(void)snprintf(why, LEDGER_WHY_MAX,
			       "key %u: its value by change %u is not whole: %zu bytes (the record "
			       "says %" PRIu64 ") of %zu, the first %zu are right",
			       key, number, value.len, record->value_len, whole.len,
			       slice_common(value, whole));
		return -EUCLEAN;
	}
	*ret_key = key;
	*ret_number = number;
	return 0;
}

int ledger_read(const struct ledger *l, struct lsm *db, const struct lsm_read_options *options,
		struct ledger_state *ret_state, char why[LEDGER_WHY_MAX])
{
	struct ledger_state found = {0};

	for (unsigned key = 0; key < LEDGER_KEYS; key++) {
		char text[LEDGER_KEY_TEXT];
		struct lsm_record record;
		unsigned named;
		uint32_t number;
		int err = lsm_get(db, ledger_key(key, text), options, &record);

		if (err == -ENOENT)
			continue;
		if (err)
			return refuse(why, err, key, lsm_error_text());
		err = ledger_recognise(l, &record, record.value, &named, &number, why);
		lsm_record_release(&record);
		if (err)
			return err;
		found.by[key] = (uint16_t)number;
	}
	*ret_state = found;
	return 0;
}

/* The record under the iterator goes into the state, and comes after `*last` in its direction. */
static int take_record(const struct ledger *l, struct lsm_iter *it, int step, int *last,
		       struct ledger_state *state, char why[LEDGER_WHY_MAX])
{
	struct slice value;
	unsigned key;
	uint32_t number;
	int err = lsm_iter_value(it, &value);

	if (err) {
		(void)snprintf(why, LEDGER_WHY_MAX, "scan: %s", lsm_error_text());
		return err;
	}
	err = ledger_recognise(l, lsm_iter_record(it), value, &key, &number, why);
	if (err)
		return err;
	if (((int)key - *last) * step <= 0)
		return refuse(why, -EUCLEAN, key, "out of order in a scan");
	*last = (int)key;
	state->by[key] = (uint16_t)number;
	return 0;
}

int ledger_scan(const struct ledger *l, struct lsm *db, const struct lsm_read_options *options,
		bool backward, struct ledger_state *ret_state, char why[LEDGER_WHY_MAX])
{
	struct ledger_state found = {0};
	struct lsm_iter *it;
	int last = backward ? LEDGER_KEYS : -1;
	int err = lsm_iter_new(db, options, &it);

	if (err) {
		(void)snprintf(why, LEDGER_WHY_MAX, "new iterator: %s", lsm_error_text());
		return err;
	}
	if (backward)
		lsm_iter_last(it);
	else
		lsm_iter_first(it);
	while (!err && lsm_iter_valid(it)) {
		err = take_record(l, it, backward ? -1 : 1, &last, &found, why);
		if (!err && backward)
			lsm_iter_prev(it);
		else if (!err)
			lsm_iter_next(it);
	}
	if (!err) {
		err = lsm_iter_status(it);
		(void)snprintf(why, LEDGER_WHY_MAX, "scan: %s", lsm_error_text());
	}
	lsm_iter_free(it);
	if (!err)
		*ret_state = found;
	return err;
}

static bool is_same(const struct ledger_state *a, const struct ledger_state *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

bool ledger_allows(const struct ledger *l, const struct ledger_state *state, uint32_t at_least,
		   char why[LEDGER_WHY_MAX])
{
	const struct ledger_state *wanted = ledger_now(l);

	if (l->doubtful && is_same(state, &l->with_doubtful))
		return true;
	for (uint32_t m = l->kept + 1; m-- > at_least;)
		if (is_same(state, &l->after[m]))
			return true;
	for (unsigned key = 0; key < LEDGER_KEYS; key++) {
		if (state->by[key] == wanted->by[key])
			continue;
		(void)snprintf(why, LEDGER_WHY_MAX,
			       "key %u: put by change %u, expected %u (0: absent; %u of %u changes "
			       "kept, %u durable, doubtful %u)",
			       key, state->by[key], wanted->by[key], l->kept, l->begun, l->durable,
			       l->doubtful);
		break;
	}
	return false;
}

void ledger_adopt(struct ledger *l, const struct ledger_state *state)
{
	l->doubtful = 0;
	if (!is_same(state, ledger_now(l)))
		l->after[++l->kept] = *state;
	l->durable = l->kept;
}
