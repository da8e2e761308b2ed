#include "tests/mount/transport_clients.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "tests/support/seeds.h"

enum {
	POLL_NS = 500 * 1000,
	SOME = 300,
	RECORD = 100,
};

/* In a client: its own. */
static _Atomic bool *own_calls;

static void pin(int cpu)
{
	cpu_set_t set;

	if (cpu == CPU_ANY)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0)
		_exit(errno);
}

int client_start(const char *path, client_work *work, uint32_t number, int cpu,
		 struct client *ret_client)
{
	_Atomic bool *calls = seeds_share(sizeof(*calls));

	if (!calls)
		return -ENOMEM;
	fflush(stdout);
	pid_t child = fork();

	if (child < 0)
		return -errno;
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		own_calls = calls;
		pin(cpu);
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

		_exit(fd < 0 ? errno : work(fd, number));
	}
	*ret_client = (struct client){.pid = child, .calls = calls};
	return 0;
}

void pause_shortly(void)
{
	const struct timespec pause = {.tv_nsec = POLL_NS};

	nanosleep(&pause, NULL);
}

/* See proc(5): the file says "running" of a process that is in no system call. */
static bool sleeps_in_call(pid_t pid)
{
	char path[64], text[256] = "";

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)pid);
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	return n > 0 && strncmp(text, "running", strlen("running")) != 0;
}

bool client_runs(const struct client *client)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)client->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == 0;
}

bool client_sleeps(const struct client *client)
{
	while (!atomic_load(client->calls) || !sleeps_in_call(client->pid)) {
		if (!client_runs(client))
			return false;
		pause_shortly();
	}
	return true;
}

int client_wait(struct client *client)
{
	int status;

	while (waitpid(client->pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	client->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* ---- what clients do ---- */

int client_stat_once(int fd, uint32_t number)
{
	struct stat st;

	(void)number;
	atomic_store(own_calls, true);
	return fstat(fd, &st) == 0 ? 0 : errno;
}

static void on_signal(int signal_number)
{
	(void)signal_number;
}

int client_stat_interrupted(int fd, uint32_t number)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigemptyset(&action.sa_mask);
	sigaction(SIGUSR1, &action, NULL);
	return client_stat_once(fd, number);
}

static int work_once(int fd, uint32_t number, unsigned i)
{
	char wanted[RECORD], found[RECORD];
	off_t offset = (off_t)(i % 50) * RECORD;
	struct stat st;

	memset(wanted, 'a' + (int)((number + i) % 26), sizeof(wanted));
	if (pwrite(fd, wanted, RECORD, offset) != RECORD || fstat(fd, &st) != 0 ||
	    pread(fd, found, RECORD, offset) != RECORD)
		return errno ? errno : EIO;
	return st.st_size >= offset + RECORD && memcmp(wanted, found, RECORD) == 0 ? 0 : EBADMSG;
}

int client_work_some(int fd, uint32_t number)
{
	int rc = 0;

	for (unsigned i = 0; i < SOME && !rc; i++)
		rc = work_once(fd, number, i);
	return rc;
}

int client_work_on(int fd, uint32_t number)
{
	int rc = 0;

	for (unsigned i = 0; !rc; i++) {
		rc = work_once(fd, number, i);
		atomic_store(own_calls, true);
	}
	return rc;
}

/* ---- the daemon ---- */

static bool has_name(pid_t process, const char *thread, const char *name)
{
	char path[128], text[32] = "";

	snprintf(path, sizeof(path), "/proc/%d/task/%.20s/comm", (int)process, thread);
	FILE *file = fopen(path, "re");

	if (!file)
		return false;
	bool read = fgets(text, sizeof(text), file);

	fclose(file);
	text[strcspn(text, "\n")] = '\0';
	return read && strcmp(text, name) == 0;
}

static int freeze(pid_t thread)
{
	int status;

	if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) != 0 ||
	    ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) != 0)
		return -errno;
	while (waitpid(thread, &status, __WALL) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFSTOPPED(status) ? 0 : -ECHILD;
}

int freeze_threads(pid_t process, const char *name, struct frozen *ret_frozen)
{
	char path[64];
	const struct dirent *entry;
	int rc = 0;

	ret_frozen->count = 0;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)process);
	DIR *tasks = opendir(path);

	if (!tasks)
		return -errno;
	while (!rc && (entry = readdir(tasks)) && ret_frozen->count < FROZEN_MAX) {
		if (!has_name(process, entry->d_name, name))
			continue;
		pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);

		rc = freeze(thread);
		if (!rc)
			ret_frozen->threads[ret_frozen->count++] = thread;
	}
	closedir(tasks);
	return rc;
}

void thaw_threads(struct frozen *frozen)
{
	int status;

	for (unsigned i = 0; i < frozen->count; i++) {
		/* One that was killed meanwhile is waited for, or its process would never end. */
		if (ptrace(PTRACE_DETACH, frozen->threads[i], NULL, NULL) != 0)
			(void)waitpid(frozen->threads[i], &status, __WALL);
	}
	frozen->count = 0;
}

unsigned process_count(pid_t process, const char *folder)
{
	char path[64];
	unsigned count = 0;
	const struct dirent *entry;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)process, folder);
	DIR *dir = opendir(path);

	if (!dir)
		return 0;
	while ((entry = readdir(dir)))
		count += entry->d_name[0] != '.';
	closedir(dir);
	return count;
}
