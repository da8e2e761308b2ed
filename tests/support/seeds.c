#include "tests/support/seeds.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/tap.h"

struct seeds_board {
	_Atomic uint64_t taken;
	_Atomic bool failed;
};

void *seeds_share(size_t size)
{
	void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return shared == MAP_FAILED ? NULL : shared;
}

void seeds_take_environment(struct seeds *s)
{
	const char *one = getenv("APEX_SEED");

	if (!one)
		return;
	s->first = strtoull(one, NULL, 0);
	s->count = 1;
}

static _Noreturn void work(const struct seeds *s, struct seeds_board *board)
{
	while (!atomic_load(&board->failed) && !(s->enough && s->enough(s->arg))) {
		uint64_t n = atomic_fetch_add(&board->taken, 1);

		if (n >= s->count)
			break;
		if (!s->run(s->arg, s->first + n))
			atomic_store(&board->failed, true);
	}
	exit(EXIT_SUCCESS); /* not _exit: a sanitizer may have something to say */
}

static unsigned worker_count(const struct seeds *s)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t wanted = s->workers ? s->workers : (uint64_t)max_of(cpus, 1L);

	wanted = min_of(wanted, s->count);
	return (unsigned)min_of(wanted, (uint64_t)SEEDS_WORKERS_MAX);
}

bool seeds_run(const struct seeds *s)
{
	struct seeds_board *board = seeds_share(sizeof(*board));
	unsigned started = 0;

	if (!board)
		return false;
	fflush(stdout);
	for (unsigned left = worker_count(s); left > 0; left--) {
		pid_t child = fork();

		if (child == 0)
			work(s, board);
		if (child > 0)
			started++;
		else
			atomic_store(&board->failed, true);
	}
	for (; started > 0; started--) {
		int status = 0;
		pid_t child = wait(&status);

		if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
			continue;
		atomic_store(&board->failed, true);
		if (child > 0 && WIFSIGNALED(status))
			tap_note("a worker died of signal %d", WTERMSIG(status));
	}
	bool good = !atomic_load(&board->failed);

	munmap(board, sizeof(*board));
	return good;
}
