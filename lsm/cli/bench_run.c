#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/clock.h"
#include "lsm/base/error.h"
#include "lsm/base/thread.h"
#include "lsm/cli/bench_keys.h"
#include "lsm/cli/interrupt.h"
#include "lsm/cli/meter.h"

enum {
	POOL_BYTES = 2 << 20,
	POOL_PIECE = 64,  /* so much at random, so much again of the same */
	LOOK_EVERY = 256, /* operations between two looks at meter and signal */
};

int bench_begin(struct bench *b)
{
	struct rng rng;
	int rc = buf_reserve(&b->pool, POOL_BYTES);

	if (rc)
		return rc;
	rng_seed(&rng, b->settings->seed);
	for (size_t at = 0; at + 2 * POOL_PIECE <= POOL_BYTES; at += 2 * POOL_PIECE) {
		rng_fill(&rng, b->pool.ptr + at, POOL_PIECE);
		memset(b->pool.ptr + at + POOL_PIECE, b->pool.ptr[at], POOL_PIECE);
	}
	b->pool.len = POOL_BYTES;
	return 0;
}

void bench_done(struct bench *b)
{
	buf_done(&b->pool);
}

/* One thread of a workload. */
struct worker {
	struct bench *bench; /* borrowed, as are the next four */
	const struct bench_workload *w;
	struct histogram *latency;
	const struct zipf *zipf;
	struct meter *meter;   /* of the first worker; else NULL */
	uint64_t first, count; /* its operations: [first, first + count) */
	uint64_t keys;         /* among which it chooses */
	size_t value_len;
	char prefix;
	struct rng rng;
	struct lsm_iter *it; /* owned; of walks */
	uint64_t done, found, bytes;
	int rc;
	char why[ERROR_TEXT_MAX];
	struct thread thread;
};

static int put(struct worker *k, uint64_t number)
{
	char room[BENCH_KEY_MAX];
	struct slice key = bench_key(k->prefix, number, false, room);
	const uint8_t *from =
		k->bench->pool.ptr + rng_below(&k->rng, POOL_BYTES - k->value_len + 1);
	const struct lsm_write_options options = {.sync = k->w->sync};

	k->bytes += key.len + k->value_len;
	return lsm_put(k->bench->db, key, slice_of(from, k->value_len), &options);
}

static int get(struct worker *k, uint64_t number)
{
	char room[BENCH_KEY_MAX];
	struct slice key = bench_key(k->prefix, number, k->w->missing, room);
	struct lsm_record record;
	int rc = lsm_get(k->bench->db, key, NULL, &record);

	if (rc)
		return rc == -ENOENT ? 0 : rc;
	k->found++;
	k->bytes += key.len + record.value.len;
	lsm_record_release(&record);
	return 0;
}

static int delete_key(struct worker *k, uint64_t number)
{
	char room[BENCH_KEY_MAX];

	return lsm_delete(k->bench->db, bench_key(k->prefix, number, false, room), NULL);
}

/* The value that the iterator stands on. */
static int look(struct worker *k, struct lsm_iter *it)
{
	struct slice value;
	int rc = lsm_iter_value(it, &value);

	if (rc)
		return rc;
	k->bytes += lsm_iter_record(it)->key.len + value.len;
	return 0;
}

static int scan(struct worker *k, uint64_t number)
{
	uint64_t left = k->w->is_ycsb ? 1 + rng_below(&k->rng, BENCH_SCAN_MAX) : 1;
	char room[BENCH_KEY_MAX];
	struct lsm_iter *it;
	int rc = lsm_iter_new(k->bench->db, NULL, &it);

	if (rc)
		return rc;
	lsm_iter_seek(it, bench_key(k->prefix, number, false, room));
	k->found += lsm_iter_valid(it);
	while (!rc && left-- > 0 && lsm_iter_valid(it)) {
		rc = look(k, it);
		lsm_iter_next(it);
	}
	if (!rc)
		rc = lsm_iter_status(it);
	lsm_iter_free(it);
	return rc;
}

