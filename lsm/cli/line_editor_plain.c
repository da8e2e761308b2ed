#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "lsm/cli/interrupt.h"
#include "lsm/cli/line_editor.h"

struct line_editor {
	const char *prompt; /* borrowed */
	char *line;         /* owned */
	size_t cap;
};

int line_editor_new(const char *prompt, const char *history, struct line_editor **ret_editor)
{
	struct line_editor *e = calloc(1, sizeof(*e));

	(void)history;
	if (!e)
		return -ENOMEM;
	e->prompt = prompt;
	*ret_editor = e;
	return 0;
}

void line_editor_free(struct line_editor *e)
{
	if (e)
		free(e->line);
	free(e);
}

static int read_line(struct line_editor *e, struct slice *ret_line)
{
	ssize_t len = 0;

	if (interrupt_wait_begin() == 0) {
		len = getline(&e->line, &e->cap, stdin);
		interrupt_wait_end();
	}
	if (len <= 0) {
		clearerr(stdin);
		putchar('\n');
		return interrupted() ? -EINTR : -ENODATA;
	}
	*ret_line = slice_of(e->line, (size_t)(e->line[len - 1] == '\n' ? len - 1 : len));
	return 0;
}

int line_editor_next(struct line_editor *e, struct slice *ret_line)
{
	fputs(e->prompt, stdout);
	fflush(stdout);
	interrupt_begin(NULL);
	int rc = read_line(e, ret_line);

	interrupt_end();
	return rc;
}
