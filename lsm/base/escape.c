#include "lsm/base/escape.h"

#include <errno.h>
#include <string.h>

#include "lsm/base/error.h"
#include "lsm/base/hex.h"

/* The letters after the backslash, and the bytes they stand for; the first PRINTED are written,
 * too.
 */
static const char letters[] = "\\tnrabfv\"'?";
static const char meanings[] = "\\\t\n\r\a\b\f\v\"'?";

enum {
	PRINTED = 4,
	OCTAL_MAX = 3, /* digits, as in C */
	HEX_MAX = 2,   /* in C any number, of which more than two are no byte */
};

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

		const char *known = memchr(meanings, byte, PRINTED);

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

/* Up to digits_max digits at the front; how many there are. */
static size_t take_digits(struct slice text, unsigned base, size_t digits_max, unsigned *ret_number)
{
	size_t len = 0;

	*ret_number = 0;
	for (; len < min_of(text.len, digits_max); len++) {
		int digit = hex_digit(text.ptr[len]);

		if (digit < 0 || digit >= (int)base)
			break;
		*ret_number = *ret_number * base + (unsigned)digit;
	}
	return len;
}

bool escape_take(struct slice *text, uint8_t *ret_byte)
{
	if (text->len < 2)
		return false;
	uint8_t letter = text->ptr[1];
	const char *known = memchr(letters, letter, sizeof(letters) - 1);

	if (known) {
		*ret_byte = (uint8_t)meanings[known - letters];
		*text = slice_skip(*text, 2);
		return true;
	}
	size_t before = letter == 'x' ? 2 : 1;
	unsigned number;
	size_t digits = take_digits(slice_skip(*text, before), letter == 'x' ? 16 : 8,
				    letter == 'x' ? HEX_MAX : OCTAL_MAX, &number);

	if (digits == 0 || number > UINT8_MAX)
		return false;
	*ret_byte = (uint8_t)number;
	*text = slice_skip(*text, before + digits);
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
	return fail(-EINVAL, "'%s': no escape of C; a backslash is \\\\, a byte \\NNN or \\xNN",
		    shown);
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
