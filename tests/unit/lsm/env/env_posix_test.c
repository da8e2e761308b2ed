#include "lsm/env/env_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/env/env_posix_file.h"
#include "lsm/env/env_posix_open.h"
#include "tests/unit/lsm/env/env_testing.h"

/* In the library's place: a file system that has none, when a test says so. */
static bool without_fallocate;

int fallocate(int fd, int mode, off_t offset, off_t len)
{
	if (without_fallocate) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int)syscall(SYS_fallocate, fd, mode, offset, len);
}

static char root[32];
static struct env_dir *dir;

static void setup(void)
{
	(void)snprintf(root, sizeof(root), "/tmp/env_posix.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	ck_assert_int_eq(env_open_dir(env_posix(), root, false, &dir), 0);
}

/* The files and folders that the tests make. */
static void teardown(void)
{
	static const char *const made[] = {"a", "b", "c", "LOCK", "store"};

	env_dir_close(dir);
	for (size_t i = 0; i < array_size(made); i++) {
		char path[64];

		(void)snprintf(path, sizeof(path), "%s/%s", root, made[i]);
		(void)remove(path); /* most tests make only some of them */
	}
	ck_assert_int_eq(rmdir(root), 0);
}

static const char *path_of(const char *name)
{
	static char path[64];

	(void)snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

static unsigned mode_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(lstat(path_of(name), &st), 0);
	return st.st_mode & 07777;
}

START_TEST(files_are_0600_whatever_the_umask)
{
	static const mode_t masks[] = {0, 022, 0277, 0777};

	for (size_t i = 0; i < array_size(masks); i++) {
		mode_t before = umask(masks[i]);
		struct env_file *f = open_file(dir, "a", ENV_CREATE);
		struct env_lock *lock = NULL;

		ck_assert_int_eq(env_dir_lock(dir, "LOCK", "me", &lock), 0);
		(void)umask(before);
		env_dir_unlock(dir, lock);
		env_file_close(f);
		ck_assert_uint_eq(mode_of("a"), 0600);
		ck_assert_uint_eq(mode_of("LOCK"), 0600);
		ck_assert_int_eq(env_dir_unlink(dir, "a"), 0);
		ck_assert_int_eq(env_dir_unlink(dir, "LOCK"), 0);
	}
}
END_TEST

START_TEST(a_wider_file_is_narrowed_when_it_is_replaced)
{
	put(dir, "a", "x");
	ck_assert_int_eq(chmod(path_of("a"), 0666), 0);
	put(dir, "a", "y");
	ck_assert_uint_eq(mode_of("a"), 0600);
}
END_TEST

START_TEST(folders_are_0700_whatever_the_umask)
{
	static const mode_t masks[] = {0, 022, 0777};

	for (size_t i = 0; i < array_size(masks); i++) {
		mode_t before = umask(masks[i]);
		struct env_dir *d = NULL;
		int rc = env_open_dir(env_posix(), path_of("store"), true, &d);

		(void)umask(before);
		ck_assert_msg(rc == 0, "%d %s", rc, fail_text());
		env_dir_close(d);
		ck_assert_uint_eq(mode_of("store"), 0700);
		ck_assert_int_eq(rmdir(path_of("store")), 0);
	}
}
END_TEST

START_TEST(an_existing_folder_keeps_its_mode)
{
	struct env_dir *d = NULL;

	ck_assert_int_eq(mkdir(path_of("store"), 0755), 0);
	ck_assert_int_eq(chmod(path_of("store"), 0755), 0);
	ck_assert_int_eq(env_open_dir(env_posix(), path_of("store///"), true, &d), 0);
	env_dir_close(d);
	ck_assert_uint_eq(mode_of("store"), 0755);
}
END_TEST

START_TEST(a_folder_is_made_under_a_relative_path_and_trailing_slashes)
{
	static const char *const paths[] = {"store", "store//", "./store/"};
	char *before = getcwd(NULL, 0);

	ck_assert_int_eq(chdir(root), 0);
	for (size_t i = 0; i < array_size(paths); i++) {
		struct env_dir *d = NULL;

		ck_assert_int_eq(env_open_dir(env_posix(), paths[i], true, &d), 0);
		env_dir_close(d);
		ck_assert_int_eq(rmdir("store"), 0);
	}
	ck_assert_int_eq(chdir(before), 0);
	free(before);
}
END_TEST

START_TEST(a_folder_that_cannot_be_opened_or_made_is_named)
{
	struct env_dir *d = NULL;

	put(dir, "a", "a file");
	ck_assert_int_eq(env_open_dir(env_posix(), path_of("a"), true, &d), -ENOTDIR);
	assert_said(path_of("a"));
	ck_assert_int_eq(env_open_dir(env_posix(), path_of("b/c"), true, &d), -ENOENT);
	assert_said(path_of("b"));
	ck_assert_int_eq(env_open_dir(env_posix(), "", true, &d), -ENOENT);
	ck_assert_int_eq(symlink("nowhere", path_of("store")), 0);
	ck_assert_int_eq(env_open_dir(env_posix(), path_of("store"), true, &d), -ENOENT);
	ck_assert_ptr_null(d);
}
END_TEST

static bool holds_path(const char *path)
{
	bool held = false;

	ck_assert_int_eq(env_dir_holds_path(dir, path, &held), 0);
	return held;
}

START_TEST(a_path_below_a_folder_is_known_whatever_leads_there)
{
	char *before = getcwd(NULL, 0);
	bool untouched = true;

	ck_assert_int_eq(symlink(root, path_of("link")), 0);
	ck_assert(holds_path(path_of("link")));
	ck_assert(holds_path(path_of("link/absent")));
	ck_assert(!holds_path("/tmp"));
	ck_assert_int_eq(chdir(root), 0);
	ck_assert(holds_path("."));
	ck_assert(holds_path("absent"));
	ck_assert(holds_path("../.././/tmp/../") == holds_path("/"));
	ck_assert(!holds_path(".."));
	ck_assert(!holds_path("../absent"));
	ck_assert_int_eq(env_dir_holds_path(dir, "absent/absent", &untouched), -ENOENT);
	assert_said("absent/absent");
	ck_assert(untouched);
	ck_assert_int_eq(chdir(before), 0);
	free(before);
	ck_assert_int_eq(unlink(path_of("link")), 0);
}
END_TEST

START_TEST(a_symlink_in_a_files_place_is_refused)
{
	static const enum env_open_mode modes[] = {ENV_READ, ENV_REPLACE, ENV_REUSE};
	struct env_file *f = NULL;
	struct env_lock *lock = NULL;
	uint64_t size = 0;

	put(dir, "b", "target");
	ck_assert_int_eq(symlink("b", path_of("a")), 0);
	for (size_t i = 0; i < array_size(modes); i++) {
		ck_assert_int_eq(env_dir_open(dir, "a", modes[i], &f), -ELOOP);
		assert_said("a: open");
	}
	ck_assert_int_eq(env_dir_open(dir, "a", ENV_CREATE, &f), -EEXIST);
	ck_assert_int_eq(env_dir_lock(dir, "a", "me", &lock), -ELOOP);
	ck_assert_int_eq(env_dir_file_size(dir, "a", &size), -EUCLEAN);
	ck_assert(holds(dir, "b", "target"));
}
END_TEST

START_TEST(a_fifo_in_a_files_place_is_refused_and_does_not_hang)
{
	struct env_file *f = NULL;

	ck_assert_int_eq(mkfifo(path_of("a"), 0600), 0);
	ck_assert_int_eq(env_dir_open(dir, "a", ENV_READ, &f), -EUCLEAN);
	assert_said("a: not a regular file");
	ck_assert_int_eq(env_dir_open(dir, "a", ENV_REPLACE, &f), -EUCLEAN);
	ck_assert_int_eq(env_dir_open(dir, "LOCK/", ENV_REPLACE, &f), -EINVAL);
	ck_assert_ptr_null(f);
}
END_TEST

START_TEST(descriptors_are_not_inherited_by_programs)
{
	int fd = -1;

	ck_assert_int_eq(posix_open_folder(root, false, &fd), 0);
	ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);

	int file_fd = -1;

	ck_assert_int_eq(posix_open_regular(fd, "a", O_RDWR | O_CREAT, &file_fd), 0);
	ck_assert_int_eq(fcntl(file_fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	(void)close(file_fd);
	(void)close(fd);
}
END_TEST

/* The kernel writes up to the limit, a short count, and refuses the rest: both paths of the loop.
 */
START_TEST(a_short_write_is_continued_and_then_names_where_it_stopped)
{
	struct rlimit whole;
	struct rlimit little;
	struct slice parts[] = {slice_str("0123456789"), slice_str("abcdefghij"),
				slice_str("ABCDEFGHIJ")};
	cleanup_file struct env_file *f = open_file(dir, "a", ENV_CREATE);
	uint64_t size = 0;

	ck_assert_int_eq(append(f, "head:"), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &whole), 0);
	little = whole;
	little.rlim_cur = 22;
	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &little), 0);
	ck_assert_int_eq(env_file_append(f, parts, array_size(parts)), -EFBIG);
	assert_said("a: offset 22: write: ");
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &whole), 0);
	ck_assert_int_eq(env_file_size(f, &size), 0);
	ck_assert_uint_eq(size, 22);
	ck_assert(holds(dir, "a", "head:0123456789abcdefg"));
	ck_assert_int_eq(env_file_append(f, parts, array_size(parts)), 0);
	ck_assert(holds(dir, "a", "head:0123456789abcdefghijABCDEFGHIJ"));
}
END_TEST

