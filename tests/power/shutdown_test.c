/*
 * Real power cuts: a store on a file system of its own in a loop-mounted image, which is shut down
 * at a random moment under a writer (ext4 and xfs drop then what is not on the disk, log buffers
 * included), mounted again, and opened: it holds a prefix of the writer's history with all that was
 * synced. The writer goes on with the same store, round after round.
 *
 * usage: shutdown_test [SECONDS]: so long for each of the two; APEX_SEED gives the seed. Needs
 * root, loop devices, mkfs.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/types.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lsm/base/clock.h"
#include "lsm/base/log.h"
#include "tests/power/life.h"

#include "tests/support/guard.h"
#include "tests/support/scratch.h"
#include "tests/support/tap.h"

enum {
	TOOL_MISSING = 127,
	MOMENT_US_MAX = 4000,
	ROUNDS_MIN = 3,
};

/*
 * EXT4_IOC_SHUTDOWN of the kernel's fs/ext4/ext4.h and XFS_IOC_GOINGDOWN of xfs_fs.h: one and the
 * same request, and flag 2 says not to write the file system's own log out. xfs_io's "shutdown" is
 * this call.
 */
#define SHUTDOWN_REQUEST _IOR('X', 125, __u32)
#define SHUTDOWN_NO_LOG  2

struct file_system {
	const char *name;
	const char *mkfs;
	const char *quiet;
	off_t image_bytes;
};

static const struct file_system file_systems[] = {
	{"ext4", "mkfs.ext4", "-q", 64 << 20},
	{"xfs", "mkfs.xfs", "-q", 320 << 20},
};

/* What the writer tells the test. */
struct board {
	struct story story;
	_Atomic uint32_t acked, synced;
	_Atomic bool opened;
	struct life_counts counts;
};

struct bed {
	const struct file_system *fs;
	char *folder, *image, *point, *store; /* owned */
	struct guard guard;
	struct board *board;
	struct rng rng;
	uint64_t seed;
	bool mounted;
	bool broken;       /* the image is to be looked at */
	uint32_t promised; /* changes synced before the disk went */
	uint32_t found;    /* changes found last; UINT32_MAX: no prefix */
	uint64_t unsynced; /* changes that were lost, over all rounds: the cuts do cut */
};

/* Run a tool, without its output; its exit status. */
static int run_tool(const char *const argv[])
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execvp(argv[0], (char *const *)argv);
		_exit(TOOL_MISSING);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static bool mount_image(struct bed *b)
{
	const char *const argv[] = {"mount", "-o", "loop", b->image, b->point, NULL};

	b->mounted = run_tool(argv) == 0;
	return b->mounted;
}

static bool unmount_image(struct bed *b)
{
	const char *const argv[] = {"umount", b->point, NULL};

	b->mounted = run_tool(argv) != 0;
	return !b->mounted;
}

/* NULL, or why there is no file system to cut. */
static const char *make_file_system(struct bed *b)
{
	const char *const argv[] = {b->fs->mkfs, b->fs->quiet, b->image, NULL};
	int fd = open(b->image, O_CREAT | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 || ftruncate(fd, b->fs->image_bytes) < 0)
		return "no room for an image";
	close(fd);
	int status = run_tool(argv);

	if (status == TOOL_MISSING)
		return "mkfs is not installed";
	if (status)
		return "mkfs fails";
	return mount_image(b) ? NULL : "no loop mounts here";
}

