#include "lsm/tree/late_sync.h"

#include <stdio.h>

static void run_sync(void *arg)
{
	struct late_sync *s = arg;

	fail_clear();
	s->err = env_file_sync(s->file);
	(void)snprintf(s->why, sizeof(s->why), "%s", fail_text());
}

void late_sync_init(struct late_sync *s)
{
	*s = (struct late_sync){0};
	helper_init(&s->helper, "lsm-sync");
}

void late_sync_done(struct late_sync *s)
{
	if (s->file)
		helper_cancel(&s->helper, &s->task);
	helper_done(&s->helper);
	env_file_close(s->file);
	s->file = NULL;
}

int late_sync_wait(struct late_sync *s)
{
	if (!s->file)
		return 0;
	helper_finish(&s->helper, &s->task);
	env_file_close(s->file);
	s->file = NULL;
	return s->err && s->why[0] ? fail(s->err, "%s", s->why) : s->err;
}

int late_sync_begin(struct late_sync *s, struct env_file *file)
{
	int err = late_sync_wait(s);

	if (err) {
		env_file_close(file);
		return err;
	}
	s->file = file;
	s->task = (struct helper_task){.run = run_sync, .arg = s};
	helper_offer(&s->helper, &s->task);
	return 0;
}
