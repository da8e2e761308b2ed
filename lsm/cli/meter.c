#include "lsm/cli/meter.h"

#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lsm/base/clock.h"

enum {
	BAR_MAX = 30,    /* columns of the bar */
	TEXT_MIN = 46,   /* ... that the words beside it take */
	FOLLOW_MS = 100, /* between two looks */
};

#define TERMINAL_NS UINT64_C(100000000)   /* between two pictures */
#define LINE_NS     UINT64_C(10000000000) /* between two lines */

void meter_begin(struct meter *m, const char *what, enum human_unit unit, uint64_t total)
{
	*m = (struct meter){
		.what = what,
		.unit = unit,
		.total = total,
		.began_ns = clock_mono_ns(),
		.on_terminal = isatty(STDERR_FILENO) == 1,
		.wake_fd = -1,
	};
	m->shown_ns = m->began_ns;
}

static double seconds_between(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? (double)(to_ns - from_ns) / 1e9 : 0;
}

double meter_seconds(const struct meter *m)
{
	return seconds_between(m->began_ns, clock_mono_ns());
}

/* "[=====>    ] " */
static void append_bar(char *text, double share, int columns)
{
	int full = (int)(share * columns);
	size_t at = strlen(text);

	text[at++] = '[';
	for (int i = 0; i < columns; i++)
		text[at++] = i < full ? '=' : i == full ? '>' : ' ';
	text[at++] = ']';
	text[at++] = ' ';
	text[at] = '\0';
}

static void append(char *text, const char *fmt, ...) printf_like(2, 3);

static void append(char *text, const char *fmt, ...)
{
	size_t len = strlen(text);
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text + len, METER_WIDTH_MAX + 1 - len, fmt, args);
	va_end(args);
}

void meter_line(const struct meter *m, uint64_t done, uint64_t now_ns, int width,
		char ret_text[METER_WIDTH_MAX + 1])
{
	double seconds = seconds_between(m->began_ns, now_ns);
	double rate = seconds > 0 && done > m->start ? (double)(done - m->start) / seconds : 0;
	double share = m->total > 0 ? (double)done / (double)m->total : 0;
	char amount[HUMAN_MAX], speed[HUMAN_MAX], left[HUMAN_MAX];

	width = width > METER_WIDTH_MAX ? METER_WIDTH_MAX : width;
	share = share > 1 ? 1 : share;
	human_number((double)done, m->unit, amount);
	human_number(rate, m->unit, speed);
	(void)snprintf(ret_text, METER_WIDTH_MAX + 1, "%s ", m->what);
	if (m->on_terminal && m->total > 0 && width > TEXT_MIN + 5)
		append_bar(ret_text, share,
			   width - TEXT_MIN > BAR_MAX ? BAR_MAX : width - TEXT_MIN);
	if (m->total > 0)
		append(ret_text, "%3.0f%% ", share * 100);
	append(ret_text, "%s, %s/s", amount, speed);
	if (m->total > done && rate > 0) {
		human_seconds((double)(m->total - done) / rate, left);
		append(ret_text, ", %s left", left);
	}
	if (width >= 0)
		ret_text[width] = '\0';
}

bool meter_is_due(const struct meter *m, uint64_t now_ns)
{
	return now_ns - m->shown_ns >= (m->on_terminal ? TERMINAL_NS : LINE_NS);
}

static int terminal_width(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static void show(struct meter *m, uint64_t done, uint64_t now_ns)
{
	char text[METER_WIDTH_MAX + 1];

	m->shown_ns = now_ns;
	/* one column is left free: a full line would wrap */
	meter_line(m, done, now_ns, m->on_terminal ? terminal_width() - 1 : METER_WIDTH_MAX, text);
	if (m->on_terminal)
		fprintf(stderr, "\r%s\033[K", text);
	else
		fprintf(stderr, "apexkv: %s\n", text);
	fflush(stderr);
	m->is_drawn = m->on_terminal;
}

void meter_update(struct meter *m, uint64_t done)
{
	uint64_t now_ns = clock_mono_ns();

	if (meter_is_due(m, now_ns))
		show(m, done, now_ns);
}

void meter_end(struct meter *m)
{
	if (m->is_drawn)
		fputs("\r\033[K", stderr);
	m->is_drawn = false;
}

static void follow(void *arg)
{
	struct meter *m = arg;
	struct pollfd wake = {.fd = m->wake_fd, .events = POLLIN};

	while (poll(&wake, 1, FOLLOW_MS) == 0) {
		m->total = long_work_total(m->work);
		meter_update(m, long_work_done(m->work));
	}
}

void meter_follow(struct meter *m, struct long_work *work)
{
	m->work = work;
	m->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (m->wake_fd >= 0)
		ignore_result(thread_start(&m->thread, "meter", follow, m)); /* then no bar */
}

void meter_unfollow(struct meter *m)
{
	uint64_t one = 1;

	if (m->wake_fd >= 0) {
		if (m->thread.started && write(m->wake_fd, &one, sizeof(one)) == sizeof(one))
			thread_join(&m->thread);
		(void)close(m->wake_fd);
		m->wake_fd = -1;
	}
	meter_end(m);
}
