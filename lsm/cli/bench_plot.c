/*
 * The picture: a row for each workload, throughput as a bar on the left, latency from the median to
 * the 99th percentile on the right, both on logarithmic scales. No program is needed to draw it.
 */
#include <math.h>
#include <stdio.h>

#include "lsm/base/version.h"
#include "lsm/cli/bench.h"
#include "lsm/cli/human.h"

enum {
	ROW = 24,    /* pixels */
	TOP = 64,    /* ... above the first row */
	BOTTOM = 28, /* ... below the last */
	NAMES = 110, /* ... for names */
	PANEL = 330, /* ... of each scale */
	GAP = 90,    /* ... between the two */
	WIDTH = NAMES + PANEL + GAP + PANEL + 90,
};

/* A logarithmic scale: from a power of ten below all to one above. */
struct scale {
	double low, high; /* exponents */
	double left;      /* pixels */
};

static void scale_take(struct scale *s, double value)
{
	if (value <= 0)
		return;
	s->low = fmin(s->low, floor(log10(value)));
	s->high = fmax(s->high, ceil(log10(value)));
}

static double scale_at(const struct scale *s, double value)
{
	double span = s->high > s->low ? s->high - s->low : 1;
	double share = value > 0 ? (log10(value) - s->low) / span : 0;

	return s->left + PANEL * fmin(fmax(share, 0), 1);
}

static double rate_of(const struct bench_result *r)
{
	return r->seconds > 0 ? (double)r->operations / r->seconds : 0;
}

static int put_grid(struct buf *out, const struct scale *s, int bottom,
		    void (*name)(double value, char text[HUMAN_MAX]))
{
	int rc = 0;

	for (double e = s->low; !rc && e <= s->high; e++) {
		char text[HUMAN_MAX];
		double x = scale_at(s, pow(10, e));

		name(pow(10, e), text);
		rc = buf_printf(out,
				"<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" "
				"class=\"grid\"/>\n<text x=\"%.1f\" y=\"%d\" class=\"small\" "
				"text-anchor=\"middle\">%s</text>\n",
				x, TOP - 8, x, bottom, x, bottom + 16, text);
	}
	return rc;
}

static void name_rate(double value, char text[HUMAN_MAX])
{
	human_number(value, HUMAN_COUNT, text);
}

static void name_latency(double value, char text[HUMAN_MAX])
{
	/* a power of ten may come out a little below itself */
	human_latency((uint64_t)(value + 0.5), text);
}

static int put_rate(struct buf *out, const struct bench_result *r, const struct scale *s, int y)
{
	char text[HUMAN_MAX];
	double x = scale_at(s, rate_of(r));

	human_number(rate_of(r), HUMAN_COUNT, text);
	return buf_printf(out,
			  "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n"
			  "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" class=\"bar\"/>\n"
			  "<text x=\"%.1f\" y=\"%d\" class=\"small\">%s/s</text>\n",
			  NAMES - 8, y + 13, r->workload->name, s->left, y + 2, x - s->left,
			  ROW - 8, x + 4, y + 13, text);
}

static int put_latency(struct buf *out, const struct bench_result *r, const struct scale *s, int y)
{
	char text[HUMAN_MAX];
	double p50 = scale_at(s, (double)r->latency.p50), p99 = scale_at(s, (double)r->latency.p99);

	human_latency(r->latency.p99, text);
	return buf_printf(out,
			  "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%d\" class=\"span\"/>\n"
			  "<circle cx=\"%.1f\" cy=\"%d\" r=\"4\" class=\"median\"/>\n"
			  "<text x=\"%.1f\" y=\"%d\" class=\"small\">%s</text>\n",
			  p50, y + ROW / 2 - 2, p99, y + ROW / 2 - 2, p50, y + ROW / 2 - 2, p99 + 8,
			  y + 13, text);
}

static int put_start(struct buf *out, const struct bench_settings *s, int height)
{
	return buf_printf(
		out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		"viewBox=\"0 0 %d %d\">\n"
		"<style>text{font:13px sans-serif;fill:#222}.small{font-size:11px;fill:#555}"
		".grid{stroke:#ddd}.bar{fill:#4878a8}.span{stroke:#c06030;stroke-width:3}"
		".median{fill:#c06030}</style>\n"
		"<rect width=\"%d\" height=\"%d\" fill=\"white\"/>\n"
		"<text x=\"%d\" y=\"20\">apexkv %s bench: %llu records, %llu operations, values of "
		"%llu bytes, %u thread%s, seed %llu</text>\n"
		"<text x=\"%d\" y=\"44\">operations per second</text>\n"
		"<text x=\"%d\" y=\"44\">latency, median to 99th percentile</text>\n",
		WIDTH, height, WIDTH, height, WIDTH, height, NAMES, LSM_VERSION,
		(unsigned long long)s->records, (unsigned long long)s->operations,
		(unsigned long long)s->value_len, s->threads, s->threads == 1 ? "" : "s",
		(unsigned long long)s->seed, NAMES, NAMES + PANEL + GAP);
}

/* What is one call has no rate. */
static bool has_row(const struct bench_result *r)
{
	return r->workload->shares[BENCH_WHOLE] == 0;
}

int bench_plot(const struct bench_settings *settings, const struct bench_result *results,
	       size_t count, struct buf *ret_text)
{
	struct scale rates = {INFINITY, -INFINITY, NAMES};
	struct scale latencies = {INFINITY, -INFINITY, NAMES + PANEL + GAP};
	int bottom = TOP, y = TOP;

	for (size_t i = 0; i < count; i++) {
		if (!has_row(&results[i]))
			continue;
		bottom += ROW;
		scale_take(&rates, rate_of(&results[i]));
		scale_take(&latencies, (double)results[i].latency.p50);
		scale_take(&latencies, (double)results[i].latency.p99);
	}
	int rc = put_start(ret_text, settings, bottom + BOTTOM);

	if (!rc)
		rc = put_grid(ret_text, &rates, bottom, name_rate);
	if (!rc)
		rc = put_grid(ret_text, &latencies, bottom, name_latency);
	for (size_t i = 0; i < count && !rc; i++) {
		if (!has_row(&results[i]))
			continue;
		rc = put_rate(ret_text, &results[i], &rates, y);
		if (!rc)
			rc = put_latency(ret_text, &results[i], &latencies, y);
		y += ROW;
	}
	return rc ? rc : buf_printf(ret_text, "</svg>\n");
}
