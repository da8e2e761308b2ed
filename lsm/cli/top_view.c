#include "lsm/cli/top_view.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lsm/cli/human.h"
#include "lsm/cli/utf8.h"

enum {
	LABEL = 10, /* columns of a line's name */
	GAUGE = 24, /* columns of a gauge, where there is room */
	LINE_MAX_BYTES = 4 * TOP_WIDTH_MAX,
	LEVELS = 7,
};

/* ---- lines ---- */

struct picture {
	const struct top_view *v;
	const struct top_sample *before, *now;
	int width, left; /* columns; lines that may still come */
	bool escapes;
	struct buf *out;
	int error;
};

/* As many bytes as fit into so many columns; each character of ours takes one. */
static size_t clip(const char *text, int columns)
{
	struct slice rest = slice_str(text);

	for (; columns > 0 && rest.len > 0; columns--) {
		size_t len = utf8_len(rest);

		rest = slice_skip(rest, len > 0 ? len : 1);
	}
	return strlen(text) - rest.len;
}

static void put_styled(struct picture *p, const char *style, const char *text)
{
	if (p->left <= 0 || p->error)
		return;
	p->left--;
	bool styled = p->escapes && style[0];

	p->error = buf_printf(p->out, "%s%s%.*s%s\n", styled ? "\033[" : "", styled ? style : "",
			      (int)clip(text, p->width), text, styled ? "\033[0m" : "");
}

static void put(struct picture *p, const char *fmt, ...) printf_like(2, 3);

static void put(struct picture *p, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES + 1];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	put_styled(p, "", line);
}

/* A line of several parts, the most telling first: those for which there is no room are left out
 * whole. */
struct parts {
	char line[LINE_MAX_BYTES + 1];
	size_t len;
	int width;
};

static void parts_begin(struct parts *s, const struct picture *p, const char *label)
{
	s->width = p->width < LINE_MAX_BYTES ? p->width : LINE_MAX_BYTES;
	s->len = (size_t)snprintf(s->line, sizeof(s->line), "%-*s", LABEL, label);
}

static void parts_add(struct parts *s, const char *fmt, ...) printf_like(2, 3);

static void parts_add(struct parts *s, const char *fmt, ...)
{
	const char *between = s->len > LABEL ? ", " : "";
	char part[128];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(part, sizeof(part), fmt, args);
	va_end(args);
	if (s->len + strlen(between) + strlen(part) > (size_t)s->width)
		return;
	s->len +=
		(size_t)snprintf(s->line + s->len, sizeof(s->line) - s->len, "%s%s", between, part);
}

/* ---- numbers ---- */

static double seconds_between(const struct top_sample *before, const struct top_sample *now)
{
	return now->time_ns > before->time_ns ? (double)(now->time_ns - before->time_ns) / 1e9 : 1;
}

/* How fast a counter grew; negative: not known. */
static double rate_of(const struct top_sample *before, const struct top_sample *now,
		      const char *name)
{
	double a, b;

	if (!before || !top_number(before, name, &a) || !top_number(now, name, &b) || b < a)
		return -1;
	return (b - a) / seconds_between(before, now);
}

static const char *show(double number, enum human_unit unit, char text[HUMAN_MAX])
{
	if (number < 0)
		return "-";
	human_number(number, unit, text);
	return text;
}

static const char *show_value(const struct picture *p, const char *name, enum human_unit unit,
			      char text[HUMAN_MAX])
{
	double number;

	return show(top_number(p->now, name, &number) ? number : -1, unit, text);
}

static const char *show_rate(const struct picture *p, const char *name, enum human_unit unit,
			     char text[HUMAN_MAX])
{
	return show(rate_of(p->before, p->now, name), unit, text);
}

/* ---- history ---- */

static const struct {
	const char *label, *counter, *older; /* the older name of the counter, or NULL */
} series[TOP_SERIES] = {
	{"reads", "gets", NULL},
	{"writes", "records_written", NULL},
	{"requests", "fuse_requests", NULL},
};

