/*
 * A disk as a recorded list of calls leaves it, and what a power cut can make of it.
 *
 * Per file the bytes as written and as last synced; per folder the names as they are and as last
 * synced, with the changes since in their order (a journal keeps a prefix of them). The cut keeps
 * what was synced, and of the rest what it likes.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/base/rng.h"
#include "lsm/env/env_record.h"

enum {
	DISK_FILES_MAX = 512,
	DISK_CHANGES_MAX = 512,
};

struct disk_file {
	struct buf now;
	struct buf synced;
};

struct disk_name {
	char name[ENV_NAME_MAX + 1];
	int file; /* index, -1: no such name */
};

/* One change of names since the folder's last sync: name now means file. Rename is two in one. */
struct disk_change {
	struct disk_name first, second; /* second.name "" if unused */
};

struct disk {
	struct disk_file files[DISK_FILES_MAX];
	int file_count;
	struct disk_name now[DISK_FILES_MAX], synced[DISK_FILES_MAX];
	int now_count, synced_count;
	struct disk_change pending[DISK_CHANGES_MAX];
	int pending_count;
};

/* What becomes of bytes written since the last sync of their file. */
enum disk_tail {
	DISK_TAIL_NOTHING,
	DISK_TAIL_ALL,
	DISK_TAIL_TORN,    /* a prefix that ends at a multiple of 512 */
	DISK_TAIL_ZEROS,   /* the new size, but zeros from such a place on */
	DISK_TAIL_GARBAGE, /* the new size, but noise from such a place on */
	DISK_TAIL_HOLE,    /* all but one 512-byte sector, which is zeros */
	DISK_TAIL_COUNT,
};

void disk_apply(struct disk *d, const struct env_call *call);
void disk_done(struct disk *d);

/* Cut the power: a fresh in-memory env with the folder `dir` as it would be found. Tail 'tail' for
 * all files, the rest by rng. */
struct env *disk_cut(const struct disk *d, const char *dir, enum disk_tail tail, struct rng *rng);
