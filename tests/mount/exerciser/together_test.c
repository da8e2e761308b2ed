/*
 * Several processes at once on one mount: each with a folder and a model of its own (exercise.h),
 * and on files that they share (records.h). All of it is compared again after kill -9 and a mount.
 *
 * usage: together_test APEXFS [--processes N] [--operations N] [--plain 1]
 * APEX_SEED chooses what they do, not who comes first. --plain: in a folder without a mount, in
 * TMPDIR.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lsm/base/clock.h"
#include "tests/mount/exerciser/exercise.h"
#include "tests/mount/exerciser/records.h"
#include "tests/support/detach.h"
#include "tests/support/mounted.h"
#include "tests/support/scratch.h"
#include "tests/support/seeds.h"
#include "tests/support/tap.h"

enum {
	PROCESSES_DEFAULT = 4,
	PROCESSES_MAX = 6, /* the guard knows these and the daemon */
	OPERATIONS_DEFAULT = 20000,
	COMPARE_EVERY = 500,
	SHARED_ONE_IN = 3,
	FOLDER_MAX = 512,
};

struct process {
	pid_t pid;
	int said; /* owned: a byte when it has settled */
	int told; /* owned: a byte when it is to compare and end */
};

struct together {
	bool plain;
	char *scratch;          /* owned, if plain */
	struct mounted mounted; /* unless plain */
	const char *place;      /* borrowed: the mount or the plain folder */
	char shared[FOLDER_MAX];
	uint64_t seed;
	uint64_t operations; /* of each process */
	uint32_t count;
	struct process processes[PROCESSES_MAX];
	struct record_counts *counts; /* borrowed: in memory shared with them */
};

/* ---- one of the processes ---- */

static const struct exercise *running;

/* A page of a mapping could not be read. The access that fails is a plain one of ours. */
static _Noreturn void end_by_bus_error(int signal_number)
{
	tap_note("signal %d", signal_number);
	exercise_note(running);
	_exit(EXIT_FAILURE);
}

static bool operate(struct together *t, struct exercise *x, struct records *r)
{
	for (uint64_t i = 1; i <= t->operations; i++) {
		bool good = exercise_step(x);

		if (good && i % SHARED_ONE_IN == 0 && !records_step(r))
			good = exercise_trouble(x, "shared: %s", r->trouble);
		if (good && i % COMPARE_EVERY == 0) {
			good = exercise_compare(x);
			if (!t->plain)
				guard_beat(&t->mounted.guard);
		}
		if (!good)
			return false;
	}
	return exercise_compare(x) && exercise_settle(x);
}

/* Work, say so, wait, compare. */
static _Noreturn void process_run(struct together *t, uint32_t number, int said, int told)
{
	static struct exercise x;
	struct records r;
	char folder[FOLDER_MAX], byte = 0;

	snprintf(folder, sizeof(folder), "%s/process%" PRIu32, t->place, number);
	exercise_begin(&x, folder, t->seed + number);
	x.plain = t->plain;
	records_begin(&r, t->shared, number, t->seed + number, t->counts);
	running = &x;
	signal(SIGBUS, end_by_bus_error);
	bool good = mkdir(folder, 0755) == 0 && operate(t, &x, &r);

	if (good && (write(said, &byte, 1) != 1 || read(told, &byte, 1) != 1))
		_exit(EXIT_FAILURE); /* the test is over */
	good = good && exercise_compare(&x);
	if (!good)
		exercise_note(&x);
	exercise_end(&x);
	exit(good ? EXIT_SUCCESS : EXIT_FAILURE);
}

