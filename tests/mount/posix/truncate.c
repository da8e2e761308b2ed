/*
 * truncate and ftruncate.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "tests/mount/posix/posix.h"

struct sizes {
	size_t before, after;
};

static const struct sizes sizes[] = {
	{0, 0},
	{0, 1},
	{0, 4096},
	{0, 100000},
	{1, 0},
	{1, 1},
	{1, 2},
	{4095, 4096},
	{4096, 4095},
	{4096, 4096},
	{4097, 4096},
	{4096, 4097},
	{5000, 1},
	{5000, 0},
	{10000, 4096},
	{10000, 12288},
	{65536, 65535},
	{65535, 65537},
	{100000, 1000},
	{100000, 99999},
	{100000, 0},
	{100000, 1048577},
	{1048577, 1048576},
	{1048577, 70000},
};

enum way {
	BY_PATH,
	BY_FD,
};

static struct call resize(enum way way, int fd, size_t size)
{
	return way == BY_PATH ? call_truncate("file", (off_t)size)
			      : call_ftruncate(fd, (off_t)size);
}

static void check_sizes(enum way way)
{
	for (size_t i = 0; i < array_size(sizes); i++) {
		const struct sizes *s = &sizes[i];

		make_pattern("file", s->before);

		cleanup_fd int fd = open_here("file", O_RDWR);

		check_call(&root, 0, resize(way, fd, s->after), "from %zu to %zu bytes", s->before,
			   s->after);
		check_size("file", (off_t)s->after, "the size is %zu", s->after);
		check_pattern("file", s->before < s->after ? s->before : s->after, s->after,
			      "what was there stays, the rest is zeros");
		clear("file");
	}
}

/* What was cut off does not come back. */
static void check_cut_off(enum way way)
{
	static const size_t cuts[] = {0, 1, 100, 4095, 4096, 4097, 9999};

	for (size_t i = 0; i < array_size(cuts); i++) {
		make_pattern("file", 10000);

		cleanup_fd int fd = open_here("file", O_RDWR);

		must(&root, resize(way, fd, cuts[i]));
		must(&root, resize(way, fd, 20000));
		check_pattern("file", cuts[i], 20000, "cut at %zu and grown: zeros behind it",
			      cuts[i]);
		clear("file");
	}
}

static void check_times_of(enum way way)
{
	make(KIND_FILE, "file", 0644, &ann);

	cleanup_fd int fd = open_here("file", O_RDWR);
	struct watch it = watch("file"), here = watch(".");

	tick();
	check_call(&ann, 0, resize(way, fd, 2), "shorter");
	check_times(&it, BOTH_MOVE, "mtime and ctime move");
	it = watch("file");
	tick();
	check_call(&ann, 0, resize(way, fd, 200), "longer");
	check_times(&it, BOTH_MOVE, "mtime and ctime move");
	it = watch("file");
	tick();
	check_call(&ann, 0, resize(way, fd, 0), "to nothing");
	check_times(&it, BOTH_MOVE, "mtime and ctime move");
	check_times(&here, NOTHING_MOVES, "those of the folder do not");
	it = watch("file");
	tick();
	check_call(&ann, EINVAL, resize(way, fd, (size_t)-1), "to less than nothing");
	check_times(&it, NOTHING_MOVES, "which moves no time");
	check_size("file", 0, "nor the size");
	check_owner("file", ann.uid, ann.gid, "the owner stays");
	check_mode("file", 0644, "and the mode");
	clear("file");
}

/* Who changes a program makes it one that runs as himself. */
static void check_set_id(enum way way)
{
	make(KIND_FILE, "file", 06777, &ann);

	cleanup_fd int fd = open_here("file", O_RDWR);

	check_call(&bob, 0, resize(way, fd, 3), "a set-id program of another's");
	check_mode("file", 0777, "loses the bits");
	must(&root, call_chmod("file", 06777));
	check_call(&bob, 0, resize(way, fd, 0), "to nothing");
	check_mode("file", 0777, "as well");
	must(&root, call_chmod("file", 06777));
	check_call(&root, 0, resize(way, fd, 5), "by root");
	check_mode("file", 06777, "it keeps them");
	check_call(&bob, 0, call_write("file", O_WRONLY, "x"), "a write by another");
	check_mode("file", 0777, "takes them");
	must(&root, call_chmod("file", 06777));
	check_call(&ann, 0, call_write("file", O_WRONLY | O_APPEND, "x"), "and one by the owner");
	check_mode("file", 0777, "does");
	must(&root, call_chmod("file", 06777));
	check_call(&bob, 0, call_open("file", O_WRONLY | O_TRUNC, 0), "and O_TRUNC");
	check_mode("file", 0777, "does");
	must(&root, call_chmod("file", 06777));
	check_call(&root, 0, call_write("file", O_WRONLY, "x"), "a write by root");
	check_mode("file", 06777, "does not");
	check_call(&bob, 0, call_open("file", O_RDONLY, 0), "and open to read");
	check_mode("file", 06777, "does not");
	clear("file");
}

