#include "lsm/cli/holder.h"

#include <errno.h>
#include <libgen.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/cli/instead.h"
#include "lsm/cli/report.h"
#include "lsm/inspect.h"

/* Behind "name=", to the next blank or, where it is the last, to the end. NULL: not there. */
static const char *field(const char *sentence, const char *name)
{
	const char *found = strstr(sentence, name);

	return found ? found + strlen(name) : NULL;
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
	if (mount && mounts_has(mounts, mount))
		(void)snprintf(ret_holder->mount, sizeof(ret_holder->mount), "%s", mount);
}

/* A long path does not fit into the holder's line; the list of mounts has it whole. */
static void find_mount(struct holder *h, const char *store, const char *mounts)
{
	cleanup_free char *path = realpath(store, NULL);
	struct mounted found;

	if (path && strcmp(h->program, "apexfs") == 0 && mounts_find_store(mounts, path, &found))
		memcpy(h->mount, found.point, sizeof(found.point));
}

static int note_separator(void *arg, const char *name, uint64_t value)
{
	if (strcmp(name, "separator") == 0)
		*(uint8_t *)arg = (uint8_t)value;
	return 0;
}

/* What the store has noted, as its manifest tells beside the daemon. */
static uint8_t separator_of(const char *store)
{
	uint8_t separator = '/';
	struct lsm_inspect_sink sink = {.number = note_separator, .arg = &separator};

	ignore_result(lsm_inspect_manifest(store, &sink)); /* then it is the usual one */
	return separator;
}

/* Into the line that is being said. */
static void say_instead(const struct invocation *inv, const char *mount)
{
	cleanup_buf struct buf line = {0};
	struct instead i = {
		.inv = inv, .mount = mount, .separator = separator_of(inv->store), .out = &line};
	const struct command *command = inv->command;
	bool found = command->on_mount != NULL;

	if (found && command->instead)
		found = command->instead(&i);
	else if (found)
		instead_plain(&i);
	if (!found) {
		buf_clear(&line);
		i.error = buf_printf(&line, geteuid() == 0 ? "umount " : "fusermount3 -u ");
		instead_word(&i, slice_str(mount));
	}
	if (!i.error)
		fprintf(stderr, "; %s: %.*s", found ? "instead" : "first", (int)line.len,
			(const char *)line.ptr);
}

enum exit_status holder_report(const struct invocation *inv)
{
	cleanup_buf struct buf mounts = {0};
	struct holder h;

	mounts_read(&mounts);
	const char *list = mounts.len > 0 ? (const char *)mounts.ptr : "";

	holder_parse(lsm_error_text(), list, &h);
	if (!h.mount[0])
		find_mount(&h, inv->store, list);
	if (!h.mount[0]) {
		report_error(-EWOULDBLOCK);
		return STATUS_UNAVAILABLE;
	}
	fprintf(stderr, "apexkv: %s: is mounted on %s by %s, pid %ld", inv->store, h.mount,
		h.program, (long)h.pid);
	say_instead(inv, h.mount);
	fputc('\n', stderr);
	return STATUS_UNAVAILABLE;
}

/* ---- a mount instead of a store ---- */

/* The absolute path of what is there, or of what would be made. NULL: neither can be told. */
static char *place_of(const char *store)
{
	char *path = realpath(store, NULL);

	if (path || errno != ENOENT)
		return path;
	cleanup_free char *copy = strdup(store);

	return copy ? realpath(dirname(copy), NULL) : NULL;
}

static bool is_on_fuse(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == FUSE_SUPER_MAGIC;
}

static bool has_store(const char *path)
{
	cleanup_free char *current = NULL;

	return asprintf(&current, "%s/CURRENT", path) >= 0 && access(current, F_OK) == 0;
}

enum exit_status holder_check_place(const struct invocation *inv)
{
	cleanup_free char *path = place_of(inv->store);
	cleanup_buf struct buf mounts = {0};
	struct mounted m;

	if (!path || !is_on_fuse(path))
		return STATUS_OK;
	mounts_read(&mounts);
	if (mounts.len == 0 || !mounts_find_around((const char *)mounts.ptr, path, &m))
		return STATUS_OK;
	if (strcmp(path, m.point) != 0 && has_store(path))
		return STATUS_OK;

	cleanup_buf struct buf store = {0};
	struct instead line = {.out = &store};

	instead_word(&line, slice_str(m.store));
	report_note("%s: is in the mount of %s; STORE is the folder that is mounted: apexkv %.*s "
		    "%s ...",
		    inv->store, m.store, (int)store.len, (const char *)store.ptr,
		    inv->command->name);
	return STATUS_UNAVAILABLE;
}