static double series_rate(enum top_series s, const struct top_sample *before,
			  const struct top_sample *now)
{
	double rate = rate_of(before, now, series[s].counter);

	return rate < 0 && series[s].older ? rate_of(before, now, series[s].older) : rate;
}

void top_view_note(struct top_view *v, const struct top_sample *before,
		   const struct top_sample *now)
{
	for (int s = 0; s < TOP_SERIES; s++)
		v->history[s][v->seconds % TOP_HISTORY] =
			fmax(series_rate((enum top_series)s, before, now), 0);
	v->seconds++;
}

/* The highest of the last so many. */
static double highest(const struct top_view *v, enum top_series s, size_t count)
{
	double found = 0;

	for (size_t i = 0; i < count; i++)
		found = fmax(found, v->history[s][(v->seconds - 1 - i) % TOP_HISTORY]);
	return found;
}

static const char *bar_of(const struct top_view *v, double share)
{
	static const char *const blocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
	static const char *const letters[] = {" ", ".", ".", ":", ":", "|", "|", "#", "#"};
	int step = share <= 0 ? 0 : 1 + (int)(share * 7.999);

	return v->utf8 ? blocks[step] : letters[step];
}

/* The newest at the right end. */
static void draw_history(const struct top_view *v, enum top_series s, int columns, char *text)
{
	size_t room = columns > 0 ? (size_t)columns : 0;
	size_t count = v->seconds < TOP_HISTORY ? v->seconds : TOP_HISTORY;
	double high;

	text[0] = '\0';
	count = count < room ? count : room;
	high = highest(v, s, count);
	for (size_t i = count; i > 0; i--) {
		double rate = v->history[s][(v->seconds - i) % TOP_HISTORY];

		strcat(text, bar_of(v, high > 0 ? rate / high : 0));
	}
}

static void put_series(struct picture *p, enum top_series s)
{
	char bars[LINE_MAX_BYTES / 2], text[HUMAN_MAX];

	draw_history(p->v, s, (p->width < TOP_HISTORY ? p->width : TOP_HISTORY) - LABEL - 12, bars);
	put(p, "%-*s%8s/s  %s", LABEL, series[s].label,
	    show(series_rate(s, p->before, p->now), HUMAN_COUNT, text), bars);
}

/* ---- gauges ---- */

static void draw_gauge(const struct picture *p, double share, char text[4 * GAUGE + 3])
{
	int columns = p->width < 70 ? GAUGE / 2 : GAUGE;
	int full = (int)(fmin(fmax(share, 0), 1) * columns + 0.5);

	strcpy(text, "[");
	for (int i = 0; i < columns; i++)
		strcat(text, i >= full ? " " : p->v->utf8 ? "█" : "#");
	strcat(text, "]");
}

static void put_gauge(struct picture *p, const char *label, const char *used, const char *most,
		      const char *more)
{
	char bar[4 * GAUGE + 3], a[HUMAN_MAX], b[HUMAN_MAX];
	double x = 0, y = 0;
	bool known = top_number(p->now, used, &x) && top_number(p->now, most, &y);

	draw_gauge(p, known && y > 0 ? x / y : 0, bar);
	put(p, "%-*s%s %s of %s%s", LABEL, label, bar, show_value(p, used, HUMAN_BYTES, a),
	    show_value(p, most, HUMAN_BYTES, b), more);
}

static void put_gauges(struct picture *p)
{
	char more[128], a[HUMAN_MAX];
	double hits, misses;

	(void)snprintf(more, sizeof(more), ", %s full ones",
		       show_value(p, "full_memtables", HUMAN_COUNT, a));
	put_gauge(p, "memtable", "memtable_bytes", "memtable_max_bytes", more);
	more[0] = '\0';
	if (top_number(p->now, "cache_hits", &hits) &&
	    top_number(p->now, "cache_misses", &misses) && hits + misses > 0)
		(void)snprintf(more, sizeof(more), ", %.1f %% hits", 100 * hits / (hits + misses));
	put_gauge(p, "cache", "cache_bytes", "cache_capacity_bytes", more);
}

