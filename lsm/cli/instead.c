#include "lsm/cli/instead.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lsm/base/cleanup.h"
#include "lsm/base/escape.h"

enum {
	NAME_PLAIN_MAX = 250, /* bytes of a name that need no cutting */
};

/* ---- the line ---- */

static void add(struct instead *i, struct slice text)
{
	if (!i->error)
		i->error = buf_append_slice(i->out, text);
}

static void say(struct instead *i, const char *text)
{
	add(i, slice_str(text));
}

static bool is_plain_byte(uint8_t byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	       (byte >= '0' && byte <= '9') || (byte && strchr("_./:=@%+,-", byte));
}

void instead_word(struct instead *i, struct slice text)
{
	size_t plain = 0;

	while (plain < text.len && is_plain_byte(text.ptr[plain]))
		plain++;
	if (text.len > 0 && plain == text.len) {
		add(i, text);
		return;
	}
	say(i, "'");
	for (size_t at = 0; at < text.len; at++) {
		if (text.ptr[at] == '\'')
			say(i, "'\\''");
		else
			add(i, slice_of(text.ptr + at, 1));
	}
	say(i, "'");
}

/* A path in the mount. */
static void say_path(struct instead *i, struct slice below)
{
	cleanup_buf struct buf path = {0};

	if (!i->error)
		i->error = buf_printf(&path, "%s/", i->mount);
	if (!i->error)
		i->error = buf_append_slice(&path, below);
	if (!i->error)
		instead_word(i, buf_slice(&path));
}

static void say_file(struct instead *i, const char *name)
{
	/* what begins with a dash would be an option of cat's */
	if (name[0] == '-' && name[1])
		say(i, "./");
	instead_word(i, slice_str(name));
}

void instead_plain(struct instead *i)
{
	const char *text = i->inv->command->on_mount;
	const char *mount = strstr(text, "M/");

	if (!mount) {
		say(i, text);
		return;
	}
	add(i, slice_of(text, (size_t)(mount - text)));
	say_path(i, slice_str(mount + 2));
}

/* ---- keys ---- */

static bool prints(struct slice bytes)
{
	for (size_t at = 0; at < bytes.len; at++) {
		if (bytes.ptr[at] < ' ' || bytes.ptr[at] == 0x7f)
			return false;
	}
	return true;
}

/* Neither cut, nor escaped, nor reserved. Careful rather than exact: for the others there is
 * another way. */
static bool is_plain_name(struct slice name)
{
	return name.len > 0 && name.len <= NAME_PLAIN_MAX && name.ptr[0] != '.' &&
	       name.ptr[0] != '~' && !slice_contains(name, slice_str("%"));
}

/* The key as a path below the mount. False: it is one with escapes. */
static bool key_path(const struct instead *i, struct slice key, struct buf *ret_path)
{
	struct slice rest = key;
	bool more = true;

	if (!prints(key) || (i->separator != '/' && slice_contains(key, slice_str("/"))))
		return false;
	while (more) {
		const uint8_t *end = rest.len > 0 ? memchr(rest.ptr, i->separator, rest.len) : NULL;
		struct slice name = end ? slice_of(rest.ptr, (size_t)(end - rest.ptr)) : rest;

		more = end != NULL;
		if (!is_plain_name(name) || (ret_path->len > 0 && buf_append_byte(ret_path, '/')) ||
		    buf_append_slice(ret_path, name))
			return false;
		rest = slice_skip(rest, name.len + more);
	}
	return true;
}

/* What is in the mount under the first `len` bytes of that path: a file type, 0 for nothing there,
 * S_IFMT for what cannot be told. */
static mode_t type_of(const struct instead *i, struct slice path, size_t len)
{
	char whole[PATH_MAX];
	struct stat st;
	int n = snprintf(whole, sizeof(whole), "%s/%.*s", i->mount, (int)len,
			 (const char *)path.ptr);

	if (n < 0 || n >= (int)sizeof(whole))
		return S_IFMT;
	if (lstat(whole, &st) == 0)
		return st.st_mode & S_IFMT;
	return errno == ENOENT ? 0 : S_IFMT;
}

/* Bytes of the path's folder, 0 for none. */
static size_t folder_len(struct slice path)
{
	const uint8_t *slash = path.len > 0 ? memrchr(path.ptr, '/', path.len) : NULL;

	return slash ? (size_t)(slash - path.ptr) : 0;
}

/* Whether a file can be made there: keys a and a/b may both be, a file and a folder not. */
static bool has_room_for(const struct instead *i, struct slice path)
{
	size_t folder = folder_len(path);
	mode_t around = folder > 0 ? type_of(i, path, folder) : S_IFDIR;
	mode_t here = type_of(i, path, path.len);

	return (around == S_IFDIR || around == 0) && (here == S_IFREG || here == 0);
}

/* The word of a line of .apex/batch: bytes with escapes, their backslashes doubled for printf %b.
 */
