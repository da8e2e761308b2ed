/*
 * The small encodings, each by itself: file names, CURRENT, the line in a lock, the escapes of
 * apexkv's output, a record's attributes. The first byte of an input says which.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fs/core/meta.h"
#include "fs/core/xattr_list.h"
#include "lsm/base/error.h"
#include "lsm/base/escape.h"
#include "lsm/env/env_mem.h"
#include "lsm/env/env_name.h"
#include "lsm/inspect.h"
#include "lsm/tree/file_name.h"
#include "lsm/tree/manifest.h"
#include "tests/fuzz/feed.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/words.h"

/* What people say for a table or log: the name leads to its number, a number to itself. */
static void try_spoken_name(const char *text, const struct file_name *name)
{
	static const enum file_kind kinds[] = {
		[LSM_FILE_TABLE] = FILE_TABLE, [LSM_FILE_LOG] = FILE_LOG};

	for (size_t i = 0; i < array_size(kinds); i++) {
		char made[ENV_NAME_MAX + 1];
		uint64_t number, again;

		if (!lsm_inspect_parse(text, (enum lsm_file)i, &number)) {
			expect(name->kind != kinds[i]);
			continue;
		}
		expect(number >= 1 && number <= FILE_NUMBER_MAX);
		expect(name->kind != kinds[i] || number == name->number);
		file_name_make(kinds[i], number, made);
		expect(lsm_inspect_parse(made, (enum lsm_file)i, &again) && again == number);
	}
}

static void try_name(struct feed *f)
{
	struct words w = words_of(f);
	char made[ENV_NAME_MAX + 1];

	if (w.count > 0) {
		struct file_name name = file_name_parse(w.at[0]);

		switch (name.kind) {
		case FILE_TABLE:
		case FILE_LOG:
		case FILE_BLOB:
		case FILE_MANIFEST:
			expect(name.number >= 1 && name.number <= FILE_NUMBER_MAX);
			file_name_make(name.kind, name.number, made);
			expect(strcmp(made, w.at[0]) == 0);
			break;
		case FILE_UNKNOWN:
		case FILE_LEFTOVER:
			expect(name.number == 0);
		}
		try_spoken_name(w.at[0], &name);
		if (env_name_check(w.at[0]) == 0)
			expect(strlen(w.at[0]) <= ENV_NAME_MAX && !strchr(w.at[0], '/'));
	}
	words_done(&w);
}

/* Every number has its name. */
static void try_number(struct feed *f)
{
	static const enum file_kind kinds[] = {FILE_TABLE, FILE_LOG, FILE_BLOB, FILE_MANIFEST};
	uint64_t number = 1 + feed_64(f) % FILE_NUMBER_MAX;
	char made[ENV_NAME_MAX + 1];

	for (size_t i = 0; i < array_size(kinds); i++) {
		file_name_make(kinds[i], number, made);
		struct file_name name = file_name_parse(made);

		expect(name.kind == kinds[i] && name.number == number);
		expect(env_name_check(made) == 0);
	}
}

static void try_current(struct feed *f)
{
	cleanup_buf struct buf given = {0};
	struct env *env = env_mem_new();
	struct env_dir *dir;
	struct slice made;
	uint64_t number = 0;

	feed_put(&given, f->rest);
	expect(env && env_open_dir(env, "store", true, &dir) == 0);
	expect(env_mem_set_file(env, "store", "CURRENT", buf_slice(&given)) == 0);
	int rc = current_read(dir, &number);

	expect(rc == 0 || rc == -EUCLEAN || rc == -EBADMSG);
	if (!rc) {
		expect(current_write(dir, number) == 0);
		expect(env_mem_file(env, "store", "CURRENT", &made) == 0);
		expect(slice_eq(made, buf_slice(&given)));
	}
	env_dir_close(dir);
	env_free(env);
}

static void try_holder(struct feed *f)
{
	expect(env_lock_refused("LOCK", f->rest) == -EWOULDBLOCK);
	for (const char *at = fail_text(); *at; at++)
		expect(*at >= 0x20 && *at < 0x7f);
	expect(strlen(fail_text()) < ENV_HOLDER_MAX + 64);
}

/* What is printed is one printable line and means the bytes again. */
static void expect_escapes(struct slice bytes)
{
	cleanup_buf struct buf back = {0};
	char *text = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&text, &len);

	expect(file);
	escape_print(file, bytes);
	expect(fclose(file) == 0);
	for (size_t i = 0; i < len; i++)
		expect(text[i] >= 0x20 && text[i] < 0x7f);
	expect(escape_parse(text, &back) == 0);
	expect(slice_eq(buf_slice(&back), bytes));
	free(text);
}

static void try_bytes(struct feed *f)
{
	expect_escapes(f->rest);
}

