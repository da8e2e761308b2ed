#include "fs/store_open.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "fs/mount_point.h"
#include "lsm/base/clock.h"
#include "lsm/base/error.h"

enum {
	STORE_WAIT_S = 10, /* for the daemon of a mount that is gone */
	STORE_WAIT_STEP_MS = 20,
};

/* The engine's sentence names the file; which store it lies in may have to be added. */
static int store_fail(const char *path, int rc)
{
	const char *why = lsm_error_text()[0] ? lsm_error_text() : strerror(-rc);

	if (strstr(why, path))
		return fail(rc, "%s", why);
	return fail(rc, "%s: %s", path, why);
}

static bool holder_is_leaving(void)
{
	const char *mount = strstr(lsm_error_text(), " mount=");

	return mount && !mount_point_in_use(mount + strlen(" mount="));
}

int store_open_when_free(const char *path, const struct lsm_options *options, struct lsm **ret_db)
{
	uint64_t give_up_ns = clock_mono_ns() + STORE_WAIT_S * UINT64_C(1000000000);
	int rc;

	while ((rc = lsm_open(path, options, ret_db)) == -EWOULDBLOCK && holder_is_leaving() &&
	       clock_mono_ns() < give_up_ns)
		(void)poll(NULL, 0, STORE_WAIT_STEP_MS); /* cut short by a signal is fine */
	return rc ? store_fail(path, rc) : 0;
}

int store_explain_busy(const char *path, int rc)
{
	char why[ERROR_TEXT_MAX];
	struct lsm_options options;
	struct lsm *db;

	(void)snprintf(why, sizeof(why), "%s", fail_text());
	lsm_options_init(&options);
	options.create = false;
	int open_rc = lsm_open(path, &options, &db);

	if (open_rc == -EWOULDBLOCK)
		return store_fail(path, rc);
	if (!open_rc) /* nothing was written; what its closing says is not what is wrong here */
		ignore_result(lsm_close(db));
	return fail(rc, "%s", why);
}
