/*
 * libfuse's loops end when a flag is set and the thread that runs them then looks at it. That
 * thread sleeps (on a semaphore, or in read(2) when there is only one), and the flag alone does not
 * wake it. libfuse's own signal handlers rely on the signal arriving while it sleeps, and not just
 * before. So a thread of ours takes the signals from a descriptor, sets the flag, and interrupts
 * the sleeper until it is seen to have left the loop.
 */
#define FUSE_USE_VERSION 314
#include "fs/transport/transport.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/base/log.h"
#include "lsm/base/thread.h"

enum {
	WAKE_SIGNAL = SIGUSR1,
	WAKE_INTERVAL_MS = 5, /* between two tries to wake the loop */
};

struct stopper {
	struct fuse_session *session; /* borrowed */
	pthread_t runner;             /* the thread in the loop */
	int signal_fd;                /* stop signals; owned by transport_run */
	int ended_fd; /* readable once the loop has been left; owned by transport_run */
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

void transport_block_signals(void)
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

static void stopper_body(void *arg)
{
	struct stopper *s = arg;
	struct pollfd waits[] = {{.fd = s->ended_fd, .events = POLLIN},
				 {.fd = s->signal_fd, .events = POLLIN}};
	struct signalfd_siginfo info;

	while (poll(waits, array_size(waits), -1) < 0 && errno == EINTR)
		continue;
	if (waits[0].revents || read(s->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	log_info("stopping signal=%s", strsignal((int)info.ssi_signo));
	fuse_session_exit(s->session);
	while (!is_readable(s->ended_fd, WAKE_INTERVAL_MS))
		pthread_kill(s->runner, WAKE_SIGNAL);
}

static int loop_multi(struct fuse_session *session, const struct transport_options *options)
{
	struct fuse_loop_config *config = fuse_loop_cfg_create();

	if (!config)
		return -ENOMEM;
	fuse_loop_cfg_set_clone_fd(config, options->clone_fd);
	fuse_loop_cfg_set_max_threads(config, options->max_threads);
	int rc = fuse_session_loop_mt(session, config);

	fuse_loop_cfg_destroy(config);
	return rc;
}

static int loop(struct fuse_session *session, const struct transport_options *options)
{
	int rc;

	if (options->single_thread)
		rc = fuse_session_loop(session);
	else
		rc = loop_multi(session, options);
	if (rc < 0)
		return fail(rc, "serving requests: %s", strerror(-rc));
	return 0;
}

int transport_run(struct fuse_session *session, const struct transport_options *options)
{
	sigset_t set;

	stop_signals(&set);
	cleanup_fd int signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	cleanup_fd int ended_fd = eventfd(0, EFD_CLOEXEC);

	if (signal_fd < 0 || ended_fd < 0)
		return fail(-errno, "waiting for signals: %s", strerror(errno));
	struct stopper stopper = {.session = session,
				  .runner = pthread_self(),
				  .signal_fd = signal_fd,
				  .ended_fd = ended_fd};
	struct thread thread = {0};

	wake_handler_install();
	int rc = thread_start(&thread, "apexfs-signals", stopper_body, &stopper);

	if (rc)
		return rc;
	rc = loop(session, options);
	(void)eventfd_write(ended_fd, 1); /* a fresh counter takes a 1 */
	thread_join(&thread);
	return rc;
}

int transport_render(const struct transport_options *options, struct buf *text)
{
	return buf_printf(text, "transport devfuse\ntransport_max_threads %u\n",
			  options->single_thread ? 1 : options->max_threads);
}
