/*
 * The way of requests between kernel and daemon, under what can happen to both: many clients,
 * requests of the largest size, clients that are interrupted or killed in mid-request, threads of
 * the daemon that stand still, a daemon that is stopped, unmounted or killed with requests in
 * flight. Nothing hangs (the guard ends all after two minutes of silence), leaks or is lost.
 *
 * usage: transport_test APEXFS
 * The daemon takes its transport from the environment: APEXFS_FUSE_TRANSPORT.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/rng.h"
#include "tests/mount/transport_clients.h"
#include "tests/support/detach.h"
#include "tests/support/mounted.h"
#include "tests/support/tap.h"

enum {
	LARGE = 1 << 20, /* one WRITE, one READ */
	LARGE_COUNT = 8,
	FEW = 8, /* clients */
};

/* Each fstat(2) then is a request. */
#define OPTIONS "fuse.attr_timeout=0"

struct run {
	struct mounted mounted;
	struct client clients[CLIENTS_MAX];
	char path[PATH_MAX]; /* from path_of */
};

static const char *path_of(struct run *r, const char *name)
{
	snprintf(r->path, sizeof(r->path), "%s/%s", r->mounted.point, name);
	return r->path;
}

static bool clients_start(struct run *r, unsigned count, client_work *work, int cpu)
{
	for (unsigned i = 0; i < count; i++) {
		char name[32];

		snprintf(name, sizeof(name), "client%u", i);
		int rc = client_start(path_of(r, name), work, i, cpu, &r->clients[i]);

		if (rc)
			return tap_result(false, "client %u starts (%d)", i, rc);
	}
	return true;
}

static bool clients_sleep(struct run *r, unsigned count)
{
	bool good = true;

	for (unsigned i = 0; i < count; i++)
		good = client_sleeps(&r->clients[i]) && good;
	return good;
}

/* Until no more than `left` of them run. */
static void clients_wait_until_left(struct run *r, unsigned count, unsigned left)
{
	unsigned running = count;

	while (running > left) {
		running = 0;
		for (unsigned i = 0; i < count; i++)
			running += client_runs(&r->clients[i]);
		pause_shortly();
	}
}

/* How many ended with 0. */
static unsigned clients_wait(struct run *r, unsigned count)
{
	unsigned good = 0;

	for (unsigned i = 0; i < count; i++) {
		int status = client_wait(&r->clients[i]);

		if (status)
			tap_note("client %u ended with %d (%s)", i, status,
				 status > 0 ? strerror(status) : "a signal");
		good += status == 0;
	}
	guard_beat(&r->mounted.guard);
	return good;
}

/* A dead mount, or one that is ended, answers these (tests/kill/kill_test.c says when). */
static bool is_end_of_mount(int status)
{
	return status == ENOTCONN || status == ECONNABORTED || status == ECANCELED || status == EIO;
}

static bool clients_end_with_mount(struct run *r, unsigned count)
{
	bool good = true;

	for (unsigned i = 0; i < count; i++) {
		int status = client_wait(&r->clients[i]);

		if (!is_end_of_mount(status)) {
			tap_note("client %u ended with %d", i, status);
			good = false;
		}
	}
	guard_beat(&r->mounted.guard);
	return good;
}

/* ---- many, and large ---- */

static void many_clients(struct run *r)
{
	unsigned fds = process_count(r->mounted.daemon, "fd");

	if (!clients_start(r, CLIENTS_MAX, client_work_some, CPU_ANY))
		return;
	tap_result(clients_wait(r, CLIENTS_MAX) == CLIENTS_MAX, "64 clients find what they wrote");
	unsigned after = process_count(r->mounted.daemon, "fd");

	/* the store may have begun a file or two */
	tap_result(after <= fds + 8, "the daemon has %u descriptors, %u before", after, fds);
}

static bool write_all(int fd, const uint8_t *bytes)
{
	for (int i = 0; i < LARGE_COUNT; i++) {
		if (pwrite(fd, bytes, LARGE, (off_t)i * LARGE) != LARGE)
			return false;
	}
	return true;
}

/* Past the page cache: each read(2) is one READ. */
static bool read_all(int fd, const uint8_t *bytes, uint8_t *found)
{
	for (int i = 0; i < LARGE_COUNT; i++) {
		if (pread(fd, found, LARGE, (off_t)i * LARGE) != LARGE ||
		    memcmp(found, bytes, LARGE) != 0)
			return false;
	}
	return true;
}

