/*
 * Following changes. The window (lsm/db/feed.h) is there while somebody watches; who commits finds
 * it, or nothing, under the mutex that it holds anyway.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "lsm/base/cleanup.h"
#include "lsm/db/db.h"
#include "lsm/db/feed.h"

struct lsm_watch {
	struct lsm *db; /* borrowed */
	struct feed_reader reader;
};

static_assert((int)LSM_WATCH_BYTES_MIN == (int)FEED_BYTES_MIN, "lsm.h says what the window takes");
static_assert((int)LSM_WATCH_BYTES_MAX == (int)FEED_BYTES_MAX, "lsm.h says what the window takes");

/* fresh: a window, used (and NULL afterwards) if there is none yet. */
static void attach(struct lsm *db, struct lsm_watch *w, struct feed **fresh)
{
	mutex_guard(&db->write_mu);

	if (!db->feed)
		db->feed = move_ptr(fresh);
	db->watchers++;
	w->reader.feed = db->feed;
	w->reader.position = atomic_load_explicit(&db->feed->end, memory_order_relaxed);
	w->reader.next_seqno = db->last_seqno + 1;
}

int lsm_watch_open(struct lsm *db, uint64_t window_bytes, struct lsm_watch **ret_watch)
{
	if (window_bytes < LSM_WATCH_BYTES_MIN || window_bytes > LSM_WATCH_BYTES_MAX)
		return fail(-EINVAL, "a window of %llu bytes: not %d to %d",
			    (unsigned long long)window_bytes, LSM_WATCH_BYTES_MIN,
			    LSM_WATCH_BYTES_MAX);
	cleanup_free struct feed *fresh = feed_new(window_bytes);
	struct lsm_watch *w = calloc(1, sizeof(*w));

	if (!fresh || !w) {
		free(w);
		return -ENOMEM;
	}
	w->db = db;
	attach(db, w, &fresh);
	*ret_watch = w;
	return 0;
}

void lsm_watch_close(struct lsm_watch *watch)
{
	struct feed *unused = NULL;

	if (!watch)
		return;
	mutex_lock(&watch->db->write_mu);
	if (--watch->db->watchers == 0) {
		unused = watch->db->feed;
		watch->db->feed = NULL;
	}
	mutex_unlock(&watch->db->write_mu);
	free(unused);
	buf_done(&watch->reader.key);
	free(watch);
}

void lsm_watch_seek(struct lsm_watch *watch, uint64_t seqno)
{
	watch->reader.position = 0;
	watch->reader.next_seqno = seqno;
}

static enum lsm_change_kind kind_of(enum record_kind kind)
{
	switch (kind) {
	case RECORD_DELETE:
		return LSM_CHANGE_DELETE;
	case RECORD_PATCH:
		return LSM_CHANGE_PATCH;
	case RECORD_PUT:
	case RECORD_LARGE:
		break;
	}
	return LSM_CHANGE_PUT;
}

int lsm_watch_next(struct lsm_watch *watch, struct lsm_change *ret_change)
{
	struct feed_entry entry;
	int err = feed_next(&watch->reader, &entry);

	if (err)
		return err;
	*ret_change = (struct lsm_change){
		.seqno = entry.seqno,
		.time_ns = entry.time_ns,
		.kind = kind_of(entry.kind),
		.key = entry.key,
		.lost = entry.lost,
	};
	return 0;
}
