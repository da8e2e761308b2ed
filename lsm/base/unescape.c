#include "lsm/base/unescape.h"

#include <errno.h>

#include "lsm/base/error.h"

/* -1: no hex digit. */
static int hex_value(uint8_t digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	digit |= 0x20;
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* The escape that the text begins with, behind its backslash; 0: none, else how long it is. */
static size_t parse_one(struct slice text, uint8_t *ret_byte)
{
	static const char letters[] = "\\tnr";
	static const char meanings[] = "\\\t\n\r";
	const char *known = text.len > 0 ? memchr(letters, text.ptr[0], sizeof(letters) - 1) : NULL;

	if (known) {
		*ret_byte = (uint8_t)meanings[known - letters];
		return 1;
	}
	if (text.len < 3 || text.ptr[0] != 'x')
		return 0;
	int high = hex_value(text.ptr[1]);
	int low = hex_value(text.ptr[2]);

	if (high < 0 || low < 0)
		return 0;
	*ret_byte = (uint8_t)(high * 16 + low);
	return 3;
}

int unescape(struct slice text, struct buf *ret_bytes)
{
	while (text.len > 0) {
		const uint8_t *slash = memchr(text.ptr, '\\', text.len);
		size_t plain = slash ? (size_t)(slash - text.ptr) : text.len;
		uint8_t byte;
		int rc = buf_append(ret_bytes, text.ptr, plain);

		if (rc || !slash)
			return rc;
		text = slice_skip(text, plain + 1);
		size_t len = parse_one(text, &byte);

		if (len == 0)
			return fail(-EINVAL,
				    "'\\%.*s': no escape; there are \\\\ \\t \\n \\r \\xNN",
				    (int)min_of(text.len, (size_t)3), (const char *)text.ptr);
		rc = buf_append_byte(ret_bytes, byte);
		if (rc)
			return rc;
		text = slice_skip(text, len);
	}
	return 0;
}
