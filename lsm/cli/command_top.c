/*
 * top: a mount's statistics once a second, on the whole screen. Plain terminal escapes (ECMA-48),
 * which every terminal of today knows: ncurses would be a library for a screen that is drawn anew
 * each second.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/clock.h"
#include "lsm/base/error.h"
#include "lsm/cli/command_table.h"
#include "lsm/cli/instead.h"
#include "lsm/cli/interrupt.h"
#include "lsm/cli/mounts.h"
#include "lsm/cli/report.h"
#include "lsm/cli/top_view.h"

enum {
	EVERY_MS = 1000,
};

struct top {
	struct top_view view;
	struct top_sample samples[2]; /* owned; this second's and the one before */
	int now;                      /* which of them is this second's */
	bool has_before;
	char *path;              /* owned; of .stats */
	struct termios terminal; /* as it was */
	sigset_t outside;        /* signals that were blocked before */
	struct buf frame;        /* owned */
};

/* Written by the handler, which runs during ppoll(2) only: the signals are blocked elsewhere. */
static volatile sig_atomic_t stop_wanted, was_continued;

/* SIGWINCH is only there to wake ppoll(2): the size is asked for with each picture. */
static void note_signal(int number)
{
	stop_wanted = stop_wanted || number == SIGTSTP;
	was_continued = was_continued || number == SIGCONT;
}

static void catch_signals(struct top *t)
{
	static const int numbers[] = {SIGWINCH, SIGTSTP, SIGCONT};
	struct sigaction action = {.sa_handler = note_signal};
	sigset_t caught;

	(void)sigemptyset(&caught);
	for (size_t i = 0; i < array_size(numbers); i++) {
		(void)sigaddset(&caught, numbers[i]);
		(void)sigaction(numbers[i], &action, NULL);
	}
	(void)sigprocmask(SIG_BLOCK, &caught, &t->outside);
}

static void release_signals(const struct top *t)
{
	(void)signal(SIGWINCH, SIG_DFL);
	(void)signal(SIGTSTP, SIG_DFL);
	(void)signal(SIGCONT, SIG_DFL);
	(void)sigprocmask(SIG_SETMASK, &t->outside, NULL);
}

static void take_screen(const struct top *t)
{
	struct termios raw = t->terminal;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	/* the other screen, without a cursor, and lines that do not wrap */
	fputs("\033[?1049h\033[?25l\033[?7l", stdout);
}

static void enter_screen(struct top *t)
{
	(void)tcgetattr(STDIN_FILENO, &t->terminal); /* it is a terminal */
	take_screen(t);
}