static int process_start(struct together *t, uint32_t number)
{
	int said[2], told[2];

	if (pipe2(said, O_CLOEXEC) != 0 || pipe2(told, O_CLOEXEC) != 0)
		return -errno;
	fflush(stdout);
	pid_t child = fork();

	if (child < 0)
		return -errno;
	if (child == 0) {
		/* It dies with us; until then it is one more who can tell the guard of progress. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(said[0]);
		close(told[1]);
		process_run(t, number, said[1], told[0]);
	}
	close(said[1]);
	close(told[0]);
	t->processes[number] = (struct process){.pid = child, .said = said[0], .told = told[1]};
	if (!t->plain)
		guard_add(&t->mounted.guard, child);
	return 0;
}

/* Until it has settled; false: it has ended. */
static bool process_settled(const struct process *p)
{
	char byte;

	return read(p->said, &byte, 1) == 1;
}

static bool process_ends_well(struct together *t, struct process *p)
{
	int status = 0;
	char byte = 0;
	ssize_t n = write(p->told, &byte, 1);

	(void)n; /* one that has ended is waited for all the same */
	while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	close(p->said);
	close(p->told);
	if (!t->plain)
		guard_remove(&t->mounted.guard, p->pid);
	if (status != 0)
		tap_note("a process ended with wait status %#x", status);
	return status == 0;
}

/* ---- all of them ---- */

static bool check_shared(struct together *t, const char *when)
{
	struct records r;

	records_begin(&r, t->shared, 0, t->seed, t->counts);
	bool good = records_check(&r);

	if (!good)
		tap_note("seed %" PRIu64 ": %s: %s", t->seed, when, r.trouble);
	return tap_result(good, "shared files are whole %s", when);
}

/* What the processes left is not held: each has settled. */
static int kill_and_mount(struct together *t)
{
	struct mounted_death death;
	int rc = t->plain ? 0 : mounted_kill(&t->mounted, &death);

	if (!rc && !t->plain)
		rc = detach_mounts(t->mounted.point);
	if (!rc && !t->plain)
		rc = mounted_start(&t->mounted, "");
	return rc;
}

static void run_all(struct together *t)
{
	uint64_t start_ns = clock_mono_ns();
	bool good = true, settled = true;
	int rc = records_make(t->shared);

	for (uint32_t i = 0; i < t->count && !rc; i++)
		rc = process_start(t, i);
	if (!tap_result(rc == 0, "seed %" PRIu64 ": %u processes begin (%d)", t->seed, t->count,
			rc))
		return;
	for (uint32_t i = 0; i < t->count; i++)
		settled = process_settled(&t->processes[i]) && settled;
	tap_result(settled,
		   "%" PRIu64 " operations each, %" PRIu64 " on shared files, %" PRIu64 " ms",
		   t->operations, t->counts->operations, (clock_mono_ns() - start_ns) / 1000000);
	if (settled && check_shared(t, "in the end")) {
		rc = kill_and_mount(t);
		tap_result(rc == 0, "killed and mounted (%d)", rc);
		check_shared(t, "after kill -9");
	}
	for (uint32_t i = 0; i < t->count; i++)
		good = process_ends_well(t, &t->processes[i]) && good;
	tap_result(good, "all folders are as their models, also after kill -9");
}

static void run_mounted(struct together *t, const char *program)
{
	int rc = mounted_begin(&t->mounted, program, "apexfs-together");

	if (!tap_result(rc == 0, "a scratch folder (%d)", rc))
		return;
	t->place = t->mounted.point;
	snprintf(t->shared, sizeof(t->shared), "%s/shared", t->place);
	rc = mounted_start(&t->mounted, "memtable.max_size=1m,sstable.target_file_size=1m,"
					"compaction.base_level_size=2m");
	if (tap_result(rc == 0, "mounted (%d)", rc)) {
		run_all(t);
		if (!tap_has_failed())
			tap_result(mounted_stop(&t->mounted) == 0, "unmounted");
		else
			mounted_note_output(&t->mounted);
	}
	mounted_end(&t->mounted, tap_has_failed());
}

static void run_plain(struct together *t)
{
	int rc = scratch_make("together", &t->scratch);

	if (!tap_result(rc == 0, "a scratch folder (%d)", rc))
		return;
	t->place = t->scratch;
	snprintf(t->shared, sizeof(t->shared), "%s/shared", t->place);
	run_all(t);
	ignore_result(scratch_remove(t->scratch)); /* a folder that is left harms nobody */
	free(t->scratch);
}

static void take_arguments(struct together *t, int argc, char **argv)
{
	const char *given = getenv("APEX_SEED");

	for (int i = 2; i + 1 < argc; i += 2) {
		uint64_t value = strtoull(argv[i + 1], NULL, 10);

		if (strcmp(argv[i], "--processes") == 0)
			t->count = (uint32_t)min_of(value, (uint64_t)PROCESSES_MAX);
		else if (strcmp(argv[i], "--operations") == 0)
			t->operations = value;
		else if (strcmp(argv[i], "--plain") == 0)
			t->plain = value;
	}
	t->seed = given ? strtoull(given, NULL, 0) : 1;
}

int main(int argc, char **argv)
{
	static struct together t = {.count = PROCESSES_DEFAULT, .operations = OPERATIONS_DEFAULT};

	t.counts = seeds_share(sizeof(*t.counts));
	if (argc < 2 || !t.counts) {
		fprintf(stderr, "usage: together_test APEXFS [--processes N] [--operations N] "
				"[--plain 1]\n");
		return EXIT_FAILURE;
	}
	take_arguments(&t, argc, argv);
	const char *obstacle = t.plain ? NULL : mounted_obstacle();

	if (obstacle) {
		tap_skip("together", obstacle);
		return tap_end();
	}
	umask(022);
	signal(SIGPIPE, SIG_IGN);
	if (t.plain)
		run_plain(&t);
	else
		run_mounted(&t, argv[1]);
	return tap_end();
}
