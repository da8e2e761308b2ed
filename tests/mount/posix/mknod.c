/*
 * mknod of all types, and sockets that bind(2) makes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "tests/mount/posix/posix.h"

struct type {
	const char *name;
	mode_t type;
	enum kind kind;
};

static const struct type types[] = {
	{"a file", S_IFREG, KIND_FILE},
	{"type 0", 0, KIND_FILE},
	{"a FIFO", S_IFIFO, KIND_FIFO},
	{"a socket", S_IFSOCK, KIND_SOCKET},
};

static void check_type(const struct type *type)
{
	make(KIND_FILE, "stamp", 0644, &root);

	struct watch stamp = watch("stamp"), here = watch(".");

	tick();
	umask(027);
	check_call(&ann, 0, call_mknod("new", type->type | 0666, 0), "%s", type->name);
	umask(0);
	check_kind("new", type->kind, "%s: the type", type->name);
	check_mode("new", 0640, "%s: the mode is masked", type->name);
	check_owner("new", ann.uid, ann.gid, "%s: the owner is who made it", type->name);
	check_size("new", 0, "%s: the size", type->name);
	check_young("new", &stamp, "%s: the times are new", type->name);
	check_times(&here, BOTH_MOVE, "%s: mtime and ctime of the folder move", type->name);
	here = watch(".");
	tick();
	check_call(&ann, EEXIST, call_mknod("new", type->type | 0644, 0), "%s: twice", type->name);
	check_times(&here, NOTHING_MOVES, "%s: no time of the folder moves then", type->name);
	check_call(&root, 0, call_chmod("new", 0604), "%s: chmod", type->name);
	check_mode("new", 0604, "%s: has the new mode", type->name);
	check_kind("new", type->kind, "%s: and the type", type->name);
	check_call(&root, 0, call_unlink("new"), "%s: unlink", type->name);
	check_absent("new", "%s: it is gone", type->name);
	clear("stamp");
}

static void check_device(mode_t type, const char *name)
{
	dev_t device = makedev(1, 3);

	check_call(&ann, EPERM, call_mknod("new", type | 0644, device), "only root makes a %s",
		   name);
	check_absent("new", "so there is no %s", name);
	check_call(&root, target_is_apexfs ? EPERM : 0, call_mknod("new", type | 0644, device),
		   "root and a %s", name);
	if (target_is_apexfs) {
		check_absent("new", "there is no %s here", name);
		return;
	}

	struct stat st = look("new");

	check_number(type, st.st_mode & S_IFMT, "it is a %s", name);
	check_number((long long)device, (long long)st.st_rdev, "of the device asked for");
	clear("new");
}

static void check_bind(void)
{
	umask(022);
	check_call(&ann, 0, call_bind("socket"), "bind makes a name");
	umask(0);
	check_kind("socket", KIND_SOCKET, "of a socket");
	check_mode("socket", 0755, "whose mode is masked");
	check_owner("socket", ann.uid, ann.gid, "of who bound it");
	check_call(&ann, EADDRINUSE, call_bind("socket"), "the name is then taken");
	check_call(&ann, ECONNREFUSED, call_connect("socket"), "nobody listens any more");
	make(KIND_FILE, "file", 0666, &root);
	check_call(&ann, EADDRINUSE, call_bind("file"), "a file has the name");
	check_call(&ann, ECONNREFUSED, call_connect("file"), "and is no socket");
	make(KIND_FOLDER, "folder", 0755, &root);
	check_call(&ann, EACCES, call_bind("folder/socket"), "in a folder of others");
	check_call(&ann, ENOENT, call_connect("folder/socket"), "so there is none");
	clear("file");
	clear("folder");
	clear("socket");
}

static int listen_at(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&at, sizeof(at)) != 0 || listen(fd, 8) != 0)
		check_obstacle(HERE, errno, "listen at %s", path);
	return fd;
}

static void check_connect(void)
{
	cleanup_fd int fd = listen_at("socket");

	must(&root, call_chmod("socket", 0722));
	check_call(&bob, 0, call_connect("socket"), "connect to who listens");
	must(&root, call_chmod("socket", 0755));
	check_call(&bob, EACCES, call_connect("socket"), "not without write permission");
	must(&root, call_chmod("socket", 0777));
	must(&root, call_rename("socket", "renamed"));
	check_call(&bob, 0, call_connect("renamed"), "by a new name");
	check_call(&bob, ENOENT, call_connect("socket"), "and not by the old one");
	must(&root, call_symlink("renamed", "link"));
	check_call(&bob, 0, call_connect("link"), "by a link");
	must(&root, call_unlink("renamed"));
	check_call(&bob, ENOENT, call_connect("renamed"), "not without a name");
	clear("link");
}

void topic_mknod(void)
{
	for (size_t i = 0; i < array_size(types); i++)
		check_type(&types[i]);
	check_device(S_IFCHR, "character device");
	check_device(S_IFBLK, "block device");
	check_call(&root, EPERM, call_mknod("new", S_IFDIR | 0755, 0), "no folder by mknod");
	check_call(&root, EINVAL, call_mknod("new", S_IFLNK | 0755, 0), "no link by mknod");
	check_absent("new", "neither is there");
	check_bind();
	check_connect();
}
