/*
 * Records as text, in the forms that apexkv prints and takes:
 *
 *	kv    key=value lines; escapes (lsm/base/escape.h), in keys also of = and a # at the start;
 *	      lines that are empty or begin with # mean nothing
 *	tsv   key, tab, value, with escapes
 *	json  one object a line: "key", "value"; bytes that are no UTF-8, and values of over 1 MiB,
 *	      as hex digits in "key_hex", "value_hex"; what a mount keeps beside a value in
 *	      "meta_hex"
 *	nul   key, NUL, value, NUL; a NUL is \0 and a backslash \\, all else stands for itself
 *
 * All are read back as the same bytes (lsm/cli/record_input.h). For eyes and other programs there
 * are key, tab, value in any encoding, and NULs between raw bytes.
 *
 * Thread rule: one thread for one FILE.
 */
#pragma once

#include <stdio.h>

#include "lsm/cli/command.h"

enum record_format {
	RECORD_KV,
	RECORD_TSV,
	RECORD_JSON,
	RECORD_NUL,
	RECORD_TABBED,   /* in style.encoding */
	RECORD_RAW_NULS, /* which a NUL in a key or value spoils */
};

struct record_style {
	enum record_format format;
	enum encoding encoding; /* of RECORD_TABBED */
	bool keys, values;      /* what of a record is printed: one of them, or both */
	bool meta;              /* with RECORD_JSON */
};

/*
 * Print a piece of the record's value, the first one with the key before it and the last one with
 * the end behind it. Failures show in ferror(file).
 */
void record_output_piece(FILE *file, const struct record_style *style,
			 const struct lsm_record *record, struct slice piece, bool first,
			 bool last);
