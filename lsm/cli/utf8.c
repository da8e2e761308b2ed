#include "lsm/cli/utf8.h"

/* How many bytes the first one announces, and the range of the second (RFC 3629, section 4). */
static size_t announced(uint8_t first, uint8_t *ret_low, uint8_t *ret_high)
{
	*ret_low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	*ret_high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

size_t utf8_len(struct slice text)
{
	uint8_t low, high;
	size_t len = text.len > 0 ? announced(text.ptr[0], &low, &high) : 0;

	if (len == 0 || len > text.len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if (text.ptr[i] < low || text.ptr[i] > high)
			return 0;
		low = 0x80;
		high = 0xbf;
	}
	return len;
}

bool utf8_is_valid(struct slice text)
{
	while (text.len > 0) {
		size_t len = utf8_len(text);

		if (len == 0)
			return false;
		text = slice_skip(text, len);
	}
	return true;
}

size_t utf8_encode(uint32_t c, uint8_t ret_bytes[UTF8_MAX])
{
	static const uint8_t marks[UTF8_MAX + 1] = {0, 0, 0xc0, 0xe0, 0xf0};
	size_t len = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = len - 1; i > 0; i--) {
		ret_bytes[i] = (uint8_t)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	ret_bytes[0] = (uint8_t)(marks[len] | c);
	return len;
}
