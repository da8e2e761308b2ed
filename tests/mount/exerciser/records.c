#include "tests/mount/exerciser/records.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"

enum {
	PAGE = 4096,
	CURRENT_MAX = 300, /* records of a file that is replaced */
	JOURNAL_READ = 64, /* records read at a time */
	MOVING_TRIES = 10000,
};

static const char *const moving[] = {"here/journal", "there/journal"};

struct record {
	uint64_t writer;
	uint64_t number; /* of the writer's records, from 1 */
	uint64_t place;  /* in the file; of a journal: 0 */
	uint64_t fill[RECORD_BYTES / 8 - 3];
};

_Static_assert(sizeof(struct record) == RECORD_BYTES, "records lie one behind the other");

static struct record record_make(uint64_t writer, uint64_t number, uint64_t place)
{
	struct record record = {.writer = writer, .number = number, .place = place};
	struct rng rng;

	rng_seed(&rng, writer << 48 ^ number << 16 ^ place);
	rng_fill(&rng, record.fill, sizeof(record.fill));
	return record;
}

static bool trouble(struct records *r, const char *fmt, ...) printf_like(2, 3);
static bool trouble(struct records *r, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(r->trouble, sizeof(r->trouble), fmt, args);
	va_end(args);
	return false;
}

static bool failed(struct records *r, const char *what, const char *name)
{
	return trouble(r, "%s %s: %s", what, name, strerror(errno));
}

/* Whether it was written there, as a whole. */
static bool is_record(const struct record *record, uint64_t place)
{
	struct record want = record_make(record->writer, record->number, place);

	return memcmp(&want, record, sizeof(want)) == 0;
}

static bool is_cell(const struct record *record, uint64_t place)
{
	static const struct record never_written;

	return is_record(record, place) ||
	       memcmp(record, &never_written, sizeof(never_written)) == 0;
}

static int open_file(const struct records *r, const char *name, int flags)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", r->folder, name);
	return open(path, flags | O_CLOEXEC, 0644);
}

/* ---- cells ---- */

static int lock_cell(int fd, short kind, uint64_t place)
{
	struct flock lock = {
		.l_type = kind,
		.l_whence = SEEK_SET,
		.l_start = (off_t)(place * RECORD_BYTES),
		.l_len = RECORD_BYTES,
	};

	return fcntl(fd, F_OFD_SETLKW, &lock);
}

static bool write_mapped(struct records *r, int fd, const struct record *record)
{
	off_t offset = (off_t)(record->place * RECORD_BYTES);
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset & -PAGE);

	if (page == MAP_FAILED)
		return failed(r, "map", "cells");
	memcpy(page + (offset & (PAGE - 1)), record, RECORD_BYTES);
	int result = rng_below(&r->rng, 2) ? msync(page, PAGE, MS_SYNC) : 0;

	munmap(page, PAGE);
	return result == 0 || failed(r, "msync", "cells");
}

static bool write_cell(struct records *r, const char *name, bool locked)
{
	uint64_t place = rng_below(&r->rng, RECORD_CELLS);
	struct record record = record_make(r->writer, ++r->number, place);
	cleanup_fd int fd = open_file(r, name, O_RDWR);

	if (fd < 0)
		return failed(r, "open", name);
	if (locked && lock_cell(fd, F_WRLCK, place) != 0)
		return failed(r, "lock", name);
	if (locked && rng_below(&r->rng, 4) == 0)
		return write_mapped(r, fd, &record);
	if (pwrite(fd, &record, RECORD_BYTES, (off_t)(place * RECORD_BYTES)) != RECORD_BYTES)
		return failed(r, "write", name);
	return true;
}

static bool read_cell(struct records *r, int fd, const char *name, uint64_t place)
{
	struct record record;

	if (pread(fd, &record, RECORD_BYTES, (off_t)(place * RECORD_BYTES)) != RECORD_BYTES)
		return failed(r, "read", name);
	return is_cell(&record, place) ||
	       trouble(r, "%s: record %" PRIu64 " is no whole one", name, place);
}

static bool do_write_cell(struct records *r)
{
	return write_cell(r, "cells", true);
}

static bool do_race(struct records *r)
{
	return write_cell(r, "races", false);
}

static bool do_read_cell(struct records *r)
{
	uint64_t place = rng_below(&r->rng, RECORD_CELLS);
	cleanup_fd int fd = open_file(r, "cells", O_RDONLY);

	if (fd < 0)
		return failed(r, "open", "cells");
	if (lock_cell(fd, F_RDLCK, place) != 0)
		return failed(r, "lock", "cells");
	return read_cell(r, fd, "cells", place);
}

/* ---- journals ---- */

/* As one more of those that the writer has appended. */
static bool append_record(struct records *r, int fd, const char *name, _Atomic uint64_t *appended)
{
	uint64_t number = atomic_load(appended) + 1;
	struct record record = record_make(r->writer, number, 0);

	if (write(fd, &record, RECORD_BYTES) != RECORD_BYTES)
		return failed(r, "append to", name);
	atomic_store(appended, number);
	return true;
}

