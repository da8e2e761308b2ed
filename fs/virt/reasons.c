#include "fs/virt/reasons.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lsm/base/clock.h"

void reasons_init(struct reasons *r)
{
	*r = (struct reasons){0};
	mutex_init(&r->mu, RANK_FS_REASONS);
}

void reasons_done(struct reasons *r)
{
	mutex_done(&r->mu);
}

/* One line, whatever a sentence or a name quotes. */
static void make_line(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ')
			*text = '?';
	}
}

void reasons_note(struct reasons *r, pid_t pid, struct slice name, int code)
{
	struct reason reason = {.time_ns = clock_real_ns(), .pid = pid, .code = code};
	const char *why = fail_text()[0] ? fail_text() : strerror(-code);

	(void)snprintf(reason.name, sizeof(reason.name), "%.*s", (int)name.len,
		       (const char *)name.ptr);
	(void)snprintf(reason.text, sizeof(reason.text), "%s", why);
	make_line(reason.name);
	make_line(reason.text);
	mutex_guard(&r->mu);
	r->all[r->next++ % REASONS_MAX] = reason;
}

static int render_one(const struct reason *reason, struct buf *text)
{
	char when[32];
	time_t seconds = (time_t)(reason->time_ns / 1000000000);
	struct tm parts;

	if (!gmtime_r(&seconds, &parts) || strftime(when, sizeof(when), "%FT%TZ", &parts) == 0)
		when[0] = '\0';
	return buf_printf(text, "%s %s: %s (pid %d, %s)\n", strerrorname_np(-reason->code),
			  reason->name, reason->text, (int)reason->pid, when);
}

int reasons_render(struct reasons *r, struct buf *text)
{
	int rc = 0;

	mutex_guard(&r->mu);
	if (r->next == 0)
		return buf_printf(text, "no error\n");
	for (unsigned i = 1; i <= REASONS_MAX && !rc; i++) {
		const struct reason *reason = &r->all[(r->next - i) % REASONS_MAX];

		if (reason->time_ns == 0)
			break;
		rc = render_one(reason, text);
	}
	return rc;
}
