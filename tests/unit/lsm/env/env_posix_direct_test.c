/* Files written past the page cache. */
#include "lsm/env/env_posix_direct.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/base/rng.h"
#include "lsm/env/env_posix.h"
#include "tests/unit/unit.h"

enum {
	SIZE = 3 << 20,
};

static char folder[64];
static struct env_dir *dir;
static uint8_t bytes[SIZE];

static void begin(void)
{
	strcpy(folder, "/tmp/env_posix_direct.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(env_open_dir(env_posix(), folder, false, &dir), 0);
	for (size_t i = 0; i < SIZE; i++)
		bytes[i] = (uint8_t)(i * 13 + i / 1000);
}

static void end(void)
{
	ck_assert_int_eq(env_dir_unlink(dir, "a.sst"), 0);
	env_dir_close(dir);
	ck_assert_int_eq(rmdir(folder), 0);
}

static struct env_file *create(void)
{
	struct env_file *f;

	ck_assert_int_eq(env_dir_open(dir, "a.sst", ENV_CREATE_DIRECT, &f), 0);
	return f;
}

static void append(struct env_file *f, size_t from, size_t len)
{
	struct slice parts[] = {slice_of(bytes + from, len / 3),
				slice_of(bytes + from + len / 3, len - len / 3)};

	ck_assert_int_eq(env_file_append(f, parts, 2), 0);
}

static void check_file(size_t len)
{
	static uint8_t got[SIZE + 1];
	struct env_file *f;
	size_t got_len;

	ck_assert_int_eq(env_dir_open(dir, "a.sst", ENV_READ, &f), 0);
	ck_assert_int_eq(env_file_read(f, 0, got, sizeof(got), &got_len), 0);
	env_file_close(f);
	ck_assert_uint_eq(got_len, len);
	ck_assert_int_eq(memcmp(got, bytes, len), 0);
}

/* O_DIRECT as the kernel knows it of our descriptors for the file; -1: there is none. */
static int is_direct(void)
{
	for (int fd = 3; fd < 256; fd++) {
		char link[64], target[256];

		(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		ssize_t len = readlink(link, target, sizeof(target) - 1);

		if (len < 0)
			continue;
		target[len] = '\0';
		if (strstr(target, folder) && strstr(target, "a.sst"))
			return (fcntl(fd, F_GETFL) & O_DIRECT) != 0;
	}
	return -1;
}

/* Whether files in the scratch folder can be written so at all. */
static bool is_possible(void)
{
	char path[100];

	(void)snprintf(path, sizeof(path), "%s/try", folder);
	cleanup_fd int fd = open(path, O_RDWR | O_CREAT, 0600);

	ck_assert_int_ge(fd, 0);
	unlink(path);
	return fcntl(fd, F_SETFL, O_RDWR | O_DIRECT) == 0;
}

START_TEST(every_length_is_written_as_it_is)
{
	static const size_t lengths[] = {
		0,       1,           4095, 4096, 4097, (1 << 20) - 1, 1 << 20, (1 << 20) + 1,
		2097152, SIZE - 4096, SIZE};

	begin();
	for (size_t i = 0; i < array_size(lengths); i++) {
		struct env_file *f = create();
		uint64_t size;

		append(f, 0, lengths[i]);
		ck_assert_int_eq(env_file_size(f, &size), 0);
		ck_assert_uint_eq(size, lengths[i]);
		ck_assert_int_eq(env_file_sync(f), 0);
		env_file_close(f);
		check_file(lengths[i]);
		if (i + 1 < array_size(lengths))
			ck_assert_int_eq(env_dir_unlink(dir, "a.sst"), 0);
	}
	end();
}
END_TEST

START_TEST(pieces_and_syncs_of_any_length_come_out_right)
{
	struct rng rng;

	rng_seed(&rng, unit_seed());
	begin();
	for (unsigned round = 0; round < 20; round++) {
		struct env_file *f = create();
		size_t at = 0;

		while (at < SIZE) {
			size_t len = min_of((size_t)(rng_next(&rng) % 200000), (size_t)SIZE - at);

			append(f, at, len);
			at += len;
			if (rng_next(&rng) % 16 == 0)
				ck_assert_int_eq(env_file_sync(f), 0);
		}
		ck_assert_int_eq(env_file_sync(f), 0);
		env_file_close(f);
		check_file(SIZE);
		if (round < 19)
			ck_assert_int_eq(env_dir_unlink(dir, "a.sst"), 0);
	}
	end();
}
END_TEST

START_TEST(whole_blocks_go_past_the_page_cache)
{
	begin();
	bool possible = is_possible();
	struct env_file *f = create();

	append(f, 0, 2 << 20);
	ck_assert_int_eq(is_direct(), possible ? 1 : 0);
	ck_assert_int_eq(env_file_sync(f), 0);
	ck_assert_int_eq(is_direct(), possible ? 1 : 0); /* there was no rest of a block */
	append(f, 2 << 20, 100);
	ck_assert_int_eq(env_file_sync(f), 0);
	ck_assert_int_eq(is_direct(), 0);
	env_file_close(f);
	check_file((2 << 20) + 100);
	if (!possible)
		printf("no O_DIRECT in /tmp: only the way around it was tried\n");
	end();
}
END_TEST

START_TEST(what_is_not_offered_is_refused)
{
	uint8_t byte;
	size_t got;

	begin();
	struct env_file *f = create();
	struct env_file *again = NULL;

	ck_assert_int_eq(env_dir_open(dir, "a.sst", ENV_CREATE_DIRECT, &again), -EEXIST);
	ck_assert_int_eq(env_file_read(f, 0, &byte, 1, &got), -EBADF);
	ck_assert_int_eq(env_file_seek(f, 0), -EBADF);
	ck_assert_int_eq(env_file_truncate(f, 0), -EBADF);
	ck_assert_int_eq(env_file_allocate(f, 0, 4096), 0);
	env_file_close(f);
	end();
}
END_TEST

static const TTest *const *const tests[] = {
	&every_length_is_written_as_it_is,
	&pieces_and_syncs_of_any_length_come_out_right,
	&whole_blocks_go_past_the_page_cache,
	&what_is_not_offered_is_refused,
};

UNIT_SUITE("lsm/env/env_posix_direct", tests)
