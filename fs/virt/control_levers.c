/*
 * .apex/ctl: commands to the store. Each is done when write(2) returns.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "fs/virt/control_impl.h"
#include "fs/virt/control_text.h"

enum {
	COMMANDS_MAX = 65536, /* bytes of one write */
	LEVEL_WORD_MAX = 15,
};

struct lever {
	const char *name;
	const char *form; /* with its operand, for people */
	bool needs_operand;
	bool takes_operand;
	int (*pull)(struct control *c, struct slice operand);
};

static int pull_flush(struct control *c, struct slice operand)
{
	(void)operand;
	int rc = fs_sync(c->options.fs); /* what is held is to be in the tables, too */

	return rc ? rc : lsm_flush(c->options.db);
}

/* The number of a level, or -1: something else. */
static int level_of(struct slice operand)
{
	if (operand.len != 1 || operand.ptr[0] < '0' || operand.ptr[0] >= '0' + LSM_LEVELS)
		return -1;
	return operand.ptr[0] - '0';
}

static int pull_compact(struct control *c, struct slice operand)
{
	cleanup_buf struct buf from = {0};
	cleanup_buf struct buf to = {0};
	int level = level_of(operand);
	int rc = fs_sync(c->options.fs);

	if (!rc && level >= 0)
		return lsm_compact_level(c->options.db, (unsigned)level);
	if (!rc)
		rc = control_key(c->options.separator, operand, &from);
	if (!rc)
		rc = buf_set(&to, buf_slice(&from));
	if (rc)
		return rc;
	if (!buf_prefix_end(&to))
		buf_clear(&to);
	return lsm_compact(c->options.db, buf_slice(&from), buf_slice(&to));
}

static int pull_sync(struct control *c, struct slice operand)
{
	(void)operand;
	return fs_sync(c->options.fs);
}

static int pull_verify(struct control *c, struct slice operand)
{
	struct lsm_verify_report report;

	(void)operand;
	return lsm_verify(c->options.db, &report);
}

/* The device that a path leads to, as far as the kernel knows without asking us; 0: it cannot be
 * told. */
static dev_t device_of(const char *path)
{
	struct statx st;

	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_TYPE, &st) != 0)
		return 0;
	return makedev(st.stx_dev_major, st.stx_dev_minor);
}

/*
 * Whether a path passes through our own mount: then the daemon would wait for itself. Asked of its
 * beginnings one by one, the shortest first, so that the question already stops at the mount. The
 * path is cut in place and put together again.
 */
static bool is_in_own_mount(const struct control *c, char *path)
{
	dev_t own = c->options.mountpoint ? device_of(c->options.mountpoint) : 0;
	bool inside = false;

	for (char *end = path; own != 0 && *end && !inside;) {
		end += strspn(end, "/");
		end += strcspn(end, "/");
		char kept = *end;

		*end = '\0';
		inside = device_of(path) == own;
		*end = kept;
	}
	return inside;
}

static int pull_checkpoint(struct control *c, struct slice operand)
{
	cleanup_buf struct buf path = {0};

	if (operand.ptr[0] != '/')
		return fail(-EINVAL, "checkpoint: the path is not absolute");
	if (memchr(operand.ptr, '\0', operand.len))
		return fail(-EINVAL, "checkpoint: a NUL in the path");
	int rc = buf_append_slice(&path, operand);

	if (!rc)
		rc = buf_append_byte(&path, '\0');
	if (!rc && is_in_own_mount(c, (char *)path.ptr))
		return fail(-EINVAL, "checkpoint: the path leads into this mount");
	if (!rc)
		rc = fs_sync(c->options.fs);
	return rc ? rc : lsm_checkpoint(c->options.db, (const char *)path.ptr);
}

static int pull_drop_cache(struct control *c, struct slice operand)
{
	(void)operand;
	lsm_drop_cache(c->options.db);
	return 0;
}

static int pull_log(struct control *c, struct slice operand)
{
	const struct control_settings *s = &c->options.settings;

	return s->change(s->arg, "log.level", operand);
}

static const struct lever levers[] = {
	{"flush", "flush", false, false, pull_flush},
	{"compact", "compact [LEVEL|PREFIX]", false, true, pull_compact},
	{"sync", "sync", false, false, pull_sync},
	{"verify", "verify", false, false, pull_verify},
	{"checkpoint", "checkpoint FOLDER", true, true, pull_checkpoint},
	{"drop-cache", "drop-cache", false, false, pull_drop_cache},
	{"log", "log LEVEL", true, true, pull_log},
};

/* The rest of a line, without the blanks around it: a path may have some inside. */
static struct slice trimmed(struct slice rest)
{
	while (rest.len > 0 && (rest.ptr[0] == ' ' || rest.ptr[0] == '\t'))
		rest = slice_skip(rest, 1);
	while (rest.len > 0 && (rest.ptr[rest.len - 1] == ' ' || rest.ptr[rest.len - 1] == '\t' ||
				rest.ptr[rest.len - 1] == '\r'))
		rest.len--;
	return rest;
}

static int pull(void *arg, struct slice line)
{
	struct slice word;

	if (!control_word_next(&line, &word))
		return 0;
	struct slice operand = trimmed(line);

	for (size_t i = 0; i < array_size(levers); i++) {
		const struct lever *lever = &levers[i];

		if (!slice_eq(word, slice_str(lever->name)))
			continue;
		if (operand.len > 0 ? !lever->takes_operand : lever->needs_operand)
			return fail(-EINVAL, "it is: %s", lever->form);
		return lever->pull(arg, operand);
	}
	return fail(-EINVAL, "no such command; ctl shows what there is");
}

static int write_ctl(void *arg, void **object, const struct virt_write *write)
{
	(void)object;
	if (write->bytes.len > COMMANDS_MAX)
		return fail(-E2BIG, "more than %d bytes of commands", COMMANDS_MAX);
	return control_each_line(write->bytes, pull, arg);
}

static int render_ctl(void *arg, void *object, struct buf *text)
{
	int rc = 0;

	(void)arg;
	(void)object;
	for (size_t i = 0; i < array_size(levers) && !rc; i++)
		rc = buf_printf(text, "%s\n", levers[i].form);
	return rc;
}

static int render_error(void *arg, void *object, struct buf *text)
{
	(void)object;
	return reasons_render(((struct control *)arg)->options.reasons, text);
}

static const struct virt_file lever_files[] = {
	{.name = "ctl", .mode = 0600, .render = render_ctl, .write = write_ctl},
	{.name = "error", .mode = 0400, .render = render_error},
};

int control_levers_add(struct control *c, struct virt *v)
{
	c->levers = (struct virt_folder){
		.files = lever_files, .file_count = array_size(lever_files), .arg = c};
	return virt_add_files(v, c->apex, &c->levers);
}

int control_each_line(struct slice text, int (*run)(void *arg, struct slice line), void *arg)
{
	char why[ERROR_TEXT_MAX];
	struct slice whole = text;
	struct slice line;
	unsigned number = 0;

	while (control_line_next(&text, &line)) {
		number++;
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		fail_clear();
		int rc = run(arg, line);

		if (!rc)
			continue;
		if (line.len + 1 >= whole.len)
			return rc;
		(void)snprintf(why, sizeof(why), "%s",
			       fail_text()[0] ? fail_text() : strerror(-rc));
		return fail(rc, "line %u: %s", number, why);
	}
	return 0;
}
