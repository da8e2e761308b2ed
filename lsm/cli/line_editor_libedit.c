#include <errno.h>
#include <histedit.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lsm/cli/line_editor.h"

enum {
	HISTORY_LINES = 1000,
};

struct line_editor {
	EditLine *edit;
	History *history;
	const char *prompt;       /* borrowed */
	const char *history_path; /* borrowed; may be NULL */
};

static char *prompt_of(EditLine *edit)
{
	struct line_editor *e = NULL;

	(void)el_get(edit, EL_CLIENTDATA, &e);
	return (char *)e->prompt;
}

/* Ctrl-C comes as a key, so no signal ends the program while a line is typed. */
static void set_up(struct line_editor *e)
{
	(void)el_set(e->edit, EL_CLIENTDATA, e);
	(void)el_set(e->edit, EL_PROMPT, prompt_of);
	(void)el_set(e->edit, EL_EDITOR, "emacs");
	(void)el_set(e->edit, EL_SIGNAL, 1); /* for changes of the window's size */
	(void)el_set(e->edit, EL_SETTY, "-d", "-isig", NULL);
	(void)el_set(e->edit, EL_BIND, "^C", "em-kill-line", NULL);
	(void)el_set(e->edit, EL_BIND, "^R", "em-inc-search-prev", NULL);
	(void)el_set(e->edit, EL_HIST, history, e->history);
}

int line_editor_new(const char *prompt, const char *history_path, struct line_editor **ret_editor)
{
	struct line_editor *e = calloc(1, sizeof(*e));
	HistEvent event;

	if (!e)
		return -ENOMEM;
	(void)setlocale(LC_CTYPE, ""); /* or it takes ASCII only */
	e->prompt = prompt;
	e->history_path = history_path;
	e->history = history_init();
	e->edit = el_init("apexkv", stdin, stdout, stderr);
	if (!e->edit || !e->history) {
		line_editor_free(e);
		return -ENOTTY;
	}
	(void)history(e->history, &event, H_SETSIZE, HISTORY_LINES);
	(void)history(e->history, &event, H_SETUNIQUE, 1);
	if (history_path)
		(void)history(e->history, &event, H_LOAD, history_path); /* there may be none yet */
	set_up(e);
	*ret_editor = e;
	return 0;
}

/* What was typed may be values: for the user alone. */
static void save_history(struct line_editor *e)
{
	HistEvent event;
	mode_t before = umask(077);

	(void)history(e->history, &event, H_SAVE, e->history_path);
	(void)umask(before);
}

void line_editor_free(struct line_editor *e)
{
	if (!e)
		return;
	if (e->edit && e->history && e->history_path)
		save_history(e);
	if (e->edit)
		el_end(e->edit);
	if (e->history)
		history_end(e->history);
	free(e);
}

int line_editor_next(struct line_editor *e, struct slice *ret_line)
{
	int len = 0;
	const char *line = el_gets(e->edit, &len);
	HistEvent event;

	if (!line || len <= 0)
		return len < 0 && errno == EINTR ? -EINTR : -ENODATA;
	if (len > 1)
		(void)history(e->history, &event, H_ENTER, line);
	*ret_line = slice_of(line, (size_t)(line[len - 1] == '\n' ? len - 1 : len));
	return 0;
}
