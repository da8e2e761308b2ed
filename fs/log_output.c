#include "fs/log_output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/base/log.h"
#include "lsm/config/config.h"

static int open_file(const char *path, int *ret_fd)
{
	/* nonblocking: a FIFO is refused, not waited for */
	cleanup_fd int fd =
		open(path,
		     O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
		     0600);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0)
		return fail(-errno, "log.file: %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail(-EINVAL, "log.file: %s: no regular file", path);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

int log_output_open(struct log_output *output, const struct config *config)
{
	const char *path = config_text(config, "log", "file");

	*output = (struct log_output){.fd = -1};
	log_set_level((enum log_level)config_number(config, "log", "level"));
	log_set_format((enum log_format)config_number(config, "log", "format"));
	if (!path[0])
		return 0;
	int rc = open_file(path, &output->fd);

	if (!rc)
		log_set_fd(output->fd);
	return rc;
}

void log_output_use(const struct log_output *output)
{
	if (output->fd >= 0)
		log_set_sink(NULL);
}

void log_output_close(struct log_output *output)
{
	if (output->fd < 0)
		return;
	log_set_fd(STDERR_FILENO);
	close(output->fd); /* there is nobody to tell */
	output->fd = -1;
}
