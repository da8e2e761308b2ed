#include "tests/support/guard.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/detach.h"
#include "tests/support/scratch.h"

/* Relaxed atomics: the guard reads them after the pipe has told it to, which orders them. */
struct guard_board {
	_Atomic pid_t processes[GUARD_PROCESSES_MAX]; /* 0: free */
	_Atomic bool keep_folder;
};

static void processes_kill(struct guard_board *board)
{
	for (int i = 0; i < GUARD_PROCESSES_MAX; i++) {
		pid_t process = atomic_load_explicit(&board->processes[i], memory_order_relaxed);

		if (process > 0)
			(void)kill(process, SIGKILL); /* gone already is as good */
	}
}

/* Until the other end of the pipe is closed. */
static void listen_until_end(struct guard_board *board, int fd)
{
	struct pollfd pipe_end = {.fd = fd, .events = POLLIN};
	char beats[64];

	for (;;) {
		int ready = poll(&pipe_end, 1, GUARD_SILENCE_S * 1000);

		if (ready == 0) {
			fprintf(stderr, "# no progress for %d s: its processes are killed\n",
				GUARD_SILENCE_S);
			processes_kill(board);
		} else if (ready > 0 && read(fd, beats, sizeof(beats)) <= 0) {
			return;
		}
	}
}

static _Noreturn void guard_run(struct guard_board *board, int fd, const char *folder,
				const char *mountpoint)
{
	/* What ends the test program from a terminal or a test runner must not end its guard. */
	(void)setsid(); /* cannot fail: a fresh child leads no group */
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	listen_until_end(board, fd);
	processes_kill(board);
	int rc = detach_mounts(mountpoint);

	if (rc)
		fprintf(stderr, "# %s: cannot be unmounted: %s\n", mountpoint, strerror(-rc));
	if (atomic_load_explicit(&board->keep_folder, memory_order_relaxed))
		printf("# kept for inspection: %s\n", folder);
	else
		rc = scratch_remove(folder);
	if (rc)
		fprintf(stderr, "# %s: cannot be removed: %s\n", folder, strerror(-rc));
	fflush(stdout);
	_exit(rc ? EXIT_FAILURE : EXIT_SUCCESS);
}

int guard_begin(struct guard *g, const char *folder, const char *mountpoint)
{
	int ends[2];
	struct guard_board *board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (board == MAP_FAILED)
		return -ENOMEM;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -errno;
	fflush(stdout);
	pid_t process = fork();

	if (process < 0)
		return -errno;
	if (process == 0) {
		close(ends[1]);
		guard_run(board, ends[0], folder, mountpoint);
	}
	close(ends[0]);
	*g = (struct guard){.board = board, .process = process, .alive_fd = ends[1]};
	return 0;
}

void guard_end(struct guard *g, bool keep_folder)
{
	atomic_store_explicit(&g->board->keep_folder, keep_folder, memory_order_relaxed);
	fflush(stdout);
	close(g->alive_fd);
	while (waitpid(g->process, NULL, 0) < 0 && errno == EINTR)
		;
	munmap(g->board, sizeof(*g->board));
}

static void replace_process(struct guard *g, pid_t from, pid_t to)
{
	_Atomic pid_t *process = g->board->processes;
	int i = 0;

	while (i < GUARD_PROCESSES_MAX &&
	       atomic_load_explicit(&process[i], memory_order_relaxed) != from)
		i++;
	assert(i < GUARD_PROCESSES_MAX);
	atomic_store_explicit(&process[i], to, memory_order_relaxed);
}

void guard_add(struct guard *g, pid_t child)
{
	replace_process(g, 0, child);
}

void guard_remove(struct guard *g, pid_t child)
{
	replace_process(g, child, 0);
}

void guard_beat(struct guard *g)
{
	ssize_t n = write(g->alive_fd, ".", 1);

	(void)n; /* a guard that is gone cannot be helped */
}

void guard_leave(struct guard *g)
{
	close(g->alive_fd);
}
