#include "lsm/base/hex.h"

#include <errno.h>

#include "lsm/base/error.h"

int hex_digit(uint8_t digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	return -1;
}

int hex_byte(const uint8_t digits[2])
{
	int high = hex_digit(digits[0]);
	int low = hex_digit(digits[1]);

	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

void hex_print(FILE *file, struct slice bytes)
{
	static const char digits[] = "0123456789abcdef";
	char text[512];
	size_t len = 0;

	for (size_t i = 0; i < bytes.len; i++) {
		text[len++] = digits[bytes.ptr[i] >> 4];
		text[len++] = digits[bytes.ptr[i] & 15];
		if (len == sizeof(text)) {
			fwrite(text, 1, len, file);
			len = 0;
		}
	}
	fwrite(text, 1, len, file);
}

int hex_parse(struct slice text, struct buf *ret_bytes)
{
	int rc = text.len % 2 ? -EINVAL : buf_reserve(ret_bytes, text.len / 2);
	size_t kept = ret_bytes->len;

	for (size_t i = 0; !rc && i < text.len; i += 2) {
		int byte = hex_byte(text.ptr + i);

		if (byte < 0)
			rc = -EINVAL;
		else
			ret_bytes->ptr[ret_bytes->len++] = (uint8_t)byte;
	}
	if (rc)
		ret_bytes->len = kept;
	return rc == -EINVAL ? fail(rc, "two hex digits a byte are wanted") : rc;
}
