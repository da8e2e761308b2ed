#include "lsm/env/env_name.h"

#include <errno.h>
#include <string.h>

#include "lsm/base/error.h"
#include "lsm/env/env.h"

int env_name_check(const char *name)
{
	if (strnlen(name, ENV_NAME_MAX + 1) > ENV_NAME_MAX)
		return fail(-ENAMETOOLONG, "%.*s...: name over %d bytes", ENV_NAME_MAX, name,
			    ENV_NAME_MAX);
	if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ||
	    strchr(name, '/'))
		return fail(-EINVAL, "'%s': not a file's name", name);
	return 0;
}

int env_lock_refused(const char *name, struct slice content)
{
	char line[ENV_HOLDER_MAX];
	size_t len = 0;

	for (; len < content.len && len < ENV_HOLDER_MAX - 1 && content.ptr[len] != '\n'; len++) {
		uint8_t byte = content.ptr[len];

		line[len] = '?';
		if (byte >= 0x20 && byte < 0x7f)
			line[len] = (char)byte;
	}
	line[len] = '\0';
	if (len == 0)
		return fail(-EWOULDBLOCK, "%s: locked by a process that has not said its name",
			    name);
	return fail(-EWOULDBLOCK, "%s", line);
}
