#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "tests/mount/exerciser/operations.h"

enum {
	PAGE = 4096,
	HOLE_MAX = 10 << 10,
	LARGE_HOLE_MAX = 200 << 10,
};

/* ---- handles ---- */

bool files_close(struct exercise *x, struct exercise_handle *handle)
{
	if (!handle->node)
		return true;
	int answer = exercise_answer(close(handle->fd));

	model_leave(handle->node);
	handle->node = NULL;
	return exercise_answers(x, answer, 0);
}

bool files_keep(struct exercise *x, int fd, int flags, struct model_node *node)
{
	int i = 0;

	while (i < EXERCISE_HANDLES && x->handles[i].node)
		i++;
	if (i == EXERCISE_HANDLES)
		i = (int)rng_below(&x->rng, EXERCISE_HANDLES);
	bool good = files_close(x, &x->handles[i]);

	x->handles[i] = (struct exercise_handle){
		.fd = fd,
		.node = node,
		.reads = (flags & O_ACCMODE) != O_WRONLY,
		.writes = (flags & O_ACCMODE) != O_RDONLY,
		.appends = (flags & O_APPEND) != 0,
	};
	model_use(node);
	return good;
}

static bool open_file(struct exercise *x, struct model_node *node, int flags)
{
	char whole[MODEL_PATH_MAX * 2];
	int fd = open(exercise_path(x, node->path, whole), flags | O_NOFOLLOW | O_CLOEXEC);

	if (!exercise_answers(x, exercise_answer(fd), 0))
		return false;
	if (flags & O_TRUNC)
		model_resize(node, 0);
	return files_keep(x, fd, flags, node);
}

static struct exercise_handle *find_handle(struct exercise *x, bool reads, bool writes)
{
	size_t start = rng_below(&x->rng, EXERCISE_HANDLES);

	for (size_t i = 0; i < EXERCISE_HANDLES; i++) {
		struct exercise_handle *h = &x->handles[(start + i) % EXERCISE_HANDLES];

		if (h->node && (h->reads || !reads) && (h->writes || !writes))
			return h;
	}
	return NULL;
}

struct exercise_handle *files_draw(struct exercise *x, bool reads, bool writes)
{
	struct exercise_handle *h = exercise_one_in(x, 4) ? NULL : find_handle(x, reads, writes);
	struct model_node *node = h ? NULL : names_draw_file(x);

	if (h || !node)
		return h;
	exercise_doing(x, "open %s", node->path);
	int flags = !writes ? O_RDONLY : reads || exercise_one_in(x, 2) ? O_RDWR : O_WRONLY;

	return open_file(x, node, flags) ? find_handle(x, reads, writes) : NULL;
}

static bool is_good(const struct exercise *x)
{
	return !*x->trouble;
}

bool op_open(struct exercise *x)
{
	static const int ways[] = {O_RDWR, O_RDONLY, O_WRONLY, O_RDWR | O_APPEND, O_RDWR | O_TRUNC};
	int flags = ways[rng_below(&x->rng, array_size(ways))];
	struct model_node *node = names_draw_file(x);

	if (!node)
		return true;
	exercise_doing(x, "open %s, flags %o", node->path, flags);
	return open_file(x, node, flags);
}

bool op_close(struct exercise *x)
{
	struct exercise_handle *h = &x->handles[rng_below(&x->rng, EXERCISE_HANDLES)];

	if (h->node)
		exercise_doing(x, "close %s", h->node->path);
	return files_close(x, h);
}

/* ---- writing ---- */

/* Within the file, at its end, at a page, behind the end. */
static size_t draw_offset(struct exercise *x, size_t size)
{
	switch (rng_below(&x->rng, 8)) {
	case 0:
		return 0;
	case 1:
		return size;
	case 2:
		return rng_below(&x->rng, size + 1) / PAGE * PAGE;
	case 3:
		return size + rng_below(&x->rng, HOLE_MAX);
	case 4:
		return exercise_one_in(x, 8) ? size + rng_below(&x->rng, LARGE_HOLE_MAX) : size / 2;
	default:
		return rng_below(&x->rng, size + 1);
	}
}

/* All of it was written, at the offset. */
static bool written(struct exercise *x, struct model_node *node, size_t offset, size_t len,
		    ssize_t result)
{
	if (!exercise_answers(x, exercise_answer(result), 0))
		return false;
	if ((size_t)result != len)
		return exercise_trouble(x, "%zd of %zu bytes written", result, len);
	model_write(node, offset, x->bytes, len);
	return true;
}

