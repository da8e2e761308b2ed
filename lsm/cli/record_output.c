#include "lsm/cli/record_output.h"

#include "lsm/base/escape.h"
#include "lsm/base/hex.h"
#include "lsm/cli/utf8.h"

/* ---- json ---- */

/* Valid UTF-8, without the quotes. */
static void print_json_text(FILE *file, struct slice text)
{
	size_t start = 0;

	for (size_t i = 0; i < text.len; i++) {
		uint8_t byte = text.ptr[i];

		if (byte >= 0x20 && byte != '"' && byte != '\\')
			continue;
		fwrite(text.ptr + start, 1, i - start, file);
		if (byte < 0x20)
			fprintf(file, "\\u%04x", byte);
		else
			fprintf(file, "\\%c", byte);
		start = i + 1;
	}
	if (start < text.len)
		fwrite(text.ptr + start, 1, text.len - start, file);
}

static void print_json_member(FILE *file, const char *name, struct slice bytes)
{
	bool is_text = utf8_is_valid(bytes);

	fprintf(file, "\"%s%s\":\"", name, is_text ? "" : "_hex");
	if (is_text)
		print_json_text(file, bytes);
	else
		hex_print(file, bytes);
	fputc('"', file);
}

/* A value in several pieces cannot be looked at as a whole, so it is hex. */
static void print_json_value(FILE *file, struct slice piece, bool first, bool last)
{
	if (first && last) {
		print_json_member(file, "value", piece);
		return;
	}
	if (first)
		fputs("\"value_hex\":\"", file);
	hex_print(file, piece);
	if (last)
		fputc('"', file);
}

static void print_json(FILE *file, const struct record_style *style,
		       const struct lsm_record *record, struct slice piece, bool first, bool last)
{
	if (first) {
		fputc('{', file);
		if (style->keys)
			print_json_member(file, "key", record->key);
		if (style->keys && style->values)
			fputc(',', file);
	}
	if (style->values)
		print_json_value(file, piece, first, last);
	if (!last)
		return;
	if (style->meta && record->meta.len > 0) {
		fputs(",\"meta_hex\":\"", file);
		hex_print(file, record->meta);
		fputc('"', file);
	}
	fputs("}\n", file);
}

/* ---- the others ---- */

static void print_nul(FILE *file, struct slice bytes)
{
	size_t start = 0;

	for (size_t i = 0; i < bytes.len; i++) {
		if (bytes.ptr[i] != '\0' && bytes.ptr[i] != '\\')
			continue;
		fwrite(bytes.ptr + start, 1, i - start, file);
		fputs(bytes.ptr[i] ? "\\\\" : "\\0", file);
		start = i + 1;
	}
	if (start < bytes.len)
		fwrite(bytes.ptr + start, 1, bytes.len - start, file);
}

/* A # at its start would make the line a comment. */
static void print_kv_key(FILE *file, struct slice key)
{
	if (key.len > 0 && key.ptr[0] == '#') {
		fputs("\\x23", file);
		key = slice_skip(key, 1);
	}
	escape_print_except(file, key, '=');
}

static void print_bytes(FILE *file, const struct record_style *style, struct slice bytes)
{
	switch (style->format) {
	case RECORD_KV:
	case RECORD_TSV:
		escape_print(file, bytes);
		break;
	case RECORD_NUL:
		print_nul(file, bytes);
		break;
	case RECORD_TABBED:
		encoding_print(file, style->encoding, bytes);
		break;
	case RECORD_JSON:
	case RECORD_RAW_NULS:
		encoding_print(file, ENCODING_RAW, bytes);
		break;
	}
}

static bool ends_with_nul(enum record_format format)
{
	return format == RECORD_NUL || format == RECORD_RAW_NULS;
}

static void print_separator(FILE *file, enum record_format format)
{
	if (ends_with_nul(format))
		fputc('\0', file);
	else
		fputc(format == RECORD_KV ? '=' : '\t', file);
}

void record_output_piece(FILE *file, const struct record_style *style,
			 const struct lsm_record *record, struct slice piece, bool first, bool last)
{
	if (style->format == RECORD_JSON) {
		print_json(file, style, record, piece, first, last);
		return;
	}
	if (first && style->keys) {
		if (style->format == RECORD_KV)
			print_kv_key(file, record->key);
		else
			print_bytes(file, style, record->key);
		if (style->values)
			print_separator(file, style->format);
	}
	if (style->values)
		print_bytes(file, style, piece);
	if (last)
		fputc(ends_with_nul(style->format) ? '\0' : '\n', file);
}
