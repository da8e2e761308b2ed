/*
 * Operations on a path, as rows of a table.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "tests/mount/posix/posix.h"

enum {
	NULL_MAJOR = 1, /* of /dev/null */
	NULL_MINOR = 3,
};

static struct call at_access(const char *path)
{
	return call_access(path, F_OK);
}

static struct call at_chmod(const char *path)
{
	return call_chmod(path, 0640);
}

static struct call at_chown(const char *path)
{
	return call_chown(path, cid.uid, cid.gid);
}

static struct call at_lchown(const char *path)
{
	return call_lchown(path, cid.uid, cid.gid);
}

static struct call at_link_from(const char *path)
{
	return call_link(path, "other");
}

static struct call at_link_to(const char *path)
{
	return call_link("source", path);
}

static struct call at_mkdir(const char *path)
{
	return call_mkdir(path, 0755);
}

static struct call at_mkfifo(const char *path)
{
	return call_mkfifo(path, 0644);
}

static struct call at_mknod_device(const char *path)
{
	return call_mknod(path, S_IFCHR | 0644, makedev(NULL_MAJOR, NULL_MINOR));
}

static struct call at_mknod_file(const char *path)
{
	return call_mknod(path, S_IFREG | 0644, 0);
}

static struct call at_mknod_socket(const char *path)
{
	return call_mknod(path, S_IFSOCK | 0644, 0);
}

static struct call at_open_new(const char *path)
{
	return call_open(path, O_RDWR | O_CREAT | O_EXCL, 0644);
}

static struct call at_open_read(const char *path)
{
	return call_open(path, O_RDONLY, 0);
}

static struct call at_open_folder(const char *path)
{
	return call_open(path, O_RDONLY | O_DIRECTORY, 0);
}

static struct call at_open_write(const char *path)
{
	return call_open(path, O_WRONLY, 0);
}

static struct call at_rename_from(const char *path)
{
	return call_rename(path, "other");
}

static struct call at_rename_to(const char *path)
{
	return call_rename("source", path);
}

static struct call at_symlink(const char *path)
{
	return call_symlink("absent", path);
}

static struct call at_truncate(const char *path)
{
	return call_truncate(path, 1);
}

static struct call at_utimensat(const char *path)
{
	return call_utimensat(path, NULL, 0);
}

const struct op ops[] = {
	{.name = "access", .at = at_access, .need = NEEDS_FILE, .follows = true},
	{.name = "chmod", .at = at_chmod, .need = NEEDS_FILE, .follows = true},
	{.name = "chown", .at = at_chown, .need = NEEDS_FILE, .follows = true, .only_root = true},
	{.name = "lchown", .at = at_lchown, .need = NEEDS_FILE, .only_root = true},
	{.name = "link (from)", .at = at_link_from, .need = NEEDS_FILE, .not_apexfs = true},
	{.name = "link (to)", .at = at_link_to, .in_folder = true, .not_apexfs = true},
	{.name = "lstat", .at = call_lstat, .need = NEEDS_FILE},
	{.name = "mkdir", .at = at_mkdir, .in_folder = true},
	{.name = "mkfifo", .at = at_mkfifo, .in_folder = true},
	{.name = "mknod (device)",
	 .at = at_mknod_device,
	 .in_folder = true,
	 .only_root = true,
	 .not_apexfs = true},
	{.name = "mknod (file)", .at = at_mknod_file, .in_folder = true},
	{.name = "mknod (socket)", .at = at_mknod_socket, .in_folder = true},
	{.name = "open (new)", .at = at_open_new, .in_folder = true},
	{.name = "open (read)", .at = at_open_read, .need = NEEDS_FILE, .follows = true},
	{.name = "open (folder)", .at = at_open_folder, .need = NEEDS_FOLDER, .follows = true},
	{.name = "open (write)", .at = at_open_write, .need = NEEDS_FILE, .follows = true},
	{.name = "readlink", .at = call_readlink, .need = NEEDS_LINK},
	{.name = "rename (from)", .at = at_rename_from, .need = NEEDS_FILE, .in_folder = true},
	{.name = "rename (to)", .at = at_rename_to, .in_folder = true},
	{.name = "rmdir", .at = call_rmdir, .need = NEEDS_FOLDER, .in_folder = true},
	{.name = "stat", .at = call_stat, .need = NEEDS_FILE, .follows = true},
	{.name = "symlink", .at = at_symlink, .in_folder = true},
	{.name = "truncate", .at = at_truncate, .need = NEEDS_FILE, .follows = true},
	{.name = "unlink", .at = call_unlink, .need = NEEDS_FILE, .in_folder = true},
	{.name = "utimensat", .at = at_utimensat, .need = NEEDS_FILE, .follows = true},
};
const size_t op_count = array_size(ops);

void op_prepare(const struct op *op, const char *path, const struct user *owner)
{
	clear("source");
	make(KIND_FILE, "source", 0644, owner);
	if (op->need == NEEDS_FILE)
		make(KIND_FILE, path, 0644, owner);
	else if (op->need == NEEDS_FOLDER)
		make(KIND_FOLDER, path, 0755, owner);
	else if (op->need == NEEDS_LINK)
		make(KIND_LINK, path, 0, owner);
}

void op_clear(const struct op *op, const char *path)
{
	(void)op;
	clear(path);
	clear("source");
	clear("other");
}

int op_success(const struct op *op, const struct user *user)
{
	bool refused = (op->only_root && user->uid != 0) || (op->not_apexfs && target_is_apexfs);

	return refused ? EPERM : 0;
}
