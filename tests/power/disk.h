/*
 * A disk as a recorded list of calls leaves it, and what a power cut can make of it.
 *
 * Per file the bytes as written and as last synced; per folder the names as they are and as last
 * synced, with the changes since. The cut keeps what was synced, and of the rest what it likes: of
 * the names any subset of the changes (each rename whole), of the bytes what enum disk_tail says.
 *
 * Thread rule: one thread.
 */
#pragma once

#include "lsm/base/buf.h"
#include "lsm/base/rng.h"
#include "lsm/env/env_record.h"

enum {
	DISK_FILES_MAX = 1024,
	DISK_NAMES_MAX = 512,
	DISK_CHANGES_MAX = 512,
	DISK_FOLDERS_MAX = 4,
};

struct disk_file {
	struct buf now;
	struct buf synced;
};

struct disk_name {
	uint32_t folder;
	int file; /* index, -1: no such name */
	char name[ENV_NAME_MAX + 1];
};

struct disk_names {
	struct disk_name list[DISK_NAMES_MAX];
	int count;
};

/* One change of names since the folder's last sync: name now means file. Rename is two in one. */
struct disk_change {
	struct disk_name first, second; /* second.name "" if unused */
};

/* Zero-initialise, end with disk_done. */
struct disk {
	struct disk_file files[DISK_FILES_MAX];
	int file_count;
	struct disk_names now, synced;
	struct disk_change pending[DISK_CHANGES_MAX];
	int pending_count;
};

/*
 * What becomes of the 512-byte sectors of a file that were written since its last sync, in the
 * order of their places. Sectors are written whole: the first of them may hold synced bytes, so it
 * is old or new.
 */
enum disk_tail {
	DISK_TAIL_NOTHING, /* all are as they were */
	DISK_TAIL_ALL,     /* all are new */
	DISK_TAIL_TORN,    /* new up to some sector; the file ends there if it ended there before */
	DISK_TAIL_ZEROS,   /* the new size, but old, or zeros where nothing was, from there on */
	DISK_TAIL_GARBAGE, /* the new size, but noise from there on */
	DISK_TAIL_HOLE,    /* all are new but one, which is old, or zeros where nothing was */
	DISK_TAIL_MIXED,   /* each is new or old (or zeros) */
	DISK_TAIL_COUNT,
	DISK_TAIL_ANY = DISK_TAIL_COUNT, /* each file has one of the above */
};

void disk_apply(struct disk *d, const struct env_call *call);
/* Take in what an env_mem has in these folders, as synced; the disk is empty. */
void disk_load(struct disk *d, struct env *env, const char *const *folders, size_t folder_count);
/* Make the empty disk a copy, with all that is not synced. */
void disk_copy(struct disk *d, const struct disk *from);
void disk_done(struct disk *d);

/*
 * Cut the power: a fresh in-memory env with the folders as they would be found. With
 * DISK_TAIL_NOTHING no unsynced name is kept, with DISK_TAIL_ALL each is, else a random subset.
 */
struct env *disk_cut(const struct disk *d, const char *const *folders, enum disk_tail tail,
		     struct rng *rng);
