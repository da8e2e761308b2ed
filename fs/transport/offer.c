#include "fs/transport/offer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"

int offer_check(const char *path)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char value = '\0';

	if (fd < 0 && errno == ENOENT)
		return fail(-EOPNOTSUPP, "this kernel has no FUSE over io_uring (Linux 6.14)");
	if (fd < 0 || read(fd, &value, 1) != 1)
		return fail(-EOPNOTSUPP, "%s: %s", path, fd < 0 ? strerror(errno) : "unreadable");
	if (value != 'Y' && value != '1')
		return fail(-EOPNOTSUPP, "root has not let FUSE use io_uring: %s is %c", path,
			    value == 'N' || value == '0' ? 'N' : '?');
	return 0;
}