/* fdatasync(2) of a pipe fails, which stands for a disk that does. */
START_TEST(no_sync_is_tried_after_one_has_failed)
{
	int ends[2];
	struct posix_file *object = posix_file_new("000007.wal");

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);

	struct env_file *f = posix_file_adopt(object, ends[1]);

	ck_assert_int_eq(env_file_sync(f), -EINVAL);
	assert_said("000007.wal: sync: ");
	/* A descriptor that would sync well: dup3 puts it where the pipe was. */
	int good = open(path_of("a"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_eq(dup3(good, ends[1], O_CLOEXEC), ends[1]);
	ck_assert_int_eq(env_file_sync(f), -EIO);
	assert_said("000007.wal: sync: an earlier one failed");
	env_file_close(f);
	(void)close(good);
	(void)close(ends[0]);
}
END_TEST

START_TEST(a_failed_read_names_file_and_offset)
{
	int ends[2];
	struct posix_file *object = posix_file_new("000007.sst");
	char into[4];
	size_t len = 9;

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);

	struct env_file *f = posix_file_adopt(object, ends[0]);

	ck_assert_int_eq(env_file_read(f, 4096, into, 4, &len), -ESPIPE);
	assert_said("000007.sst: offset 4096: read: ");
	ck_assert_uint_eq(len, 9);
	ck_assert_int_eq(env_file_truncate(f, 12), -EINVAL);
	assert_said("000007.sst: offset 12: truncate: ");
	env_file_close(f);
	(void)close(ends[1]);
}
END_TEST

