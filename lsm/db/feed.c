#include "lsm/db/feed.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "lsm/mem/batch.h"

enum {
	WORD = sizeof(uint64_t),
	HEAD_WORDS = 3,
};

static_assert(HEAD_WORDS + RECORD_KEY_MAX / WORD + 1 <= FEED_BYTES_MIN / WORD,
	      "any entry fits the smallest window");

static uint64_t entry_words(uint64_t key_len)
{
	return HEAD_WORDS + (key_len + WORD - 1) / WORD;
}

static uint64_t word_get(const struct feed *f, uint64_t position)
{
	return atomic_load_explicit(&f->words[position & f->mask], memory_order_acquire);
}

static void word_put(struct feed *f, uint64_t position, uint64_t word)
{
	atomic_store_explicit(&f->words[position & f->mask], word, memory_order_release);
}

struct feed *feed_new(uint64_t bytes)
{
	uint64_t words = FEED_BYTES_MIN / WORD;

	assert(bytes >= FEED_BYTES_MIN && bytes <= FEED_BYTES_MAX);
	while (words * WORD < bytes)
		words *= 2;
	struct feed *f = malloc(sizeof(*f) + words * WORD);

	if (!f)
		return NULL;
	atomic_init(&f->oldest, 0);
	atomic_init(&f->end, 0);
	f->mask = words - 1;
	for (uint64_t i = 0; i < words; i++)
		atomic_init(&f->words[i], 0);
	return f;
}

/* ---- writing ---- */

/* Let go of the oldest entries, until `need` words behind `end` are free. */
static void make_room(struct feed *f, uint64_t end, uint64_t need)
{
	uint64_t before = atomic_load_explicit(&f->oldest, memory_order_relaxed);
	uint64_t oldest = before;

	while (end + need - oldest > f->mask + 1)
		oldest += entry_words(word_get(f, oldest + 2));
	/* seen by whoever sees a word that is stored after it */
	if (oldest != before)
		atomic_store_explicit(&f->oldest, oldest, memory_order_relaxed);
}

static void put_key(struct feed *f, uint64_t position, struct slice key)
{
	for (; key.len >= WORD; key = slice_skip(key, WORD)) {
		uint64_t word;

		memcpy(&word, key.ptr, WORD);
		word_put(f, position++, word);
	}
	if (key.len > 0) {
		uint64_t word = 0;

		memcpy(&word, key.ptr, key.len);
		word_put(f, position, word);
	}
}

void feed_push_batch(struct feed *f, struct slice rep, uint64_t first_seqno, uint64_t time_ns)
{
	uint64_t end = atomic_load_explicit(&f->end, memory_order_relaxed);
	struct record change;

	for (uint64_t seqno = first_seqno; batch_take(&rep, &change) == 0; seqno++) {
		uint64_t need = entry_words(change.key.len);

		make_room(f, end, need);
		word_put(f, end, record_tag(seqno, change.kind));
		word_put(f, end + 1, time_ns);
		word_put(f, end + 2, change.key.len);
		put_key(f, end + HEAD_WORDS, change.key);
		end += need;
	}
	/* pairs with the acquire in feed_next: who sees the end sees the entries before it */
	atomic_store_explicit(&f->end, end, memory_order_release);
}

/* ---- reading ---- */

/* Whether what was read at the reader's position was the entry that belongs there. */
static bool still_there(const struct feed_reader *r)
{
	return atomic_load_explicit(&r->feed->oldest, memory_order_relaxed) <= r->position;
}

/* -EAGAIN: it was overtaken while it was read. */
static int read_key(struct feed_reader *r, uint64_t len)
{
	buf_clear(&r->key);
	int err = buf_reserve(&r->key, entry_words(len) * WORD);

	if (err)
		return err;
	for (uint64_t at = HEAD_WORDS; at < entry_words(len); at++) {
		uint64_t word = word_get(r->feed, r->position + at);

		buf_add(&r->key, &word, WORD);
	}
	r->key.len = len;
	return still_there(r) ? 0 : -EAGAIN;
}

/* The entry at the reader's position, which is before the end. -EAGAIN as above. */
static int read_entry(struct feed_reader *r, struct feed_entry *ret_entry)
{
	uint64_t tag = word_get(r->feed, r->position);
	uint64_t time_ns = word_get(r->feed, r->position + 1);
	uint64_t len = word_get(r->feed, r->position + 2);

	if (!still_there(r))
		return -EAGAIN;
	if (tag >> 8 < r->next_seqno) { /* passed over */
		r->position += entry_words(len);
		return -EAGAIN;
	}
	int err = read_key(r, len);

	if (err)
		return err;
	*ret_entry = (struct feed_entry){
		.seqno = tag >> 8,
		.time_ns = time_ns,
		.kind = (enum record_kind)(tag & 0xff),
		.key = buf_slice(&r->key),
		.lost = (tag >> 8) - r->next_seqno,
	};
	r->position += entry_words(len);
	r->next_seqno = ret_entry->seqno + 1;
	return 0;
}

int feed_next(struct feed_reader *r, struct feed_entry *ret_entry)
{
	int err;

	do {
		uint64_t end = atomic_load_explicit(&r->feed->end, memory_order_acquire);
		uint64_t oldest = atomic_load_explicit(&r->feed->oldest, memory_order_relaxed);

		r->position = max_of(r->position, oldest);
		/* oldest may be beyond the end: a batch longer than the window is being written */
		if (r->position >= end)
			return -EAGAIN;
		err = read_entry(r, ret_entry);
	} while (err == -EAGAIN);
	return err;
}
