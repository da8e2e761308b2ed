/*
 * Users, and calls made as one of them.
 */
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/mount/posix/posix.h"

enum {
	ANN = 65533,
	BOB = 65534,
	CID = 65532,
	NO_CHILD = 255, /* no errno */
};

const struct user root = {.name = "root"};
const struct user ann = {.name = "ann", .uid = ANN, .gid = ANN, .also_in = ANN};
const struct user bob = {.name = "bob", .uid = BOB, .gid = BOB, .also_in = BOB};
const struct user cid = {.name = "cid", .uid = CID, .gid = CID, .also_in = CID};
const struct user ann_with_bob = {
	.name = "ann with bob's group",
	.uid = ANN,
	.gid = ANN,
	.also_in = BOB,
};
const struct user limited = {
	.name = "ann with a limit",
	.uid = ANN,
	.gid = ANN,
	.also_in = ANN,
	.file_limit = FILE_LIMIT,
};

static int call_make(const struct call *call)
{
	return call->invoke(call) < 0 ? errno : 0;
}

static bool become(const struct user *user)
{
	gid_t groups[] = {user->gid, user->also_in};

	if (user->file_limit > 0) {
		struct rlimit limit = {.rlim_cur = (rlim_t)user->file_limit,
				       .rlim_max = (rlim_t)user->file_limit};

		/* the signal would end us before the errno is seen */
		if (signal(SIGXFSZ, SIG_IGN) == SIG_ERR || setrlimit(RLIMIT_FSIZE, &limit) != 0)
			return false;
	}
	return setgroups(array_size(groups), groups) == 0 &&
	       setresgid(user->gid, user->gid, user->gid) == 0 &&
	       setresuid(user->uid, user->uid, user->uid) == 0;
}

int call_as(const struct user *user, const struct call *call)
{
	if (user->uid == 0)
		return call_make(call);

	pid_t child = fork();

	if (child == 0)
		_exit(become(user) ? call_make(call) : NO_CHILD);

	int status;

	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return NO_CHILD;
	return WEXITSTATUS(status);
}