START_TEST(a_file_object_without_a_descriptor_is_discarded)
{
	posix_file_discard(posix_file_new("a"));
	posix_file_discard(NULL);
}
END_TEST

static int child_tries_the_lock(void)
{
	struct env_dir *d = NULL;
	struct env_lock *lock = NULL;
	int rc = env_open_dir(env_posix(), root, false, &d);

	if (!rc)
		rc = env_dir_lock(d, "LOCK", "pid=child", &lock);
	if (rc == -EWOULDBLOCK && strcmp(fail_text(), "pid=parent") == 0)
		return 3;
	return rc ? 4 : 0;
}

static int run_child(void)
{
	pid_t child = fork();
	int status = 0;

	ck_assert_int_ge(child, 0);
	if (child == 0)
		_exit(child_tries_the_lock());
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

START_TEST(another_process_is_refused_and_told_who_holds_it)
{
	struct env_lock *lock = NULL;

	ck_assert_int_eq(env_dir_lock(dir, "LOCK", "pid=parent", &lock), 0);
	ck_assert_int_eq(run_child(), 3);
	/* Reading the file, as any look into the store does, drops nothing. */
	ck_assert(holds(dir, "LOCK", "pid=parent\n"));
	ck_assert_int_eq(run_child(), 3);
	env_dir_unlock(dir, lock);
	ck_assert_int_eq(run_child(), 0);
	/* The child ended without unlocking: the kernel did that. */
	ck_assert_int_eq(env_dir_lock(dir, "LOCK", "pid=parent", &lock), 0);
	env_dir_unlock(dir, lock);
}
END_TEST

START_TEST(a_shorter_holder_leaves_nothing_of_a_longer_one)
{
	struct env_lock *lock = NULL;

	ck_assert_int_eq(env_dir_lock(dir, "LOCK", "a rather long holder", &lock), 0);
	env_dir_unlock(dir, lock);
	ck_assert_int_eq(env_dir_lock(dir, "LOCK", "short", &lock), 0);
	ck_assert(holds(dir, "LOCK", "short\n"));
	env_dir_unlock(dir, lock);
}
END_TEST

START_TEST(a_file_system_without_folder_sync_counts_as_synced)
{
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC),
			 0); /* fsync(2) answers EINVAL, as such a folder does */
	ck_assert_int_eq(posix_sync_folder(ends[0]), 0);
	(void)close(ends[0]);
	(void)close(ends[1]);
	ck_assert_int_eq(posix_sync_folder(-1), -EBADF);
}
END_TEST

