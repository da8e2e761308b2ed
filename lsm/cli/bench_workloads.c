#include "lsm/cli/bench.h"

#define EACH(op)                                                                                   \
	{                                                                                          \
		[op] = 100                                                                         \
	}

/* YCSB names its keys by a hash of their number, so that inserts are spread; ours by the number:
 * what is drawn is spread instead (BENCH_ZIPFIAN). */
const struct bench_workload bench_workloads[] = {
	{"fillseq", "put keys in order", EACH(BENCH_INSERT), .order = BENCH_SEQUENTIAL,
	 .prefix = 's'},
	{"fillsync", "put keys, each synced; a hundredth of them", EACH(BENCH_INSERT),
	 .order = BENCH_SEQUENTIAL, .prefix = 'y', .sync = true, .divisor = 100},
	{"fillrandom", "put keys at random", EACH(BENCH_UPDATE), .order = BENCH_UNIFORM,
	 .prefix = 'r'},
	{"overwrite", "put keys that are there, at random", EACH(BENCH_UPDATE),
	 .order = BENCH_UNIFORM},
	{"fill100K", "put values of 100 KB; a thousandth of the keys", EACH(BENCH_INSERT),
	 .order = BENCH_SEQUENTIAL, .prefix = 'k', .divisor = 1000, .value_len = 100000},
	{"readseq", "walk forward", EACH(BENCH_STEP), .order = BENCH_SEQUENTIAL},
	{"readreverse", "walk backward", EACH(BENCH_STEP), .order = BENCH_BACKWARD},
	{"readrandom", "get keys at random", EACH(BENCH_READ), .order = BENCH_UNIFORM},
	{"readmissing", "get keys that are not there", EACH(BENCH_READ), .order = BENCH_UNIFORM,
	 .missing = true},
	{"readhot", "get keys of a hundredth", EACH(BENCH_READ), .order = BENCH_HOT},
	{"seekrandom", "seek at random and read a record", EACH(BENCH_SCAN),
	 .order = BENCH_UNIFORM},
	{"deleteseq", "delete keys in order", EACH(BENCH_DELETE), .order = BENCH_SEQUENTIAL},
	{"deleterandom", "delete keys at random", EACH(BENCH_DELETE), .order = BENCH_UNIFORM},
	{"compact", "compact all", EACH(BENCH_WHOLE), .order = BENCH_SEQUENTIAL},
	{"ycsb-load", "put the records of YCSB", EACH(BENCH_INSERT), .order = BENCH_SEQUENTIAL,
	 .prefix = 'u', .value_len = BENCH_YCSB_VALUE, .is_ycsb = true},
	{"ycsb-a",
	 "half reads, half updates, zipfian",
	 {[BENCH_READ] = 50, [BENCH_UPDATE] = 50},
	 .order = BENCH_ZIPFIAN,
	 .prefix = 'u',
	 .value_len = BENCH_YCSB_VALUE,
	 .is_ycsb = true},
	{"ycsb-b",
	 "95 % reads, 5 % updates, zipfian",
	 {[BENCH_READ] = 95, [BENCH_UPDATE] = 5},
	 .order = BENCH_ZIPFIAN,
	 .prefix = 'u',
	 .value_len = BENCH_YCSB_VALUE,
	 .is_ycsb = true},
	{"ycsb-c", "reads, zipfian", EACH(BENCH_READ), .order = BENCH_ZIPFIAN, .prefix = 'u',
	 .value_len = BENCH_YCSB_VALUE, .is_ycsb = true},
	{"ycsb-d",
	 "95 % reads of the latest, 5 % inserts",
	 {[BENCH_READ] = 95, [BENCH_INSERT] = 5},
	 .order = BENCH_LATEST,
	 .prefix = 'u',
	 .value_len = BENCH_YCSB_VALUE,
	 .is_ycsb = true},
	{"ycsb-e",
	 "95 % scans of up to 100, 5 % inserts",
	 {[BENCH_SCAN] = 95, [BENCH_INSERT] = 5},
	 .order = BENCH_ZIPFIAN,
	 .prefix = 'u',
	 .divisor = 10,
	 .value_len = BENCH_YCSB_VALUE,
	 .is_ycsb = true},
	{"ycsb-f",
	 "half reads, half read, modify, write",
	 {[BENCH_READ] = 50, [BENCH_MODIFY] = 50},
	 .order = BENCH_ZIPFIAN,
	 .prefix = 'u',
	 .value_len = BENCH_YCSB_VALUE,
	 .is_ycsb = true},
	{0},
};

const struct bench_workload *bench_find(const char *name)
{
	for (const struct bench_workload *w = bench_workloads; w->name; w++) {
		if (strcmp(w->name, name) == 0)
			return w;
	}
	return NULL;
}