bool files_write(struct exercise *x, struct exercise_handle *handle, size_t len)
{
	struct model_node *node = handle->node;
	size_t offset = handle->appends ? node->size : handle->position;

	if (offset + len > MODEL_FILE_MAX)
		return true;
	rng_fill(&x->rng, x->bytes, len);
	exercise_doing(x, "%s %s at %zu, %zu bytes", handle->appends ? "append" : "write",
		       node->path, offset, len);
	if (!written(x, node, offset, len, write(handle->fd, x->bytes, len)))
		return false;
	if (len > 0)
		handle->position = offset + len;
	return true;
}

static bool write_at(struct exercise *x, struct exercise_handle *h, size_t offset, size_t len)
{
	size_t first = rng_below(&x->rng, len + 1);
	const struct iovec parts[] = {{x->bytes, first}, {x->bytes + first, len - first}};
	bool in_parts = exercise_one_in(x, 4);

	rng_fill(&x->rng, x->bytes, len);
	exercise_doing(x, "%s %s at %zu, %zu bytes", in_parts ? "pwritev" : "pwrite", h->node->path,
		       offset, len);
	ssize_t n = in_parts ? pwritev(h->fd, parts, 2, (off_t)offset)
			     : pwrite(h->fd, x->bytes, len, (off_t)offset);

	return written(x, h->node, offset, len, n);
}

bool op_write(struct exercise *x)
{
	struct exercise_handle *h = files_draw(x, false, true);

	if (!h)
		return is_good(x);
	size_t offset = draw_offset(x, h->node->size), len = exercise_length(x);

	if (h->appends || exercise_one_in(x, 3))
		return files_write(x, h, len);
	if (offset + len > MODEL_FILE_MAX)
		return true;
	return write_at(x, h, offset, len);
}

bool op_overwrite(struct exercise *x)
{
	struct model_node *node = names_draw_file(x);

	if (!node)
		return true;
	exercise_doing(x, "overwrite %s", node->path);
	if (!open_file(x, node, O_WRONLY | O_TRUNC))
		return false;
	struct exercise_handle *h = NULL;

	for (int i = 0; i < EXERCISE_HANDLES; i++) {
		if (x->handles[i].node == node && x->handles[i].position == 0 &&
		    x->handles[i].writes && !x->handles[i].appends)
			h = &x->handles[i];
	}
	assert(h);
	return files_write(x, h, exercise_length(x)) && files_close(x, h);
}

bool op_append(struct exercise *x)
{
	char whole[MODEL_PATH_MAX * 2];
	struct model_node *node = names_draw_file(x);

	if (!node)
		return true;
	exercise_doing(x, "append %s", node->path);
	int fd = open(exercise_path(x, node->path, whole), O_WRONLY | O_APPEND | O_CLOEXEC);

	if (!exercise_answers(x, exercise_answer(fd), 0))
		return false;
	struct exercise_handle handle = {.fd = fd, .node = node, .writes = true, .appends = true};

	model_use(node);
	bool good = true;

	for (uint64_t left = 1 + rng_below(&x->rng, 3); left > 0 && good; left--)
		good = files_write(x, &handle, exercise_length(x));
	return files_close(x, &handle) && good;
}

static size_t draw_size(struct exercise *x, size_t size)
{
	switch (rng_below(&x->rng, 5)) {
	case 0:
		return 0;
	case 1:
		return exercise_length(x);
	case 2:
		return size + rng_below(&x->rng, HOLE_MAX);
	default:
		return rng_below(&x->rng, size + 1);
	}
}

bool op_truncate(struct exercise *x)
{
	char whole[MODEL_PATH_MAX * 2];
	bool by_name = exercise_one_in(x, 2);
	struct exercise_handle *h = by_name ? NULL : files_draw(x, false, true);
	struct model_node *node = by_name ? names_draw_file(x) : h ? h->node : NULL;

	if (!node)
		return is_good(x);
	size_t size = min_of(draw_size(x, node->size), (size_t)MODEL_FILE_MAX);

	exercise_doing(x, "%struncate %s from %zu to %zu", by_name ? "" : "f", node->path,
		       node->size, size);
	int result = by_name ? truncate(exercise_path(x, node->path, whole), (off_t)size)
			     : ftruncate(h->fd, (off_t)size);

	if (!exercise_answers(x, exercise_answer(result), 0))
		return false;
	model_resize(node, size);
	return true;
}

