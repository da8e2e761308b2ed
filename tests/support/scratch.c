#include "tests/support/scratch.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/cleanup.h"

enum {
	SCRATCH_OPEN_MAX = 16, /* descriptors for the walk */
};

int scratch_make(const char *name, char **ret_path)
{
	const char *parent = getenv("TMPDIR");
	cleanup_free char *wanted = NULL;

	if (asprintf(&wanted, "%s/%s-XXXXXX", parent && *parent ? parent : "/tmp", name) < 0) {
		wanted = NULL;
		return -ENOMEM;
	}
	if (!mkdtemp(wanted))
		return -errno;
	/* The programs under test go elsewhere and want whole paths. */
	char *path = realpath(wanted, NULL);

	if (!path)
		return -errno;
	*ret_path = path;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *place)
{
	(void)st;
	(void)type;
	(void)place;
	(void)remove(path); /* the last one, the folder itself, tells whether all went well */
	return 0;
}

int scratch_remove(const char *path)
{
	(void)nftw(path, remove_one, SCRATCH_OPEN_MAX, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
	return remove(path) != 0 && errno != ENOENT ? -errno : 0;
}
