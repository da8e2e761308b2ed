#include "fs/virt/batch_text.h"

#include <errno.h>

#include "lsm/base/error.h"
#include "lsm/base/escape.h"

/* What stands before the first `byte`, and what behind it; false: there is none. */
static bool split(struct slice line, uint8_t byte, struct slice *ret_before,
		  struct slice *ret_after)
{
	const uint8_t *found = line.len > 0 ? memchr(line.ptr, byte, line.len) : NULL;

	if (!found)
		return false;
	*ret_before = slice_of(line.ptr, (size_t)(found - line.ptr));
	*ret_after = slice_skip(line, ret_before->len + 1);
	return true;
}

static int check_key(const struct batch_line *line)
{
	return line->key.len > 0 ? 0 : fail(-EINVAL, "the key is empty");
}

static int unescape_both(struct slice key, struct slice value, struct buf *memory,
			 struct batch_line *ret_line)
{
	int rc = escape_parse_slice(key, memory);
	size_t key_len = memory->len;

	if (!rc)
		rc = escape_parse_slice(value, memory);
	if (rc)
		return rc;
	ret_line->key = slice_of(memory->ptr, key_len);
	ret_line->value = slice_skip(buf_slice(memory), key_len);
	return 0;
}

static int parse_put(struct slice rest, struct buf *memory, struct batch_line *ret_line)
{
	struct slice key;
	struct slice value;

	if (!split(rest, '\t', &key, &value))
		return fail(-EINVAL, "put has no tab behind its key");
	if (value.len > 0 && memchr(value.ptr, '\t', value.len))
		return fail(-EINVAL, "a tab in the value; it is written \\t");
	ret_line->kind = BATCH_LINE_PUT;
	return unescape_both(key, value, memory, ret_line);
}

static int parse_delete(struct slice rest, struct buf *memory, struct batch_line *ret_line)
{
	if (rest.len > 0 && memchr(rest.ptr, '\t', rest.len))
		return fail(-EINVAL, "del has more than a key");
	ret_line->kind = BATCH_LINE_DELETE;
	return unescape_both(rest, slice_of(NULL, 0), memory, ret_line);
}

static int parse_classic(struct slice text, struct batch_line *ret_line)
{
	ret_line->kind = BATCH_LINE_PUT;
	if (!split(text, '=', &ret_line->key, &ret_line->value))
		return fail(-EINVAL, "neither key=value, nor put or del with tabs");
	return 0;
}

int batch_line_parse(struct slice text, struct buf *memory, struct batch_line *ret_line)
{
	static const char put_word[] = "put\t";
	static const char delete_word[] = "del\t";
	struct batch_line line = {0};
	int rc;

	buf_clear(memory);
	if (text.len == 0 || text.ptr[0] == '#') {
		*ret_line = line;
		return 0;
	}
	if (slice_starts_with(text, slice_str(put_word)))
		rc = parse_put(slice_skip(text, sizeof(put_word) - 1), memory, &line);
	else if (slice_starts_with(text, slice_str(delete_word)))
		rc = parse_delete(slice_skip(text, sizeof(delete_word) - 1), memory, &line);
	else
		rc = parse_classic(text, &line);
	if (!rc)
		rc = check_key(&line);
	if (!rc)
		*ret_line = line;
	return rc;
}