/* ---- copying ---- */

struct copy {
	struct exercise_handle *from, *to;
	size_t from_offset, to_offset, len;
};

static int copy_answer(const struct copy *c)
{
	size_t size = c->from->node->size;
	size_t len = c->from_offset < size ? min_of(c->len, size - c->from_offset) : 0;
	bool overlaps = c->from->node == c->to->node && c->from_offset < c->to_offset + len &&
			c->to_offset < c->from_offset + len;

	if (c->to->appends)
		return -EBADF;
	return overlaps ? -EINVAL : 0;
}

/* The kernel may copy less, but something. */
static bool copied(struct exercise *x, const struct copy *c, size_t len)
{
	const struct model_node *from = c->from->node;
	size_t most = c->from_offset < from->size ? min_of(c->len, from->size - c->from_offset) : 0;

	if (len > most || (len == 0) != (most == 0))
		return exercise_trouble(x, "%zu of %zu bytes copied", len, most);
	if (len > 0)
		memcpy(x->bytes, from->bytes + c->from_offset, len);
	model_write(c->to->node, c->to_offset, x->bytes, len);
	return true;
}

bool op_copy(struct exercise *x)
{
	struct exercise_handle *to = files_draw(x, false, true);
	struct exercise_handle *from = to ? find_handle(x, true, false) : NULL;

	if (!from)
		return is_good(x);
	bool whole = exercise_one_in(x, 3);
	struct copy c = {
		.from = from,
		.to = to,
		.from_offset = whole ? 0 : draw_offset(x, from->node->size),
		.to_offset = whole ? 0 : draw_offset(x, to->node->size),
		.len = whole ? max_of(from->node->size, (size_t)1) : 1 + exercise_length(x),
	};
	off_t from_at = (off_t)c.from_offset, to_at = (off_t)c.to_offset;

	if (c.to_offset + c.len > MODEL_FILE_MAX)
		return true;
	exercise_doing(x, "copy %s at %zu to %s at %zu, %zu bytes", from->node->path, c.from_offset,
		       to->node->path, c.to_offset, c.len);
	ssize_t n = copy_file_range(from->fd, &from_at, to->fd, &to_at, c.len, 0);

	if (!exercise_answers(x, exercise_answer(n), copy_answer(&c)))
		return false;
	return n < 0 || copied(x, &c, (size_t)n);
}

/* ---- reading ---- */

bool op_read(struct exercise *x)
{
	struct exercise_handle *h = files_draw(x, true, false);

	if (!h)
		return is_good(x);
	bool by_position = exercise_one_in(x, 3);
	size_t offset = by_position ? h->position : draw_offset(x, h->node->size);
	size_t len = min_of(exercise_length(x) * 2, (size_t)MODEL_FILE_MAX);
	size_t want = offset < h->node->size ? min_of(len, h->node->size - offset) : 0;

	exercise_doing(x, "%s %s at %zu, %zu bytes", by_position ? "read" : "pread", h->node->path,
		       offset, len);
	if (exercise_one_in(x, 4)) /* from the daemon, not from the page cache */
		(void)posix_fadvise(h->fd, 0, 0, POSIX_FADV_DONTNEED);
	ssize_t n = by_position ? read(h->fd, x->bytes, len)
				: pread(h->fd, x->bytes, len, (off_t)offset);

	if (!exercise_answers(x, exercise_answer(n), 0))
		return false;
	if ((size_t)n != want)
		return exercise_trouble(x, "%s: %zd bytes read, not %zu", h->node->path, n, want);
	if (by_position)
		h->position += (size_t)n;
	return exercise_same(x, h->node, offset, x->bytes, want);
}

bool op_sync(struct exercise *x)
{
	struct exercise_handle *h = files_draw(x, false, false);
	bool with_times = exercise_one_in(x, 2);

	if (!h)
		return is_good(x);
	exercise_doing(x, "%s %s", with_times ? "fsync" : "fdatasync", h->node->path);
	return exercise_answers(x, exercise_answer(with_times ? fsync(h->fd) : fdatasync(h->fd)),
				0);
}

bool op_fstat(struct exercise *x)
{
	struct exercise_handle *h = files_draw(x, false, false);
	struct stat st;

	if (!h)
		return is_good(x);
	exercise_doing(x, "fstat %s", h->node->path);
	return exercise_answers(x, exercise_answer(fstat(h->fd, &st)), 0) &&
	       exercise_stat_is(x, h->node, &st);
}
