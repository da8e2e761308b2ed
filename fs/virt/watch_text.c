#include "fs/virt/watch_text.h"

#include <inttypes.h>

static const char *op_name(enum lsm_change_kind kind)
{
	switch (kind) {
	case LSM_CHANGE_PUT:
		return "put";
	case LSM_CHANGE_PATCH:
		return "patch";
	case LSM_CHANGE_DELETE:
		break;
	}
	return "del";
}

static int append_key_byte(uint8_t byte, uint8_t separator, struct buf *text)
{
	if (byte == '\n')
		return buf_printf(text, "\\n");
	if (byte == '\\')
		return buf_printf(text, "\\\\");
	if (byte == separator)
		return buf_append_byte(text, '/');
	if (byte < ' ' || byte == 0x7f || byte == '/')
		return buf_printf(text, "\\x%02x", byte);
	return buf_append_byte(text, byte);
}

static int append(const struct lsm_change *change, uint8_t separator, struct buf *text)
{
	int rc = 0;

	if (change->lost > 0)
		rc = buf_printf(text, "# lost %" PRIu64 "\n", change->lost);
	if (!rc)
		rc = buf_printf(text, "%" PRIu64 " %s ", change->seqno, op_name(change->kind));
	for (size_t i = 0; i < change->key.len && !rc; i++)
		rc = append_key_byte(change->key.ptr[i], separator, text);
	return rc ? rc : buf_append_byte(text, '\n');
}

int watch_text_add(const struct lsm_change *change, uint8_t separator, struct buf *text)
{
	size_t before = text->len;
	int rc = append(change, separator, text);

	if (rc)
		text->len = before;
	return rc;
}
