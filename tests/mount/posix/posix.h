/*
 * What the POSIX tests share: users to be, calls to make as them, and assertions. Each assertion is
 * one result of tap.h, and says where it stands and what came instead when it fails.
 *
 * All paths are relative to the current folder, which is the running topic's own: it is empty at
 * first, everybody may make and remove entries in it, and the umask is 0.
 *
 * Thread rule: the main thread of one process.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include "lsm/base/compiler.h"

/* ---- users (user.c) ---- */

struct user {
	const char *name;
	uid_t uid;
	gid_t gid;
	gid_t also_in;    /* one more group; gid again: none */
	off_t file_limit; /* RLIMIT_FSIZE; 0: none */
};

extern const struct user root;
extern const struct user ann;
extern const struct user bob;
extern const struct user cid;
extern const struct user ann_with_bob; /* ann, and bob's group is one of hers */
extern const struct user limited;      /* ann, who may have files of FILE_LIMIT bytes */

enum {
	FILE_LIMIT = 8192,
};

/* ---- calls (calls.c, calls_file.c) ---- */

struct call {
	const char *name;
	int (*invoke)(const struct call *call); /* 0 or more; -1 and errno */
	const char *path;
	const char *second; /* the other path, the target or the text */
	int fd;
	int flags;
	mode_t mode;
	dev_t device;
	uid_t uid;
	gid_t gid;
	off_t at;
	off_t size;
	const struct timespec *times;
};

struct call call_access(const char *path, int mode);
struct call call_bind(const char *path);
struct call call_chmod(const char *path, mode_t mode);
struct call call_chown(const char *path, uid_t uid, gid_t gid);
struct call call_connect(const char *path);
struct call call_fallocate(int fd, int flags, off_t at, off_t size);
struct call call_fchmod(int fd, mode_t mode);
struct call call_fchown(int fd, uid_t uid, gid_t gid);
struct call call_ftruncate(int fd, off_t size);
struct call call_futimens(int fd, const struct timespec times[2]);
struct call call_lchown(const char *path, uid_t uid, gid_t gid);
struct call call_link(const char *from, const char *to);
struct call call_lstat(const char *path);
struct call call_mkdir(const char *path, mode_t mode);
struct call call_mkfifo(const char *path, mode_t mode);
struct call call_mknod(const char *path, mode_t mode, dev_t device);
struct call call_open(const char *path, int flags, mode_t mode); /* and close */
struct call call_posix_fallocate(int fd, off_t at, off_t size);
struct call call_readlink(const char *path);
struct call call_rename(const char *from, const char *to);
struct call call_rename2(const char *from, const char *to, unsigned flags);
struct call call_rmdir(const char *path);
struct call call_stat(const char *path);
struct call call_symlink(const char *target, const char *path);
struct call call_truncate(const char *path, off_t size);
struct call call_unlink(const char *path);
struct call call_utimensat(const char *path, const struct timespec times[2], int flags);
struct call call_write(const char *path, int flags, const char *text); /* open, write, close */

/* Make it as that user, in a child unless it is root: 0 or the errno. */
int call_as(const struct user *user, const struct call *call);

/* ---- assertions (check.c) ---- */

struct where {
	const char *file;
	int line;
};
#define HERE ((struct where){__FILE__, __LINE__})

void check_topic(const char *name); /* what their names begin with from now on */
unsigned check_count(void);
/* Something that an assertion needs cannot be had: one more failure, which has no "ok". */
void check_obstacle(struct where where, int error, const char *fmt, ...) printf_like(3, 4);

/* Where the text leaves the choice between two errors. */
static inline int either(int one, int other)
{
	return one | other << 16;
}

/* The call answers so: 0, an errno, or either(). */
#define check_call(user, error, call, ...)   check_call_at(HERE, user, error, call, __VA_ARGS__)
#define check_true(good, ...)                check_true_at(HERE, good, __VA_ARGS__)
#define check_error(error, got, ...)         check_error_at(HERE, error, got, __VA_ARGS__)
#define check_number(expected, got, ...)     check_number_at(HERE, expected, got, __VA_ARGS__)
#define check_mode(path, mode, ...)          check_mode_at(HERE, path, mode, __VA_ARGS__)
#define check_owner(path, uid, gid, ...)     check_owner_at(HERE, path, uid, gid, __VA_ARGS__)
#define check_kind(path, kind, ...)          check_kind_at(HERE, path, kind, __VA_ARGS__)
#define check_size(path, size, ...)          check_size_at(HERE, path, size, __VA_ARGS__)
#define check_absent(path, ...)              check_absent_at(HERE, path, __VA_ARGS__)
#define check_text(path, text, ...)          check_text_at(HERE, path, text, __VA_ARGS__)
#define check_target(path, text, ...)        check_target_at(HERE, path, text, __VA_ARGS__)
#define check_pattern(path, kept, size, ...) check_pattern_at(HERE, path, kept, size, __VA_ARGS__)
#define check_times(watch, moved, ...)       check_times_at(HERE, watch, moved, __VA_ARGS__)
#define check_set(path, atime, mtime, ...)   check_set_at(HERE, path, atime, mtime, __VA_ARGS__)
#define check_young(path, watch, ...)        check_young_at(HERE, path, watch, __VA_ARGS__)

