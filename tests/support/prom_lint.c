#include "tests/support/prom_lint.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	NAMES_MAX = 4096,
	NAME_MAX_BYTES = 256,
};

struct names {
	char *of[NAMES_MAX];
	size_t count;
};

struct lint {
	char *why;
	size_t line;
	struct names families, series; /* owned */
	char family[NAME_MAX_BYTES];   /* under whose heading we are */
	char type[16];
	bool has_type;
	/* of the last quantile */
	char quantile_of[NAME_MAX_BYTES];
	double quantile, quantile_value;
};

static int bad(struct lint *l, const char *what, const char *name)
{
	(void)snprintf(l->why, PROM_WHY_MAX, "line %zu: %s: %.80s", l->line, what, name);
	return -EINVAL;
}

static bool names_have(const struct names *n, const char *name)
{
	for (size_t i = 0; i < n->count; i++)
		if (strcmp(n->of[i], name) == 0)
			return true;
	return false;
}

static int names_add(struct names *n, const char *name)
{
	if (n->count == NAMES_MAX)
		return -ENOMEM;
	n->of[n->count] = strdup(name);
	return n->of[n->count++] ? 0 : -ENOMEM;
}

static void names_done(struct names *n)
{
	while (n->count > 0)
		free(n->of[--n->count]);
}

static bool ends_in(const char *name, const char *ending)
{
	size_t len = strlen(name), tail = strlen(ending);

	return len > tail && strcmp(name + len - tail, ending) == 0;
}

/* Letters, digits and underscores, no digit first: of names (without colons, which are for rules)
 * and of labels. */
static size_t word_len(const char *s)
{
	size_t len = 0;

	while (isalpha((unsigned char)s[len]) || s[len] == '_' ||
	       (len > 0 && isdigit((unsigned char)s[len])))
		len++;
	return len;
}

/* ---- names ---- */

/* Whether one of the name's words, between underscores, is this one. */
static bool has_word(const char *name, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = name; (at = strstr(at, word)) != NULL; at++)
		if ((at == name || at[-1] == '_') && (at[len] == '_' || !at[len]))
			return true;
	return false;
}

static int check_family_name(struct lint *l, const char *name)
{
	static const char *const words[] = {
		"ns",  "us",    "ms",      "nanoseconds", "microseconds", "milliseconds",
		"min", "hours", "days",    "kb",          "mb",           "gb",
		"kib", "mib",   "gib",     "kilobytes",   "megabytes",    "bits",
		"pct", "gauge", "counter", "percent",     "summary",      "histogram",
	};

	if (word_len(name) != strlen(name))
		return bad(l, "not a name", name);
	for (const char *c = name; *c; c++)
		if (isupper((unsigned char)*c))
			return bad(l, "a name has small letters", name);
	for (size_t i = 0; i < array_size(words); i++)
		if (has_word(name, words[i]))
			return bad(l, "no base unit, or a type, in the name", name);
	return 0;
}

static int check_type(struct lint *l)
{
	static const char *const types[] = {"counter", "gauge", "summary", "histogram", "untyped"};
	bool known = false;

	for (size_t i = 0; i < array_size(types); i++)
		known = known || strcmp(l->type, types[i]) == 0;
	if (!known)
		return bad(l, "unknown type", l->type);
	if ((strcmp(l->type, "counter") == 0) != ends_in(l->family, "_total"))
		return bad(l, "counters, and no others, end in _total", l->family);
	if (ends_in(l->family, "_count") || ends_in(l->family, "_sum") ||
	    ends_in(l->family, "_bucket"))
		return bad(l, "an ending that is for summaries", l->family);
	return 0;
}

/* ---- headings ---- */

static int take_help(struct lint *l, char *rest)
{
	char *space = strchr(rest, ' ');

	if (!space || !space[1])
		return bad(l, "HELP without a text", rest);
	*space = '\0';
	if (l->family[0] && !l->has_type)
		return bad(l, "HELP without TYPE before", l->family);
	if (names_have(&l->families, rest))
		return bad(l, "the family comes twice", rest);
	int rc = check_family_name(l, rest);

	if (!rc)
		rc = names_add(&l->families, rest);
	(void)snprintf(l->family, sizeof(l->family), "%s", rest);
	l->has_type = false;
	return rc;
}

static int take_type(struct lint *l, char *rest)
{
	char *space = strchr(rest, ' ');

	if (!space)
		return bad(l, "TYPE without a type", rest);
	*space = '\0';
	if (strcmp(l->family, rest) != 0 || l->has_type)
		return bad(l, "TYPE does not follow its HELP", rest);
	(void)snprintf(l->type, sizeof(l->type), "%s", space + 1);
	l->has_type = true;
	return check_type(l);
}

/* ---- samples ---- */

struct sample {
	char name[NAME_MAX_BYTES];
	char labels[NAME_MAX_BYTES]; /* without the quantile */
	bool has_quantile;
	double quantile, value;
};

/* The value of a label, behind its opening quote; *end: behind the closing one. */
static int take_label_value(struct lint *l, const char *s, const char **end)
{
	for (; *s && *s != '"'; s++) {
		if ((unsigned char)*s < ' ')
			return bad(l, "a control character in a label", s);
		if (*s == '\\' && !strchr("\\\"n", *++s))
			return bad(l, "an unknown escape in a label", s);
		if (!*s)
			break;
	}
	if (*s != '"')
		return bad(l, "a label without an end", s);
	*end = s + 1;
	return 0;
}

