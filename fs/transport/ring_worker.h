/*
 * A thread that serves requests of one of the kernel's queues: one io_uring, one entry.
 *
 * The kernel hands a request to the entry of its queue that became free last, and so a client that
 * waits for each answer always meets the same warm thread. The others of the queue are there for
 * when that one is busy, be it for long (fsync): nothing is handed from thread to thread.
 *
 * All workers go through the same steps at the same time (ring_crew):
 *
 *	prepare    thread, io_uring, entry; a trial that it works. The kernel's FUSE knows nothing
 *	register   the entry is the kernel's. When each queue has one, requests come
 *	serve      until the connection ends, or the crew is stopped; who has no entry ends
 *	quit       from any of them
 *
 * Thread rule: the starter's thread, where nothing else is said.
 */
#pragma once

#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "lsm/base/compiler.h"
#include "lsm/base/error.h"
#include "lsm/base/thread.h"

struct fuse_session;

enum ring_step {
	RING_STEP_REGISTER,
	RING_STEP_SERVE,
	RING_STEP_QUIT,
};

/* What the workers share: owned by their starter. */
struct ring_crew {
	/* Immutable while workers are there. */
	struct fuse_session *session; /* borrowed */
	int device_fd;                /* borrowed: /dev/fuse */
	size_t payload_size;          /* of an entry */
	int stop_fd;                  /* borrowed: readable when all are to end */
	int broken_fd;                /* borrowed: eventfd; a worker that gives up writes to it */
	/* Set by the first that gives up. Relaxed: it only picks one. */
	_Atomic bool broken;
	/* How the steps are taken together. */
	sem_t arrived;       /* posted by each worker that is done with a step */
	enum ring_step step; /* the next; written before the workers' go is posted */
};

/* What the workers of one queue share: owned by their starter. */
struct ring_queue {
	unsigned workers;         /* that have an entry; immutable while they serve */
	_Atomic unsigned waiting; /* of them; relaxed: each only counts itself */
};

struct ring_worker {
	/* Immutable after ring_worker_start. */
	struct ring_crew *crew;    /* borrowed */
	struct ring_queue *shared; /* borrowed */
	unsigned queue;            /* the kernel's number of it: that of a CPU */
	bool pinned;               /* to that CPU */
	bool asks_device;          /* whether it takes commands at all; one of the crew does */
	struct thread thread;
	sem_t go; /* owned; posted when it is to take the crew's next step */
	/* How the last step went: written before arrived is posted. -EOPNOTSUPP after
	 * RING_STEP_REGISTER: FUSE itself refused the entry. */
	int status;
	char why[ERROR_TEXT_MAX];
	/* Relaxed: a number for people. */
	_Atomic uint64_t requests;
};

/* Start its thread, which prepares and then posts `arrived`. As thread_start; a worker that could
 * not be started owns nothing. */
must_check int ring_worker_start(struct ring_worker *worker);
/* Whether each of the queues has a worker whose last step went well. They stand in the order of the
 * queues. */
bool ring_workers_cover(const struct ring_worker *workers, unsigned count, unsigned queues);
/* Its thread was told to quit, or stop_fd is readable. Nothing when it was never started. */
void ring_worker_join(struct ring_worker *worker);

/*
 * The calling thread is about to wait for what may need the answer to another request; and has
 * waited. False: it is a worker, and the last one of its queue that does not wait. Nobody else
 * takes that other request, so it must not wait for long. True in other threads.
 */
must_check bool ring_worker_wait_begin(void);
void ring_worker_wait_end(void);

/* The same, of a queue. */
must_check bool ring_queue_wait_begin(struct ring_queue *queue);
void ring_queue_wait_end(struct ring_queue *queue);

/*
 * In a worker's thread, from within the session: put the message in place if it is the answer to
 * the request being worked on. 0: it was put. -ENOENT: no, and it has to go through the device.
 * Else the answer cannot be sent. From other threads -ENOENT.
 */
must_check int ring_worker_take_answer(const struct iovec *message, int count);