/* Kinds of what a name can lead to. */
enum kind {
	KIND_FILE,
	KIND_FOLDER,
	KIND_LINK,
	KIND_FIFO,
	KIND_SOCKET,
	KIND_COUNT,
};

/* Times of a path (not followed) as they were. */
struct watch {
	const char *path;
	struct stat before;
};

enum {
	NOTHING_MOVES = 0,
	MTIME_MOVES = 1,
	CTIME_MOVES = 2,
	BOTH_MOVE = 3,
};

bool check_call_at(struct where where, const struct user *user, int error, struct call call,
		   const char *fmt, ...) printf_like(5, 6);
bool check_true_at(struct where where, bool good, const char *fmt, ...) printf_like(3, 4);
bool check_error_at(struct where where, int error, int got, const char *fmt, ...) printf_like(4, 5);
bool check_number_at(struct where where, long long expected, long long got, const char *fmt, ...)
	printf_like(4, 5);
/* These look at the path itself, not through a link. */
bool check_mode_at(struct where where, const char *path, mode_t mode, const char *fmt, ...)
	printf_like(4, 5);
bool check_owner_at(struct where where, const char *path, uid_t uid, gid_t gid, const char *fmt,
		    ...) printf_like(5, 6);
bool check_kind_at(struct where where, const char *path, enum kind kind, const char *fmt, ...)
	printf_like(4, 5);
bool check_size_at(struct where where, const char *path, off_t size, const char *fmt, ...)
	printf_like(4, 5);
bool check_absent_at(struct where where, const char *path, const char *fmt, ...) printf_like(3, 4);
bool check_target_at(struct where where, const char *path, const char *text, const char *fmt, ...)
	printf_like(4, 5);
/* The whole content of a file, read through links. */
bool check_text_at(struct where where, const char *path, const char *text, const char *fmt, ...)
	printf_like(4, 5);
/* `kept` bytes of make_pattern, then zeros up to `size`. */
bool check_pattern_at(struct where where, const char *path, size_t kept, size_t size,
		      const char *fmt, ...) printf_like(5, 6);
/* Exactly these of mtime and ctime are later than they were. */
bool check_times_at(struct where where, const struct watch *watch, unsigned moved, const char *fmt,
		    ...) printf_like(4, 5);
/* atime and mtime are these. */
bool check_set_at(struct where where, const char *path, struct timespec atime,
		  struct timespec mtime, const char *fmt, ...) printf_like(5, 6);
/* All its times are later than the ctime of what was watched. */
bool check_young_at(struct where where, const char *path, const struct watch *watch,
		    const char *fmt, ...) printf_like(4, 5);

/* ---- what they are made on (setup.c) ---- */

/* A file system without hard links and device nodes: both answer EPERM. */
extern bool target_is_apexfs;

extern const char *const kind_names[KIND_COUNT];

#define make(kind, path, mode, owner) make_at(HERE, kind, path, mode, owner)
#define must(user, call)              must_at(HERE, user, call)

/* Root makes it for the owner. A file contains its own path; a link leads to "absent". */
void make_at(struct where where, enum kind kind, const char *path, mode_t mode,
	     const struct user *owner);
/* A file of so many bytes, none of them zero. */
void make_pattern(const char *path, size_t size);
/* The byte there. */
unsigned char pattern_byte(size_t at);
/* A step of the preparation; false, and an obstacle noted, when it fails. */
bool must_at(struct where where, const struct user *user, struct call call);
/* lstat; all zero when there is nothing. */
struct stat look(const char *path);
/* Open as root, -1 with an obstacle noted. */
int open_here(const char *path, int flags);
/* Remove it and all below. */
void clear(const char *path);
/* A path of `len` bytes that leads to `name`. */
const char *long_path(size_t len, const char *name, char path[]);
/* An address where no path can be read. */
const char *bad_address(void);

struct watch watch(const char *path);
/* Wait until a new timestamp is a later one. */
void tick(void);

/* ---- operations on a path, as rows of a table (ops.c) ---- */

enum need {
	NEEDS_NOTHING, /* it makes the name */
	NEEDS_FILE,
	NEEDS_FOLDER,
	NEEDS_LINK,
};

struct op {
	const char *name;
	struct call (*at)(const char *path); /* with "source" and "other" as the other path */
	enum need need;                      /* what stands at the path before */
	bool follows;                        /* a link as the last component */
	bool in_folder;                      /* it makes or removes an entry there */
	bool only_root;                      /* the others get EPERM */
	bool not_apexfs;                     /* there it is EPERM */
};

extern const struct op ops[];
extern const size_t op_count;

/* What the op needs, at the path and at "source", which belongs to the owner. */
void op_prepare(const struct op *op, const char *path, const struct user *owner);
/* What a success has left. */
void op_clear(const struct op *op, const char *path);
/* What a call that nothing forbids answers. */
int op_success(const struct op *op, const struct user *user);

/* ---- topics ---- */

void topic_access(void);
void topic_chmod(void);
void topic_chown(void);
void topic_common(void);
void topic_fallocate(void);
void topic_ftruncate(void);
void topic_mkdir(void);
void topic_mkfifo(void);
void topic_mknod(void);
void topic_open(void);
void topic_rename(void);
void topic_rename_flags(void);
void topic_rename_folder(void);
void topic_rmdir(void);
void topic_sticky(void);
void topic_symlink(void);
void topic_times(void);
void topic_truncate(void);
void topic_unlink(void);
void topic_utimensat(void);
