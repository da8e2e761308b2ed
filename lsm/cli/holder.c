#include "lsm/cli/holder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lsm/cli/report.h"

/* Behind "name=", to the next blank or, where it is the last, to the end. NULL: not there. */
static const char *field(const char *sentence, const char *name)
{
	const char *found = strstr(sentence, name);

	return found ? found + strlen(name) : NULL;
}

/* The line's mount point, with the kernel's octal escapes (proc(5)) resolved; false: none. */
static bool mount_point(const char *line, char *ret_path, size_t size)
{
	size_t len = 0;

	for (int blanks = 0; *line && *line != '\n' && blanks < 5; line++) {
		unsigned byte = (uint8_t)*line;

		if (*line == ' ') {
			blanks++;
			continue;
		}
		if (blanks != 4 || len + 1 >= size)
			continue;
		if (*line == '\\' && strspn(line + 1, "01234567") >= 3) {
			byte = (unsigned)(line[1] - '0') << 6 | (unsigned)(line[2] - '0') << 3 |
			       (unsigned)(line[3] - '0');
			line += 3;
		}
		ret_path[len++] = (char)byte;
	}
	ret_path[len] = '\0';
	return len > 0;
}

static bool is_mounted(const char *mounts, const char *path)
{
	char found[sizeof(((struct holder *)0)->mount)];

	for (const char *line = mounts; line && *line;) {
		const char *end = strchr(line, '\n');
		const char *type = strstr(line, " - fuse.apexfs ");

		if (type && (!end || type < end) && mount_point(line, found, sizeof(found)) &&
		    strcmp(found, path) == 0)
			return true;
		line = end ? end + 1 : NULL;
	}
	return false;
}

void holder_parse(const char *sentence, const char *mounts, struct holder *ret_holder)
{
	const char *pid = field(sentence, ": pid=");
	const char *program = field(sentence, " program=");
	const char *mount = field(sentence, " mount=");

	*ret_holder = (struct holder){.pid = pid ? (pid_t)strtol(pid, NULL, 10) : 0};
	if (program)
		(void)snprintf(ret_holder->program, sizeof(ret_holder->program), "%.*s",
			       (int)strcspn(program, " "), program);
	if (mount && is_mounted(mounts, mount))
		(void)snprintf(ret_holder->mount, sizeof(ret_holder->mount), "%s", mount);
}

/* The kernel's list of mounts; "" when it cannot be had. */
static void read_mounts(struct buf *text)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	size_t got = 1;

	while (file && got > 0 && buf_reserve(text, 4096) == 0) {
		got = fread(text->ptr + text->len, 1, 4096, file);
		text->len += got;
	}
	if (file)
		(void)fclose(file); /* only read */
	if (buf_append_byte(text, '\0'))
		buf_clear(text);
}

/* M in the command is the mount. */
static void print_instead(const char *command, const char *mount)
{
	for (; *command; command++) {
		if (command[0] == 'M' && command[1] == '/')
			fputs(mount, stderr);
		else
			fputc(*command, stderr);
	}
}

enum exit_status holder_report(const struct invocation *inv)
{
	cleanup_buf struct buf mounts = {0};
	struct holder h;

	read_mounts(&mounts);
	holder_parse(lsm_error_text(), mounts.len > 0 ? (const char *)mounts.ptr : "", &h);
	if (!h.mount[0]) {
		report_error(-EWOULDBLOCK);
		return STATUS_UNAVAILABLE;
	}
	fprintf(stderr, "apexkv: %s: is mounted on %s by %s, pid %ld; ", inv->store, h.mount,
		h.program, (long)h.pid);
	if (inv->command->on_mount) {
		fputs("instead: ", stderr);
		print_instead(inv->command->on_mount, h.mount);
	} else {
		fprintf(stderr, "first: umount %s", h.mount);
	}
	fputc('\n', stderr);
	return STATUS_UNAVAILABLE;
}
