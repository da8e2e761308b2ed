/*
 * Settings from an INI file, read by inih through a reader of our own.
 *
 * inih hands over neither line numbers nor its opinion on overlong lines (it would take the rest of
 * one for another line), so lines are counted, measured and stripped of their indentation here: an
 * indented line is an option like any other, not the continuation of the one before it.
 */
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/error.h"
#include "lsm/config/config_private.h"

enum {
	SHOWN_PATH_MAX = 96, /* bytes of a path that a sentence repeats: its end */
	LINE_SPARE = 3,      /* inih's line buffer is this much longer than its longest line */
};

static const char byte_order_mark[] = "\xef\xbb\xbf"; /* that editors put before UTF-8 */

struct config_file {
	const struct config *config;
	struct config_value *values; /* where they go */
	FILE *stream;
	char *line; /* owned; getline's */
	size_t line_cap;
	int line_number;
	int error;      /* why reading ended early: 0 or a negative errno; the sentence is left */
	int error_line; /* 0 when the error belongs to no line */
};

static const char *shown_path(const char *path)
{
	size_t len = strlen(path);

	return len > SHOWN_PATH_MAX ? path + (len - SHOWN_PATH_MAX) : path;
}

static int refuse_line(struct config_file *f, int error)
{
	f->error = error;
	f->error_line = f->line_number;
	return 0; /* what inih's handlers answer to refuse */
}

static const char *nearest_section(const struct config *c, const char *wanted)
{
	const char *found = "";
	size_t found_distance = SIZE_MAX;

	for (size_t i = 0; i < c->table.count; i++)
		config_nearer(c->table.options[i].section, wanted, &found, &found_distance);
	for (const char *const *at = c->foreign_sections; at && *at; at++)
		config_nearer(*at, wanted, &found, &found_distance);
	return found;
}

/* inih calls nobody for a section that holds nothing. A name that is cut short by a comment, or has
 * no end, is inih's to refuse. */
static int check_section(const struct config *c, const char *line, size_t len)
{
	const char *end = line[0] == '[' ? memchr(line, ']', len) : NULL;

	if (!end)
		return 0;
	char shown[CONFIG_SHOWN_MAX];
	struct slice section = slice_of(line + 1, (size_t)(end - (line + 1)));

	if (section.len > 0 &&
	    (config_table_has_section(&c->table, section) || config_is_foreign(c, section)))
		return 0;
	cleanup_free char *name = strndup(line + 1, section.len);

	if (!name)
		return -ENOMEM;
	config_value_show(name, shown);
	return fail(-EINVAL, "unknown section [%s]; the nearest is [%s]", shown,
		    nearest_section(c, name));
}

/* inih's reader, as fgets: one line of at most size - 1 bytes, NULL at the end. */
static char *read_line(char *line, int size, void *arg)
{
	struct config_file *f = arg;

	if (f->error)
		return NULL;
	errno = 0;

	ssize_t len = getline(&f->line, &f->line_cap, f->stream);

	if (len < 0) {
		if (!feof(f->stream))
			f->error =
				fail(errno ? -errno : -EIO, "cannot be read: %s", strerror(errno));
		return NULL;
	}
	f->line_number++;
	if (memchr(f->line, '\0', (size_t)len)) {
		refuse_line(f, fail(-EINVAL, "a NUL byte"));
		return NULL;
	}

	const char *start = f->line;

	if (f->line_number == 1 && strncmp(start, byte_order_mark, strlen(byte_order_mark)) == 0)
		start += strlen(byte_order_mark);
	start += strspn(start, " \t");
	size_t rest = strcspn(start, "\r\n");

	if (rest + LINE_SPARE > (size_t)size) {
		refuse_line(f, fail(-EINVAL, "a line of more than %d bytes", size - LINE_SPARE));
		return NULL;
	}
	int rc = check_section(f->config, start, rest);

	if (rc) {
		refuse_line(f, rc);
		return NULL;
	}
	memcpy(line, start, rest);
	memcpy(line + rest, "\n", 2);
	return line;
}

