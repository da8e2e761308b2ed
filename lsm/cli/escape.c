#include "lsm/cli/escape.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "lsm/base/error.h"

/* The letters after the backslash, and the bytes they stand for. */
static const char letters[] = "\\tnr";
static const char meanings[] = "\\\t\n\r";

static bool prints_as_it_is(uint8_t byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '\\';
}

void escape_print(FILE *file, struct slice bytes)
{
	size_t start = 0; /* what lies before it is printed */

	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t byte = bytes.ptr[i];

		if (prints_as_it_is(byte))
			continue;

		const char *known = byte ? strchr(meanings, byte) : NULL;

		fwrite(bytes.ptr + start, 1, i - start, file);
		if (known)
			fprintf(file, "\\%c", letters[known - meanings]);
		else
			fprintf(file, "\\x%02x", byte);
		start = i + 1;
	}
	if (start < bytes.len)
		fwrite(bytes.ptr + start, 1, bytes.len - start, file);
}

static int hex_value(char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = digit ? strchr(digits, tolower((unsigned char)digit)) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* The escape at text, which begins with a backslash; *ret_len is how long it is. */
static bool parse_one(const char *text, uint8_t *ret_byte, size_t *ret_len)
{
	const char *known = text[1] ? strchr(letters, text[1]) : NULL;

	if (known) {
		*ret_byte = (uint8_t)meanings[known - letters];
		*ret_len = 2;
		return true;
	}
	if (text[1] != 'x')
		return false;

	int high = hex_value(text[2]);
	int low = high < 0 ? -1 : hex_value(text[3]); /* text[2] is no terminator */

	if (high < 0 || low < 0)
		return false;
	*ret_byte = (uint8_t)(high * 16 + low);
	*ret_len = 4;
	return true;
}

int escape_parse(const char *text, struct buf *ret_bytes)
{
	while (*text) {
		uint8_t byte = (uint8_t)*text;
		size_t len = 1;

		if (byte == '\\' && !parse_one(text, &byte, &len))
			return fail(-EINVAL, "'%.8s': no escape; there are \\\\ \\t \\n \\r \\xNN",
				    text);

		int rc = buf_append_byte(ret_bytes, byte);

		if (rc)
			return rc;
		text += len;
	}
	return 0;
}
