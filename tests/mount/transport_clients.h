/*
 * Processes that ask something of a mount, and ways to disturb them and its daemon.
 *
 * Thread rule: one thread.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lsm/base/compiler.h"

enum {
	CLIENTS_MAX = 64,
	FROZEN_MAX = 64,
	CPU_ANY = -1,
};

/* What a client does with the file that it was given. Its exit status is an errno, 0 for none. */
typedef int client_work(int fd, uint32_t number);

struct client {
	pid_t pid;
	/* In memory shared with it: it is about to make its one system call. */
	_Atomic bool *calls;
};

/* Start a client on `path`, opened before; it dies with us. */
must_check int client_start(const char *path, client_work *work, uint32_t number, int cpu,
			    struct client *ret_client);
/* Wait until it sleeps in its call. False: it has ended instead. */
bool client_sleeps(const struct client *client);
/* Whether it has not ended yet. */
bool client_runs(const struct client *client);
/* Wait for its end: the exit status, or -signal. */
int client_wait(struct client *client);

/* Between two looks at what somebody else does. */
void pause_shortly(void);

/* One fstat(2), announced: client_sleeps sees when it waits. */
int client_stat_once(int fd, uint32_t number);
/* As that, and SIGUSR1 has a handler, without SA_RESTART. */
int client_stat_interrupted(int fd, uint32_t number);
/* fstat(2), pwrite(2) and pread(2) of what is its own, some hundred times. */
int client_work_some(int fd, uint32_t number);
/* As that, until something fails. */
int client_work_on(int fd, uint32_t number);

/* Threads of another process that are held where they are. */
struct frozen {
	pid_t threads[FROZEN_MAX];
	unsigned count;
};

/* Stop all threads of the process whose name is `name`. 0 of them is no error. */
must_check int freeze_threads(pid_t process, const char *name, struct frozen *ret_frozen);
void thaw_threads(struct frozen *frozen);

/* How many entries /proc/PID/`folder` has ("fd", "task"). */
unsigned process_count(pid_t process, const char *folder);