static void leave_screen(struct top *t)
{
	fputs("\033[?7h\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &t->terminal);
}

/* Ctrl-Z: the shell gets its terminal as it was, and with fg it is taken anew. */
static void stop_here(struct top *t)
{
	leave_screen(t);
	release_signals(t);
	(void)raise(SIGTSTP); /* stops here, unless nobody could continue it */
	catch_signals(t);
	enter_screen(t);
}

/* Who was stopped by SIGSTOP has not given the terminal back, and does not know what it is by now.
 */
static void heed_signals(struct top *t)
{
	bool stops = stop_wanted, continued = was_continued;

	stop_wanted = was_continued = 0;
	if (stops)
		stop_here(t);
	else if (continued)
		take_screen(t);
}

static const struct top_sample *sample_before(const struct top *t)
{
	return t->has_before ? &t->samples[!t->now] : NULL;
}

/* From the upper left corner on, each line's rest and the screen's rest wiped: nothing flickers. */
static int draw(struct top *t)
{
	struct winsize size = {.ws_row = 24, .ws_col = 80};

	(void)ioctl(STDOUT_FILENO, TIOCGWINSZ, &size); /* or it is the usual size */
	buf_clear(&t->frame);
	int rc = top_view_render(&t->view, sample_before(t), &t->samples[t->now], size.ws_col,
				 size.ws_row, true, &t->frame);

	if (rc)
		return rc;
	fputs("\033[H", stdout);
	for (size_t i = 0; i < t->frame.len; i++) {
		if (t->frame.ptr[i] != '\n')
			putchar(t->frame.ptr[i]);
		else
			fputs(i + 1 < t->frame.len ? "\033[K\r\n" : "\033[K\033[J", stdout);
	}
	fflush(stdout);
	return 0;
}

static int take_sample(struct top *t)
{
	int next = t->view.seconds > 0 || t->samples[t->now].time_ns > 0 ? !t->now : t->now;
	int rc = top_sample_read(&t->samples[next], t->path);

	if (rc)
		return rc;
	t->has_before = next != t->now;
	t->now = next;
	if (t->has_before)
		top_view_note(&t->view, &t->samples[!next], &t->samples[next]);
	return 0;
}

/* Until the time has come, a key was typed or the size has changed. False: it was q, or the end. */
static bool wait_until(struct top *t, uint64_t deadline_ns)
{
	struct pollfd keys = {.fd = STDIN_FILENO, .events = POLLIN};
	uint64_t now_ns = clock_mono_ns();
	uint64_t left_ns = now_ns < deadline_ns ? deadline_ns - now_ns : 0;
	struct timespec left = {.tv_sec = (time_t)(left_ns / 1000000000),
				.tv_nsec = (long)(left_ns % 1000000000)};
	char key;
	int ready = ppoll(&keys, 1, &left, &t->outside);

	heed_signals(t);
	if (ready <= 0)
		return !interrupted();
	if (read(STDIN_FILENO, &key, 1) <= 0)
		return false;
	return key != 'q' && key != 'Q' && key != 3;
}

static int run_screen(struct top *t)
{
	uint64_t due_ns = clock_mono_ns() + UINT64_C(1000000) * EVERY_MS;
	bool goes_on = true;
	int rc = 0;

	while (!rc && goes_on) {
		if (clock_mono_ns() >= due_ns) {
			rc = take_sample(t);
			due_ns += UINT64_C(1000000) * EVERY_MS;
			if (due_ns < clock_mono_ns())
				due_ns = clock_mono_ns() + UINT64_C(1000000) * EVERY_MS;
		}
		if (!rc)
			rc = draw(t);
		goes_on = !rc && wait_until(t, due_ns);
	}
	return rc;
}

/* Where there is no screen: one picture, after a second, so that there are rates. */
static int print_once(struct top *t)
{
	int rc = take_sample(t);

	if (!rc) {
		(void)poll(NULL, 0, EVERY_MS);
		rc = take_sample(t);
	}
	if (!rc)
		rc = top_view_render(&t->view, sample_before(t), &t->samples[t->now], 100,
				     TOP_HEIGHT_MAX, false, &t->frame);
	if (!rc)
		encoding_print(stdout, ENCODING_RAW, buf_slice(&t->frame));
	return rc;
}

static bool terminal_has_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < array_size(names); i++) {
		const char *value = getenv(names[i]);

		if (value && value[0])
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

static int run_top(struct top *t)
{
	int rc;

	if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1)
		return print_once(t);
	/* first of all, so that a wrong path is told on the screen that stays */
	rc = take_sample(t);
	if (rc)
		return rc;
	interrupt_begin(NULL);
	catch_signals(t);
	enter_screen(t);
	rc = run_screen(t);
	leave_screen(t);
	release_signals(t);
	interrupt_end();
	return rc;
}

/* MOUNT is where the store is mounted: says so where the store is given. False: it is not. */
static bool report_store(const char *path)
{
	cleanup_free char *store = realpath(path, NULL);
	cleanup_buf struct buf mounts = {0}, word = {0};
	struct instead line = {.out = &word};
	struct mounted m;

	mounts_read(&mounts);
	if (!store || mounts.len == 0 || !mounts_find_store((const char *)mounts.ptr, store, &m))
		return false;
	instead_word(&line, slice_str(m.point));
	report_note("%s: is a store and no mount; instead: apexkv top %.*s", path, (int)word.len,
		    (const char *)word.ptr);
	return true;
}

static enum exit_status top(struct lsm *db, const struct invocation *inv)
{
	struct top *t = calloc(1, sizeof(*t));
	int rc = -ENOMEM;

	(void)db;
	if (t) {
		t->view.mount = inv->arguments[0];
		t->view.utf8 = terminal_has_utf8();
		if (asprintf(&t->path, "%s/.stats", inv->arguments[0]) < 0)
			t->path = NULL;
		rc = t->path ? run_top(t) : -ENOMEM;
		free(t->path);
		top_sample_done(&t->samples[0]);
		top_sample_done(&t->samples[1]);
		buf_done(&t->frame);
	}
	free(t);
	if (!rc)
		return STATUS_OK;
	if ((rc != -ENOENT && rc != -ENOTDIR) || !report_store(inv->arguments[0]))
		report_error(rc);
	return rc == -ENOMEM ? STATUS_FAILED : STATUS_UNAVAILABLE;
}

const struct command command_top = {
	.name = "top",
	.arguments = "MOUNT",
	.summary = "watch a mount: what it does, its memory, levels and latencies",
	.more = "Reads MOUNT/.stats once a second; q quits. Where there is no terminal: one "
		"picture, as text.\n",
	.arguments_min = 1,
	.arguments_max = 1,
	.use = STORE_NONE,
	.group = GROUP_PEOPLE,
	.alone = true,
	.run = top,
};
