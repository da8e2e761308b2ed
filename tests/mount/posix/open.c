/*
 * open: creation, flags, and what cannot be opened.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "tests/mount/posix/posix.h"

struct masked {
	mode_t asked, umask, mode;
};

static const struct masked masks[] = {
	{0666, 022, 0644}, {0777, 022, 0755},  {0666, 0, 0666},   {0777, 0777, 0},
	{0, 0, 0},         {0151, 0, 0151},    {0151, 077, 0100}, {0345, 0501, 0244},
	{0640, 027, 0640}, {0666, 0111, 0666},
};

static void check_new_mode(void)
{
	for (size_t i = 0; i < array_size(masks); i++) {
		const struct masked *m = &masks[i];

		umask(m->umask);
		check_call(&ann, 0, call_open("new", O_CREAT | O_RDWR, m->asked),
			   "a new file, asked for %04o with umask %04o", m->asked, m->umask);
		umask(0);
		check_mode("new", m->mode, "it has %04o", m->mode);
		clear("new");
	}
}

static void check_new(void)
{
	make(KIND_FILE, "stamp", 0644, &root);

	struct watch stamp = watch("stamp"), here = watch(".");

	tick();
	check_call(&ann, 0, call_open("new", O_CREAT | O_WRONLY, 0640), "a new file");
	check_kind("new", KIND_FILE, "is a file");
	check_size("new", 0, "is empty");
	check_owner("new", ann.uid, ann.gid, "belongs to who made it");
	check_young("new", &stamp, "has new times");
	check_times(&here, BOTH_MOVE, "mtime and ctime of the folder move");
	check_number(1, (long long)look("new").st_nlink, "it has one link");
	here = watch(".");
	tick();
	check_call(&ann, 0, call_open("new", O_CREAT | O_WRONLY, 0777), "a file that is there");
	check_mode("new", 0640, "keeps its mode");
	check_times(&here, NOTHING_MOVES, "and the folder its times");
	check_call(&ann, EEXIST, call_open("new", O_CREAT | O_EXCL | O_WRONLY, 0644),
		   "is not made again");
	check_times(&here, NOTHING_MOVES, "which moves no time of the folder");
	check_call(&bob, EACCES, call_open("new", O_CREAT | O_WRONLY, 0644),
		   "O_CREAT gives no right to what is there");
	clear("new");
	clear("stamp");
}

/* A folder that hands its group on. */
static void check_group(void)
{
	make(KIND_FOLDER, "folder", 02777, &bob);
	must(&ann, call_open("folder/new", O_CREAT | O_WRONLY, 0644));
	check_owner("folder/new", ann.uid, bob.gid, "a new file has the group of such a folder");
	must(&ann, call_open("folder/program", O_CREAT | O_WRONLY, 02755));
	check_mode("folder/program", 0755, "who is no member makes no program that runs as it");
	must(&ann_with_bob, call_open("folder/member", O_CREAT | O_WRONLY, 02755));
	check_mode("folder/member", 02755, "a member does");
	clear("folder");
}

static void check_truncation(void)
{
	make(KIND_FILE, "file", 0644, &ann);

	struct watch before = watch("file");

	tick();
	check_call(&bob, EACCES, call_open("file", O_WRONLY | O_TRUNC, 0), "O_TRUNC of another's");
	check_call(&bob, EACCES, call_open("file", O_RDONLY | O_TRUNC, 0), "also when only read");
	check_text("file", "file", "leaves the content");
	check_times(&before, NOTHING_MOVES, "and the times");
	check_call(&ann, 0, call_open("file", O_WRONLY | O_TRUNC, 0), "O_TRUNC of one's own");
	check_size("file", 0, "leaves nothing");
	check_times(&before, BOTH_MOVE, "and moves mtime and ctime");
	check_owner("file", ann.uid, ann.gid, "the owner stays");
	check_mode("file", 0644, "and the mode");
	must(&root, call_write("file", O_WRONLY, "text"));
	check_call(&ann, 0, call_open("file", O_CREAT | O_RDWR | O_TRUNC, 0600), "with O_CREAT");
	check_size("file", 0, "as well");
	check_mode("file", 0644, "and the mode stays");
	must(&root, call_write("file", O_WRONLY, "text"));
	check_call(&ann, EEXIST, call_open("file", O_CREAT | O_EXCL | O_RDWR | O_TRUNC, 0600),
		   "with O_EXCL it fails");
	check_text("file", "text", "and truncates nothing");
	clear("file");
}

