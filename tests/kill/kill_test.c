/*
 * The daemon is killed at a random moment under two writers, again and again, in each sync mode:
 * nothing that was acknowledged is lost, no value is half or empty (verdict.h says exactly what may
 * be there).
 *
 * usage: kill_test APEXFS [CYCLES]     (default 20, shared out among the sync modes; 200 is the
 * long form)
 *
 * APEX_SEED chooses what the writers do and when they are interrupted; two runs still differ, as
 * the machine does not wait.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lsm/base/clock.h"
#include "lsm/base/rng.h"
#include "lsm/lsm.h"
#include "tests/kill/folder_found.h"
#include "tests/kill/verdict.h"
#include "tests/kill/writer.h"
#include "tests/support/detach.h"
#include "tests/support/tap.h"

enum {
	WRITERS = 2,
	CYCLES_DEFAULT = 20,
	KILL_MIN_MS = 5,
	KILL_MAX_MS = 60,
	RECOVERY_KILL_MAX_MS = 20,
	RECOVERY_KILL_ONE_IN = 4,
	OPTIONS_MAX = 256,
	NOTED_STATES = 3, /* before the last one, after a failure */
};

static const char *const modes[] = {"always", "batch", "interval", "manual"};

/* One sync mode: a store that lives through all its cycles. */
struct run {
	const char *mode;
	struct mounted mounted;
	struct rng rng;
	struct history *histories[WRITERS];  /* owned */
	struct folder_model models[WRITERS]; /* as the last check found them */
	struct folder_found found;
	uint64_t acked;     /* changes, in all cycles */
	unsigned in_flight; /* changes that nobody acknowledged, and that were there */
	unsigned in_part;   /* appends of which the first of two requests was there */
	unsigned held_lost; /* changes that were held when the daemon was killed */
};

/* ---- the mount ---- */

/* Small sizes bring flushes and compactions under the kill; the defaults never would. */
static void random_options(struct run *r, char ret_options[OPTIONS_MAX])
{
	static const char *const sizes[] = {
		"",
		",memtable.max_size=1m,sstable.target_file_size=1m",
		",memtable.max_size=256k,sstable.target_file_size=256k",
	};

	snprintf(ret_options, OPTIONS_MAX, "wal.sync_mode=%s,compaction.base_level_size=1m%s",
		 r->mode, sizes[rng_below(&r->rng, array_size(sizes))]);
}

static int start(struct run *r)
{
	char options[OPTIONS_MAX];

	random_options(r, options);
	return mounted_start(&r->mounted, options);
}

static void sleep_below(struct run *r, unsigned least_ms, unsigned most_ms)
{
	uint64_t ns = (least_ms + rng_below(&r->rng, most_ms - least_ms + 1)) * UINT64_C(1000000);
	struct timespec moment = {.tv_nsec = (long)ns};

	nanosleep(&moment, NULL);
}

/* A daemon that recovers the store, and does not live to see it mounted, or only just. */
static int interrupt_recovery(struct run *r)
{
	struct mounted_death death;
	char options[OPTIONS_MAX];

	random_options(r, options);
	int rc = mounted_spawn(&r->mounted, options);

	if (rc)
		return rc;
	sleep_below(r, 0, RECOVERY_KILL_MAX_MS);
	return mounted_kill(&r->mounted, &death);
}

/* Half of the time the dead mount is left for the next daemon to take off. */
static int start_after_kill(struct run *r)
{
	int rc = 0;

	if (rng_below(&r->rng, RECOVERY_KILL_ONE_IN) == 0)
		rc = interrupt_recovery(r);
	if (!rc && rng_below(&r->rng, 2))
		rc = detach_mounts(r->mounted.point);
	return rc ? rc : start(r);
}

/* ---- the writers ---- */

static int writer_start(struct run *r, uint32_t writer, pid_t *ret_process)
{
	struct writer_task task = {
		.root = r->mounted.point,
		.model = &r->models[writer],
		.history = r->histories[writer],
		.seed = rng_next(&r->rng),
	};

	history_clear(task.history);
	fflush(stdout);
	pid_t child = fork();

	if (child < 0)
		return -errno;
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		guard_leave(&r->mounted.guard);
		writer_run(&task);
	}
	guard_add(&r->mounted.guard, child);
	*ret_process = child;
	return 0;
}

