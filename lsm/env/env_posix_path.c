#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/base/cleanup.h"
#include "lsm/env/env_posix.h"
#include "lsm/env/env_posix_file.h"

/* Where an absent thing at `path` would be made: its parent. */
static char *resolve_parent(const char *path)
{
	cleanup_free char *copy = strdup(path);

	return copy ? realpath(dirname(copy), NULL) : NULL;
}

int env_posix_is_within(const char *path, const char *folder, bool *ret_within)
{
	cleanup_free char *outer = realpath(folder, NULL);
	cleanup_free char *inner = NULL;

	if (!outer)
		return posix_fail(-errno, folder, "resolve");
	inner = realpath(path, NULL);
	if (!inner && errno == ENOENT)
		inner = resolve_parent(path);
	if (!inner)
		return posix_fail(-errno, path, "resolve");
	size_t len = strcmp(outer, "/") == 0 ? 0 : strlen(outer);

	*ret_within = strncmp(inner, outer, len) == 0 && (inner[len] == '/' || inner[len] == '\0');
	return 0;
}
