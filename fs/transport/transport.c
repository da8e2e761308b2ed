#define FUSE_USE_VERSION 314
#include "fs/transport/transport.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "fs/transport/offer.h"
#include "fs/transport/ring_worker.h"
#include "fs/transport/uring.h"
#include "lsm/base/log.h"

void transport_block_signals(void)
{
	stopper_block_signals();
}

int transport_init(const struct transport_options *options, struct transport *t)
{
	int rc = 0;

	*t = (struct transport){.options = *options};
	if (options->kind == TRANSPORT_CLASSIC)
		rc = fail(-EOPNOTSUPP, "fuse.transport is classic");
	else if (options->single_thread)
		rc = fail(-EOPNOTSUPP, "-s: one request at a time");
	else
		rc = offer_check(OFFER_PARAMETER);
	if (rc && options->kind == TRANSPORT_URING)
		return rc;
	mutex_init(&t->mu, RANK_FS_TRANSPORT);
	t->ready = true;
	if (rc) {
		t->options.kind = TRANSPORT_CLASSIC;
		(void)snprintf(t->reason, sizeof(t->reason), "%s", fail_text());
	}
	return 0;
}

void transport_done(struct transport *t)
{
	if (t->ready)
		mutex_done(&t->mu);
	t->ready = false;
}

/* ---- classic ---- */

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

static int run_classic(const struct transport *t, struct fuse_session *session)
{
	int rc;

	log_info("transport=classic reason=\"%s\"", t->reason);
	if (t->options.classic_begins)
		t->options.classic_begins(t->options.hook.arg);
	if (t->options.single_thread)
		rc = fuse_session_loop(session);
	else
		rc = loop_multi(session, &t->options);
	if (rc < 0)
		return fail(rc, "serving requests: %s", strerror(-rc));
	return 0;
}

/* ---- io_uring, if it comes to that ---- */

/* It has turned out that it does not work here: say so, once, and why. */
static int fall_back(struct transport *t, int rc)
{
	mutex_lock(&t->mu);
	(void)snprintf(t->reason, sizeof(t->reason), "%s",
		       fail_text()[0] ? fail_text() : strerror(-rc));
	mutex_unlock(&t->mu);
	if (t->options.kind == TRANSPORT_URING)
		return rc;
	log_warn("no requests over io_uring: %s", t->reason);
	return 0;
}

/* Who asks for statistics uses it until this returns. */
static void set_uring(struct transport *t, struct uring *uring)
{
	mutex_guard(&t->mu);
	t->uring = uring;
}

static int run_any(struct transport *t, struct fuse_session *session, int broken_fd)
{
	struct uring_options options = {.session = session,
					.depth = t->options.depth,
					.max_write = t->options.max_write,
					.broken_fd = broken_fd};
	struct uring *uring = NULL;

	fail_clear();
	int rc = uring_open(&options, &uring);

	if (rc) {
		rc = fall_back(t, rc);
		return rc ? rc : run_classic(t, session);
	}
	set_uring(t, uring); /* before the first request can ask for it */
	rc = uring_begin(uring);
	if (!rc) {
		log_info("transport=uring queues=%u workers=%u", uring_queues(uring),
			 uring_workers(uring));
		rc = uring_read(uring);
	} else if (rc == -EOPNOTSUPP) {
		set_uring(t, NULL);
		rc = fall_back(t, rc);
		if (!rc)
			rc = run_classic(t, session);
	}
	set_uring(t, NULL);
	uring_close(uring);
	/* a signal that came before INIT */
	return rc == -ENOTCONN && fuse_session_exited(session) ? 0 : rc;
}

int transport_run(struct transport *t, struct fuse_session *session)
{
	struct stopper stopper;
	bool broken;
	int rc = stopper_begin(session, &t->options.hook, &stopper);

	if (rc)
		return rc;
	if (t->options.kind == TRANSPORT_CLASSIC)
		rc = run_classic(t, session);
	else
		rc = run_any(t, session, stopper.broken_fd);
	stopper_end(&stopper, &broken);
	if (!rc && broken)
		rc = fail(-EIO, "serving requests: the io_uring is broken");
	return rc;
}

bool transport_wait_begin(void)
{
	return ring_worker_wait_begin();
}

void transport_wait_end(void)
{
	ring_worker_wait_end();
}

int transport_render(struct transport *t, struct buf *text)
{
	mutex_guard(&t->mu);
	if (t->uring)
		return buf_printf(text,
				  "transport uring\n"
				  "transport_queues %u\n"
				  "transport_threads %u\n"
				  "transport_ring_requests %" PRIu64 "\n",
				  uring_queues(t->uring), uring_workers(t->uring),
				  uring_requests(t->uring));
	return buf_printf(text,
			  "transport classic\ntransport_reason %s\ntransport_max_threads %u\n",
			  t->reason, t->options.single_thread ? 1 : t->options.max_threads);
}