/* Each ends by itself: the dead daemon's mount answers nothing. */
static int writer_wait(struct run *r, uint32_t writer, pid_t process)
{
	int status;

	while (waitpid(process, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	guard_remove(&r->mounted.guard, process);
	if (status != 0)
		tap_note("writer %" PRIu32 ": wait status %#x", writer, status);
	return status ? -ECHILD : 0;
}

/* Two writers, and the end of the daemon in the midst of what they do. */
static int write_until_killed(struct run *r, struct mounted_death *ret_death)
{
	pid_t processes[WRITERS] = {0};
	int rc = 0;

	for (uint32_t w = 0; w < WRITERS && !rc; w++)
		rc = writer_start(r, w, &processes[w]);
	sleep_below(r, KILL_MIN_MS, KILL_MAX_MS);
	int kill_rc = mounted_kill(&r->mounted, ret_death);

	rc = rc ? rc : kill_rc;
	for (uint32_t w = 0; w < WRITERS; w++) {
		int wait_rc = processes[w] ? writer_wait(r, w, processes[w]) : 0;

		rc = rc ? rc : wait_rc;
	}
	return rc;
}

/* ---- what is there afterwards ---- */

/*
 * The call of a writer may fail only because the daemon was killed. EIO is what the kernel makes of
 * a request that the daemon was killed in the midst of reading (fuse_dev_do_read in fs/fuse/dev.c).
 * Over io_uring (fs/fuse/dev_uring.c) it is EINTR or EFAULT, when its pages could not be had any
 * more, and ECANCELED for a thread that is dead (fuse_uring_send_in_task).
 */
static bool is_by_kill(int error)
{
	static const int known[] = {ENOTCONN, ECONNABORTED, EIO, EINTR, EFAULT, ECANCELED};

	for (size_t i = 0; i < array_size(known); i++) {
		if (error == known[i])
			return true;
	}
	return false;
}

static bool ended_well(const struct run *r, uint32_t writer, const struct mounted_death *death)
{
	const struct history *h = r->histories[writer];

	if (!h->error)
		return true;
	return h->error_ns > death->alive_ns && is_by_kill(h->error);
}

/* False: there is no such state, as its next change is a single request. */
static bool model_after(const struct run *r, uint32_t writer, struct verdict_state state,
			struct folder_model *ret_model)
{
	const struct history *h = r->histories[writer];

	*ret_model = r->models[writer];
	for (uint32_t i = 0; i < state.changes; i++)
		folder_model_apply(ret_model, &h->changes[i]);
	bool exists = !state.part || folder_model_apply_part(ret_model, &h->changes[state.changes]);

	/* No value is ever made twice, whatever became of the first. */
	for (uint32_t i = 0; i < h->started; i++)
		ret_model->next_generation =
			max_of(ret_model->next_generation, h->changes[i].generation + 1);
	return exists;
}

/* Which of the last states it is instead, allowed or not, and how it differs from them. */
static void note_failure(struct run *r, uint32_t writer, const struct mounted_death *death)
{
	const struct history *h = r->histories[writer];
	uint32_t oldest = h->acked > NOTED_STATES ? h->acked - NOTED_STATES : 0;
	char text[FOUND_TEXT_MAX];

	tap_note("writer %" PRIu32 ": %" PRIu32
		 " changes acknowledged; the daemon died within %.3f ms of the kill",
		 writer, h->acked, (double)(death->dead_ns - death->alive_ns) / 1e6);
	history_note(h, writer, death->alive_ns);
	for (uint32_t n = h->started + 1; n > oldest; n--) {
		struct verdict_state state = {.changes = n - 1};
		struct folder_model model;

		ignore_result(model_after(r, writer, state, &model)); /* whole states do exist */
		if (folder_found_differs(&r->found, &model, text))
			tap_note("it is not the state after %" PRIu32 ": %s", n - 1, text);
		else
			tap_note("it is the state after %" PRIu32, n - 1);
	}
}

static void adopt(struct run *r, uint32_t writer, struct verdict_state state,
		  const struct folder_model *model)
{
	uint32_t acked = r->histories[writer]->acked;

	r->models[writer] = *model;
	r->acked += acked;
	r->in_flight += state.changes > acked;
	r->in_part += state.part;
	r->held_lost += state.changes < acked ? acked - state.changes : 0;
}

/* Find which of the allowed states the writer's folder is in, and go on from that. */
static bool settle(struct run *r, uint32_t writer, const struct mounted_death *death)
{
	const struct history *const *histories = (const struct history *const *)r->histories;
	struct verdict v = verdict_of(histories, WRITERS, writer, death);
	char text[FOUND_TEXT_MAX];

	if (!ended_well(r, writer, death)) {
		history_note(histories[writer], writer, death->alive_ns);
		return false;
	}
	if (!folder_found_read(&r->found, r->mounted.point, writer)) {
		tap_note("writer %" PRIu32 ": %s", writer, r->found.trouble);
		history_note(histories[writer], writer, death->alive_ns);
		return false;
	}
	for (unsigned i = 0; i < v.count; i++) {
		struct folder_model model;

		if (!model_after(r, writer, v.states[i], &model) ||
		    folder_found_differs(&r->found, &model, text))
			continue;
		adopt(r, writer, v.states[i], &model);
		return true;
	}
	note_failure(r, writer, death);
	return false;
}

static bool is_unchanged(struct run *r)
{
	char text[FOUND_TEXT_MAX];

	for (uint32_t w = 0; w < WRITERS; w++) {
		if (!folder_found_read(&r->found, r->mounted.point, w)) {
			tap_note("writer %" PRIu32 ": %s", w, r->found.trouble);
			return false;
		}
		if (folder_found_differs(&r->found, &r->models[w], text)) {
			tap_note("writer %" PRIu32 ": %s", w, text);
			return false;
		}
	}
	return true;
}

/* ---- one sync mode ---- */

static bool cycle(struct run *r)
{
	struct mounted_death death;
	int rc = write_until_killed(r, &death);

	if (!rc)
		rc = start_after_kill(r);
	if (rc) {
		tap_note("%s", strerror(-rc));
		return false;
	}
	for (uint32_t w = 0; w < WRITERS; w++) {
		if (!settle(r, w, &death))
			return false;
	}
	return true;
}

static bool cycles(struct run *r, unsigned count)
{
	unsigned done = 0;

	while (done < count && cycle(r))
		done++;
	return tap_result(done == count,
			  "%s: %u of %u kills survived, %" PRIu64
			  " changes acknowledged; unacknowledged but there: %u, in part: %u; held "
			  "and lost: %u",
			  r->mode, done, count, r->acked, r->in_flight, r->in_part, r->held_lost);
}

/* Unmount it, look once more, and let the engine read every byte. */
static bool remains_clean(struct run *r)
{
	int rc = mounted_stop(&r->mounted);

	if (!rc)
		rc = start(r);
	bool same = !rc && is_unchanged(r);

	if (!rc)
		rc = mounted_stop(&r->mounted);
	return tap_result(same && !rc, "%s: the same after a clean unmount (%d)", r->mode, rc);
}

static bool verifies(const struct run *r)
{
	struct lsm_verify_report report = {0};
	struct lsm *db;
	int rc = lsm_open(r->mounted.store, NULL, &db);

	if (!rc) {
		rc = lsm_verify(db, &report);
		int close_rc = lsm_close(db);

		rc = rc ? rc : close_rc;
	}
	return tap_result(rc == 0, "%s: verified, %" PRIu64 " tables, %" PRIu64 " log records%s%s",
			  r->mode, report.tables, report.log_records, rc ? ": " : "",
			  rc ? lsm_error_text() : "");
}

static int folders_make(struct run *r)
{
	for (uint32_t w = 0; w < WRITERS; w++) {
		char name[FOLDER_NAME_MAX];
		char path[512];

		folder_top_name(w, name);
		folder_model_init(&r->models[w], w);
		snprintf(path, sizeof(path), "%s/%s", r->mounted.point, name);
		if (mkdir(path, 0755) != 0)
			return -errno;
	}
	return 0;
}

static int run_begin(struct run *r, const char *program)
{
	for (uint32_t w = 0; w < WRITERS; w++) {
		r->histories[w] = history_new();
		if (!r->histories[w])
			return -ENOMEM;
	}
	return mounted_begin(&r->mounted, program, "apexfs-kill");
}

static void run_end(struct run *r)
{
	folder_found_done(&r->found);
	for (uint32_t w = 0; w < WRITERS; w++)
		history_free(r->histories[w]);
}

static bool run_mounted(struct run *r, unsigned count)
{
	int rc = start(r);

	if (!rc)
		rc = folders_make(r);
	if (rc)
		return tap_result(false, "%s: a first mount: %s", r->mode, strerror(-rc));
	return cycles(r, count) && remains_clean(r) && verifies(r);
}

static void run_mode(const char *program, const char *mode, uint64_t seed, unsigned count)
{
	struct run r = {.mode = mode};

	rng_seed(&r.rng, seed);
	int rc = run_begin(&r, program);

	if (rc) {
		tap_result(false, "%s: a scratch folder: %s", mode, strerror(-rc));
	} else {
		bool good = run_mounted(&r, count);

		mounted_end(&r.mounted, !good);
	}
	run_end(&r);
}

int main(int argc, char **argv)
{
	const char *given = getenv("APEX_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : clock_real_ns();
	unsigned long total = argc > 2 ? strtoul(argv[2], NULL, 10) : CYCLES_DEFAULT;
	unsigned count = (unsigned)(total / array_size(modes));
	const char *obstacle = mounted_obstacle();

	if (argc < 2) {
		fprintf(stderr, "usage: kill_test APEXFS [CYCLES]\n");
		return EXIT_FAILURE;
	}
	if (obstacle) {
		tap_skip("kill", obstacle);
		return tap_end();
	}
	tap_note("APEX_SEED=%" PRIu64, seed);
	for (size_t i = 0; i < array_size(modes); i++)
		run_mode(argv[1], modes[i], seed + i, count ? count : 1);
	return tap_end();
}