/* ---- log, stalls, jobs ---- */

static void put_log(struct picture *p)
{
	char a[HUMAN_MAX], b[HUMAN_MAX];
	struct parts line;
	double last = 0, durable = 0;
	bool known = top_number(p->now, "last_seqno", &last) &&
		     top_number(p->now, "durable_seqno", &durable);

	parts_begin(&line, p, "log");
	parts_add(&line, "%s/s", show_rate(p, "log_written_bytes", HUMAN_BYTES, a));
	parts_add(&line, "%s syncs/s", show_rate(p, "log_syncs", HUMAN_COUNT, a));
	parts_add(&line, "%s changes not on disk yet",
		  show(known ? fmax(last - durable, 0) : -1, HUMAN_COUNT, a));
	parts_add(&line, "%s in %s files", show_value(p, "log_bytes", HUMAN_BYTES, a),
		  show_value(p, "log_files", HUMAN_COUNT, b));
	put_styled(p, "", line.line);
}

static void put_stalls(struct picture *p)
{
	char a[HUMAN_MAX], total[HUMAN_MAX] = "-";
	double ns, rate = rate_of(p->before, p->now, "stall_ns");
	struct parts line;

	if (top_number(p->now, "stall_ns", &ns))
		human_latency((uint64_t)fmax(ns, 0), total);
	parts_begin(&line, p, "stalls");
	parts_add(&line, "%.1f %% of the time now", fmax(rate, 0) / 1e7);
	parts_add(&line, "%s slow", show_value(p, "stall_slow", HUMAN_COUNT, a));
	parts_add(&line, "%s stopped", show_value(p, "stall_stop", HUMAN_COUNT, a));
	parts_add(&line, "%s in all", total);
	put_styled(p, "", line.line);
}

static void put_jobs(struct picture *p)
{
	char a[HUMAN_MAX], b[HUMAN_MAX];
	struct parts line;

	parts_begin(&line, p, "jobs");
	parts_add(&line, "%s flushes", show_value(p, "flushes", HUMAN_COUNT, a));
	parts_add(&line, "%s compactions", show_value(p, "compactions", HUMAN_COUNT, a));
	parts_add(&line, "%s/s in, %s/s out", show_rate(p, "compaction_read_bytes", HUMAN_BYTES, a),
		  show_rate(p, "compaction_written_bytes", HUMAN_BYTES, b));
	parts_add(&line, "%s due", show_value(p, "compaction_debt_bytes", HUMAN_BYTES, a));
	put_styled(p, "", line.line);
}

/* ---- levels ---- */

static bool level_number(const struct picture *p, int level, const char *what, double *ret_number)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "level%d_%s", level, what);
	return top_number(p->now, name, ret_number);
}

static void put_level(struct picture *p, int level)
{
	char bytes[HUMAN_MAX], entries[HUMAN_MAX], dead[HUMAN_MAX];
	double files = 0, runs = -1, size = -1, records = -1, tombstones = -1, score = 0;

	if (!level_number(p, level, "files", &files) || files < 1)
		return;
	(void)level_number(p, level, "runs", &runs);
	(void)level_number(p, level, "bytes", &size);
	(void)level_number(p, level, "entries", &records);
	(void)level_number(p, level, "tombstones", &tombstones);
	(void)level_number(p, level, "score", &score);
	put(p, "%5d %8.0f %6.0f %12s %10s %12s %7.2f", level, files, fmax(runs, 0),
	    show(size, HUMAN_BYTES, bytes), show(records, HUMAN_COUNT, entries),
	    show(tombstones, HUMAN_COUNT, dead), score);
}

