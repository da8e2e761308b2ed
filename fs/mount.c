#define FUSE_USE_VERSION 314
#include "fs/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <fuse_lowlevel.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fs/ops/ops.h"
#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/base/log.h"

/*
 * What libfuse said last while it mounts, to stand in our one line; afterwards it goes to the log.
 * One thread only.
 */
static struct {
	bool active;
	char text[ERROR_TEXT_MAX / 2];
} capture;

/* What is mounted: its numbers are nobody else's while the connection is there. One thread only. */
static struct statx mounted;
static bool mounted_known;

static __attribute__((format(printf, 2, 0))) void libfuse_says(enum fuse_log_level level,
							       const char *fmt, va_list args)
{
	char text[LOG_LINE_MAX];

	if (level >= FUSE_LOG_INFO) {
		/* Only with -d: the trace is libfuse's own text. */
		vfprintf(stderr, fmt, args);
		return;
	}
	vsnprintf(text, sizeof(text), fmt, args);
	text[strcspn(text, "\n")] = '\0';
	if (capture.active)
		snprintf(capture.text, sizeof(capture.text), "%.*s", (int)sizeof(capture.text) - 1,
			 text);
	else if (level <= FUSE_LOG_ERR)
		log_error("libfuse: %s", text);
	else
		log_warn("libfuse: %s", text);
}

static int session_arguments(const struct mount_options *options, struct fuse_args *args)
{
	cleanup_free char *source = NULL;
	cleanup_free char *list = NULL; /* as libfuse reads -o */
	int rc = 0;

	if (asprintf(&source, "fsname=%s", options->store) < 0) {
		source = NULL;
		return -ENOMEM;
	}
	rc |= fuse_opt_add_opt(&list, "subtype=apexfs");
	rc |= fuse_opt_add_opt_escaped(&list, source);
	if (options->words[0])
		rc |= fuse_opt_add_opt(&list, options->words);
	rc |= fuse_opt_add_arg(args, "apexfs");
	rc |= fuse_opt_add_arg(args, "-o");
	rc |= list ? fuse_opt_add_arg(args, list) : -1;
	if (options->debug)
		rc |= fuse_opt_add_arg(args, "-d");
	return rc ? -ENOMEM : 0;
}

static int session_new(const struct mount_options *options, struct ops *ops,
		       struct fuse_session **ret_session)
{
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	int rc = session_arguments(options, &args);

	if (!rc) {
		*ret_session =
			fuse_session_new(&args, ops_table(), sizeof(struct fuse_lowlevel_ops), ops);
		if (!*ret_session)
			rc = fail(-EINVAL, "libfuse: %s", capture.text);
	}
	fuse_opt_free_args(&args);
	return rc;
}

/* Without asking the daemon, which does not answer yet, or any more. */
static bool device_look(const char *mountpoint, struct statx *ret_stx)
{
	return statx(AT_FDCWD, mountpoint, AT_STATX_DONT_SYNC, STATX_TYPE, ret_stx) == 0;
}

/*
 * How far the kernel reads ahead in a mount is a property of its backing device (bdi), 128 KiB when
 * nobody says more, and only root may. It has to be said before the loop runs: what the kernel then
 * hears from the daemon is an upper limit.
 */
static void readahead_allow(unsigned bytes)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/sys/class/bdi/%u:%u/read_ahead_kb",
		       mounted.stx_dev_major, mounted.stx_dev_minor);
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) /* refused: what the kernel has by itself is right as well */
		(void)!dprintf(fd, "%u\n", bytes / 1024);
}

int mount_begin(const struct mount_options *options, struct ops *ops,
		struct fuse_session **ret_session)
{
	struct fuse_session *session = NULL;

	capture.active = true;
	capture.text[0] = '\0';
	fuse_set_log_func(libfuse_says);
	int rc = session_new(options, ops, &session);

	if (!rc && fuse_session_mount(session, options->mountpoint) != 0) {
		/* Without root, fusermount3 has said why. */
		rc = fail(-EIO, "%s: cannot mount%s%s", options->mountpoint,
			  capture.text[0] ? ": " : "", capture.text);
		fuse_session_destroy(session);
	}
	capture.active = false;
	if (rc)
		return rc;
	mounted_known = device_look(options->mountpoint, &mounted);
	if (mounted_known)
		readahead_allow(options->max_readahead);
	*ret_session = session;
	return 0;
}

/* That the kernel has ended it: libfuse goes by the same. */
static bool is_over(struct fuse_session *session)
{
	struct pollfd device = {.fd = fuse_session_fd(session)};

	return poll(&device, 1, 0) == 1 && (device.revents & POLLERR);
}

/* Whether it is what is seen there: others may have mounted over it, or have unmounted it. */
static bool is_at(const char *mountpoint)
{
	struct statx stx;

	return mounted_known && device_look(mountpoint, &stx) &&
	       stx.stx_dev_major == mounted.stx_dev_major &&
	       stx.stx_dev_minor == mounted.stx_dev_minor;
}

/* The kernel's file for it, if somebody has mounted these: its owner may write. Else -1. */
static int abort_file_open(void)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/sys/fs/fuse/connections/%u/abort",
		       mounted.stx_dev_minor);
	return mounted_known ? open(path, O_WRONLY | O_CLOEXEC) : -1;
}

/*
 * Root ends both at once. Others unmount first, as libfuse leaves a mount alone whose connection is
 * over; by then the number may be another mount's, so the file is opened before. Unmounting closes
 * the device under whoever waits in the kernel with it: it must not use it when it comes back.
 */
void mount_abort(struct fuse_session *session, const char *mountpoint)
{
	if (!session || is_over(session))
		return;
	cleanup_fd int fd = abort_file_open();

	if (!is_at(mountpoint) || umount2(mountpoint, MNT_FORCE | MNT_DETACH) != 0)
		fuse_session_unmount(session);
	if (fd >= 0)
		(void)!write(fd, "1", 1); /* fails when it is over */
}

void mount_end(struct fuse_session *session)
{
	if (!session)
		return;
	fuse_session_unmount(session);
	fuse_session_destroy(session);
}
