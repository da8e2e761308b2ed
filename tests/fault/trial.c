#include "tests/fault/trial.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	LEFT_DESCRIPTORS = 3, /* exit status of a child */
};

static void *shared_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

bool trial_board_init(struct trial_board *b)
{
	b->ledger = ledger_new();
	b->outcome = shared_memory(sizeof(*b->outcome));
	return b->ledger && b->outcome;
}

void trial_board_done(struct trial_board *b)
{
	ledger_free(b->ledger);
	if (b->outcome)
		(void)munmap(b->outcome, sizeof(*b->outcome)); /* one mapping */
}

static int count_descriptors(void)
{
	DIR *listing = opendir("/proc/self/fd");
	int count = 0;

	if (!listing)
		return -1;
	while (readdir(listing))
		count++;
	(void)closedir(listing); /* only read from */
	return count;
}

static _Noreturn void run_child(const struct trial *t, struct trial_board *b)
{
	int descriptors = count_descriptors();

	(void)alarm(TRIAL_SECONDS_MAX);         /* its signal ends a child that hangs */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody would look at what it leaves */
	t->begin(t->plan);
	workload_run(&t->workload, b->ledger, b->outcome);
	if (b->outcome->left_open)
		_exit(EXIT_SUCCESS); /* as if it had died here: nothing is put in order */
	const char *left = t->end ? t->end() : NULL;

	if (left && !b->outcome->violation[0])
		(void)snprintf(b->outcome->violation, WORKLOAD_TEXT_MAX, "%s", left);
	if (count_descriptors() != descriptors)
		_exit(LEFT_DESCRIPTORS);
	exit(EXIT_SUCCESS); /* the leak sanitizer looks now */
}

static bool say(char why[WORKLOAD_TEXT_MAX], const char *what, int number)
{
	(void)snprintf(why, WORKLOAD_TEXT_MAX, "%s (%d)", what, number);
	return false;
}

static bool ended_well(const struct trial *t, const struct workload_outcome *outcome, int status,
		       char why[WORKLOAD_TEXT_MAX])
{
	if (outcome->violation[0]) {
		(void)snprintf(why, WORKLOAD_TEXT_MAX, "%s", outcome->violation);
		return false;
	}
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && t->may_be_killed)
		return true;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
		return say(why, "hangs in operation", (int)outcome->operation);
	if (WIFSIGNALED(status)) {
		(void)snprintf(why, WORKLOAD_TEXT_MAX, "crashes by signal %d in operation %u",
			       WTERMSIG(status), outcome->operation);
		return false;
	}
	if (WEXITSTATUS(status) == LEFT_DESCRIPTORS)
		return say(why, "leaves descriptors open", WEXITSTATUS(status));
	if (WEXITSTATUS(status) != EXIT_SUCCESS)
		return say(why, "leaks memory or ends with another status", WEXITSTATUS(status));
	return true;
}

bool trial_run(const struct trial *t, struct trial_board *b, char why[WORKLOAD_TEXT_MAX])
{
	int status = 0;

	if (workload_remove(t->workload.path))
		return say(why, "the last store cannot be removed", errno);
	ledger_start(b->ledger, t->workload.seed);
	*b->outcome = (struct workload_outcome){0};
	(void)fflush(stdout); /* what is buffered is not the child's to print */

	pid_t child = fork();

	if (child == 0)
		run_child(t, b);
	if (child < 0)
		return say(why, "fork fails", errno);
	while (waitpid(child, &status, 0) < 0)
		assert(errno == EINTR);
	return ended_well(t, b->outcome, status, why) &&
	       workload_check(&t->workload, b->ledger, b->outcome, why);
}
