/*
 * A settings file without a place in any folder.
 */
#pragma once

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lsm/base/slice.h"
#include "tests/support/expect.h"

enum {
	SETTINGS_PATH_MAX = 64,
};

/* Give the process's one such file this content; *ret_path names it. */
static inline void settings_file(struct slice content, char ret_path[SETTINGS_PATH_MAX])
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("settings", MFD_CLOEXEC);
	expect(fd >= 0 && ftruncate(fd, 0) == 0);
	expect(content.len == 0 || pwrite(fd, content.ptr, content.len, 0) == (ssize_t)content.len);
	(void)snprintf(ret_path, SETTINGS_PATH_MAX, "/proc/self/fd/%d", fd);
}
