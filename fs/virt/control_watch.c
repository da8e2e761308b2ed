/*
 * .apex/watch: a line for each change, "seq op key", as they come. The first that looks makes the
 * engine note changes, from then on until the mount ends; each who opens it gets the window of the
 * latest ones, and then what follows.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "fs/virt/control_impl.h"
#include "fs/virt/watch_text.h"

enum {
	WATCH_WINDOW = 1 << 20, /* bytes, for all who watch */
};

/* Who has the file open. */
struct watcher {
	struct lsm_watch *feed; /* owned */
	bool begun;             /* it has seen a change */
};

static void watcher_done(void *object)
{
	struct watcher *w = object;

	lsm_watch_close(w->feed);
	free(w);
}

/* The window begins with the first who watches, and stays for the next. */
static int window_open(struct control *c)
{
	mutex_guard(&c->watch.mu);
	return c->watch.window ? 0 : lsm_watch_open(c->options.db, WATCH_WINDOW, &c->watch.window);
}

static int watcher_new(struct control *c, struct watcher **ret_watcher)
{
	int rc = window_open(c);
	struct watcher *w = calloc(1, sizeof(*w));

	if (!rc && !w)
		rc = -ENOMEM;
	if (!rc)
		rc = lsm_watch_open(c->options.db, WATCH_WINDOW, &w->feed);
	if (rc) {
		free(w);
		return rc;
	}
	lsm_watch_seek(w->feed, 0);
	*ret_watcher = w;
	return 0;
}

static int render_watch(void *arg, void *object, struct buf *text)
{
	(void)arg;
	(void)object;
	return buf_printf(text, "# seq op key\n");
}

static int grow_watch(void *arg, void **object, struct buf *text)
{
	struct control *c = arg;
	struct watcher *w = *object;
	struct lsm_change change;
	int rc = w ? 0 : watcher_new(c, &w);

	*object = w;
	while (!rc && text->len < VIRT_TEXT_MAX) {
		rc = lsm_watch_next(w->feed, &change);
		if (rc)
			break;
		if (!w->begun) /* what came before anybody watched is not lost */
			change.lost = 0;
		w->begun = true;
		rc = watch_text_add(&change, c->options.separator, text);
	}
	return rc == -EAGAIN ? 0 : rc;
}

static const struct virt_file watch_files[] = {
	{.name = "watch",
	 .mode = 0400,
	 .render = render_watch,
	 .grow = grow_watch,
	 .object_done = watcher_done},
};

int control_watch_add(struct control *c, struct virt *v)
{
	c->watch_files = (struct virt_folder){
		.files = watch_files, .file_count = array_size(watch_files), .arg = c};
	return virt_add_files(v, c->apex, &c->watch_files);
}

void control_watch_end(struct control *c)
{
	lsm_watch_close(c->watch.window);
}
