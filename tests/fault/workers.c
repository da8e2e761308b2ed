#include "tests/fault/workers.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lsm/base/log.h"
#include "tests/support/tap.h"

enum {
	WORKERS_MAX = 8,
	FAILURES_SHOWN_MAX = 20,
	JOB_SECONDS_MAX = 2 * TRIAL_SECONDS_MAX,
};

/* In shared memory; each worker writes its own, and all take from `next`. */
struct desk {
	_Atomic uint64_t next; /* the first job that nobody has taken */
	_Atomic uint64_t failures;
	struct {
		uint64_t job; /* at work on */
		pid_t process;
	} worker[WORKERS_MAX];
};

static void note_failure(const struct workers_job *job, struct desk *desk, uint64_t number,
			 const char *why)
{
	char text[WORKLOAD_TEXT_MAX] = "";

	if (atomic_fetch_add(&desk->failures, 1) >= FAILURES_SHOWN_MAX)
		return;
	job->describe(job->arg, number, text);
	tap_note("%s: %s", text, why);
}

/* The store warns of each fault: thousands of lines. */
static void drop_line(enum log_level level, const char *text)
{
	(void)level;
	(void)text;
}

static _Noreturn void work(const struct workers_job *job, const char *folder, struct desk *desk,
			   int me)
{
	struct trial_board board;
	char path[256], why[WORKLOAD_TEXT_MAX];
	uint64_t number;

	(void)snprintf(path, sizeof(path), "%s/store%d", folder, me);
	log_set_sink(drop_line);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!trial_board_init(&board))
		_exit(EXIT_FAILURE);
	while ((number = atomic_fetch_add(&desk->next, 1)) < job->count) {
		desk->worker[me].job = number;
		(void)alarm(JOB_SECONDS_MAX); /* its signal ends a worker that hangs */
		why[0] = '\0';
		if (!job->run(job->arg, number, path, &board, why))
			note_failure(job, desk, number, why);
	}
	trial_board_done(&board);
	(void)fflush(stdout);
	_exit(EXIT_SUCCESS);
}

static void hire(const struct workers_job *job, const char *folder, struct desk *desk, int me)
{
	(void)fflush(stdout); /* what is buffered is not the worker's to print */
	pid_t process = fork();

	assert(process >= 0);
	if (process == 0)
		work(job, folder, desk, me);
	desk->worker[me].process = process;
}

static int worker_of(const struct desk *desk, int count, pid_t process)
{
	for (int i = 0; i < count; i++)
		if (desk->worker[i].process == process)
			return i;
	return -1;
}

uint64_t workers_run(const struct workers_job *job, const char *folder)
{
	struct desk *desk = mmap(NULL, sizeof(*desk), PROT_READ | PROT_WRITE,
				 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int count = (int)min_of(max_of(cpus, 1L), (long)WORKERS_MAX);
	uint64_t failures;

	assert(desk != MAP_FAILED);
	for (int i = 0; i < count; i++)
		hire(job, folder, desk, i);
	for (int left = count; left > 0;) {
		int status = 0;
		pid_t process = wait(&status);
		int me = worker_of(desk, count, process);

		if (me < 0)
			continue;
		if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS) {
			left--;
			continue;
		}
		note_failure(job, desk, desk->worker[me].job,
			     "the look at what was left crashes or hangs");
		hire(job, folder, desk, me);
	}
	failures = atomic_load(&desk->failures);
	(void)munmap(desk, sizeof(*desk)); /* one mapping */
	return failures;
}