/* A walk begins anew at its end. */
static int step(struct worker *k)
{
	bool backward = k->w->order == BENCH_BACKWARD;
	int rc = k->it ? 0 : lsm_iter_new(k->bench->db, NULL, &k->it);

	if (rc)
		return rc;
	if (lsm_iter_valid(k->it) && backward)
		lsm_iter_prev(k->it);
	else if (lsm_iter_valid(k->it))
		lsm_iter_next(k->it);
	if (!lsm_iter_valid(k->it)) {
		rc = lsm_iter_status(k->it);
		if (rc)
			return rc;
		if (backward)
			lsm_iter_last(k->it);
		else
			lsm_iter_first(k->it);
	}
	if (!lsm_iter_valid(k->it))
		return lsm_iter_status(k->it);
	k->found++;
	return look(k, k->it);
}

static enum bench_op choose(struct worker *k)
{
	unsigned at = (unsigned)rng_below(&k->rng, 100), sum = 0;

	for (int op = 0; op < BENCH_OPS; op++) {
		sum += k->w->shares[op];
		if (at < sum)
			return (enum bench_op)op;
	}
	return BENCH_READ;
}

static int insert(struct worker *k, uint64_t i)
{
	bool is_load = k->w->shares[BENCH_INSERT] == 100;

	/* relaxed: a number of its own is all that each wants */
	if (k->w->is_ycsb && !is_load)
		i = atomic_fetch_add_explicit(&k->bench->ycsb_records, 1, memory_order_relaxed);
	return put(k, i);
}

static int operate(struct worker *k, uint64_t i)
{
	enum bench_op op = choose(k);
	uint64_t number = bench_key_number(k->w->order, k->zipf, &k->rng, i, k->keys);
	int rc;

	switch (op) {
	case BENCH_READ:
		return get(k, number);
	case BENCH_UPDATE:
		return put(k, number);
	case BENCH_INSERT:
		return insert(k, i);
	case BENCH_SCAN:
		return scan(k, number);
	case BENCH_MODIFY:
		rc = get(k, number);
		return rc ? rc : put(k, number);
	case BENCH_DELETE:
		return delete_key(k, number);
	case BENCH_STEP:
		return step(k);
	case BENCH_WHOLE:
		return lsm_compact(k->bench->db, (struct slice){0}, (struct slice){0});
	case BENCH_OPS:
		break;
	}
	return 0;
}

static void work(void *arg)
{
	struct worker *k = arg;
	uint64_t before_ns = clock_mono_ns();

	for (; k->done < k->count && !k->rc; k->done += !k->rc) {
		if (k->done % LOOK_EVERY == 0) {
			if (interrupted())
				break;
			if (k->meter)
				meter_update(k->meter, k->done * k->bench->settings->threads);
			before_ns = clock_mono_ns();
		}
		k->rc = operate(k, k->first + k->done);
		uint64_t now_ns = clock_mono_ns();

		histogram_record(k->latency, now_ns - before_ns);
		before_ns = now_ns;
	}
	if (k->rc)
		(void)snprintf(k->why, sizeof(k->why), "%s", fail_text());
	lsm_iter_free(k->it);
}

/* Where the operations are fewer than threads, some threads have none. */
static void share(struct worker *workers, unsigned threads, uint64_t operations)
{
	uint64_t first = 0;

	for (unsigned i = 0; i < threads; i++) {
		workers[i].first = first;
		workers[i].count = operations / threads + (i < operations % threads);
		first += workers[i].count;
	}
}

/* This thread is the first worker. */
static int run_workers(struct worker *workers, unsigned threads)
{
	int rc = 0;

	for (unsigned i = 1; i < threads && !rc; i++)
		rc = thread_start(&workers[i].thread, "bench", work, &workers[i]);
	if (!rc)
		work(&workers[0]);
	for (unsigned i = 1; i < threads; i++)
		thread_join(&workers[i].thread);
	for (unsigned i = 0; i < threads && !rc; i++) {
		rc = workers[i].rc;
		if (rc)
			(void)fail(rc, "%s", workers[i].why);
	}
	return rc;
}