static void try_text(struct feed *f)
{
	struct words w = words_of(f);
	cleanup_buf struct buf bytes = {0};

	if (w.count > 0) {
		int rc = escape_parse(w.at[0], &bytes);

		expect(rc == 0 || rc == -EINVAL);
		expect(bytes.len <= strlen(w.at[0]));
		if (!rc)
			expect_escapes(buf_slice(&bytes));
	}
	words_done(&w);
}

static void expect_same_meta(const struct meta *a, const struct meta *b)
{
	expect(a->fields == b->fields && a->mode == b->mode);
	expect(a->uid == b->uid && a->gid == b->gid);
	expect(a->mtime_ns == b->mtime_ns && a->atime_ns == b->atime_ns);
	expect(a->ctime_ns == b->ctime_ns);
	expect(slice_eq(a->xattrs, b->xattrs));
}

/* Every one that is taken off a list is found in it, and the list without it is one. */
static void expect_list(struct slice list)
{
	struct slice rest = list, value;
	struct xattr x;

	while (xattr_list_next(&rest, &x)) {
		cleanup_buf struct buf less = {0}, again = {0};

		expect(xattr_list_find(list, x.name, &value) && slice_eq(value, x.value));
		expect(xattr_list_without(list, x.name, &less) == 0);
		expect(xattr_list_check(buf_slice(&less)) == 0);
		expect(!xattr_list_find(buf_slice(&less), x.name, &value));
		expect(xattr_list_with(buf_slice(&less), &x, &again) == 0);
		expect(xattr_list_check(buf_slice(&again)) == 0);
		expect(xattr_list_find(buf_slice(&again), x.name, &value));
	}
	expect(rest.len == 0);
}

static void try_meta(struct feed *f)
{
	static struct meta_bytes encoded;
	struct meta meta, again;
	int rc = meta_decode(f->rest, &meta);

	if (rc) {
		expect(rc == -EUCLEAN);
		return;
	}
	meta_encode(&meta, &encoded);
	expect(encoded.len <= sizeof(encoded.bytes));
	expect(meta_decode(meta_slice(&encoded), &again) == 0);
	expect_same_meta(&meta, &again);
	expect_list(meta.xattrs);
}

static void (*const tries[])(struct feed *f) = {
	try_name, try_number, try_current, try_holder, try_bytes, try_text, try_meta,
};

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct feed f = feed_of(bytes, len);

	tries[feed_byte(&f) % array_size(tries)](&f);
	return 0;
}

static void take_seed(const struct fuzz_sink *sink, const char *name, void (*try)(struct feed *f),
		      struct slice bytes)
{
	cleanup_buf struct buf seed = {0};
	uint8_t which = 0;

	while (tries[which] != try)
		which++;
	feed_put_byte(&seed, which);
	feed_put(&seed, bytes);
	sink->take(sink->arg, name, buf_slice(&seed));
}

static void seed_current(const struct fuzz_sink *sink)
{
	struct env *env = env_mem_new();
	struct env_dir *dir;
	struct slice line;

	expect(env && env_open_dir(env, "store", true, &dir) == 0);
	expect(current_write(dir, 5) == 0 && env_mem_file(env, "store", "CURRENT", &line) == 0);
	take_seed(sink, "current", try_current, line);
	env_dir_close(dir);
	env_free(env);
}

void fuzz_seeds(const struct fuzz_sink *sink)
{
	static const struct meta full = {
		.fields = META_FIELDS,
		.mode = S_IFREG | 0640,
		.uid = 1000,
		.gid = 70000,
		.mtime_ns = -1,
		.atime_ns = 5,
		.xattrs = {(const uint8_t *)"\6user.a\2hi\6user.b\0", 18},
		.ctime_ns = 6,
	};
	static struct meta_bytes encoded;

	meta_encode(&full, &encoded);
	take_seed(sink, "meta", try_meta, meta_slice(&encoded));
	take_seed(sink, "table", try_name, slice_str("000012.sst"));
	take_seed(sink, "spoken", try_name, slice_str("a/b/18"));
	take_seed(sink, "log", try_name, slice_str("1000000.wal"));
	take_seed(sink, "blob", try_name, slice_str("000007.blob"));
	take_seed(sink, "manifest", try_name, slice_str("MANIFEST-000005"));
	take_seed(sink, "number", try_number, slice_of("\xff\xff\xff\xff\xff\xff\xff\x00", 8));
	take_seed(sink, "holder", try_holder, slice_str("pid=7 apexfs\n\x01"));
	take_seed(sink, "bytes", try_bytes, slice_of("a\\b\n\0\xff", 6));
	take_seed(sink, "escapes", try_text, slice_str("a\\\\\\t\\n\\r\\x00\\xfF"));
	seed_current(sink);
}