static void put_levels(struct picture *p)
{
	put(p, " ");
	put_styled(p, "1m", "level    files   runs        bytes    records   tombstones   score");
	for (int level = 0; level < LEVELS; level++)
		put_level(p, level);
}

/* ---- latencies ---- */

static const char *latency(const struct picture *p, const char *op, const char *which,
			   char text[HUMAN_MAX])
{
	char name[128];
	double ns;

	(void)snprintf(name, sizeof(name), "%s_%s_ns", op, which);
	if (!top_number(p->now, name, &ns) || ns < 0)
		return "-";
	human_latency((uint64_t)ns, text);
	return text;
}

static void put_op(struct picture *p, const char *op)
{
	char name[128], rate[HUMAN_MAX], all[HUMAN_MAX], p50[HUMAN_MAX], p95[HUMAN_MAX],
		p99[HUMAN_MAX], max[HUMAN_MAX];
	double count;

	(void)snprintf(name, sizeof(name), "%s_count", op);
	if (!top_number(p->now, name, &count) || count < 1)
		return;
	put(p, "%-10s %9s %9s %9s %9s %9s %9s", op, show_rate(p, name, HUMAN_COUNT, rate),
	    show(count, HUMAN_COUNT, all), latency(p, op, "p50", p50), latency(p, op, "p95", p95),
	    latency(p, op, "p99", p99), latency(p, op, "max", max));
}

/* Whatever operations the daemon tells of: those with a 99th percentile. */
static void put_ops(struct picture *p)
{
	static const char end[] = "_p99_ns";

	put(p, " ");
	put_styled(p, "1m",
		   "operation   a second   so far       p50       p95       p99       max");
	for (size_t i = 0; i < p->now->count; i++) {
		const char *name = p->now->lines[i].name;
		size_t len = strlen(name);
		char op[64];

		if (len <= strlen(end) || len - strlen(end) >= sizeof(op) ||
		    strcmp(name + len - strlen(end), end) != 0 || strncmp(name, "fuse_", 5) == 0)
			continue;
		(void)snprintf(op, sizeof(op), "%.*s", (int)(len - strlen(end)), name);
		put_op(p, op);
	}
}

/* ---- all ---- */

static const char *text_or_dash(const struct picture *p, const char *name)
{
	const char *text = top_text(p->now, name);

	return text ? text : "-";
}

static void put_head(struct picture *p)
{
	const char *health = text_or_dash(p, "health");
	char line[LINE_MAX_BYTES + 1], records[HUMAN_MAX];

	(void)snprintf(line, sizeof(line), "apexkv top %s   health %s   %s records   pid %s   %s",
		       p->v->mount, health, show_value(p, "total_records", HUMAN_COUNT, records),
		       text_or_dash(p, "pid"), text_or_dash(p, "transport"));
	put_styled(p, strcmp(health, "ok") == 0 ? "7m" : "41;97m", line);
}

int top_view_render(const struct top_view *v, const struct top_sample *before,
		    const struct top_sample *now, int width, int height, bool escapes,
		    struct buf *out)
{
	struct picture p = {
		.v = v,
		.before = before,
		.now = now,
		.width = width < TOP_WIDTH_MAX ? width : TOP_WIDTH_MAX,
		.left = height - 1, /* the last line tells of the keys */
		.escapes = escapes,
		.out = out,
	};

	put_head(&p);
	for (int s = 0; s < TOP_SERIES; s++)
		put_series(&p, (enum top_series)s);
	put(&p, " ");
	put_gauges(&p);
	put_log(&p);
	put_stalls(&p);
	put_jobs(&p);
	put_levels(&p);
	put_ops(&p);
	while (escapes && p.left > 0 && !p.error)
		put(&p, " ");
	p.left = 1;
	if (escapes)
		put_styled(&p, "2m", "q quits");
	return p.error;
}