static void check_appending(void)
{
	make(KIND_FILE, "file", 0644, &root);

	cleanup_fd int one = open_here("file", O_RDWR | O_APPEND);
	cleanup_fd int two = open_here("file", O_WRONLY | O_APPEND);

	check_number(0, lseek(one, 0, SEEK_SET), "seek to the start");
	check_number(2, write(one, "-1", 2), "append");
	check_text("file", "file-1", "it is at the end");
	check_number(2, write(two, "-2", 2), "append by another descriptor");
	check_number(2, write(one, "-3", 2), "and by the first again");
	check_text("file", "file-1-2-3", "each is at the end of all");
	check_number(10, lseek(one, 0, SEEK_CUR), "the offset is the new end");
	check_call(&root, 0, call_write("file", O_WRONLY, "FI"), "without O_APPEND");
	check_text("file", "FIle-1-2-3", "it is at the start");
	clear("file");
}

static void check_directions(void)
{
	char byte = 'x';

	make(KIND_FILE, "file", 0644, &root);

	cleanup_fd int reader = open_here("file", O_RDONLY);
	cleanup_fd int writer = open_here("file", O_WRONLY);

	check_number(-1, write(reader, &byte, 1), "write to what is only read");
	check_error(EBADF, errno, "its error");
	check_number(-1, read(writer, &byte, 1), "read from what is only written");
	check_error(EBADF, errno, "its error");
	check_text("file", "file", "the content stays");
	/* who makes a file may write it, whatever its mode will forbid others */
	check_call(&ann, 0, call_write("secret", O_CREAT | O_RDWR | O_EXCL, "text"),
		   "write to a file just made");
	check_text("secret", "text", "it is in there");
	must(&root, call_chmod("secret", 0));
	check_call(&ann, EACCES, call_open("secret", O_RDONLY, 0), "a mode of 0 stops its owner");
	check_call(&ann, 0, call_open("sealed", O_CREAT | O_RDWR, 0),
		   "but not who makes it with 0");
	check_call(&ann, EACCES, call_open("sealed", O_RDONLY, 0), "until the next open");
	clear("file");
	clear("secret");
	clear("sealed");
}

static void check_links(void)
{
	make(KIND_FILE, "file", 0644, &root);
	make(KIND_FOLDER, "folder", 0755, &root);
	must(&root, call_symlink("file", "to_file"));
	must(&root, call_symlink("folder", "to_folder"));
	must(&root, call_symlink("new", "to_new"));
	must(&root, call_symlink("absent/new", "to_nowhere"));
	check_call(&root, 0, call_open("to_file", O_RDWR, 0), "a link is followed");
	check_call(&root, ELOOP, call_open("to_file", O_RDONLY | O_NOFOLLOW, 0), "O_NOFOLLOW");
	check_call(&root, either(ELOOP, ENOTDIR),
		   call_open("to_folder", O_RDONLY | O_NOFOLLOW | O_DIRECTORY, 0),
		   "O_NOFOLLOW for a folder");
	check_call(&root, ELOOP, call_open("to_file", O_WRONLY | O_TRUNC | O_NOFOLLOW, 0),
		   "O_NOFOLLOW with O_TRUNC");
	check_text("file", "file", "truncates nothing");
	check_call(&root, 0, call_open("file", O_RDONLY | O_NOFOLLOW, 0), "O_NOFOLLOW of a file");
	check_call(&root, EEXIST, call_open("to_new", O_CREAT | O_EXCL | O_RDWR, 0644),
		   "O_EXCL does not follow");
	check_absent("new", "nor make what the link leads to");
	check_call(&root, 0, call_open("to_new", O_CREAT | O_RDWR, 0644), "O_CREAT follows");
	check_kind("new", KIND_FILE, "and makes it");
	check_kind("to_new", KIND_LINK, "the link stays");
	check_call(&root, ENOENT, call_open("to_nowhere", O_CREAT | O_RDWR, 0644),
		   "O_CREAT by a link into an absent folder");
	check_call(&root, 0, call_open("to_folder", O_RDONLY | O_DIRECTORY, 0),
		   "a link to a folder is followed");
	clear("to_file");
	clear("to_folder");
	clear("to_new");
	clear("to_nowhere");
	clear("new");
	clear("file");
	clear("folder");
}

