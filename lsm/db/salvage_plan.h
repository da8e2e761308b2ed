/*
 * Of which files a damaged store is to be put together again.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/db/salvage_losses.h"
#include "lsm/tree/file_name.h"
#include "lsm/tree/number_list.h"
#include "lsm/tree/snapshot_list.h"

struct salvage_table_info {
	uint64_t number, id;
	uint64_t size_bytes, entries; /* 0: not known */
	struct buf smallest, largest; /* owned; empty: not known */
};

struct salvage_plan {
	bool named; /* by a manifest that is good; else: all that is in the folder */
	bool has_store_id;
	uint64_t store_id;
	int separator;          /* LSM_SEPARATOR_NOTED: not known */
	uint64_t flushed_seqno; /* changes up to it are in tables, not to be taken from logs */
	uint64_t durable_seqno; /* changes up to it were in tables or logs; 0: not known */
	uint64_t newest_seqno;  /* as far as known */
	struct salvage_table_info *tables; /* owned */
	size_t count, cap;
	struct number_list logs;
	struct snapshot_list snapshots; /* that the manifest has names for */
	struct number_list blobs;       /* all that are in the folder */
};

/*
 * Fill a zero-initialised plan; ended with salvage_plan_done, also after an error. The env's
 * errors, -ENOMEM.
 */
must_check int salvage_plan_make(struct env_dir *dir, struct salvage_losses *losses,
				 struct salvage_plan *plan);
void salvage_plan_done(struct salvage_plan *plan);

/* Of a file of the store, as long as it is; 0: that cannot be told. */
uint64_t salvage_file_bytes(struct env_dir *dir, enum file_kind kind, uint64_t number);
/* Add to the work what there is to read: the bytes of the plan's files. */
void salvage_plan_expect(const struct salvage_plan *plan, struct env_dir *dir,
			 struct long_work *work);