static void large_requests(struct run *r)
{
	cleanup_free uint8_t *bytes = aligned_alloc(4096, LARGE);
	cleanup_free uint8_t *found = aligned_alloc(4096, LARGE);
	struct rng rng;

	if (!bytes || !found)
		abort();
	rng_seed(&rng, 1);
	for (size_t i = 0; i < LARGE; i++)
		bytes[i] = (uint8_t)rng_below(&rng, 256);
	cleanup_fd int fd = open(path_of(r, "large"), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	cleanup_fd int direct = open(r->path, O_RDONLY | O_DIRECT | O_CLOEXEC);

	tap_result(fd >= 0 && write_all(fd, bytes), "writes of 1 MiB");
	tap_result(direct >= 0 && read_all(direct, bytes, found), "reads of 1 MiB");
}

/* ---- a daemon that stands still ---- */

static void daemon_signal(struct run *r, int signal_number)
{
	if (kill(r->mounted.daemon, signal_number) != 0)
		abort();
}

/* So that the clients' open(2) needs no request: the kernel knows the files. */
static void names_learn(struct run *r)
{
	if (!clients_start(r, FEW, client_stat_once, CPU_ANY) || clients_wait(r, FEW) != FEW)
		abort();
}

/* Until all its threads stand still. */
static void daemon_stop(struct run *r)
{
	int status;

	daemon_signal(r, SIGSTOP);
	if (waitpid(r->mounted.daemon, &status, WUNTRACED) < 0 || !WIFSTOPPED(status))
		abort();
}

static void client_is_interrupted(struct run *r)
{
	names_learn(r);
	daemon_stop(r);
	bool good =
		clients_start(r, FEW, client_stat_interrupted, CPU_ANY) && clients_sleep(r, FEW);

	for (unsigned i = 0; i < FEW; i++)
		kill(r->clients[i].pid, SIGUSR1);
	daemon_signal(r, SIGCONT);
	/* One that the daemon had not seen yet may be taken back: EINTR. */
	unsigned ended = 0;

	for (unsigned i = 0; i < FEW; i++) {
		int status = client_wait(&r->clients[i]);

		ended += status == 0 || status == EINTR;
	}
	tap_result(good && ended == FEW, "%u clients are interrupted and get their answers", ended);
}

static void client_is_killed(struct run *r)
{
	daemon_stop(r);
	bool good = clients_start(r, FEW, client_stat_once, CPU_ANY) && clients_sleep(r, FEW);

	for (unsigned i = 0; i < FEW; i++)
		kill(r->clients[i].pid, SIGKILL);
	daemon_signal(r, SIGCONT);
	unsigned killed = 0;

	for (unsigned i = 0; i < FEW; i++)
		killed += client_wait(&r->clients[i]) == -SIGKILL;
	tap_result(good && killed == FEW, "%u clients are killed in mid-request", killed);
	tap_result(clients_start(r, FEW, client_work_some, CPU_ANY) && clients_wait(r, FEW) == FEW,
		   "others are served as before");
}

/* ---- one of its threads does ---- */

static int other_cpu(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) != 0 || !CPU_ISSET(0, &set))
		return CPU_ANY;
	for (int cpu = 1; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &set))
			return cpu;
	}
	return CPU_ANY;
}

/* The threads of CPU 0 stand still: who is there waits, and who is elsewhere does not. */
static void queue_is_suspended(struct run *r)
{
	struct frozen frozen;
	int rc = freeze_threads(r->mounted.daemon, "apexfs-ring0", &frozen);
	int elsewhere = other_cpu();
	struct client waiting;

	if (rc || !frozen.count || elsewhere == CPU_ANY) {
		thaw_threads(&frozen);
		tap_result(rc == 0, "queues to suspend: none, or no second CPU (%d)", rc);
		return;
	}
	rc = client_start(path_of(r, "client0"), client_stat_once, 0, 0, &waiting);
	tap_result(!rc && client_sleeps(&waiting), "a client waits for %u suspended threads",
		   frozen.count);
	bool good =
		clients_start(r, FEW, client_work_some, elsewhere) && clients_wait(r, FEW) == FEW;

	tap_result(good && client_runs(&waiting), "those on another CPU are served meanwhile");
	thaw_threads(&frozen);
	tap_result(client_wait(&waiting) == 0, "it is answered when they go on");
}

