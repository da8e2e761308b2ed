/* Files read through mappings, and what happens when they are not what they were. */
#include "lsm/env/env_posix_map.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/base/thread.h"
#include "lsm/env/env_posix.h"
#include "tests/unit/unit.h"

enum {
	SIZE = 40000,
};

static char folder[64];
static struct env_dir *dir;

static void begin(void)
{
	static uint8_t bytes[SIZE];
	struct slice part = slice_of(bytes, SIZE);
	struct env_file *f;

	strcpy(folder, "/tmp/env_posix_map.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(env_open_dir(env_posix(), folder, false, &dir), 0);
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	ck_assert_int_eq(env_dir_open(dir, "a.sst", ENV_CREATE, &f), 0);
	ck_assert_int_eq(env_file_append(f, &part, 1), 0);
	env_file_close(f);
}

static void end(void)
{
	ck_assert_int_eq(env_dir_unlink(dir, "a.sst"), 0);
	env_dir_close(dir);
	ck_assert_int_eq(rmdir(folder), 0);
}

static struct env_file *open_map(void)
{
	struct env_file *f;

	ck_assert_int_eq(env_dir_open(dir, "a.sst", ENV_MAP, &f), 0);
	return f;
}

static void check_bytes(const uint8_t *got, size_t offset, size_t len)
{
	for (size_t i = 0; i < len; i++)
		ck_assert(got[i] == (uint8_t)((offset + i) * 7 + (offset + i) / 256));
}

static size_t read_at(struct env_file *f, uint64_t offset, size_t len)
{
	static uint8_t into[SIZE + 100];
	size_t got = 0;

	ck_assert_int_eq(env_file_read(f, offset, into, len, &got), 0);
	check_bytes(into, (size_t)offset, got);
	return got;
}

/* Whether the process has the file mapped. */
static bool is_mapped(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	bool found = false;

	ck_assert_ptr_nonnull(maps);
	while (fgets(line, sizeof(line), maps))
		found |= strstr(line, folder) && strstr(line, "a.sst");
	fclose(maps);
	return found;
}

START_TEST(a_mapped_file_reads_like_any_other)
{
	begin();
	ck_assert(!is_mapped());
	struct env_file *f = open_map();

	ck_assert(is_mapped());
	ck_assert_uint_eq(read_at(f, 0, 100), 100);
	ck_assert_uint_eq(read_at(f, 4095, 2), 2);
	ck_assert_uint_eq(read_at(f, 0, SIZE), SIZE);
	ck_assert_uint_eq(read_at(f, SIZE - 10, 100), 10);
	ck_assert_uint_eq(read_at(f, SIZE, 100), 0);
	ck_assert_uint_eq(read_at(f, UINT64_MAX - 5, 100), 0);
	ck_assert_uint_eq(read_at(f, 7, 0), 0);
	uint64_t size;

	ck_assert_int_eq(env_file_size(f, &size), 0);
	ck_assert_uint_eq(size, SIZE);
	env_file_read_ahead(f, 0, 4096);
	env_file_read_ahead(f, 0, 0);
	env_file_close(f);
	ck_assert(!is_mapped());
	end();
}
END_TEST

START_TEST(it_cannot_be_changed)
{
	struct slice part = slice_str("x");

	begin();
	struct env_file *f = open_map();

	ck_assert_int_eq(env_file_append(f, &part, 1), -EBADF);
	ck_assert_int_eq(env_file_seek(f, 0), -EBADF);
	ck_assert_int_eq(env_file_truncate(f, 0), -EBADF);
	ck_assert_int_eq(env_file_allocate(f, 0, 1), -EBADF);
	ck_assert_int_eq(env_file_sync(f), 0);
	env_file_close(f);
	struct env_file *absent = NULL;

	ck_assert_int_eq(env_dir_open(dir, "b.sst", ENV_MAP, &absent), -ENOENT);
	end();
}
END_TEST

START_TEST(an_empty_file_has_no_mapping)
{
	begin();
	struct env_file *f;

	ck_assert_int_eq(env_dir_open(dir, "a.sst", ENV_REPLACE, &f), 0);
	env_file_close(f);
	f = open_map();
	ck_assert(!is_mapped());
	ck_assert_uint_eq(read_at(f, 0, 10), 0);
	env_file_close(f);
	end();
}
END_TEST

static void cut_behind_its_back(off_t size)
{
	char path[100];

	(void)snprintf(path, sizeof(path), "%s/a.sst", folder);
	ck_assert_int_eq(truncate(path, size), 0);
}

/* Reading the mapping there is a SIGBUS; who reads gets the answer of a file that ends there. */
START_TEST(a_file_cut_short_ends_there)
{
	begin();
	struct env_file *f = open_map();

	ck_assert_uint_eq(read_at(f, 20000, 100), 100);
	cut_behind_its_back(10000);
	ck_assert_uint_eq(read_at(f, 20000, 100), 0);
	ck_assert_uint_eq(read_at(f, 9990, 20000), 10);
	ck_assert_uint_eq(read_at(f, 0, 10000), 10000);
	ck_assert_int_eq(env_file_read_exact(f, "a.sst", 20000, &(uint8_t[8]){0}, 8), -EUCLEAN);
	/* again and again: a jump out of the handler leaves the signal as it was */
	for (unsigned i = 0; i < 100; i++)
		ck_assert_uint_eq(read_at(f, 30000, 1), 0);
	env_file_close(f);
	end();
}
END_TEST

static void read_often(void *arg)
{
	struct env_file *f = arg;
	uint8_t into[256];

	for (unsigned i = 0; i < 3000; i++) {
		size_t got = 0;

		ck_assert(env_file_read(f, 39000, into, sizeof(into), &got) == 0);
		check_bytes(into, 39000, got);
	}
}

START_TEST(each_thread_has_a_guard_of_its_own)
{
	struct thread threads[4] = {0};

	begin();
	struct env_file *f = open_map();

	for (size_t i = 0; i < array_size(threads); i++)
		ck_assert_int_eq(thread_start(&threads[i], "read", read_often, f), 0);
	cut_behind_its_back(100);
	for (size_t i = 0; i < array_size(threads); i++)
		thread_join(&threads[i]);
	env_file_close(f);
	end();
}
END_TEST

/* One that has nothing to do with our mappings ends the process, as ever. */
START_TEST(the_signal_of_others_is_theirs)
{
	begin();
	struct env_file *f = open_map();
	pid_t child = fork();

	if (child == 0) {
		char path[100];

		(void)snprintf(path, sizeof(path), "%s/a.sst", folder);
		int fd = open(path, O_RDONLY);
		volatile uint8_t *own = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);

		cut_behind_its_back(0);
		(void)own[20000];
		_exit(0);
	}
	int status;

	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(!WIFEXITED(status) || WEXITSTATUS(status) != 0, "status %x", status);
	env_file_close(f);
	end();
}
END_TEST

static const TTest *const *const tests[] = {
	&a_mapped_file_reads_like_any_other, &it_cannot_be_changed,
	&an_empty_file_has_no_mapping,       &a_file_cut_short_ends_there,
	&each_thread_has_a_guard_of_its_own, &the_signal_of_others_is_theirs,
};

UNIT_SUITE("lsm/env/env_posix_map", tests)