static bool do_append(struct records *r)
{
	cleanup_fd int fd = open_file(r, "journal", O_WRONLY | O_APPEND);

	if (fd < 0)
		return failed(r, "open", "journal");
	return append_record(r, fd, "journal", &r->counts->appended[r->writer]);
}

/* It is always in one of the two folders, but may be in the other one when we look. */
static int open_moving(struct records *r, int flags)
{
	int fd = -1;

	for (int tries = 0; tries < MOVING_TRIES && fd < 0; tries++) {
		fd = open_file(r, moving[tries % 2], flags);
		if (fd < 0 && errno != ENOENT)
			return fd;
	}
	return fd;
}

static bool do_append_moving(struct records *r)
{
	cleanup_fd int fd = open_moving(r, O_WRONLY | O_APPEND);

	if (fd < 0)
		return failed(r, "open", "the moving journal");
	return append_record(r, fd, "the moving journal", &r->counts->moved[r->writer]);
}

static bool do_move(struct records *r)
{
	char here[PATH_MAX], there[PATH_MAX];
	bool back = rng_below(&r->rng, 2);

	snprintf(here, sizeof(here), "%s/here", r->folder);
	snprintf(there, sizeof(there), "%s/there", r->folder);
	if (rename(back ? there : here, back ? here : there) == 0 || errno == ENOENT)
		return true;
	return failed(r, "move", "a folder");
}

/* last[]: by writer, the number of its last record so far */
static bool take_appended(struct records *r, const struct record *record, uint64_t at,
			  uint64_t last[RECORD_WRITERS_MAX])
{
	if (!is_record(record, 0) || record->writer >= RECORD_WRITERS_MAX)
		return trouble(r, "journal: record %" PRIu64 " is no whole one", at);
	if (record->number != last[record->writer] + 1)
		return trouble(r,
			       "journal: record %" PRIu64 " is number %" PRIu64 " of %" PRIu64
			       ", behind %" PRIu64,
			       at, record->number, record->writer, last[record->writer]);
	last[record->writer]++;
	return true;
}

static bool check_journal(struct records *r, int fd, const char *name,
			  const _Atomic uint64_t appended[RECORD_WRITERS_MAX])
{
	struct record records[JOURNAL_READ];
	uint64_t last[RECORD_WRITERS_MAX] = {0}, at = 0;
	ssize_t n;

	if (fd < 0)
		return failed(r, "open", name);
	while ((n = read(fd, records, sizeof(records))) > 0) {
		if (n % RECORD_BYTES != 0)
			return trouble(r, "%s: half a record at the end", name);
		for (ssize_t i = 0; i < n / RECORD_BYTES; i++) {
			if (!take_appended(r, &records[i], at++, last))
				return false;
		}
	}
	if (n < 0)
		return failed(r, "read", name);
	for (int i = 0; i < RECORD_WRITERS_MAX; i++) {
		if (last[i] != appended[i])
			return trouble(r, "%s: %" PRIu64 " records of %d, not %" PRIu64, name,
				       last[i], i, appended[i]);
	}
	return true;
}

static bool check_journals(struct records *r)
{
	cleanup_fd int journal = open_file(r, "journal", O_RDONLY);
	cleanup_fd int moved = open_moving(r, O_RDONLY);

	return check_journal(r, journal, "the journal", r->counts->appended) &&
	       check_journal(r, moved, "the moving journal", r->counts->moved);
}

/* ---- files that are replaced ---- */

static uint64_t current_length(uint64_t number)
{
	return number % 10 == 0 ? CURRENT_MAX : 1 + number % 40;
}

static int write_current(struct records *r, const char *path, uint64_t number)
{
	static struct record records[CURRENT_MAX];
	uint64_t count = current_length(number);
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0)
		return -errno;
	for (uint64_t i = 0; i < count; i++)
		records[i] = record_make(r->writer, number, i);
	size_t first = rng_below(&r->rng, count * RECORD_BYTES + 1);
	size_t rest = count * RECORD_BYTES - first;
	const uint8_t *bytes = (const uint8_t *)records;

	if (write(fd, bytes, first) != (ssize_t)first ||
	    write(fd, bytes + first, rest) != (ssize_t)rest)
		return errno ? -errno : -EIO;
	return 0;
}

static bool do_replace(struct records *r)
{
	char path[PATH_MAX], current[PATH_MAX];

	snprintf(path, sizeof(path), "%s/current.%u", r->folder, r->writer);
	snprintf(current, sizeof(current), "%s/current", r->folder);
	errno = 0;
	int rc = write_current(r, path, ++r->number);

	if (rc)
		return trouble(r, "write current.%u: %s", r->writer, strerror(-rc));
	return rename(path, current) == 0 || failed(r, "rename to", "current");
}

static bool do_read_current(struct records *r)
{
	static struct record records[CURRENT_MAX + 1];
	cleanup_fd int fd = open_file(r, "current", O_RDONLY);
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return failed(r, "open", "current");
	while ((n = read(fd, (uint8_t *)records + len, sizeof(records) - len)) > 0)
		len += (size_t)n;
	if (n < 0)
		return failed(r, "read", "current");
	uint64_t count = current_length(records[0].number);

	if (len != count * RECORD_BYTES)
		return trouble(r, "current: %zu bytes, not %" PRIu64, len, count * RECORD_BYTES);
	for (uint64_t i = 0; i < count; i++) {
		if (!is_record(&records[i], i) || records[i].writer != records[0].writer ||
		    records[i].number != records[0].number)
			return trouble(r, "current: record %" PRIu64 " is of another file", i);
	}
	return true;
}