static int take_option(void *arg, const char *section, const char *name, const char *text)
{
	struct config_file *f = arg;
	const struct config *c = f->config;
	int index = config_table_find(&c->table, section, name);

	if (f->error)
		return 0;
	if (index >= 0 && f->values[index].place > 0)
		return refuse_line(f,
				   fail(-EINVAL, "%s%s%s is given twice, first in line %d", section,
					section[0] ? "." : "", name, f->values[index].place));

	int rc = config_assign(c, f->values, section, name, text, CONFIG_FILE);

	if (rc)
		return refuse_line(f, rc);
	if (index >= 0)
		f->values[index].place = f->line_number;
	return 1;
}

static int parse(struct config_file *f, const char *path)
{
	const char *shown = shown_path(path);
	int bad_line = ini_parse_stream(read_line, f, take_option, f);

	/* inih goes on after a line it cannot read, so that line may come before the refused one.
	 */
	if (bad_line > 0 && (!f->error || f->error_line == 0 || bad_line < f->error_line))
		return fail(-EINVAL, "%s:%d: neither [section], key = value nor a comment", shown,
			    bad_line);
	if (f->error && f->error_line > 0)
		return fail(f->error, "%s:%d: %s", shown, f->error_line, fail_text());
	if (f->error)
		return fail(f->error, "%s: %s", shown, fail_text());
	return bad_line < 0 ? -ENOMEM : 0;
}

/* The stream is taken over. */
static int load_stream(struct config *c, FILE *stream, const char *path)
{
	struct config_file f = {.config = c, .stream = stream};
	char *kept_path = strdup(path);
	int rc = -ENOMEM;

	f.values = config_copy_values(c);
	if (f.values && kept_path) {
		for (size_t i = 0; i < c->table.count; i++)
			f.values[i].place = 0;
		rc = parse(&f, path);
	}
	(void)fclose(f.stream); /* only read from */
	free(f.line);
	if (rc) {
		free(f.values);
		free(kept_path);
		return rc;
	}
	config_adopt_values(c, f.values);
	free(c->file);
	c->file = kept_path;
	return 0;
}

int config_load_file(struct config *c, const char *path)
{
	FILE *stream = fopen(path, "re");

	if (!stream) {
		int rc = -errno;

		return fail(rc, "%s: %s", shown_path(path), strerror(-rc));
	}
	return load_stream(c, stream, path);
}

/* Nobody may have put words into this user's mouth. */
static int check_owner(int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return fail(-errno, "%s: %s", shown_path(path), strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail(-EPERM, "%s: no regular file", shown_path(path));
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return fail(-EPERM, "%s: belongs to another user (-c takes it all the same)",
			    shown_path(path));
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return fail(-EPERM, "%s: others may write to it (-c takes it all the same)",
			    shown_path(path));
	return 0;
}

/* -ENOENT: it is not there. */
static int load_usual(struct config *c, const char *folder, const char *name)
{
	cleanup_free char *path = NULL;

	if (asprintf(&path, "%s/%s", folder, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	/* nonblocking: a FIFO of that name is to be refused, not waited for */
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return -ENOENT;
	if (fd < 0)
		return fail(-errno, "%s: %s", shown_path(path), strerror(errno));
	int rc = check_owner(fd, path);

	if (rc)
		return rc;
	FILE *stream = fdopen(fd, "r");

	if (!stream)
		return -ENOMEM;
	fd = -1; /* the stream's */
	return load_stream(c, stream, path);
}

static const char *home_of(char *const *environment)
{
	for (char *const *at = environment; *at; at++) {
		if (strncmp(*at, "HOME=/", strlen("HOME=/")) == 0)
			return *at + strlen("HOME=");
	}
	return NULL;
}

int config_load_usual_file(struct config *c, const char *store, char *const *environment)
{
	const char *home = home_of(environment);
	int rc = store ? load_usual(c, store, "apexfs.ini") : -ENOENT;

	if (rc == -ENOENT && home)
		rc = load_usual(c, home, ".config/apexfs.ini");
	if (rc == -ENOENT)
		rc = load_usual(c, "/etc", "apexfs.ini");
	return rc == -ENOENT ? 0 : rc;
}