static bool fills(const struct bench_workload *w)
{
	return w->prefix && (!w->is_ycsb || w->shares[BENCH_INSERT] == 100);
}

const struct bench_workload *bench_find_unfilled(const struct bench_workload *const *workloads,
						 size_t count)
{
	bool filled = false, ycsb = false;

	for (size_t i = 0; i < count; i++) {
		const struct bench_workload *w = workloads[i];

		if (!fills(w) && !w->shares[BENCH_WHOLE] && !(w->is_ycsb ? ycsb : filled))
			return w;
		filled = filled || fills(w);
		ycsb = ycsb || (fills(w) && w->is_ycsb);
	}
	return NULL;
}

static uint64_t operations_of(const struct bench *b, const struct bench_workload *w)
{
	uint64_t wanted = fills(w) ? b->settings->records : b->settings->operations;

	if (w->shares[BENCH_WHOLE])
		return 1;
	wanted /= w->divisor ? w->divisor : 1;
	return wanted > 0 ? wanted : 1;
}

/* Among how many keys the workload chooses; 0: there are none yet. */
static uint64_t keys_of(struct bench *b, const struct bench_workload *w)
{
	if (fills(w))
		return operations_of(b, w);
	if (w->is_ycsb)
		return atomic_load_explicit(&b->ycsb_records, memory_order_relaxed);
	return w->shares[BENCH_WHOLE] ? 1 : b->filled;
}

static void note_fill(struct bench *b, const struct bench_workload *w, uint64_t done)
{
	if (!fills(w))
		return;
	if (w->is_ycsb)
		atomic_store_explicit(&b->ycsb_records, done, memory_order_relaxed);
	b->prefix = w->prefix;
	b->filled = done;
}

static void sum_up(const struct worker *workers, unsigned threads, struct bench_result *r)
{
	for (unsigned i = 0; i < threads; i++) {
		r->operations += workers[i].done;
		r->found += workers[i].found;
		r->bytes += workers[i].bytes;
	}
}

static void prepare(struct bench *b, const struct worker *model, struct worker *workers,
		    struct meter *meter)
{
	unsigned threads = b->settings->threads;

	for (unsigned i = 0; i < threads; i++) {
		workers[i] = *model;
		rng_seed(&workers[i].rng, b->settings->seed + i);
	}
	workers[0].meter = meter;
	share(workers, threads, operations_of(b, model->w));
}

static int run_with(struct bench *b, const struct worker *model, struct bench_result *r)
{
	unsigned threads = b->settings->threads;
	cleanup_free struct worker *workers = calloc(threads, sizeof(*workers));
	struct meter meter;
	int rc;

	if (!workers)
		return -ENOMEM;
	meter_begin(&meter, model->w->name, HUMAN_COUNT, operations_of(b, model->w));
	prepare(b, model, workers, &meter);
	uint64_t start_ns = clock_mono_ns();

	rc = run_workers(workers, threads);
	r->seconds = (double)(clock_mono_ns() - start_ns) / 1e9;
	meter_end(&meter);
	sum_up(workers, threads, r);
	if (!rc)
		note_fill(b, model->w, r->operations);
	return rc;
}

int bench_run(struct bench *b, const struct bench_workload *w, struct bench_result *ret_result)
{
	cleanup_free struct histogram *latency = calloc(1, sizeof(*latency));
	struct bench_result result = {.workload = w};
	struct zipf zipf = {0};
	struct worker model = {
		.bench = b,
		.w = w,
		.latency = latency,
		.zipf = &zipf,
		.keys = keys_of(b, w),
		.value_len = w->value_len ? w->value_len : b->settings->value_len,
		.prefix = w->prefix ? w->prefix : b->prefix,
	};

	if (!latency)
		return -ENOMEM;
	if (model.keys == 0)
		return fail(-ENOENT, "%s: nothing was filled before", w->name);
	if (w->order == BENCH_ZIPFIAN || w->order == BENCH_LATEST)
		zipf_init(&zipf, model.keys);
	int rc = run_with(b, &model, &result);

	if (rc)
		return rc;
	histogram_summarise(latency, &result.latency);
	*ret_result = result;
	return 0;
}
