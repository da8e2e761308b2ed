/*
 * Measured workloads on a store: those of LevelDB's db_bench, and the core workloads A to F of YCSB
 * (B. Cooper et al., "Benchmarking Cloud Serving Systems with YCSB", 2010).
 *
 * Thread rule: as each function says.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lsm/base/buf.h"
#include "lsm/base/histogram.h"
#include "lsm/lsm.h"

enum {
	BENCH_KEY_MAX = 32,
	BENCH_SCAN_MAX = 100,    /* records that a scan of workload E reads, 1 to so many */
	BENCH_YCSB_VALUE = 1000, /* ten fields of 100 bytes */
	BENCH_THREADS_MAX = 64,
};

enum bench_op {
	BENCH_READ,
	BENCH_UPDATE, /* puts what is there already */
	BENCH_INSERT, /* puts the next key */
	BENCH_SCAN,   /* seeks, and reads some records */
	BENCH_MODIFY, /* reads, and puts the same key */
	BENCH_DELETE,
	BENCH_STEP,  /* of an iterator */
	BENCH_WHOLE, /* the workload is one call: compact */
	BENCH_OPS,
};

/* Which keys a workload takes. */
enum bench_order {
	BENCH_SEQUENTIAL,
	BENCH_UNIFORM,
	BENCH_HOT,     /* uniform among a hundredth of them */
	BENCH_ZIPFIAN, /* a few much oftener than others, and spread over the key space */
	BENCH_LATEST,  /* those inserted last oftenest */
	BENCH_BACKWARD,
};

struct bench_workload {
	const char *name;
	const char *help;
	unsigned shares[BENCH_OPS]; /* hundredths of the operations */
	enum bench_order order;
	char prefix;        /* of its keys; 0: those of the last fill */
	bool sync;          /* each write waits for the disk */
	bool missing;       /* keys that are not there */
	unsigned divisor;   /* so many times fewer operations; 0: 1 */
	unsigned value_len; /* 0: as the settings say */
	bool is_ycsb;
};

/* All of them; a NULL name ends the list. */
extern const struct bench_workload bench_workloads[];
/* NULL: there is none of that name. */
const struct bench_workload *bench_find(const char *name);

struct bench_settings {
	uint64_t records;    /* that fills put */
	uint64_t operations; /* of the others */
	uint64_t value_len;
	uint64_t seed;
	unsigned threads;
};

struct bench_result {
	const struct bench_workload *workload;
	uint64_t operations, found, bytes; /* done; that found their key; of keys and values */
	double seconds;
	struct histogram_summary latency; /* ns */
};

/* What the workloads of one run share. Zero-initialise but for the borrowed fields, end with
 * bench_done. */
struct bench {
	struct lsm *db;                        /* borrowed */
	const struct bench_settings *settings; /* borrowed */
	char prefix;                           /* of the keys that the last fill put */
	uint64_t filled;                       /* how many they are */
	_Atomic uint64_t ycsb_records;
	struct buf pool; /* owned; values are parts of it */
};

/* Make the pool of values, which LZ4 halves, by the seed. -ENOMEM. */
must_check int bench_begin(struct bench *b);
void bench_done(struct bench *b);
/* Run a workload with a meter; Ctrl-C (interrupt.h) ends it, with what was done as its result. The
 * store's errors; -ENOENT: it reads, and nothing was filled before. One thread, which starts
 * others. */
must_check int bench_run(struct bench *b, const struct bench_workload *w,
			 struct bench_result *ret_result);

/* The first of the workloads that reads what none before it fills; NULL: there is none. */
const struct bench_workload *bench_find_unfilled(const struct bench_workload *const *workloads,
						 size_t count);

/* A table on standard output: the heading, then a line a result. */
void bench_print_heading(void);
void bench_print_result(const struct bench_result *r);
/* One JSON object: settings and results. -ENOMEM. */
must_check int bench_json(const struct bench_settings *settings, const struct bench_result *results,
			  size_t count, struct buf *ret_text);
/* A picture of throughput and latency, as SVG. -ENOMEM. */
must_check int bench_plot(const struct bench_settings *settings, const struct bench_result *results,
			  size_t count, struct buf *ret_text);
