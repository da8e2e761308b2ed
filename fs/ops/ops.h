/*
 * The libfuse glue: each request is decoded, handed to fs/core or fs/virt, and answered exactly
 * once.
 *
 * What the kernel may keep: names (also absent ones) and attributes for as long as the options say,
 * a year if nobody says anything, and pages for good, since all changes come through it. Virtual
 * names not at all: each lookup of one makes a new node, which never changes. open and flush are
 * answered ENOSYS, after which the kernel sends neither.
 *
 * Thread rule: the operations run on any number of the transport's threads.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lsm/base/metric.h"
#include "lsm/base/mutex.h"

struct fs;
struct fuse_lowlevel_ops;
struct ops_counters;
struct fuse_session;
struct notifier;
struct open_dir;
struct views;
struct virt;

enum {
	OPS_WRITE_MAX = 1 << 20, /* bytes of one READ or WRITE */
};

/* What the root of the mount has of the virtual tree. */
enum ops_virtual_files {
	OPS_VIRTUAL_BY_NAME,
	OPS_VIRTUAL_LISTED,
	OPS_VIRTUAL_OFF, /* nothing: the names stay reserved */
};

/* Called around a request's wait for the kernel. False: who waits is needed for other requests, and
 * must not wait for long. NULL: nobody asks. */
struct ops_wait {
	bool (*begin)(void);
	void (*end)(void);
};

struct ops_options {
	unsigned max_background; /* requests that nobody waits for, in flight */
	unsigned max_write;      /* bytes of a WRITE, up to OPS_WRITE_MAX */
	unsigned max_readahead;  /* bytes; the kernel takes no more than its device allows */
	/* Seconds for which the kernel may believe names, attributes, and that a name is absent */
	double entry_timeout, attr_timeout, negative_timeout;
	bool xattr; /* else the kernel is told that there are no extended attributes */
	bool count; /* requests are counted and timed */
	enum ops_virtual_files virtual_files;
	struct ops_wait wait; /* until ops_answer_anywhere */
};

/* What the operations work on: the userdata of the session. */
struct ops {
	/* Immutable. */
	struct fs *fs;       /* borrowed */
	struct virt *virt;   /* borrowed */
	struct views *views; /* borrowed */
	struct ops_options options;
	struct ops_counters *counters; /* owned */
	struct notifier *notifier;     /* owned */
	struct mutex dirs_mu;          /* RANK_FS_DIRS */
	struct open_dir *dirs; /* folders opened and not released; owned, guarded by dirs_mu */
};

/* What the operations work on; all borrowed until ops_done. */
struct ops_parts {
	struct fs *fs;
	struct virt *virt;
	struct views *views;
};
/* -ENOMEM: ops_done is not needed. */
must_check int ops_init(struct ops *ops, const struct ops_parts *parts,
			const struct ops_options *options);
/* Before the session's loop: the thread that tells the kernel of changes. */
must_check int ops_start(struct ops *ops, struct fuse_session *session);
/* Before the session's loop, unless a request must be answered by the thread that took it. */
void ops_answer_anywhere(struct ops *ops);
/* The loop is about to end, or has because the kernel ended the connection: as notifier_stop. */
must_check bool ops_stop(struct ops *ops);
/* The loop has broken down: as notifier_leave. */
must_check bool ops_leave(struct ops *ops);
/*
 * Close the folders that are still open: a mount that ends by a signal is never told of their
 * release. No request is under way. A thread that could not be ended keeps what it works with.
 * Nothing when ops_init was never called.
 */
void ops_done(struct ops *ops);

/* The table for fuse_session_new; userdata is a struct ops. */
const struct fuse_lowlevel_ops *ops_table(void);

/*
 * What is known of the requests, as metrics: for each kind how many there were and how long they
 * took, errors by kind and errno, and `fuse_requests`, all but forgets. The source is good for as
 * long as the struct lies where it does, before ops_init and after ops_done, too: then all is 0.
 */
struct metric_source ops_metric_source(struct ops *ops);