START_TEST(without_fallocate_space_is_taken_by_writing_zeros)
{
	cleanup_file struct env_file *f = open_file(dir, "a", ENV_CREATE);
	struct stat st;

	without_fallocate = true;
	ck_assert_int_eq(append(f, "kept"), 0);
	ck_assert_int_eq(env_file_allocate(f, 2, 200000), 0);
	ck_assert_int_eq(stat(path_of("a"), &st), 0);
	ck_assert_int_eq(st.st_size, 200002);
	ck_assert_int_ge(st.st_blocks * 512, 200002); /* no hole */

	/* nothing that is there is written again */
	ck_assert_int_eq(env_file_allocate(f, 0, 1000), 0);
	ck_assert_int_eq(stat(path_of("a"), &st), 0);
	ck_assert_int_eq(st.st_size, 200002);

	uint8_t bytes[8] = {1, 1, 1, 1, 1, 1, 1, 1};
	size_t got = 0;

	ck_assert_int_eq(env_file_read(f, 0, bytes, sizeof(bytes), &got), 0);
	ck_assert_mem_eq(bytes, "kept\0\0\0\0", 8);
	ck_assert_int_eq(append(f, "more"), 0);
	ck_assert_int_eq(env_file_read(f, 0, bytes, sizeof(bytes), &got), 0);
	ck_assert_mem_eq(bytes, "keptmore", 8);
	without_fallocate = false;
}
END_TEST

START_TEST(without_fallocate_and_room_the_file_is_as_before)
{
	cleanup_file struct env_file *f = open_file(dir, "a", ENV_CREATE);
	struct rlimit whole, little;

	ck_assert_int_eq(append(f, "kept"), 0);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &whole), 0);
	little = whole;
	little.rlim_cur = 100000;
	(void)signal(SIGXFSZ, SIG_IGN);
	without_fallocate = true;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &little), 0);
	ck_assert_int_eq(env_file_allocate(f, 4, 200000), -EFBIG);
	assert_said("a: offset 4: allocate: ");
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &whole), 0);
	without_fallocate = false;
	ck_assert(holds(dir, "a", "kept"));
}
END_TEST

static const TTest *const *const tests[] = {
	&files_are_0600_whatever_the_umask,
	&a_wider_file_is_narrowed_when_it_is_replaced,
	&folders_are_0700_whatever_the_umask,
	&an_existing_folder_keeps_its_mode,
	&a_folder_is_made_under_a_relative_path_and_trailing_slashes,
	&a_folder_that_cannot_be_opened_or_made_is_named,
	&a_path_below_a_folder_is_known_whatever_leads_there,
	&a_symlink_in_a_files_place_is_refused,
	&a_fifo_in_a_files_place_is_refused_and_does_not_hang,
	&descriptors_are_not_inherited_by_programs,
	&a_short_write_is_continued_and_then_names_where_it_stopped,
	&no_sync_is_tried_after_one_has_failed,
	&a_failed_read_names_file_and_offset,
	&a_file_object_without_a_descriptor_is_discarded,
	&another_process_is_refused_and_told_who_holds_it,
	&a_shorter_holder_leaves_nothing_of_a_longer_one,
	&a_file_system_without_folder_sync_counts_as_synced,
	&without_fallocate_space_is_taken_by_writing_zeros,
	&without_fallocate_and_room_the_file_is_as_before,
};

UNIT_ROUNDS("lsm/env/env_posix", tests, setup, teardown, 0, 1)
