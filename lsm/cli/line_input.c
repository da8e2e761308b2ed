#include "lsm/cli/line_input.h"

#include <errno.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lsm/base/error.h"
#include "lsm/cli/interrupt.h"

enum {
	READ_BYTES = 256 * 1024, /* at once, of a file that nobody else reads */
};

/* One thread reads it: no lock for each line. That its buffer stays small is no failure. */
static void prepare_file(struct line_input *in)
{
	(void)__fsetlocking(in->file, FSETLOCKING_BYCALLER);
	if (in->file == stdin)
		return;
	in->read_room = malloc(READ_BYTES);
	if (in->read_room)
		(void)setvbuf(in->file, in->read_room, _IOFBF, READ_BYTES);
}

int line_input_open(struct line_input *in, const char *path)
{
	struct stat st;

	if (!path || strcmp(path, "-") == 0) {
		in->file = stdin;
		in->name = "standard input";
		clearerr(stdin); /* what ended an earlier reading from a terminal */
	} else {
		in->file = fopen(path, "re");
		in->name = path;
	}
	if (!in->file)
		return fail(-errno, "%s: %s", path, strerror(errno));
	prepare_file(in);
	if (fstat(fileno(in->file), &st) != 0)
		return 0;
	if (S_ISREG(st.st_mode))
		in->total = (uint64_t)st.st_size;
	if (!S_ISDIR(st.st_mode))
		return 0;
	int rc = fail(-EISDIR, "%s: %s", in->name, strerror(EISDIR));

	line_input_close(in);
	return rc;
}

void line_input_close(struct line_input *in)
{
	if (in->file && in->file != stdin)
		(void)fclose(in->file); /* only read */
	free(in->read_room);
	free(in->line);
	*in = (struct line_input){0};
}

static int read_until(struct line_input *in, int end, size_t *ret_len)
{
	int rc = interrupt_wait_begin();

	if (rc)
		return rc;
	errno = 0;
	ssize_t len = getdelim(&in->line, &in->cap, end, in->file);
	int error = errno;

	interrupt_wait_end();
	/* after an error, a signal for example, what was read is no whole line */
	if (len > 0 && !ferror_unlocked(in->file)) {
		in->bytes += (uint64_t)len;
		*ret_len = (size_t)len;
		return 0;
	}
	if (feof_unlocked(in->file) && !ferror_unlocked(in->file))
		return -ENODATA;
	error = error ? error : EIO;
	return fail(-error, "%s: %s", in->name, strerror(error));
}

int line_input_next(struct line_input *in, struct slice *ret_line)
{
	size_t len = 0;
	int rc = read_until(in, '\n', &len);

	if (rc)
		return rc;
	in->number++;
	*ret_line = slice_of(in->line, in->line[len - 1] == '\n' ? len - 1 : len);
	return 0;
}

int line_input_next_nul(struct line_input *in, struct slice *ret_line)
{
	size_t len = 0;
	int rc = read_until(in, '\0', &len);

	if (rc)
		return rc;
	if (in->line[len - 1] != '\0')
		return fail(-EINVAL, "the input ends before a NUL");
	*ret_line = slice_of(in->line, len - 1);
	return 0;
}
