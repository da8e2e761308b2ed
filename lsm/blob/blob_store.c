#include "lsm/blob/blob_store.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/array.h"
#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/blob/blob_store_impl.h"

void blob_file_name(uint64_t number, char *ret_name)
{
	(void)snprintf(ret_name, ENV_NAME_MAX + 1, "%06" PRIu64 ".blob", number); /* 25 at most */
}

int blob_store_new(struct env_dir *dir, const struct blob_options *options, struct blob_owner owner,
		   struct blob_store **ret_store)
{
	assert(options->chunk_bytes >= 1 && options->chunk_bytes <= BLOB_CHUNK_MAX);
	assert(options->writers >= 1 && options->writers <= BLOB_WRITERS_MAX);

	struct blob_store *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->dir = dir;
	s->options = *options;
	s->owner = owner;
	for (unsigned i = 0; i < options->writers; i++)
		mutex_init(&s->writers[i].mu, RANK_BLOB_WRITER);
	helper_init(&s->helper, "lsm-blob");
	mutex_init(&s->sync_mu, RANK_BLOB_SYNC);
	mutex_init(&s->mu, RANK_BLOB);
	ring_init(&s->idle);
	ring_init(&s->dirty);
	ring_init(&s->obsolete);
	*ret_store = s;
	return 0;
}

const struct blob_options *blob_store_options(const struct blob_store *s)
{
	return &s->options;
}

struct helper *blob_store_helper(struct blob_store *s)
{
	return s->options.alone ? NULL : &s->helper;
}

static void file_free(struct blob_file *f)
{
	env_file_close(f->reader);
	env_file_close(f->appender);
	free(f);
}

void blob_store_free(struct blob_store *s)
{
	struct ring_link *l;

	if (!s)
		return;
	helper_done(&s->helper);
	while ((l = ring_take(&s->obsolete)))
		file_free(container_of(l, struct blob_file, obsolete));
	for (size_t i = 0; i < s->file_count; i++)
		file_free(s->files[i]);
	free(s->files);
	for (unsigned i = 0; i < s->spare_count; i++)
		buf_done(&s->spares[i]);
	for (unsigned i = 0; i < s->options.writers; i++)
		mutex_done(&s->writers[i].mu);
	mutex_done(&s->sync_mu);
	mutex_done(&s->mu);
	free(s);
}

