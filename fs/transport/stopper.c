/*
 * libfuse's loops end when a flag is set and the thread that runs them then looks at it. That
 * thread sleeps (on a semaphore, or in read(2) when there is only one), and the flag alone does not
 * wake it. libfuse's own signal handlers rely on the signal arriving while it sleeps, and not just
 * before. So a thread of ours takes the signals from a descriptor, sets the flag, and interrupts
 * the sleeper until it is seen to have left the loop.
 */
#define FUSE_USE_VERSION 314
#include "fs/transport/stopper.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lsm/base/error.h"
#include "lsm/base/log.h"

enum {
	WAKE_SIGNAL = SIGUSR1,
	WAKE_INTERVAL_MS = 5, /* between two tries to wake the loop */
};

static void stop_signals(sigset_t *ret_set)
{
	static const int candidates[] = {SIGTERM, SIGINT, SIGHUP};

	sigemptyset(ret_set);
	for (size_t i = 0; i < array_size(candidates); i++) {
		struct sigaction action;

		if (sigaction(candidates[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(ret_set, candidates[i]);
	}
}

void stopper_block_signals(void)
{
	sigset_t set;

	stop_signals(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void on_wake(int signal_number)
{
	(void)signal_number; /* only to interrupt a system call */
}

/* Without SA_RESTART, so that the sleeper's system call returns. */
static void wake_handler_install(void)
{
	struct sigaction action = {.sa_handler = on_wake};

	sigemptyset(&action.sa_mask);
	sigaction(WAKE_SIGNAL, &action, NULL);
}

static bool is_readable(int fd, int timeout_ms)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	return poll(&wait, 1, timeout_ms) == 1;
}

static void hook_run(struct stopper *s)
{
	bool over = false;

	while (!over)
		over = s->hook.stopping(s->hook.arg) || is_readable(s->broken_fd, 0) ||
		       is_readable(s->ended_fd, 0);
}

static void stopper_body(void *arg)
{
	struct stopper *s = arg;
	struct pollfd waits[] = {{.fd = s->ended_fd, .events = POLLIN},
				 {.fd = s->broken_fd, .events = POLLIN},
				 {.fd = s->signal_fd, .events = POLLIN}};
	struct signalfd_siginfo info;

	while (poll(waits, array_size(waits), -1) < 0 && errno == EINTR)
		continue;
	if (waits[0].revents)
		return;
	if (!waits[1].revents && read(s->signal_fd, &info, sizeof(info)) == sizeof(info))
		log_info("stopping signal=%s", strsignal((int)info.ssi_signo));
	if (!waits[1].revents && s->hook.stopping)
		hook_run(s);
	fuse_session_exit(s->session);
	while (!is_readable(s->ended_fd, WAKE_INTERVAL_MS))
		pthread_kill(s->runner, WAKE_SIGNAL);
}

static void descriptors_close(struct stopper *s)
{
	const int fds[] = {s->signal_fd, s->broken_fd, s->ended_fd};

	for (size_t i = 0; i < array_size(fds); i++) {
		if (fds[i] >= 0)
			(void)close(fds[i]); /* nothing was written to a file */
	}
}

int stopper_begin(struct fuse_session *session, const struct stopper_hook *hook, struct stopper *s)
{
	sigset_t set;

	stop_signals(&set);
	*s = (struct stopper){.session = session,
			      .hook = *hook,
			      .runner = pthread_self(),
			      .signal_fd = signalfd(-1, &set, SFD_CLOEXEC),
			      .broken_fd = eventfd(0, EFD_CLOEXEC),
			      .ended_fd = eventfd(0, EFD_CLOEXEC)};
	int rc = 0;

	if (s->signal_fd < 0 || s->broken_fd < 0 || s->ended_fd < 0)
		rc = fail(-errno, "waiting for signals: %s", strerror(errno));
	wake_handler_install();
	if (!rc)
		rc = thread_start(&s->thread, "apexfs-signals", stopper_body, s);
	if (rc)
		descriptors_close(s);
	return rc;
}

void stopper_end(struct stopper *s, bool *ret_broken)
{
	(void)eventfd_write(s->ended_fd, 1); /* a fresh counter takes a 1 */
	thread_join(&s->thread);
	*ret_broken = is_readable(s->broken_fd, 0);
	descriptors_close(s);
}
