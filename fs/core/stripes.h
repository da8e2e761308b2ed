/*
 * Locks on names: a key and the folder of the same name share one of a fixed number of mutexes. A
 * change holds the stripes of all names it depends on (its own, its folder's), so whoever holds a
 * stripe sees its names stand still.
 *
 * A stripe also knows when something under it last changed, as a ticket from one counter. A ticket
 * is drawn at the beginning and at the end of a change: something read from the store after a
 * ticket t was drawn still holds if the stripe's last change is not after t, unless a change is
 * under way whose answer nobody has seen.
 *
 * The rename of a folder changes all names below it and takes every stripe. It does not lock them
 * all: it raises a flag, passes once through each stripe, and from then on who takes one sees the
 * flag, lets go of it and waits.
 *
 * Thread rule: any thread. Rank RANK_FS_PATH, several in address order (stripes_lock sees to it);
 * RANK_FS_MOVE for all of them.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "fs/core/node_key.h"
#include "lsm/base/mutex.h"

enum {
	STRIPE_COUNT = 512,
	STRIPE_SET_MAX = 4, /* a rename: two names, two folders */
	STRIPE_ALIGN = 64,  /* no two in one cache line */
};

struct stripe {
	struct mutex mu;
	_Atomic uint64_t changed; /* ticket; written under mu */
} __attribute__((aligned(STRIPE_ALIGN)));

struct stripes {
	struct stripe all[STRIPE_COUNT];
	_Atomic uint64_t ticket;
	uint8_t separator;
	struct mutex move_mu; /* RANK_FS_MOVE; held by who has all stripes */
	_Atomic bool all_taken;
};

/* Stripes to lock together. Zero-initialise it. */
struct stripe_set {
	struct stripe *members[STRIPE_SET_MAX];
	unsigned count;
};

void stripes_init(struct stripes *s, uint8_t separator);
void stripes_done(struct stripes *s);

struct stripe *stripe_of(struct stripes *s, const struct node_name *name);

/* Once is enough: a stripe that is in the set stays in it once. */
void stripe_set_add(struct stripe_set *set, struct stripe *stripe);

/* For a change of what the stripes' names are. */
void stripes_lock(struct stripes *s, struct stripe_set *set);
void stripes_unlock(struct stripes *s, struct stripe_set *set);

/* For a change of all names below a folder. No stripe is held, and none is locked until the end. */
void stripes_lock_all(struct stripes *s);
void stripes_unlock_all(struct stripes *s);
/* Whoever has all: after the change of the store, and before names have another meaning, so that
 * nothing that was read between the two holds. */
void stripes_note_all(struct stripes *s);

/* For a look that is to see the stripe's names stand still; no ticket is drawn. */
void stripe_lock(struct stripes *s, struct stripe *stripe);
void stripe_unlock(struct stripe *stripe);

/* The ticket drawn last. */
uint64_t stripes_ticket(struct stripes *s);
uint64_t stripe_changed(struct stripe *stripe);

/*
 * The prefix of the folder, real and not partial, that a folder stands in (itself when it is no
 * partial one); "" for the root. It alone can have a record of its own.
 */
struct slice folder_anchor(uint8_t separator, const struct node_name *folder);