static void say_escaped(struct instead *i, struct slice bytes)
{
	cleanup_free char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	if (!file) {
		i->error = -ENOMEM;
		return;
	}
	escape_print(file, bytes);
	if (fclose(file) != 0) {
		i->error = -ENOMEM;
		return;
	}
	for (size_t at = 0; at < len; at++) {
		if (text[at] == '\'')
			say(i, "'\\''");
		else if (text[at] == '\\')
			say(i, "\\\\");
		else
			add(i, slice_of(text + at, 1));
	}
}

/* Of any key, a line of a batch: what stands before the key, and behind it. */
static void say_batch_line(struct instead *i, const char *verb, struct slice key, const char *rest)
{
	say(i, "printf '%b\\n' '");
	say(i, verb);
	say(i, "\\t");
	say_escaped(i, key);
	say(i, rest);
	say(i, "' > ");
	say_path(i, slice_str(".apex/batch"));
}

/* ---- the commands ---- */

static bool take_argument(struct instead *i, int n, struct buf *ret_bytes)
{
	/* it was checked before the store was opened */
	return invocation_bytes(i->inv, i->inv->arguments[n], ret_bytes) == STATUS_OK;
}

/* The value, where it is given in words, is not repeated: what is told may be logged. */
static void say_put(struct instead *i, struct slice path, bool given)
{
	const char *file = invocation_value(i->inv, "file");
	size_t folder = folder_len(path);

	if (folder > 0 && type_of(i, path, folder) == 0) {
		say(i, "mkdir -p ");
		say_path(i, slice_of(path.ptr, folder));
		say(i, " && ");
	}
	say(i, given ? "printf %s VALUE" : "cat");
	if (file) {
		say(i, " ");
		say_file(i, file);
	}
	say(i, " > ");
	say_path(i, path);
}

bool instead_put(struct instead *i)
{
	cleanup_buf struct buf key = {0}, path = {0};
	bool given = !i->inv->command->reads_input(i->inv) && !invocation_has(i->inv, "file");

	if (!take_argument(i, 0, &key))
		return false;
	if (key_path(i, buf_slice(&key), &path) && has_room_for(i, buf_slice(&path)))
		say_put(i, buf_slice(&path), given);
	else if (given)
		say_batch_line(i, "put", buf_slice(&key), "\\tVALUE");
	else
		return false;
	return true;
}

bool instead_delete(struct instead *i)
{
	cleanup_buf struct buf key = {0}, path = {0};

	if (!take_argument(i, 0, &key))
		return false;
	if (key_path(i, buf_slice(&key), &path) &&
	    type_of(i, buf_slice(&path), path.len) == S_IFREG) {
		say(i, "rm ");
		say_path(i, buf_slice(&path));
	} else {
		say_batch_line(i, "del", buf_slice(&key), "");
	}
	return true;
}

static void say_convert(struct instead *i, const char *options)
{
	const char *file = i->inv->argument_count > 0 ? i->inv->arguments[0] : "-";

	say(i, "apexkv convert ");
	say(i, options);
	say_file(i, file);
	say(i, " > ");
}

bool instead_import(struct instead *i)
{
	const char *format = invocation_value(i->inv, "format");

	if (format && strcmp(format, "kv") != 0 && strcmp(format, "tsv") != 0 &&
	    strcmp(format, "json") != 0 && strcmp(format, "nul") != 0)
		return false;
	cleanup_buf struct buf options = {0};

	if (format)
		i->error = buf_printf(&options, "--format %s ", format);
	if (!i->error)
		i->error = buf_append_byte(&options, '\0');
	if (!i->error)
		say_convert(i, (const char *)options.ptr);
	say_path(i, slice_str(".apex/batch"));
	return true;
}

/* All or none of it: so it is staged. */
bool instead_batch(struct instead *i)
{
	if (!i->inv->prepared) /* puts to try with */
		return false;
	say_convert(i, "--changes ");
	say_path(i, slice_str(".apex/batch.d/changes"));
	say(i, " && mv ");
	say_path(i, slice_str(".apex/batch.d/changes"));
	say(i, " ");
	say_path(i, slice_str(".apex/batch"));
	return true;
}

/* The daemon has another working folder. */
bool instead_checkpoint(struct instead *i)
{
	const char *to = i->inv->arguments[0];
	cleanup_free char *here = to[0] == '/' ? NULL : getcwd(NULL, 0);
	cleanup_buf struct buf line = {0};

	/* a line, and no escapes of echo's */
	if (!prints(slice_str(to)) || strchr(to, '\\') || (to[0] != '/' && !here))
		return false;
	i->error = buf_printf(&line, "checkpoint %s%s%s", here ? here : "", here ? "/" : "", to);
	if (i->error)
		return true;
	say(i, "echo ");
	instead_word(i, buf_slice(&line));
	say(i, " > ");
	say_path(i, slice_str(".apex/ctl"));
	return true;
}