static void check_limit(enum way way)
{
	make(KIND_FILE, "file", 0644, &ann);

	cleanup_fd int fd = open_here("file", O_RDWR);

	check_call(&limited, EFBIG, resize(way, fd, FILE_LIMIT + 1),
		   "beyond the limit of the process");
	check_text("file", "file", "nothing is changed");
	check_call(&limited, 0, resize(way, fd, FILE_LIMIT), "up to it one may");
	check_size("file", FILE_LIMIT, "it has the size");
	clear("file");
}

static void check_both(enum way way)
{
	check_sizes(way);
	check_cut_off(way);
	check_times_of(way);
	check_set_id(way);
	check_limit(way);
}

static void check_rights(void)
{
	make(KIND_FILE, "file", 0644, &ann);

	struct watch it = watch("file");

	tick();
	check_call(&bob, EACCES, call_truncate("file", 0), "without write permission");
	check_text("file", "file", "the content stays");
	check_times(&it, NOTHING_MOVES, "and the times");
	must(&root, call_chmod("file", 0466));
	check_call(&ann, EACCES, call_truncate("file", 0), "nor the owner without it");
	check_call(&bob, 0, call_truncate("file", 2), "others with it");
	check_text("file", "fi", "have cut it");
	must(&root, call_chmod("file", 0));
	check_call(&root, 0, call_truncate("file", 1), "and root always");
	check_text("file", "f", "has");
	clear("file");
}

static void check_kinds(void)
{
	make(KIND_FOLDER, "folder", 0777, &root);
	make(KIND_FIFO, "fifo", 0666, &root);
	make(KIND_SOCKET, "socket", 0666, &root);
	make(KIND_FILE, "file", 0644, &root);
	must(&root, call_symlink("file", "link"));
	must(&root, call_symlink("folder", "to_folder"));
	check_call(&root, EISDIR, call_truncate("folder", 0), "a folder");
	check_call(&root, EISDIR, call_truncate("to_folder", 0), "a folder by a link");
	check_call(&root, EINVAL, call_truncate("fifo", 0), "a FIFO");
	check_call(&root, EINVAL, call_truncate("socket", 0), "a socket");
	check_call(&root, 0, call_truncate("link", 1), "a link is followed");
	check_text("file", "f", "to the file");
	check_target("link", "file", "and stays");
	check_call(&root, EINVAL, call_truncate("file", -1), "less than nothing");
	check_call(&root, EINVAL, call_truncate("file", INT64_MIN), "far less than nothing");
	check_text("file", "f", "the content stays");
	clear("folder");
	clear("fifo");
	clear("socket");
	clear("file");
	clear("link");
	clear("to_folder");
}

void topic_truncate(void)
{
	check_both(BY_PATH);
	check_rights();
	check_kinds();
}

static void check_descriptors(void)
{
	int pipes[2];

	make(KIND_FILE, "file", 0644, &root);

	cleanup_fd int reader = open_here("file", O_RDONLY);
	cleanup_fd int writer = open_here("file", O_WRONLY);
	cleanup_fd int folder = open_here(".", O_RDONLY | O_DIRECTORY);
	const int refused = either(EINVAL, EBADF);

	check_call(&root, refused, call_ftruncate(reader, 0), "what is only read");
	check_call(&root, refused, call_ftruncate(folder, 0), "a folder");
	check_call(&root, EBADF, call_ftruncate(-1, 0), "no file");
	check_text("file", "file", "the content stays");
	if (pipe2(pipes, O_CLOEXEC) == 0) {
		check_call(&root, EINVAL, call_ftruncate(pipes[1], 0), "a pipe");
		close(pipes[0]);
		close(pipes[1]);
	}
	must(&root, call_chmod("file", 0));
	check_call(&ann, 0, call_ftruncate(writer, 2), "what was opened to write, without rights");
	check_text("file", "fi", "is cut");
	clear("file");
}

/* The offset stays: what is then written leaves a hole. */
static void check_offset(void)
{
	make_pattern("file", 5000);

	cleanup_fd int fd = open_here("file", O_RDWR);

	check_number(5000, lseek(fd, 0, SEEK_END), "seek to the end");
	must(&root, call_ftruncate(fd, 100));
	check_number(5000, lseek(fd, 0, SEEK_CUR), "the offset stays");
	check_number(1, write(fd, "", 1), "write there");
	check_pattern("file", 100, 5001, "zeros are in between");
	check_number(1, pwrite(fd, "", 1, 99999), "write far behind the end");
	check_pattern("file", 100, 100000, "zeros are in between");
	clear("file");
}

static void check_unlinked(void)
{
	char bytes[4] = "....";
	struct stat st = {0};

	make(KIND_FILE, "file", 0644, &root);

	cleanup_fd int fd = open_here("file", O_RDWR);

	must(&root, call_unlink("file"));
	check_call(&root, 0, call_ftruncate(fd, 2), "an unlinked file");
	check_call(&root, 0, call_ftruncate(fd, 10000), "and longer");
	check_number(0, fstat(fd, &st), "it is still open");
	check_number(10000, st.st_size, "it has the size");
	check_number(4, pread(fd, bytes, 4, 0), "it can be read");
	check_true(bytes[0] == 'f' && bytes[1] == 'i' && bytes[2] == 0 && bytes[3] == 0,
		   "what was cut off is zeros");
}

void topic_ftruncate(void)
{
	check_both(BY_FD);
	check_descriptors();
	check_offset();
	check_unlinked();
}
