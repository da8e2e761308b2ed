/*
 * A streaming JSON writer (RFC 8259) into a buffer. Commas and quoting are its business; balance is
 * the caller's and asserted. Bytes that are not UTF-8 become \ufffd.
 *
 * The first failed allocation sticks; json_finish reports it. Thread rule: one thread at a time.
 */
#pragma once

#include "lsm/base/buf.h"

enum {
	JSON_DEPTH_MAX = 16,
};

struct json {
	struct buf *out; /* borrowed */
	int error;
	int depth;
	bool is_object[JSON_DEPTH_MAX]; /* else an array */
	bool has_items[JSON_DEPTH_MAX];
	bool after_name;
	bool complete; /* the one top-level value is written */
};

void json_begin(struct json *j, struct buf *out);
void json_object_open(struct json *j);
void json_object_close(struct json *j);
void json_array_open(struct json *j);
void json_array_close(struct json *j);
void json_name(struct json *j, const char *name);
void json_uint(struct json *j, uint64_t v);
/* An infinity or NaN, which JSON lacks, becomes null. */
void json_double(struct json *j, double v);
void json_bool(struct json *j, bool v);
void json_string(struct json *j, struct slice s);
/* 0, or -ENOMEM when anything was lost. */
must_check int json_finish(struct json *j);
