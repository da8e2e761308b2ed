#include "lsm/base/escape.h"

#include <errno.h>
#include <string.h>

#include "lsm/base/error.h"
#include "lsm/base/hex.h"

/* The letters after the backslash, and the bytes they stand for. */
static const char letters[] = "\\tnr";
static const char meanings[] = "\\\t\n\r";

static bool prints_as_it_is(uint8_t byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '\\';
}

void escape_print_except(FILE *file, struct slice bytes, uint8_t also)
{
	size_t start = 0; /* what lies before it is printed */

	for (size_t i = 0; i < bytes.len; i++) {
		uint8_t byte = bytes.ptr[i];

		if (prints_as_it_is(byte) && byte != also)
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

void escape_print(FILE *file, struct slice bytes)
{
	escape_print_except(file, bytes, '\\');
}

bool escape_take(struct slice *text, uint8_t *ret_byte)
{
	const uint8_t *at = text->ptr;

	if (text->len < 2)
		return false;

	const char *known = at[1] ? strchr(letters, at[1]) : NULL;

	if (known) {
		*ret_byte = (uint8_t)meanings[known - letters];
		*text = slice_skip(*text, 2);
		return true;
	}
	if (at[1] != 'x' || text->len < 4)
		return false;

	int byte = hex_byte(at + 2);

	if (byte < 0)
		return false;
	*ret_byte = (uint8_t)byte;
	*text = slice_skip(*text, 4);
	return true;
}

/* What a sentence shows of a text that is no escape. */
static int refuse(struct slice text)
{
	char shown[9];
	size_t len = text.len < 8 ? text.len : 8;

	for (size_t i = 0; i < len; i++)
		shown[i] = (char)(text.ptr[i] >= 0x20 && text.ptr[i] < 0x7f ? text.ptr[i] : '?');
	shown[len] = '\0';
	return fail(-EINVAL, "'%s': no escape; there are \\\\ \\t \\n \\r \\xNN", shown);
}

int escape_parse_slice(struct slice text, struct buf *ret_bytes)
{
	while (text.len > 0) {
		const uint8_t *backslash = memchr(text.ptr, '\\', text.len);
		size_t plain = backslash ? (size_t)(backslash - text.ptr) : text.len;
		uint8_t byte = 0;
		int rc = buf_append(ret_bytes, text.ptr, plain);

		if (rc)
			return rc;
		text = slice_skip(text, plain);
		if (!backslash)
			break;
		if (!escape_take(&text, &byte))
			return refuse(text);
		rc = buf_append_byte(ret_bytes, byte);
		if (rc)
			return rc;
	}
	return 0;
}

int escape_parse(const char *text, struct buf *ret_bytes)
{
	return escape_parse_slice(slice_str(text), ret_bytes);
}