static bool shut_down(const struct bed *b)
{
	__u32 flags = SHUTDOWN_NO_LOG;
	int fd = open(b->point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool done = fd >= 0 && ioctl(fd, SHUTDOWN_REQUEST, &flags) == 0;

	if (fd >= 0)
		close(fd);
	return done;
}

/* ---- the writer ---- */

static int note_on_board(void *arg, enum life_mark mark, uint32_t n)
{
	struct board *board = arg;

	if (mark == LIFE_OPENED)
		atomic_store(&board->opened, true);
	else if (mark == LIFE_ACKED)
		atomic_store(&board->acked, n);
	else if (mark == LIFE_SYNCED)
		atomic_store(&board->synced, n);
	return 0;
}

static void drop_line(enum log_level level, const char *text)
{
	(void)level;
	(void)text;
}

/* Until the disk fails, or all changes are made. */
static _Noreturn void write_on(struct bed *b)
{
	static const struct life_odds odds = {
		.changes = STORY_CHANGES_MAX - 1,
		.sync = 12,
		.flush = 40,
		.compact = 80,
		.reopen = 80,
		.roll = 30,
	};
	struct life life = {
		.path = b->store,
		.story = &b->board->story,
		.rng = &b->rng,
		.odds = &odds,
		.note = note_on_board,
		.note_arg = b->board,
		.counts = &b->board->counts,
	};

	guard_leave(&b->guard);
	log_set_sink(drop_line); /* that the disk fails is what is to happen */
	if (!life_open(&life))
		(void)life_run(&life);
	_exit(EXIT_SUCCESS); /* without closing: a disk that is gone takes no leave */
}

/* Write, and shut the disk down under it; NULL or what went wrong. */
static const char *write_and_cut(struct bed *b)
{
	uint32_t changes = (uint32_t)rng_below(&b->rng, STORY_CHANGES_MAX / 2);
	uint64_t moment_us = rng_below(&b->rng, MOMENT_US_MAX);
	pid_t writer;
	int status;

	(void)rng_next(&b->rng); /* the writer's copy goes its own way from here */
	writer = fork();
	if (writer == 0)
		write_on(b);
	if (writer < 0)
		return "no process";
	guard_add(&b->guard, writer);
	while (atomic_load(&b->board->acked) < changes && waitpid(writer, &status, WNOHANG) == 0)
		sched_yield();
	uint64_t start = clock_mono_ns();

	while (clock_mono_ns() - start < moment_us * 1000)
		sched_yield();
	/*
	 * Only these are promised. A sync under way in the shutdown may answer 0 and have written
	 * nothing (both file systems do that in Linux 6.18, with a bare write and fdatasync too);
	 * with real power nobody is left to hear that answer.
	 */
	b->promised = atomic_load(&b->board->synced);
	bool down = shut_down(b);

	if (!down)
		(void)kill(writer, SIGKILL); /* it would go on for long */
	(void)waitpid(writer, &status, 0);   /* it may have been waited for already */
	guard_remove(&b->guard, writer);
	guard_beat(&b->guard);
	if (!down)
		return "cannot be shut down";
	return unmount_image(b) && mount_image(b) ? NULL : "cannot be mounted again";
}

/* ---- the check ---- */

/* The most changes after which the world is the one found; UINT32_MAX: none. */
static uint32_t changes_found(const struct story *s, const struct world *found)
{
	for (uint32_t n = s->tried + 1; n-- > 0;)
		if (story_has(s, found, n, n))
			return n;
	return UINT32_MAX;
}

/* The world found is a prefix; the next story begins with it. */
static const char *check_found(struct bed *b, uint64_t round)
{
	struct board *board = b->board;
	struct lsm_verify_report report;
	struct lsm_stats stats;
	struct world found;
	struct life life = {
		.path = b->store,
		.rng = &b->rng,
		.counts = &board->counts,
		.end = LIFE_END_TORN,
	};
	const char *wrong = life_open(&life);
	struct lsm *db = life.db;

	if (wrong)
		return wrong;
	wrong = story_read(db, &found);

	if (!wrong && lsm_verify(db, &report))
		wrong = "does not verify";
	if (!wrong && !story_has(&board->story, &found, b->promised, board->acked + 1))
		wrong = "not a prefix of the history with all that was synced";
	lsm_stats_read(db, &stats);
	if (lsm_close(db) && !wrong)
		wrong = "does not close";
	b->found = changes_found(&board->story, &found);
	if (wrong)
		return wrong;
	b->unsynced += board->acked - min_of(b->found, board->acked);
	board->acked = board->synced = 0;
	story_begin(&board->story, (uint32_t)(round + 1) * 1000 + 1, &found, stats.last_seqno);
	return NULL;
}

static void run_rounds(struct bed *b, uint64_t seconds)
{
	static const struct world empty;
	const char *wrong = NULL;
	uint64_t round = 0, start_ns = clock_mono_ns();
	uint64_t end_ns = start_ns + seconds * UINT64_C(1000000000);

	story_begin(&b->board->story, 1, &empty, 0);
	for (; !wrong && (round < ROUNDS_MIN || clock_mono_ns() < end_ns); round++) {
		wrong = write_and_cut(b);
		if (!wrong)
			wrong = check_found(b, round);
	}
	tap_result(!wrong,
		   "%s: shut down %" PRIu64 " times, %" PRIu64 " unsynced changes lost, %" PRIu64
		   " ms%s%s",
		   b->fs->name, round, b->unsynced, (clock_mono_ns() - start_ns) / 1000000,
		   wrong ? ": " : "", wrong ? wrong : "");
	tap_note("opened with recovery whole %" PRIu64 " times (%" PRIu64
		 " refused, torn), tail %" PRIu64 ", prefix %" PRIu64,
		 b->board->counts.recoveries[LSM_RECOVER_WHOLE], b->board->counts.torn,
		 b->board->counts.recoveries[LSM_RECOVER_TAIL],
		 b->board->counts.recoveries[LSM_RECOVER_PREFIX]);
	if (wrong)
		tap_note("APEX_SEED=%" PRIu64 " round %" PRIu64
			 ": %u tried, %u acknowledged, %u synced, %u found: %s",
			 b->seed, round, b->board->story.tried, b->board->acked, b->promised,
			 b->found, lsm_error_text());
	b->broken = wrong;
}

/* ---- the bed ---- */

static bool bed_names(struct bed *b)
{
	return asprintf(&b->image, "%s/image", b->folder) > 0 &&
	       asprintf(&b->point, "%s/point", b->folder) > 0 &&
	       asprintf(&b->store, "%s/point/store", b->folder) > 0;
}

static void run_on(const struct file_system *fs, uint64_t seed, uint64_t seconds)
{
	struct bed b = {.fs = fs, .seed = seed};

	rng_seed(&b.rng, seed);
	b.board = mmap(NULL, sizeof(*b.board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	int err = b.board == MAP_FAILED ? -ENOMEM : scratch_make("apexfs-shutdown", &b.folder);

	if (err || !bed_names(&b) || mkdir(b.point, 0700) ||
	    guard_begin(&b.guard, b.folder, b.point)) {
		tap_result(false, "%s: a scratch folder", fs->name);
		return;
	}
	const char *obstacle = make_file_system(&b);

	if (obstacle)
		tap_skip(fs->name, obstacle);
	else
		run_rounds(&b, seconds);
	if (b.mounted)
		(void)unmount_image(&b); /* the guard does it otherwise */
	guard_end(&b.guard, b.broken);
	munmap(b.board, sizeof(*b.board));
	free(b.folder);
	free(b.image);
	free(b.point);
	free(b.store);
}

int main(int argc, char **argv)
{
	uint64_t seconds = argc > 1 ? strtoull(argv[1], NULL, 10) : 7;
	const char *given = getenv("APEX_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : clock_real_ns();

	if (geteuid() != 0) {
		tap_skip("shutdown", "only root can mount a disk and shut it down");
		return tap_end();
	}
	tap_note("APEX_SEED=%" PRIu64, seed);
	log_set_level(LOG_LEVEL_ERROR); /* a torn end is what each cut leaves */
	for (size_t i = 0; i < array_size(file_systems); i++)
		run_on(&file_systems[i], seed, seconds);
	return tap_end();
}