static int take_label(struct lint *l, const char **at, struct sample *sample)
{
	size_t len = word_len(*at);
	const char *value = *at + len + 2;
	const char *end;

	if (len == 0 || (*at)[len] != '=' || (*at)[len + 1] != '"')
		return bad(l, "not a label", *at);
	int rc = take_label_value(l, value, &end);

	if (rc)
		return rc;
	if (strncmp(*at, "quantile=", 9) == 0) {
		sample->has_quantile = true;
		sample->quantile = strtod(value, NULL);
	} else {
		size_t used = strlen(sample->labels);

		(void)snprintf(sample->labels + used, sizeof(sample->labels) - used, "%.*s,",
			       (int)(end - *at), *at);
	}
	*at = end;
	return 0;
}

static int take_labels(struct lint *l, const char **at, struct sample *sample)
{
	if (**at != '{')
		return 0;
	do {
		(*at)++;
		int rc = take_label(l, at, sample);

		if (rc)
			return rc;
	} while (**at == ',');
	if (**at != '}')
		return bad(l, "labels without an end", *at);
	(*at)++;
	return 0;
}

static int parse_sample(struct lint *l, const char *line, struct sample *sample)
{
	size_t len = word_len(line);
	const char *at = line + len;
	char *end;

	(void)snprintf(sample->name, sizeof(sample->name), "%.*s", (int)len, line);
	int rc = len == 0 ? bad(l, "not a sample", line) : take_labels(l, &at, sample);

	if (rc)
		return rc;
	if (*at != ' ')
		return bad(l, "no value", line);
	sample->value = strtod(at + 1, &end);
	if (end == at + 1 || *end)
		return bad(l, "not a value", line);
	return 0;
}

/* Of one thing's quantiles, which follow each other or come in rows. */
static int check_quantile(struct lint *l, const struct sample *s)
{
	if (!s->has_quantile)
		return 0;
	if (strcmp(l->type, "summary") != 0 || !(s->quantile >= 0 && s->quantile <= 1))
		return bad(l, "a quantile that is none", s->name);
	if (strcmp(l->quantile_of, s->labels) == 0 && s->quantile > l->quantile &&
	    s->value < l->quantile_value)
		return bad(l, "a higher quantile is lower", s->name);
	(void)snprintf(l->quantile_of, sizeof(l->quantile_of), "%s", s->labels);
	l->quantile = s->quantile;
	l->quantile_value = s->value;
	return 0;
}

static int check_sample(struct lint *l, const struct sample *s)
{
	size_t len = strlen(l->family);
	const char *ending = s->name + len;
	bool summary = strcmp(l->type, "summary") == 0;

	if (!l->has_type || strncmp(s->name, l->family, len) != 0)
		return bad(l, "a sample not under its heading", s->name);
	if (*ending && !(summary && (!strcmp(ending, "_sum") || !strcmp(ending, "_count"))))
		return bad(l, "a sample not under its heading", s->name);
	if (summary && !*ending && !s->has_quantile)
		return bad(l, "a summary's sample without a quantile", s->name);
	if ((strcmp(l->type, "counter") == 0 || (summary && *ending)) && !(s->value >= 0))
		return bad(l, "a negative count", s->name);
	return check_quantile(l, s);
}

static int take_sample(struct lint *l, const char *line)
{
	struct sample sample = {0};
	char series[2 * NAME_MAX_BYTES + 32];
	int rc = parse_sample(l, line, &sample);

	if (!rc)
		rc = check_sample(l, &sample);
	if (rc)
		return rc;
	(void)snprintf(series, sizeof(series), "%s{%s%g}", sample.name, sample.labels,
		       sample.has_quantile ? sample.quantile : -1);
	if (names_have(&l->series, series))
		return bad(l, "the series comes twice", series);
	return names_add(&l->series, series);
}

static int take_line(struct lint *l, char *line)
{
	if (strncmp(line, "# HELP ", 7) == 0)
		return take_help(l, line + 7);
	if (strncmp(line, "# TYPE ", 7) == 0)
		return take_type(l, line + 7);
	if (!*line || *line == '#')
		return bad(l, "neither a heading nor a sample", line);
	return take_sample(l, line);
}

static int take_lines(struct lint *l, char *text)
{
	int rc = 0;

	for (char *end; *text && !rc; text = end + 1) {
		l->line++;
		end = strchr(text, '\n');
		if (!end)
			return bad(l, "the last line has no end", text);
		*end = '\0';
		rc = take_line(l, text);
	}
	if (!rc && l->family[0] && !l->has_type)
		return bad(l, "HELP without TYPE", l->family);
	return rc;
}

int prom_lint(struct slice text, char ret_why[PROM_WHY_MAX])
{
	struct lint *l = calloc(1, sizeof(*l));
	char *copy = text.len ? strndup((const char *)text.ptr, text.len) : strdup("");
	int rc = l && copy ? 0 : -ENOMEM;

	if (!rc) {
		l->why = ret_why;
		rc = strlen(copy) == text.len ? take_lines(l, copy) : bad(l, "a NUL", "");
		if (!rc && l->series.count == 0)
			rc = bad(l, "nothing", "");
		names_done(&l->families);
		names_done(&l->series);
	}
	free(copy);
	free(l);
	return rc;
}