/* The place of the first file of that number or a higher one. */
static size_t place_locked(const struct blob_store *s, uint64_t number)
{
	size_t low = 0, high = s->file_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->files[middle]->number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct blob_file *blob_find_locked(const struct blob_store *s, uint64_t number)
{
	size_t i = place_locked(s, number);

	return i < s->file_count && s->files[i]->number == number ? s->files[i] : NULL;
}

static int make_room_locked(struct blob_store *s)
{
	struct blob_file **grown =
		array_grow(s->files, &s->file_cap, s->file_count + 1, sizeof(struct blob_file *));

	if (!grown)
		return -ENOMEM;
	s->files = grown;
	return 0;
}

int blob_file_new_locked(struct blob_store *s, uint64_t number, uint64_t bytes,
			 struct blob_file **ret_file)
{
	size_t i = place_locked(s, number);

	if (i < s->file_count && s->files[i]->number == number)
		return fail(-EEXIST, "%06" PRIu64 ".blob: known already", number);
	if (make_room_locked(s))
		return -ENOMEM;

	struct blob_file *f = calloc(1, sizeof(*f));

	if (!f)
		return -ENOMEM;
	f->store = s;
	f->number = number;
	f->references = 1;
	atomic_init(&f->bytes, bytes);
	/* Nearly always at the end: numbers grow. */
	memmove(&s->files[i + 1], &s->files[i], (s->file_count - i) * sizeof(struct blob_file *));
	s->files[i] = f;
	s->file_count++;
	blob_count_locked(&s->counters.files, 1);
	blob_count_locked(&s->counters.bytes, bytes);
	*ret_file = f;
	return 0;
}

int blob_store_add(struct blob_store *s, uint64_t number, uint64_t bytes,
		   struct blob_file **ret_file)
{
	mutex_guard(&s->mu);
	struct blob_file *f = blob_find_locked(s, number);

	if (!f)
		return blob_file_new_locked(s, number, bytes, ret_file);
	f->references++;
	*ret_file = f;
	return 0;
}

int blob_store_find(struct blob_store *s, uint64_t number, struct blob_file **ret_file)
{
	mutex_guard(&s->mu);
	struct blob_file *f = blob_find_locked(s, number);

	if (!f)
		return -ENOENT;
	f->references++;
	*ret_file = f;
	return 0;
}

struct blob_file *blob_file_ref(struct blob_file *f)
{
	mutex_guard(&f->store->mu);

	assert(f->references > 0);
	f->references++;
	return f;
}

uint64_t blob_file_references(struct blob_file *f)
{
	mutex_guard(&f->store->mu);

	return f->references;
}

static void become_obsolete_locked(struct blob_file *f)
{
	struct blob_store *s = f->store;
	size_t i = place_locked(s, f->number);

	assert(i < s->file_count && s->files[i] == f);
	assert(f->readers == 0 && !f->appending && !f->syncing);
	s->file_count--;
	memmove(&s->files[i], &s->files[i + 1], (s->file_count - i) * sizeof(struct blob_file *));
	if (ring_link_used(&f->dirty))
		ring_remove(&s->dirty, &f->dirty);
	ring_add(&s->obsolete, &f->obsolete);
	blob_uncount_locked(&s->counters.files, 1);
	blob_uncount_locked(&s->counters.bytes,
			    atomic_load_explicit(&f->bytes, memory_order_relaxed));
}

void blob_unref_locked(struct blob_file *f)
{
	assert(f->references > 0);
	if (--f->references == 0)
		become_obsolete_locked(f);
}

void blob_file_unref(struct blob_file *f)
{
	if (!f)
		return;

	mutex_guard(&f->store->mu);

	blob_unref_locked(f);
}

/* The next to remove, now at rest and in no ring; NULL: none. */
static struct blob_file *take_obsolete(struct blob_store *s)
{
	mutex_guard(&s->mu);
	struct ring_link *l = ring_take(&s->obsolete);

	if (!l)
		return NULL;
	struct blob_file *f = container_of(l, struct blob_file, obsolete);
	if (ring_link_used(&f->idle)) {
		ring_remove(&s->idle, &f->idle);
		blob_uncount_locked(&s->counters.open_files, 1);
	}
	return f;
}

/* An open file would keep its blocks allocated, so it is closed, whatever comes of the removal. */
static bool remove_file(struct blob_store *s, struct blob_file *f)
{
	char name[ENV_NAME_MAX + 1];

	env_file_close(move_ptr(&f->reader));
	env_file_close(move_ptr(&f->appender));
	blob_file_name(f->number, name);
	int rc = env_dir_unlink(s->dir, name);
	return rc == 0 || rc == -ENOENT;
}

void blob_store_purge(struct blob_store *s)
{
	struct blob_file *f;

	blob_complete_dead(s);
	/* Those that stay are put back at the end: each is tried once. */
	mutex_lock(&s->mu);
	size_t left = s->obsolete.count;
	mutex_unlock(&s->mu);

	for (; left > 0 && (f = take_obsolete(s)); left--) {
		if (remove_file(s, f)) {
			free(f);
			continue;
		}
		mutex_guard(&s->mu);
		ring_add(&s->obsolete, &f->obsolete);
	}
}

static uint64_t counted(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void blob_store_stats(struct blob_store *s, struct blob_stats *ret_stats)
{
	const struct blob_counters *c = &s->counters;

	*ret_stats = (struct blob_stats){
		.files = counted(&c->files),
		.bytes = counted(&c->bytes),
		.written_bytes = counted(&c->written_bytes),
		.written_raw_bytes = counted(&c->written_raw_bytes),
		.chunks_written = counted(&c->chunks_written),
		.chunks_read = counted(&c->chunks_read),
		.read_bytes = counted(&c->read_bytes),
		.checksum_errors = counted(&c->checksum_errors),
		.checksums = counted(&c->checksums),
		.syncs = counted(&c->syncs),
		.open_files = counted(&c->open_files),
	};
}

struct buf blob_spare_take(struct blob_store *s)
{
	mutex_guard(&s->mu);

	if (s->spare_count == 0)
		return (struct buf){0};
	return s->spares[--s->spare_count];
}

/* Fresh pages cost more than what is done in them: memory is kept. */
void blob_spare_give(struct blob_store *s, struct buf *b)
{
	buf_clear(b);
	mutex_lock(&s->mu);
	if (s->spare_count < BLOB_SPARES_MAX && b->cap > 0 && b->cap <= BLOB_SPARE_BYTES_MAX) {
		s->spares[s->spare_count++] = *b;
		*b = (struct buf){0};
	}
	mutex_unlock(&s->mu);
	buf_done(b);
}
