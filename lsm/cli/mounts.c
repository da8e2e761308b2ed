#include "lsm/cli/mounts.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
	FIELD_POINT = 4, /* of a line, from 0 */
};

static const char type_mark[] = " - fuse.apexfs ";

void mounts_read(struct buf *ret_text)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	size_t got = 1;

	while (file && got > 0 && buf_reserve(ret_text, 4096) == 0) {
		got = fread(ret_text->ptr + ret_text->len, 1, 4096, file);
		ret_text->len += got;
	}
	if (file)
		(void)fclose(file); /* only read */
	if (buf_append_byte(ret_text, '\0'))
		buf_clear(ret_text);
}

/* The field that the text begins with, its octal escapes resolved. Cut when it is too long. */
static void take_field(const char *text, char ret_field[MOUNT_PATH_MAX])
{
	size_t len = 0;

	for (; *text && *text != ' ' && *text != '\n' && len + 1 < MOUNT_PATH_MAX; text++) {
		unsigned byte = (uint8_t)*text;

		if (*text == '\\' && strspn(text + 1, "01234567") >= 3) {
			byte = (unsigned)(text[1] - '0') << 6 | (unsigned)(text[2] - '0') << 3 |
			       (unsigned)(text[3] - '0');
			text += 3;
		}
		ret_field[len++] = (char)byte;
	}
	ret_field[len] = '\0';
}

/* Behind so many blanks; at the line's end when it has fewer. */
static const char *skip_fields(const char *line, int count)
{
	for (; count > 0 && *line && *line != '\n'; line++)
		count -= *line == ' ';
	return line;
}

struct mount_line {
	char point[MOUNT_PATH_MAX];
	const char *store; /* in the list, as it stands there; NULL: it is no mount of apexfs */
};

/* Takes the first line off the list; false: there is none. */
static bool next_line(const char **list, struct mount_line *ret_line)
{
	const char *line = *list;
	const char *end = strchr(line, '\n');
	const char *type = strstr(line, type_mark);

	if (!*line)
		return false;
	take_field(skip_fields(line, FIELD_POINT), ret_line->point);
	ret_line->store = type && (!end || type < end) ? type + strlen(type_mark) : NULL;
	*list = end ? end + 1 : line + strlen(line);
	return true;
}

static void take_line(const struct mount_line *line, struct mounted *ret_mounted)
{
	memcpy(ret_mounted->point, line->point, sizeof(line->point));
	take_field(line->store, ret_mounted->store);
}

bool mounts_has(const char *mounts, const char *point)
{
	struct mount_line line;

	while (next_line(&mounts, &line)) {
		if (line.store && line.point[0] && strcmp(line.point, point) == 0)
			return true;
	}
	return false;
}

bool mounts_find_store(const char *mounts, const char *store, struct mounted *ret_mounted)
{
	struct mount_line line;
	char found[MOUNT_PATH_MAX];

	while (next_line(&mounts, &line)) {
		if (!line.store || !line.point[0])
			continue;
		take_field(line.store, found);
		if (strcmp(found, store) != 0)
			continue;
		take_line(&line, ret_mounted);
		return true;
	}
	return false;
}

static bool lies_in(const char *path, const char *folder)
{
	size_t len = strlen(folder);

	if (strcmp(folder, "/") == 0)
		return path[0] == '/';
	return len > 0 && strncmp(path, folder, len) == 0 && (path[len] == '/' || !path[len]);
}

bool mounts_find_around(const char *mounts, const char *path, struct mounted *ret_mounted)
{
	struct mount_line line;
	size_t longest = 0;
	bool found = false;

	/* the innermost one counts; of those at one place the last, which covers the others */
	while (next_line(&mounts, &line)) {
		if (!lies_in(path, line.point) || strlen(line.point) < longest)
			continue;
		longest = strlen(line.point);
		found = line.store != NULL;
		if (found)
			take_line(&line, ret_mounted);
	}
	return found;
}
