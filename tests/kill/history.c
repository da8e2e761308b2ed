#include "tests/kill/history.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "lsm/base/clock.h"
#include "tests/support/tap.h"

enum {
	NOTED_MAX = 6,
};

struct history *history_new(void)
{
	void *memory = mmap(NULL, sizeof(struct history), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

void history_free(struct history *h)
{
	if (h)
		munmap(h, sizeof(*h));
}

void history_clear(struct history *h)
{
	h->started = 0;
	h->acked = 0;
	h->error = 0;
	h->error_ns = 0;
	h->call[0] = '\0';
}

void history_start(struct history *h, const struct change *change)
{
	assert(h->started < HISTORY_MAX && h->started == h->acked);
	struct change *entry = &h->changes[h->started];

	*entry = *change;
	entry->ack_ns = 0;
	entry->start_ns = clock_mono_ns();
	h->started++;
}

void history_ack(struct history *h)
{
	assert(h->started == h->acked + 1);
	h->changes[h->acked].ack_ns = clock_mono_ns();
	h->acked++;
}

void history_fail(struct history *h, const char *call, int error)
{
	h->error = error;
	h->error_ns = clock_mono_ns();
	snprintf(h->call, sizeof(h->call), "%s", call);
}

const struct change *history_in_flight(const struct history *h)
{
	return h->started > h->acked ? &h->changes[h->acked] : NULL;
}

const struct change *history_last_acked(const struct history *h)
{
	return h->acked > 0 ? &h->changes[h->acked - 1] : NULL;
}

static double ms_before(uint64_t now_ns, uint64_t then_ns)
{
	return ((double)now_ns - (double)then_ns) / 1e6;
}

void history_note(const struct history *h, uint32_t writer, uint64_t now_ns)
{
	static const char *const kinds[CHANGE_KINDS] = {
		[CHANGE_CREATE] = "create",     [CHANGE_CREATE_EXCLUSIVE] = "create exclusively",
		[CHANGE_TRUNCATE] = "truncate", [CHANGE_WRITE] = "write",
		[CHANGE_APPEND] = "append",     [CHANGE_RENAME] = "rename",
		[CHANGE_UNLINK] = "unlink",     [CHANGE_MKDIR] = "mkdir",
		[CHANGE_RMDIR] = "rmdir",       [CHANGE_SYNC] = "fsync",
	};
	uint32_t first = h->started > NOTED_MAX ? h->started - NOTED_MAX : 0;

	for (uint32_t i = first; i < h->started; i++) {
		const struct change *c = &h->changes[i];

		tap_note("writer %" PRIu32 " change %" PRIu32 ": %s file %" PRIu32 " to %" PRIu32
			 " generation %" PRIu64 " length %" PRIu32
			 ", begun %.3f ms before the kill",
			 writer, i, kinds[c->kind], c->file, c->other, c->generation, c->len,
			 ms_before(now_ns, c->start_ns));
		if (c->ack_ns)
			tap_note("  acknowledged %.3f ms before the kill",
				 ms_before(now_ns, c->ack_ns));
	}
	if (h->error)
		tap_note("writer %" PRIu32 ": %s failed: %s, %.3f ms before the kill", writer,
			 h->call, strerror(h->error), ms_before(now_ns, h->error_ns));
}
