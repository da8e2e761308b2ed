/*
 * posix_fallocate, and fallocate as far as a file system has it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "tests/mount/posix/posix.h"

/* A file of `before` bytes, a range, and the size that the file then has. */
struct range {
	size_t before, at, size, after;
};

static const struct range ranges[] = {
	{0, 0, 1, 1},
	{0, 0, 4096, 4096},
	{0, 0, 100000, 100000},
	{0, 5000, 1, 5001},
	{10, 0, 4, 10},
	{10, 0, 10, 10},
	{10, 5, 100, 105},
	{10, 10, 1, 11},
	{5000, 4096, 4096, 8192},
	{5000, 100, 200, 5000},
	{70000, 65536, 1 << 20, 65536 + (1 << 20)},
};

static void check_range(const struct range *r)
{
	make_pattern("file", r->before);

	cleanup_fd int fd = open_here("file", O_RDWR);
	struct watch before = watch("file");

	tick();
	check_call(&root, 0, call_posix_fallocate(fd, (off_t)r->at, (off_t)r->size),
		   "%zu bytes at %zu of a file of %zu", r->size, r->at, r->before);
	check_size("file", (off_t)r->after, "it has %zu", r->after);
	check_pattern("file", r->before, r->after, "and zeros behind what it had");
	if (r->after > r->before)
		check_times(&before, BOTH_MOVE, "mtime and ctime move");
	clear("file");
}

static void check_errors(void)
{
	int pipes[2];

	make(KIND_FILE, "file", 0644, &root);
	make(KIND_FIFO, "fifo", 0644, &root);

	cleanup_fd int fd = open_here("file", O_RDWR);
	cleanup_fd int reader = open_here("file", O_RDONLY);
	cleanup_fd int folder = open_here(".", O_RDONLY | O_DIRECTORY);
	cleanup_fd int fifo = open_here("fifo", O_RDWR | O_NONBLOCK);
	struct watch before = watch("file");

	tick();
	check_call(&root, EINVAL, call_posix_fallocate(fd, 0, 0), "no bytes");
	check_call(&root, EINVAL, call_posix_fallocate(fd, 0, -1), "less than no bytes");
	check_call(&root, EINVAL, call_posix_fallocate(fd, -1, 1), "before the start");
	check_call(&root, EINVAL, call_posix_fallocate(fd, -2, -2), "and both");
	check_call(&root, EFBIG, call_posix_fallocate(fd, INT64_MAX - 1, 100),
		   "more than an offset can say");
	check_call(&root, EBADF, call_posix_fallocate(reader, 0, 10), "of what is only read");
	check_call(&root, EBADF, call_posix_fallocate(-1, 0, 10), "of no file");
	check_call(&root, either(EBADF, ENODEV), call_posix_fallocate(folder, 0, 10),
		   "of a folder");
	check_call(&root, either(ESPIPE, ENODEV), call_posix_fallocate(fifo, 0, 10), "of a FIFO");
	check_text("file", "file", "what failed has left the file as it was");
	check_times(&before, NOTHING_MOVES, "and its times");
	if (pipe2(pipes, O_CLOEXEC) == 0) {
		check_call(&root, ESPIPE, call_posix_fallocate(pipes[1], 0, 10), "of a pipe");
		close(pipes[0]);
		close(pipes[1]);
	}
	clear("file");
	clear("fifo");
}

static void check_limit(void)
{
	make(KIND_FILE, "file", 0644, &ann);

	cleanup_fd int fd = open_here("file", O_RDWR);

	check_call(&limited, EFBIG, call_posix_fallocate(fd, 0, FILE_LIMIT + 1),
		   "beyond the limit of the process");
	check_size("file", 4, "leaves the size");
	check_call(&limited, 0, call_posix_fallocate(fd, 0, FILE_LIMIT), "up to it one may");
	check_size("file", FILE_LIMIT, "and the size is that");
	clear("file");
}

static void check_unlinked(void)
{
	struct stat st = {0};

	make(KIND_FILE, "file", 0644, &root);

	cleanup_fd int fd = open_here("file", O_RDWR);

	must(&root, call_unlink("file"));
	check_call(&root, 0, call_posix_fallocate(fd, 0, 10000), "of an unlinked file");
	check_number(0, fstat(fd, &st), "which is still open");
	check_number(10000, st.st_size, "and has the size");
}

/* Not in the text; who has none of them says so. */
static void check_modes(void)
{
	make_pattern("file", 10000);

	cleanup_fd int fd = open_here("file", O_RDWR);
	int kept = fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 20000) == 0 ? 0 : errno;

	check_error(either(0, EOPNOTSUPP), kept, "fallocate that keeps the size");
	check_size("file", 10000, "keeps it");
	check_pattern("file", 10000, 10000, "and the content");

	int punched = fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 5000, 5000) == 0
			      ? 0
			      : errno;

	check_error(either(0, EOPNOTSUPP), punched, "a hole at the end");
	check_size("file", 10000, "keeps the size");
	check_pattern("file", punched ? 10000 : 5000, 10000, "and leaves zeros, if any");
	check_call(&root, either(EOPNOTSUPP, EINVAL),
		   call_fallocate(fd, FALLOC_FL_PUNCH_HOLE, 0, 100), "a hole alone has no meaning");
	clear("file");
}

void topic_fallocate(void)
{
	for (size_t i = 0; i < array_size(ranges); i++)
		check_range(&ranges[i]);
	check_errors();
	check_limit();
	check_unlinked();
	check_modes();
}