/* ---- names ---- */

static void draw_name(struct records *r, char ret_path[PATH_MAX])
{
	static const char *const names[] = {"a", "b", "c", "a/x", "a/y", "b/x"};

	snprintf(ret_path, PATH_MAX, "%s/names/%s", r->folder,
		 names[rng_below(&r->rng, array_size(names))]);
}

static int change_name(struct records *r, const char *path, const char *other)
{
	int fd;

	switch (rng_below(&r->rng, 5)) {
	case 0:
		return mkdir(path, 0755);
	case 1:
		return rmdir(path);
	case 2:
		return unlink(path);
	case 3:
		return rename(path, other);
	default:
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		return fd < 0 ? -1 : close(fd);
	}
}

static bool do_change_name(struct records *r)
{
	static const int allowed[] = {ENOENT, EEXIST, ENOTDIR, EISDIR, ENOTEMPTY, EXDEV, EINVAL};
	char path[PATH_MAX], other[PATH_MAX];

	draw_name(r, path);
	draw_name(r, other);
	if (change_name(r, path, other) == 0)
		return true;
	for (size_t i = 0; i < array_size(allowed); i++) {
		if (errno == allowed[i])
			return true;
	}
	return failed(r, "change of", path + strlen(r->folder));
}

/* What is listed is there, and the other way round. */
static bool check_names(struct records *r)
{
	static const char *const names[] = {"a", "b", "c"};
	char path[PATH_MAX];
	unsigned listed = 0, found = 0;
	struct stat st;

	snprintf(path, sizeof(path), "%s/names", r->folder);
	DIR *dir = opendir(path);
	const struct dirent *entry;

	if (!dir)
		return failed(r, "open", "names");
	while ((entry = readdir(dir)) != NULL)
		listed += entry->d_name[0] != '.';
	closedir(dir);
	for (size_t i = 0; i < array_size(names); i++) {
		snprintf(path, sizeof(path), "%s/names/%s", r->folder, names[i]);
		found += lstat(path, &st) == 0;
	}
	return listed == found || trouble(r, "names: %u listed, %u found", listed, found);
}

/* ---- all of it ---- */

static int cells_make(struct records *r, const char *name)
{
	cleanup_fd int fd = open_file(r, name, O_WRONLY | O_CREAT | O_EXCL);

	return fd < 0 ? -1 : ftruncate(fd, (off_t)RECORD_CELLS * RECORD_BYTES);
}

int records_make(const char *folder)
{
	struct record_counts none = {0};
	struct records r = {.folder = folder, .counts = &none};
	char path[PATH_MAX];

	if (mkdir(folder, 0755) != 0 || cells_make(&r, "cells") != 0 ||
	    cells_make(&r, "races") != 0)
		return -errno;
	cleanup_fd int journal = open_file(&r, "journal", O_WRONLY | O_CREAT | O_EXCL);

	snprintf(path, sizeof(path), "%s/names", folder);
	if (journal < 0 || mkdir(path, 0755) != 0)
		return -errno;
	snprintf(path, sizeof(path), "%s/here", folder);
	if (mkdir(path, 0755) != 0)
		return -errno;
	cleanup_fd int moved = open_file(&r, moving[0], O_WRONLY | O_CREAT | O_EXCL);

	if (moved < 0)
		return -errno;
	rng_seed(&r.rng, 0);
	snprintf(path, sizeof(path), "%s/current", folder);
	return write_current(&r, path, 1);
}

void records_begin(struct records *r, const char *folder, uint32_t writer, uint64_t seed,
		   struct record_counts *counts)
{
	assert(writer < RECORD_WRITERS_MAX);
	*r = (struct records){.folder = folder, .writer = writer, .counts = counts, .number = 1};
	rng_seed(&r->rng, seed);
}

bool records_step(struct records *r)
{
	static bool (*const operations[])(struct records *) = {
		do_write_cell, do_write_cell,   do_read_cell,     do_read_cell,
		do_race,       do_append,       do_append_moving, do_move,
		do_replace,    do_read_current, do_change_name,   do_change_name,
	};

	atomic_fetch_add(&r->counts->operations, 1);
	return operations[rng_below(&r->rng, array_size(operations))](r);
}

static bool check_cells(struct records *r, const char *name)
{
	cleanup_fd int fd = open_file(r, name, O_RDONLY);

	if (fd < 0)
		return failed(r, "open", name);
	for (uint64_t i = 0; i < RECORD_CELLS; i++) {
		if (!read_cell(r, fd, name, i))
			return false;
	}
	return true;
}

bool records_check(struct records *r)
{
	return check_cells(r, "cells") && check_cells(r, "races") && check_journals(r) &&
	       do_read_current(r) && check_names(r);
}
