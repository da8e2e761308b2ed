/*
 * A folder of the in-memory file system: its names as they are and as last synced.
 *
 * Private to env_mem*.c. Thread rule: everything here is called with the env's mutex held.
 */
#pragma once

#include "lsm/env/env_mem_node.h"

/* One name; both columns in one row, so that losing power is a copy that allocates nothing. */
struct mem_name {
	char text[ENV_NAME_MAX + 1];
	struct mem_node *now;    /* counted in name_count; NULL: no such file */
	struct mem_node *synced; /* counted in synced_count; NULL: was not there at the last sync */
};

struct mem_folder {
	struct mem_folder *next;
	char *path;             /* owned; without slashes at its end */
	struct mem_name *names; /* owned; unsorted. A row moves when another is added or dropped */
	size_t count;
	size_t cap;
};

/* A folder without names. NULL: out of memory. */
struct mem_folder *mem_folder_new(struct slice path);

/* The names are dropped, and with them the files that nothing else refers to. */
void mem_folder_free(struct mem_disk *disk, struct mem_folder *f);

/* Whether path, whatever slashes end it, names this folder. */
bool mem_folder_is(const struct mem_folder *f, struct slice path);

/* Whether path names this folder or one below it. */
bool mem_folder_holds(const struct mem_folder *f, struct slice path);

/* The file that has this name now; NULL: none. */
struct mem_node *mem_folder_find(const struct mem_folder *f, const char *name);

/* The row for this name, added when there is none; NULL: out of memory. Good until the next call.
 */
struct mem_name *mem_folder_row(struct mem_folder *f, const char *name);

/* Make the name lead to node from now on (NULL: nowhere). */
void mem_name_set_now(struct mem_disk *disk, struct mem_name *row, struct mem_node *node);

/* The name, or its absence, survives a power cut. */
void mem_name_sync(struct mem_disk *disk, struct mem_name *row);

/* mem_name_sync for each. */
void mem_folder_sync(struct mem_disk *disk, struct mem_folder *f);

/* Go back to the synced names; their files' bytes are mem_node_revert's business. */
void mem_folder_revert(struct mem_disk *disk, struct mem_folder *f);
