#include "fs/ops/ops.h"

#include <errno.h>
#include <stdlib.h>

#include "fs/ops/notifier.h"
#include "fs/ops/ops_request.h"

/*
 * Left as the kernel has them: the umask is applied by the kernel (without FUSE_CAP_DONT_MASK),
 * locks are the kernel's own, and it drops set-user-ID bits by a SETATTR before a write
 * (HANDLE_KILLPRIV would leave that to us).
 */
static void connect(void *userdata, struct fuse_conn_info *conn)
{
	const struct ops *ops = userdata;
	/*
	 * With stateless opens nobody would truncate if the kernel left O_TRUNC to open. Pages and
	 * names change only through the kernel: it need not compare times and sizes. Pages written
	 * back later would be acknowledged before they are logged. Splicing only costs: values lie
	 * in memory.
	 */
	const unsigned refused = FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_AUTO_INVAL_DATA |
				 FUSE_CAP_WRITEBACK_CACHE | FUSE_CAP_SPLICE_READ |
				 FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE |
				 FUSE_CAP_HANDLE_KILLPRIV | FUSE_CAP_DONT_MASK;
	const unsigned wanted = FUSE_CAP_EXPLICIT_INVAL_DATA | FUSE_CAP_PARALLEL_DIROPS |
				FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO |
				FUSE_CAP_ASYNC_READ | FUSE_CAP_CACHE_SYMLINKS;

	conn->want = (conn->want & ~refused) | (conn->capable & wanted);
	conn->max_write = ops->options.max_write;
	conn->max_background = ops->options.max_background;
	/* where the kernel has others wait: its own measure, three quarters */
	conn->congestion_threshold = conn->max_background - conn->max_background / 4;
	conn->max_readahead = ops->options.max_readahead;
}

static const struct fuse_lowlevel_ops table = {
	.init = connect,
	.lookup = ops_lookup,
	.forget = ops_forget,
	.forget_multi = ops_forget_multi,
	.getattr = ops_getattr,
	.setattr = ops_setattr,
	.readlink = ops_readlink,
	.mknod = ops_mknod,
	.mkdir = ops_mkdir,
	.unlink = ops_unlink,
	.rmdir = ops_rmdir,
	.symlink = ops_symlink,
	.rename = ops_rename,
	.link = ops_link,
	.open = ops_open,
	.read = ops_read,
	.write = ops_write,
	.flush = ops_flush,
	.release = ops_release,
	.fsync = ops_fsync,
	.opendir = ops_opendir,
	.readdir = ops_readdir,
	.readdirplus = ops_readdirplus,
	.releasedir = ops_releasedir,
	.fsyncdir = ops_fsyncdir,
	.statfs = ops_statfs,
	.setxattr = ops_setxattr,
	.getxattr = ops_getxattr,
	.listxattr = ops_listxattr,
	.removexattr = ops_removexattr,
	.access = ops_access,
	.create = ops_create,
	.copy_file_range = ops_copy_file_range,
	.lseek = ops_lseek,
	.fallocate = ops_fallocate,
};

const struct fuse_lowlevel_ops *ops_table(void)
{
	return &table;
}

int ops_init(struct ops *ops, const struct ops_parts *parts, const struct ops_options *options)
{
	struct notifier *notifier = malloc(sizeof(*notifier));
	struct ops_counters *counters = NULL;
	int rc = !notifier ? -ENOMEM : options->count ? ops_counters_new(&counters) : 0;

	if (rc) {
		free(notifier);
		return rc;
	}
	notifier_init(notifier, &options->wait);
	*ops = (struct ops){.fs = parts->fs,
			    .virt = parts->virt,
			    .views = parts->views,
			    .options = *options,
			    .counters = counters,
			    .notifier = notifier};
	mutex_init(&ops->dirs_mu, RANK_FS_DIRS);
	return 0;
}

int ops_start(struct ops *ops, struct fuse_session *session)
{
	return notifier_start(ops->notifier, session);
}

void ops_answer_anywhere(struct ops *ops)
{
	notifier_answers(ops->notifier);
}

bool ops_stop(struct ops *ops)
{
	return !ops->notifier || notifier_stop(ops->notifier);
}

bool ops_leave(struct ops *ops)
{
	return !ops->notifier || notifier_leave(ops->notifier);
}

void ops_done(struct ops *ops)
{
	if (!ops->fs)
		return;
	ops_dirs_close(ops);
	if (ops_stop(ops)) {
		notifier_done(ops->notifier);
		free(ops->notifier);
	}
	mutex_done(&ops->dirs_mu);
	ops_counters_free(ops->counters);
	*ops = (struct ops){0};
}
