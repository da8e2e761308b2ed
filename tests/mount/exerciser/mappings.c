#include <string.h>
#include <sys/mman.h>

#include "tests/mount/exerciser/operations.h"

enum {
	PAGE = 4096,
	MAPPED_PAGES_MAX = 64,
};

bool mappings_close(struct exercise *x, struct exercise_mapping *mapping, bool synced)
{
	int answer = 0;

	if (!mapping->node)
		return true;
	if (synced)
		answer = exercise_answer(msync(mapping->at, mapping->len, MS_SYNC));
	if (munmap(mapping->at, mapping->len) != 0 && !answer)
		answer = exercise_answer(-1);
	model_leave(mapping->node);
	mapping->node = NULL;
	return exercise_answers(x, answer, 0);
}

bool op_map(struct exercise *x)
{
	struct exercise_handle *h = files_draw(x, true, true);
	struct exercise_mapping *m = &x->mappings[rng_below(&x->rng, EXERCISE_MAPPINGS)];

	if (!h || h->node->size == 0)
		return !*x->trouble;
	size_t pages = (h->node->size + PAGE - 1) / PAGE;
	size_t first = rng_below(&x->rng, pages);
	size_t count = 1 + rng_below(&x->rng, min_of(pages - first, (size_t)MAPPED_PAGES_MAX));

	exercise_doing(x, "map %s at %zu, %zu pages", h->node->path, first * PAGE, count);
	if (!mappings_close(x, m, false))
		return false;
	void *at = mmap(NULL, count * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, h->fd,
			(off_t)(first * PAGE));

	if (at == MAP_FAILED)
		return exercise_answers(x, exercise_answer(-1), 0);
	model_use(h->node);
	*m = (struct exercise_mapping){
		.at = at, .len = count * PAGE, .offset = first * PAGE, .node = h->node};
	return true;
}

/* How much of the mapping lies within the file: a truncation may have taken it away. */
static size_t mapped_bytes(const struct exercise_mapping *m)
{
	if (!m->node || m->node->size <= m->offset)
		return 0;
	return min_of(m->len, m->node->size - m->offset);
}

bool op_map_write(struct exercise *x)
{
	struct exercise_mapping *m = &x->mappings[rng_below(&x->rng, EXERCISE_MAPPINGS)];
	size_t room = mapped_bytes(m);

	if (room == 0)
		return true;
	size_t at = rng_below(&x->rng, room);
	size_t len = min_of(1 + exercise_length(x), room - at);
	bool synced = exercise_one_in(x, 2);

	rng_fill(&x->rng, x->bytes, len);
	exercise_doing(x, "store %s at %zu, %zu bytes%s", m->node->path, m->offset + at, len,
		       synced ? ", msync" : "");
	memcpy(m->at + at, x->bytes, len);
	model_write(m->node, m->offset + at, x->bytes, len);
	return !synced || exercise_answers(x, exercise_answer(msync(m->at, m->len, MS_SYNC)), 0);
}

bool compare_mapping(struct exercise *x, const struct exercise_mapping *mapping)
{
	return exercise_same(x, mapping->node, mapping->offset, mapping->at, mapped_bytes(mapping));
}

bool op_map_read(struct exercise *x)
{
	struct exercise_mapping *m = &x->mappings[rng_below(&x->rng, EXERCISE_MAPPINGS)];

	if (!m->node)
		return true;
	exercise_doing(x, "load %s at %zu, %zu bytes", m->node->path, m->offset, mapped_bytes(m));
	return compare_mapping(x, m);
}

bool op_unmap(struct exercise *x)
{
	struct exercise_mapping *m = &x->mappings[rng_below(&x->rng, EXERCISE_MAPPINGS)];

	if (m->node)
		exercise_doing(x, "unmap %s", m->node->path);
	return mappings_close(x, m, false);
}
