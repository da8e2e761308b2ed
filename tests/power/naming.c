#include "tests/power/naming.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	NAME_TEXT = 16,
};

static struct slice name_of(unsigned i, char text[NAME_TEXT])
{
	(void)snprintf(text, NAME_TEXT, "name%u", i);
	return slice_str(text);
}

/* What naming e of name i led to; 0: what was there before all of them. */
static const struct named_world *led_to(const struct namings *n, unsigned i, uint32_t e)
{
	return e > 0 ? &n->world[e] : &n->base[i];
}

static const struct named_world *last_of(const struct namings *n, unsigned i)
{
	uint32_t e = n->tried;

	while (e > 0 && n->name[e] != i)
		e--;
	return led_to(n, i, e);
}

static const char *look(struct lsm *db, unsigned i, struct named_world *ret_found)
{
	char text[NAME_TEXT];
	struct lsm_snapshot *snapshot;
	struct named_world found = {0};
	int err = lsm_snapshot_open(db, name_of(i, text), &snapshot);

	*ret_found = found;
	if (err)
		return err == -ENOENT ? NULL : "a snapshot cannot be opened";
	found.there = true;
	const char *wrong = story_scan(db, snapshot, &found.world);

	lsm_snapshot_release(db, snapshot);
	*ret_found = found;
	return wrong;
}

const char *namings_begin(struct namings *n, struct lsm *db)
{
	const char *wrong = NULL;

	*n = (struct namings){0};
	for (unsigned i = 0; !wrong && i < STORY_NAMES; i++)
		wrong = look(db, i, &n->base[i]);
	return wrong;
}

bool naming_begin(struct namings *n, struct rng *rng, const struct world *now)
{
	unsigned i = (unsigned)rng_below(rng, STORY_NAMES);
	struct named_world next = {0};

	if (n->tried == STORY_NAMINGS_MAX)
		return false;
	if (!last_of(n, i)->there)
		next = (struct named_world){.there = true, .world = *now};
	n->tried++;
	n->name[n->tried] = (uint8_t)i;
	n->world[n->tried] = next;
	return true;
}

int naming_end(const struct namings *n, struct lsm *db)
{
	char text[NAME_TEXT];
	struct slice name = name_of(n->name[n->tried], text);

	return n->world[n->tried].there ? lsm_snapshot_make(db, name) : lsm_snapshot_drop(db, name);
}

static bool same(const struct named_world *a, const struct named_world *b)
{
	return a->there == b->there && memcmp(&a->world, &b->world, sizeof(a->world)) == 0;
}

const char *namings_check(const struct namings *n, const struct naming_promises *promised,
			  struct lsm *db)
{
	const uint32_t begun = promised->begun;

	for (unsigned i = 0; i < STORY_NAMES; i++) {
		struct named_world found;
		const char *wrong = look(db, i, &found);

		if (wrong)
			return wrong;
		if (!same(&found, led_to(n, i, promised->done[i])) &&
		    !(begun && n->name[begun] == i && same(&found, &n->world[begun])))
			return found.there ? "a snapshot that is not as it was made"
					   : "a snapshot is lost";
	}
	return NULL;
}

const char *namings_check_all(const struct namings *n, struct lsm *db)
{
	struct naming_promises all = {0};

	for (uint32_t e = 1; e <= n->tried; e++)
		all.done[n->name[e]] = e;
	return namings_check(n, &all, db);
}