/* One thread of a queue stands still, with the request that it was given: the others go on. */
static void worker_is_suspended(struct run *r)
{
	struct frozen frozen;
	struct client waiting;
	int rc = freeze_threads(r->mounted.daemon, "apexfs-ring0", &frozen);

	if (rc || frozen.count < 2) {
		thaw_threads(&frozen);
		return;
	}
	rc = client_start(path_of(r, "client0"), client_stat_once, 0, 0, &waiting);
	bool good = !rc && client_sleeps(&waiting);

	/* All but one go on. It may be the one that was given the request, or it is given the next.
	 */
	struct frozen last = {.threads = {frozen.threads[--frozen.count]}, .count = 1};

	thaw_threads(&frozen);
	good = good && clients_start(r, FEW, client_work_some, 0);
	clients_wait_until_left(r, FEW, 1);
	thaw_threads(&last);
	good = clients_wait(r, FEW) == FEW && good;
	int status = client_wait(&waiting);

	tap_result(good && status == 0,
		   "a suspended thread of a queue holds up one request at most (%d)", status);
}

/* ---- the end, with requests in flight ---- */

static void unmounted_under_load(struct run *r)
{
	if (!clients_start(r, FEW, client_work_on, CPU_ANY))
		return;
	for (unsigned i = 0; i < FEW; i++)
		(void)client_sleeps(&r->clients[i]); /* it works: it has made a round */
	int rc = mounted_stop(&r->mounted);

	tap_result(rc == 0, "SIGTERM ends the daemon with 0 under load (%d)", rc);
	tap_result(clients_end_with_mount(r, FEW), "its clients are told");
	rc = mounted_start(&r->mounted, OPTIONS);
	tap_result(rc == 0, "mounted again (%d)", rc);
}

static void killed_in_flight(struct run *r)
{
	struct mounted_death death;

	names_learn(r);
	daemon_stop(r);
	bool good = clients_start(r, FEW, client_stat_once, CPU_ANY) && clients_sleep(r, FEW);
	int rc = mounted_kill(&r->mounted, &death);

	tap_result(good && rc == 0, "killed with %d requests in flight (%d)", FEW, rc);
	tap_result(clients_end_with_mount(r, FEW), "none of them hangs");
	rc = detach_mounts(r->mounted.point);
	if (!rc)
		rc = mounted_start(&r->mounted, OPTIONS);
	tap_result(rc == 0, "mounted again (%d)", rc);
}

static void killed_while_suspended(struct run *r)
{
	struct frozen frozen;
	struct mounted_death death;

	names_learn(r);
	int rc = freeze_threads(r->mounted.daemon, "apexfs-ring0", &frozen);

	if (rc || !frozen.count)
		return;
	bool good = clients_start(r, FEW, client_stat_once, 0) && clients_sleep(r, FEW);

	daemon_signal(r, SIGKILL);
	thaw_threads(&frozen);
	rc = mounted_kill(&r->mounted, &death);
	tap_result(good && rc == 0, "killed while a queue is suspended (%d)", rc);
	tap_result(clients_end_with_mount(r, FEW), "none of its clients hangs");
	rc = detach_mounts(r->mounted.point);
	if (!rc)
		rc = mounted_start(&r->mounted, OPTIONS);
	tap_result(rc == 0, "mounted again (%d)", rc);
}

static void run_all(struct run *r)
{
	many_clients(r);
	large_requests(r);
	client_is_interrupted(r);
	client_is_killed(r);
	queue_is_suspended(r);
	worker_is_suspended(r);
	unmounted_under_load(r);
	killed_in_flight(r);
	killed_while_suspended(r);
	tap_result(clients_start(r, FEW, client_work_some, CPU_ANY) && clients_wait(r, FEW) == FEW,
		   "after all that it serves");
	tap_result(mounted_stop(&r->mounted) == 0, "unmounted");
}

int main(int argc, char **argv)
{
	static struct run r;
	const char *obstacle = mounted_obstacle();

	if (argc != 2) {
		fprintf(stderr, "usage: transport_test APEXFS\n");
		return EXIT_FAILURE;
	}
	if (obstacle) {
		tap_skip("transport", obstacle);
		return tap_end();
	}
	int rc = mounted_begin(&r.mounted, argv[1], "apexfs-transport");

	if (!tap_result(rc == 0, "a scratch folder (%d)", rc))
		return tap_end();
	rc = mounted_start(&r.mounted, OPTIONS);
	if (tap_result(rc == 0, "mounted (%d)", rc))
		run_all(&r);
	mounted_end(&r.mounted, tap_has_failed());
	return tap_end();
}
