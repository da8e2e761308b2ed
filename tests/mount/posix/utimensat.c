/*
 * utimensat and futimens.
 */
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "tests/mount/posix/posix.h"

enum {
	SECOND_NS = 1000000000,
};

static const struct timespec past = {.tv_sec = 1000000000, .tv_nsec = 123456789};
static const struct timespec later = {.tv_sec = 1234567890, .tv_nsec = 987654321};
static const struct timespec now = {.tv_nsec = UTIME_NOW};
static const struct timespec omit = {.tv_nsec = UTIME_OMIT};

static void check_values(void)
{
	static const struct timespec values[] = {
		{0, 0},          {0, 1},          {1, 999999999},           {1000000000, 123456789},
		{2147483647, 5}, {2147483648, 0}, {4294967295, 1},          {4294967296, 999999999},
		{-1, 0},         {-1, 999999999}, {-1000000000, 500000000},
	};

	make(KIND_FILE, "file", 0644, &root);
	make(KIND_FOLDER, "folder", 0755, &root);
	for (size_t i = 0; i < array_size(values); i++) {
		struct timespec both[2] = {values[i], later};
		struct timespec swapped[2] = {past, values[i]};
		long long second = values[i].tv_sec;

		check_call(&root, 0, call_utimensat("file", both, 0), "atime %lld", second);
		check_set("file", values[i], later, "to the nanosecond");
		check_call(&root, 0, call_utimensat("file", swapped, 0), "mtime %lld", second);
		check_set("file", past, values[i], "to the nanosecond");
		check_call(&root, 0, call_utimensat("folder", swapped, 0), "of a folder");
		check_set("folder", past, values[i], "to the nanosecond");
	}
	clear("file");
	clear("folder");
}

static void check_kinds(enum kind kind)
{
	struct timespec times[2] = {past, later};

	make(kind, "it", 0644, &ann);

	struct watch before = watch("it"), here = watch(".");

	tick();
	check_call(&ann, 0, call_utimensat("it", times, AT_SYMLINK_NOFOLLOW), "of a %s",
		   kind_names[kind]);
	check_set("it", past, later, "they are set");
	check_true(look("it").st_ctim.tv_nsec != before.before.st_ctim.tv_nsec, "ctime moves");
	check_times(&here, NOTHING_MOVES, "no time of the folder moves");
	check_owner("it", ann.uid, ann.gid, "the owner stays");
	check_kind("it", kind, "and the kind, a %s", kind_names[kind]);
	if (kind != KIND_LINK)
		check_mode("it", 0644, "and the mode");
	clear("it");
}

static bool is_recent(struct timespec time)
{
	struct timespec clock;

	if (clock_gettime(CLOCK_REALTIME, &clock) != 0)
		return false;
	/* a step of the kernel's clock, and a slow machine */
	return time.tv_sec >= clock.tv_sec - 30 && time.tv_sec <= clock.tv_sec + 1;
}