static void check_folders(void)
{
	make(KIND_FILE, "file", 0644, &root);
	make(KIND_FOLDER, "folder", 0755, &root);
	check_call(&root, EISDIR, call_open("folder", O_WRONLY, 0), "a folder to write");
	check_call(&root, EISDIR, call_open("folder", O_RDWR, 0), "a folder to read and write");
	check_call(&root, EISDIR, call_open("folder", O_RDONLY | O_TRUNC, 0),
		   "a folder to truncate");
	check_call(&root, EISDIR, call_open("folder", O_RDONLY | O_CREAT, 0644),
		   "a folder with O_CREAT");
	check_call(&root, EEXIST, call_open("folder", O_RDWR | O_CREAT | O_EXCL, 0644),
		   "a folder with O_CREAT and O_EXCL");
	check_call(&root, 0, call_open("folder", O_RDONLY, 0), "a folder to read");
	check_call(&root, 0, call_open("folder/", O_RDONLY | O_DIRECTORY, 0), "and with a slash");
	check_call(&root, ENOTDIR, call_open("file", O_RDONLY | O_DIRECTORY, 0),
		   "a file as a folder");
	check_call(&root, ENOTDIR, call_open("file/", O_RDONLY, 0), "a file with a slash");
	check_call(&root, EISDIR, call_open("new/", O_RDWR | O_CREAT, 0644),
		   "a new file with a slash");
	check_absent("new", "is not made");
	clear("file");
	clear("folder");
}

static void check_special(void)
{
	make(KIND_FIFO, "fifo", 0666, &root);
	check_call(&ann, ENXIO, call_open("fifo", O_WRONLY | O_NONBLOCK, 0),
		   "a FIFO without a reader, to write");
	check_call(&ann, 0, call_open("fifo", O_RDONLY | O_NONBLOCK, 0),
		   "a FIFO without a writer, to read");

	cleanup_fd int reader = open_here("fifo", O_RDONLY | O_NONBLOCK);

	check_call(&ann, 0, call_open("fifo", O_WRONLY | O_NONBLOCK, 0),
		   "a FIFO with a reader, to write");
	make(KIND_SOCKET, "socket", 0666, &root);
	check_call(&root, ENXIO, call_open("socket", O_RDONLY, 0), "a socket to read");
	check_call(&root, ENXIO, call_open("socket", O_RDWR, 0), "a socket for both");
	clear("fifo");
	clear("socket");
}

/* A copy of a program that ends when its input does. */
static bool copy_program(const char *path)
{
	char bytes[1 << 16];
	cleanup_fd int from = open("/bin/cat", O_RDONLY | O_CLOEXEC);
	cleanup_fd int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	ssize_t n = 0;

	if (from < 0 || to < 0)
		return false;
	while ((n = read(from, bytes, sizeof(bytes))) > 0) {
		if (write(to, bytes, (size_t)n) != n)
			return false;
	}
	return n == 0;
}

/* Run "./program" with that input; it has begun when this returns. */
static pid_t run_program(int input)
{
	int begun[2];
	char byte;
	pid_t child;

	if (pipe2(begun, O_CLOEXEC) != 0)
		return -1;
	child = fork();
	if (child == 0) {
		if (dup2(input, STDIN_FILENO) >= 0)
			execl("./program", "program", (char *)NULL);
		(void)!write(begun[1], "x", 1);
		_exit(EXIT_FAILURE);
	}
	close(begun[1]);
	/* exec closes the other end; before that nothing comes but a failure */
	if (read(begun[0], &byte, 1) != 0 && child > 0) {
		(void)waitpid(child, NULL, 0);
		child = -1;
	}
	close(begun[0]);
	return child;
}

static void check_running(void)
{
	int input[2];

	if (!copy_program("program") || pipe2(input, O_CLOEXEC) != 0) {
		check_obstacle(HERE, errno, "a program");
		return;
	}

	off_t size = look("program").st_size;
	pid_t child = run_program(input[0]);

	check_true(child > 0, "a program is run from here");
	check_call(&root, ETXTBSY, call_open("program", O_WRONLY, 0), "to write it");
	check_call(&root, ETXTBSY, call_open("program", O_RDWR | O_TRUNC, 0),
		   "to open with O_TRUNC");
	check_call(&root, ETXTBSY, call_truncate("program", 0), "to truncate it");
	check_size("program", size, "it is whole");
	check_call(&root, 0, call_open("program", O_RDONLY, 0), "to read it");
	close(input[0]);
	close(input[1]);

	int status = 1;

	check_true(child > 0 && waitpid(child, &status, 0) == child && status == 0, "it ends");
	check_call(&root, 0, call_open("program", O_RDWR, 0), "afterwards it may be written");
	clear("program");
}

static void check_write_limit(void)
{
	make(KIND_FILE, "file", 0644, &ann);
	must(&ann, call_truncate("file", FILE_LIMIT));
	check_call(&limited, EFBIG, call_write("file", O_WRONLY | O_APPEND, "x"),
		   "a write beyond the limit of the process");
	check_size("file", FILE_LIMIT, "leaves the size");
	check_call(&limited, 0, call_write("file", O_WRONLY, "x"), "below it one may write");
	clear("file");
}

void topic_open(void)
{
	check_new_mode();
	check_new();
	check_group();
	check_truncation();
	check_appending();
	check_directions();
	check_links();
	check_folders();
	check_special();
	check_running();
	check_write_limit();
}
