#include "tests/power/keep.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/base/cleanup.h"
#include "lsm/env/env_mem.h"
#include "lsm/env/env_posix.h"
#include "tests/support/scratch.h"

struct keeping {
	struct env *from;
	const char *folder;
	struct env_dir *to;
};

static int keep_file(void *arg, const char *name)
{
	struct keeping *k = arg;
	struct env_file *file;
	struct slice bytes;
	int err = env_mem_file(k->from, k->folder, name, &bytes);

	if (!err)
		err = env_dir_open(k->to, name, ENV_REPLACE, &file);
	if (err)
		return err;
	err = env_file_append(file, &bytes, 1);
	env_file_close(file);
	return err;
}

static int keep_folder(struct env *env, const char *folder, const char *to)
{
	struct keeping k = {.from = env, .folder = folder};
	cleanup_free char *path = NULL;
	struct env_dir *from;
	int err = env_open_dir(env, folder, false, &from);

	if (err) /* it is not there */
		return err == -ENOENT ? 0 : err;
	if (asprintf(&path, "%s/%s", to, folder) < 0) {
		path = NULL;
		env_dir_close(from);
		return -ENOMEM;
	}
	err = env_open_dir(env_posix(), path, true, &k.to);
	if (!err)
		err = env_dir_list(from, keep_file, &k);
	if (!err)
		env_dir_close(k.to);
	env_dir_close(from);
	return err;
}

const char *keep_files(struct env *env, const char *const *folders, size_t folder_count)
{
	static char kept[PATH_MAX];
	char *path;

	if (scratch_make("apexfs-kept", &path))
		return "could not be kept";
	(void)snprintf(kept, sizeof(kept), "%s", path);
	free(path);
	for (size_t i = 0; i < folder_count; i++)
		if (keep_folder(env, folders[i], kept))
			return "could not be kept whole";
	return kept;
}