static bool is_same(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* What each of the two times then is. */
enum outcome {
	IS_PAST, /* as it was set before */
	IS_LATER,
	IS_NOW,
};

struct special {
	const struct timespec *atime, *mtime;
	enum outcome of_atime, of_mtime;
	const char *name;
};

static const struct special specials[] = {
	{&now, &now, IS_NOW, IS_NOW, "both now"},
	{&now, &omit, IS_NOW, IS_PAST, "atime now"},
	{&omit, &now, IS_PAST, IS_NOW, "mtime now"},
	{&omit, &omit, IS_PAST, IS_PAST, "neither"},
	{&later, &omit, IS_LATER, IS_PAST, "atime set"},
	{&omit, &later, IS_PAST, IS_LATER, "mtime set"},
	{&later, &now, IS_LATER, IS_NOW, "atime set, mtime now"},
	{&now, &later, IS_NOW, IS_LATER, "atime now, mtime set"},
	{&later, &later, IS_LATER, IS_LATER, "both set"},
};

static bool has_come_out(struct timespec time, enum outcome outcome)
{
	switch (outcome) {
	case IS_PAST:
		return is_same(time, past);
	case IS_LATER:
		return is_same(time, later);
	default:
		return is_recent(time);
	}
}

static void check_special(const struct special *s, enum kind kind)
{
	const struct timespec start[2] = {past, past};
	const struct timespec times[2] = {*s->atime, *s->mtime};

	make(kind, "it", 0644, &root);
	must(&root, call_utimensat("it", start, 0));
	check_call(&root, 0, call_utimensat("it", times, 0), "%s of a %s", s->name,
		   kind_names[kind]);
	check_true(has_come_out(look("it").st_atim, s->of_atime), "%s: atime", s->name);
	check_true(has_come_out(look("it").st_mtim, s->of_mtime), "%s: mtime", s->name);
	clear("it");
}

static void check_without_times(void)
{
	const struct timespec start[2] = {past, past};

	make(KIND_FILE, "file", 0644, &ann);
	must(&root, call_utimensat("file", start, 0));
	check_call(&ann, 0, call_utimensat("file", NULL, 0), "no times: both are now");
	check_true(is_recent(look("file").st_atim), "atime is");
	check_true(is_recent(look("file").st_mtim), "mtime is");
	/* a write moves what was set */
	must(&root, call_utimensat("file", start, 0));

	struct watch before = watch("file");

	tick();
	must(&root, call_write("file", O_WRONLY, "x"));
	check_times(&before, BOTH_MOVE, "a write moves an mtime that was set");
	/* and chmod does not */
	must(&root, call_utimensat("file", start, 0));
	must(&root, call_chmod("file", 0600));
	check_set("file", past, past, "chmod moves neither");
	must(&root, call_rename("file", "renamed"));
	check_set("renamed", past, past, "nor does rename");
	check_text("renamed", "xile", "the content stays");
	clear("renamed");
}

static void check_invalid(void)
{
	static const long invalid[] = {SECOND_NS, -1, SECOND_NS + 5L, -SECOND_NS};
	const struct timespec start[2] = {past, later};

	make(KIND_FILE, "file", 0644, &root);
	must(&root, call_utimensat("file", start, 0));

	struct watch before = watch("file");

	tick();
	for (size_t i = 0; i < array_size(invalid); i++) {
		struct timespec wrong = {.tv_sec = 1, .tv_nsec = invalid[i]};
		struct timespec first[2] = {wrong, past}, second[2] = {past, wrong};

		check_call(&root, EINVAL, call_utimensat("file", first, 0), "atime with %ld ns",
			   invalid[i]);
		check_call(&root, EINVAL, call_utimensat("file", second, 0), "mtime with %ld ns",
			   invalid[i]);
	}
	check_call(&root, EINVAL, call_utimensat("file", start, 1 << 20), "a flag without meaning");
	check_set("file", past, later, "what failed has set nothing");
	check_times(&before, NOTHING_MOVES, "and moved nothing");
	clear("file");
}

struct right {
	const struct user *who;
	const struct timespec *atime, *mtime;
	mode_t mode; /* of ann's file */
	int error;
	const char *what;
};

static const struct right rights[] = {
	{&root, &past, &later, 0, 0, "root may set any"},
	{&ann, &past, &later, 0, 0, "the owner may set any, without write permission"},
	{&ann, &now, &now, 0, 0, "the owner may say now, without write permission"},
	{&ann, &omit, &now, 0, 0, "the owner may say now for mtime alone"},
	{&ann, &now, &omit, 0, 0, "the owner may say now for atime alone"},
	{&bob, &now, &now, 0666, 0, "who may write may say now for both"},
	{&bob, &now, &now, 0644, EACCES, "who may not write may not say now"},
	{&bob, &past, &later, 0666, EPERM, "who may write may not set any"},
	{&bob, &past, &later, 0644, EPERM, "who may not write may not either"},
	{&bob, &now, &later, 0666, EPERM, "nor now for atime and any mtime"},
	{&bob, &past, &now, 0666, EPERM, "nor now for mtime and any atime"},
	{&bob, &now, &omit, 0666, EPERM, "nor now for atime alone"},
	{&bob, &omit, &now, 0666, EPERM, "nor now for mtime alone"},
	{&bob, &omit, &later, 0666, EPERM, "nor mtime alone"},
	{&bob, &past, &omit, 0666, EPERM, "nor atime alone"},
	{&bob, &omit, &omit, 0, 0, "whoever changes nothing may do so"},
};

static void check_right(const struct right *r, enum kind kind)
{
	const struct timespec start[2] = {past, past};
	const struct timespec times[2] = {*r->atime, *r->mtime};

	make(kind, "it", r->mode, &ann);
	must(&root, call_utimensat("it", start, 0));

	struct watch before = watch("it");

	check_call(r->who, r->error, call_utimensat("it", times, 0), "%s, of a %s", r->what,
		   kind_names[kind]);
	if (r->error)
		check_times(&before, NOTHING_MOVES, "so nothing moves");
	clear("it");
}

static void check_link(void)
{
	const struct timespec first[2] = {past, later}, second[2] = {later, past};

	make(KIND_FILE, "file", 0644, &root);
	must(&root, call_symlink("file", "link"));
	check_call(&root, 0, call_utimensat("link", first, AT_SYMLINK_NOFOLLOW), "of a link");
	check_call(&root, 0, call_utimensat("link", second, 0), "by a link");
	check_set("file", later, past, "the file has its own");
	check_true(is_same(look("link").st_mtim, later), "and the link its own");
	check_target("link", "file", "and leads where it did");
	clear("file");
	clear("link");
}

static void check_open_file(void)
{
	const struct timespec times[2] = {past, later};
	struct stat st = {0};

	make(KIND_FILE, "file", 0644, &ann);

	cleanup_fd int fd = open_here("file", O_RDONLY);

	check_call(&bob, EPERM, call_futimens(fd, times), "futimens of another's");
	check_call(&ann, 0, call_futimens(fd, times), "futimens of one's own");
	check_set("file", past, later, "sets both");
	check_call(&ann, 0, call_futimens(fd, NULL), "futimens without times");
	check_true(is_recent(look("file").st_mtim), "sets now");
	check_call(&root, EBADF, call_futimens(-1, times), "futimens of no file");
	must(&root, call_unlink("file"));
	check_call(&root, 0, call_futimens(fd, times), "futimens of an unlinked file");
	check_number(0, fstat(fd, &st), "which is still open");
	check_true(is_same(st.st_mtim, later), "sets its mtime");
	check_true(is_same(st.st_atim, past), "and its atime");
}

void topic_utimensat(void)
{
	check_values();
	for (unsigned kind = 0; kind < KIND_COUNT; kind++)
		check_kinds((enum kind)kind);
	for (size_t i = 0; i < array_size(specials); i++) {
		check_special(&specials[i], KIND_FILE);
		check_special(&specials[i], KIND_FOLDER);
	}
	check_without_times();
	check_invalid();
	for (size_t i = 0; i < array_size(rights); i++) {
		check_right(&rights[i], KIND_FILE);
		check_right(&rights[i], KIND_FOLDER);
	}
	check_link();
	check_open_file();
}
